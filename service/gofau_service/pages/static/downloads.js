// @ts-check
/** Files to take away. They are fetched with the token, so a plain link would not do. */

import { request } from "./api.js";
import { button, h, put, save } from "./dom.js";
import { complain } from "./notices.js";

/** @typedef {[string, string, string]} File  what the button says, where the file is, its name */

const OF_STUDY = /** @type {File[]} */ ([
  ["Report, HTML with figures", "report.html", "report.html"],
  ["Report, Markdown", "report.md", "report.md"],
  ["Report, JSON", "report", "report.json"],
  ["Trials, CSV", "export?format=csv", "trials.csv"],
  ["Trials, Parquet", "export?format=parquet", "trials.parquet"],
  ["Trials, NDJSON", "export?format=ndjson", "trials.ndjson"],
]);

/** @param {Element} where @param {any} study */
export function showDownloads(where, study) {
  const files = OF_STUDY.map(([text, path, name]) => /** @type {File} */ ([text, `/v1/studies/${encodeURIComponent(study.id)}/${path}`, `${study.id}-${name}`]));
  put(
    where,
    fileButtons(files),
    h("p", { class: "faint" }, "Each map and chart has its own button for a picture. For exports of millions of trials, use the command line, which writes as it reads."),
  );
}

/** The comparison, and the trials of each study. @param {Element} where @param {any[]} studies @param {string | null} comparison  where it is, if there is one */
export function showComparisonFiles(where, studies, comparison) {
  const trials = studies.map((s) => /** @type {File} */ ([`Trials of ${s.name}, CSV`, `/v1/studies/${encodeURIComponent(s.id)}/export?format=csv`, `${s.id}-trials.csv`]));
  const whole = comparison ? [/** @type {File} */ (["Comparison, JSON", comparison, "comparison.json"])] : [];
  put(where, fileButtons([...whole, ...trials]));
}

/** @param {File[]} files */
function fileButtons(files) {
  return h("div", { class: "row" }, files.map(([text, path, name]) => button(text, () => take(path, name))));
}

/** @param {string} path @param {string} name */
async function take(path, name) {
  try {
    complain(null);
    const response = await request(path, { headers: { Accept: "*/*" } });
    save(name, await response.blob());
  } catch (error) {
    complain(error);
  }
}
