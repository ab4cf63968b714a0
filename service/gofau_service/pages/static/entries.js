// @ts-check
/** Lists of things that the catalog names, and axes. */

import { button, h } from "./dom.js";
import { asNumber, scalar } from "./fields.js";
import { words } from "./format.js";

/**
 * Problems, directions or rules, each with its parameters.
 * @param {string} field @param {any[]} entries @param {any[]} known  of the catalog
 * @param {(entries: any[], redraw?: boolean) => void} set
 */
export function entryList(field, entries, known, set) {
  const one = words(field).slice(0, -1).toLowerCase();
  const add = () => set([...entries, { name: known.find((k) => !entries.some((e) => e.name === k.name))?.name ?? known[0].name }]);
  return h(
    "fieldset",
    {},
    h("legend", {}, words(field)),
    entries.map((entry, k) =>
      entryRow(`${field}[${k}]`, `${one} ${k + 1}`, entry, known, (changed, redraw) => set(changed ? entries.with(k, changed) : entries.toSpliced(k, 1), redraw)),
    ),
    button(`Add a ${one}`, add, { class: "quiet" }),
  );
}

/** @param {string} path @param {string} name @param {any} entry @param {any[]} known @param {(entry: any, redraw?: boolean) => void} set */
function entryRow(path, name, entry, known, set) {
  const select = h(
    "select",
    { "aria-label": `Name of ${name}`, "data-path": `${path}.name`, on: { change: () => set({ name: select.value }) } },
    known.map((k) => h("option", { value: k.name, selected: k.name === entry.name }, k.name)),
  );
  const of = known.find((k) => k.name === entry.name);
  const parameters = (of?.parameters ?? []).map((/** @type {any} */ p) => parameterInput(path, p, entry, set));
  const label = h("input", { value: entry.label ?? "", placeholder: "label", "aria-label": `Label of ${name}`, on: { input: () => set({ ...entry, label: label.value || undefined }, false) } });
  return h("div", { class: "entry" }, h("div", { class: "row" }, select, label, button("Remove", () => set(null), { class: "quiet", "aria-label": `Remove ${name}` })), h("div", { class: "parameters" }, parameters));
}

/** @param {string} path @param {any} p @param {any} entry @param {(entry: any, redraw?: boolean) => void} set */
function parameterInput(path, p, entry, set) {
  const read = () => {
    const kept = { ...entry.parameters };
    if (input.value.trim() === "") delete kept[p.name];
    else kept[p.name] = scalar(input.value.trim());
    entry.parameters = kept;
    set(entry, false);
  };
  const input = h("input", { value: entry.parameters?.[p.name] ?? "", placeholder: p.default === null ? "by an axis" : String(p.default), "data-path": `${path}.${p.name}`, on: { input: read } });
  return h("label", { class: "field", title: `${p.doc} (${p.expected})` }, h("span", {}, p.name), input);
}

/** @param {Record<string, any>} axes @param {string[]} names @param {(axes: Record<string, any>, redraw?: boolean) => void} set */
export function axisList(axes, names, set) {
  const rows = Object.entries(axes);
  const free = names.find((n) => !(n in axes)) ?? "";
  return h(
    "fieldset",
    {},
    h("legend", {}, "Axes"),
    h("datalist", { id: "axis-names" }, names.map((n) => h("option", { value: n }))),
    rows.map(([name, form], k) => axisRow(name, form, (key, value, redraw) => set(replaced(rows, k, key, value), redraw))),
    button("Add an axis", () => set({ ...axes, [free]: { log: [0.001, 1], points: 5 } }), { class: "quiet" }),
  );
}

/** @param {[string, any][]} rows @param {number} k @param {string | null} key @param {any} value */
function replaced(rows, k, key, value) {
  return Object.fromEntries(key === null ? rows.toSpliced(k, 1) : rows.with(k, [key, value]));
}

/** @param {string} name @param {any} form @param {(key: string | null, value: any, redraw?: boolean) => void} set */
function axisRow(name, form, set) {
  const kind = ["log", "linear", "values"].find((k) => form[k]) ?? "log";
  const input = (/** @type {string} */ label, /** @type {any} */ value, /** @type {any} */ more = {}) => {
    const made = h("input", { value, "aria-label": `${label} of axis ${name}`, "data-path": `axes.${name}`, ...more, on: { input: read } });
    return made;
  };
  const key = h("input", { value: name, list: "axis-names", "aria-label": "Name of the axis", on: { change: () => set(key.value.trim(), form) } });
  const select = h("select", { "aria-label": `Kind of axis ${name}`, on: { change: () => set(name, converted(form, kind, select.value)) } }, ["log", "linear", "values"].map((k) => h("option", { value: k, selected: k === kind }, k)));
  const parts = kind === "values" ? [input("Values", form.values.join(", "), { class: "long" })] : [input("First", form[kind][0]), input("Last", form[kind][1]), input("Points", form.points ?? "", { class: "short" })];
  const row = h("div", { class: "row axis" }, key, select, parts, button("Remove", () => set(null, null), { class: "quiet", "aria-label": `Remove axis ${name}` }));
  return row;

  function read() {
    const texts = parts.map((p) => p.value);
    if (kind === "values") return set(name, { values: texts[0].split(",").map((/** @type {string} */ t) => t.trim()).filter(Boolean).map(asNumber) }, false);
    const points = texts[2].trim() === "" ? {} : { points: asNumber(texts[2]) };
    return set(name, { [kind]: [asNumber(texts[0]), asNumber(texts[1])], ...points }, false);
  }
}

/** The same range in another form. @param {any} form @param {string} from @param {string} to */
function converted(form, from, to) {
  const ends = from === "values" ? [form.values[0], form.values[form.values.length - 1]] : form[from];
  return to === "values" ? { values: ends } : { [to]: ends, points: form.points ?? 5 };
}

