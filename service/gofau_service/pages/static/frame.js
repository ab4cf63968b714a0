// @ts-check
/** Where a map lies on its canvas, its axes, and lines that read on every colour. Pixels are CSS pixels. */

const LEFT = 52;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 42;

/** @typedef {{name: string, isLog: boolean, values: number[], positions: number[], ticks: (low: number, high: number, most: number) => [number, string][]}} AxisLike */

/** A rectangle of positions, drawn on a canvas of a size. */
export class Frame {
  /**
   * @param {AxisLike} x @param {AxisLike} y @param {number[]} xs @param {number[]} ys  ends, in positions
   * @param {number} width @param {number} height
   */
  constructor(x, y, xs, ys, width, height) {
    this.x = x;
    this.y = y;
    this.xs = xs;
    this.ys = ys;
    this.left = LEFT;
    this.top = TOP;
    this.right = width - RIGHT;
    this.bottom = height - BOTTOM;
  }

  /** @param {number} x */
  px(x) {
    return this.left + ((x - this.xs[0]) / (this.xs[1] - this.xs[0])) * (this.right - this.left);
  }

  /** @param {number} y */
  py(y) {
    return this.bottom - ((y - this.ys[0]) / (this.ys[1] - this.ys[0])) * (this.bottom - this.top);
  }

  /** The position at a pixel. @param {number} px @param {number} py */
  at(px, py) {
    const x = this.xs[0] + ((px - this.left) / (this.right - this.left)) * (this.xs[1] - this.xs[0]);
    const y = this.ys[0] + ((this.bottom - py) / (this.bottom - this.top)) * (this.ys[1] - this.ys[0]);
    return { x, y };
  }

  /** @param {number} px @param {number} py */
  holds(px, py) {
    return px >= this.left && px <= this.right && py >= this.top && py <= this.bottom;
  }

  /** Fill the frame, and draw in it alone. @param {CanvasRenderingContext2D} c @param {string} colour @param {() => void} draw */
  inside(c, colour, draw) {
    c.save();
    c.beginPath();
    c.rect(this.left, this.top, this.right - this.left, this.bottom - this.top);
    c.clip();
    c.fillStyle = colour;
    c.fillRect(this.left, this.top, this.right - this.left, this.bottom - this.top);
    draw();
    c.restore();
  }
}

/** Colours of the theme. @param {Element} element */
export function theme(element) {
  const style = getComputedStyle(element);
  const of = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), soft: of("--faint"), faint: of("--line"), blank: of("--blank"), none: of("--none"), plot: of("--plot"), font: `12px ${style.fontFamily}` };
}

/** @typedef {ReturnType<typeof theme>} Theme */

/** @param {CanvasRenderingContext2D} c @param {Frame} frame @param {Theme} colours */
export function paintAxes(c, frame, colours) {
  const { left, top, right, bottom } = frame;
  c.font = colours.font;
  c.fillStyle = colours.soft;
  c.strokeStyle = colours.soft;
  c.strokeRect(left - 0.5, top - 0.5, right - left + 1, bottom - top + 1);
  c.textAlign = "center";
  const most = Math.max(2, Math.floor((right - left) / 48));
  for (const [at, label] of ticks(frame.x, frame.xs, most)) {
    c.fillRect(frame.px(at), bottom, 1, 4);
    c.fillText(label, frame.px(at), bottom + 17);
  }
  c.textAlign = "right";
  for (const [at, label] of ticks(frame.y, frame.ys, 6)) {
    c.fillRect(left - 4, frame.py(at), 4, 1);
    c.fillText(label, left - 7, frame.py(at) + 4);
  }
  paintNames(c, frame, colours);
}

/** @param {CanvasRenderingContext2D} c @param {Frame} frame @param {Theme} colours */
function paintNames(c, frame, colours) {
  c.fillStyle = colours.ink;
  c.textAlign = "center";
  c.fillText(frame.x.name, (frame.left + frame.right) / 2, frame.bottom + 35);
  c.save();
  c.translate(12, (frame.top + frame.bottom) / 2);
  c.rotate(-Math.PI / 2);
  c.fillText(frame.y.name, 0, 0);
  c.restore();
}

/** @param {AxisLike} axis @param {number[]} ends @param {number} most */
function ticks(axis, ends, most) {
  if (axis.values.length === 1) return axis.ticks(axis.positions[0], axis.positions[0], most).slice(0, 1);
  return axis.ticks(ends[0], ends[1], most);
}

/** A dark line in a light casing. @param {CanvasRenderingContext2D} c @param {Path2D} path @param {number[]} dash */
export function cased(c, path, dash) {
  c.lineJoin = "round";
  for (const [colour, width] of /** @type {[string, number][]} */ ([["#ffffff", 4], ["#111111", 1.8]])) {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.setLineDash(colour === "#111111" ? dash : []);
    c.stroke(path);
  }
  c.setLineDash([]);
  c.lineWidth = 1;
}

/** The rectangle that is being dragged. @param {CanvasRenderingContext2D} c @param {{x: number, y: number}} from @param {{x: number, y: number}} to */
export function rubberBand(c, from, to) {
  const path = new Path2D();
  path.rect(from.x, from.y, to.x - from.x, to.y - from.y);
  cased(c, path, [4, 3]);
}
