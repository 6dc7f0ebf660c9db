// @ts-check
/** Small dealings with the page: finding, making, speaking of time. */
import { locale } from "../text.js";

/**
 * Return the element that must be there.
 * @template {Element} E
 * @param {string} selector
 * @param {new () => E} type
 * @param {ParentNode} [within]
 * @returns {E}
 */
export function need(selector, type, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * Make an element; `on…` properties are listeners, `class` and `aria-…`, `data-…` attributes.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [properties]
 * @param {(Node | string | null)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const POINT = (0.5).toLocaleString(locale)[1];

/** @param {number} ms @param {boolean} [fine] with tenths @returns {string} such as `20:34` or `1:02:03` */
export function clock(ms, fine = false) {
  const tenths = Math.floor(ms / 100);
  const seconds = Math.floor(tenths / 10);
  const hours = Math.floor(seconds / 3600);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const minutes = hours ? `${hours}:${two(Math.floor(seconds / 60) % 60)}` : String(Math.floor(seconds / 60));
  return `${minutes}:${two(seconds % 60)}${fine ? `${POINT}${tenths % 10}` : ""}`;
}

/** @param {number} ms @returns {string} the time for a field: tenths only where there are some */
export function written(ms) {
  return clock(ms, ms % 1000 >= 100);
}

/**
 * Return the milliseconds written in `text`: `15:00`, `1:02:03.5` or seconds; NaN when it is no time.
 * @param {string} text
 * @returns {number}
 */
export function parseClock(text) {
  const parts = text.trim().replace(",", ".").split(":");
  if (parts.length > 3 || !parts.every((part, place) => /^\d+$/.test(part) || (place === parts.length - 1 && /^\d+\.\d+$/.test(part)))) {
    return NaN;
  }
  return Math.round(parts.reduce((sum, part) => sum * 60 + Number(part), 0) * 1000);
}

/** Give the keyboard back to the screen after a click, so that Space plays instead of pressing again. */
export function release() {
  const focused = document.activeElement;
  if (focused instanceof HTMLElement && focused !== document.body) focused.blur();
}
