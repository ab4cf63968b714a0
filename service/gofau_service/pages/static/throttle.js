// @ts-check
/** Work that is asked for more often than it should be done. */

/** At most one run at a time, and a pause of five times its length, or `least` ms, between two. */
export class Throttle {
  /** @param {number} least @param {() => Promise<void>} work */
  constructor(least, work) {
    this.least = least;
    this.work = work;
    this.running = false;
    this.wanted = false;
    this.pause = least;
    /** @type {number | undefined} */ this.timer = undefined;
  }

  /** Run soon, after the pause. */
  later() {
    if (this.running) this.wanted = true;
    else this.timer ??= setTimeout(() => this.now(), this.pause);
  }

  /** Run at once, or right after the run in progress. */
  async now() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.running) {
      this.wanted = true;
      return;
    }
    this.running = true;
    const from = performance.now();
    await this.work();
    this.pause = Math.max(this.least, 5 * (performance.now() - from));
    this.running = false;
    if (this.wanted) {
      this.wanted = false;
      this.later();
    }
  }
}
