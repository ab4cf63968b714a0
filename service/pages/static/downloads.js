// @ts-check
/** Files to take away. They are fetched with the token, so a plain link would not do. */

import { request } from "./api.js";
import { button, h, put, save } from "./dom.js";
import { complain } from "./notices.js";

const FILES = /** @type {[string, string, string][]} */ ([
  ["Report, HTML with figures", "report.html", "report.html"],
  ["Report, Markdown", "report.md", "report.md"],
  ["Report, JSON", "report", "report.json"],
  ["Trials, CSV", "export?format=csv", "trials.csv"],
  ["Trials, Parquet", "export?format=parquet", "trials.parquet"],
  ["Trials, NDJSON", "export?format=ndjson", "trials.ndjson"],
]);

/** @param {Element} where @param {any} study */
export function showDownloads(where, study) {
  const fetch_ = async (/** @type {string} */ path, /** @type {string} */ name) => {
    try {
      complain(null);
      const response = await request(`/v1/studies/${encodeURIComponent(study.id)}/${path}`, { headers: { Accept: "*/*" } });
      save(`${study.id}-${name}`, await response.blob());
    } catch (error) {
      complain(error);
    }
  };
  put(
    where,
    h("div", { class: "row" }, FILES.map(([text, path, name]) => button(text, () => fetch_(path, name)))),
    h("p", { class: "faint" }, "Each map and chart has its own button for a picture. For exports of millions of trials, use the command line, which writes as it reads."),
  );
}
