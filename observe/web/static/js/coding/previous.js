// @ts-check
/** The card of the previous priority: its answer is sent at once, and what another window says is heard. */
import { get, post, RequestError } from "../http.js";
import { gettext } from "../text.js";
import { need } from "./page.js";

const PAUSE_MS = 700;
const RETRY_MS = 4_000;

/** How the card stands on the server. @typedef {{seen: string, outcome: string, note: string, word: string, saved: string}} Told */

class Card {
  constructor() {
    this.form = need("#previous-form", HTMLFormElement);
    this.note = need("#previous-note", HTMLInputElement);
    this.seen = need("[name=seen]", HTMLInputElement, this.form);
    this.told = need("#previous-told", HTMLElement);
    this.two = need("#previous-two", HTMLElement);
    /** whether something here is not kept yet */
    this.waiting = false;
    /** @type {Promise<void> | null} what is on its way */
    this.running = null;
    /** what another window answered, while it is to be decided between both @type {Told | null} */
    this.other = null;
    this.timer = 0;
    need("#previous-save", HTMLElement).hidden = true;
    this.form.addEventListener("input", (event) => this.#changed(event.target === this.note ? PAUSE_MS : 0));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#changed(0);
    });
    need("#previous-mine", HTMLElement).addEventListener("click", () => this.#decide(false));
    need("#previous-theirs", HTMLElement).addEventListener("click", () => this.#decide(true));
    for (const name of ["online", "focus"]) window.addEventListener(name, () => this.look());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.look()));
    // Finishing waits, a moment, for what is on its way.
    const finish = need("a#finish", HTMLAnchorElement);
    finish.addEventListener("click", (event) => this.#finish(event, finish.href), true);
  }

  get outcome() {
    return String(new FormData(this.form).get("outcome") ?? "");
  }

  /** @param {number} pause */
  #changed(pause) {
    this.waiting = true;
    if (!this.outcome || this.other) return;
    this.told.textContent = gettext("Not saved yet");
    this.#plan(pause);
  }

  /** @param {number} pause */
  #plan(pause) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.send(), pause);
  }

  /** Send what is chosen, one request at a time. @param {boolean} [keepalive] whether it may outlive the page */
  async send(keepalive = false) {
    clearTimeout(this.timer);
    if (this.running && !keepalive) await this.running;
    if (!this.waiting || !this.outcome || this.other) return;
    this.running = this.#sent(keepalive);
    await this.running;
    this.running = null;
  }

  /** @param {boolean} keepalive */
  async #sent(keepalive) {
    this.waiting = false;
    try {
      this.#kept(await post(this.form.action, new FormData(this.form), { keepalive }));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.waiting = true;
      this.told.textContent = error.message;
      if (error.body?.now) this.#clash(error.body.now);
      else if (error.status === 0 || error.status >= 500) this.#plan(RETRY_MS);
    }
  }

  /** @param {Told} now */
  #kept(now) {
    this.seen.value = now.seen;
    need("#previous-word", HTMLElement).textContent = `· ${now.word}`;
    if (!this.waiting) this.told.textContent = gettext("Saved at %(time)s", { time: now.saved });
  }

  /** Two windows say two things: the person decides. @param {Told} now */
  #clash(now) {
    this.other = now;
    this.two.hidden = false;
    const said = now.note ? `${now.word} (${now.note})` : now.word;
    this.told.textContent = gettext("In another window: %(said)s.", { said });
  }

  /** @param {boolean} theirs */
  #decide(theirs) {
    const now = this.other;
    if (!now) return;
    this.other = null;
    this.two.hidden = true;
    this.seen.value = now.seen;
    if (theirs) this.#take(now);
    else this.#changed(0);
  }

  /** @param {Told} now */
  #take(now) {
    this.waiting = false;
    for (const radio of this.form.querySelectorAll("[name=outcome]")) {
      const input = /** @type {HTMLInputElement} */ (radio);
      input.checked = input.value === now.outcome;
    }
    this.note.value = now.note;
    this.#kept(now);
  }

  /** Look whether another window answered meanwhile. */
  async look() {
    if (this.waiting || this.running || this.other) return;
    const now = await get(this.form.action).catch(() => null);
    if (now && now.seen !== this.seen.value && !this.waiting && !this.running) this.#take(now);
  }

  #leave() {
    if (this.waiting) this.send(true);
  }

  /** @param {MouseEvent} event @param {string} href */
  async #finish(event, href) {
    if (!this.waiting && !this.running) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await Promise.race([this.send(), new Promise((resolve) => setTimeout(resolve, RETRY_MS / 2))]);
    location.assign(href);
  }
}

new Card();
