// @ts-check
/** Paints charts that come as data: lines with bands, a legend, the numbers as a table, a file to keep. */

import { DASHES, LINES } from "./colour.js";
import { button, h, put, s, save, slug, table } from "./dom.js";
import { number } from "./format.js";
import { amount } from "./wire.js";

const W = 420;
const H = 260;
const BOX = { left: 52, right: 12, top: 10, bottom: 40 };
const HEAD = 26;
const LINE = 18;
const LETTER = 7.5;
const MOST_ROWS = 60;

/**
 * @typedef {import("./wire.js").Wire} Wire
 * @typedef {{at: Wire, label: string}} Tick
 * @typedef {{label: string, unit: string, log: boolean, low: Wire, high: Wire, ticks: Tick[]}} Axis
 * @typedef {object} Series
 * @property {string} name
 * @property {number} style  numbers colour and dashes
 * @property {Wire[]} x
 * @property {Wire[]} value  the numbers themselves
 * @property {Wire[]} line  what of them is drawn, null where the line breaks
 * @property {Wire[]} low  the band's borders
 * @property {Wire[]} high
 *
 * @typedef {{title: string, of: string, x: Axis, y: Axis, series: Series[], notes: string[]}} Chart
 */

/** One direction of a chart. */
class Side {
  /** @param {Axis} axis @param {number} from @param {number} to  pixels of its ends */
  constructor(axis, from, to) {
    this.scaled = axis.log ? Math.log10 : (/** @type {number} */ x) => x;
    this.low = this.scaled(amount(axis.low));
    this.high = this.scaled(amount(axis.high));
    this.from = from;
    this.to = to;
  }

  /** Pixel of a value; NaN where there is none. @param {Wire} value */
  at(value) {
    return this.from + ((this.scaled(amount(value)) - this.low) / (this.high - this.low)) * (this.to - this.from);
  }
}

/** Title, and whose results, where there is more than one to show. @param {Chart} chart */
function fullTitle({ title, of }) {
  return of ? `${title} · ${of}` : title;
}

/** @param {Chart} chart @returns {HTMLElement} */
export function lineChart(chart) {
  const x = new Side(chart.x, BOX.left, W - BOX.right);
  const y = new Side(chart.y, H - BOX.bottom, BOX.top);
  const title = fullTitle(chart);
  const drawing = s(
    "svg",
    { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}: ${chart.series.map((one) => one.name).join(", ")}` },
    axes(chart, x, y),
    chart.series.map((one) => band(one, x, y)),
    chart.series.map((one) => line(one, x, y)),
  );
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("span", {}, title), button("SVG", () => keep(chart, drawing), { class: "quiet", "aria-label": `Download ${title} as SVG` })),
    drawing,
    h("ul", { class: "marks" }, chart.series.map((one) => h("li", {}, sample(one), one.name))),
    chart.notes.length > 0 && h("p", { class: "faint" }, chart.notes.join(" ")),
    numbers(chart),
  );
}

/** @param {Chart} chart @param {Side} x @param {Side} y */
function axes(chart, x, y) {
  const bottom = H - BOX.bottom;
  return [
    s("path", { class: "axis", d: `M${BOX.left} ${BOX.top}V${bottom}H${W - BOX.right}` }),
    chart.x.ticks.map(({ at, label }) => [
      s("path", { class: "axis", d: `M${x.at(at)} ${bottom}v4` }),
      s("text", { class: "x", x: x.at(at), y: bottom + 16, "text-anchor": "middle" }, label),
    ]).flat(),
    chart.y.ticks.map(({ at, label }) => [
      s("path", { class: "rule", d: `M${BOX.left} ${y.at(at)}H${W - BOX.right}` }),
      s("text", { class: "y", x: BOX.left - 6, y: y.at(at) + 4, "text-anchor": "end" }, label),
    ]).flat(),
    s("text", { class: "label", x: (BOX.left + W - BOX.right) / 2, y: H - 4, "text-anchor": "middle" }, chart.x.label),
    s("text", { class: "label", transform: `translate(11 ${(BOX.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, chart.y.label),
  ].flat();
}

/** @param {Series} one @param {Side} x @param {Side} y */
function line(one, x, y) {
  let [d, pen] = ["", "M"];
  const dots = /** @type {any[]} */ ([]);
  one.x.forEach((at, n) => {
    const [px, py] = [x.at(at), y.at(one.line[n])];
    if (!Number.isFinite(px + py)) return void (pen = "M");
    d += `${pen}${px.toFixed(1)} ${py.toFixed(1)}`;
    pen = "L";
    if (one.x.length <= 40) dots.push(s("circle", { cx: px.toFixed(1), cy: py.toFixed(1), r: 2, fill: colour(one) }));
  });
  // A lone point has no line: a round cap of no length shows it.
  const path = d.replace(/(M[^ML]+)(?=M|$)/g, "$1h0");
  return s("g", {}, s("path", { class: "line", d: path, fill: "none", stroke: colour(one), "stroke-width": 2, "stroke-linecap": "round", "stroke-dasharray": dashes(one) }), dots);
}

/** @param {Series} one @param {Side} x @param {Side} y */
function band(one, x, y) {
  const spots = one.x.map((at, n) => [x.at(at), y.at(one.low[n]), y.at(one.high[n])]);
  const d = runs(spots).filter((run) => run.length > 1).map((run) => {
    const above = run.map(([px, , high]) => `${px.toFixed(1)} ${high.toFixed(1)}`);
    const below = [...run].reverse().map(([px, low]) => `${px.toFixed(1)} ${low.toFixed(1)}`);
    return `M${[...above, ...below].join("L")}Z`;
  });
  return d.length > 0 ? s("path", { d: d.join(""), fill: colour(one), opacity: 0.16 }) : null;
}

/** Neighbours that are there. @param {number[][]} spots @returns {number[][][]} */
function runs(spots) {
  const found = /** @type {number[][][]} */ ([[]]);
  for (const spot of spots) {
    if (spot.every(Number.isFinite)) found[found.length - 1].push(spot);
    else found.push([]);
  }
  return found;
}

/** @param {Series} one */
function colour(one) {
  return LINES[one.style % LINES.length];
}

/** @param {Series} one */
function dashes(one) {
  return DASHES[one.style % DASHES.length];
}

/** @param {Series} one */
function sample(one) {
  return s("svg", { viewBox: "0 0 26 8", class: "sample", "aria-hidden": "true" }, s("path", { d: "M0 4H26", stroke: colour(one), "stroke-width": 2.4, "stroke-dasharray": dashes(one) }));
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
      ...chart.series.map((one) => number(one.value[one.x.indexOf(at)], chart.y.unit)),
    ]);
    details.append(table(`${fullTitle(chart)}, ${chart.y.label}`, [chart.x.label, ...chart.series.map((one) => one.name)], rows));
  });
  return details;
}

/** The drawing with its title, legend and notes, which needs neither page nor style sheet. @param {Chart} chart @param {SVGElement} drawing */
export function alone(chart, drawing) {
  const copy = /** @type {SVGElement} */ (drawing.cloneNode(true));
  const texts = [fullTitle(chart), ...chart.series.map((one) => one.name), ...chart.notes];
  const wide = Math.max(W, BOX.left + 34 + LETTER * Math.max(...texts.map((text) => text.length)));
  const plain = { xmlns: "http://www.w3.org/2000/svg", "font-family": "sans-serif", "font-size": "12", viewBox: `0 ${-HEAD} ${wide} ${HEAD + H + LINE * texts.length}` };
  for (const [name, value] of Object.entries(plain)) copy.setAttribute(name, value);
  for (const path of copy.querySelectorAll(".axis, .rule")) {
    path.setAttribute("fill", "none");
    path.setAttribute("stroke", path.classList.contains("axis") ? "#444" : "#ddd");
  }
  copy.append(s("text", { class: "title", x: BOX.left, y: 2 - BOX.top, "font-weight": "bold" }, fullTitle(chart)));
  chart.series.forEach((one, k) => {
    const at = H + LINE * (k + 1);
    copy.append(
      s("path", { d: `M${BOX.left} ${at - 4}h26`, stroke: colour(one), "stroke-width": 2.4, "stroke-dasharray": dashes(one) }),
      s("text", { class: "name", x: BOX.left + 34, y: at }, one.name),
    );
  });
  chart.notes.forEach((note, k) => copy.append(s("text", { x: BOX.left, y: H + LINE * (chart.series.length + k + 1) }, note)));
  return copy;
}

/** @param {Chart} chart @param {SVGElement} drawing */
function keep(chart, drawing) {
  const text = new XMLSerializer().serializeToString(alone(chart, drawing));
  save(`${slug(fullTitle(chart))}.svg`, new Blob([text], { type: "image/svg+xml" }));
}

/** @param {Element} where @param {Chart[]} charts */
export function drawCharts(where, charts) {
  put(where, ...charts.map(lineChart));
}
