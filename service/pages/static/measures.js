// @ts-check
/** What a map can show of a cell, and how its seeds are put together. */

/**
 * @typedef {object} Measure
 * @property {string} title
 * @property {string} unit
 * @property {boolean} lowIsGood
 * @property {boolean} isGoal
 * @property {(cell: any) => number | null} of
 * @property {[number, number]} [range]  best and worst end of the scale, where they are fixed
 */

/** Ways to put the seeds of a cell together, for the goal metric. */
export const AGGREGATES = /** @type {[string, string][]} */ ([
  ["mean", "mean over seeds"],
  ["best", "best seed"],
  ["worst", "worst seed"],
  ["std", "spread (standard deviation)"],
]);

/** Choices of the measure. @param {any} goal @returns {[string, string][]} */
export function measureNames(goal) {
  return [
    ["goal", goal.metric],
    ["diverged", "share diverged"],
    ["reached", "share at target"],
    ["done", "share completed"],
    ["seconds", "seconds a trial"],
  ];
}

/**
 * @param {string} name @param {string} aggregate @param {any} goal
 * @param {Map<string, number | null> | null} oneSeed  values of one seed by cell
 * @returns {Measure}
 */
export function measure(name, aggregate, goal, oneSeed) {
  if (name === "goal") return goalMeasure(aggregate, goal, oneSeed);
  return SHARES[name];
}

/** @param {(cell: any) => number} part @param {(cell: any) => number} whole */
function ratio(part, whole) {
  return (/** @type {any} */ cell) => (whole(cell) > 0 ? part(cell) / whole(cell) : null);
}

/** @type {Record<string, Measure>} */
const SHARES = {
  diverged: {
    title: "share diverged",
    unit: "share",
    lowIsGood: true,
    isGoal: false,
    of: ratio((c) => c.diverged + c.nonfinite, (c) => c.completed),
    range: [0, 1],
  },
  reached: {
    title: "share at target",
    unit: "share",
    lowIsGood: false,
    isGoal: false,
    of: ratio((c) => c.reached_target, (c) => c.completed),
    range: [1, 0],
  },
  done: {
    title: "share completed",
    unit: "share",
    lowIsGood: false,
    isGoal: false,
    of: ratio((c) => c.completed, (c) => c.trials),
    range: [1, 0],
  },
  seconds: {
    title: "seconds a trial",
    unit: "",
    lowIsGood: true,
    isGoal: false,
    of: ratio((c) => c.wall_s, (c) => c.completed),
  },
};

/** @param {string} aggregate @param {any} goal @param {Map<string, number | null> | null} oneSeed @returns {Measure} */
function goalMeasure(aggregate, goal, oneSeed) {
  const [best, worst] = goal.minimize ? ["minimum", "maximum"] : ["maximum", "minimum"];
  const field = { mean: "mean", best, worst, std: "std" }[aggregate];
  const words = AGGREGATES.find(([key]) => key === aggregate)?.[1] ?? `seed ${aggregate.slice(5)}`;
  return {
    title: `${goal.metric}, ${words}`,
    unit: "",
    lowIsGood: aggregate === "std" || goal.minimize,
    isGoal: aggregate !== "std",
    of: field ? (cell) => cell[field] : (cell) => oneSeed?.get(cellKey(cell)) ?? null,
  };
}

/** What names a cell in every answer of the API. @param {any} row */
export function cellKey(row) {
  const point = Object.keys(row.point).sort().map((name) => `${name}=${row.point[name]}`);
  return JSON.stringify([row.problem, row.direction, row.rule, ...point]);
}
