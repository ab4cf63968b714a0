// @ts-check
/** Studies side by side: every rule of each, on one scale, with paired differences. */

import { all, ApiError, call, query } from "../api.js";
import { button, byId, choice, h, put } from "../dom.js";
import { words } from "../format.js";
import { Maps } from "../maps.js";
import { complain } from "../notices.js";
import { showCurves, showMetrics, showVerdict } from "../report.js";
import { startSession } from "../session.js";

const wanted = new URLSearchParams(location.search).getAll("study");
const results = h("div");

async function start() {
  startSession();
  try {
    const page = await call(query("/v1/studies", { limit: 200 }));
    put(byId("content"), picker(page.items), results);
    if (wanted.length) await compare();
    else put(results, h("p", { class: "faint" }, "Choose two studies, or one to compare its rules."));
  } catch (error) {
    complain(error);
  }
}

/** @param {any[]} studies */
function picker(studies) {
  const options = /** @type {[string, string][]} */ ([["", "choose one"], ...studies.map((s) => /** @type {[string, string]} */ ([s.id, `${s.name} (${words(s.state).toLowerCase()}, ${s.id})`]))]);
  const go = (/** @type {string[]} */ ids) => location.assign(`/compare?${ids.map((one) => `study=${encodeURIComponent(one)}`).join("&")}`);
  const names = new Map(studies.map((s) => [s.id, s.name]));
  const chips = wanted.map((one) => h("span", { class: "tag" }, h("a", { href: `/studies/${encodeURIComponent(one)}` }, names.get(one) ?? one), " ", button("×", () => go(wanted.filter((w) => w !== one)), { class: "quiet", "aria-label": `Remove ${names.get(one) ?? one}` })));
  return h("div", { class: "controls" }, chips, choice("Add a study", options, "", (one) => one && !wanted.includes(one) && go([...wanted, one])));
}

async function compare() {
  const [titles, studies] = await Promise.all([
    call("/pages/metrics").then((list) => Object.fromEntries(list.map((/** @type {any} */ w) => [w.name, w]))),
    Promise.all(wanted.map((one) => call(`/v1/studies/${encodeURIComponent(one)}`))),
  ]);
  const report = await together();
  const place = Object.fromEntries(["verdict", "maps", "metrics", "curves"].map((name) => [name, h("div", { class: name === "curves" ? "charts" : "" })]));
  put(
    results,
    differences(studies),
    report && section("Verdict", place.verdict),
    section("Maps", place.maps),
    report && section("Numbers", place.metrics),
    report && section("Curves", place.curves),
  );
  if (report) {
    showVerdict(place.verdict, report, { ...studies[0], progress: Math.min(...studies.map((s) => s.progress)) });
    showMetrics(place.metrics, report, titles);
    showCurves(place.curves, report);
    for (const details of place.metrics.querySelectorAll("details")) details.open = true;
  }
  await drawMaps(place.maps, studies, report);
}

/** The service's comparison; null where it has none to give. */
async function together() {
  const one = `/v1/studies/${encodeURIComponent(wanted[0])}/report`;
  const path = wanted.length === 1 ? one : `/v1/compare?${wanted.map((w) => `study=${encodeURIComponent(w)}`).join("&")}`;
  try {
    return await call(path);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || error.status === 401) throw error;
    complain(error);
    return null;
  }
}

/** What the specs differ in. @param {any[]} studies */
function differences(studies) {
  if (studies.length < 2) return null;
  const names = [...new Set(studies.flatMap((s) => Object.keys(s.spec)))].filter((name) => new Set(studies.map((s) => JSON.stringify(s.spec[name]))).size > 1 && name !== "name");
  const rows = names.map((name) => h("tr", {}, h("th", { scope: "row" }, words(name)), studies.map((s) => h("td", {}, h("code", {}, JSON.stringify(s.spec[name]))))));
  return h(
    "details",
    {},
    h("summary", {}, names.length ? `Their specs differ in ${names.map((n) => words(n).toLowerCase()).join(", ")}` : "Their specs are the same"),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Differences of the specs" }, h("table", {}, h("thead", {}, h("tr", {}, h("td"), studies.map((s) => h("th", { scope: "col" }, s.name)))), h("tbody", {}, rows))),
  );
}

/** Maps of all rules of all studies on one scale. @param {Element} where @param {any[]} studies @param {any} report */
async function drawMaps(where, studies, report) {
  const names = studies.map((s) => s.name);
  const labels = new Set(names).size === names.length ? names : studies.map((s) => s.id);
  const cells = (await Promise.all(studies.map((s) => all(`/v1/studies/${encodeURIComponent(s.id)}/cells`, { limit: 10_000 })))).flatMap((list, k) =>
    list.map((cell) => ({ ...cell, study: studies[k].id, rule: studies.length > 1 ? `${cell.rule} @ ${labels[k]}` : cell.rule })),
  );
  const axes = JSON.stringify(Object.keys(studies[0].spec.axes));
  if (studies.some((s) => JSON.stringify(Object.keys(s.spec.axes)) !== axes)) {
    return put(where, h("p", { class: "faint" }, "These studies have different axes, so their maps do not share a grid."));
  }
  const maps = new Maps((cell) => location.assign(`/studies/${encodeURIComponent(cell.study)}`), async () => new Map());
  put(where, maps.element);
  const spec = { ...studies[0].spec, seeds: [] };
  maps.update({ ...studies[0], spec }, cells, report);
}

/** @param {string} title @param {...any} parts */
function section(title, ...parts) {
  const name = `section-${title.toLowerCase()}`;
  return h("section", { "aria-labelledby": name }, h("h2", { id: name }, title), parts);
}

start();
