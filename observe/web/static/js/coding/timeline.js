// @ts-check
/** The lesson at a glance, or a part of it, and where the video is. */
import { gettext } from "../text.js";
import { Coded } from "./coded.js";
import { clock, make, need, release } from "./page.js";
import { View } from "./view.js";

const TICKS_MS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000];
const TICK_PX = 70;
const JUMP_MS = 1_500; // further than it plays between two looks: somebody moved the video
const ZOOM = 2;

export class Timeline {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.view = new View(desk.lesson);
    this.coded = new Coded(desk, this.view);
    this.ruler = need("#ruler", HTMLElement);
    this.head = need("#head", HTMLElement);
    this.hint = need("#elsewhere", HTMLButtonElement);
    this.seek = need("#seek", HTMLInputElement);
    this.frame = 0;
    this.was = desk.player.now;
    /** @type {import("./lanes.js").Lanes | null} */
    this.lanes = null;
    /** @type {import("./minimap.js").Minimap | null} */
    this.minimap = null;
    this.isNear = false;
    this.#listen();
    this.#paint();
    this.#loadLanes();
  }

  #listen() {
    const { desk, view } = this;
    this.seek.addEventListener("input", () => desk.player.seek(Number(this.seek.value)));
    this.seek.addEventListener("change", () => release());
    desk.player.addEventListener("time", () => this.#follow());
    desk.lesson.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail.kind));
    desk.place.addEventListener("moved", () => this.#paintHint());
    view.addEventListener("moved", () => this.#soon());
    for (const name of ["pointerenter", "focusin"]) need(".timeline", HTMLElement).addEventListener(name, () => this.#near());
    if (matchMedia("(pointer: coarse)").matches) this.#near(); // a finger comes near and touches at once
    need(".lesson", HTMLElement).addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.#paint()).observe(this.ruler);
  }

  /** What is drawn comes after what is coded with. */
  async #loadLanes() {
    const part = await this.desk.fetch(() => import("./lanes.js"));
    if (part) this.lanes = new part.Lanes(this.desk, this.view, this.coded);
  }

  /** What moves edges, and the part in sight, is fetched when somebody comes near. */
  async #near() {
    if (this.isNear) return;
    this.isNear = true;
    const parts = await this.desk.fetch(() => Promise.all([import("./edges.js"), import("./minimap.js")]));
    this.isNear = parts !== null;
    if (!parts) return;
    this.minimap = new parts[1].Minimap(this.desk, this.view);
    this.coded.hold(parts[0].Edges);
    this.minimap.paint();
  }

  /** Show less, around where the video is. */
  zoomIn() {
    this.view.zoom(1 / ZOOM, this.desk.player.now);
  }

  /** Show more. */
  zoomOut() {
    this.view.zoom(ZOOM, this.desk.player.now);
  }

  /** With Ctrl the wheel zooms where the pointer is; sideways it pans. @param {WheelEvent} event */
  #wheel(event) {
    const { left } = this.ruler.getBoundingClientRect();
    const { pixel } = this.view;
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (event.ctrlKey) this.view.zoom(Math.exp((event.deltaY * unit) / 300), this.view.from + (event.clientX - left) * pixel);
    else if (sideways) this.view.pan((event.deltaX || event.deltaY) * unit * pixel);
    else return;
    event.preventDefault();
  }

  /** @param {string} kind of the act */
  #changed(kind) {
    if (kind !== "all") return this.#paintHint();
    this.view.resize();
    this.#paint();
  }

  /** Several moves before the next frame are painted once. */
  #soon() {
    this.#near();
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.#paint();
    });
  }

  #paint() {
    // What is asked of the page comes before what is changed on it.
    this.view.width = Math.max(1, this.ruler.clientWidth);
    this.lanes?.paint();
    this.seek.min = String(this.view.from);
    this.seek.max = String(this.view.to);
    this.#paintRuler();
    this.coded.paint();
    this.minimap?.paint();
    this.#place();
  }

  #paintRuler() {
    const { from, to, pixel } = this.view;
    const tick = TICKS_MS.find((each) => each / pixel >= TICK_PX) ?? 3_600_000;
    const labels = [];
    for (let time = Math.ceil(from / tick) * tick; time < to - tick / 3; time += tick) {
      const label = make("span", {}, clock(time));
      label.style.left = this.view.left(time);
      labels.push(label);
    }
    this.ruler.replaceChildren(...labels);
  }

  /** The part in sight goes with the video, unless she looks elsewhere while it plays. */
  #follow() {
    const { view, was } = this;
    const now = this.desk.player.now;
    this.was = now;
    if (Math.abs(this.desk.lesson.duration - view.duration) >= 1_000) view.resize();
    if (view.has(was) || Math.abs(now - was) > JUMP_MS) view.reveal(now);
    this.#place();
  }

  /** Show where the video is. */
  #place() {
    const now = this.desk.player.now;
    this.head.style.left = this.view.left(now);
    this.seek.value = String(now);
    this.seek.setAttribute("aria-valuetext", clock(now));
    this.minimap?.follow(now);
    this.#paintHint();
  }

  /** Out of sight the hint keeps its place, so that nothing jumps when it comes. */
  #paintHint() {
    const at = this.desk.lesson.cycleAt(this.desk.player.now);
    this.hint.toggleAttribute("data-away", !at || at.id === this.desk.place.cycleId);
    const words = gettext("Go on to cycle %(number)s", { number: at?.number ?? 1 });
    if (this.hint.textContent !== words) this.hint.textContent = words;
  }
}
