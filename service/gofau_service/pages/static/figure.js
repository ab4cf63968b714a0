// @ts-check
/** A drawing on the page: a canvas that answers to pointer and keys, a file, and the same as a table. */

import { h, put, save, slug, table } from "./dom.js";
import { paintAxes, rubberBand, theme } from "./frame.js";
import { picture } from "./picture.js";

const DRAG = 6;

/**
 * @typedef {{x: number, y: number}} At  positions on the axes
 * @typedef {{xs: number[], ys: number[]}} Zoom  the ends that are shown, in positions
 * @typedef {import("./grid.js").Grid | import("./scatter.js").Scatter} Drawing
 * @typedef {object} Listeners
 * @property {(at: At | null) => void} hover
 * @property {(at: At, on: Figure) => void} pick
 * @property {(zoom: Zoom) => void} zoom
 * @property {(key: string, on: Figure) => boolean} key  true: it was of use
 */

/** One map. */
export class Figure {
  /** @param {string} title @param {Listeners} listeners */
  constructor(title, listeners) {
    this.title = title;
    this.listeners = listeners;
    /** @type {Drawing | null} */ this.drawing = null;
    this.of = "";
    /** @type {import("./frame.js").Frame | null} */ this.frame = null;
    /** @type {At | null} */ this.hovered = null;
    /** @type {At | null} */ this.picked = null;
    /** @type {{x: number, y: number} | null} */ this.from = null;
    /** @type {{x: number, y: number} | null} */ this.to = null;
    this.base = document.createElement("canvas");
    this.canvas = h("canvas", { tabindex: 0, role: "application", "aria-roledescription": "heat map", on: this.events() });
    this.details = h("details", { class: "as-table" }, h("summary", {}, "As a table"));
    this.details.addEventListener("toggle", () => this.fillTable());
    const download = h("button", { type: "button", class: "quiet", "aria-label": `Download the map of ${title} as PNG`, on: { click: () => this.download() } }, "PNG");
    this.element = h("figure", { class: "map" }, h("figcaption", {}, h("span", {}, title), download), this.canvas, this.details);
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }

  /** @param {Drawing} drawing @param {string} of  whose results it shows */
  show(drawing, of) {
    this.drawing = drawing;
    this.of = of;
    this.canvas.setAttribute("aria-label", `${this.title}: ${drawing.label}. Arrow keys move, Enter opens a cell, plus and minus zoom, 0 shows all.`);
    this.redraw();
    this.fillTable();
  }

  redraw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!this.drawing || width === 0) return;
    const dense = devicePixelRatio || 1;
    for (const canvas of [this.base, this.canvas]) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
    }
    const { drawing } = this;
    const frame = (this.frame = drawing.fit(width, height));
    const c = /** @type {CanvasRenderingContext2D} */ (this.base.getContext("2d"));
    const colours = theme(this.canvas);
    c.scale(dense, dense);
    frame.inside(c, drawing.isSparse ? colours.plot : colours.blank, () => drawing.paint(c, frame, colours));
    paintAxes(c, frame, colours);
    this.mark();
  }

  /** The painted map with the marks of pointer and choice on it. */
  mark() {
    const { drawing, frame } = this;
    if (!drawing || !frame) return;
    const c = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    c.drawImage(this.base, 0, 0);
    const dense = devicePixelRatio || 1;
    c.setTransform(dense, 0, 0, dense, 0, 0);
    if (this.picked) drawing.mark(c, frame, this.picked, true);
    if (this.hovered) drawing.mark(c, frame, this.hovered, false);
    if (this.from && this.to) rubberBand(c, this.from, this.to);
  }

  events() {
    return {
      pointermove: (/** @type {PointerEvent} */ e) => this.move(e),
      pointerleave: () => this.listeners.hover(null),
      pointerdown: (/** @type {PointerEvent} */ e) => this.press(e),
      pointerup: (/** @type {PointerEvent} */ e) => this.release(e),
      pointercancel: () => this.forget(),
      keydown: (/** @type {KeyboardEvent} */ e) => this.listeners.key(e.key, this) && e.preventDefault(),
    };
  }

  /** The point of the drawing that the pointer is at. @param {PointerEvent} e @returns {At | null} */
  at(e) {
    const { drawing, frame } = this;
    return drawing && frame?.holds(e.offsetX, e.offsetY) ? drawing.nearest(frame.at(e.offsetX, e.offsetY)) : null;
  }

  /** @param {PointerEvent} e */
  move(e) {
    if (this.from && e.pointerType !== "touch") {
      this.to = { x: e.offsetX, y: e.offsetY };
      this.mark();
    }
    this.listeners.hover(this.at(e));
  }

  /** @param {PointerEvent} e */
  press(e) {
    if (e.button !== 0 || !this.at(e)) return;
    this.from = { x: e.offsetX, y: e.offsetY };
    if (e.pointerType !== "touch") this.canvas.setPointerCapture(e.pointerId);
  }

  /** @param {PointerEvent} e */
  release(e) {
    const { from, frame, drawing } = this;
    this.forget();
    if (!from || !frame || !drawing) return;
    const [a, b] = [frame.at(from.x, from.y), frame.at(e.offsetX, e.offsetY)];
    const far = Math.hypot(e.offsetX - from.x, e.offsetY - from.y) > DRAG;
    if (!far) this.listeners.pick(drawing.nearest(b), this);
    else if (e.pointerType !== "touch") this.listeners.zoom(drawing.between(a, b));
  }

  forget() {
    this.from = this.to = null;
    this.mark();
  }

  /** The value at a point in words. @param {At} at */
  words(at) {
    return this.drawing ? this.drawing.words(at) : "";
  }

  fillTable() {
    if (!this.details.open || !this.drawing) return;
    const { heads, rows } = this.drawing.table();
    put(this.details, this.details.firstChild, table(`${this.title}: ${this.drawing.what.title}`, heads, rows));
  }

  download() {
    if (!this.drawing) return;
    const { title, of, drawing } = this;
    const out = picture(this.base, devicePixelRatio || 1, title, of, drawing, theme(this.canvas));
    out.toBlob((blob) => blob && save(`${slug(title)}.png`, blob));
  }
}
