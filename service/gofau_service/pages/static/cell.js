// @ts-check
/** One cell: its settings, and what each of its seeds did. */

import { all, call } from "./api.js";
import { lineChart } from "./chart.js";
import { choice, h, put, table } from "./dom.js";
import { goalBetter, headOf, labelled, unitOf } from "./facts.js";
import { number, setting, words } from "./format.js";
import { counted } from "./framing.js";

const MOST_CURVES = 12;

/** Fill a panel with a cell. @param {HTMLElement} panel @param {string} study @param {any} cell @param {any} goal @param {import("./facts.js").Facts} facts */
export async function showCell(panel, study, cell, goal, facts) {
  const path = `/v1/studies/${encodeURIComponent(study)}/trials`;
  const trials = await all(path, { cell: cell.ordinal, limit: 1000 });
  const details = await Promise.all(trials.slice(0, MOST_CURVES).map((t) => call(`${path}/${t.index}`)));
  const place = Object.entries(cell.point).map(([name, value]) => `${name} ${setting(value)}`);
  const title = h("h3", { tabindex: -1 }, `${cell.rule}, ${place.join(", ")}`);
  put(
    panel,
    title,
    h("p", {}, summary(cell, facts)),
    h("div", { class: "columns" }, curves(details, goal, facts), settings(details[0])),
    seeds(trials, goal, facts),
    errors(trials),
  );
  panel.hidden = false;
  title.focus({ preventScroll: false });
}

/** @param {any} cell @param {import("./facts.js").Facts} facts */
function summary(cell, facts) {
  const parts = [`${cell.completed} of ${cell.trials} trials completed`];
  for (const name of [...facts.ends, "failed", "cancelled"]) {
    if (cell[name]) parts.push(`${cell[name]} ${words(name).toLowerCase()}`);
  }
  return `${cell.problem}, ${cell.direction}. ${parts.join(", ")}.`;
}

/** Learning curves with a choice of metric. @param {any[]} details @param {any} goal @param {import("./facts.js").Facts} facts */
function curves(details, goal, facts) {
  const names = [...new Set(details.flatMap((d) => Object.keys(d.curves)))];
  if (names.length === 0) return h("p", { class: "faint" }, "No learning curves yet.");
  const place = h("div");
  const draw = (/** @type {string} */ metric) => put(place, curveChart(details, metric, metric === goal.metric ? goalBetter(goal) : (facts.of(metric)?.better ?? "neither"), facts.of(metric)?.unit));
  const first = names.includes(goal.metric) ? goal.metric : names[0];
  draw(first);
  return h("div", {}, choice("Curve", names, first, draw), place);
}

/** @param {any[]} details @param {string} metric @param {import("./facts.js").Better} better @param {string} [unit] */
function curveChart(details, metric, better, unit) {
  const series = details
    .filter((d) => d.curves[metric])
    .map((d) => ({ name: `seed ${d.seed}`, x: d.curves[metric].map((/** @type {any} */ _, /** @type {number} */ k) => k), y: d.curves[metric] }));
  return lineChart(counted(`Learning curves, ${metric}`, "epoch", { label: labelled(metric, better), unit }, series));
}

/** @param {any} detail */
function settings(detail) {
  if (!detail) return null;
  return h("details", { open: true }, h("summary", {}, "Settings that ran"), h("dl", { class: "pairs" }, pairs({ ...detail.definition, ...origin(detail) }, "")));
}

/** What a result comes from. @param {any} detail */
function origin(detail) {
  const said = { "code version": detail.code_version, inputs: detail.inputs, environment: detail.environment, "result of study": detail.source_study };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value));
}

/** A mapping as terms, nested names joined by dots. @param {any} value @param {string} prefix @returns {any[]} */
function pairs(value, prefix) {
  return Object.entries(value).flatMap(([name, part]) => {
    if (part && typeof part === "object" && !Array.isArray(part)) return pairs(part, `${prefix}${name}.`);
    const shown = typeof part === "number" ? setting(part) : Array.isArray(part) ? part.join(", ") : String(part);
    return [h("dt", {}, `${prefix}${name}`), h("dd", {}, shown)];
  });
}

/** @param {any[]} trials @param {any} goal @param {import("./facts.js").Facts} facts */
function seeds(trials, goal, facts) {
  const heads = ["Seed", "State", "Outcome", ...facts.results.map((fact) => headOf(fact, goal)), "Executor"];
  const rows = trials.map((t) => [
    t.seed,
    words(t.state),
    t.outcome ? words(t.outcome) : "–",
    ...facts.results.map((fact) => shown(t[fact.name], unitOf(fact, goal, facts))),
    t.executor ? `${t.executor}, pack of ${t.pack_size}${t.executor_reason ? `: ${t.executor_reason}` : ""}` : "–",
  ]);
  return table("Seeds of this cell", heads, rows);
}

/** A count in full, any other number in three digits. @param {any} value @param {string} [unit] */
function shown(value, unit) {
  return Number.isInteger(value) && unit !== "share" ? value : number(value, unit);
}

/** @param {any[]} trials */
function errors(trials) {
  const failed = trials.filter((t) => t.error);
  if (failed.length === 0) return null;
  return h("div", {}, h("h4", {}, "Errors"), failed.map((t) => h("details", {}, h("summary", {}, `Seed ${t.seed}, ${t.attempts} attempts`), h("pre", {}, t.error))));
}
