// @ts-check
/** A map as a file: what it shows and of what stands over it, the scale of its colours under it. */

import { shade } from "./colour.js";
import { scaleWords } from "./legend.js";

const HEAD = 46;
const FOOT = 62;
const SIDE = 12;
const STOPS = 60;
const BAR = 12;

/**
 * @param {HTMLCanvasElement} painted @param {number} dense  its pixels a CSS pixel
 * @param {string} title @param {string} of  whose results it shows
 * @param {import("./figure.js").Drawing} drawing @param {import("./frame.js").Theme} colours
 * @returns {HTMLCanvasElement}
 */
export function picture(painted, dense, title, of, drawing, colours) {
  const out = document.createElement("canvas");
  const [width, height] = [painted.width / dense, painted.height / dense];
  out.width = painted.width;
  out.height = Math.round((height + HEAD + FOOT) * dense);
  const c = /** @type {CanvasRenderingContext2D} */ (out.getContext("2d"));
  c.fillStyle = colours.blank;
  c.fillRect(0, 0, out.width, out.height);
  c.drawImage(painted, 0, Math.round(HEAD * dense));
  c.scale(dense, dense);
  c.font = colours.font;
  c.fillStyle = colours.ink;
  c.fillText(title, SIDE, 18, width - 2 * SIDE);
  c.fillText(of, SIDE, 36, width - 2 * SIDE);
  c.translate(SIDE, HEAD + height);
  bar(c, width - 2 * SIDE, drawing, colours);
  return out;
}

/** @param {CanvasRenderingContext2D} c @param {number} width @param {import("./figure.js").Drawing} drawing @param {import("./frame.js").Theme} colours */
function bar(c, width, { scale, what }, colours) {
  const words = scaleWords(scale, what);
  c.fillText([what.title, words.sense, words.kind].filter(Boolean).join(", "), 0, 14, width);
  for (let k = 0; k < STOPS; k++) {
    c.fillStyle = shade(1 - k / (STOPS - 1));
    c.fillRect((k * width) / STOPS, 22, width / STOPS + 0.5, BAR);
  }
  c.fillStyle = colours.ink;
  words.ends.forEach((end, k) => {
    c.textAlign = /** @type {CanvasTextAlign[]} */ (["left", "center", "right"])[k];
    c.fillText(end + words.marks[k], (k * width) / 2, 22 + BAR + 16);
  });
}
