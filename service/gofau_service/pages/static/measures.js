// @ts-check
/** What a map can show of a cell, and how its seeds are put together. */

import { alike, goalBetter } from "./facts.js";
import { read } from "./wire.js";

/**
 * @typedef {import("./facts.js").Better} Better
 * @typedef {import("./facts.js").Facts} Facts
 *
 * @typedef {object} Kind  a number that maps can show
 * @property {string} name
 * @property {string} text
 * @property {string} group
 * @property {"cells" | "trials" | "column"} from  the cells, the listed trials, or the service's columns alone
 * @property {Better} better
 * @property {string} [unit]
 * @property {boolean} [capped]  on the scale of the goal metric, whose worst end is the cap
 * @property {boolean} [never]  a seed that has none takes infinitely long
 * @property {(cell: any) => number | null} [share]
 *
 * @typedef {object} Measure
 * @property {string} title
 * @property {string} unit
 * @property {Better} better
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

const SHARES = [
  { name: "diverged", text: "share diverged", share: ratio(divergedIn, (c) => c.completed) },
  { name: "reached", text: "share at target", share: ratio((c) => c.reached_target, (c) => c.completed) },
  { name: "done", text: "share completed", share: ratio((c) => c.completed, (c) => c.trials) },
];

/** All that can be shown. @param {any} goal @param {Facts} facts @returns {Kind[]} */
export function kinds(goal, facts) {
  const whole = /** @type {Kind} */ ({ name: "goal", text: goal.metric, group: "Goal", from: "trials", better: goalBetter(goal), unit: facts.of(goal.metric)?.unit, capped: true });
  const best = /** @type {Kind} */ ({ ...whole, name: "best", text: `best ${goal.metric} of a run` });
  const shares = SHARES.map((one) => /** @type {Kind} */ ({ ...one, group: "Outcomes", from: "cells", ...facts.outcomes[one.name] }));
  const others = facts.results.filter((one) => one.unit !== "goal");
  const results = others.map(({ name, title, better, unit }) => /** @type {Kind} */ ({ name, text: title, better, unit, group: "Training", from: "trials", never: name === "steps_to_target" && goal.target !== null }));
  return [whole, best, ...shares, ...facts.metrics.map((one) => measured(one, goal, facts)), ...results];
}

/** @param {import("./facts.js").Fact} fact @param {any} goal @param {Facts} facts @returns {Kind} */
function measured({ name, better, unit }, goal, facts) {
  const isGoal = name === goal.metric;
  return {
    name,
    text: isGoal ? `${name}, as measured` : name,
    group: "After the last epoch",
    from: "column",
    better: isGoal ? goalBetter(goal) : better,
    unit,
    capped: alike(facts.of(name), facts.of(goal.metric)),
  };
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
  const { share, better } = kind;
  const lowIsGood = better !== "higher";
  const common = { unit: kind.unit ?? "", isGoal: false, capped: false, better };
  if (share) return { ...common, title: kind.text, unit: "share", lowIsGood, of: share, range: lowIsGood ? [0, 1] : [1, 0] };
  const words = AGGREGATES.find(([key]) => key === aggregate)?.[1] ?? aggregate;
  const isSpread = aggregate === "std";
  return {
    ...common,
    title: `${kind.text}, ${words}`,
    better: isSpread ? "lower" : better,
    lowIsGood: isSpread || lowIsGood,
    isGoal: kind.name === "goal" && !isSpread,
    capped: Boolean(kind.capped) && !isSpread,
    of: reader(kind, aggregate, lowIsGood, fetched, cap),
  };
}

/** @param {Kind} kind @param {string} aggregate @param {boolean} lowIsGood @param {Fetched | null} fetched @param {number | null} cap @returns {(cell: any) => number | null} */
function reader(kind, aggregate, lowIsGood, fetched, cap) {
  const [best, worst] = lowIsGood ? ["minimum", "maximum"] : ["maximum", "minimum"];
  const field = /** @type {any} */ ({ mean: "mean", best, worst, std: "std" })[aggregate];
  const wanted = wants(kind, aggregate);
  if (wanted === null) return (cell) => read(cell[field]);
  if (wanted === "trials") return (cell) => seedValue(fetched?.get(cell.key), kind, lowIsGood, cap);
  return (cell) => together(cell, fetched?.get(cell.key), kind, field);
}

/** A number of all seeds; a seed that never came there makes mean and worst infinite. @param {any} cell @param {any} found @param {Kind} kind @param {string} field */
function together(cell, found, kind, field) {
  if (!found) return null;
  const short = found.valued < cell.completed - cell.stopped_early;
  if (kind.never && short) return field === "minimum" && found.valued ? read(found.minimum) : field === "std" ? null : Infinity;
  return read(found[field]);
}

/** One trial's number. @param {any} trial @param {Kind} kind @param {boolean} lowIsGood @param {number | null} cap */
function seedValue(trial, kind, lowIsGood, cap) {
  if (!trial) return null;
  if (kind.name === "goal") return counted(trial, lowIsGood, cap);
  const whole = trial.state === "completed" && trial.outcome !== "stopped_early";
  return read(trial[kind.name]) ?? (kind.never && whole ? Infinity : null);
}

/** The goal as reports count it: at most as bad as the cap, which a diverged trial is; none of one stopped early. @param {any} trial @param {boolean} lowIsGood @param {number | null} cap */
export function counted(trial, lowIsGood, cap) {
  if (trial.outcome === "stopped_early") return null;
  if (["diverged", "nonfinite"].includes(trial.outcome)) return cap;
  const value = read(trial.value);
  if (value === null || cap === null) return value;
  return !Number.isFinite(value) ? cap : lowIsGood ? Math.min(value, cap) : Math.max(value, cap);
}
