// @ts-check
/** A moment on a piece of the film strip: its two ends are sliders, for the mouse, a finger and keys. */
import { clock } from "../coding/page.js";
import { paintFilm } from "../coding/pictures.js";
import { View } from "../coding/view.js";

const AROUND_MS = 60_000; // of the lesson in sight before and after the moment
const NEAR_MS = 10_000; // an end so near to the border brings more of the lesson into sight
const LEAST_MS = 1_000;
const LONGEST_MS = 120_000;
const SHORTEST_MS = 15_000;
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1_000, ArrowDown: -1_000, ArrowRight: 1_000, ArrowUp: 1_000, PageDown: -10_000, PageUp: 10_000 };

/** @typedef {"start" | "end"} End */
/** @typedef {{start: number | null, end: number | null}} Moment */

export class Strip {
  /**
   * @param {HTMLElement} place
   * @param {HTMLVideoElement} video
   * @param {{duration: number, url: string, layout: Coding.Layout | null}} lesson
   * @param {() => Moment} read what stands in the fields
   * @param {(end: End, ms: number, done: boolean) => void} write `done`: no further move follows at once
   */
  constructor(place, video, lesson, read, write) {
    this.place = place;
    this.video = video;
    this.lesson = lesson;
    this.read = read;
    this.write = write;
    this.view = new View(lesson);
    this.film = /** @type {HTMLElement} */ (place.querySelector("[data-film]"));
    this.canvas = /** @type {HTMLCanvasElement} */ (place.querySelector("canvas"));
    this.span = /** @type {HTMLElement} */ (place.querySelector("[data-span]"));
    this.head = /** @type {HTMLElement} */ (place.querySelector("[data-head]"));
    this.handles = /** @type {HTMLElement[]} */ (Array.from(place.querySelectorAll("[data-handle]")));
    this.borders = /** @type {HTMLElement[]} */ (Array.from(place.querySelectorAll("[data-border]")));
    /** @type {End | null} the end that is being dragged */
    this.held = null;
    place.hidden = false;
    this.#listen();
    this.look();
  }

  #listen() {
    for (const handle of this.handles) {
      const end = endOf(handle);
      handle.addEventListener("pointerdown", (event) => this.#grab(event, handle, end));
      handle.addEventListener("pointermove", (event) => this.held === end && this.#pull(event, end, false));
      handle.addEventListener("pointerup", (event) => this.held === end && this.#pull(event, end, true));
      handle.addEventListener("lostpointercapture", () => (this.held = null));
      handle.addEventListener("keydown", (event) => this.#key(event, end));
    }
    this.film.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("[data-handle]")) return;
      this.video.currentTime = this.#at(event) / 1000;
    });
    this.video.addEventListener("timeupdate", () => this.#follow());
    this.video.addEventListener("seeking", () => this.#follow());
    this.view.addEventListener("moved", () => this.paint());
    new ResizeObserver(() => this.paint()).observe(this.film);
  }

  /** @param {PointerEvent} event @param {HTMLElement} handle @param {End} end */
  #grab(event, handle, end) {
    if (event.button > 0) return;
    event.preventDefault(); // no text is selected
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    this.held = end;
  }

  /** @param {PointerEvent} event @param {End} end @param {boolean} done */
  #pull(event, end, done) {
    if (done) this.held = null;
    this.#move(end, this.#at(event), done);
    if (done) this.look();
  }

  /** @param {MouseEvent} event @returns the moment of the lesson that is pointed to, of what is in sight */
  #at(event) {
    const { left } = this.film.getBoundingClientRect();
    const { from, to, pixel } = this.view;
    return Math.max(from, Math.min(to, from + (event.clientX - left) * pixel));
  }

  /** @param {KeyboardEvent} event @param {End} end */
  #key(event, end) {
    const { start, end: last } = this.read();
    if (start === null || last === null || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = STEPS[event.key] * (event.shiftKey ? 10 : 1);
    const now = end === "start" ? start : last;
    /** @type {Record<string, number>} the longest and the shortest that can be shared */
    const far = end === "start" ? { Home: last - LONGEST_MS, End: last - SHORTEST_MS } : { Home: start + SHORTEST_MS, End: start + LONGEST_MS };
    const to = step ? now + step : far[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#move(end, to, true);
    this.look();
  }

  /** One end a little earlier or later. @param {End} end @param {number} ms */
  nudge(end, ms) {
    const now = this.read()[end];
    if (now === null) return;
    this.#move(end, now + ms, true);
    this.look();
  }

  /** Whole seconds, and never beyond the other end. @param {End} end @param {number} ms @param {boolean} done */
  #move(end, ms, done) {
    const { least, most } = this.#range(end);
    const to = Math.max(least, Math.min(most, Math.round(ms / 1000) * 1000));
    this.write(end, to, done);
    this.video.currentTime = to / 1000;
    this.paint();
  }

  /** @param {End} end @returns where it can be; a lesson seldom ends with a whole second */
  #range(end) {
    const { start, end: last } = this.read();
    const whole = Math.floor(this.lesson.duration / 1000) * 1000;
    if (end === "start") return { least: 0, most: Math.max(0, (last ?? whole) - LEAST_MS) };
    return { least: Math.min(whole, (start ?? 0) + LEAST_MS), most: whole };
  }

  /** Bring the moment into sight; where there is none, the moment that the video shows. */
  look() {
    const { start, end } = this.read();
    const { from, to } = this.view;
    const now = this.video.currentTime * 1000;
    if (start === null || end === null || end <= start) {
      if (!this.view.has(now) || this.view.isWhole) this.view.show(now - AROUND_MS, now + AROUND_MS);
    } else if (this.view.isWhole || (start - from < NEAR_MS && from > 0) || (to - end < NEAR_MS && to < this.lesson.duration)) {
      this.view.show(start - AROUND_MS, end + AROUND_MS);
    }
    this.paint();
  }

  #follow() {
    const { start, end } = this.read();
    if (start === null || end === null) this.look();
    this.#placeHead();
  }

  #placeHead() {
    const now = this.video.currentTime * 1000;
    this.head.hidden = !this.view.has(now);
    this.head.style.left = this.view.left(now);
  }

  paint() {
    const { view } = this;
    view.width = Math.max(1, this.film.clientWidth);
    paintFilm(this.canvas, this.lesson.url, this.lesson.layout, view.from, view.to);
    this.borders.forEach((border, place) => (border.textContent = clock(place ? view.to : view.from)));
    const { start, end } = this.read();
    const known = start !== null && end !== null && start < end;
    this.span.hidden = !known || !view.meets({ start_ms: start, end_ms: end });
    if (known) view.place(this.span, { start_ms: start, end_ms: end });
    for (const handle of this.handles) this.#tell(handle, known ? { start, end } : null);
    this.#placeHead();
  }

  /** @param {HTMLElement} handle @param {{start: number, end: number} | null} moment */
  #tell(handle, moment) {
    const end = endOf(handle);
    const at = moment?.[end] ?? 0;
    handle.hidden = !moment || at < this.view.from || at > this.view.to;
    if (handle.hidden) return;
    const { least, most } = this.#range(end);
    handle.style.left = this.view.left(at);
    const told = { min: least / 1000, max: most / 1000, now: at / 1000, text: clock(at) };
    for (const [name, value] of Object.entries(told)) handle.setAttribute(`aria-value${name}`, String(value));
  }
}

/** @param {HTMLElement} handle */
function endOf(handle) {
  return handle.dataset.handle === "end" ? "end" : "start";
}
