// @ts-check
/** The colour bar that all maps share, and what the marks mean. */

import { shade } from "./colour.js";
import { h, s } from "./dom.js";
import { sense } from "./facts.js";
import { number } from "./format.js";

/** What a scale of colours says: its ends and middle, what its ends are, its direction and kind. @param {import("./colour.js").Scale} scale @param {import("./measures.js").Measure} what */
export function scaleWords(scale, what) {
  const judged = what.better !== "neither";
  return {
    ends: [0, 0.5, 1].map((part) => number(scale.value(part), what.unit)),
    marks: judged ? [" best", "", scale.capped ? " worst, the cap" : " worst"] : ["", "", ""],
    sense: sense(what.better),
    kind: scale.isLog ? "log scale" : "",
  };
}

/**
 * @param {import("./colour.js").Scale} scale @param {import("./measures.js").Measure} what
 * @param {boolean} gridded
 */
export function legend(scale, what, gridded) {
  const stops = Array.from({ length: 60 }, (_, k) =>
    s("rect", { x: k * 5, y: 0, width: 5.4, height: 12, fill: shade(1 - k / 59) }),
  );
  const { ends, marks, sense: way, kind } = scaleWords(scale, what);
  const label = way ? `Colours from ${ends[0]}, best and lightest, to ${ends[2]}, worst and darkest` : `Colours from ${ends[0]}, lightest, to ${ends[2]}, darkest`;
  return h(
    "div",
    { class: "legend" },
    h(
      "div",
      { class: "bar" },
      h("div", { class: "what" }, what.title, way && h("small", {}, ` ${way}`), kind && h("small", {}, ` ${kind}`)),
      s("svg", { viewBox: "0 0 300 12", role: "img", "aria-label": label, preserveAspectRatio: "none" }, stops),
      h("div", { class: "ends" }, ends.map((end, k) => h("span", {}, end, marks[k] && h("small", {}, marks[k])))),
    ),
    h("ul", { class: "marks" }, (gridded ? ofGrid(what) : ofPoints(what)).map(([mark, text]) => h("li", {}, key(mark), text))),
  );
}

/** @param {import("./measures.js").Measure} what @returns {[string, string][]} */
function ofGrid(what) {
  const lines = /** @type {[string, string][]} */ ([
    ["basin", "basin: as good as the best"],
    ["ridge", "best of each row"],
    ["best", "best of all"],
  ]);
  return [["blank", "waiting"], ["none", "no such number"], ["some", "some seeds diverged"], ["most", "half or more diverged"], ...(what.isGoal ? lines : [])];
}

/** @param {import("./measures.js").Measure} what @returns {[string, string][]} */
function ofPoints(what) {
  const best = /** @type {[string, string][]} */ (what.isGoal ? [["best", "best of all"]] : []);
  return [["dot", "waiting"], ["slashed", "some seeds diverged"], ["crossed", "half or more diverged"], ...best];
}

/** @type {Record<string, () => any[]>} */
const MARKS = {
  blank: () => [],
  none: () => [],
  some: () => [s("path", { d: "M0 16L16 0", stroke: "#fff", "stroke-width": 1 })],
  most: () => [0, 8].map((x) => s("path", { d: `M${x - 4} 14L${x + 10} 0`, stroke: "#fff", "stroke-width": 2.4 })),
  basin: () => [s("path", { d: "M0 7H22", class: "casing" }), s("path", { d: "M0 7H22", class: "line" })],
  ridge: () => [s("path", { d: "M0 7H22", class: "casing" }), s("path", { d: "M0 7H22", class: "line dashed" })],
  best: () => [s("circle", { cx: 11, cy: 7, r: 4, class: "casing" }), s("circle", { cx: 11, cy: 7, r: 4, class: "line" })],
  dot: () => [s("circle", { cx: 11, cy: 7, r: 4.5, class: "hollow" })],
  slashed: () => [s("circle", { cx: 11, cy: 7, r: 5, fill: "#61656f" }), s("path", { d: "M8 10L14 4", stroke: "#fff", "stroke-width": 1.4 })],
  crossed: () => [s("rect", { x: 6, y: 2, width: 10, height: 10, fill: "#00224e" }), s("path", { d: "M8 10L14 4M8 4L14 10", stroke: "#fff", "stroke-width": 1.4 })],
};

const FILLS = /** @type {Record<string, string>} */ ({ blank: "blank", none: "none", some: "dark", most: "dark", basin: "mid", ridge: "mid", best: "mid" });

/** A swatch. @param {string} kind */
function key(kind) {
  return s("svg", { viewBox: "0 0 22 14", class: `swatch swatch-${FILLS[kind] ?? "bare"}`, "aria-hidden": "true" }, MARKS[kind]());
}
