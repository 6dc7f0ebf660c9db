// @ts-check
/** What lies over the picture: marks of what is covered, and the rectangle that is being drawn. */
import { need } from "../coding/page.js";
import { formatNumber, gettext } from "../text.js";

/** @typedef {import("./zones.js").Box} Box */

const STEP = 0.01;
const SMALLEST = 0.02;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {HTMLElement} element @param {Box} box */
function put(element, [left, top, width, height]) {
  element.style.left = `${left * 100}%`;
  element.style.top = `${top * 100}%`;
  element.style.width = `${width * 100}%`;
  element.style.height = `${height * 100}%`;
}

/**
 * Return the box inside the picture, not smaller than can be seen.
 * @param {Box} box
 * @returns {Box}
 */
function inside([left, top, width, height]) {
  const [across, down] = [width, height].map((side) => Math.min(1, Math.max(SMALLEST, side)));
  return [Math.min(1 - across, Math.max(0, left)), Math.min(1 - down, Math.max(0, top)), across, down];
}

/**
 * Return the part of the box that lies on the picture, so that its name can be read.
 * @param {Box} box
 * @returns {Box}
 */
function onPicture([left, top, width, height]) {
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  return [x, y, Math.min(1, left + width) - x, Math.min(1, top + height) - y];
}

export class Overlay extends EventTarget {
  constructor() {
    super();
    this.place = need("#overlay", HTMLElement);
    this.marks = need("#marks", HTMLElement);
    this.rectangle = need("#rectangle", HTMLElement);
    /** @type {Box} */
    this.box = [0.4, 0.3, 0.2, 0.25];
    this.place.hidden = false;
    this.#listen();
  }

  /** @param {{kind: string, label: string, box: Box}[]} shown */
  mark(shown) {
    while (this.marks.children.length < shown.length) {
      const mark = document.createElement("div");
      mark.append(document.createElement("span"));
      this.marks.append(mark);
    }
    [...this.marks.children].forEach((each, number) => {
      const mark = /** @type {HTMLElement} */ (each);
      const what = shown[number];
      mark.hidden = what === undefined;
      if (!what) return;
      mark.className = `mark mark-${what.kind}`;
      const label = /** @type {HTMLElement} */ (mark.firstElementChild);
      if (label.textContent !== what.label) label.textContent = what.label;
      put(mark, onPicture(what.box));
    });
  }

  /** @param {boolean} wanted */
  draw(wanted) {
    this.place.classList.toggle("drawing", wanted);
    this.rectangle.hidden = !wanted;
  }

  /** @param {Box} box */
  show(box) {
    this.box = inside(box);
    put(this.rectangle, this.box);
  }

  /** @param {Box} box */
  #move(box) {
    this.show(box);
    this.dispatchEvent(new Event("moved"));
  }

  #listen() {
    this.place.addEventListener("pointerdown", (event) => this.#grip(event));
    this.rectangle.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const frame = this.place.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
  }

  /** A press on the rectangle moves it, on its corner sizes it, anywhere else begins a new one. @param {PointerEvent} event */
  #grip(event) {
    if (this.rectangle.hidden || event.button !== 0) return;
    event.preventDefault();
    const target = /** @type {HTMLElement} */ (event.target);
    const [x, y] = this.#at(event);
    const [left, top, width, height] = this.box;
    /** @type {(nowX: number, nowY: number) => Box} */
    let change = (nowX, nowY) => [Math.min(x, nowX), Math.min(y, nowY), Math.abs(nowX - x), Math.abs(nowY - y)];
    if (target.matches(".handle")) change = (nowX, nowY) => [left, top, nowX - left, nowY - top];
    else if (target === this.rectangle) change = (nowX, nowY) => [left + nowX - x, top + nowY - y, width, height];
    const moved = (/** @type {PointerEvent} */ now) => {
      const [nowX, nowY] = this.#at(now).map((part) => Math.min(1, Math.max(0, part)));
      this.#move(change(nowX, nowY));
    };
    const over = () => {
      this.place.removeEventListener("pointermove", moved);
      for (const name of ["pointerup", "pointercancel"]) this.place.removeEventListener(name, over);
      this.rectangle.focus({ preventScroll: true });
    };
    this.place.setPointerCapture(event.pointerId);
    this.place.addEventListener("pointermove", moved);
    for (const name of ["pointerup", "pointercancel"]) this.place.addEventListener(name, over);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const way = ARROWS[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const [left, top, width, height] = this.box;
    const [right, down] = way.map((part) => part * STEP);
    this.#move(event.shiftKey ? [left, top, width + right, height + down] : [left + right, top + down, width, height]);
    need("#said", HTMLElement).textContent = this.spoken;
  }

  /** @returns {string} where the rectangle is, in words */
  get spoken() {
    const [left, top, width, height] = this.box.map((part) => formatNumber(part * 100));
    return gettext("Region: %(left)s per cent from the left, %(top)s from the top, %(width)s wide, %(height)s high", { left, top, width, height });
  }
}
