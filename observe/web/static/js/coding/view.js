// @ts-check
/** The part of the lesson that is in sight: all of it, or as little as ten seconds. */

const LEAST_MS = 10_000;
const MARGIN = 0.1; // of the part, before a moment that is brought into sight

/** Tells `moved` when another part is in sight. */
export class View extends EventTarget {
  /** @param {{duration: number}} lesson */
  constructor(lesson) {
    super();
    this.lesson = lesson;
    /** how long the lesson was when the part was chosen: one that is watched live grows */
    this.duration = lesson.duration;
    this.from = 0;
    this.to = lesson.duration;
    /** how wide the lanes are, in pixels */
    this.width = 1;
  }

  get length() {
    return this.to - this.from;
  }

  get isWhole() {
    return this.length >= this.duration;
  }

  /** How long a pixel lasts. */
  get pixel() {
    return this.length / this.width;
  }

  /** @param {number} ms @returns {string} where it is, from the left */
  left(ms) {
    return `${((100 * (ms - this.from)) / this.length).toFixed(3)}%`;
  }

  /** @param {number} ms */
  has(ms) {
    return this.from <= ms && ms < this.to;
  }

  /** @param {Coding.Span} span @returns whether some of it is in sight; a moment may start and end at once */
  meets({ start_ms, end_ms }) {
    return start_ms <= this.to && (end_ms > this.from || start_ms >= this.from);
  }

  /** Put an element where its span is, as far as that is in sight. @param {HTMLElement} element @param {Coding.Span} span */
  place(element, { start_ms, end_ms }) {
    const start = Math.max(this.from, start_ms);
    element.style.setProperty("--at", this.left(start));
    element.style.setProperty("--wide", `${((100 * (Math.min(this.to, end_ms) - start)) / this.length).toFixed(3)}%`);
  }

  /** Show this part, as far as there is lesson. @param {number} from @param {number} to */
  show(from, to) {
    this.duration = this.lesson.duration;
    const length = Math.min(this.duration, Math.max(LEAST_MS, to - from));
    const start = Math.max(0, Math.min(this.duration - length, from));
    if (start === this.from && start + length === this.to) return;
    this.from = start;
    this.to = start + length;
    this.dispatchEvent(new Event("moved"));
  }

  whole() {
    this.show(0, Infinity);
  }

  /** Show `factor` times as much; the moment `at` stays where it is. @param {number} factor @param {number} at */
  zoom(factor, at) {
    const length = Math.max(LEAST_MS, Math.min(this.lesson.duration, this.length * factor));
    const share = this.has(at) ? (at - this.from) / this.length : 0.5;
    this.show(at - share * length, at + (1 - share) * length);
  }

  /** @param {number} ms on, or back when negative */
  pan(ms) {
    this.show(this.from + ms, this.to + ms);
  }

  /** Bring a moment into sight. @param {number} ms */
  reveal(ms) {
    if (!this.has(ms)) this.pan(ms - MARGIN * this.length - this.from);
  }

  /** The lesson lasts longer, or shorter, than it did. */
  resize() {
    if (this.isWhole) this.whole();
    else this.show(this.from, this.to);
  }
}
