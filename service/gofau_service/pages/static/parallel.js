// @ts-check
/** Parallel coordinates: one line a cell across all axes, coloured by the goal metric. */

import { choice, h, put } from "./dom.js";
import { goalBetter, sense } from "./facts.js";
import { number, setting } from "./format.js";
import { theme } from "./frame.js";
import { Scale } from "./colour.js";
import { amount, finite } from "./wire.js";

const BOX = { left: 16, right: 60, top: 28, bottom: 12 };
const NEAR = 8;
const MOST_CHOICES = 60;
const MOST_TICKS = 5;

/**
 * @typedef {{name: string, at: number, y: (cell: any) => number, ticks: [number, string][]}} Column  ticks: pixel and label
 */

/** The panel; `onPick` gets the cell of the line that was chosen. */
export class Parallel {
  /** @param {(cell: any) => void} onPick */
  constructor(onPick) {
    this.onPick = onPick;
    this.unit = "";
    /** @type {Record<string, string>} */ this.kept = {};
    /** @type {any} */ this.study = null;
    /** @type {any[]} */ this.cells = [];
    /** @type {import("./axes.js").Axis[]} */ this.axes = [];
    /** @type {{cell: any, points: number[][]}[]} */ this.lines = [];
    /** @type {Column[]} */ this.columns = [];
    this.scale = new Scale(0, 1);
    this.drawn = "";
    /** @type {any} */ this.near = null;
    this.canvas = h("canvas", {
      class: "parallel",
      role: "img",
      on: {
        pointermove: (/** @type {PointerEvent} */ e) => this.move(e),
        pointerleave: () => this.show(null),
        click: () => this.near && onPick(this.near),
      },
    });
    this.readout = h("p", { class: "readout", "aria-live": "polite" }, "Point at a line, and click it to open its cell.");
    this.controls = h("div", { class: "controls" });
    this.element = h("div", {}, this.controls, this.canvas, this.readout);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /** @param {any} study @param {any[]} cells @param {import("./axes.js").Axis[]} axes @param {string} [unit]  of the goal metric */
  update(study, cells, axes, unit = "") {
    this.study = study;
    this.unit = unit;
    this.cells = cells.filter((cell) => !Number.isNaN(amount(cell.mean)));
    this.axes = axes;
    this.drawControls();
    this.draw();
  }

  drawControls() {
    const state = JSON.stringify(this.axes.map((a) => a.values.length));
    if (state === this.drawn) return;
    this.drawn = state;
    const any = /** @type {[string, string]} */ (["", "any"]);
    const rules = [...new Set(this.study.spec.rules.map((/** @type {any} */ r) => r.label))];
    const pick = (/** @type {string} */ name) => (/** @type {string} */ value) => {
      this.kept[name] = value;
      this.draw();
    };
    put(
      this.controls,
      choice("Rule", [any, ...rules.map((r) => /** @type {[string, string]} */ ([r, r]))], "", pick("rule")),
      ...this.axes.filter((axis) => axis.values.length <= MOST_CHOICES).map((axis) => choice(axis.name, [any, ...axis.values.map((v) => /** @type {[string, string]} */ ([String(v), setting(v)]))], "", pick(axis.name))),
    );
  }

  shown() {
    return this.cells.filter((cell) =>
      Object.entries(this.kept).every(([name, value]) => value === "" || String(name === "rule" ? cell.rule : cell.point[name]) === value),
    );
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (this.cells.length === 0 || width === 0) return;
    const dense = devicePixelRatio || 1;
    [this.canvas.width, this.canvas.height] = [width * dense, height * dense];
    const c = this.canvas.getContext("2d");
    c.scale(dense, dense);
    const shown = this.shown();
    const values = finite(shown.map((cell) => cell.mean));
    const ends = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
    const [best, worst] = this.study.goal.minimize ? ends : [ends[1], ends[0]];
    this.scale = new Scale(best, worst);
    this.columns = this.axes.map((axis, k) => this.column(axis, k, width, height));
    this.columns.push(this.goalColumn(width, height));
    this.lines = shown.map((cell) => ({ cell, points: this.columns.map((column) => [column.at, column.y(cell)]) }));
    this.lines.sort((a, b) => this.scale.position(amount(b.cell.mean)) - this.scale.position(amount(a.cell.mean)));
    for (const line of this.lines) stroke(c, line.points, this.scale.colour(amount(line.cell.mean)), 1, 0.75);
    this.label(c, height);
    const near = this.lines.find((line) => line.cell === this.near);
    if (near) stroke(c, near.points, theme(this.canvas).ink, 3, 1);
    this.canvas.setAttribute("aria-label", `Parallel coordinates of ${shown.length} cells over ${this.axes.map((a) => a.name).join(", ")} and ${this.study.goal.metric}. The trials table below holds the same numbers.`);
  }

  /** @param {import("./axes.js").Axis} axis @param {number} k @param {number} width @param {number} height @returns {Column} */
  column(axis, k, width, height) {
    const [low, high] = [axis.positions[0], axis.positions[axis.positions.length - 1]];
    const span = high - low || 1;
    const at = BOX.left + (k / this.axes.length) * (width - BOX.left - BOX.right);
    const up = (/** @type {number} */ position) => height - BOX.bottom - ((position - low) / span) * (height - BOX.top - BOX.bottom);
    const ticks = axis.ticks(low, high, MOST_TICKS).map(([position, label]) => /** @type {[number, string]} */ ([up(position), label]));
    return { name: axis.name, at, y: (/** @type {any} */ cell) => up(axis.position(cell.point[axis.name])), ticks };
  }

  /** The best at the top. @param {number} width @param {number} height @returns {Column} */
  goalColumn(width, height) {
    const down = (/** @type {number} */ part) => BOX.top + part * (height - BOX.top - BOX.bottom);
    const ticks = [0, 0.5, 1].map((part) => /** @type {[number, string]} */ ([down(part), number(this.scale.value(part), this.unit)]));
    return { name: `${this.study.goal.metric}, ${sense(goalBetter(this.study.goal))}`, at: width - BOX.right, y: (/** @type {any} */ cell) => down(this.scale.position(amount(cell.mean))), ticks };
  }

  /** @param {CanvasRenderingContext2D} c @param {number} height */
  label(c, height) {
    const colours = theme(this.canvas);
    c.globalAlpha = 1;
    c.fillStyle = colours.ink;
    c.font = colours.font;
    c.lineJoin = "round";
    c.lineWidth = 3;
    c.strokeStyle = colours.plot;
    c.textAlign = "left";
    for (const { name, at, ticks } of this.columns) {
      c.fillRect(at, BOX.top, 1, height - BOX.top - BOX.bottom);
      c.fillText(name, Math.min(at, this.canvas.clientWidth - c.measureText(name).width - 4), 15);
      for (const [y, label] of ticks) {
        c.fillRect(at, y, 5, 1);
        c.strokeText(label, at + 8, y + 4);
        c.fillText(label, at + 8, y + 4);
      }
    }
  }

  /** @param {PointerEvent} e */
  move(e) {
    let best = /** @type {any} */ (null);
    let least = NEAR;
    for (const line of this.lines) {
      const d = distance(line.points, e.offsetX, e.offsetY);
      if (d < least) [best, least] = [line.cell, d];
    }
    this.show(best);
  }

  /** @param {any} cell */
  show(cell) {
    if (cell === this.near) return;
    this.near = cell;
    this.draw();
    if (!cell) return;
    const point = Object.entries(cell.point).map(([name, value]) => `${name} ${setting(value)}`);
    put(this.readout, `${cell.rule}, ${cell.direction}, ${point.join(", ")}: ${number(cell.mean, this.unit)}`);
  }
}

/** @param {CanvasRenderingContext2D} c @param {number[][]} points @param {string} colour @param {number} width @param {number} alpha */
function stroke(c, points, colour, width, alpha) {
  c.strokeStyle = colour;
  c.lineWidth = width;
  c.globalAlpha = alpha;
  c.beginPath();
  points.forEach(([x, y], k) => (k ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.stroke();
  c.globalAlpha = 1;
}

/** Vertical distance from a point to a line that goes left to right. @param {number[][]} points @param {number} x @param {number} y */
function distance(points, x, y) {
  for (let k = 0; k + 1 < points.length; k++) {
    const [[x0, y0], [x1, y1]] = [points[k], points[k + 1]];
    if (x >= x0 && x <= x1) return Math.abs(y0 + ((x - x0) / (x1 - x0)) * (y1 - y0) - y);
  }
  return Infinity;
}
