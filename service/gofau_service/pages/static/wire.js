// @ts-check
/**
 * The one reader of the wire's numbers. JSON has no infinity, so the service writes "inf" and
 * "-inf"; whatever draws, sorts, compares or prints a number of the service reads it here.
 */

/** @typedef {number | string | null | undefined} Wire  as it came: a number, "inf", "-inf", "nan" or null */

const WORDS = /** @type {Record<string, number | null>} */ ({ inf: Infinity, Infinity, "-inf": -Infinity, "-Infinity": -Infinity, nan: null, NaN: null });

/** The number, infinite ones included; null where there is none. @param {Wire} value @returns {number | null} */
export function read(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isNaN(value) ? null : value;
  if (Object.hasOwn(WORDS, value)) return WORDS[value];
  throw new TypeError(`number: got ${JSON.stringify(value)}, expected a number, null, "inf", "-inf" or "nan"`);
}

/** The same for arithmetic, NaN where there is none. @param {Wire} value @returns {number} */
export function amount(value) {
  return read(value) ?? NaN;
}

/** The finite ones of a list. @param {Wire[]} values @returns {number[]} */
export function finite(values) {
  return values.map(amount).filter(Number.isFinite);
}
