// @ts-check
/** A study's state, progress and times. */

import { h, put } from "./dom.js";
import { count, duration, moment, words } from "./format.js";

const OPEN = ["queued", "running", "paused", "cancelling"];

/** Whether a study may still change by itself. @param {any} study */
export function isOpen(study) {
  return OPEN.includes(study.state);
}

/** @param {string} state */
export function badge(state) {
  return h("span", { class: `badge ${state}` }, words(state));
}

/** Bars for completed, failed, cancelled and running trials. @param {any} study */
export function progressBar(study) {
  const shown = Math.floor(100 * study.progress);
  const parts = ["completed", "failed", "cancelled", "running"].map((name) =>
    h("span", { class: name, style: { width: `${(100 * study.counts[name]) / study.trials}%` } }),
  );
  return h(
    "div",
    { class: "progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": shown, "aria-label": `Progress of ${study.name}` },
    parts,
  );
}

/** `24 of 96`. @param {any} study */
export function ended(study) {
  const { completed, failed, cancelled } = study.counts;
  return `${count(completed + failed + cancelled)} of ${count(study.trials)}`;
}

/** Trials per second. @param {any} study */
export function rate(study) {
  return study.trials_per_s === null ? "–" : `${Number(study.trials_per_s.toPrecision(3))} /s`;
}

/** @param {Element} where @param {any} study @param {any} job @param {boolean} connected */
export function showStatus(where, study, job, connected) {
  const outcomes = Object.entries(study.outcomes).filter(([, n]) => n > 0);
  const counts = Object.entries(study.counts).filter(([, n]) => n > 0);
  const list = (/** @type {[string, any][]} */ pairs) => (pairs.length ? h("ul", { class: "counts" }, pairs.map(([name, n]) => h("li", {}, h("strong", {}, count(n)), ` ${words(name).toLowerCase()}`))) : "–");
  put(
    where,
    h("p", { class: "headline" }, badge(study.state), h("span", { role: "status" }, h("strong", {}, ended(study)), " trials ended"), !connected && isOpen(study) && h("strong", { class: "bad" }, "connection lost, trying again")),
    progressBar(study),
    study.message && h("p", {}, study.message),
    ...study.doubts.map((/** @type {string} */ doubt) => h("p", { class: "doubt" }, doubt)),
    h(
      "dl",
      { class: "facts" },
      fact("Trials", list(counts)),
      fact("Outcomes", list(outcomes), "long"),
      fact("Reused", count(study.reused)),
      fact("Rate", rate(study)),
      isOpen(study) ? fact("Time left", duration(study.eta_s)) : fact("Ended", moment(study.ended_at)),
      fact("Submitted", moment(study.created_at)),
      fact("Owner", study.owner),
      fact("Tags", study.tags.length ? study.tags.map((/** @type {string} */ t) => h("span", { class: "tag" }, t)) : "–"),
      job && fact("Ray job", jobLink(job), "long"),
    ),
  );
}

/** @param {string} name @param {any} value @param {string} [size] */
function fact(name, value, size) {
  return h("div", { class: size }, h("dt", {}, name), h("dd", {}, value));
}

/** @param {any} job */
function jobLink(job) {
  const state = ` (${(job.status ?? job.state).toLowerCase()})`;
  const safe = job.url && /^https?:/.test(job.url);
  return [safe ? h("a", { href: job.url, rel: "noopener noreferrer", target: "_blank" }, job.submission_id) : job.submission_id, state];
}
