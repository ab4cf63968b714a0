// @ts-check
/** Which way each number is better and its unit, as the service's catalog says; nothing is read off a name. */

/**
 * @typedef {"lower" | "higher" | "neither"} Better
 * @typedef {{name: string, better: Better, unit: string, minimize?: boolean, worst?: number | null, problem_cap?: boolean}} Fact
 * @typedef {Fact & {title: string, doc: string}} Result  a number of a trial beside its metrics
 * @typedef {{metrics: Fact[], results: Result[], ends: string[], outcomes: Record<string, Fact>, of: (metric: string) => Fact | undefined}} Facts
 */

/** Of what the problems of a spec measure each epoch, and of what every trial has. @param {any} spec @param {any} catalog @returns {Facts} */
export function factsOf(spec, catalog) {
  const known = (/** @type {any} */ problem) => catalog.problems.find((/** @type {any} */ k) => k.name === problem.name)?.metrics ?? [];
  const names = new Set(/** @type {string[]} */ (spec.problems.flatMap(known)));
  return {
    metrics: catalog.metrics.filter((/** @type {Fact} */ one) => names.has(one.name)),
    results: catalog.results,
    ends: catalog.ends,
    outcomes: byName(catalog.outcomes),
    of: (metric) => catalog.metrics.find((/** @type {Fact} */ one) => one.name === metric),
  };
}

/** @param {Fact[]} list @returns {Record<string, Fact>} */
function byName(list) {
  return Object.fromEntries(list.map((one) => [one.name, one]));
}

/** The direction in which a study took its goal. @param {any} goal @returns {Better} */
export function goalBetter(goal) {
  return goal.minimize ? "lower" : "higher";
}

/** A result as a table's head. @param {Result} fact @param {any} goal */
export function headOf({ name, title }, goal) {
  if (name === "value") return labelled(goal.metric, goalBetter(goal));
  return title.charAt(0).toUpperCase() + title.slice(1);
}

/** The unit of a result, the goal metric's own for its values. @param {Result} fact @param {any} goal @param {Facts} facts */
export function unitOf(fact, goal, facts) {
  return fact.unit === "goal" ? facts.of(goal.metric)?.unit : fact.unit;
}

/** `lower is better`; empty where neither is. @param {Better} better */
export function sense(better) {
  return better === "neither" ? "" : `${better} is better`;
}

/** `val_loss (lower is better)`. @param {string} name @param {Better} better */
export function labelled(name, better) {
  return better === "neither" ? name : `${name} (${sense(better)})`;
}

/** Whether two metrics have one scale: the same direction, unit and worst value. @param {Fact | undefined} one @param {Fact | undefined} other */
export function alike(one, other) {
  if (!one || !other) return false;
  return one.minimize === other.minimize && one.unit === other.unit && one.worst === other.worst && one.problem_cap === other.problem_cap;
}
