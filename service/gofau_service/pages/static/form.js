// @ts-check
/** The form: one field for each property of the spec's schema, in the schema's order. */

import { h, put } from "./dom.js";
import { axisList, entryList } from "./entries.js";
import { asNumber, listField, pairsField, plainField, seedsField } from "./fields.js";
import { words } from "./format.js";

const NAMED = { ProblemSpec: "problems", DirectionSpec: "directions", RuleSpec: "rules" };

/** A form over a spec as plain data. */
export class SpecForm {
  /**
   * @param {Record<string, any>} schemas  of the API's document
   * @param {any} catalog
   * @param {(spec: any) => void} onChange
   */
  constructor(schemas, catalog, onChange) {
    this.schemas = schemas;
    this.catalog = catalog;
    this.onChange = onChange;
    /** @type {Record<string, any>} */ this.spec = {};
    this.element = h("form", { class: "spec", "aria-label": "Spec as a form", on: { submit: (/** @type {Event} */ e) => e.preventDefault() } });
  }

  /** Show a spec. @param {Record<string, any>} spec */
  fill(spec) {
    this.spec = tidy(spec);
    this.draw();
  }

  draw() {
    const { properties, required } = this.schemas.StudySpec;
    const names = Object.keys(properties).filter((name) => properties[name].const === undefined);
    const rare = names.filter((name) => !required.includes(name) && !["description", "tags"].includes(name));
    const usual = names.filter((name) => !rare.includes(name));
    const open = this.element.querySelector("details")?.open;
    put(
      this.element,
      ...usual.map((name) => this.field(name, properties[name], name, this.spec)),
      h("details", { open }, h("summary", {}, "More settings"), rare.map((name) => this.field(name, properties[name], name, this.spec))),
    );
  }

  /** @param {string} name @param {any} schema @param {string} path @param {any} holder @param {() => void} [keep]  called after the holder has changed @returns {HTMLElement} */
  field(name, schema, path, holder, keep = () => {}) {
    const set = (/** @type {any} */ value, redraw = false) => this.set(holder, name, value, redraw, keep);
    const field = { path, label: words(name), schema, value: holder[name], set };
    const item = target(schema.items ?? schema.additionalProperties ?? schema);
    if (item in NAMED) return entryList(name, holder[name] ?? [], this.catalog[name], (v, redraw = true) => set(v, redraw));
    if (item === "Axis") return axisList(holder[name] ?? {}, this.axisNames(), (v, redraw = true) => set(v, redraw));
    if (item) return this.group(name, this.schemas[item], path, holder);
    if (name === "seeds") return seedsField(field);
    if (schema.type === "array") return listField(field, schema.items.type === "string" ? String : asNumber);
    if (schema.type === "object") return pairsField(field);
    return plainField(field);
  }

  /** @param {string} name @param {any} schema @param {string} path @param {any} holder */
  group(name, schema, path, holder) {
    const given = holder[name];
    const inner = typeof given === "string" ? { [Object.keys(schema.properties)[0]]: given } : { ...given };
    const keep = () => {
      if (Object.keys(inner).length) holder[name] = inner;
      else delete holder[name];
    };
    const parts = Object.entries(schema.properties).map(([key, part]) => this.field(key, part, `${path}.${key}`, inner, keep));
    return h("fieldset", { class: "inline" }, h("legend", {}, words(name)), parts);
  }

  /** Names that an axis may have: its own settings, and what the chosen rules and directions take. */
  axisNames() {
    const chosen = ["rules", "directions"].flatMap((list) =>
      (this.spec[list] ?? []).flatMap((/** @type {any} */ e) => this.catalog[list].find((/** @type {any} */ k) => k.name === e.name)?.parameters ?? []),
    );
    const all = [...this.catalog.axes, ...chosen].map((p) => p.name);
    return [...new Set(["lr", ...all])];
  }

  /** @param {any} holder @param {string} name @param {any} value @param {boolean} redraw @param {() => void} keep */
  set(holder, name, value, redraw, keep) {
    if (value === undefined) delete holder[name];
    else holder[name] = value;
    keep();
    if (redraw) this.draw();
    this.onChange(this.ordered());
  }

  /** The spec in the schema's order, entries as people write them. */
  ordered() {
    const names = Object.keys(this.schemas.StudySpec.properties).filter((name) => this.spec[name] !== undefined);
    return Object.fromEntries(names.map((name) => [name, Object.values(NAMED).includes(name) ? this.spec[name].map(flat) : this.spec[name]]));
  }

  /** Mark the fields that the service found faults in. @param {{path: string}[]} errors */
  mark(errors) {
    for (const input of this.element.querySelectorAll("[data-path]")) {
      const path = input.getAttribute("data-path");
      const bad = errors.some((e) => e.path === path || (path && e.path.startsWith(`${path}.`)));
      if (bad) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
}

/** Name of the model that a schema refers to, or "". @param {any} schema */
function target(schema) {
  const one = schema?.anyOf?.find((/** @type {any} */ option) => option.$ref) ?? schema;
  return one?.$ref?.split("/").pop() ?? "";
}

/** `{name, gamma: 0.5}` in place of `{name, parameters: {gamma: 0.5}}`; a name alone where that is all. @param {any} entry */
function flat(entry) {
  const { name, label, parameters, ...rest } = entry;
  const full = { name, ...(label ? { label } : {}), ...parameters, ...rest };
  return Object.keys(full).length === 1 ? name : full;
}

/** A validated spec as people would have written it: counted seeds, no labels that name themselves. @param {any} spec */
function tidy(spec) {
  const data = structuredClone(spec);
  const counted = data.seeds?.every((/** @type {any} */ seed, /** @type {number} */ k) => seed === k);
  if (counted) data.seeds = data.seeds.length;
  for (const list of Object.values(NAMED)) {
    for (const entry of data[list] ?? []) {
      if (entry.label === entry.name || entry.label?.startsWith(`${entry.name}(`)) delete entry.label;
    }
  }
  return data;
}
