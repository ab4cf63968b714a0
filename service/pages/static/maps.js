// @ts-check
/** All rules' maps side by side on one scale, with linked pointer, zoom and choices. */

import { axesOf } from "./axes.js";
import { button, choice, h, put } from "./dom.js";
import { setting } from "./format.js";
import { HeatMap } from "./heatmap.js";
import { legend } from "./legend.js";
import { AGGREGATES, measure, measureNames } from "./measures.js";
import { addBasin, sharedScale, viewOf } from "./view.js";

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The panel. Give it data with `update`; it calls `onPick` with a cell of the API. */
export class Maps {
  /**
   * @param {(cell: any) => void} onPick
   * @param {(seed: number) => Promise<Map<string, number | null>>} oneSeed
   */
  constructor(onPick, oneSeed) {
    this.onPick = onPick;
    this.oneSeed = oneSeed;
    /** @type {any} */ this.study = null;
    /** @type {any[]} */ this.cells = [];
    /** @type {any} */ this.report = null;
    /** @type {import("./axes.js").Axis[]} */ this.axes = [];
    this.drawn = "";
    /** @type {Record<string, string>} */ this.chosen = { measure: "goal", aggregate: "mean" };
    /** @type {Map<string, HeatMap>} */ this.maps = new Map();
    /** @type {import("./heatmap.js").At | null} */ this.hovered = null;
    /** @type {import("./paint.js").Zoom | null} */ this.zoom = null;
    /** @type {Map<string, number | null> | null} */ this.seedValues = null;
    this.controls = h("div", { class: "controls" });
    this.grid = h("div", { class: "maps" });
    this.key = h("div");
    this.readout = h("p", { class: "readout", "aria-live": "polite" }, "Point at a cell, or use the arrow keys on a map.");
    this.element = h("div", {}, this.controls, this.key, this.grid, this.readout);
  }

  /** @param {any} study @param {any[]} cells @param {any} report */
  update(study, cells, report) {
    this.study = study;
    this.cells = cells;
    this.report = report;
    this.axes = axesOf(study.spec, cells);
    this.draw();
  }

  draw() {
    if (this.cells.length === 0) return;
    this.settle();
    this.drawControls();
    this.drawMaps();
  }

  /** Choices that the data allows, where none was made. */
  settle() {
    const c = this.chosen;
    const [problems, directions] = [this.labels("problem"), this.labels("direction")];
    c.problem ??= problems[0];
    c.direction ??= directions[0];
    const names = this.axes.map((a) => a.name);
    c.x ??= names.includes("lr") ? "lr" : names[0];
    c.y ??= names.find((n) => n === "init_scale" && n !== c.x) ?? names.find((n) => n !== c.x) ?? "";
    for (const axis of this.others()) {
      const middle = axis.values[Math.floor(axis.values.length / 2)];
      if (!axis.index.has(Number(c[`at ${axis.name}`]))) c[`at ${axis.name}`] = String(middle);
    }
  }

  /** @param {string} field @returns {string[]} */
  labels(field) {
    return [...new Set(this.cells.map((cell) => cell[field]))];
  }

  others() {
    return this.axes.filter((a) => a.name !== this.chosen.x && a.name !== this.chosen.y);
  }

  drawControls() {
    const c = this.chosen;
    const pick = (/** @type {string} */ name) => (/** @type {string} */ value) => this.choose(name, value);
    const names = this.axes.map((a) => a.name);
    const seeds = this.study.spec.seeds.slice(0, 50).map((/** @type {number} */ n) => [`seed ${n}`, `seed ${n} alone`]);
    const parts = [
      choice("Show", measureNames(this.study.goal), c.measure, pick("measure")),
      c.measure === "goal" && choice("Seeds", [...AGGREGATES, ...seeds], c.aggregate, pick("aggregate")),
      this.labels("problem").length > 1 && choice("Problem", this.labels("problem"), c.problem, pick("problem")),
      this.labels("direction").length > 1 && choice("Direction", this.labels("direction"), c.direction, pick("direction")),
      names.length > 2 && choice("Across", names.filter((n) => n !== c.y), c.x, pick("x")),
      names.length > 2 && choice("Up", names.filter((n) => n !== c.x), c.y, pick("y")),
      ...this.others().map((axis) =>
        choice(axis.name, axis.values.map((v) => [String(v), setting(v)]), c[`at ${axis.name}`], pick(`at ${axis.name}`)),
      ),
      h(
        "span",
        { class: "zoom", role: "group", "aria-label": "Zoom" },
        button("+", () => this.scaleZoom(0.5), { "aria-label": "Zoom in" }),
        button("−", () => this.scaleZoom(2), { "aria-label": "Zoom out" }),
        button("All", () => this.setZoom(null), { "aria-label": "Show the whole map" }),
      ),
    ];
    const state = JSON.stringify([c, names, this.labels("problem"), this.labels("direction")]);
    if (state !== this.drawn) put(this.controls, ...parts);
    this.drawn = state;
  }

  /** @param {string} name @param {string} value */
  async choose(name, value) {
    this.chosen[name] = value;
    if (name === "x" || name === "y") this.zoom = null;
    const alone = /^seed (\d+)$/.exec(this.chosen.aggregate);
    this.seedValues = alone ? await this.oneSeed(Number(alone[1])) : null;
    this.draw();
  }

  drawMaps() {
    const c = this.chosen;
    const what = measure(c.measure, c.aggregate, this.study.goal, this.seedValues);
    const limits = this.limits();
    const views = this.views(what);
    for (const view of views) if (what.isGoal) addBasin(view, what.lowIsGood, limits);
    const scale = sharedScale(views, what, limits.cap);
    put(this.key, legend(scale, what, what.isGoal && limits.cap !== null));
    const titles = views.map((v) => v.title);
    for (const title of this.maps.keys()) if (!titles.includes(title)) this.maps.delete(title);
    for (const view of views) this.mapOf(view.title).show(view, scale, this.zoomOf(view), what);
    const wanted = titles.map((t) => this.mapOf(t).element);
    if (wanted.some((element, k) => this.grid.children[k] !== element)) put(this.grid, ...wanted);
  }

  /** Tolerance and cap of the group that is shown, from its report. */
  limits() {
    const { problem, direction } = this.chosen;
    const group = this.report?.groups.find((/** @type {any} */ g) => g.problem === problem && g.direction === direction);
    return { tolerance: group?.tolerance ?? null, cap: group?.cap ?? null };
  }

  /** @param {import("./measures.js").Measure} what */
  views(what) {
    const c = this.chosen;
    const [x, y] = [this.axis(c.x), this.axis(c.y)];
    const here = this.cells.filter(
      (cell) =>
        cell.problem === c.problem &&
        cell.direction === c.direction &&
        this.others().every((a) => cell.point[a.name] === Number(c[`at ${a.name}`])),
    );
    const rules = [...new Set(here.map((cell) => cell.rule))];
    return rules.map((rule) => viewOf(rule, here.filter((cell) => cell.rule === rule), x, y, what));
  }

  /** @param {string} name */
  axis(name) {
    return this.axes.find((a) => a.name === name) ?? axesOf({ axes: { "": {} } }, [{ point: { "": 0 } }])[0];
  }

  /** @param {string} title */
  mapOf(title) {
    let map = this.maps.get(title);
    if (!map) {
      map = new HeatMap(title, {
        hover: (at) => this.hover(at),
        pick: (at, on) => this.pick(at, on),
        zoom: (zoom) => this.setZoom(zoom),
        key: (key) => this.press(key, title),
      });
      this.maps.set(title, map);
    }
    return map;
  }

  /** @param {import("./heatmap.js").At | null} at */
  hover(at) {
    if (at?.i === this.hovered?.i && at?.j === this.hovered?.j) return;
    this.hovered = at;
    for (const map of this.maps.values()) {
      map.hovered = at;
      map.mark();
    }
    if (at) put(this.readout, this.words(at));
  }

  /** @param {import("./heatmap.js").At} at */
  words(at) {
    const [x, y] = [this.axis(this.chosen.x), this.axis(this.chosen.y)];
    const where = [x, y].filter((a) => a.name).map((a) => `${a.name} ${setting(a.values[a === x ? at.i : at.j])}`);
    const each = [...this.maps.values()].map((map) => `${map.title} ${map.words(at)}`);
    return `${where.join(", ")}: ${each.join(" · ")}`;
  }

  /** @param {import("./heatmap.js").At} at @param {HeatMap} on */
  pick(at, on) {
    const cell = on.view?.cells[at.j * on.view.x.values.length + at.i];
    if (!cell) return;
    for (const map of this.maps.values()) {
      map.picked = map === on ? at : null;
      map.mark();
    }
    this.onPick(cell);
  }

  /** @param {string} key @param {string} title */
  press(key, title) {
    const at = this.hovered ?? { i: this.limitsOf().x0, j: this.limitsOf().y0 };
    if (key in MOVES) this.hover(this.moved(at, /** @type {any} */ (MOVES)[key]));
    else if (key === "Enter" || key === " ") this.pick(at, this.mapOf(title));
    else if (key === "+" || key === "=") this.scaleZoom(0.5);
    else if (key === "-") this.scaleZoom(2);
    else if (key === "0" || key === "Escape") this.setZoom(null);
    else return false;
    return true;
  }

  /** @param {import("./heatmap.js").At} at @param {number[]} step */
  moved(at, [di, dj]) {
    if (!this.hovered) return at;
    const { x0, x1, y0, y1 } = this.limitsOf();
    return { i: Math.min(x1, Math.max(x0, at.i + di)), j: Math.min(y1, Math.max(y0, at.j + dj)) };
  }

  limitsOf() {
    return this.zoom ?? { x0: 0, x1: this.axis(this.chosen.x).values.length - 1, y0: 0, y1: this.axis(this.chosen.y).values.length - 1 };
  }

  /** @param {import("./view.js").View} view */
  zoomOf(view) {
    const whole = { x0: 0, x1: view.x.values.length - 1, y0: 0, y1: view.y.values.length - 1 };
    const z = this.zoom;
    return z && z.x1 <= whole.x1 && z.y1 <= whole.y1 ? z : whole;
  }

  /** @param {import("./paint.js").Zoom | null} zoom */
  setZoom(zoom) {
    this.zoom = zoom;
    this.drawMaps();
  }

  /** Halve or double the span around the pointed cell, or the middle. @param {number} factor */
  scaleZoom(factor) {
    const now = this.limitsOf();
    this.zoom = null;
    const whole = this.limitsOf();
    const at = this.hovered ?? { i: (now.x0 + now.x1) / 2, j: (now.y0 + now.y1) / 2 };
    const [x0, x1] = span(at.i, (now.x1 - now.x0 + 1) * factor, whole.x1);
    const [y0, y1] = span(at.j, (now.y1 - now.y0 + 1) * factor, whole.y1);
    this.setZoom({ x0, x1, y0, y1 });
  }
}

/** @param {number} centre @param {number} length @param {number} last */
function span(centre, length, last) {
  const size = Math.min(last + 1, Math.max(Math.min(2, last + 1), Math.round(length)));
  const start = Math.min(last + 1 - size, Math.max(0, Math.round(centre - (size - 1) / 2)));
  return [start, start + size - 1];
}
