// @ts-check
/** The form for one correction: a region that is drawn, or a found one that is left uncovered for a time. */
import { clock, need, parseClock } from "../coding/page.js";
import { gettext } from "../text.js";
import { boxAt, pointsOf } from "./zones.js";

/** @typedef {import("./zones.js").Correction} Correction */
/** @typedef {import("./zones.js").Point} Point */
/** @typedef {import("./zones.js").Box} Box */
/** @typedef {import("./film.js").Film} Film */
/** @typedef {import("./overlay.js").Overlay} Overlay */

const FIRST_MS = 2000; // how long a new region lasts until its end is set

export class Editor {
  /**
   * @param {Film} film
   * @param {Overlay} overlay
   * @param {(step: import("./edits.js").Edit) => void} done
   */
  constructor(film, overlay, done) {
    this.film = film;
    this.overlay = overlay;
    this.done = done;
    this.form = need("#editor", HTMLFormElement);
    this.title = need("#editor-title", HTMLElement);
    this.from = need("#from", HTMLInputElement);
    this.to = need("#to", HTMLInputElement);
    this.problem = need("#editor-problem", HTMLElement);
    /** @type {Point[]} */
    this.points = [];
    /** @type {string | undefined} the found face that is left uncovered; undefined while drawing */
    this.track = undefined;
    /** @type {string[]} what this takes the place of */
    this.drop = [];
    /** @type {Element | null} */
    this.before = null;
    this.form.addEventListener("submit", (event) => this.#submit(event));
    overlay.addEventListener("moved", () => this.#setPoint(overlay.box));
    film.addEventListener("time", () => this.#follow());
  }

  get open() {
    return !this.form.hidden;
  }

  /** Draw a new region, from this moment on. */
  add() {
    const { now, given } = this.film;
    this.points = [[now, ...this.overlay.box]];
    this.#begin("add", undefined, now, Math.min(given.end, now + FIRST_MS));
  }

  /** @param {Correction} added */
  change(added) {
    this.points = pointsOf(added).map((point) => /** @type {Point} */ ([...point]));
    this.#begin("change", undefined, added.start_ms, added.end_ms, [added.id]);
    this.film.seek(added.start_ms);
  }

  /** @param {string} track @param {number} start @param {number} end */
  remove(track, start, end) {
    this.#begin("remove", track, start, end);
  }

  /** @param {"from" | "to"} end */
  here(end) {
    const field = end === "from" ? this.from : this.to;
    field.value = this.#written(this.film.now);
  }

  cancel() {
    this.form.hidden = true;
    this.overlay.draw(false);
    if (this.before instanceof HTMLElement && this.before.isConnected) this.before.focus();
  }

  /**
   * @param {"add" | "change" | "remove"} what
   * @param {string | undefined} track
   * @param {number} start
   * @param {number} end
   * @param {string[]} [drop]
   */
  #begin(what, track, start, end, drop = []) {
    this.film.video.pause();
    this.before = document.activeElement;
    this.track = track;
    this.drop = drop;
    this.title.textContent = this.title.dataset[what] ?? "";
    this.from.value = this.#written(start);
    this.to.value = this.#written(end);
    this.problem.textContent = "";
    this.form.hidden = false;
    need("#rectangle-help", HTMLElement).hidden = track !== undefined;
    need("#remove-help", HTMLElement).hidden = track === undefined;
    this.overlay.draw(track === undefined);
    this.#follow();
    if (track === undefined) this.overlay.rectangle.focus();
    else this.from.focus();
    this.form.scrollIntoView({ block: "nearest" });
  }

  /** Times in the fields are those of the player, with 0 where the clip begins. @param {number} ms */
  #written(ms) {
    return clock(ms - this.film.given.start, true);
  }

  /** Where the rectangle was moved, it stays at that moment. @param {Box} box */
  #setPoint(box) {
    const now = this.film.now;
    const others = this.points.filter((point) => Math.abs(point[0] - now) >= this.film.frame);
    this.points = [...others, /** @type {Point} */ ([now, ...box])].sort((one, other) => one[0] - other[0]);
  }

  #follow() {
    if (!this.open || this.track !== undefined || this.points.length === 0) return;
    this.overlay.show(boxAt(this.points, this.film.now));
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    const { given } = this.film;
    const [start, end] = [this.from, this.to].map((field) => parseClock(field.value) + given.start);
    const right = start < end && start < given.end;
    this.problem.textContent = right ? "" : gettext("Write two times of the clip, such as 0:02 and 0:05.5, the first before the second.");
    if (!right) {
      this.from.focus();
      return;
    }
    this.done({ drop: this.drop, add: [this.#correction(Math.round(start), Math.min(given.end, Math.round(end)))] });
    this.cancel();
  }

  /** @param {number} start_ms @param {number} end_ms @returns {Correction} */
  #correction(start_ms, end_ms) {
    const id = crypto.randomUUID();
    if (this.track !== undefined) return { id, kind: "remove", track: this.track, found: this.film.given.found, start_ms, end_ms };
    if (this.points.length > 1) return { id, kind: "add", start_ms, end_ms, boxes: this.points };
    return { id, kind: "add", start_ms, end_ms, box: /** @type {Box} */ (this.points[0].slice(1)) };
  }
}
