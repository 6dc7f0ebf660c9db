// @ts-check
/** Words for people in scripts: English source in, the page's language out. */

/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById("texts")?.textContent || "{}");

/**
 * Return `source` in the page's language, its `%(name)s` places filled from `values`.
 * @param {string} source
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function gettext(source, values = {}) {
  const sentence = texts[source] ?? source;
  return sentence.replace(/%\((\w+)\)[sd]/g, (place, name) => String(values[name] ?? place));
}

/** The page's language as scripts of the browser name it, such as `es-CL`. */
export const locale = document.documentElement.lang || "es-CL";

/**
 * Return a number as the page's language writes it, with `digits` decimals.
 * @param {number} value
 * @param {number} [digits]
 */
export function formatNumber(value, digits = 0) {
  return value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
