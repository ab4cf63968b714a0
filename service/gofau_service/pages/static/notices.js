// @ts-check
/** What went wrong, at the top of the page, and questions before something is done. */

import { ApiError } from "./api.js";
import { button, byId, h, put } from "./dom.js";

/** Say what went wrong; null clears it. @param {unknown} error */
export function complain(error) {
  if (error === null) return put(byId("notices"));
  if (error instanceof ApiError && error.status === 401) return;
  put(byId("notices"), h("div", { class: "notice" }, describe(error)));
}

/** An error with its faults, as elements. @param {unknown} error */
export function describe(error) {
  if (!(error instanceof ApiError)) return [h("p", {}, "The service does not answer. ", String(error))];
  return [
    h("p", {}, h("strong", {}, error.title), ": ", error.message),
    error.errors.length > 0 && h("ul", {}, error.errors.map(fault)),
  ];
}

/** @param {{path: string, got: unknown, expected: string}} error */
function fault(error) {
  const got = typeof error.got === "string" ? error.got : JSON.stringify(error.got);
  return h("li", {}, h("code", {}, error.path || "the spec"), `: got ${got}, expected ${error.expected}`);
}

/**
 * Ask before doing. Resolves to the form's values, or null when the person thinks better of it.
 * @param {string} title @param {string} text @param {string} action
 * @param {HTMLElement[]} [fields]  inputs with names
 * @returns {Promise<Record<string, string> | null>}
 */
export function confirm(title, text, action, fields = []) {
  return new Promise((done) => {
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: "confirm-title" }, title),
      h("p", {}, text),
      fields,
      h(
        "div",
        { class: "row" },
        button("Back", () => dialog.close("")),
        h("button", { type: "submit", class: "main", value: "yes" }, action),
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": "confirm-title" }, form);
    dialog.addEventListener("close", () => {
      const values = /** @type {any} */ (Object.fromEntries(new FormData(form)));
      dialog.remove();
      done(dialog.returnValue === "yes" ? values : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
