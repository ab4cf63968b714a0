// @ts-check
/** The report's verdict, numbers and curves. Intervals stand beside every number. */

import { drawCharts } from "./chart.js";
import { differences } from "./differences.js";
import { h, put, table } from "./dom.js";
import { goalBetter, labelled, sense } from "./facts.js";
import { number, words } from "./format.js";
import { read } from "./wire.js";

/** @typedef {import("./differences.js").Words} Words */

/** @param {Element} where @param {any} report @param {any} study */
export function showVerdict(where, report, study) {
  if (!report || !study.counts.completed) {
    return put(where, h("p", { class: "waiting" }, study.counts.completed ? "The report is being made." : "No trial has completed yet, so there is nothing to say."));
  }
  const unfinished = study.progress < 1 && h("p", { class: "faint" }, `Of the results so far: ${Math.round(100 * study.progress)} % of the trials have ended.`);
  put(
    where,
    unfinished,
    h("ul", { class: "verdicts" }, report.verdicts.map(verdict)),
    report.notes.length > 0 && h("details", { open: report.verdicts.length === 0 }, h("summary", {}, `${report.notes.length} notes on what this can and cannot show`), h("ul", {}, report.notes.map((/** @type {string} */ n) => h("li", {}, n)))),
  );
}

/** What is shown or suggested first; what is not, last and without a mark, since the words say so. @param {any} v */
function verdict(v) {
  const weak = (/** @type {any} */ c) => c.strength.startsWith("no");
  const clauses = [...v.clauses].sort((a, b) => Number(weak(a)) - Number(weak(b)));
  const mark = (/** @type {any} */ c) => !weak(c) && h("span", { class: `strength ${c.strength.split(" ")[0]}` }, c.strength);
  return h("li", {}, h("strong", {}, v.subject), h("ul", {}, clauses.map((c) => h("li", { class: weak(c) ? "weak" : "" }, h("span", {}, c.text), mark(c)))));
}

/** @param {Element} where @param {any} report @param {Words} titles @param {boolean} [apart]  the differences are shown elsewhere */
export function showMetrics(where, report, titles, apart = false) {
  put(where, ...(report?.groups ?? []).flatMap((/** @type {any} */ g) => group(g, titles, apart)), ...(report?.across ?? []).map((/** @type {any} */ a) => across(a, titles)));
}

/** @param {any} g @param {Words} titles @param {boolean} apart */
function group(g, titles, apart) {
  const caption = `${g.problem}, ${g.direction}: numbers with 95 % intervals`;
  const of = (/** @type {any} */ x) => number(x, g.goal_unit);
  const context = `Goal: ${labelled(g.goal_metric, goalBetter(g))}${g.target === null ? "" : `, target ${of(g.target)}`}. A diverged trial counts as ${of(g.cap)}. ${g.tolerance === null ? "No rule learnt anything, so there is no basin." : `As good as the best: within ${of(g.tolerance)}.`}`;
  return [h("h3", {}, `${g.problem}, ${g.direction}`), h("p", { class: "faint" }, context), scalars(caption, g.rules, titles), !apart && folded(g, titles)];
}

/** One row a metric, one column a rule. @param {string} caption @param {any[]} rules @param {Words} titles */
export function scalars(caption, rules, titles) {
  const names = [...new Set(rules.flatMap((r) => Object.keys(r.scalars)))];
  const way = (/** @type {string} */ name) => sense(rules.map((r) => r.scalars[name]).find(Boolean)?.better ?? "neither");
  const rows = names.map((name) => [title(name, titles, way(name)), ...rules.map((r) => scalar(r.scalars[name]))]);
  return table(caption, ["", ...rules.map((r) => r.rule)], rows);
}

/** @param {string} name @param {Words} titles @param {string} way  which way it is better, in words */
function title(name, titles, way) {
  const known = titles[name];
  return h("span", {}, known ? h("span", { class: "term", title: known.doc }, known.title) : words(name), way && h("small", {}, ` ${way}`));
}

/** @param {any} x */
export function scalar(x) {
  if (!x) return "–";
  if (read(x.value) === null) return h("span", { class: "faint", title: x.reason }, "– ", h("small", {}, x.reason));
  const bound = x.bound ? `${x.bound} ` : "";
  const interval = read(x.low) === null || read(x.high) === null ? (x.reason ?? "no interval") : `${number(x.low, x.unit)} to ${number(x.high, x.unit)}`;
  const censored = x.censored.length > 0 && `at the border: ${x.censored.join(", ")}`;
  return [
    h("span", { class: "value" }, bound, number(x.value, x.unit), unit(x.unit)),
    h("small", {}, interval),
    censored && h("small", { class: "censored" }, censored),
  ].map((part) => part && h("div", {}, part));
}

/** @param {string} text */
function unit(text) {
  return text && text !== "share" ? h("small", {}, ` ${text}`) : null;
}

/** @param {any} g @param {Words} titles */
function folded(g, titles) {
  const found = differences(g, titles);
  return found && h("details", {}, h("summary", {}, "Differences on paired seeds"), found);
}

/** The differences of every group, under its name. @param {Element} where @param {any} report @param {Words} titles */
export function showDifferences(where, report, titles) {
  const found = report.groups.map((/** @type {any} */ g) => [g, differences(g, titles)]).filter((/** @type {any[]} */ [, made]) => made);
  put(where, ...found.flatMap((/** @type {any[]} */ [g, made]) => [report.groups.length > 1 && h("h3", {}, `${g.problem}, ${g.direction}`), made]));
  if (found.length === 0) put(where, h("p", { class: "faint" }, "One rule alone has nothing to be compared with."));
}

/** @param {any} a @param {Words} titles */
function across(a, titles) {
  const caption = `All problems, ${a.direction}: numbers with 95 % intervals`;
  return h("div", {}, h("h3", {}, `All problems, ${a.direction}`), scalars(caption, a.rules, titles));
}

/** Every chart of a report. @param {HTMLElement} where @param {any} report */
export function showCurves(where, report) {
  if (report) drawCharts(where, [...report.groups, ...report.across].flatMap((/** @type {any} */ part) => part.charts));
}
