// @ts-check
/** Draws one map on a canvas. Positions are in the axes' own units, pixels are CSS pixels. */

const LEFT = 46;
const RIGHT = 10;
const TOP = 8;
const BOTTOM = 40;

/** @typedef {{x0: number, x1: number, y0: number, y1: number}} Zoom  cell indexes, both ends in */

/** Where positions lie on a canvas of a size. */
export class Frame {
  /** @param {import("./view.js").View} view @param {Zoom} zoom @param {number} width @param {number} height */
  constructor(view, zoom, width, height) {
    this.view = view;
    this.zoom = zoom;
    this.right = width - RIGHT;
    this.bottom = height - BOTTOM;
    this.xs = [view.x.edges[zoom.x0], view.x.edges[zoom.x1 + 1]];
    this.ys = [view.y.edges[zoom.y0], view.y.edges[zoom.y1 + 1]];
  }

  /** @param {number} x */
  px(x) {
    return LEFT + ((x - this.xs[0]) / (this.xs[1] - this.xs[0])) * (this.right - LEFT);
  }

  /** @param {number} y */
  py(y) {
    return this.bottom - ((y - this.ys[0]) / (this.ys[1] - this.ys[0])) * (this.bottom - TOP);
  }

  /** Left, top, width and height of a cell. @param {number} i @param {number} j */
  box(i, j) {
    const { x, y } = this.view;
    const [left, right] = [this.px(x.edges[i]), this.px(x.edges[i + 1])];
    const [top, bottom] = [this.py(y.edges[j + 1]), this.py(y.edges[j])];
    return [left, top, right - left, bottom - top];
  }

  /** The cell at a pixel, kept inside; null outside the map. @param {number} px @param {number} py @param {boolean} [clip] */
  cellAt(px, py, clip = false) {
    const inside = px >= LEFT && px <= this.right && py >= TOP && py <= this.bottom;
    if (!inside && !clip) return null;
    const x = this.xs[0] + ((px - LEFT) / (this.right - LEFT)) * (this.xs[1] - this.xs[0]);
    const y = this.ys[0] + ((this.bottom - py) / (this.bottom - TOP)) * (this.ys[1] - this.ys[0]);
    const { x0, x1, y0, y1 } = this.zoom;
    return { i: within(this.view.x.edges, x, x0, x1), j: within(this.view.y.edges, y, y0, y1) };
  }
}

/** @param {number[]} edges @param {number} at @param {number} low @param {number} high */
function within(edges, at, low, high) {
  for (let k = low; k < high; k++) if (at < edges[k + 1]) return k;
  return high;
}

/** Colours of the theme. @param {Element} element */
export function theme(element) {
  const style = getComputedStyle(element);
  const of = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), faint: of("--line"), blank: of("--blank"), font: `12px ${style.fontFamily}` };
}

/**
 * Cells, hatching, grid, basin, ridge, best cell and axes.
 * @param {CanvasRenderingContext2D} c @param {Frame} frame
 * @param {import("./colour.js").Scale} scale @param {ReturnType<typeof theme>} colours
 */
export function paintMap(c, frame, scale, colours) {
  c.save();
  c.beginPath();
  c.rect(LEFT, TOP, frame.right - LEFT, frame.bottom - TOP);
  c.clip();
  c.fillStyle = colours.blank;
  c.fillRect(LEFT, TOP, frame.right - LEFT, frame.bottom - TOP);
  paintCells(c, frame, scale, colours);
  paintLines(c, frame);
  c.restore();
  paintAxes(c, frame, colours);
}

/** @param {CanvasRenderingContext2D} c @param {Frame} frame @param {import("./colour.js").Scale} scale @param {ReturnType<typeof theme>} colours */
function paintCells(c, frame, scale, colours) {
  const { view, zoom } = frame;
  const nx = view.x.values.length;
  const [some, most] = [hatch(c, 9, 1), hatch(c, 6, 2.2)];
  for (let j = zoom.y0; j <= zoom.y1; j++) {
    for (let i = zoom.x0; i <= zoom.x1; i++) {
      const [left, top, width, height] = frame.box(i, j);
      const value = view.values[j * nx + i];
      const share = view.diverged[j * nx + i];
      if (Number.isNaN(value)) {
        c.strokeStyle = colours.faint;
        c.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
        continue;
      }
      c.fillStyle = scale.colour(value);
      c.fillRect(left - 0.25, top - 0.25, width + 0.5, height + 0.5);
      if (share === 0) continue;
      c.fillStyle = share >= 0.5 ? most : some;
      c.fillRect(left, top, width, height);
    }
  }
}

/** Diagonal lines. @param {CanvasRenderingContext2D} c @param {number} size @param {number} width */
function hatch(c, size, width) {
  const tile = new OffscreenCanvas(size, size);
  const t = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
  t.strokeStyle = "#ffffff";
  t.lineWidth = width / 1.4;
  t.beginPath();
  for (const shift of [-size, 0, size]) {
    t.moveTo(shift, size);
    t.lineTo(shift + size, 0);
  }
  t.stroke();
  return /** @type {CanvasPattern} */ (c.createPattern(/** @type {any} */ (tile), "repeat"));
}

/** @param {CanvasRenderingContext2D} c @param {Frame} frame */
function paintLines(c, frame) {
  const { view } = frame;
  const basin = new Path2D();
  for (const [x0, y0, x1, y1] of view.contour) {
    basin.moveTo(frame.px(x0), frame.py(y0));
    basin.lineTo(frame.px(x1), frame.py(y1));
  }
  const crest = new Path2D();
  let drawing = false;
  view.ridge.forEach((x, j) => {
    if (x === null) return;
    if (drawing) crest.lineTo(frame.px(x), frame.py(view.y.positions[j]));
    else crest.moveTo(frame.px(x), frame.py(view.y.positions[j]));
    drawing = true;
  });
  cased(c, basin, []);
  cased(c, crest, [5, 4]);
  paintBest(c, frame);
}

/** A dark line in a light casing reads on every colour. @param {CanvasRenderingContext2D} c @param {Path2D} path @param {number[]} dash */
function cased(c, path, dash) {
  c.lineJoin = "round";
  for (const [colour, width] of /** @type {[string, number][]} */ ([["#ffffff", 4], ["#111111", 1.8]])) {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.setLineDash(colour === "#111111" ? dash : []);
    c.stroke(path);
  }
  c.setLineDash([]);
  c.lineWidth = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Frame} frame */
function paintBest(c, frame) {
  const { view } = frame;
  if (view.best === null) return;
  const nx = view.x.values.length;
  const ring = new Path2D();
  ring.arc(frame.px(view.x.positions[view.best % nx]), frame.py(view.y.positions[Math.floor(view.best / nx)]), 4.5, 0, 7);
  cased(c, ring, []);
}

/** @param {CanvasRenderingContext2D} c @param {Frame} frame @param {ReturnType<typeof theme>} colours */
function paintAxes(c, frame, colours) {
  const { view, right, bottom } = frame;
  c.font = colours.font;
  c.fillStyle = colours.ink;
  c.strokeStyle = colours.ink;
  c.strokeRect(LEFT + 0.5, TOP + 0.5, right - LEFT - 1, bottom - TOP - 1);
  c.textAlign = "center";
  c.fillText(view.x.name, (LEFT + right) / 2, bottom + 34);
  const most = Math.max(2, Math.floor((right - LEFT) / 48));
  for (const [at, label] of ticks(view.x, frame.xs, most)) {
    c.fillRect(frame.px(at), bottom, 1, 4);
    c.fillText(label, frame.px(at), bottom + 17);
  }
  c.textAlign = "right";
  for (const [at, label] of ticks(view.y, frame.ys, 6)) {
    c.fillRect(LEFT - 4, frame.py(at), 4, 1);
    c.fillText(label, LEFT - 7, frame.py(at) + 4);
  }
  c.save();
  c.translate(11, (TOP + bottom) / 2);
  c.rotate(-Math.PI / 2);
  c.textAlign = "center";
  c.fillText(view.y.name, 0, 0);
  c.restore();
}

/** @param {import("./axes.js").Axis} axis @param {number[]} ends @param {number} most */
function ticks(axis, ends, most) {
  if (axis.values.length === 1) return axis.ticks(axis.positions[0], axis.positions[0], most).slice(0, 1);
  return axis.ticks(ends[0], ends[1], most);
}

/** Outline of a cell. @param {CanvasRenderingContext2D} c @param {Frame} frame @param {number} i @param {number} j @param {boolean} strong */
export function outline(c, frame, i, j, strong) {
  const { x0, x1, y0, y1 } = frame.zoom;
  if (i < x0 || i > x1 || j < y0 || j > y1) return;
  const path = new Path2D();
  const [left, top, width, height] = frame.box(i, j);
  path.rect(left, top, width, height);
  cased(c, path, strong ? [] : [3, 2]);
}
