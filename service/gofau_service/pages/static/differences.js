// @ts-check
/** Differences on paired seeds: each with its interval drawn around zero, and as a file. */

import { button, h, s, save, slug } from "./dom.js";
import { sense } from "./facts.js";
import { number, words } from "./format.js";
import { amount, finite, read } from "./wire.js";

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
  const rows = metrics.flatMap(([metric, mine]) => mine.map((c, k) => row(c, k === 0 && named(metric, mine, titles), reach.get(metric) ?? 0, titles)));
  const heads = ["", "Rule", "95 % interval around zero", "Difference", "Support", "p (Holm)"];
  const whole = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));
  return h("div", { class: "differences" }, whole, button("Differences, CSV", () => save(`${slug(caption)}.csv`, new Blob([csv(comparisons)], { type: "text/csv" })), { class: "quiet" }));
}

/** The heading of a metric's rows. @param {string} metric @param {any[]} mine @param {Words} titles */
function named(metric, mine, titles) {
  const way = sense(mine[0].difference.better);
  return h("th", { scope: "rowgroup", rowspan: mine.length }, h("span", { class: "term", title: titles[metric]?.doc }, titles[metric]?.title ?? words(metric)), way && h("small", {}, way));
}

/** @param {any} c @param {HTMLElement | false} heading @param {number} reach @param {Words} titles */
function row(c, heading, reach, titles) {
  const { value, low, high, unit, reason } = c.difference;
  const none = read(low) === null || read(high) === null;
  const interval = none ? (reason ?? "no interval") : `${number(low, unit)} to ${number(high, unit)}`;
  const shown = read(value) === null ? h("span", { class: "faint" }, reason) : [h("strong", {}, number(value, unit)), h("small", {}, unit === "share" ? "" : unit), h("small", { class: none ? "reason" : null }, interval)];
  return h("tr", {}, heading, h("td", {}, c.rule), h("td", {}, whisker(c, reach)), h("td", {}, shown), h("td", {}, meaning(c, titles)), h("td", {}, number(c.p_holm ?? c.p_value)));
}

/** The farthest end from zero by metric: rules share a scale, metrics do not. @param {any[]} comparisons @returns {Map<string, number>} */
function largest(comparisons) {
  const found = new Map();
  for (const c of comparisons) {
    const ends = finite([c.difference.value, c.difference.low, c.difference.high]);
    found.set(c.metric, Math.max(found.get(c.metric) ?? 0, ...ends.map(Math.abs)));
  }
  return found;
}

/** A dot with its interval, zero in the middle. @param {any} c @param {number} reach */
function whisker(c, reach) {
  const { value, low, high, unit } = c.difference;
  if (read(value) === null) return "–";
  const at = (/** @type {import("./wire.js").Wire} */ x) => W / 2 + side(amount(x), reach) * (W / 2 - MARGIN);
  const bounded = read(low) !== null && read(high) !== null;
  const label = `${number(value, unit)}${bounded ? `, ${number(low, unit)} to ${number(high, unit)}` : ""}${judged(c) && `, ${judged(c)}`}`;
  const clear = c.strength === "shown" ? "clear" : "unclear";
  return s(
    "svg",
    { viewBox: `0 0 ${W} ${H}`, class: `whisker ${clear}`, role: "img", "aria-label": label },
    s("path", { class: "zero", d: `M${W / 2} 0V${H}` }),
    bounded && s("path", { class: "span", d: `M${at(low).toFixed(1)} ${H / 2}H${at(high).toFixed(1)}M${at(low).toFixed(1)} ${H / 2 - 4}v8M${at(high).toFixed(1)} ${H / 2 - 4}v8` }),
    mark(amount(value), at(value)),
  );
}

/** From −1 to 1, with the infinite at the ends. @param {number} x @param {number} reach */
function side(x, reach) {
  if (!Number.isFinite(x)) return Math.sign(x);
  return reach ? Math.max(-1, Math.min(1, x / reach)) : 0;
}

/** A dot; an arrow out of the drawing for an infinite difference. @param {number} x @param {number} px */
function mark(x, px) {
  if (Number.isFinite(x)) return s("circle", { class: "dot", cx: px.toFixed(1), cy: H / 2, r: 4 });
  const back = px - 7 * Math.sign(x);
  return s("path", { class: "dot beyond", d: `M${px.toFixed(1)} ${H / 2}L${back.toFixed(1)} ${H / 2 - 5}V${H / 2 + 5}Z` });
}

/** `better` or `worse`, where a difference is supported and is either. @param {any} c */
function judged(c) {
  const { value, better } = c.difference;
  const x = amount(value);
  if (!["shown", "suggested"].includes(c.strength) || better === "neither" || !x) return "";
  return x < 0 === (better === "lower") ? "better" : "worse";
}

/** What the sign means, where it is supported at all, and how well. @param {any} c @param {Words} titles */
function meaning(c, titles) {
  const { more, less } = titles[c.metric] ?? { more: "", less: "" };
  const value = amount(c.difference.value);
  const supported = ["shown", "suggested"].includes(c.strength) && !Number.isNaN(value);
  const said = supported ? (value > 0 ? more : less) : "";
  const way = judged(c);
  return [h("span", { class: `strength ${c.strength.split(" ")[0]}` }, c.strength), said && h("span", { class: "said" }, said, way && ` (${way})`)];
}

/** @param {any[]} comparisons */
function csv(comparisons) {
  const lines = comparisons.map((c) => [c.metric, c.rule, c.baseline, c.difference.value, c.difference.low, c.difference.high, c.difference.unit, c.difference.better, c.p_value, c.p_holm, c.strength]);
  const quoted = (/** @type {any} */ x) => (x === null ? "" : /[",\r\n]/.test(String(x)) ? `"${String(x).replaceAll('"', '""')}"` : String(x));
  return [["metric", "rule", "baseline", "difference", "low", "high", "unit", "better", "p_value", "p_holm", "support"], ...lines].map((line) => line.map(quoted).join(",") + "\r\n").join("");
}
