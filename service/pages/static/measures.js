// @ts-check
/** What a map can show of a cell, and how its seeds are put together. */

/**
 * @typedef {object} Kind  a number that maps can show
 * @property {string} name
 * @property {string} text
 * @property {string} group
 * @property {"cells" | "trials" | "column"} from  the cells, the listed trials, or the service's columns alone
 * @property {boolean} lowIsGood
 * @property {string} [unit]
 * @property {boolean} [capped]  on the scale of the goal metric, whose worst end is the cap
 * @property {(cell: any) => number | null} [share]
 *
 * @typedef {object} Measure
 * @property {string} title
 * @property {string} unit
 * @property {boolean} lowIsGood
 * @property {boolean} isGoal
 * @property {boolean} capped
 * @property {(cell: any) => number | null} of
 * @property {[number, number]} [range]  best and worst end of the scale, where they are fixed
 *
 * @typedef {Map<string, any>} Fetched  by the key of a cell: its aggregates, or the trial of one seed
 */

/** Ways to put the seeds of a cell together. */
export const AGGREGATES = /** @type {[string, string][]} */ ([
  ["mean", "mean over seeds"],
  ["best", "best seed"],
  ["worst", "worst seed"],
  ["std", "spread (standard deviation)"],
]);

/** How many trials of a cell diverged. @param {any} cell @returns {number} */
export function divergedIn(cell) {
  return cell.diverged + cell.nonfinite;
}

/** The share of them among those that completed; 0 where none has. @param {any} cell */
export function divergedShare(cell) {
  return cell.completed ? divergedIn(cell) / cell.completed : 0;
}

/** @param {(cell: any) => number} part @param {(cell: any) => number} whole */
function ratio(part, whole) {
  return (/** @type {any} */ cell) => (whole(cell) > 0 ? part(cell) / whole(cell) : null);
}

/** @type {Kind[]} */
const SHARES = [
  { name: "diverged", text: "share diverged", group: "Outcomes", from: "cells", lowIsGood: true, share: ratio(divergedIn, (c) => c.completed) },
  { name: "reached", text: "share at target", group: "Outcomes", from: "cells", lowIsGood: false, share: ratio((c) => c.reached_target, (c) => c.completed) },
  { name: "done", text: "share completed", group: "Outcomes", from: "cells", lowIsGood: false, share: ratio((c) => c.completed, (c) => c.trials) },
];

/** @type {Kind[]} */
const RESULTS = [
  { name: "steps_to_target", text: "steps to target", group: "Training", from: "trials", lowIsGood: true },
  { name: "frozen_fraction", text: "frozen fraction", group: "Training", from: "trials", lowIsGood: true, unit: "share" },
  { name: "wall_s", text: "seconds a trial", group: "Training", from: "trials", lowIsGood: true },
  { name: "epochs_run", text: "epochs run", group: "Training", from: "trials", lowIsGood: true },
  { name: "steps", text: "steps run", group: "Training", from: "trials", lowIsGood: true },
  { name: "attempts", text: "attempts", group: "Training", from: "trials", lowIsGood: true },
];

/** All that can be shown. @param {any} goal @param {string[]} metrics  measured each epoch @returns {Kind[]} */
export function kinds(goal, metrics) {
  const lowIsGood = goal.minimize;
  const whole = /** @type {Kind} */ ({ name: "goal", text: goal.metric, group: "Goal", from: "trials", lowIsGood, unit: unitOf(goal.metric), capped: true });
  const best = /** @type {Kind} */ ({ ...whole, name: "best", text: `best ${goal.metric} of a run` });
  return [whole, best, ...SHARES, ...metrics.map((name) => measured(name, goal)), ...RESULTS];
}

/** @param {string} name @param {any} goal @returns {Kind} */
function measured(name, goal) {
  const isGoal = name === goal.metric;
  return {
    name,
    text: isGoal ? `${name}, as measured` : name,
    group: "After the last epoch",
    from: "column",
    lowIsGood: isGoal ? goal.minimize : !/accuracy/.test(name),
    unit: unitOf(name),
    capped: name.split("_").at(-1) === goal.metric.split("_").at(-1),
  };
}

/** What the problems of a spec measure each epoch. @param {any} spec @param {any} catalog @returns {string[]} */
export function metricsOf(spec, catalog) {
  const known = (/** @type {any} */ problem) => catalog.problems.find((/** @type {any} */ k) => k.name === problem.name)?.metrics ?? [];
  return [...new Set(/** @type {string[]} */ (spec.problems.flatMap(known)))];
}

/** @param {string} metric */
function unitOf(metric) {
  return metric.includes("accuracy") ? "share" : "";
}

/** The seed that is shown alone, if one is. @param {string} aggregate */
export function seedAlone(aggregate) {
  const found = /^seed (\d+)$/.exec(aggregate);
  return found ? Number(found[1]) : null;
}

/** What must be fetched before a kind can be drawn; the mean of the goal is in the cells. @param {Kind} kind @param {string} aggregate */
export function wants(kind, aggregate) {
  if (kind.share) return null;
  if (seedAlone(aggregate) !== null) return "trials";
  return kind.name === "goal" ? null : "column";
}

/** @param {Kind} kind @param {string} aggregate @param {Fetched | null} fetched @param {number | null} cap  what a diverged trial counts as @returns {Measure} */
export function measure(kind, aggregate, fetched, cap) {
  const { share, lowIsGood } = kind;
  const common = { unit: kind.unit ?? "", isGoal: false, capped: false };
  if (share) return { ...common, title: kind.text, unit: "share", lowIsGood, of: share, range: lowIsGood ? [0, 1] : [1, 0] };
  const [best, worst] = lowIsGood ? ["minimum", "maximum"] : ["maximum", "minimum"];
  const field = /** @type {any} */ ({ mean: "mean", best, worst, std: "std" })[aggregate];
  const words = AGGREGATES.find(([key]) => key === aggregate)?.[1] ?? aggregate;
  const isSpread = aggregate === "std";
  return {
    ...common,
    title: `${kind.text}, ${words}`,
    lowIsGood: isSpread || lowIsGood,
    isGoal: kind.name === "goal" && !isSpread,
    capped: Boolean(kind.capped) && !isSpread,
    of: reader(kind, aggregate, field, fetched, cap),
  };
}

/** @param {Kind} kind @param {string} aggregate @param {string} field @param {Fetched | null} fetched @param {number | null} cap @returns {(cell: any) => number | null} */
function reader(kind, aggregate, field, fetched, cap) {
  const wanted = wants(kind, aggregate);
  if (wanted === null) return (cell) => cell[field];
  if (wanted === "trials") return (cell) => seedValue(fetched?.get(cell.key), kind.name, cap);
  return (cell) => fetched?.get(cell.key)?.[field] ?? null;
}

/** One trial's number; one stopped early has no value of its whole budget. @param {any} trial @param {string} name @param {number | null} cap */
function seedValue(trial, name, cap) {
  if (!trial) return null;
  if (name !== "goal") return trial[name];
  if (trial.outcome === "stopped_early") return null;
  return ["diverged", "nonfinite"].includes(trial.outcome) ? cap : trial.value;
}
