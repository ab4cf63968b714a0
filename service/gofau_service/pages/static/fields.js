// @ts-check
/** One input for each kind of value that the spec's schema knows. */

import { h } from "./dom.js";

/**
 * @typedef {object} Field
 * @property {string} path  as the service names it in errors
 * @property {string} label
 * @property {any} schema
 * @property {any} value  undefined: not given
 * @property {(value: any) => void} set  undefined: leave it to the default
 */

/** The schema without `null`, and whether it was allowed. @param {any} schema */
function bare(schema) {
  const options = schema.anyOf?.filter((/** @type {any} */ o) => o.type !== "null");
  return options?.length === 1 ? options[0] : schema;
}

/** An input for a plain value. @param {Field} field */
export function plainField(field) {
  const kind = bare(field.schema);
  if (kind.type === "boolean") return checkbox(field);
  if (kind.enum) return labelled(field, menu(field, kind.enum));
  if (kind.type === "number" || kind.type === "integer") return labelled(field, numeric(field, kind));
  return labelled(field, textual(field, kind));
}

/** @param {Field} field @param {HTMLElement} input */
export function labelled(field, input) {
  input.setAttribute("data-path", field.path);
  return h("label", { class: "field" }, h("span", {}, field.label), input);
}

/** @param {Field} field */
function checkbox(field) {
  const standard = Boolean(field.schema.default);
  const input = h("input", { type: "checkbox", "data-path": field.path, on: { change: () => field.set(input.checked === standard ? undefined : input.checked) } });
  input.checked = field.value ?? standard;
  return h("label", { class: "field check" }, input, h("span", {}, field.label));
}

/** @param {Field} field @param {any[]} options */
function menu(field, options) {
  const standard = field.schema.default;
  const shown = standard === undefined && field.value === undefined ? ["", ...options] : options;
  const left = (/** @type {string} */ value) => value === "" || value === standard;
  const select = h("select", { on: { change: () => field.set(left(select.value) ? undefined : select.value) } }, shown.map((o) => h("option", { value: o, selected: o === (field.value ?? standard) }, o)));
  return select;
}

/** @param {Field} field @param {any} kind */
function numeric(field, kind) {
  const read = () => {
    const text = input.value.trim();
    field.set(text === "" ? undefined : asNumber(text));
  };
  const input = h("input", {
    inputmode: kind.type === "integer" ? "numeric" : "decimal",
    value: field.value ?? "",
    placeholder: field.schema.default ?? "",
    on: { input: read },
  });
  return input;
}

/** A number where it is one; else the text, so that the service says what is wrong with it. @param {string} text */
export function asNumber(text) {
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}

/** @param {Field} field @param {any} kind */
function textual(field, kind) {
  const long = (kind.maxLength ?? 0) > 1000;
  const read = () => field.set(input.value === "" && "default" in field.schema ? undefined : input.value);
  const input = h(long ? "textarea" : "input", { value: field.value ?? "", rows: 2, on: { input: read } });
  return input;
}

/** Values between commas. @param {Field} field @param {(part: string) => any} read */
export function listField(field, read) {
  const parts = (/** @type {string} */ text) => text.split(",").map((p) => p.trim()).filter(Boolean).map(read);
  const input = h("input", {
    value: (field.value ?? []).join(", "),
    on: { input: () => field.set(input.value.trim() === "" ? undefined : parts(input.value)) },
  });
  return labelled(field, input);
}

/** A count of seeds, or the seeds themselves. @param {Field} field */
export function seedsField(field) {
  const given = field.value;
  const read = () => {
    const text = input.value.trim();
    if (text.includes(",")) field.set(text.split(",").map((/** @type {string} */ p) => p.trim()).filter(Boolean).map(asNumber));
    else field.set(text === "" ? undefined : asNumber(text));
  };
  const input = h("input", { value: Array.isArray(given) ? given.join(", ") : (given ?? ""), on: { input: read } });
  return labelled({ ...field, label: "Seeds, a count or a list" }, input);
}

/** `name: value` pairs between commas. @param {Field} field */
export function pairsField(field) {
  const text = Object.entries(field.value ?? {}).map(([k, v]) => `${k}: ${v}`).join(", ");
  const input = h("input", { value: text, placeholder: "weight_decay: 0.0001", on: { input: () => field.set(readPairs(input.value)) } });
  return labelled(field, input);
}

/** @param {string} text */
export function readPairs(text) {
  const parts = text.split(",").map((p) => p.trim()).filter(Boolean);
  if (parts.length === 0) return undefined;
  return Object.fromEntries(parts.map((part) => {
    const [name, ...rest] = part.split(":");
    return [name.trim(), scalar(rest.join(":").trim())];
  }));
}

/** @param {string} text */
export function scalar(text) {
  return text === "true" ? true : text === "false" ? false : asNumber(text);
}
