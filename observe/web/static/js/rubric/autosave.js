// @ts-check
/** A form whose fields save themselves one by one, while other people write in the same draft. */
import { post, RequestError } from "../http.js";
import { gettext } from "../text.js";
import { Box } from "./box.js";

const PAUSE_MS = 700;
const RETRY_MS = 4000;
const RETRY_LATER_MS = 15000; // after a refusal, such as when nobody is signed in any more

/**
 * @typedef {{field: string, theirs: string | null, told: string, back: string}} Clash
 * @typedef {{saved: string, clashes: Clash[], wrong: Record<string, string>, aside: string}} Answer
 */

export class Autosave {
  /**
   * @param {HTMLFormElement} form `data-changes` is where changes are sent
   * @param {HTMLElement} told where the state of saving is shown
   * @param {(answer: Answer) => void} answered called with each answer of the server
   */
  constructor(form, told, answered) {
    this.form = form;
    this.told = told;
    this.answered = answered;
    this.timer = 0;
    this.running = false;
    this.leaving = false;
    const places = /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-box]"));
    this.boxes = new Map(Array.from(places, (place) => new Box(place)).map((box) => [box.name, box]));
    // What the page came with as a clash is sent only once somebody has chosen.
    for (const box of this.boxes.values()) {
      const { theirs, told: sentence } = box.place.dataset;
      if (theirs === undefined) continue;
      box.collide({ field: box.name, theirs, told: sentence ?? "", back: "" }, () => this.plan(0));
    }
    form.addEventListener("input", (event) => this.#changed(event, PAUSE_MS));
    form.addEventListener("change", (event) => this.#changed(event, 0));
    form.addEventListener("submit", () => (this.leaving = true));
    window.addEventListener("pageshow", () => this.#came());
    window.addEventListener("beforeunload", (event) => {
      if (!this.leaving && this.unsaved.length) event.preventDefault();
    });
    // What was typed in the last moment goes along when the page is left.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && !this.leaving) this.send(true);
    });
  }

  /** The fields of which the program does not know yet what they say. */
  get unsaved() {
    return [...this.boxes.values()].filter((box) => box.changed);
  }

  /** A browser may bring a page back with what had been typed. */
  #came() {
    this.leaving = false;
    if (this.unsaved.length) this.plan(0);
  }

  /**
   * @param {Event} event
   * @param {number} pause
   */
  #changed(event, pause) {
    const box = this.boxes.get(/** @type {HTMLInputElement} */ (event.target).name);
    if (!box) return;
    box.paint();
    if (box.changed) this.say("unsaved", gettext("Not saved yet"));
    this.plan(pause);
  }

  /** @param {number} pause */
  plan(pause) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.send(false), pause);
  }

  /** @param {boolean} keepalive whether it may outlive the page */
  async send(keepalive) {
    const due = this.unsaved.filter((box) => !box.clash);
    if (this.running || !due.length) return;
    this.running = true;
    this.say("saving", gettext("Saving…"));
    const sent = due.map((box) => ({ field: box.name, was: box.was, now: box.now }));
    const before = new Map(due.map((box) => [box.name, box.sent]));
    for (const box of due) box.sent = box.now;
    try {
      this.#kept(sent, before, await post(this.form.dataset.changes ?? "", sent, { keepalive }));
    } catch (error) {
      this.#failed(/** @type {Error} */ (error));
    } finally {
      this.running = false;
    }
  }

  /**
   * @param {{field: string, now: string}[]} sent
   * @param {Map<string, string | null>} before what was sent of them the time before
   * @param {Answer} answer
   */
  #kept(sent, before, answer) {
    const clashes = new Map(answer.clashes.map((clash) => [clash.field, clash]));
    for (const { field, now } of sent) {
      const box = this.boxes.get(field);
      const clash = clashes.get(field);
      // Her own words, of which the answer was lost on the way, are nobody else's.
      if (clash && clash.theirs !== null && clash.theirs === before.get(field)?.trim()) box?.keep(clash.theirs);
      else if (clash) box?.collide(clash, () => this.plan(0));
      else box?.keep(now);
    }
    for (const box of this.boxes.values()) box.tell(answer.wrong[box.name] ?? "");
    this.answered(answer);
    const left = this.unsaved;
    if (left.some((box) => !box.clash)) this.plan(PAUSE_MS);
    if (left.length) this.say("unsaved", gettext("Saved, except what is marked"));
    else this.say("saved", gettext("Saved at %(time)s", { time: answer.saved }));
  }

  /** @param {Error} error */
  #failed(error) {
    const refused = error instanceof RequestError && error.status > 0 && error.status < 500;
    this.say("offline", error.message);
    this.plan(refused ? RETRY_LATER_MS : RETRY_MS);
  }

  /**
   * @param {"saved" | "saving" | "unsaved" | "offline"} state
   * @param {string} words
   */
  say(state, words) {
    this.told.dataset.state = state;
    if (this.told.textContent !== words) this.told.textContent = words;
  }
}
