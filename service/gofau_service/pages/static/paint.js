// @ts-check
/** Draws what a grid of cells shows: colours, hatching, the basin's border, the ridge and the best cell. */

import { cased } from "./frame.js";

/** @typedef {{x0: number, x1: number, y0: number, y1: number}} Range  cell indexes, both ends in */

/** Left, top, width and height of a cell. @param {import("./frame.js").Frame} frame @param {import("./view.js").View} view @param {number} i @param {number} j */
export function box(frame, view, i, j) {
  const { x, y } = view;
  const [left, right] = [frame.px(x.edges[i]), frame.px(x.edges[i + 1])];
  const [top, bottom] = [frame.py(y.edges[j + 1]), frame.py(y.edges[j])];
  return [left, top, right - left, bottom - top];
}

/**
 * @param {CanvasRenderingContext2D} c @param {import("./frame.js").Frame} frame
 * @param {import("./view.js").View} view @param {Range} range
 * @param {import("./colour.js").Scale} scale @param {import("./frame.js").Theme} colours
 */
export function paintCells(c, frame, view, range, scale, colours) {
  const nx = view.x.values.length;
  const [some, most] = [hatch(c, 9, 1), hatch(c, 6, 2.2)];
  for (let j = range.y0; j <= range.y1; j++) {
    for (let i = range.x0; i <= range.x1; i++) {
      const [left, top, width, height] = box(frame, view, i, j);
      const value = view.values[j * nx + i];
      const share = view.diverged[j * nx + i];
      const waits = Number.isNaN(value) && !view.cells[j * nx + i]?.completed;
      if (waits) {
        c.strokeStyle = colours.faint;
        c.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
      } else {
        c.fillStyle = Number.isNaN(value) ? colours.none : scale.colour(value);
        c.fillRect(left - 0.25, top - 0.25, width + 0.5, height + 0.5);
      }
      if (share === 0) continue;
      c.fillStyle = share >= 0.5 ? most : some;
      c.fillRect(left, top, width, height);
    }
  }
}

/** Diagonal lines. @param {CanvasRenderingContext2D} c @param {number} size @param {number} width */
function hatch(c, size, width) {
  const tile = new OffscreenCanvas(size, size);
  const t = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
  t.strokeStyle = "#ffffffcc";
  t.lineWidth = width / 1.4;
  t.beginPath();
  for (const shift of [-size, 0, size]) {
    t.moveTo(shift, size);
    t.lineTo(shift + size, 0);
  }
  t.stroke();
  return /** @type {CanvasPattern} */ (c.createPattern(/** @type {any} */ (tile), "repeat"));
}

/** Basin, ridge and best cell. @param {CanvasRenderingContext2D} c @param {import("./frame.js").Frame} frame @param {import("./view.js").View} view */
export function paintLines(c, frame, view) {
  const basin = new Path2D();
  for (const [x0, y0, x1, y1] of view.contour) {
    basin.moveTo(frame.px(x0), frame.py(y0));
    basin.lineTo(frame.px(x1), frame.py(y1));
  }
  cased(c, basin, []);
  cased(c, crest(frame, view), [5, 4]);
  const nx = view.x.values.length;
  if (view.best !== null) ring(c, frame, view.x.positions[view.best % nx], view.y.positions[Math.floor(view.best / nx)]);
}

/** @param {import("./frame.js").Frame} frame @param {import("./view.js").View} view */
function crest(frame, view) {
  const path = new Path2D();
  let drawing = false;
  view.ridge.forEach((x, j) => {
    if (x === null) return;
    if (drawing) path.lineTo(frame.px(x), frame.py(view.y.positions[j]));
    else path.moveTo(frame.px(x), frame.py(view.y.positions[j]));
    drawing = true;
  });
  return path;
}

/** @param {CanvasRenderingContext2D} c @param {import("./frame.js").Frame} frame @param {number} x @param {number} y @param {number} [radius] */
export function ring(c, frame, x, y, radius = 4.5) {
  const path = new Path2D();
  path.arc(frame.px(x), frame.py(y), radius, 0, 7);
  cased(c, path, []);
}
