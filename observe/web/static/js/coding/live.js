// @ts-check
/** The clock of a lesson in the room, in the place of the video: see `player.js` for what it has to be. */
import { get } from "../http.js";
import { gettext } from "../text.js";
import { clock, need } from "./page.js";

const TICK_MS = 500; // each second is shown, also when one tick comes late
const GRAIN_MS = 5 * 60_000; // by which the timeline grows: it is not drawn anew each second

/** Tells `time` twice a second while it runs, and `told` with a sentence when a film would be needed. */
export class LiveClock extends EventTarget {
  /** @param {Coding.Given} given @param {import("./lesson.js").Lesson} lesson */
  constructor(given, lesson) {
    super();
    this.given = given;
    this.lesson = lesson;
    this.runs = given.live?.runs ?? false;
    /** @type {Coding.Bar[]} nothing can be barred: nothing plays */
    this.bars = [];
    this.rate = 1;
    this.shown = need("#clock", HTMLElement);
    /** where she stands in a lesson that has ended */
    this.place = lesson.duration;
    // The page was written when its first byte came, not when its scripts began.
    const [page] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
    this.#anchor(lesson.duration, page?.responseStart ?? 0);
    lesson.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail.kind));
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
    if (this.runs) setInterval(() => this.paint(), TICK_MS);
    this.paint();
  }

  get now() {
    return this.runs ? this.#elapsed() : this.place;
  }

  get duration() {
    return this.lesson.duration;
  }

  get playing() {
    return this.runs;
  }

  /** @param {number} ms */
  seek(ms) {
    if (this.runs) return this.#tell(gettext("The clock runs on: a lesson in the room cannot be wound back."));
    this.go(ms);
  }

  /** @param {number} ms */
  go(ms) {
    if (!this.runs) this.place = Math.max(0, Math.min(this.lesson.duration, ms));
    this.paint();
  }

  /** @param {number} ms */
  jump(ms) {
    this.seek(this.now + ms);
  }

  toggle() {
    this.#tell(
      this.runs
        ? gettext("There is no video: the clock of the lesson runs by itself.")
        : gettext("There is no video yet: add it on the page of the lesson."),
    );
  }

  step() {
    this.toggle();
  }

  faster() {
    this.toggle();
  }

  captions() {
    this.toggle();
  }

  rest() {}

  /** Nothing is barred. */
  barred() {
    return false;
  }

  /** @param {number} elapsed of the lesson @param {number} at when that was, by `performance.now()` */
  #anchor(elapsed, at) {
    this.anchor = { elapsed, at, wall: Date.now() - (performance.now() - at) };
    this.#grow();
  }

  /** One of the two clocks stands while a computer sleeps, the other may be set back. */
  #elapsed() {
    const { elapsed, at, wall } = /** @type {{elapsed: number, at: number, wall: number}} */ (this.anchor);
    return Math.round(elapsed + Math.max(performance.now() - at, Date.now() - wall));
  }

  /** What the timeline shows reaches to the end of the cycle under way, or a little further than now. */
  #grow() {
    if (!this.runs) return;
    const ends = this.lesson.cycles.map((cycle) => cycle.end_ms);
    this.lesson.document.duration_ms = Math.max(...ends, Math.ceil((this.#elapsed() + 1) / GRAIN_MS) * GRAIN_MS);
  }

  /** @param {string} kind of the act; `all`: the program told the document anew, and how long it has lasted */
  #changed(kind) {
    if (kind === "all" && !this.lesson.document.live) location.reload(); // it has its video now
    if (kind === "all") {
      this.#anchor(this.lesson.duration, performance.now());
      this.#wake(); // it may have ended on another device
    }
    this.#grow();
  }

  /** After a sleep, or another window's work: what does the program say? */
  async #wake() {
    const answer = await get(`${this.given.urls.document}?desde=${Number.MAX_SAFE_INTEGER}`).catch(() => null);
    if (!answer) return;
    if ((answer.live?.runs ?? false) !== this.runs) return location.reload();
    if (this.runs) this.#anchor(answer.live.elapsed_ms, performance.now());
    this.paint();
  }

  paint() {
    this.#grow();
    const shown = clock(this.now);
    if (this.shown.textContent !== shown) this.shown.textContent = shown;
    this.dispatchEvent(new Event("time"));
  }

  /** @param {string} sentence */
  #tell(sentence) {
    this.dispatchEvent(new CustomEvent("told", { detail: sentence }));
    this.dispatchEvent(new Event("time"));
  }
}

/**
 * Give the buttons and keys of the screen what they do in the room.
 * @param {import("./desk.js").Desk} desk @param {import("./notes.js").Notes} notes
 * @param {Record<string, () => void>} does
 */
export async function inTheRoom(desk, notes, does) {
  desk.player.addEventListener("told", (event) => desk.say(/** @type {CustomEvent} */ (event).detail));
  const part = desk.given.live?.runs ? await desk.fetch(() => import("./room.js")) : null;
  if (part) Object.assign(does, new part.Room(desk, notes).does);
}
