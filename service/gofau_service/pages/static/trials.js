// @ts-check
/** The study's trials, one page at a time: only what is on the screen is fetched. */

import { call, query } from "./api.js";
import { button, choice, h, put, table } from "./dom.js";
import { goalBetter, labelled } from "./facts.js";
import { count, number, setting, words } from "./format.js";
import { complain } from "./notices.js";

const ROWS = 50;
const ANY = /** @type {[string, string]} */ (["", "any"]);

/** A filtered, paged table of trials. */
export class Trials {
  /** @param {any} study @param {import("./facts.js").Facts} facts */
  constructor(study, facts) {
    this.study = study;
    this.facts = facts;
    /** @type {Record<string, string>} */ this.filter = {};
    /** @type {(string | null)[]} */ this.cursors = [null];
    this.body = h("div");
    this.pager = h("div", { class: "row" });
    this.element = h("div", {}, h("div", { class: "controls" }, this.choices()), this.body, this.pager);
    this.fetch();
  }

  choices() {
    const spec = this.study.spec;
    const labels = (/** @type {any[]} */ entries) => entries.map((e) => e.label);
    const named = (/** @type {string[]} */ values) => /** @type {[string, string][]} */ ([ANY, ...values.map((v) => [v, words(v)])]);
    const plain = (/** @type {string[]} */ values) => /** @type {[string, string][]} */ ([ANY, ...values.map((v) => [v, v])]);
    const pick = (/** @type {string} */ name) => (/** @type {string} */ value) => this.choose(name, value);
    return [
      choice("State", named(["waiting", "running", "completed", "failed", "cancelled"]), "", pick("state")),
      choice("Outcome", named(this.facts.ends), "", pick("outcome")),
      choice("Rule", plain(labels(spec.rules)), "", pick("rule")),
      spec.directions.length > 1 && choice("Direction", plain(labels(spec.directions)), "", pick("direction")),
      spec.problems.length > 1 && choice("Problem", plain(labels(spec.problems)), "", pick("problem")),
      choice("Seed", plain(spec.seeds.slice(0, 200).map(String)), "", pick("seed")),
    ];
  }

  /** @param {string} name @param {string} value */
  choose(name, value) {
    this.filter[name] = value;
    this.cursors = [null];
    this.fetch();
  }

  async fetch() {
    const cursor = this.cursors[this.cursors.length - 1];
    const path = `/v1/studies/${encodeURIComponent(this.study.id)}/trials`;
    const asked = (this.asked = Symbol("asked"));
    try {
      const page = await call(query(path, { ...this.filter, cursor, limit: ROWS }));
      if (this.asked === asked) this.draw(page);
    } catch (error) {
      complain(error);
    }
  }

  /** @param {any} page */
  draw(page) {
    const { goal } = this.study;
    const unit = this.facts.of(goal.metric)?.unit;
    const axes = Object.keys(this.study.spec.axes);
    const heads = ["Trial", "Rule", ...axes, "Seed", "State", "Outcome", labelled(goal.metric, goalBetter(goal)), "Best", "Attempts", "Seconds"];
    const rows = page.items.map((/** @type {any} */ t) => [
      t.index,
      t.rule,
      ...axes.map((name) => setting(t.point[name])),
      t.seed,
      words(t.state),
      t.outcome ? words(t.outcome) : "–",
      number(t.value, unit),
      number(t.best, unit),
      t.attempts,
      number(t.wall_s),
    ]);
    put(this.body, rows.length ? table("Trials", heads, rows) : h("p", { class: "faint" }, "No trial is like that."));
    this.drawPager(page);
  }

  /** @param {any} page */
  drawPager(page) {
    const number_ = this.cursors.length;
    put(
      this.pager,
      button("Previous", () => this.turn(-1, null), { disabled: number_ === 1 }),
      h("span", {}, `Page ${number_} · ${count(this.study.trials)} trials in all`),
      button("Next", () => this.turn(1, page.next_cursor), { disabled: !page.next_cursor }),
      button("Refresh", () => this.fetch(), { class: "quiet" }),
    );
  }

  /** @param {number} step @param {string | null} cursor */
  turn(step, cursor) {
    if (step > 0) this.cursors.push(cursor);
    else this.cursors.pop();
    this.fetch();
  }
}
