// @ts-check
/** Cells and trials of one or more studies, read page by page, under names that tell them apart. */

import { all } from "./api.js";

/** @typedef {{id: string, label?: string}} Named  a study, and what its rules are told apart by */

/** The numbers that maps draw. */
export class Numbers {
  /** @param {Named[]} studies */
  constructor(studies) {
    this.studies = studies;
  }

  /** All cells; with a metric, their aggregates are of that. @param {string | null} [metric] @returns {Promise<any[]>} */
  cells(metric = null) {
    return this.rows("cells", { metric, limit: 10_000 });
  }

  /** The trials of one seed. @param {number} seed @returns {Promise<any[]>} */
  trials(seed) {
    return this.rows("trials", { seed, limit: 1000 });
  }

  /** @param {string} what @param {any} params */
  async rows(what, params) {
    const lists = await Promise.all(this.studies.map((study) => all(`/v1/studies/${encodeURIComponent(study.id)}/${what}`, params)));
    return lists.flatMap((list, k) => list.map((row) => named(row, this.studies[k])));
  }
}

/** @param {any} row @param {Named} study */
function named(row, { id, label }) {
  const rule = label ? `${row.rule} @ ${label}` : row.rule;
  return { ...row, study: id, rule, key: key(id, row) };
}

/** What names a cell in every answer of the service. @param {string} study @param {any} row */
function key(study, row) {
  const point = Object.keys(row.point).sort().map((name) => `${name}=${row.point[name]}`);
  return JSON.stringify([study, row.problem, row.direction, row.rule, ...point]);
}
