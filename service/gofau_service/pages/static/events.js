// @ts-check
/** Server-sent events over fetch, since the browser's own EventSource sends no token. */

import { ApiError, request } from "./api.js";

const LONGEST_MS = 10_000;

/**
 * Follow a stream until `onEvent` returns true or the signal is aborted. A lost connection is
 * taken up again after 1, 2, 4, ... 10 s, from the last event that arrived.
 * @param {string} path
 * @param {(event: {event: string, data: any}) => boolean} onEvent  true: that was the last one
 * @param {(connected: boolean) => void} onConnection
 * @param {AbortSignal} signal
 */
export async function follow(path, onEvent, onConnection, signal) {
  let last = "";
  let pause = 1000;
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const response = await request(path, { headers, signal });
      onConnection(true);
      for await (const event of parse(response)) {
        pause = 1000;
        last = event.id || last;
        if (event.data && onEvent({ event: event.event, data: JSON.parse(event.data) })) return;
      }
    } catch (error) {
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error;
      if (signal.aborted) return;
    }
    onConnection(false);
    await wait(pause, signal);
    pause = Math.min(2 * pause, LONGEST_MS);
  }
}

/** @param {Response} response */
async function* parse(response) {
  const reader = /** @type {ReadableStream} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) yield fields(block);
  }
}

/** @param {string} block */
function fields(block) {
  const event = { event: "message", id: "", data: "" };
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^(event|id|data): ?(.*)$/.exec(line) ?? [];
    if (name === "data") event.data += value;
    else if (name === "event" || name === "id") event[name] = value;
  }
  return event;
}

/** @param {number} ms @param {AbortSignal} signal */
function wait(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms, null);
    signal.addEventListener("abort", () => (clearTimeout(timer), done(null)), { once: true });
  });
}
