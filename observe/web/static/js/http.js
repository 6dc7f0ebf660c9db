// @ts-check
/** Requests to our own server: JSON in and out, with the page's CSRF token. */
import { gettext } from "./text.js";

/** A refusal by the server (`status` > 0) or a line that failed (`status` 0). */
export class RequestError extends Error {
  /**
   * @param {string} sentence what to do, for the person
   * @param {number} status
   * @param {string[]} [problems]
   * @param {any} [body]
   */
  constructor(sentence, status, problems = [], body = null) {
    super(sentence);
    this.status = status;
    this.problems = problems;
    this.body = body;
  }
}

/** @param {string} name */
function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";
}

/** @returns {string} the id of the person for whom this page was made; empty when nobody signed in */
export function user() {
  return meta("user");
}

/**
 * Take the token of the session that the same person opened meanwhile, perhaps in another tab.
 * @param {any} body what was answered
 * @returns {boolean} whether there was one
 */
function renewed(body) {
  if (!body?.csrf_token || body.user !== user()) return false;
  document.querySelector('meta[name="csrf-token"]')?.setAttribute("content", body.csrf_token);
  for (const field of document.querySelectorAll("input[name=csrf_token]")) {
    /** @type {HTMLInputElement} */ (field).value = body.csrf_token;
  }
  return true;
}

/**
 * @param {string} url
 * @param {RequestInit} options
 * @returns {Promise<any>}
 */
async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    throw new RequestError(gettext("No connection with the program. Trying again."), 0);
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) {
    const sentence = body?.error ?? gettext("The program answered in an unexpected way. Reload the page.");
    throw new RequestError(sentence, answer.status, body?.problems ?? [], body);
  }
  return body;
}

/**
 * Fetch JSON.
 * @param {string} url
 * @returns {Promise<any>}
 */
export function get(url) {
  return ask(url, { headers: { Accept: "application/json" } });
}

/**
 * Send JSON, a form or bytes; return the JSON answered. Raises RequestError.
 * @param {string} url
 * @param {object | FormData | Blob} body
 * @param {{headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean}} [options]
 * @returns {Promise<any>}
 */
export async function post(url, body, options = {}) {
  try {
    return await sent(url, body, options);
  } catch (error) {
    if (!(error instanceof RequestError) || !renewed(error.body)) throw error;
    return sent(url, body, options);
  }
}

/** @type {typeof post} */
function sent(url, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "X-CSRFToken": meta("csrf-token"), ...options.headers };
  if (body instanceof FormData) body.delete("csrf_token"); // the header has it, and newer
  const raw = body instanceof FormData || body instanceof Blob;
  if (!raw) headers["Content-Type"] = "application/json";
  else if (body instanceof Blob) headers["Content-Type"] = "application/octet-stream";
  return ask(url, {
    method: "POST",
    headers,
    body: raw ? /** @type {BodyInit} */ (body) : JSON.stringify(body),
    signal: options.signal,
    keepalive: options.keepalive,
  });
}
