// @ts-check
/** The basin's border and the ridge of best settings, by the rules that the report measures with. */

/** @typedef {[number, number, number]} Corner  x, y and the value there */

/**
 * Segments of {value = level}: each square between four cell centres is cut into four triangles
 * around its middle, whose value is the mean of the corners.
 * @param {Float64Array} cost  row-major [ny, nx], NaN where missing, lower is better
 * @param {number[]} xs @param {number[]} ys @param {number} level
 * @returns {number[][]}  x0, y0, x1, y1 each
 */
export function levelSegments(cost, xs, ys, level) {
  const found = /** @type {number[][]} */ ([]);
  const nx = xs.length;
  for (let j = 0; j + 1 < ys.length; j++) {
    for (let i = 0; i + 1 < nx; i++) {
      const around = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const corners = around.map(([a, b]) => /** @type {Corner} */ ([xs[a], ys[b], cost[b * nx + a]]));
      square(corners, level, found);
    }
  }
  return found;
}

/** @param {Corner[]} corners @param {number} level @param {number[][]} found */
function square(corners, level, found) {
  const inside = corners.filter((c) => c[2] <= level).length;
  if (inside === 0 || inside === 4 || corners.some((c) => Number.isNaN(c[2]))) return;
  const middle = /** @type {Corner} */ ([0, 1, 2].map((k) => corners.reduce((sum, c) => sum + c[k], 0) / 4));
  for (let k = 0; k < 4; k++) {
    const segment = triangle([corners[k], corners[(k + 1) % 4], middle], level);
    if (segment) found.push(segment);
  }
}

/** @param {Corner[]} points @param {number} level */
function triangle(points, level) {
  const ends = [];
  for (const [a, b] of [[0, 1], [1, 2], [2, 0]]) {
    const [p, q] = [points[a], points[b]];
    if (p[2] <= level === q[2] <= level) continue;
    const part = (level - p[2]) / (q[2] - p[2]);
    ends.push(p[0] + part * (q[0] - p[0]), p[1] + part * (q[1] - p[1]));
  }
  return ends.length === 4 ? ends : null;
}

/**
 * Position of the best x in each row: the vertex of the parabola through the best point and its
 * neighbours. Null where the best touches a border, a neighbour is missing, nothing beats the cap
 * or the row is flat.
 * @param {Float64Array} cost @param {number[]} xs @param {number} ny @param {number} cap
 * @returns {(number | null)[]}
 */
export function ridge(cost, xs, ny, cap) {
  const nx = xs.length;
  return Array.from({ length: ny }, (_, j) => {
    const row = cost.subarray(j * nx, (j + 1) * nx);
    const at = lowest(row);
    if (at === null || at === 0 || at === nx - 1 || !(row[at] < cap)) return null;
    const [left, right] = [row[at - 1] - row[at], row[at + 1] - row[at]];
    if (Number.isNaN(left + right) || (left === 0 && right === 0)) return null;
    return xs[at] + vertex(xs[at] - xs[at - 1], xs[at + 1] - xs[at], left, right);
  });
}

/** Vertex of the parabola through (−back, left), (0, 0), (ahead, right). @param {number} back @param {number} ahead @param {number} left @param {number} right */
function vertex(back, ahead, left, right) {
  const curvature = (left / back + right / ahead) / (back + ahead);
  return -(right / ahead - curvature * ahead) / (2 * curvature);
}

/** Index of the lowest value that is there. @param {Float64Array} values @returns {number | null} */
export function lowest(values) {
  let best = null;
  for (let k = 0; k < values.length; k++) {
    if (!Number.isNaN(values[k]) && (best === null || values[k] < values[best])) best = k;
  }
  return best;
}
