// @ts-check
/** The colour bar that all maps share, and what the marks mean. */

import { shade } from "./colour.js";
import { h, s } from "./dom.js";
import { number } from "./format.js";

/** @param {import("./colour.js").Scale} scale @param {import("./measures.js").Measure} what @param {boolean} capped */
export function legend(scale, what, capped) {
  const stops = Array.from({ length: 60 }, (_, k) =>
    s("rect", { x: k * 5, y: 0, width: 5.4, height: 12, fill: shade(1 - k / 59) }),
  );
  const ends = [0, 0.5, 1].map((part) => number(scale.value(part), what.unit));
  const label = `Colours from ${ends[0]}, best and lightest, to ${ends[2]}, worst and darkest`;
  return h(
    "div",
    { class: "legend" },
    h(
      "div",
      { class: "bar" },
      h("span", {}, what.title, scale.isLog && ", log scale"),
      s("svg", { viewBox: "0 0 300 12", role: "img", "aria-label": label, preserveAspectRatio: "none" }, stops),
      h("div", { class: "ends" }, ends.map((end, k) => h("span", {}, end, k === 2 && capped && " (cap)"))),
    ),
    h(
      "ul",
      { class: "marks" },
      h("li", {}, key("blank"), "waiting"),
      h("li", {}, key("some"), "some seeds diverged"),
      h("li", {}, key("most"), "half or more diverged"),
      what.isGoal && h("li", {}, key("basin"), "basin: as good as the best, within the tolerance"),
      what.isGoal && h("li", {}, key("ridge"), "best at each row"),
    ),
  );
}

/** A swatch. @param {string} kind */
function key(kind) {
  const lines = {
    blank: [],
    some: [s("path", { d: "M0 16L16 0", stroke: "#fff", "stroke-width": 1 })],
    most: [0, 8].map((x) => s("path", { d: `M${x - 4} 14L${x + 10} 0`, stroke: "#fff", "stroke-width": 2.4 })),
    basin: [s("path", { d: "M0 8H22", class: "casing" }), s("path", { d: "M0 8H22", class: "line" })],
    ridge: [s("path", { d: "M0 8H22", class: "casing" }), s("path", { d: "M0 8H22", class: "line dashed" })],
  }[kind];
  const fill = kind === "blank" ? "swatch-blank" : kind === "some" || kind === "most" ? "swatch-dark" : "swatch-mid";
  return s("svg", { viewBox: "0 0 22 14", class: `swatch ${fill}`, "aria-hidden": "true" }, lines);
}
