// @ts-check
/** One study, live: verdict first, then maps, numbers, curves, trials, files and the spec. */

import { ApiError, call } from "../api.js";
import { axesOf, onGrid } from "../axes.js";
import { showCell } from "../cell.js";
import { showControls } from "../controls.js";
import { button, byId, h, jumps, put, section } from "../dom.js";
import { showDownloads } from "../downloads.js";
import { follow } from "../events.js";
import { factsOf } from "../facts.js";
import { Maps } from "../maps.js";
import { complain } from "../notices.js";
import { Numbers } from "../numbers.js";
import { Parallel } from "../parallel.js";
import { showCurves, showMetrics, showVerdict } from "../report.js";
import { startSession } from "../session.js";
import { showStatus } from "../status.js";
import { Throttle } from "../throttle.js";
import { Trials } from "../trials.js";

const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const path = `/v1/studies/${encodeURIComponent(id)}`;

const place = Object.fromEntries(
  ["status", "controls", "verdict", "maps", "cell", "parallel", "metrics", "curves", "trials", "downloads", "spec"].map((name) => [name, h("div", { id: `at-${name}` })]),
);
const numbers = new Numbers([{ id }]);
/** @type {Maps} */ let maps;
const parallel = new Parallel(openCell);

const state = {
  /** @type {any} */ study: null,
  /** @type {any[]} */ cells: [],
  /** @type {any} */ report: null,
  /** @type {any} */ job: null,
  /** @type {any} */ facts: null,
  /** @type {import("../report.js").Words} */ titles: {},
  connected: true,
  following: new AbortController(),
};

const cellsLater = new Throttle(1000, refreshCells);
const reportLater = new Throttle(5000, refreshReport);

async function start() {
  startSession();
  try {
    const [study, words, catalog] = await Promise.all([call(path), call("/pages/metrics"), call("/v1/catalog")]);
    state.study = study;
    state.titles = Object.fromEntries(words.map((/** @type {any} */ w) => [w.name, w]));
    state.facts = factsOf(study.spec, catalog);
    maps = new Maps(openCell, numbers, state.facts);
    skeleton();
    drawStatus();
    refreshJob();
    watch();
    cellsLater.now();
    reportLater.now();
  } catch (error) {
    put(byId("content"));
    complain(error);
  }
}

function skeleton() {
  const { study } = state;
  document.title = `${study.name} · Gofau`;
  put(byId("title"), study.name);
  place.cell.hidden = true;
  place.cell.className = "card";
  const wide = Object.keys(study.spec.axes).length > 2 || !onGrid(study.spec);
  const parts = /** @type {[string, ...HTMLElement[]][]} */ ([
    ["Verdict", place.verdict],
    ["Maps", place.maps, place.cell],
    ...(wide ? [["All axes at once", place.parallel]] : []),
    ["Numbers", place.metrics],
    ["Curves", place.curves],
    ["Trials", place.trials],
    ["Downloads", place.downloads],
    ["Spec", place.spec],
  ]);
  put(
    byId("content"),
    h("div", { class: "title" }, h("p", { class: "lead" }, study.spec.description), place.controls),
    h("div", { class: "card status" }, place.status),
    jumps(parts.map(([title]) => title)),
    parts.map(([title, ...inside]) => section(title, ...inside)),
  );
  place.curves.className = "charts";
  place.controls.className = "row";
  place.maps.className = place.parallel.className = "panel";
  put(place.maps, maps.element);
  put(place.parallel, parallel.element);
  put(place.trials, new Trials(study, state.facts).element);
  showDownloads(place.downloads, study);
  showVerdict(place.verdict, null, study);
  for (const name of ["metrics", "curves"]) put(place[name], h("p", { class: "waiting" }, "Loading…"));
  drawSpec();
}

function drawSpec() {
  const text = state.study.source;
  const copied = h("span", { role: "status" });
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    put(copied, "Copied.");
  };
  put(
    place.spec,
    h("div", { class: "row" }, h("a", { class: "button", href: `/submit?from=${encodeURIComponent(id)}` }, "Copy and edit"), navigator.clipboard && button("Copy the text", copy), copied),
    h("p", { class: "faint" }, "Hash ", h("code", {}, state.study.spec_hash)),
    h("pre", { tabindex: 0, "aria-label": "Spec as submitted" }, text),
  );
}

function drawStatus() {
  showStatus(place.status, state.study, state.job, state.connected);
  showControls(place.controls, state.study, again);
}

async function watch() {
  const { following } = state;
  try {
    await follow(`${path}/events`, onProgress, onConnection, following.signal);
  } catch (error) {
    complain(error);
  }
}

/** @param {{event: string, data: any}} event */
function onProgress({ event, data }) {
  if (event !== "progress") return false;
  const first = state.study.state !== data.state;
  state.study = { ...state.study, ...data };
  const final = ["completed", "failed", "cancelled"].includes(data.state);
  drawStatus();
  if (first) refreshJob();
  if (final) {
    cellsLater.now();
    reportLater.now();
  } else {
    cellsLater.later();
    if (data.counts.completed) reportLater.later();
  }
  return final;
}

/** @param {boolean} connected */
function onConnection(connected) {
  if (connected !== state.connected) {
    state.connected = connected;
    drawStatus();
  }
}

/** After something was done: look anew, and follow again. */
async function again() {
  state.following.abort();
  state.following = new AbortController();
  state.study = await call(path);
  drawStatus();
  drawSpec();
  cellsLater.now();
  reportLater.now();
  watch();
}

async function refreshJob() {
  try {
    state.job = await call(`/pages${path.slice(3)}/job`);
    drawStatus();
  } catch (error) {
    complain(error);
  }
}

async function refreshCells() {
  try {
    state.cells = await numbers.cells();
    await drawMaps();
  } catch (error) {
    complain(error);
  }
}

async function refreshReport() {
  try {
    state.report = await call(`${path}/report`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) return complain(error);
    state.report = null;
  }
  showVerdict(place.verdict, state.report, state.study);
  showMetrics(place.metrics, state.report, state.titles);
  showCurves(place.curves, state.report);
  if (!state.report) put(place.curves, h("p", { class: "waiting" }, "Curves appear with the first results."));
  if (!state.report) put(place.metrics, h("p", { class: "waiting" }, "Numbers appear with the first results."));
  await drawMaps();
}

async function drawMaps() {
  const { study, cells, report } = state;
  if (cells.length === 0) return;
  await maps.update(study, cells, report);
  const axes = axesOf(study.spec, cells);
  if (axes.length > 2 || !onGrid(study.spec)) parallel.update(study, cells, axes, state.facts.of(study.goal.metric)?.unit);
}

/** @param {any} cell */
async function openCell(cell) {
  try {
    await showCell(place.cell, id, cell, state.study.goal, state.facts);
  } catch (error) {
    complain(error);
  }
}

start();
