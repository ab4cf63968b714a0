// @ts-check
/** Differences on paired seeds: each with its interval drawn around zero, and as a file. */

import { button, h, s, save, slug } from "./dom.js";
import { number, words } from "./format.js";

const W = 180;
const H = 22;
const MARGIN = 6;

/** @typedef {Record<string, {title: string, doc: string, more: string, less: string}>} Words */

/** The differences of a group; null where nothing is compared. @param {any} group @param {Words} titles */
export function differences(group, titles) {
  const { comparisons } = group;
  if (comparisons.length === 0) return null;
  const caption = `${group.problem}, ${group.direction}: differences on paired seeds, rule minus ${comparisons[0].baseline}`;
  const reach = largest(comparisons);
  const metrics = [...Map.groupBy(comparisons, (/** @type {any} */ c) => c.metric)];
  const rows = metrics.flatMap(([metric, mine]) => mine.map((c, k) => row(c, k === 0 && named(metric, mine.length, titles), reach.get(metric) ?? 0, titles)));
  const heads = ["", "Rule", "95 % interval around zero", "Difference", "Support", "p (Holm)"];
  const whole = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));
  return h("div", { class: "differences" }, whole, button("Differences, CSV", () => save(`${slug(caption)}.csv`, new Blob([csv(comparisons)], { type: "text/csv" })), { class: "quiet" }));
}

/** The heading of a metric's rows. @param {string} metric @param {number} rows @param {Words} titles */
function named(metric, rows, titles) {
  return h("th", { scope: "rowgroup", rowspan: rows }, h("span", { class: "term", title: titles[metric]?.doc }, titles[metric]?.title ?? words(metric)));
}

/** @param {any} c @param {HTMLElement | false} heading @param {number} reach @param {Words} titles */
function row(c, heading, reach, titles) {
  const { value, low, high, unit, reason } = c.difference;
  const interval = low === null || high === null ? (reason ?? "no interval") : `${number(low, unit)} to ${number(high, unit)}`;
  const shown = value === null ? h("span", { class: "faint" }, reason) : [h("strong", {}, number(value, unit)), h("small", {}, unit === "share" ? "" : unit), h("small", {}, interval)];
  return h("tr", {}, heading, h("td", {}, c.rule), h("td", {}, whisker(c, reach)), h("td", {}, shown), h("td", {}, meaning(c, titles)), h("td", {}, number(c.p_holm ?? c.p_value)));
}

/** The farthest end from zero by metric: rules share a scale, metrics do not. @param {any[]} comparisons @returns {Map<string, number>} */
function largest(comparisons) {
  const found = new Map();
  for (const c of comparisons) {
    const ends = [c.difference.value, c.difference.low, c.difference.high].map(Number).filter(Number.isFinite);
    found.set(c.metric, Math.max(found.get(c.metric) ?? 0, ...ends.map(Math.abs)));
  }
  return found;
}

/** A dot with its interval, zero in the middle. @param {any} c @param {number} reach */
function whisker(c, reach) {
  const { value, low, high, unit } = c.difference;
  if (value === null) return "–";
  const at = (/** @type {any} */ x) => W / 2 + (reach ? Math.max(-1, Math.min(1, Number(x) / reach)) : 0) * (W / 2 - MARGIN);
  const bounded = low !== null && high !== null;
  const label = `${number(value, unit)}${bounded ? `, ${number(low, unit)} to ${number(high, unit)}` : ""}`;
  const clear = c.strength === "shown" ? "clear" : "unclear";
  return s(
    "svg",
    { viewBox: `0 0 ${W} ${H}`, class: `whisker ${clear}`, role: "img", "aria-label": label },
    s("path", { class: "zero", d: `M${W / 2} 0V${H}` }),
    bounded && s("path", { class: "span", d: `M${at(low).toFixed(1)} ${H / 2}H${at(high).toFixed(1)}M${at(low).toFixed(1)} ${H / 2 - 4}v8M${at(high).toFixed(1)} ${H / 2 - 4}v8` }),
    s("circle", { class: "dot", cx: at(value).toFixed(1), cy: H / 2, r: 4 }),
  );
}

/** What the sign means, where it is supported at all, and how well. @param {any} c @param {Words} titles */
function meaning(c, titles) {
  const { more, less } = titles[c.metric] ?? { more: "", less: "" };
  const value = Number(c.difference.value);
  const said = ["shown", "suggested"].includes(c.strength) ? (value > 0 ? more : less) : "";
  return [h("span", { class: `strength ${c.strength.split(" ")[0]}` }, c.strength), said && h("span", { class: "said" }, said)];
}

/** @param {any[]} comparisons */
function csv(comparisons) {
  const lines = comparisons.map((c) => [c.metric, c.rule, c.baseline, c.difference.value, c.difference.low, c.difference.high, c.difference.unit, c.p_value, c.p_holm, c.strength]);
  const quoted = (/** @type {any} */ x) => (x === null ? "" : /[",\r\n]/.test(String(x)) ? `"${String(x).replaceAll('"', '""')}"` : String(x));
  return [["metric", "rule", "baseline", "difference", "low", "high", "unit", "p_value", "p_holm", "support"], ...lines].map((line) => line.map(quoted).join(",") + "\r\n").join("");
}
