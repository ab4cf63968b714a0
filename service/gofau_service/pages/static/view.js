// @ts-check
/** One rule's map as arrays, whatever draws it. */

import { Scale } from "./colour.js";
import { levelSegments, lowest, ridge } from "./contour.js";
import { divergedShare } from "./measures.js";
import { amount } from "./wire.js";

/**
 * @typedef {object} View
 * @property {string} title
 * @property {import("./axes.js").Axis} x
 * @property {import("./axes.js").Axis} y
 * @property {any[]} cells  row-major [ny, nx]; undefined where the grid has none
 * @property {Float64Array} values  NaN where there is no result yet
 * @property {Float64Array} diverged  share of the completed trials
 * @property {number[][]} contour  x0, y0, x1, y1 in positions
 * @property {(number | null)[]} ridge  x position by row
 * @property {number | null} best  index of the best cell
 */

/**
 * @param {string} title @param {any[]} cells  of one arm and one slice
 * @param {import("./axes.js").Axis} x @param {import("./axes.js").Axis} y
 * @param {import("./measures.js").Measure} what
 * @returns {View}
 */
export function viewOf(title, cells, x, y, what) {
  const size = x.values.length * y.values.length;
  const placed = new Array(size);
  for (const cell of cells) placed[place(cell, x, y)] = cell;
  const values = new Float64Array(size).fill(NaN);
  const diverged = new Float64Array(size);
  placed.forEach((cell, k) => {
    values[k] = amount(what.of(cell));
    diverged[k] = divergedShare(cell);
  });
  return { title, x, y, cells: placed, values, diverged, contour: [], ridge: [], best: null };
}

/** @param {any} cell @param {import("./axes.js").Axis} x @param {import("./axes.js").Axis} y */
function place(cell, x, y) {
  const [i, j] = [x.index.get(cell.point[x.name]) ?? 0, y.index.get(cell.point[y.name]) ?? 0];
  return j * x.values.length + i;
}

/** The share of a grid without which the report gives no numbers either. */
const COVERED = 0.9;

/**
 * Add the basin's border, the ridge and the best cell of a map of the goal metric, once
 * most of it has results: before, they would mark what is best in the part that ran first.
 * @param {View} view @param {boolean} lowIsGood
 * @param {{tolerance: number | null, cap: number | null}} limits  in the metric's own unit
 */
export function addBasin(view, lowIsGood, limits) {
  const sign = lowIsGood ? 1 : -1;
  const cost = view.values.map((v) => sign * v);
  if (cost.filter((c) => !Number.isNaN(c)).length < COVERED * cost.length) return;
  const cap = limits.cap === null ? Infinity : sign * limits.cap;
  const best = lowest(cost);
  if (best === null) return;
  view.ridge = ridge(cost, view.x.positions, view.y.values.length, cap);
  if (limits.tolerance === null || !(cost[best] + limits.tolerance < cap)) return;
  view.best = best;
  view.contour = levelSegments(cost, view.x.positions, view.y.positions, cost[best] + limits.tolerance);
}

/**
 * One scale for several maps: from the best of all to the cap, or to the worst.
 * @param {Iterable<number>[]} maps  the values of each, NaN where there is none
 * @param {import("./measures.js").Measure} what @param {number | null} cap
 */
export function sharedScale(maps, what, cap) {
  if (what.range) return new Scale(...what.range);
  let [low, high] = [Infinity, -Infinity];
  for (const values of maps) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return new Scale(0, 1);
  const [best, worst] = what.lowIsGood ? [low, high] : [high, low];
  const capped = what.capped && cap !== null;
  return new Scale(best, capped ? cap : worst, capped);
}
