// @ts-check
/** One rule's cells as points, for searches that leave the grid. */

import { Axis } from "./axes.js";
import { Frame } from "./frame.js";
import { number, setting } from "./format.js";
import { outcome } from "./grid.js";
import { divergedIn, divergedShare } from "./measures.js";
import { ring } from "./paint.js";
import { amount } from "./wire.js";

const MARGIN = 0.05;
const MOST_ROWS = 200;

/**
 * @typedef {{cell: any, value: number, diverged: number, x: number, y: number}} Point
 * @typedef {{title: string, x: Axis, y: Axis, points: Point[], ends: import("./figure.js").Zoom, best: Point | null}} Points
 */

/**
 * The cells of one rule as points over two axes; over one axis, the measure goes up.
 * @param {string} title @param {any[]} cells @param {Axis} x @param {Axis | null} y
 * @param {import("./measures.js").Measure} what @param {import("./colour.js").Scale} scale
 * @returns {Points}
 */
export function pointsOf(title, cells, x, y, what, scale) {
  const up = y ?? new Axis(what.title, [scale.best, scale.worst].sort((a, b) => a - b), scale.isLog);
  const points = cells.map((cell) => {
    const value = amount(what.of(cell));
    return { cell, value, diverged: divergedShare(cell), x: x.position(cell.point[x.name]), y: y ? y.position(cell.point[y.name]) : up.position(value) };
  });
  const shown = points.filter((p) => Number.isFinite(p.y));
  return { title, x, y: up, points: shown, ends: { xs: padded(x.positions), ys: padded(up.positions) }, best: bestOf(shown, what) };
}

/** @param {Point[]} points @param {import("./measures.js").Measure} what */
function bestOf(points, what) {
  if (!what.isGoal) return null;
  const sign = what.lowIsGood ? 1 : -1;
  const known = points.filter((p) => !Number.isNaN(p.value) && p.diverged === 0);
  return known.reduce((best, p) => (best === null || sign * p.value < sign * best.value ? p : best), /** @type {Point | null} */ (null));
}

/** @param {number[]} positions */
function padded(positions) {
  const [low, high] = [Math.min(...positions), Math.max(...positions)];
  const margin = (high - low) * MARGIN || 0.5;
  return [low - margin, high + margin];
}

/** A drawing of points. */
export class Scatter {
  /**
   * @param {Points} view @param {import("./colour.js").Scale} scale
   * @param {import("./figure.js").Zoom | null} zoom @param {import("./measures.js").Measure} what
   */
  constructor(view, scale, zoom, what) {
    this.view = view;
    this.scale = scale;
    this.what = what;
    this.zoom = zoom ?? view.ends;
    this.isSparse = true;
    this.radius = Math.max(3, Math.min(6, 60 / Math.sqrt(view.points.length || 1)));
  }

  get label() {
    const { x, y, points } = this.view;
    const known = points.filter((p) => !Number.isNaN(p.value)).length;
    return `${this.what.title} at points over ${x.name} and ${y.name}, ${known} of ${points.length} with results`;
  }

  /** @param {number} width @param {number} height */
  fit(width, height) {
    this.frame = new Frame(this.view.x, this.view.y, this.zoom.xs, this.zoom.ys, width, height);
    return this.frame;
  }

  /** Best first and those without a value last, or the other way round; of equals, as all at the cap are, those that diverged are worse. @param {1 | -1} way */
  ranked(way) {
    const order = (/** @type {Point} */ p) => (Number.isNaN(p.value) ? 2 : this.scale.position(p.value));
    return [...this.view.points].sort((a, b) => way * (order(a) - order(b) || a.diverged - b.diverged));
  }

  /** Worst first, so that the best lie on top. @param {CanvasRenderingContext2D} c @param {Frame} frame @param {import("./frame.js").Theme} colours */
  paint(c, frame, colours) {
    for (const p of this.ranked(-1)) this.dot(c, frame, p, colours);
    if (this.view.best) ring(c, frame, this.view.best.x, this.view.best.y, this.radius + 2.5);
  }

  /** @param {CanvasRenderingContext2D} c @param {Frame} frame @param {Point} p @param {import("./frame.js").Theme} colours */
  dot(c, frame, p, colours) {
    const [px, py, r] = [frame.px(p.x), frame.py(p.y), this.radius];
    c.beginPath();
    if (p.diverged >= 0.5) c.rect(px - r, py - r, 2 * r, 2 * r);
    else c.arc(px, py, r, 0, 7);
    c.lineWidth = 1;
    c.strokeStyle = colours.soft;
    const unvalued = p.cell.completed ? colours.none : colours.plot;
    c.fillStyle = Number.isNaN(p.value) ? unvalued : this.scale.colour(p.value);
    c.fill();
    c.stroke();
    if (p.diverged > 0) cross(c, px, py, 0.6 * r, p.diverged >= 0.5);
  }

  /** @param {CanvasRenderingContext2D} c @param {Frame} frame @param {import("./figure.js").At} at @param {boolean} strong */
  mark(c, frame, at, strong) {
    const p = this.near(at);
    if (p) ring(c, frame, p.x, p.y, this.radius + (strong ? 3 : 2));
  }

  /** @param {import("./figure.js").At} at @param {(p: Point) => boolean} [wanted] @returns {Point | null} */
  near({ x, y }, wanted = () => true) {
    const { xs, ys } = this.zoom;
    let [best, least] = [/** @type {Point | null} */ (null), Infinity];
    for (const p of this.view.points) {
      const far = ((p.x - x) / (xs[1] - xs[0])) ** 2 + ((p.y - y) / (ys[1] - ys[0])) ** 2;
      if (far < least && wanted(p)) [best, least] = [p, far];
    }
    return best;
  }

  /** @param {import("./figure.js").At} at @returns {import("./figure.js").At} */
  nearest(at) {
    const p = this.near(at);
    return p ? { x: p.x, y: p.y } : at;
  }

  /** @param {import("./figure.js").At} from @param {import("./figure.js").At} to @returns {import("./figure.js").Zoom} */
  between(from, to) {
    const sorted = (/** @type {number} */ a, /** @type {number} */ b) => (a < b ? [a, b] : [b, a]);
    return { xs: sorted(from.x, to.x), ys: sorted(from.y, to.y) };
  }

  /** The nearest point in a direction. @param {import("./figure.js").At | null} at @param {number[]} step */
  moved(at, [di, dj]) {
    if (!at) return this.nearest({ x: this.zoom.xs[0], y: this.zoom.ys[0] });
    const here = this.nearest(at);
    const next = this.near(here, (p) => di * (p.x - here.x) > 0 || dj * (p.y - here.y) > 0);
    return next ? { x: next.x, y: next.y } : here;
  }

  /** @param {number} factor @param {import("./figure.js").At | null} at @returns {import("./figure.js").Zoom} */
  zoomed(factor, at) {
    const part = (/** @type {number[]} */ now, /** @type {number[]} */ whole, /** @type {number | undefined} */ centre) => {
      const size = Math.min(whole[1] - whole[0], (now[1] - now[0]) * factor);
      const middle = centre ?? (now[0] + now[1]) / 2;
      const low = Math.min(whole[1] - size, Math.max(whole[0], middle - size / 2));
      return [low, low + size];
    };
    const { ends } = this.view;
    return { xs: part(this.zoom.xs, ends.xs, at?.x), ys: part(this.zoom.ys, ends.ys, at?.y) };
  }

  /** @param {import("./figure.js").At} at */
  cell(at) {
    return this.near(at)?.cell;
  }

  /** @param {import("./figure.js").At} at */
  words(at) {
    const p = this.near(at);
    if (!p) return "no point";
    const rest = Object.entries(p.cell.point).filter(([name]) => name !== this.view.x.name && name !== this.view.y.name);
    const moved = p.x !== at.x || (p.y !== at.y && this.view.y.name in p.cell.point);
    const shown = moved ? Object.entries(p.cell.point) : rest;
    const place = shown.map(([name, value]) => `${name} ${setting(/** @type {number} */ (value))}`).join(", ");
    return `${outcome(p.cell, p.value, this.what)}${place && ` (${place})`}`;
  }

  /** Heads and rows of the same as a table, best first. */
  table() {
    const names = Object.keys(this.view.points[0]?.cell.point ?? {});
    const rows = this.ranked(1).slice(0, MOST_ROWS).map((p, k) => [k + 1, ...names.map((name) => setting(p.cell.point[name])), Number.isNaN(p.value) ? outcome(p.cell, p.value, this.what) : number(p.value, this.what.unit), `${divergedIn(p.cell)} of ${p.cell.completed}`]);
    return { heads: ["Rank", ...names, this.what.title, "Diverged"], rows };
  }
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} r @param {boolean} whole */
function cross(c, x, y, r, whole) {
  c.beginPath();
  c.moveTo(x - r, y + r);
  c.lineTo(x + r, y - r);
  if (whole) {
    c.moveTo(x - r, y - r);
    c.lineTo(x + r, y + r);
  }
  c.strokeStyle = "#ffffff";
  c.lineWidth = 1.4;
  c.stroke();
}
