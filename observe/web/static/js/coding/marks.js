// @ts-check
/** A lane of the timeline: the marks in sight, each kept by its id and changed only where it changed. */
import { make } from "./page.js";

const WAYS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/**
 * Only one mark of a lane is reached with Tab; arrows lead to the others, also to those out of sight.
 * @template {Coding.Mark} M
 */
export class Marks {
  /**
   * @param {HTMLElement} lane
   * @param {import("./view.js").View} view
   * @param {(element: HTMLElement, mark: M) => void} tell writes what a mark says onto its element
   * @param {((mark: M) => void) | null} press what pressing does; null: these are no buttons
   */
  constructor(lane, view, tell, press) {
    this.lane = lane;
    this.view = view;
    this.tell = tell;
    this.press = press;
    /** @type {M[]} also those out of sight */
    this.all = [];
    /** @type {Map<string, {element: HTMLElement, mark: M}>} */
    this.shown = new Map();
    /** @type {string | undefined} the one that was reached last */
    this.last = undefined;
    lane.addEventListener("focusin", (event) => this.#reached(event.target));
    if (!press) return;
    lane.addEventListener("click", (event) => this.#clicked(event));
    lane.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {EventTarget | null} target @returns {M | undefined} */
  of(target) {
    const element = /** @type {Element} */ (target).closest("[data-mark]");
    return this.shown.get(/** @type {HTMLElement | null} */ (element)?.dataset.mark ?? "")?.mark;
  }

  /** @param {M[]} marks in the order of time */
  paint(marks) {
    this.all = marks;
    const inSight = marks.filter((mark) => this.view.meets(mark));
    const focused = document.activeElement;
    this.#drop(new Set(inSight.map((mark) => mark.id)));
    inSight.forEach((mark, place) => {
      const element = this.#kept(mark);
      this.view.place(element, mark);
      if (this.lane.children[place] !== element) this.lane.insertBefore(element, this.lane.children[place] ?? null);
    });
    if (this.press) this.#rove();
    // One that changed places let the keyboard go.
    if (focused !== document.activeElement && focused instanceof HTMLElement && this.lane.contains(focused)) focused.focus();
  }

  /** @param {Set<string>} ids that stay */
  #drop(ids) {
    for (const [id, { element }] of this.shown) {
      if (ids.has(id)) continue;
      element.remove();
      this.shown.delete(id);
    }
  }

  /** @param {M} mark @returns its element, which says what the mark says */
  #kept(mark) {
    const known = this.shown.get(mark.id);
    const element = known?.element ?? make(this.press ? "button" : "div", { type: this.press && "button", "data-mark": mark.id });
    if (known?.mark.sign !== mark.sign) this.tell(element, mark);
    this.shown.set(mark.id, { element, mark });
    return element;
  }

  /** One of the marks in sight is reached with Tab. */
  #rove() {
    const id = this.shown.has(this.last ?? "") ? this.last : this.shown.keys().next().value;
    for (const [each, { element }] of this.shown) element.tabIndex = each === id ? 0 : -1;
  }

  /** @param {EventTarget | null} target */
  #reached(target) {
    this.last = this.of(target)?.id ?? this.last;
    if (this.press) this.#rove();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const mark = this.of(event.target);
    if (!mark) return;
    const button = this.shown.get(mark.id)?.element;
    this.press?.(mark);
    if (event.detail > 0 && document.activeElement === button) button?.blur(); // Space plays again
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const way = WAYS[/** @type {keyof typeof WAYS} */ (event.key)];
    if (!way || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    const at = this.all.findIndex((mark) => mark.id === this.of(event.target)?.id);
    const next = this.all[Math.max(0, Math.min(this.all.length - 1, at + way))];
    if (at < 0) return;
    event.preventDefault();
    if (!this.view.meets(next)) this.view.reveal(next.start_ms);
    this.paint(this.all);
    this.shown.get(next.id)?.element.focus();
  }
}
