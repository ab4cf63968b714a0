// @ts-check
/** All studies, live. */

import { call, query } from "../api.js";
import { button, byId, choice, h, put } from "../dom.js";
import { duration, moment, words } from "../format.js";
import { complain } from "../notices.js";
import { startSession } from "../session.js";
import { badge, ended, isOpen, progressBar, rate } from "../status.js";

const PAGE = 50;
const MOST = 1000;
const [BUSY_MS, IDLE_MS] = [1000, 2500];

const STATES = ["queued", "running", "paused", "cancelling", "completed", "failed", "cancelled"];

/** @type {[string, string, (study: any) => any][]} */
const SORTS = [
  ["created_at", "newest first", (s) => -Date.parse(s.created_at)],
  ["name", "name", (s) => s.name.toLowerCase()],
  ["state", "state", (s) => STATES.indexOf(s.state)],
  ["progress", "progress", (s) => s.progress],
  ["eta_s", "time left", (s) => s.eta_s ?? Infinity],
  ["trials", "most trials first", (s) => -s.trials],
  ["owner", "owner", (s) => s.owner],
];

/** @type {Record<string, string>} */
const filter = {};
const chosen = /** @type {Set<string>} */ (new Set());
const rows = /** @type {Map<string, {text: string, row: any}>} */ (new Map());
let sort = "created_at";
let limit = PAGE;
let timer = 0;
let asked = /** @type {symbol | null} */ (null);

const body = h("tbody");
const more = h("div", { class: "row" });
const compare = h("a", { class: "button", hidden: true });
const empty = h("p", { class: "faint", hidden: true });

function start() {
  startSession();
  put(byId("content"), filters(), tableOf(), empty, more);
  document.addEventListener("visibilitychange", () => !document.hidden && refresh());
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
    choice("Sort by", SORTS.map(([key, label]) => /** @type {[string, string]} */ ([key, label])), sort, (value) => {
      sort = value;
      refresh();
    }),
    compare,
    h("a", { class: "button main", href: "/submit" }, "New study"),
  );
}

function tableOf() {
  const heads = [
    ["", "pick"], ["Study", ""], ["State", ""], ["Progress", ""], ["Trials/s", "wide"], ["Time left", "mid"], ["Owner", "wide"], ["Tags", "wide"], ["Submitted", "wide"],
  ];
  const head = heads.map(([text, kind]) => h("th", { scope: "col", class: kind }, text || h("span", { class: "hidden" }, "Compare")));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Studies" }, h("table", { class: "studies" }, h("thead", {}, h("tr", {}, head)), body));
}

async function refresh() {
  clearTimeout(timer);
  const mine = (asked = Symbol("refresh"));
  let pause = IDLE_MS;
  try {
    const page = await call(query("/v1/studies", { ...filter, limit }));
    if (asked !== mine) return;
    complain(null);
    draw(page);
    if (page.items.some(isOpen)) pause = BUSY_MS;
  } catch (error) {
    complain(error);
  }
  if (asked === mine && !document.hidden) timer = setTimeout(refresh, pause);
}

/** @param {any} page */
function draw(page) {
  const key = SORTS.find(([name]) => name === sort)?.[2] ?? SORTS[0][2];
  const sorted = page.items.toSorted((/** @type {any} */ a, /** @type {any} */ b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  const wanted = sorted.map(rowOf);
  const held = document.activeElement;
  if (wanted.length !== body.children.length || wanted.some((/** @type {any} */ row, /** @type {number} */ k) => body.children[k] !== row)) body.replaceChildren(...wanted);
  if (held instanceof HTMLElement && held.isConnected && held !== document.activeElement) held.focus();
  const narrowed = Object.values(filter).some(Boolean);
  empty.hidden = sorted.length > 0;
  put(empty, narrowed ? "No study is like that." : "No study yet. ", !narrowed && h("a", { href: "/submit" }, "Start with a ready-made one."));
  const wider = () => {
    limit = Math.min(MOST, limit + 2 * PAGE);
    refresh();
  };
  put(more, page.next_cursor && limit < MOST && button("Show more", wider), page.next_cursor && limit >= MOST && `The newest ${MOST} are shown; narrow the list to see others.`);
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
    h("th", { scope: "row" }, h("a", { href: `/studies/${encodeURIComponent(study.id)}` }, study.name)),
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
