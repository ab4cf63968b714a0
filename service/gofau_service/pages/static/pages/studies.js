// @ts-check
/** All studies, live. */

import { call, query } from "../api.js";
import { button, byId, choice, h, put } from "../dom.js";
import { follow } from "../events.js";
import { duration, moment, words } from "../format.js";
import { complain } from "../notices.js";
import { startSession } from "../session.js";
import { badge, ended, isOpen, progressBar, rate } from "../status.js";
import { Throttle } from "../throttle.js";

const PAGE = 50;
const MOST = 1000;
const LEAST_MS = 500;

const STATES = ["queued", "running", "paused", "cancelling", "completed", "failed", "cancelled"];

/** Orders as the service names them, "-" for falling. @type {[string, string][]} */
const SORTS = [
  ["-created", "newest first"],
  ["created", "oldest first"],
  ["name", "name"],
  ["state", "state"],
  ["progress", "progress"],
  ["-rate", "fastest first"],
  ["time_left", "time left"],
  ["-trials", "most trials first"],
  ["owner", "owner"],
];

/** Columns: heading, class, and what a click on the heading sorts by. @type {[string, string, string][]} */
const COLUMNS = [
  ["", "pick", ""],
  ["Study", "", "name"],
  ["State", "", "state"],
  ["Progress", "", "progress"],
  ["Trials/s", "wide", "-rate"],
  ["Time left", "mid", "time_left"],
  ["Owner", "wide", "owner"],
  ["Tags", "wide", ""],
  ["Submitted", "wide", "-created"],
];

/** @type {Record<string, string>} */
const filter = {};
const chosen = /** @type {Set<string>} */ (new Set());
const rows = /** @type {Map<string, {text: string, row: any}>} */ (new Map());
let sort = "-created";
let limit = PAGE;
let asked = /** @type {symbol | null} */ (null);
const live = new Throttle(LEAST_MS, refresh);

const body = h("tbody");
const more = h("div", { class: "row" });
const compare = h("a", { class: "button", hidden: true });
const empty = h("p", { class: "faint", hidden: true });
const lost = h("p", { class: "notice", role: "status", hidden: true }, "The connection to the service is lost; it is being taken up again.");
const heads = h("tr", {});
const order = choice("Sort by", SORTS, sort, sortBy);

async function start() {
  startSession();
  drawHeads();
  put(byId("content"), filters(), lost, tableOf(), empty, more);
  refresh();
  try {
    await follow("/v1/studies/events", onChange, onConnection, new AbortController().signal);
  } catch (error) {
    complain(error);
  }
}

/** A study came, changed or went. */
function onChange() {
  live.later();
  return false;
}

/** @param {boolean} connected */
function onConnection(connected) {
  lost.hidden = connected;
}

/** @param {string} wanted */
function sortBy(wanted) {
  sort = wanted;
  const select = /** @type {HTMLSelectElement} */ (order.querySelector("select"));
  select.value = SORTS.some(([name]) => name === wanted) ? wanted : "";
  drawHeads();
  refresh();
}

function filters() {
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => {
    filter[name] = value;
    limit = PAGE;
    refresh();
  };
  const text = (/** @type {string} */ name, /** @type {string} */ label) => {
    const input = h("input", { type: "search", maxlength: 200, on: { input: () => set(name)(input.value) } });
    return h("label", { class: "choice" }, h("span", {}, label), input);
  };
  const states = /** @type {[string, string][]} */ ([["", "any"], ...STATES.map((s) => [s, words(s)])]);
  return h(
    "div",
    { class: "controls", role: "search" },
    text("name", "Name"),
    choice("State", states, "", set("state")),
    text("tag", "Tag"),
    order,
    compare,
    h("a", { class: "button main end", href: "/submit" }, "New study"),
  );
}

function tableOf() {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Studies" }, h("table", { class: "studies" }, h("thead", {}, heads), body));
}

function drawHeads() {
  const held = document.activeElement?.textContent;
  put(heads, COLUMNS.map(headOf));
  if (held && !document.activeElement?.closest("select")) [...heads.querySelectorAll("button")].find((one) => one.textContent === held)?.focus();
}

/** A click sorts by the column; another one turns the order around. @param {[string, string, string]} column */
function headOf([text, kind, by]) {
  if (!by) return h("th", { scope: "col", class: kind }, text || h("span", { class: "hidden" }, "Compare"));
  const name = by.replace("-", "");
  const falling = sort === `-${name}`;
  const sorted = falling ? "descending" : sort === name ? "ascending" : "none";
  const next = sort === by ? (falling ? name : `-${name}`) : by;
  return h("th", { scope: "col", class: kind, "aria-sort": sorted }, button(text, () => sortBy(next), { class: "heading" }));
}

async function refresh() {
  const mine = (asked = Symbol("refresh"));
  try {
    const page = await call(query("/v1/studies", { ...filter, sort, limit }));
    if (asked !== mine) return;
    complain(null);
    draw(page);
  } catch (error) {
    complain(error);
  }
}

/** @param {any} page */
function draw(page) {
  const wanted = page.items.map(rowOf);
  const held = document.activeElement;
  if (wanted.length !== body.children.length || wanted.some((/** @type {any} */ row, /** @type {number} */ k) => body.children[k] !== row)) body.replaceChildren(...wanted);
  if (held instanceof HTMLElement && held.isConnected && held !== document.activeElement) held.focus();
  const narrowed = Object.values(filter).some(Boolean);
  empty.hidden = wanted.length > 0;
  put(empty, narrowed ? "No study is like that." : "No study yet. ", !narrowed && h("a", { href: "/submit" }, "Start with a ready-made one."));
  const wider = () => {
    limit = Math.min(MOST, limit + 2 * PAGE);
    refresh();
  };
  put(more, page.next_cursor && limit < MOST && button("Show more", wider), page.next_cursor && limit >= MOST && `The first ${MOST} are shown; narrow the list to see others.`);
}

/** A row, made anew only when its study has changed. @param {any} study */
function rowOf(study) {
  const text = JSON.stringify(study);
  const known = rows.get(study.id);
  if (known?.text === text) return known.row;
  const row = makeRow(study);
  rows.set(study.id, { text, row });
  if (known?.row.contains(document.activeElement)) {
    const inside = [...known.row.querySelectorAll("a, input")].indexOf(document.activeElement);
    queueMicrotask(() => row.querySelectorAll("a, input")[inside]?.focus());
  }
  return row;
}

/** @param {any} study */
function makeRow(study) {
  const box = h("input", { type: "checkbox", "aria-label": `Compare ${study.name}`, on: { change: () => choose(study.id, box.checked) } });
  box.checked = chosen.has(study.id);
  return h(
    "tr",
    { "data-study": study.id },
    h("td", { class: "pick" }, box),
    h("th", { scope: "row" }, h("a", { href: `/studies/${encodeURIComponent(study.id)}` }, study.name), study.doubts.length > 0 && h("small", { class: "doubt", title: study.doubts.join(" ") }, study.doubts[0].split(". ")[0])),
    h("td", {}, badge(study.state)),
    h("td", {}, progressBar(study), h("small", {}, ended(study))),
    h("td", { class: "wide" }, isOpen(study) ? rate(study) : "–"),
    h("td", { class: "mid" }, isOpen(study) ? duration(study.eta_s) : "–"),
    h("td", { class: "wide" }, study.owner),
    h("td", { class: "wide" }, study.tags.map((/** @type {string} */ t) => h("span", { class: "tag" }, t))),
    h("td", { class: "wide when" }, moment(study.created_at)),
  );
}

/** @param {string} id @param {boolean} on */
function choose(id, on) {
  if (on) chosen.add(id);
  else chosen.delete(id);
  compare.hidden = chosen.size === 0;
  compare.href = `/compare?${[...chosen].map((one) => `study=${encodeURIComponent(one)}`).join("&")}`;
  put(compare, `Compare ${chosen.size}`);
}

start();
