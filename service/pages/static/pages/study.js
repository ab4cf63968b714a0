// @ts-check
/** One study, live: verdict first, then maps, numbers, curves, trials, files and the spec. */

import { all, ApiError, call } from "../api.js";
import { axesOf } from "../axes.js";
import { showCell } from "../cell.js";
import { showControls } from "../controls.js";
import { button, byId, h, put } from "../dom.js";
import { showDownloads } from "../downloads.js";
import { follow } from "../events.js";
import { Maps } from "../maps.js";
import { cellKey } from "../measures.js";
import { complain } from "../notices.js";
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
const maps = new Maps(openCell, oneSeed);
const parallel = new Parallel(openCell);

const state = {
  /** @type {any} */ study: null,
  /** @type {any[]} */ cells: [],
  /** @type {any} */ report: null,
  /** @type {any} */ job: null,
  /** @type {import("../report.js").Words} */ titles: {},
  connected: true,
  following: new AbortController(),
};

const cellsLater = new Throttle(1000, refreshCells);
const reportLater = new Throttle(5000, refreshReport);

async function start() {
  startSession();
  try {
    state.study = await call(path);
    const words = await call("/pages/metrics");
    state.titles = Object.fromEntries(words.map((/** @type {any} */ w) => [w.name, w]));
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
  const wide = Object.keys(study.spec.axes).length > 2 || !onGrid(study);
  put(
    byId("content"),
    study.spec.description && h("p", {}, study.spec.description),
    place.controls,
    h("div", { class: "card" }, place.status),
    section("Verdict", place.verdict),
    section("Maps", place.maps),
    wide && section("All axes at once", place.parallel),
    place.cell,
    section("Numbers", place.metrics),
    section("Curves", place.curves),
    section("Trials", place.trials),
    section("Downloads", place.downloads),
    section("Spec", place.spec),
  );
  place.curves.className = "charts";
  place.controls.className = "row";
  put(place.maps, onGrid(study) ? maps.element : h("p", { class: "faint" }, "This search draws its points anywhere in the ranges, so there is no grid to map; see all axes at once."));
  put(place.parallel, parallel.element);
  put(place.trials, new Trials(study).element);
  showDownloads(place.downloads, study);
  showVerdict(place.verdict, null, study);
  drawSpec();
}

/** @param {string} title @param {...any} parts */
function section(title, ...parts) {
  const name = `section-${title.toLowerCase().replaceAll(" ", "-")}`;
  return h("section", { "aria-labelledby": name }, h("h2", { id: name }, title), parts);
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
    state.cells = await all(`${path}/cells`, { limit: 10_000 });
    drawMaps();
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
  if (!state.report) put(place.metrics, h("p", { class: "faint" }, "Numbers appear with the first results."));
  drawMaps();
}

function drawMaps() {
  if (state.cells.length === 0) return;
  const axes = axesOf(state.study.spec, state.cells);
  if (onGrid(state.study)) maps.update(state.study, state.cells, state.report);
  if (axes.length > 2 || !onGrid(state.study)) parallel.update(state.study, state.cells, axes);
}

/** Whether every rule ran the same grid. @param {any} study */
function onGrid(study) {
  return (study.spec.search?.sampler ?? study.spec.search ?? "grid") === "grid" && !study.spec.refine;
}

/** @param {any} cell */
async function openCell(cell) {
  try {
    await showCell(place.cell, id, cell, state.study.goal);
  } catch (error) {
    complain(error);
  }
}

/** The goal metric of one seed, by cell. @param {number} seed */
async function oneSeed(seed) {
  const trials = await all(`${path}/trials`, { seed, limit: 1000 });
  const cap = state.report?.groups[0]?.cap ?? null;
  return new Map(trials.map((t) => [cellKey(t), seedValue(t, cap)]));
}

/** What a map shows of a trial; one stopped early has no value of its whole budget. @param {any} trial @param {number | null} cap */
function seedValue(trial, cap) {
  if (trial.outcome === "stopped_early") return null;
  return ["diverged", "nonfinite"].includes(trial.outcome) ? cap : trial.value;
}

start();
