// @ts-check
/** One map on the page: a canvas that answers to pointer and keys, and the same as a table. */

import { h, put, save, table } from "./dom.js";
import { number, setting } from "./format.js";
import { Frame, outline, paintMap, theme } from "./paint.js";

const DRAG = 6;
const MOST_ROWS = 60;

/**
 * @typedef {{i: number, j: number}} At
 * @typedef {object} Listeners
 * @property {(at: At | null) => void} hover
 * @property {(at: At, map: HeatMap) => void} pick
 * @property {(zoom: import("./paint.js").Zoom) => void} zoom
 * @property {(key: string) => boolean} key  true: it was of use
 */

/** A map with its title, canvas and table. */
export class HeatMap {
  /** @param {string} title @param {Listeners} listeners */
  constructor(title, listeners) {
    this.title = title;
    this.listeners = listeners;
    /** @type {At | null} */ this.hovered = null;
    /** @type {At | null} */ this.picked = null;
    /** @type {{x: number, y: number} | null} */ this.from = null;
    this.base = document.createElement("canvas");
    this.canvas = h("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "heat map",
      on: this.events(),
    });
    this.details = h("details", { class: "as-table" }, h("summary", {}, "As a table"));
    this.details.addEventListener("toggle", () => this.fillTable());
    const download = h("button", { type: "button", class: "quiet", on: { click: () => this.download() } }, "PNG");
    download.setAttribute("aria-label", `Download the map of ${title} as PNG`);
    this.element = h(
      "figure",
      { class: "map" },
      h("figcaption", {}, h("span", {}, title), download),
      this.canvas,
      this.details,
    );
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }

  /**
   * @param {import("./view.js").View} view @param {import("./colour.js").Scale} scale
   * @param {import("./paint.js").Zoom} zoom @param {import("./measures.js").Measure} what
   */
  show(view, scale, zoom, what) {
    this.view = view;
    this.scale = scale;
    this.zoom = zoom;
    this.what = what;
    const known = view.values.filter((v) => !Number.isNaN(v)).length;
    const label = `${this.title}: ${what.title} over ${view.x.name} and ${view.y.name}, ${known} of ${view.values.length} cells with results. Arrow keys move, Enter opens a cell, plus and minus zoom, 0 shows all.`;
    this.canvas.setAttribute("aria-label", label);
    this.redraw();
    this.fillTable();
  }

  redraw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!this.view || !this.scale || !this.zoom || width === 0) return;
    const dense = devicePixelRatio || 1;
    for (const canvas of [this.base, this.canvas]) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
    }
    this.frame = new Frame(this.view, this.zoom, width, height);
    const c = /** @type {CanvasRenderingContext2D} */ (this.base.getContext("2d"));
    c.scale(dense, dense);
    paintMap(c, this.frame, this.scale, theme(this.canvas));
    this.mark();
  }

  /** The painted map with the marks of pointer and choice on it. */
  mark() {
    if (!this.frame) return;
    const c = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    c.drawImage(this.base, 0, 0);
    const dense = devicePixelRatio || 1;
    c.setTransform(dense, 0, 0, dense, 0, 0);
    if (this.picked) outline(c, this.frame, this.picked.i, this.picked.j, true);
    if (this.hovered) outline(c, this.frame, this.hovered.i, this.hovered.j, false);
    if (this.from && this.to) {
      c.setLineDash([4, 3]);
      c.strokeStyle = "#ffffff";
      c.strokeRect(this.from.x, this.from.y, this.to.x - this.from.x, this.to.y - this.from.y);
      c.setLineDash([]);
    }
  }

  events() {
    return {
      pointermove: (/** @type {PointerEvent} */ e) => this.move(e),
      pointerleave: () => this.listeners.hover(null),
      pointerdown: (/** @type {PointerEvent} */ e) => this.press(e),
      pointerup: (/** @type {PointerEvent} */ e) => this.release(e),
      pointercancel: () => this.forget(),
      keydown: (/** @type {KeyboardEvent} */ e) => this.listeners.key(e.key) && e.preventDefault(),
    };
  }

  /** @param {PointerEvent} e */
  move(e) {
    if (this.from && e.pointerType !== "touch") {
      this.to = { x: e.offsetX, y: e.offsetY };
      this.mark();
    }
    this.listeners.hover(this.frame?.cellAt(e.offsetX, e.offsetY) ?? null);
  }

  /** @param {PointerEvent} e */
  press(e) {
    if (e.button !== 0 || !this.frame?.cellAt(e.offsetX, e.offsetY)) return;
    this.from = { x: e.offsetX, y: e.offsetY };
    if (e.pointerType !== "touch") this.canvas.setPointerCapture(e.pointerId);
  }

  /** @param {PointerEvent} e */
  release(e) {
    const { from, frame } = this;
    this.forget();
    if (!from || !frame) return;
    const [a, b] = [frame.cellAt(from.x, from.y, true), frame.cellAt(e.offsetX, e.offsetY, true)];
    if (!a || !b) return;
    const far = Math.hypot(e.offsetX - from.x, e.offsetY - from.y) > DRAG;
    if (!far) this.listeners.pick(b, this);
    else if (e.pointerType !== "touch") this.listeners.zoom(spanned(a, b));
  }

  forget() {
    this.from = null;
    this.to = undefined;
    this.mark();
  }

  /** The value at a cell in words. @param {At} at */
  words(at) {
    if (!this.view || !this.what) return "";
    const k = at.j * this.view.x.values.length + at.i;
    const cell = this.view.cells[k];
    const value = this.view.values[k];
    if (!cell || Number.isNaN(value)) return "no result yet";
    const bad = cell.diverged + cell.nonfinite;
    return `${number(value, this.what.unit)}${bad ? `, ${bad} of ${cell.completed} diverged` : ""}`;
  }

  fillTable() {
    if (!this.details.open || !this.view || !this.what) return;
    const { x, y, values } = this.view;
    const heads = [`${y.name} \\ ${x.name}`, ...x.values.slice(0, MOST_ROWS).map(setting)];
    const rows = [...y.values.keys()].reverse().map((j) => [
      setting(y.values[j]),
      ...x.values.slice(0, MOST_ROWS).map((_, i) => {
        const value = values[j * x.values.length + i];
        return Number.isNaN(value) ? "waiting" : this.words({ i, j });
      }),
    ]);
    put(this.details, this.details.firstChild, table(`${this.title}: ${this.what.title}`, heads, rows));
  }

  download() {
    const out = document.createElement("canvas");
    [out.width, out.height] = [this.base.width, this.base.height];
    const c = /** @type {CanvasRenderingContext2D} */ (out.getContext("2d"));
    c.fillStyle = theme(this.canvas).blank;
    c.fillRect(0, 0, out.width, out.height);
    c.drawImage(this.base, 0, 0);
    out.toBlob((blob) => blob && save(`${this.title.replace(/[^\w.-]+/g, "-")}.png`, blob));
  }
}

/** @param {At} a @param {At} b */
function spanned(a, b) {
  const [x0, x1] = [Math.min(a.i, b.i), Math.max(a.i, b.i)];
  const [y0, y1] = [Math.min(a.j, b.j), Math.max(a.j, b.j)];
  return { x0, x1, y0, y1 };
}
