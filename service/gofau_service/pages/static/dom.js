// @ts-check
/**
 * Elements made from text and attributes. Nothing on this page parses HTML: the browser is told
 * to refuse it, so what a person typed can only ever be text.
 */

const SVG = "http://www.w3.org/2000/svg";

let choices = 0;

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, any>} Props  attributes; `on` holds listeners, `style` properties
 */

/**
 * An HTML element.
 * @param {string} tag @param {Props} [props] @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/**
 * An SVG element.
 * @param {string} tag @param {Props} [props] @param {...(Child | Child[])} children
 * @returns {any}
 */
export function s(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** @param {Element} element @param {Props} props @param {(Child | Child[])[]} children */
function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) set(/** @type {any} */ (element), name, value);
  element.append(...known(children));
  return element;
}

/** @param {any} element @param {string} name @param {any} value */
function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") {
    for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  } else if (name === "style") {
    for (const [key, part] of Object.entries(value)) element.style.setProperty(key, part);
  } else if (name === "value" && "value" in element) {
    element.value = value;
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** @param {(Child | Child[])[]} children @returns {(Node | string)[]} */
function known(children) {
  return children
    .flat()
    .filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : String(c)));
}

/** Replace what an element holds. @param {Element} element @param {...(Child | Child[])} children */
export function put(element, ...children) {
  element.replaceChildren(...known(children));
}

/** The element of an id. @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * A labelled select.
 * @param {string} label @param {(string | [string, string] | [string, string, string])[]} options  values, or [value, text, group]
 * @param {string} value @param {(value: string) => void} onChange
 */
export function choice(label, options, value, onChange) {
  const pairs = options.map((o) => (typeof o === "string" ? [o, o] : o));
  const id = `choice-${++choices}`;
  const select = h(
    "select",
    { id, on: { change: () => onChange(select.value) } },
    grouped(pairs, value),
  );
  return h("div", { class: "choice" }, h("label", { for: id }, label), select);
}

/** @param {string[][]} options @param {string} value */
function grouped(options, value) {
  const groups = Map.groupBy(options, ([, , group]) => group ?? "");
  return [...groups].flatMap(([group, members]) => {
    const made = members.map(([key, text]) => h("option", { value: key, selected: key === value }, text));
    return group ? [h("optgroup", { label: group }, made)] : made;
  });
}

/** A text as part of a file's name. @param {string} text */
export function slug(text) {
  return text.replace(/[^\w.-]+/g, "-");
}

/** A button. @param {string} text @param {() => void} onClick @param {Props} [props] */
export function button(text, onClick, props = {}) {
  return h("button", { type: "button", ...props, on: { click: onClick } }, text);
}

/** A part of a page under a heading of its own. @param {string} title @param {...(Child | Child[])} parts */
export function section(title, ...parts) {
  const name = sectionId(title);
  return h("section", { "aria-labelledby": name }, h("h2", { id: name }, title), ...parts);
}

/** Links to the sections of a page. @param {string[]} titles */
export function jumps(titles) {
  return h("nav", { class: "jump", "aria-label": "Sections" }, titles.map((title) => h("a", { href: `#${sectionId(title)}` }, title)));
}

/** @param {string} title */
function sectionId(title) {
  return `section-${title.toLowerCase().replaceAll(" ", "-")}`;
}

/** A table. @param {string} caption @param {Child[]} heads @param {Child[][]} rows */
export function table(caption, heads, rows) {
  const body = rows.map(([first, ...rest]) =>
    h("tr", {}, h("th", { scope: "row" }, first), rest.map((cell) => h("td", {}, cell))),
  );
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, body),
    ),
  );
}

/** Hand a file to the person. @param {string} name @param {Blob} blob */
export function save(name, blob) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
