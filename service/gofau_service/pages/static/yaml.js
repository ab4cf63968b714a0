// @ts-check
/** A spec as YAML. Reading YAML is the service's work; this only writes. */

const PLAIN = /^[A-Za-z][\w.-]*( [\w.-]+)*$/;
const RESERVED = /^(true|false|null|yes|no|on|off|y|n|inf|nan)$/i;
const BLOCK = ["problems", "directions", "rules", "axes"];

/** @param {Record<string, any>} spec */
export function toYaml(spec) {
  return Object.entries(spec)
    .map(([name, value]) => (BLOCK.includes(name) ? block(name, value) : `${name}: ${inline(value)}\n`))
    .join("");
}

/** One entry a line. @param {string} name @param {any} value */
function block(name, value) {
  const lines = Array.isArray(value)
    ? value.map((entry) => `  - ${inline(entry)}\n`)
    : Object.entries(value).map(([key, entry]) => `  ${inline(key)}: ${inline(entry)}\n`);
  return lines.length ? `${name}:\n${lines.join("")}` : `${name}: ${inline(value)}\n`;
}

/** @param {any} value @returns {string} */
function inline(value) {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (value && typeof value === "object") {
    return `{${Object.entries(value).map(([key, part]) => `${inline(key)}: ${inline(part)}`).join(", ")}}`;
  }
  if (typeof value !== "string") return String(value);
  return PLAIN.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}
