// @ts-check
/** Positions on axes: log or linear, cell edges, ticks. */

import { power, setting } from "./format.js";

/** An axis of a study: its name, sorted values and whether equal ratios get equal steps. */
export class Axis {
  /** @param {string} name @param {number[]} values @param {boolean} isLog */
  constructor(name, values, isLog) {
    this.name = name;
    this.values = values;
    this.isLog = isLog;
    this.positions = values.map((v) => this.position(v));
    this.edges = edges(this.positions);
    this.index = new Map(values.map((v, k) => [v, k]));
  }

  /** @param {number} value */
  position(value) {
    return this.isLog ? Math.log10(value) : value;
  }

  /** Inverse of `position`. @param {number} position */
  value(position) {
    return this.isLog ? 10 ** position : position;
  }

  /** Ticks between two positions: [position, label]. @param {number} low @param {number} high @param {number} most */
  ticks(low, high, most) {
    return this.isLog ? logTicks(low, high, most) : linearTicks(low, high, most);
  }
}

/**
 * The axes of a spec with the values that its cells have.
 * @param {any} spec @param {any[]} cells
 */
export function axesOf(spec, cells) {
  return Object.entries(spec.axes).map(([name, form]) => {
    const values = [...new Set(cells.map((cell) => cell.point[name]))].sort((a, b) => a - b);
    const wide = values.length > 1 && values[0] > 0 && values[values.length - 1] / values[0] > 20;
    const isLog = values[0] > 0 && Boolean(/** @type {any} */ (form).log || (/** @type {any} */ (form).values && wide));
    return new Axis(name, values, isLog);
  });
}

/** Whether every rule ran the same grid. @param {any} spec */
export function onGrid(spec) {
  return (spec.search?.sampler ?? spec.search ?? "grid") === "grid" && !spec.refine;
}

/** Borders of cells: midpoints, mirrored at the ends. @param {number[]} at */
function edges(at) {
  if (at.length === 1) return [at[0] - 0.5, at[0] + 0.5];
  const middle = at.slice(1).map((x, k) => (x + at[k]) / 2);
  const last = at.length - 1;
  return [2 * at[0] - middle[0], ...middle, 2 * at[last] - middle[last - 1]];
}

/** @param {number} low @param {number} high @param {number} most @returns {[number, string][]} */
export function logTicks(low, high, most) {
  const [first, last] = [Math.ceil(low - 1e-9), Math.floor(high + 1e-9)];
  if (last - first < 1) return [low, high].map((x) => [x, setting(10 ** x)]);
  const stride = Math.ceil((last - first + 1) / most);
  const found = /** @type {[number, string][]} */ ([]);
  for (let e = first; e <= last; e++) if (e % stride === 0) found.push([e, power(e)]);
  return found;
}

/** @param {number} low @param {number} high @param {number} most @param {number} [least]  the smallest step @returns {[number, string][]} */
export function linearTicks(low, high, most, least = 0) {
  if (!(high > low)) return [[low, setting(low)]];
  const rough = (high - low) / most;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(least, size * ([1, 2, 5, 10].find((m) => m * size >= rough) ?? 10));
  const found = /** @type {[number, string][]} */ ([]);
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    found.push([k * step, setting(k * step)]);
  }
  return found;
}
