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
  let failed = false; // the last that was sent is not known to be saved
  /** @type {AbortController | null} the request under way */
  let running = null;
  let timer = 0;

  /** @param {boolean} keepalive whether it may outlive the page */
  async function send(keepalive) {
    const own = new AbortController();
    running = own;
    waiting = false;
    clearTimeout(timer);
    timer = 0;
    told.textContent = gettext("Saving…");
    try {
      const answer = await post(form.action, whole(form), { keepalive, signal: own.signal });
      if (own.signal.aborted) return;
      failed = false;
      if (!waiting) told.textContent = gettext("Saved at %(time)s", { time: answer.saved });
      saved(answer);
    } catch (error) {
      // One that was given up for a later one has nothing to say.
      if (!own.signal.aborted) fail(/** @type {Error} */ (error));
    } finally {
      if (running === own) {
        running = null;
        if (waiting && !timer) plan(PAUSE_MS);
      }
    }
  }

  /** @param {Error} error */
  function fail(error) {
    failed = true;
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
      if (waiting && !running) send(false);
    }, pause);
  }

  /** Give up what is under way: it must not arrive after what follows it. */
  function giveUp() {
    running?.abort();
    running = null;
  }

  function changed() {
    waiting = true;
    told.textContent = gettext("Not saved yet");
    plan(PAUSE_MS);
  }

  form.addEventListener("input", changed);
  form.addEventListener("submit", () => {
    waiting = failed = false;
    clearTimeout(timer);
    timer = 0;
    giveUp();
  });
  // What was typed in the last moment goes along when the page is left.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden" || !(waiting || running)) return;
    giveUp();
    send(true);
  });
  // Leaving would lose what could not be sent.
  window.addEventListener("beforeunload", (event) => failed && event.preventDefault());
  return changed;
}

/** @param {HTMLFormElement} form */
function whole(form) {
  const data = new FormData(form);
  data.set("do", "save");
  return data;
}
