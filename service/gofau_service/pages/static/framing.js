// @ts-check
/** A chart's axes and lines from plain numbers, for what no report holds. */

import { linearTicks, logTicks } from "./axes.js";
import { number } from "./format.js";
import { finite, read } from "./wire.js";

const WIDE = 30;
const ROOM = 0.05;

/**
 * @typedef {import("./wire.js").Wire} Wire
 * @typedef {{name: string, x: number[], y: Wire[]}} Numbers
 * @typedef {{label: string, unit?: string, log?: boolean, counts?: boolean, room?: number}} Form
 */

/** A logarithmic axis helps where all is positive and spans a wide factor. @param {number[]} values */
function wantsLog(values) {
  const low = Math.min(...values);
  return low > 0 && Math.max(...values) / low > WIDE;
}

/** The axis that holds some finite values. @param {number[]} values @param {Form} form @returns {import("./chart.js").Axis} */
function axis(values, { label, unit = "", log = false, counts = false, room = 0 }) {
  const known = values.length > 0 ? values : [0, 1];
  const scaled = known.map((v) => (log ? Math.log10(v) : v));
  const [first, last] = [Math.min(...scaled), Math.max(...scaled)];
  const space = last > first ? room * (last - first) : log ? Math.log10(2) : 0.5 * (Math.abs(first) || 1);
  const [low, high] = [first - space, last + space];
  const found = log ? logTicks(low, high, 6) : linearTicks(low, high, 6, counts ? 1 : 0);
  const value = (/** @type {number} */ at) => (log ? 10 ** at : at);
  return { label, unit, log, low: value(low), high: value(high), ticks: found.map(([at, text]) => ({ at: value(at), label: unit === "share" ? number(value(at), unit) : text })) };
}

/**
 * Lines over whole numbers.
 * @param {string} title @param {string} x @param {{label: string, unit?: string}} y @param {Numbers[]} lines
 * @returns {import("./chart.js").Chart}
 */
export function counted(title, x, y, lines) {
  const ys = lines.flatMap((one) => finite(one.y));
  const series = lines.map((one, style) => {
    const line = one.y.map((v) => (Number.isFinite(read(v)) ? v : null));
    return { name: one.name, style, x: one.x, value: one.y, line, low: [], high: [] };
  });
  return {
    title,
    of: "",
    x: axis(lines.flatMap((one) => one.x), { label: x, counts: true }),
    y: axis(ys, { ...y, log: wantsLog(ys), room: ROOM }),
    series,
    notes: [],
  };
}
