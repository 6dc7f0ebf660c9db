// @ts-check
/** A form that saves itself: each change is sent soon, one request at a time, and said aloud. */
import { post, RequestError } from "../http.js";
import { gettext } from "../text.js";

const PAUSE_MS = 700;
const RETRY_MS = 4000;

/**
 * Save `form` whenever something in it changes.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} told where the state of saving is shown
 * @param {(answer: any) => void} [saved] called with the server's answer
 * @returns {() => void} to call after a change that no event tells of
 */
export function autosave(form, told, saved = () => {}) {
  let waiting = false;
  let running = false;
  let timer = 0;

  async function send() {
    if (running || !waiting) return;
    waiting = false;
    running = true;
    told.textContent = gettext("Saving…");
    try {
      const answer = await post(form.action, whole(form));
      if (!waiting) told.textContent = gettext("Saved at %(time)s", { time: answer.saved });
      saved(answer);
    } catch (error) {
      fail(/** @type {Error} */ (error));
    } finally {
      running = false;
      if (waiting && !timer) plan(PAUSE_MS);
    }
  }

  /** @param {Error} error */
  function fail(error) {
    told.textContent = error.message;
    if (error instanceof RequestError && error.status > 0 && error.status < 500) return;
    waiting = true;
    plan(RETRY_MS);
  }

  /** @param {number} pause */
  function plan(pause) {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      timer = 0;
      send();
    }, pause);
  }

  function changed() {
    waiting = true;
    told.textContent = gettext("Not saved yet");
    plan(PAUSE_MS);
  }

  form.addEventListener("input", changed);
  form.addEventListener("submit", () => {
    waiting = false;
    clearTimeout(timer);
  });
  // What was typed in the last moment goes along when the page is left.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden" || !waiting) return;
    waiting = false;
    post(form.action, whole(form), { keepalive: true }).catch(() => {
      waiting = true;
    });
  });
  return changed;
}

/** @param {HTMLFormElement} form */
function whole(form) {
  const data = new FormData(form);
  data.set("do", "save");
  return data;
}
