// @ts-check
/** Who is using the page: a token for this tab, asked for when the service demands one. */

import { call, setToken, token } from "./api.js";
import { button, byId, h, put } from "./dom.js";
import { complain } from "./notices.js";

/** Show the account corner and ask for a token whenever the service refuses. */
export function startSession() {
  drawAccount();
  addEventListener("gofau:unauthorized", () => askForToken());
  addEventListener("unhandledrejection", (event) => complain(event.reason));
}

function drawAccount() {
  const out = () => {
    setToken(null);
    location.reload();
  };
  put(byId("account"), token() ? button("Forget token", out, { class: "quiet" }) : null);
}

function askForToken() {
  if (document.querySelector("dialog.sign-in")) return;
  const refused = Boolean(token());
  const field = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
  const said = h("p", { role: "alert", class: "bad" }, refused && "The token is unknown, expired or revoked.");
  const form = h(
    "form",
    {
      on: {
        submit: (/** @type {Event} */ event) => {
          event.preventDefault();
          tryToken(field.value.trim(), said);
        },
      },
    },
    h("h2", { id: "sign-in-title" }, "This service asks for a token"),
    h("p", {}, "It is kept in this tab only and forgotten when the tab closes."),
    h("label", { for: "token" }, "Token"),
    field,
    said,
    h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, "Use token")),
  );
  const dialog = h("dialog", { class: "sign-in", "aria-labelledby": "sign-in-title" }, form);
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {string} value @param {Element} said */
async function tryToken(value, said) {
  const before = token();
  setToken(value);
  try {
    await call("/v1/limits");
    location.reload();
  } catch (error) {
    setToken(before);
    put(said, /** @type {Error} */ (error).message);
  }
}
