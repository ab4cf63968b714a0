// @ts-check
/** What the maps show: measure, seeds, problem, direction, which axes, and where to cut the others. */

import { Axis } from "./axes.js";
import { button, choice, h, put } from "./dom.js";
import { setting } from "./format.js";
import { AGGREGATES, kinds } from "./measures.js";

const MOST_SEEDS = 50;

/** The controls above the maps. */
export class MapChoices {
  /**
   * @param {import("./facts.js").Facts} facts @param {(name: string) => void} onChoice
   * @param {(factor: number | null) => void} onZoom  null: show all
   */
  constructor(facts, onChoice, onZoom) {
    this.facts = facts;
    this.onChoice = onChoice;
    this.onZoom = onZoom;
    /** @type {any} */ this.study = null;
    /** @type {any[]} */ this.cells = [];
    /** @type {Axis[]} */ this.axes = [];
    this.gridded = true;
    this.drawn = "";
    /** @type {Record<string, string>} */ this.chosen = { measure: "goal", aggregate: "mean" };
    this.element = h("div", { class: "controls" });
  }

  /** Choices that the data allows, where none was made. @param {any} study @param {any[]} cells @param {Axis[]} axes @param {boolean} gridded */
  settle(study, cells, axes, gridded) {
    Object.assign(this, { study, cells, axes, gridded });
    const c = this.chosen;
    c.problem ??= this.labels("problem")[0];
    c.direction ??= this.labels("direction")[0];
    const names = axes.map((a) => a.name);
    c.x ??= names.includes("lr") ? "lr" : names[0];
    c.y ??= names.find((n) => n === "init_scale" && n !== c.x) ?? names.find((n) => n !== c.x) ?? "";
    if (!this.seeds().some(([name]) => name === c.aggregate)) c.aggregate = "mean";
    for (const axis of this.others()) {
      const middle = axis.values[Math.floor(axis.values.length / 2)];
      if (!axis.index.has(Number(c[`at ${axis.name}`]))) c[`at ${axis.name}`] = String(middle);
    }
  }

  /** @param {string} field @returns {string[]} */
  labels(field) {
    return [...new Set(this.cells.map((cell) => cell[field]))];
  }

  get aggregate() {
    return this.chosen.aggregate;
  }

  get kind() {
    const all = this.kinds();
    return all.find((k) => k.name === this.chosen.measure) ?? all[0];
  }

  get x() {
    return this.axis(this.chosen.x);
  }

  get y() {
    return this.axis(this.chosen.y);
  }

  /** Whose results are shown, and where the other axes are cut. */
  get subject() {
    const { problem, direction } = this.chosen;
    return [problem, direction, ...this.others().map((a) => `${a.name} ${setting(Number(this.chosen[`at ${a.name}`]))}`)].join(", ");
  }

  kinds() {
    return kinds(this.study.goal, this.facts);
  }

  /** @param {string} name */
  axis(name) {
    return this.axes.find((a) => a.name === name) ?? new Axis("", [0], false);
  }

  /** Axes that a grid is cut at; points are shown whatever they have there. */
  others() {
    return this.gridded ? this.axes.filter((a) => a.name !== this.chosen.x && a.name !== this.chosen.y) : [];
  }

  /** @param {any} cell */
  shows(cell) {
    const c = this.chosen;
    return cell.problem === c.problem && cell.direction === c.direction && this.others().every((a) => cell.point[a.name] === Number(c[`at ${a.name}`]));
  }

  /** Ways to put seeds together that the measure allows. @returns {[string, string][]} */
  seeds() {
    const { kind } = this;
    const known = this.study.spec.seeds.slice(0, MOST_SEEDS);
    const alone = kind.from === "trials" ? known.map((/** @type {number} */ n) => [`seed ${n}`, `seed ${n} alone`]) : [];
    return kind.share ? [] : [...AGGREGATES, ...alone];
  }

  draw() {
    const c = this.chosen;
    const names = this.axes.map((a) => a.name);
    const state = JSON.stringify([c, names, this.labels("problem"), this.labels("direction"), this.gridded]);
    if (state === this.drawn) return;
    this.drawn = state;
    const pick = (/** @type {string} */ name) => (/** @type {string} */ value) => {
      c[name] = value;
      this.onChoice(name);
    };
    const some = (/** @type {string} */ label, /** @type {string} */ field) => this.labels(field).length > 1 && choice(label, this.labels(field), c[field], pick(field));
    put(
      this.element,
      choice("Show", this.kinds().map((k) => [k.name, k.text, k.group]), c.measure, pick("measure")),
      this.seeds().length > 0 && choice("Seeds", this.seeds(), c.aggregate, pick("aggregate")),
      some("Problem", "problem"),
      some("Direction", "direction"),
      names.length > 2 && choice("Across", names.filter((n) => n !== c.y), c.x, pick("x")),
      names.length > 2 && choice("Up", names.filter((n) => n !== c.x), c.y, pick("y")),
      ...this.others().map((axis) => choice(axis.name, axis.values.map((v) => [String(v), setting(v)]), c[`at ${axis.name}`], pick(`at ${axis.name}`))),
      h(
        "span",
        { class: "zoom", role: "group", "aria-label": "Zoom" },
        button("+", () => this.onZoom(0.5), { "aria-label": "Zoom in" }),
        button("−", () => this.onZoom(2), { "aria-label": "Zoom out" }),
        button("All", () => this.onZoom(null), { "aria-label": "Show the whole map" }),
      ),
    );
  }
}
