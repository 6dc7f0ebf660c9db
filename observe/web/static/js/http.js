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

/** @returns {string} */
function token() {
  return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
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
export function post(url, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "X-CSRFToken": token(), ...options.headers };
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
