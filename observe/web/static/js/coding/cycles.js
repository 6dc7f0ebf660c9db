// @ts-check
/** Moving, splitting and removing cycles, and the line that tells of the active one. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { clock, need, parseClock, release, written } from "./page.js";

export const SHORTEST_MS = 1_000;

/**
 * Return what splits the cycles at `times`; scores stay with the first part of each.
 * @param {import("./lesson.js").Lesson} lesson
 * @param {number[]} times in order
 */
export function cuts(lesson, times) {
  /** @type {Coding.Act[]} */
  const acts = [];
  for (const { id, start_ms, end_ms } of lesson.cycles) {
    const edges = times.filter((time) => time - start_ms >= SHORTEST_MS && end_ms - time >= SHORTEST_MS);
    if (!edges.length) continue;
    acts.push({ kind: "cycle.put", payload: { cycle: id, start_ms, end_ms: edges[0] } });
    edges.forEach((edge, place) => {
      acts.push({ kind: "cycle.put", payload: { cycle: newId(), start_ms: edge, end_ms: edges[place + 1] ?? end_ms } });
    });
  }
  return acts;
}

/** @param {{id: string}} cycle @param {number} start_ms @param {number} end_ms @returns {Coding.Act} */
export function cyclePut({ id }, start_ms, end_ms) {
  return { kind: "cycle.put", payload: { cycle: id, start_ms, end_ms } };
}

/**
 * Return what makes room for a cycle: its neighbours give way, each keeps at least a second.
 * @param {Coding.Cycle[]} cycles
 * @param {string} own the cycle's id
 * @param {number} start
 * @param {number} end
 * @returns {Coding.Act[] | null} null when a neighbour would be covered as a whole
 */
export function makeRoom(cycles, own, start, end) {
  const acts = [];
  for (const other of cycles) {
    if (other.id === own || other.end_ms <= start || other.start_ms >= end) continue;
    const before = other.start_ms < start;
    const left = { start_ms: before ? other.start_ms : end, end_ms: before ? start : other.end_ms };
    if (left.end_ms - left.start_ms < SHORTEST_MS) return null;
    acts.push(cyclePut(other, left.start_ms, left.end_ms));
  }
  return acts;
}

/** @param {Coding.Span} span @param {Coding.Span[]} stretches in the order of time @returns {number} how much of it can be coded */
export function codable({ start_ms, end_ms }, stretches) {
  let left = end_ms - start_ms;
  for (const stretch of stretches) left -= Math.max(0, Math.min(end_ms, stretch.end_ms) - Math.max(start_ms, stretch.start_ms));
  return left;
}

export class Cycles {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.title = need("#cycle-title", HTMLElement);
    this.edges = need("#cycle-edges", HTMLElement);
    this.start = need("#cycle-start", HTMLInputElement);
    this.end = need("#cycle-end", HTMLInputElement);
    this.dialog = need("#planner", HTMLDialogElement);
    this.start.addEventListener("change", () => this.#typed(this.start, "start"));
    this.end.addEventListener("change", () => this.#typed(this.end, "end"));
    /** @type {import("./planner.js").Planner | undefined} */
    this.planner = undefined;
    need("form", HTMLFormElement, this.dialog).addEventListener("submit", (event) => this.#planned(event));
    desk.lesson.addEventListener("changed", () => this.paint());
    desk.place.addEventListener("moved", () => this.paint());
    this.paint();
  }

  /** Open at once, so that what is typed finds its field; what the planner does comes meanwhile. */
  async openPlanner() {
    const { cycles, cycle_ms } = this.desk.given.protocol;
    const share = Math.floor(this.desk.lesson.duration / cycles / 1000) * 1000;
    need('[name="count"]', HTMLInputElement, this.dialog).value = String(cycles);
    need('[name="length"]', HTMLInputElement, this.dialog).value = clock(Math.max(SHORTEST_MS, Math.min(cycle_ms, share)));
    need(".error", HTMLElement, this.dialog).hidden = true;
    this.dialog.showModal();
    need('[name="count"]', HTMLInputElement, this.dialog).select();
    (await this.#planner())?.paint();
  }

  async #planner() {
    const part = this.planner ? null : await this.desk.fetch(() => import("./planner.js"));
    if (part) this.planner ??= new part.Planner(this.desk, this.dialog);
    return this.planner;
  }

  /** @param {Event} event */
  async #planned(event) {
    event.preventDefault();
    (await this.#planner())?.plan();
  }

  /** A cycle from here to the next one, at most as long as the rubric says. */
  addHere() {
    const { lesson, player, given } = this.desk;
    const start = player.now;
    const inside = lesson.cycleAt(start);
    if (inside) {
      this.desk.say(gettext("Here is already cycle %(number)s. X splits it.", { number: inside.number }));
      return;
    }
    const next = lesson.cycles.find((cycle) => cycle.start_ms > start)?.start_ms ?? lesson.duration;
    const end = Math.min(next, start + given.protocol.cycle_ms);
    if (end - start < SHORTEST_MS) return this.desk.say(gettext("There is no room for a cycle here."));
    const cycle = newId();
    this.desk.history.act([{ kind: "cycle.put", payload: { cycle, start_ms: start, end_ms: end } }]);
    this.desk.place.chooseCycle(cycle);
  }

  startHere() {
    this.#move("start", this.desk.player.now);
  }

  endHere() {
    this.#move("end", this.desk.player.now);
  }

  /** @param {"start" | "end"} edge @param {number} time */
  #move(edge, time) {
    const cycle = this.desk.place.cycle;
    if (!cycle) return this.addHere();
    const start = edge === "start" ? time : cycle.start_ms;
    const end = edge === "end" ? time : cycle.end_ms;
    if (end - start < SHORTEST_MS || end > this.desk.lesson.duration) {
      this.desk.say(gettext("The cycle has to end after it starts, inside the lesson."));
      return;
    }
    const acts = makeRoom(this.desk.lesson.cycles, cycle.id, start, end);
    if (!acts) return this.desk.say(gettext("It would cover a whole neighbouring cycle: remove that one first."));
    this.desk.history.act([...acts, cyclePut(cycle, start, end)]);
    const shown = { number: cycle.number, start: clock(start), end: clock(end) };
    this.desk.say(gettext("Cycle %(number)s: %(start)s to %(end)s.", shown), true);
  }

  /** @param {HTMLInputElement} input @param {"start" | "end"} edge */
  #typed(input, edge) {
    const time = parseClock(input.value);
    if (Number.isNaN(time)) this.desk.say(gettext("Write the time like 18:42."));
    else this.#move(edge, time);
    this.paint();
  }

  split() {
    const { lesson, player, history } = this.desk;
    const acts = cuts(lesson, [player.now]);
    if (!acts.length) return this.desk.say(gettext("To split a cycle, the video has to stand inside it."));
    history.act(acts);
    const number = lesson.cycle(acts[0].payload.cycle)?.number ?? 1;
    this.desk.say(gettext("Cycle %(number)s was split; its scores stay with the first part.", { number }), true);
  }

  remove() {
    const cycle = this.desk.place.cycle;
    if (!cycle) return;
    this.desk.history.act([{ kind: "cycle.delete", payload: { cycle: cycle.id } }]);
    const shown = { number: cycle.number, count: cycle.scores.length };
    this.desk.say(gettext("Cycle %(number)s with %(count)s scores was removed.", shown), true);
    release();
  }

  /** Go to the cycle that is coded next, or before. @param {1 | -1} way */
  goOn(way) {
    this.desk.place.moveCycle(way);
    this.follow();
  }

  /** Segments in an order drawn by lot are not next to each other: the video comes along. */
  follow() {
    const { given, lesson, place, player } = this.desk;
    if (given.order && lesson.cycleAt(player.now)?.id !== place.cycleId) this.goToStart();
  }

  goToStart() {
    if (this.desk.place.cycle) this.desk.player.seek(this.desk.place.cycle.start_ms);
  }

  paint() {
    const { lesson, place, given } = this.desk;
    const cycle = place.cycle;
    need("#no-cycles", HTMLElement).hidden = lesson.cycles.length > 0;
    need("#rows", HTMLElement).hidden = lesson.cycles.length === 0;
    this.edges.hidden = !cycle;
    if (!cycle) {
      this.title.textContent = gettext("No cycles yet");
      return;
    }
    const shown = {
      number: cycle.number,
      place: place.at + 1,
      total: lesson.cycles.length,
      done: cycle.scores.length,
      rows: given.dimensions.length,
    };
    this.title.textContent = given.order
      ? gettext("Segment %(place)s of %(total)s · %(done)s of %(rows)s", shown)
      : gettext("Cycle %(number)s of %(total)s · %(done)s of %(rows)s", shown);
    if (document.activeElement !== this.start) this.start.value = written(cycle.start_ms);
    if (document.activeElement !== this.end) this.end.value = written(cycle.end_ms);
  }
}
