// @ts-check
/** One rule's grid as a drawing: what to paint, where the pointer is, what it says. */

import { cased, Frame } from "./frame.js";
import { number, setting } from "./format.js";
import { divergedIn } from "./measures.js";
import { box, paintCells, paintLines } from "./paint.js";

const MOST_ROWS = 60;

/** A drawing of a grid. Points are {x, y} in the axes' positions, here the centres of cells. */
export class Grid {
  /**
   * @param {import("./view.js").View} view @param {import("./colour.js").Scale} scale
   * @param {import("./figure.js").Zoom | null} zoom @param {import("./measures.js").Measure} what
   */
  constructor(view, scale, zoom, what) {
    this.view = view;
    this.scale = scale;
    this.what = what;
    this.isSparse = false;
    this.whole = { x0: 0, x1: view.x.values.length - 1, y0: 0, y1: view.y.values.length - 1 };
    this.range = (zoom && covered(view, zoom)) ?? this.whole;
  }

  get label() {
    const { x, y, values } = this.view;
    const known = values.filter((v) => !Number.isNaN(v)).length;
    return `${this.what.title} over ${x.name} and ${y.name}, ${known} of ${values.length} cells with results`;
  }

  /** @param {number} width @param {number} height */
  fit(width, height) {
    const { xs, ys } = this.ends(this.range);
    this.frame = new Frame(this.view.x, this.view.y, xs, ys, width, height);
    return this.frame;
  }

  /** @param {import("./paint.js").Range} range @returns {import("./figure.js").Zoom} */
  ends({ x0, x1, y0, y1 }) {
    const { x, y } = this.view;
    return { xs: [x.edges[x0], x.edges[x1 + 1]], ys: [y.edges[y0], y.edges[y1 + 1]] };
  }

  /** @param {CanvasRenderingContext2D} c @param {Frame} frame @param {import("./frame.js").Theme} colours */
  paint(c, frame, colours) {
    paintCells(c, frame, this.view, this.range, this.scale, colours);
    paintLines(c, frame, this.view);
  }

  /** @param {CanvasRenderingContext2D} c @param {Frame} frame @param {import("./figure.js").At} at @param {boolean} strong */
  mark(c, frame, at, strong) {
    const { i, j } = this.indexes(at);
    const { x0, x1, y0, y1 } = this.range;
    if (i < x0 || i > x1 || j < y0 || j > y1) return;
    const path = new Path2D();
    const [left, top, width, height] = box(frame, this.view, i, j);
    path.rect(left, top, width, height);
    cased(c, path, strong ? [] : [3, 2]);
  }

  /** @param {import("./figure.js").At} at */
  indexes({ x, y }) {
    return { i: within(this.view.x.edges, x), j: within(this.view.y.edges, y) };
  }

  /** @param {number} i @param {number} j @returns {import("./figure.js").At} */
  centre(i, j) {
    return { x: this.view.x.positions[i], y: this.view.y.positions[j] };
  }

  /** The nearest point to a position. @param {import("./figure.js").At} at */
  nearest(at) {
    const { i, j } = this.indexes(at);
    const { x0, x1, y0, y1 } = this.range;
    return this.centre(Math.min(x1, Math.max(x0, i)), Math.min(y1, Math.max(y0, j)));
  }

  /** @param {import("./figure.js").At} from @param {import("./figure.js").At} to @returns {import("./figure.js").Zoom} */
  between(from, to) {
    const [a, b] = [this.indexes(this.nearest(from)), this.indexes(this.nearest(to))];
    return this.ends({ x0: Math.min(a.i, b.i), x1: Math.max(a.i, b.i), y0: Math.min(a.j, b.j), y1: Math.max(a.j, b.j) });
  }

  /** One cell on. @param {import("./figure.js").At | null} at @param {number[]} step */
  moved(at, [di, dj]) {
    const { x0, y0 } = this.range;
    if (!at) return this.centre(x0, y0);
    const { i, j } = this.indexes(at);
    const { x, y } = this.view;
    return this.nearest({ x: x.positions[i + di] ?? at.x, y: y.positions[j + dj] ?? at.y });
  }

  /** Halve or double the span around a point, or the middle. @param {number} factor @param {import("./figure.js").At | null} at */
  zoomed(factor, at) {
    const { x0, x1, y0, y1 } = this.range;
    const { i, j } = at ? this.indexes(at) : { i: (x0 + x1) / 2, j: (y0 + y1) / 2 };
    const [a, b] = span(i, (x1 - x0 + 1) * factor, this.whole.x1);
    const [c, d] = span(j, (y1 - y0 + 1) * factor, this.whole.y1);
    return this.ends({ x0: a, x1: b, y0: c, y1: d });
  }

  /** The cell at a point. @param {import("./figure.js").At} at */
  cell(at) {
    const { i, j } = this.indexes(at);
    return this.view.cells[j * this.view.x.values.length + i];
  }

  /** The value at a point in words. @param {import("./figure.js").At} at */
  words(at) {
    const { i, j } = this.indexes(at);
    const k = j * this.view.x.values.length + i;
    const cell = this.view.cells[k];
    return cell ? outcome(cell, this.view.values[k], this.what) : "no result yet";
  }

  /** Heads and rows of the same as a table. */
  table() {
    const { x, y } = this.view;
    const shown = x.values.slice(0, MOST_ROWS);
    const rows = [...y.values.keys()].reverse().map((j) => [setting(y.values[j]), ...shown.map((_, i) => this.words(this.centre(i, j)).replace("no result yet", "waiting"))]);
    return { heads: [`${y.name} \\ ${x.name}`, ...shown.map(setting)], rows };
  }
}

/** @param {any} cell @param {number} value @param {import("./measures.js").Measure} what */
export function outcome(cell, value, what) {
  const bad = divergedIn(cell);
  const said = bad ? `${bad} of ${cell.completed} diverged` : "";
  if (Number.isNaN(value)) return said || (cell.completed === cell.trials ? "none" : "no result yet");
  return `${number(value, what.unit)}${said && `, ${said}`}`;
}

/** The cells whose centres lie in a zoom; null where none does. @param {import("./view.js").View} view @param {import("./figure.js").Zoom} zoom @returns {import("./paint.js").Range | null} */
function covered({ x, y }, { xs, ys }) {
  const inside = (/** @type {number[]} */ at, /** @type {number[]} */ [low, high]) => [at.findIndex((p) => p >= low), at.findLastIndex((p) => p <= high)];
  const [[x0, x1], [y0, y1]] = [inside(x.positions, xs), inside(y.positions, ys)];
  return x0 >= 0 && y0 >= 0 && x1 >= x0 && y1 >= y0 ? { x0, x1, y0, y1 } : null;
}

/** The index of the cell that a position lies in, the first or last beyond the ends. @param {number[]} edges @param {number} at */
function within(edges, at) {
  const last = edges.length - 2;
  for (let k = 0; k < last; k++) if (at < edges[k + 1]) return k;
  return last;
}

/** @param {number} centre @param {number} length @param {number} last */
function span(centre, length, last) {
  const size = Math.min(last + 1, Math.max(Math.min(2, last + 1), Math.round(length)));
  const start = Math.min(last + 1 - size, Math.max(0, Math.round(centre - (size - 1) / 2)));
  return [start, start + size - 1];
}
