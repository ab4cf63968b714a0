// @ts-check
/** All rules' maps side by side on one scale, with linked pointer, zoom and choices. */

import { axesOf, onGrid } from "./axes.js";
import { MapChoices } from "./choices.js";
import { h, put } from "./dom.js";
import { Figure } from "./figure.js";
import { setting } from "./format.js";
import { Grid } from "./grid.js";
import { legend } from "./legend.js";
import { measure, seedAlone, wants } from "./measures.js";
import { complain } from "./notices.js";
import { pointsOf, Scatter } from "./scatter.js";
import { addBasin, sharedScale, viewOf } from "./view.js";
import { amount, read } from "./wire.js";

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The panel. Give it data with `update`; it calls `onPick` with a cell of the API. */
export class Maps {
  /**
   * @param {(cell: any) => void} onPick @param {import("./numbers.js").Numbers} numbers
   * @param {import("./facts.js").Facts} facts  of what the study's problems measure
   */
  constructor(onPick, numbers, facts) {
    this.onPick = onPick;
    this.numbers = numbers;
    /** @type {any} */ this.study = null;
    /** @type {any[]} */ this.cells = [];
    /** @type {any} */ this.report = null;
    /** @type {import("./axes.js").Axis[]} */ this.axes = [];
    this.gridded = true;
    /** @type {{of: string, by: import("./measures.js").Fetched} | null} */ this.fetched = null;
    /** @type {symbol | null} */ this.asked = null;
    /** @type {Map<string, Figure>} */ this.figures = new Map();
    /** @type {import("./figure.js").At | null} */ this.hovered = null;
    /** @type {import("./figure.js").Zoom | null} */ this.zoom = null;
    this.choices = new MapChoices(facts, (name) => this.choose(name), (factor) => this.scaleZoom(factor));
    this.grid = h("div", { class: "maps" });
    this.key = h("div");
    this.readout = h("p", { class: "readout", "aria-live": "polite" }, "Point at a cell, or use the arrow keys on a map.");
    this.element = h("div", {}, this.choices.element, this.key, this.grid, this.readout);
  }

  /** @param {any} study @param {any[]} cells @param {any} report @param {boolean} [gridded]  whether all cells lie on one grid */
  async update(study, cells, report, gridded = onGrid(study.spec)) {
    if (cells !== this.cells) this.fetched = null;
    Object.assign(this, { study, cells, report, gridded });
    this.axes = axesOf(study.spec, cells);
    await this.refresh();
  }

  /** @param {string} name  of what was chosen */
  async choose(name) {
    if (["x", "y", "measure"].includes(name) && !(this.gridded && name === "measure")) this.zoom = null;
    await this.refresh();
  }

  /** Fetch what the choice needs, then draw. */
  async refresh() {
    if (this.cells.length === 0) return;
    this.choices.settle(this.study, this.cells, this.axes, this.gridded);
    const { kind, aggregate } = this.choices;
    const wanted = wants(kind, aggregate);
    const of = wanted === "trials" ? aggregate : kind.name;
    const mine = (this.asked = Symbol(of));
    if (wanted && this.fetched?.of !== of) {
      this.grid.setAttribute("aria-busy", "true");
      const by = await this.fetch(wanted, kind.name, aggregate);
      if (this.asked !== mine) return;
      if (by) this.fetched = { of, by };
    }
    this.grid.removeAttribute("aria-busy");
    this.draw();
  }

  /** @param {string} wanted @param {string} name @param {string} aggregate */
  async fetch(wanted, name, aggregate) {
    try {
      const rows = wanted === "trials" ? await this.numbers.trials(seedAlone(aggregate) ?? 0) : await this.numbers.cells(name);
      return /** @type {import("./measures.js").Fetched} */ (new Map(rows.map((row) => [row.key, row])));
    } catch (error) {
      complain(error);
      return null;
    }
  }

  draw() {
    this.choices.draw();
    const { kind, aggregate } = this.choices;
    const limits = this.limits();
    const what = measure(kind, aggregate, this.fetched?.by ?? null, limits.cap);
    const { scale, drawings } = this.gridded ? this.grids(what, limits) : this.scatters(what, limits);
    put(this.key, legend(scale, what, this.gridded));
    const titles = drawings.map((d) => d.view.title);
    for (const title of this.figures.keys()) if (!titles.includes(title)) this.figures.delete(title);
    for (const drawing of drawings) this.figureOf(drawing.view.title).show(drawing, this.choices.subject);
    const wanted = titles.map((t) => this.figureOf(t).element);
    if (wanted.length !== this.grid.children.length || wanted.some((element, k) => this.grid.children[k] !== element)) put(this.grid, ...wanted);
  }

  /** @param {import("./measures.js").Measure} what @param {ReturnType<Maps["limits"]>} limits */
  grids(what, limits) {
    const { x, y } = this.choices;
    const views = this.arms().map(([rule, cells]) => viewOf(rule, cells, x, y, what));
    for (const view of views) if (what.isGoal) addBasin(view, what.lowIsGood, limits);
    const scale = sharedScale(views.map((view) => view.values), what, limits.cap);
    return { scale, drawings: views.map((view) => new Grid(view, scale, this.zoom, what)) };
  }

  /** @param {import("./measures.js").Measure} what @param {ReturnType<Maps["limits"]>} limits */
  scatters(what, limits) {
    const { x, y } = this.choices;
    const arms = this.arms();
    const scale = sharedScale(arms.map(([, cells]) => cells.map((cell) => amount(what.of(cell)))), what, limits.cap);
    const upright = y.name === "" ? null : y;
    return { scale, drawings: arms.map(([rule, cells]) => new Scatter(pointsOf(rule, cells, x, upright, what, scale), scale, this.zoom, what)) };
  }

  /** The cells that are shown, by rule. @returns {[string, any[]][]} */
  arms() {
    const here = this.cells.filter((cell) => this.choices.shows(cell));
    return [...Map.groupBy(here, (cell) => cell.rule)];
  }

  /** Tolerance and cap of the group that is shown, from its report. */
  limits() {
    const { problem, direction } = this.choices.chosen;
    const group = this.report?.groups.find((/** @type {any} */ g) => g.problem === problem && g.direction === direction);
    return { tolerance: read(group?.tolerance), cap: read(group?.cap) };
  }

  /** @param {string} title */
  figureOf(title) {
    let figure = this.figures.get(title);
    if (!figure) {
      figure = new Figure(title, {
        hover: (at) => this.hover(at),
        pick: (at, on) => this.pick(at, on),
        zoom: (zoom) => this.setZoom(zoom),
        key: (key, on) => this.press(key, on),
      });
      this.figures.set(title, figure);
    }
    return figure;
  }

  /** @param {import("./figure.js").At | null} at */
  hover(at) {
    if (at?.x === this.hovered?.x && at?.y === this.hovered?.y) return;
    this.hovered = at;
    for (const figure of this.figures.values()) {
      figure.hovered = at;
      figure.mark();
    }
    if (at) put(this.readout, this.words(at));
  }

  /** @param {import("./figure.js").At} at */
  words(at) {
    const { x, y } = this.choices;
    const where = [`${x.name} ${setting(x.value(at.x))}`, y.name && `${y.name} ${setting(y.value(at.y))}`].filter(Boolean);
    const each = [...this.figures.values()].map((figure) => `${figure.title} ${figure.words(at)}`);
    return `${where.join(", ")}: ${each.join(" · ")}`;
  }

  /** @param {import("./figure.js").At} at @param {Figure} on */
  pick(at, on) {
    const cell = on.drawing?.cell(at);
    if (!cell) return;
    for (const figure of this.figures.values()) {
      figure.picked = figure === on ? at : null;
      figure.mark();
    }
    this.onPick(cell);
  }

  /** @param {string} key @param {Figure} on */
  press(key, on) {
    if (!on.drawing) return false;
    if (key in MOVES) this.hover(on.drawing.moved(this.hovered, /** @type {any} */ (MOVES)[key]));
    else if (key === "Enter" || key === " ") this.pick(this.hovered ?? on.drawing.moved(null, [0, 0]), on);
    else if (key === "+" || key === "=") this.scaleZoom(0.5);
    else if (key === "-") this.scaleZoom(2);
    else if (key === "0" || key === "Escape") this.setZoom(null);
    else return false;
    return true;
  }

  /** @param {import("./figure.js").Zoom | null} zoom */
  setZoom(zoom) {
    this.zoom = zoom;
    if (this.cells.length) this.draw();
  }

  /** @param {number | null} factor  null: show all */
  scaleZoom(factor) {
    const drawing = [...this.figures.values()][0]?.drawing;
    this.setZoom(factor && drawing ? drawing.zoomed(factor, this.hovered) : null);
  }
}
