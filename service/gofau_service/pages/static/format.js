// @ts-check
/** Numbers and times in words, as the report prints them. */

import { read } from "./wire.js";

/** Three significant digits. @param {import("./wire.js").Wire} value @param {string} [unit] */
export function number(value, unit = "") {
  const x = read(value);
  if (x === null) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (unit === "share") return `${digits(100 * x)} %`;
  return digits(unit === "percentage points" ? 100 * x : x);
}

/** @param {number} x */
function digits(x) {
  const size = Math.abs(x);
  if (x !== 0 && (size < 1e-3 || size >= 1e5)) return minus(x.toExponential(2));
  return minus(size < 1000 ? String(Number(x.toPrecision(3))) : x.toFixed(0));
}

/** @param {string} text */
function minus(text) {
  return text.replaceAll("-", "−").replace("e+", "e");
}

/** A setting as people type it. @param {number} value */
export function setting(value) {
  return minus(String(Number(value.toPrecision(3))));
}

/** A whole number with thin spaces. @param {number} value */
export function count(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Seconds in words. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(1)} days`;
}

/** A time in this browser's zone. @param {string | null} iso */
export function moment(iso) {
  return iso ? new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "–";
}

/** `lr_sensitivity` as words. @param {string} name */
export function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** `10⁻³`. @param {number} exponent */
export function power(exponent) {
  return `10${[...String(exponent)].map((c) => /** @type {any} */ (SUPERSCRIPT)[c]).join("")}`;
}
