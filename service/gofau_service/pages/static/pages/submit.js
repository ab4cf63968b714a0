// @ts-check
/** A new study: form and editor side by side, checked as you type, priced before it is sent. */

import { ApiError, call } from "../api.js";
import { byId, choice, h, put } from "../dom.js";
import { SpecForm } from "../form.js";
import { count, duration } from "../format.js";
import { complain, describe } from "../notices.js";
import { startSession } from "../session.js";
import { toYaml } from "../yaml.js";

const PAUSE_MS = 250;
const YAML = "application/yaml";

const editor = h("textarea", { id: "yaml", spellcheck: "false", autocapitalize: "off", rows: 20, on: { input: () => edited("editor") } });
const verdict = h("div", { class: "card", id: "check", role: "status" });
const reuse = h("input", { type: "checkbox", checked: true });
const send = h("button", { type: "button", class: "main", disabled: true, on: { click: submit } }, "Submit the study");
const decision = h("div", { class: "row" }, h("label", { class: "check" }, reuse, h("span", {}, "Take results that are there already")), send);

/** @type {SpecForm} */ let form;
let timer = 0;
let asked = /** @type {symbol | null} */ (null);
let key = freshKey();

async function start() {
  startSession();
  try {
    const [document_, catalog, examples] = await Promise.all([call("/openapi.json"), call("/v1/catalog"), call("/pages/examples")]);
    form = new SpecForm(document_.components.schemas, catalog, (spec) => {
      editor.value = toYaml(spec);
      edited("form");
    });
    layout(examples);
    const from = new URLSearchParams(location.search).get("from");
    await load(from ? (await call(`/v1/studies/${encodeURIComponent(from)}`)).source : first(examples).text);
  } catch (error) {
    complain(error);
  }
}

/** A small study to begin with. @param {{name: string, text: string}[]} examples */
function first(examples) {
  return examples.find((e) => e.name === "digits-mlp") ?? examples[0];
}

/** @param {{name: string, text: string}[]} examples */
function layout(examples) {
  const options = /** @type {[string, string][]} */ ([["", "choose one"], ...examples.map((e) => /** @type {[string, string]} */ ([e.name, e.name]))]);
  const use = (/** @type {string} */ name) => {
    const example = examples.find((e) => e.name === name);
    if (example) load(example.text);
  };
  put(
    byId("content"),
    h("div", { class: "controls" }, choice("Start from a ready-made study", options, "", use)),
    h("div", { class: "editor" }, h("section", { "aria-label": "Form" }, form.element), h("section", { "aria-label": "Editor" }, h("label", { for: "yaml" }, "The same as YAML"), editor, verdict, decision)),
  );
}

/** @param {string} text */
async function load(text) {
  editor.value = text;
  await check("editor");
  if (text.trimStart().startsWith("{") && !send.disabled) editor.value = toYaml(form.ordered());
}

/** @param {"form" | "editor"} by */
function edited(by) {
  send.disabled = true;
  key = freshKey();
  clearTimeout(timer);
  timer = setTimeout(() => check(by), PAUSE_MS);
}

/** Ask the service what it thinks of the text. @param {"form" | "editor"} by */
async function check(by) {
  const mine = (asked = Symbol("check"));
  const text = editor.value;
  try {
    const estimate = await call("/v1/studies/validate", { method: "POST", body: text, type: YAML });
    const spec = by === "editor" && (await call("/pages/spec", { method: "POST", body: text, type: YAML }));
    if (asked !== mine) return;
    if (spec) form.fill(spec);
    form.mark([]);
    complain(null);
    showEstimate(estimate);
    send.disabled = false;
  } catch (error) {
    if (asked === mine) refuse(error);
  }
}

/** @param {unknown} error */
function refuse(error) {
  verdict.className = "card bad";
  put(verdict, h("h2", {}, "Not yet"), ...describe(error).filter(Boolean));
  if (error instanceof ApiError) form.mark(error.errors);
}

/** @param {any} e */
function showEstimate(e) {
  verdict.className = "card good";
  const run = e.trials - e.reusable;
  const time = e.seconds === null ? "No trial like these has run yet, so the time is unknown." : `About ${duration(e.seconds)} on one worker (${duration(e.seconds_per_trial)} a trial).`;
  put(
    verdict,
    h("h2", {}, "Ready"),
    h("p", {}, `${count(e.trials)} trials in ${count(e.cells)} cells, at most ${count(e.packs)} packs. ${e.reusable ? `Up to ${count(e.reusable)} results are there already, if the workers find the same data: then ${count(run)} trials run. ` : ""}${time}`),
  );
}

async function submit() {
  send.disabled = true;
  complain(null);
  try {
    const path = `/v1/studies?reuse=${reuse.checked}`;
    const study = await call(path, { method: "POST", body: editor.value, type: YAML, headers: { "Idempotency-Key": key } });
    location.assign(`/studies/${encodeURIComponent(study.id)}`);
  } catch (error) {
    complain(error);
    send.disabled = false;
  }
}

/** The same until the text changes, so that pressing twice submits once. */
function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

start();
