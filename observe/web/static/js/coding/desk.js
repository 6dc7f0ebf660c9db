// @ts-check
/** What every part of the screen works with, put together once. */
import { get } from "../http.js";
import { gettext } from "../text.js";
import { History } from "./history.js";
import { make, need } from "./page.js";
import { Player } from "./player.js";

const SAID_MS = 6_000;

export class Desk {
  /**
   * @param {Coding.Given} given @param {import("./lesson.js").Lesson} lesson @param {import("./sync.js").Sync} sync
   * @param {import("./live.js").LiveClock | null} clock of a lesson in the room
   */
  constructor(given, lesson, sync, clock = null) {
    this.given = given;
    this.lesson = lesson;
    this.sync = sync;
    /** the version when this window was ready: what came before it is read only to be undone */
    this.since = given.version;
    this.history = new History(lesson, sync, (end) => this.#earlier(end));
    this.player = clock ?? new Player({ ...given, duration: lesson.duration });
    /** @type {Coding.Line | null} what the program noticed in sound and picture */
    this.line = null;
    /** @type {((clip: Coding.Clip) => void) | undefined} shows a clip in its panel */
    this.openClip = undefined;
    this.place = new Place(lesson, given.dimensions.map((dimension) => dimension.id), given.order);
    this.said = need("#said", HTMLElement);
    this.silence = 0;
    // What was said is of the act before; its undo would take back this one.
    lesson.addEventListener("changed", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.kind !== "all") this.said.replaceChildren();
    });
  }

  /** @param {string} id */
  row(id) {
    const found = this.given.dimensions.find((dimension) => dimension.id === id);
    if (!found) throw new Error(`no dimension ${id}`);
    return found;
  }

  /** @param {string} dimension @returns the notes on it in the active cycle */
  evidence(dimension) {
    const cycle = this.place.cycle;
    return this.lesson.document.notes.filter(
      (note) => note.dimension === dimension && cycle && cycle.start_ms <= note.at_ms && note.at_ms < cycle.end_ms,
    );
  }

  /**
   * Say something in passing, with a way to take it back when `undoable`.
   * @param {string} sentence
   * @param {boolean} [undoable]
   */
  say(sentence, undoable = false) {
    const undo = undoable ? make("button", { type: "button", class: "plain", onclick: () => this.undo() }, gettext("Undo")) : null;
    this.said.replaceChildren(sentence, ...(undo ? [" ", undo] : []));
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.said.replaceChildren(), SAID_MS);
  }

  /**
   * Return a part of the screen that is needed now and then, or nothing when the program is down.
   * @template T
   * @param {() => Promise<T>} load
   * @returns {Promise<T | null>}
   */
  async fetch(load) {
    try {
      return await load();
    } catch {
      this.say(gettext("The program does not answer: try this again in a moment."));
      return null;
    }
  }

  /** Open the dialog of what cannot be coded. @param {Coding.Stretch} [stretch] to change */
  async openStretches(stretch) {
    (await this.fetch(() => import("./stretches.js")))?.openStretches(this, stretch);
  }

  async undo() {
    this.#show(await this.history.undo(), gettext("There is nothing to undo."));
  }

  async redo() {
    this.#show(await this.history.redo(), gettext("There is nothing to redo."));
  }

  /** @param {number | null} end @returns {Promise<Coding.Steps | null>} */
  async #earlier(end) {
    const upTo = end === null ? "" : `&hasta=${end}`;
    const found = await this.fetch(() => get(`${this.given.urls.steps}?version=${this.since}${upTo}`));
    for (const step of found ? [...found.done, ...found.undone] : []) step.base = this.since;
    return found;
  }

  /** @param {Coding.Act[] | null} acts @param {string} nothing */
  #show(acts, nothing) {
    if (!acts) return; // it was told
    this.said.replaceChildren();
    if (!acts.length) this.say(nothing);
    const { cycle, dimension } = acts[0]?.payload ?? {};
    if (cycle && this.lesson.cycle(cycle)) this.place.chooseCycle(cycle);
    if (acts[0]?.kind.startsWith("score.")) this.place.chooseRow(dimension);
  }
}

/** Where the coder is: the active cycle and the active row. */
class Place extends EventTarget {
  /**
   * @param {import("./lesson.js").Lesson} lesson
   * @param {string[]} dimensions in the order of the rows
   * @param {number[] | null} order numbers of the cycles as they are coded; null: in the order of time
   */
  constructor(lesson, dimensions, order) {
    super();
    this.lesson = lesson;
    this.dimensions = dimensions;
    this.order = order;
    /** @type {string | null} */
    this.cycleId = null;
    /** @type {string | null} none when the cycle is complete and its last row was just scored */
    this.dimension = dimensions[0];
    this.resume();
    lesson.addEventListener("changed", () => this.#stay());
  }

  get cycle() {
    return this.lesson.cycle(this.cycleId);
  }

  /** The cycles in the order in which they are coded. */
  get cycles() {
    const { cycles } = this.lesson;
    return this.order ? this.order.flatMap((number) => cycles[number - 1] ?? []) : cycles;
  }

  /** How many cycles come before the active one, as they are coded. */
  get at() {
    return this.cycles.findIndex((cycle) => cycle.id === this.cycleId);
  }

  /** Go to the first cell that waits, or to the last cycle when none does. */
  resume() {
    const { cycles } = this;
    this.#enter(cycles.find((cycle) => this.waiting(cycle)) ?? cycles.at(-1));
  }

  /** @param {Coding.Cycle} [cycle] @returns its first row without a score */
  waiting(cycle = this.cycle) {
    return this.dimensions.find((dimension) => !cycle?.scores.some((score) => score.dimension === dimension));
  }

  /** @param {Coding.Cycle} [cycle] */
  #enter(cycle) {
    this.dimension = this.waiting(cycle) ?? this.dimensions[0];
    this.chooseCycle(cycle?.id ?? null);
  }

  /** @param {string | null} id */
  chooseCycle(id) {
    if (id !== this.cycleId) this.dimension ??= this.waiting(this.lesson.cycle(id)) ?? this.dimensions[0];
    this.cycleId = id;
    this.#tell();
  }

  /** @param {string | null} dimension */
  chooseRow(dimension) {
    this.dimension = dimension;
    this.#tell();
  }

  /** @param {number} step rows down, or up when negative; stays at the ends */
  moveRow(step) {
    if (!this.dimension && step > 0) return;
    const at = (this.dimension ? this.dimensions.indexOf(this.dimension) : this.dimensions.length) + step;
    this.chooseRow(this.dimensions[Math.max(0, Math.min(this.dimensions.length - 1, at))]);
  }

  /**
   * Go to the cycle before or after, and there to the first row that waits; stays at the ends.
   * @param {number} step cycles on, or back when negative
   */
  moveCycle(step) {
    const next = this.cycles[this.at + step];
    if (next) this.#enter(next);
  }

  /** A cycle that is gone is left for its neighbour. */
  #stay() {
    if (this.cycle) return;
    const next = this.cycles[0]?.id ?? null;
    if (next !== this.cycleId) this.chooseCycle(next);
  }

  #tell() {
    this.dispatchEvent(new Event("moved"));
  }
}
