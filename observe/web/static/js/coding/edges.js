// @ts-check
/** Edges of cycles and clips as sliders: dragged with the pointer, moved with keys, told in words. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { codable } from "./cycles.js";
import { Marks } from "./marks.js";
import { clock, need, release } from "./page.js";
import { clipEdges, cycleEdges, label, place, snapped } from "./spans.js";

const STEPS = {
  ArrowLeft: -1_000, ArrowDown: -1_000, ArrowRight: 1_000, ArrowUp: 1_000,
  PageDown: -60_000, PageUp: 60_000, Home: -Infinity, End: Infinity,
};
const MEANT_PX = 3; // less is a hand that trembles
const NEAR_PX = 8;

export class Edges {
  /**
   * @param {import("./desk.js").Desk} desk
   * @param {import("./view.js").View} view
   * @param {HTMLElement} lane
   * @param {Map<string, Coding.Span>} hand spans as they would be, by the id of their cycle or clip
   * @param {() => void} repaint called when something is taken in hand, moved or let go
   */
  constructor(desk, view, lane, hand, repaint) {
    this.desk = desk;
    this.view = view;
    this.hand = hand;
    this.repaint = repaint;
    this.bubble = need("#edge-told", HTMLElement);
    this.marks = new Marks(lane, view, (element, /** @type {Coding.EdgeMark} */ mark) => this.#tell(element, mark.edge), null);
    /** @type {{edge: Coding.Edge, x: number, at: number, meant: boolean} | null} */
    this.drag = null;
    /** @type {{id: string, at: number, way: number, touched: string, merge: string} | null} presses of a key one way */
    this.run = null;
    /** @type {string | undefined} the edge that was moved last */
    this.held = undefined;
    lane.addEventListener("pointerdown", (event) => this.#grab(event));
    lane.addEventListener("pointermove", (event) => this.#pull(event));
    lane.addEventListener("pointerup", () => this.#drop());
    lane.addEventListener("lostpointercapture", () => this.letGo());
    lane.addEventListener("keydown", (event) => this.#key(event));
    lane.addEventListener("focusout", () => this.#hush());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.letGo());
  }

  /** @param {Coding.Cycle[]} cycles */
  paintCycles(cycles) {
    this.#paint(cycleEdges(cycles, this.desk.lesson.duration, this.held));
  }

  /** @param {Coding.Clip | undefined} clip */
  paintClip(clip) {
    this.#paint(clip ? clipEdges(clip, this.desk.lesson.duration) : []);
  }

  /** @param {Coding.Edge[]} edges */
  #paint(edges) {
    this.marks.paint(
      edges.map((edge) => {
        const { id, at, least, most } = edge;
        return { id, start_ms: at, end_ms: at, edge, sign: `${label(edge)} ${this.words(edge, at)} ${least} ${most}` };
      }),
    );
  }

  /** @param {HTMLElement} element @param {Coding.Edge} edge */
  #tell(element, edge) {
    element.className = "edge";
    element.tabIndex = 0;
    const told = { min: edge.least, max: edge.most, now: edge.at, text: this.words(edge, edge.at) };
    element.setAttribute("role", "slider");
    element.setAttribute("aria-label", label(edge));
    for (const [name, value] of Object.entries(told)) element.setAttribute(`aria-value${name}`, String(value));
  }

  /** @param {Coding.Edge} edge @param {number} at @returns {string} where it is, and which cycles are then too short */
  words(edge, at) {
    const { stretches } = this.desk.lesson.document;
    const least = this.desk.given.protocol.minimum_codable_ms;
    const short = edge
      .acts(at)
      .sort((one, other) => one.payload.start_ms - other.payload.start_ms)
      .filter(({ kind, payload }) => kind === "cycle.put" && codable(/** @type {any} */ (payload), stretches) < least)
      .map(({ payload }) =>
        gettext("Cycle %(number)s has %(length)s that can be coded; the rubric asks for at least %(least)s.", {
          number: this.desk.lesson.cycle(payload.cycle)?.number ?? 1,
          length: clock(codable(/** @type {any} */ (payload), stretches)),
          least: clock(least),
        }),
      );
    return [`${place(edge, at)}${short.length ? "." : ""}`, ...short].join(" ");
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    const mark = this.marks.of(event.target);
    if (!mark || event.button > 0) return;
    this.held = mark.id;
    this.marks.shown.get(mark.id)?.element.setPointerCapture(event.pointerId);
    this.drag = { edge: mark.edge, x: event.clientX, at: mark.edge.at, meant: false };
  }

  /** @param {PointerEvent} event */
  #pull(event) {
    const { drag } = this;
    if (!drag) return;
    const moved = event.clientX - drag.x;
    drag.meant ||= Math.abs(moved) >= MEANT_PX;
    if (!drag.meant) return;
    const { edge } = drag;
    const { pixel } = this.view;
    const grain = pixel > 500 ? 1_000 : 100;
    const targets = event.altKey ? [] : this.#targets(edge);
    const at = snapped(edge.at + moved * pixel, targets, NEAR_PX * pixel, grain);
    drag.at = Math.max(edge.least, Math.min(edge.most, at));
    this.hand.clear();
    for (const { payload } of edge.acts(drag.at)) {
      const { start_ms, end_ms } = payload;
      this.hand.set(payload.cycle ?? payload.clip, { start_ms, end_ms });
    }
    this.repaint();
    this.#show(edge, drag.at);
  }

  /** @param {Coding.Edge} edge @returns {number[]} moments that draw it: suggestions, joints, edges of cycles */
  #targets(edge) {
    const spots = (this.desk.line?.spots ?? []).filter((spot) => spot.kind !== "damaged").map((spot) => spot.start_ms);
    const edges = this.desk.lesson.cycles.flatMap(({ start_ms, end_ms }) => [start_ms, end_ms]);
    return [...spots, ...edges.filter((each) => each !== edge.at)];
  }

  #drop() {
    const { drag } = this;
    this.letGo();
    release(); // the arrows are for the rows again
    if (!drag || drag.at === drag.edge.at) return;
    const words = this.words(drag.edge, drag.at);
    this.desk.history.act(drag.edge.acts(drag.at));
    this.desk.say(words, true);
  }

  /** Leave what is in hand as it was. */
  letGo() {
    if (!this.drag) return;
    this.drag = null;
    this.hand.clear();
    this.#hush();
    this.repaint();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    const edge = this.marks.of(event.target)?.edge;
    if (!step || !edge || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const at = edge.at + step * (event.shiftKey && Math.abs(step) === 1_000 ? 10 : 1);
    this.#press(edge, Math.max(edge.least, Math.min(edge.most, at)));
  }

  /** Presses in a row, one way and moving the same cycles, are one step. @param {Coding.Edge} edge @param {number} at */
  #press(edge, at) {
    if (at === edge.at) return;
    this.held = edge.id;
    const acts = edge.acts(at);
    const now = { id: edge.id, at, way: Math.sign(at - edge.at), touched: touched(acts) };
    const goesOn = this.run?.id === now.id && this.run.at === edge.at && this.run.way === now.way && this.run.touched === now.touched;
    this.run = { ...now, merge: goesOn && this.run ? this.run.merge : newId() };
    this.desk.history.act(acts, this.run.merge);
    this.#show(edge, at);
  }

  /** @param {Coding.Edge} edge @param {number} at */
  #show(edge, at) {
    this.bubble.hidden = false;
    this.bubble.textContent = this.words(edge, at);
    this.view.place(this.bubble, { start_ms: at, end_ms: at });
  }

  #hush() {
    this.bubble.hidden = true;
  }
}

/** @param {Coding.Act[]} acts */
function touched(acts) {
  return acts.map(({ payload }) => payload.cycle ?? payload.clip).sort().join(" ");
}
