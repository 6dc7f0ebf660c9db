// @ts-check
/** The list of records while it is open: it says at once that somebody did something. */
import { get } from "./http.js";

const EVERY_MS = 1_000;
const AFTER_AN_ERROR_MS = 15_000;

const fresh = /** @type {HTMLElement | null} */ (document.querySelector("#fresh"));

/** @param {HTMLElement} told */
async function look(told) {
  if (document.visibilityState !== "visible") return EVERY_MS;
  try {
    const { changed } = await get(told.dataset.ask ?? "");
    if (changed > 0) told.hidden = false;
    return changed > 0 ? 0 : EVERY_MS;
  } catch {
    return AFTER_AN_ERROR_MS; // the list is what it was; nothing is lost by asking later
  }
}

/** @param {HTMLElement} told */
async function watch(told) {
  const next = await look(told);
  if (next > 0) setTimeout(() => watch(told), next);
}

if (fresh) setTimeout(() => watch(fresh), EVERY_MS);
