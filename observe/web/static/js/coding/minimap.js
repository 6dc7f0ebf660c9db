// @ts-check
/** The whole lesson in one small bar, and on it the part in sight, which can be moved. */
import { gettext } from "../text.js";
import { clock, make, need, release } from "./page.js";

/** @type {Record<string, number>} how far, in parts in sight */
const STEPS = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1, Home: -Infinity, End: Infinity };

export class Minimap {
  /** @param {import("./desk.js").Desk} desk @param {import("./view.js").View} view */
  constructor(desk, view) {
    this.desk = desk;
    this.view = view;
    this.bar = need("#minimap", HTMLElement);
    this.window = need("#window", HTMLElement);
    this.head = need("#minimap-head", HTMLElement);
    this.cycles = need("#minimap-cycles", HTMLElement);
    this.drawn = "";
    desk.lesson.addEventListener("changed", () => this.#paintCycles());
    /** @type {number | null} from the start of the part to where the pointer took it */
    this.taken = null;
    this.bar.addEventListener("pointerdown", (event) => this.#grab(event));
    this.bar.addEventListener("pointermove", (event) => this.#pull(event));
    this.bar.addEventListener("lostpointercapture", () => this.#letGo());
    this.window.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {number} ms */
  #left(ms) {
    return `${((100 * ms) / Math.max(1, this.desk.lesson.duration)).toFixed(3)}%`;
  }

  paint() {
    this.#paintCycles();
    this.follow(this.desk.player.now);
    const { from, to, length, isWhole } = this.view;
    this.window.style.setProperty("--at", this.#left(from));
    this.window.style.setProperty("--wide", this.#left(length));
    const told = {
      min: 0,
      max: this.desk.lesson.duration - length,
      now: from,
      text: isWhole ? gettext("the whole lesson in sight") : gettext("%(start)s to %(end)s", { start: clock(from), end: clock(to) }),
    };
    for (const [name, value] of Object.entries(told)) this.window.setAttribute(`aria-value${name}`, String(value));
  }

  #paintCycles() {
    const spans = this.desk.lesson.cycles.map(({ start_ms, end_ms }) => `${this.#left(start_ms)} ${this.#left(end_ms - start_ms)}`);
    if (this.drawn === spans.join()) return;
    this.drawn = spans.join();
    this.cycles.replaceChildren(
      ...spans.map((span) => {
        const piece = make("i");
        [piece.style.left, piece.style.width] = span.split(" ");
        return piece;
      }),
    );
  }

  /** @param {number} now */
  follow(now) {
    this.head.style.left = this.#left(now);
  }

  /** @param {PointerEvent} event @returns the moment that is pointed to */
  #at(event) {
    const { left, width } = this.bar.getBoundingClientRect();
    return ((event.clientX - left) / width) * this.desk.lesson.duration;
  }

  /** Taken beside the part, its middle comes there. @param {PointerEvent} event */
  #grab(event) {
    if (event.button > 0) return;
    event.preventDefault();
    this.bar.setPointerCapture(event.pointerId);
    this.taken = this.window.contains(/** @type {Node} */ (event.target)) ? this.#at(event) - this.view.from : this.view.length / 2;
    this.#pull(event);
  }

  /** @param {PointerEvent} event */
  #pull(event) {
    if (this.taken !== null) this.view.pan(this.#at(event) - this.taken - this.view.from);
  }

  #letGo() {
    this.taken = null;
    release(); // the arrows are for the video again
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[event.key];
    if (!step || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const { duration } = this.desk.lesson;
    this.view.pan(Math.max(-duration, Math.min(duration, step * this.view.length)));
  }
}
