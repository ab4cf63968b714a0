// @ts-check
/** Calls to the service. The token travels in a header only, so no other site can use it. */

const TOKEN = "gofau-token";

/** What the service answered instead of a result. */
export class ApiError extends Error {
  /** @param {number} status @param {any} problem */
  constructor(status, problem) {
    super(problem?.detail ?? `the service answered HTTP ${status}`);
    this.status = status;
    this.title = problem?.title ?? "Error";
    /** @type {{path: string, got: unknown, expected: string}[]} */
    this.errors = problem?.errors ?? [];
  }
}

/** The token of this tab, or null. */
export function token() {
  return sessionStorage.getItem(TOKEN);
}

/** Keep a token until the tab closes, or forget it. @param {string | null} value */
export function setToken(value) {
  if (value) sessionStorage.setItem(TOKEN, value);
  else sessionStorage.removeItem(TOKEN);
}

/**
 * A request with the token; anything but success is an `ApiError`.
 * @param {string} path
 * @param {{method?: string, body?: any, type?: string, headers?: Record<string, string>,
 *   signal?: AbortSignal}} [options]
 * @returns {Promise<Response>}
 */
export async function request(path, { method = "GET", body, type, headers = {}, signal } = {}) {
  /** @type {Record<string, string>} */
  const sent = { Accept: "application/json", ...headers };
  const kept = token();
  if (kept) sent.Authorization = `Bearer ${kept}`;
  if (body !== undefined) sent["Content-Type"] = type ?? "application/json";
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(path, { method, headers: sent, body: text, signal, cache: "no-store" });
  if (!response.ok) throw await problem(response);
  return response;
}

/** @param {Response} response */
async function problem(response) {
  const said = await response.json().catch(() => null);
  if (response.status === 401) dispatchEvent(new CustomEvent("gofau:unauthorized"));
  return new ApiError(response.status, said);
}

/** The JSON of an answer. @param {string} path @param {any} [options] @returns {Promise<any>} */
export async function call(path, options) {
  const response = await request(path, options);
  return response.status === 204 ? null : response.json();
}

/** A path with its query; null and empty values are left out. @param {string} path @param {any} params */
export function query(path, params) {
  const kept = Object.entries(params).filter(([, v]) => v !== null && v !== undefined && v !== "");
  const text = new URLSearchParams(kept.map(([k, v]) => [k, String(v)])).toString();
  return text ? `${path}?${text}` : path;
}

/** All rows of a list, page by page. @param {string} path @param {any} params @returns {Promise<any[]>} */
export async function all(path, params) {
  const items = [];
  let cursor = null;
  do {
    const page = await call(query(path, { ...params, cursor }));
    for (const item of page.items) items.push(item);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}
