// @ts-check
/** Studies side by side: every rule of each, on one scale, with paired differences. */

import { ApiError, call, query } from "../api.js";
import { onGrid } from "../axes.js";
import { button, byId, choice, h, jumps, put, section } from "../dom.js";
import { showComparisonFiles } from "../downloads.js";
import { factsOf, goalBetter, labelled } from "../facts.js";
import { words } from "../format.js";
import { Maps } from "../maps.js";
import { complain } from "../notices.js";
import { Numbers } from "../numbers.js";
import { showCurves, showDifferences, showMetrics, showVerdict } from "../report.js";
import { startSession } from "../session.js";

const wanted = new URLSearchParams(location.search).getAll("study");
const results = h("div", {}, h("p", { class: "waiting" }, "Loading…"));

async function start() {
  startSession();
  try {
    const page = await call(query("/v1/studies", { limit: 200 }));
    put(byId("content"), picker(page.items), results);
    if (wanted.length) await compare();
    else put(results, invitation(page.items));
  } catch (error) {
    complain(error);
  }
}

/** @param {any[]} studies */
function invitation(studies) {
  if (studies.length === 0) return h("div", { class: "empty" }, h("p", {}, "There is no study to compare yet."), h("a", { class: "button main", href: "/submit" }, "New study"));
  return h("div", { class: "empty" }, h("p", {}, "Choose one study to compare its rules, or several to compare them on the same seeds. Rules are paired by seed with the first study's."));
}

/** @param {string[]} ids */
function go(ids) {
  location.assign(`/compare?${ids.map((one) => `study=${encodeURIComponent(one)}`).join("&")}`);
}

/** @param {any[]} studies */
function picker(studies) {
  const left = studies.filter((s) => !wanted.includes(s.id));
  const options = /** @type {[string, string][]} */ ([["", "choose one"], ...left.map((s) => /** @type {[string, string]} */ ([s.id, `${s.name} (${words(s.state).toLowerCase()}, ${s.id})`]))]);
  const names = new Map(studies.map((s) => [s.id, s.name]));
  const chips = wanted.map((one, k) => chip(one, names.get(one) ?? one, k === 0 && wanted.length > 1));
  return h("div", { class: "controls" }, choice("Add a study", options, "", (one) => one && go([...wanted, one])), chips.length > 0 && h("ul", { class: "chips", "aria-label": "Compared" }, chips));
}

/** @param {string} id @param {string} name @param {boolean} isBaseline */
function chip(id, name, isBaseline) {
  const path = encodeURIComponent(id);
  return h(
    "li",
    { class: "chip" },
    h("a", { href: `/studies/${path}` }, name),
    isBaseline && h("small", {}, "baseline"),
    h("a", { class: "quiet button", href: `/submit?from=${path}`, "aria-label": `Copy and edit ${name}` }, "Copy and edit"),
    button("×", () => go(wanted.filter((w) => w !== id)), { class: "quiet", "aria-label": `Remove ${name}` }),
  );
}

/** Where the service's report on studies is. @param {string[]} [ids] */
function source(ids = wanted) {
  if (ids.length === 1) return `/v1/studies/${encodeURIComponent(ids[0])}/report`;
  return `/v1/compare?${ids.map((one) => `study=${encodeURIComponent(one)}`).join("&")}`;
}

async function compare() {
  const [titles, catalog, studies, report] = await Promise.all([
    call("/pages/metrics").then((list) => Object.fromEntries(list.map((/** @type {any} */ w) => [w.name, w]))),
    call("/v1/catalog"),
    Promise.all(wanted.map((one) => call(`/v1/studies/${encodeURIComponent(one)}`))),
    together(),
  ]);
  const place = Object.fromEntries(["verdict", "differences", "maps", "metrics", "curves", "downloads"].map((name) => [name, h("div", { class: name === "curves" ? "charts" : "", id: `at-${name}` })]));
  const parts = /** @type {[string, HTMLElement][]} */ ([
    ...(report ? [["Verdict", place.verdict], ["Differences on paired seeds", place.differences]] : []),
    ["Maps", place.maps],
    ...(report ? [["Numbers", place.metrics], ["Curves", place.curves]] : []),
    ["Downloads", place.downloads],
  ]);
  place.maps.className = "panel";
  put(results, specs(studies), jumps(parts.map(([title]) => title)), parts.map(([title, inside]) => section(title, inside)));
  if (report) {
    showVerdict(place.verdict, report, overall(studies));
    showDifferences(place.differences, report, titles);
    showMetrics(place.metrics, report, titles, true);
    showCurves(place.curves, report);
  }
  showComparisonFiles(place.downloads, studies, report && source());
  await drawMaps(place.maps, studies, report, catalog);
}

/** Progress of all as of one study. @param {any[]} studies */
function overall(studies) {
  return { progress: Math.min(...studies.map((s) => s.progress)), counts: { completed: Math.min(...studies.map((s) => s.counts.completed)) } };
}

/** The service's comparison; null where it has none to give. */
async function together() {
  try {
    return await call(source());
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || error.status === 401) throw error;
    complain(error);
    return null;
  }
}

/** What the specs differ in. @param {any[]} studies */
function specs(studies) {
  if (studies.length < 2) return null;
  const names = [...new Set(studies.flatMap((s) => Object.keys(s.spec)))].filter((name) => new Set(studies.map((s) => JSON.stringify(s.spec[name]))).size > 1 && !["name", "description", "tags"].includes(name));
  const rows = names.map((name) => h("tr", {}, h("th", { scope: "row" }, words(name)), studies.map((s) => h("td", {}, h("code", {}, JSON.stringify(s.spec[name]))))));
  return h(
    "details",
    {},
    h("summary", {}, names.length ? `Their specs differ in ${names.map((n) => words(n).toLowerCase()).join(", ")}` : "Their specs are the same"),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Differences of the specs" }, h("table", {}, h("thead", {}, h("tr", {}, h("td"), studies.map((s) => h("th", { scope: "col" }, s.name)))), h("tbody", {}, rows))),
  );
}

/**
 * Maps of all rules, on one scale those of one goal: another metric, or the other direction, has
 * maps of its own.
 * @param {Element} where @param {any[]} studies @param {any} report @param {any} catalog
 */
async function drawMaps(where, studies, report, catalog) {
  const goals = [...Map.groupBy(studies, (s) => labelled(s.goal.metric, goalBetter(s.goal)))];
  if (goals.length === 1) return drawTogether(where, studies, report, catalog);
  const places = goals.map(([goal, mine]) => [h("h3", {}, `${goal}: ${mine.map((s) => s.name).join(", ")}`), h("div", { class: "of-goal" })]);
  put(where, h("p", { class: "faint" }, "These studies have different goals, so each goal has maps and a scale of its own."), ...places.flat());
  const own = (/** @type {any[]} */ mine) => call(source(mine.map((s) => s.id))).catch(() => null);
  await Promise.all(goals.map(async ([, mine], k) => drawTogether(places[k][1], mine, await own(mine), catalog)));
}

/** Maps of all rules of studies with one goal on one scale. @param {Element} where @param {any[]} studies @param {any} report @param {any} catalog */
async function drawTogether(where, studies, report, catalog) {
  const axes = JSON.stringify(Object.keys(studies[0].spec.axes));
  if (studies.some((s) => JSON.stringify(Object.keys(s.spec.axes)) !== axes)) {
    return put(where, h("p", { class: "faint" }, "These studies have different axes, so their maps cannot be drawn side by side."));
  }
  const names = studies.map((s) => s.name);
  const labels = new Set(names).size === names.length ? names : studies.map((s) => s.id);
  const numbers = new Numbers(studies.map((s, k) => ({ id: s.id, label: studies.length > 1 ? labels[k] : undefined })));
  const [facts, ...others] = studies.map((s) => factsOf(s.spec, catalog));
  const shared = facts.metrics.filter(({ name }) => others.every((one) => one.metrics.some((m) => m.name === name)));
  const maps = new Maps((cell) => location.assign(`/studies/${encodeURIComponent(cell.study)}`), numbers, { ...facts, metrics: shared });
  put(where, maps.element);
  const seeds = studies[0].spec.seeds.filter((/** @type {number} */ n) => studies.every((s) => s.spec.seeds.includes(n)));
  const same = studies.every((s) => onGrid(s.spec) && JSON.stringify(s.spec.axes) === JSON.stringify(studies[0].spec.axes));
  await maps.update({ ...studies[0], spec: { ...studies[0].spec, seeds } }, await numbers.cells(), report, same);
}

start();
