// @ts-check
/** Line charts with bands as SVG, with a legend, the numbers as a table and a file to keep. */

import { linearTicks, logTicks } from "./axes.js";
import { DASHES, LINES } from "./colour.js";
import { button, h, put, s, save, slug, table } from "./dom.js";
import { number } from "./format.js";
import { amount, finite } from "./wire.js";

const W = 420;
const H = 260;
const BOX = { left: 52, right: 12, top: 10, bottom: 40 };
const MOST_ROWS = 60;

/**
 * @typedef {(number | string | null)[]} Numbers
 * @typedef {{name: string, x: Numbers, y: Numbers, low?: Numbers, high?: Numbers}} Series
 * @typedef {{title: string, x: string, y: string, xLog?: boolean, yLog?: boolean, unit?: string, series: Series[]}} Chart
 */

/** A logarithmic axis helps where all is positive and spans more than a factor of 50. @param {Numbers} values */
export function wantsLog(values) {
  const kept = finite(values);
  const low = Math.min(...kept);
  return kept.length > 1 && low > 0 && Math.max(...kept) / low > 50;
}

/** One direction of a chart. */
class Side {
  /** @param {number[]} values @param {boolean} isLog @param {number} from @param {number} to */
  constructor(values, isLog, from, to) {
    const kept = values.map((v) => (isLog ? Math.log10(v) : v)).filter(Number.isFinite);
    this.isLog = isLog;
    this.low = kept.length ? Math.min(...kept) : 0;
    this.high = kept.length ? Math.max(...kept) : 1;
    if (this.low === this.high) [this.low, this.high] = [this.low - 0.5, this.high + 0.5];
    this.from = from;
    this.to = to;
  }

  /** Pixel of a value; NaN where there is none. @param {import("./wire.js").Wire} value */
  at(value) {
    const x = amount(value);
    return this.place(this.isLog ? Math.log10(x) : x);
  }

  /** @param {number} position */
  place(position) {
    return this.from + ((position - this.low) / (this.high - this.low)) * (this.to - this.from);
  }

  ticks() {
    return this.isLog ? logTicks(this.low, this.high, 6) : linearTicks(this.low, this.high, 6);
  }
}

/** @param {Chart} chart @returns {HTMLElement} */
export function lineChart(chart) {
  const ys = chart.series.flatMap((one) => [...finite(one.y), ...finite(one.low ?? []), ...finite(one.high ?? [])]);
  const x = new Side(chart.series.flatMap((one) => finite(one.x)), Boolean(chart.xLog), BOX.left, W - BOX.right);
  const y = new Side(ys, Boolean(chart.yLog), H - BOX.bottom, BOX.top);
  const drawing = s(
    "svg",
    { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${chart.title}: ${chart.series.map((one) => one.name).join(", ")}` },
    axes(chart, x, y),
    chart.series.map((one, k) => band(one, k, x, y)),
    chart.series.map((one, k) => line(one, k, x, y)),
  );
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("span", {}, chart.title), button("SVG", () => keep(chart.title, drawing), { class: "quiet", "aria-label": `Download ${chart.title} as SVG` })),
    drawing,
    key(chart.series),
    numbers(chart),
  );
}

/** @param {Chart} chart @param {Side} x @param {Side} y */
function axes(chart, x, y) {
  const bottom = H - BOX.bottom;
  return [
    s("path", { class: "axis", d: `M${BOX.left} ${BOX.top}V${bottom}H${W - BOX.right}` }),
    x.ticks().map(([at, text]) => [
      s("path", { class: "axis", d: `M${x.place(at)} ${bottom}v4` }),
      s("text", { x: x.place(at), y: bottom + 16, "text-anchor": "middle" }, text),
    ]).flat(),
    y.ticks().map(([at, text]) => [
      s("path", { class: "rule", d: `M${BOX.left} ${y.place(at)}H${W - BOX.right}` }),
      s("text", { x: BOX.left - 6, y: y.place(at) + 4, "text-anchor": "end" }, text),
    ]).flat(),
    s("text", { x: (BOX.left + W - BOX.right) / 2, y: H - 4, "text-anchor": "middle" }, chart.x),
    s("text", { transform: `translate(11 ${(BOX.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, chart.y),
  ].flat();
}

/** @param {Series} one @param {number} k @param {Side} x @param {Side} y */
function line(one, k, x, y) {
  let d = "";
  let pen = "M";
  const dots = /** @type {any[]} */ ([]);
  one.x.forEach((at, n) => {
    const [px, py] = [x.at(at), y.at(one.y[n])];
    if (!Number.isFinite(px + py)) return void (pen = "M");
    d += `${pen}${px.toFixed(1)} ${py.toFixed(1)}`;
    pen = "L";
    if (one.x.length <= 40) dots.push(s("circle", { cx: px.toFixed(1), cy: py.toFixed(1), r: 2, fill: colour(k) }));
  });
  return s("g", {}, s("path", { d, fill: "none", stroke: colour(k), "stroke-width": 2, "stroke-dasharray": DASHES[k % DASHES.length] }), dots);
}

/** @param {Series} one @param {number} k @param {Side} x @param {Side} y */
function band(one, k, x, y) {
  const spots = one.x.map((at, n) => [x.at(at), y.at(one.low?.[n]), y.at(one.high?.[n])]).filter((p) => p.every(Number.isFinite));
  if (spots.length < 2) return null;
  const above = spots.map(([px, , high]) => `${px.toFixed(1)} ${high.toFixed(1)}`);
  const below = spots.reverse().map(([px, low]) => `${px.toFixed(1)} ${low.toFixed(1)}`);
  return s("path", { d: `M${[...above, ...below].join("L")}Z`, fill: colour(k), opacity: 0.16 });
}

/** @param {number} k */
function colour(k) {
  return LINES[k % LINES.length];
}

/** @param {Series[]} series */
function key(series) {
  const sample = (/** @type {number} */ k) =>
    s("svg", { viewBox: "0 0 26 8", class: "sample", "aria-hidden": "true" }, s("path", { d: "M0 4H26", stroke: colour(k), "stroke-width": 2.4, "stroke-dasharray": DASHES[k % DASHES.length] }));
  return h("ul", { class: "marks" }, series.map((one, k) => h("li", {}, sample(k), one.name)));
}

/** @param {Chart} chart */
function numbers(chart) {
  const details = h("details", { class: "as-table" }, h("summary", {}, "As a table"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const xs = [...new Set(chart.series.flatMap((one) => one.x))];
    const step = Math.ceil(xs.length / MOST_ROWS);
    const rows = xs.filter((_, n) => n % step === 0).map((at) => [
      number(at),
      ...chart.series.map((one) => number(one.y[one.x.indexOf(at)], chart.unit)),
    ]);
    details.append(table(`${chart.title}, ${chart.y}`, [chart.x, ...chart.series.map((one) => one.name)], rows));
  });
  return details;
}

/** A chart as a file that needs no style sheet. @param {string} title @param {SVGElement} drawing */
function keep(title, drawing) {
  const copy = /** @type {SVGElement} */ (drawing.cloneNode(true));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("font-family", "sans-serif");
  copy.setAttribute("font-size", "12");
  for (const path of copy.querySelectorAll(".axis, .rule")) {
    path.setAttribute("fill", "none");
    path.setAttribute("stroke", path.classList.contains("axis") ? "#444" : "#ddd");
  }
  const text = new XMLSerializer().serializeToString(copy);
  save(`${slug(title)}.svg`, new Blob([text], { type: "image/svg+xml" }));
}

/** Several charts, each drawn when it comes into view. @param {Element} where @param {Chart[]} charts */
export function drawCharts(where, charts) {
  put(where, ...charts.filter((chart) => chart.series.length > 0).map(lineChart));
}
