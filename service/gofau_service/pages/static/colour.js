// @ts-check
/** One colour scale for all maps of a study: cividis, which colour-blind readers can order. */

const STOPS = ["#00224e", "#1a386f", "#434e6c", "#61656f", "#7d7c78", "#9b9476", "#bcae6c", "#dec958", "#fee838"]
  .map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

const TABLE = Array.from({ length: 256 }, (_, k) => blend(k / 255));

/** Okabe and Ito's palette for curves, darkened or lightened by the theme. */
export const LINES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7f7f7f"];
/** A second cue beside colour. */
export const DASHES = ["", "7 3", "2 3", "9 3 2 3", "5 5", "1 4", "12 4"];

/** @param {number} position @returns {string} */
function blend(position) {
  const at = position * (STOPS.length - 1);
  const k = Math.min(Math.floor(at), STOPS.length - 2);
  const mixed = STOPS[k].map((a, c) => Math.round(a + (at - k) * (STOPS[k + 1][c] - a)));
  return `#${mixed.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
}

/** Colour at a position from dark (0) to light (1). @param {number} position */
export function shade(position) {
  return TABLE[Math.round(255 * Math.min(1, Math.max(0, position)))];
}

/**
 * Values to colours, best light and worst dark; logarithmic where both ends are positive and
 * more than a factor of 50 apart.
 */
export class Scale {
  /** @param {number} best @param {number} worst @param {boolean} [capped]  whether the worst is a cap, at which nothing is good */
  constructor(best, worst, capped = false) {
    this.capped = capped;
    this.best = best;
    this.worst = worst;
    const [low, high] = [Math.min(best, worst), Math.max(best, worst)];
    this.isLog = low > 0 && high / low > 50;
  }

  /** 0 at the best, 1 at the worst and at what is infinite. @param {number} value */
  position(value) {
    if (!Number.isFinite(value)) return 1;
    if (this.best === this.worst) return this.capped ? 1 : 0;
    const f = this.isLog ? Math.log : (/** @type {number} */ x) => x;
    const inside = this.isLog ? Math.max(value, 1e-300) : value;
    const part = (f(inside) - f(this.best)) / (f(this.worst) - f(this.best));
    return Math.min(1, Math.max(0, part));
  }

  /** Inverse of `position`. @param {number} part */
  value(part) {
    if (this.isLog) return this.best * Math.exp(part * Math.log(this.worst / this.best));
    return this.best + part * (this.worst - this.best);
  }

  /** @param {number} value */
  colour(value) {
    return shade(1 - this.position(value));
  }
}
