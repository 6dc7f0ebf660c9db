// @ts-check
/** Observing in the room: cycles begin and end with the clock, and so does what cannot be coded. */
import { post, RequestError } from "../http.js";
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { clock, need, parseClock, written } from "./page.js";

const SHORTEST_MS = 1_000;
const PATIENCE_MS = 3_000;

export class Room {
  /** @param {import("./desk.js").Desk} desk @param {import("./notes.js").Notes} notes */
  constructor(desk, notes) {
    this.desk = desk;
    this.notes = notes;
    this.state = need("#room-state", HTMLElement);
    this.left = need("#room-left", HTMLElement);
    this.begins = need('[data-do="begin-cycle"]', HTMLButtonElement);
    this.ends = need('[data-do="end-cycle"]', HTMLButtonElement);
    this.uncodable = need('[data-do="no-code"]', HTMLButtonElement);
    this.kept = `observe.uncodable.${desk.given.observation}`;
    this.reasons = need("#room-reasons", HTMLDialogElement);
    this.ending = need("#ending", HTMLDialogElement);
    this.pressed = 0;
    this.reasons.addEventListener("close", () => this.#stop(this.reasons.returnValue));
    need("form", HTMLFormElement, this.ending).addEventListener("submit", (event) => this.#end(event));
    desk.player.addEventListener("time", () => this.paint());
    desk.lesson.addEventListener("changed", () => this.paint());
    document.addEventListener("visibilitychange", () => this.#stayAwake());
    this.#stayAwake();
    this.paint();
  }

  /** What the buttons and keys do here, by name. @returns {Record<string, () => void>} */
  get does() {
    return {
      "begin-cycle": () => this.beginCycle(),
      "end-cycle": () => this.endCycle(),
      start: () => this.beginCycle(),
      end: () => this.endCycle(),
      add: () => this.beginCycle(),
      "no-code": () => this.toggleUncodable(),
      "end-lesson": () => this.askEnd(),
    };
  }

  get cycle() {
    return this.desk.lesson.cycleAt(this.desk.player.now);
  }

  /** The next cycle begins; the one under way ends. */
  beginCycle() {
    const now = this.desk.player.now;
    const ended = this.cycle ? this.#endOf(this.cycle, now) : [];
    if (!ended) return;
    const cycle = newId();
    const span = { start_ms: now, end_ms: now + this.desk.given.protocol.cycle_ms };
    this.desk.history.act([...ended, { kind: "cycle.put", payload: { cycle, ...span } }]);
    this.desk.place.chooseCycle(cycle);
    this.desk.say(gettext("Cycle %(number)s began at %(time)s.", { number: this.desk.place.cycle?.number ?? 1, time: clock(now) }), true);
  }

  endCycle() {
    const now = this.desk.player.now;
    const { cycle } = this;
    if (!cycle) return this.desk.say(gettext("No cycle is under way."));
    const ended = this.#endOf(cycle, now);
    if (!ended) return;
    this.desk.history.act(ended);
    this.desk.place.chooseCycle(cycle.id);
    this.desk.say(gettext("Cycle %(number)s ended after %(length)s: score it.", { number: cycle.number, length: clock(now - cycle.start_ms) }), true);
  }

  /** @param {Coding.Cycle} cycle @param {number} now @returns {Coding.Act[] | null} */
  #endOf({ id, number, start_ms }, now) {
    if (now - start_ms >= SHORTEST_MS) return [{ kind: "cycle.put", payload: { cycle: id, start_ms, end_ms: now } }];
    this.desk.say(gettext("Cycle %(number)s has just begun.", { number }));
    return null;
  }

  /** What cannot be coded right now, told again after a reload. @returns {Coding.Stretch | undefined} */
  get open() {
    const id = localStorage.getItem(this.kept);
    return this.desk.lesson.document.stretches.find((stretch) => stretch.id === id);
  }

  /** It begins with a reason, at the moment of the press, and ends with the next press. */
  toggleUncodable() {
    this.pressed = this.desk.player.now;
    if (this.open) return this.#resume();
    this.reasons.returnValue = "";
    this.reasons.showModal();
  }

  /** @param {string} reason */
  #stop(reason) {
    if (!reason) return;
    const stretch = newId();
    localStorage.setItem(this.kept, stretch);
    this.#keep(stretch, this.pressed, Math.max(this.pressed + SHORTEST_MS, this.desk.player.now), reason);
    this.desk.say(gettext("Not codable since %(time)s: press again when it goes on.", { time: clock(this.pressed) }), true);
  }

  #resume() {
    const { open } = this;
    if (!open) return;
    localStorage.removeItem(this.kept);
    this.#keep(open.id, open.start_ms, Math.max(open.start_ms + SHORTEST_MS, this.desk.player.now), open.reason);
    this.desk.say(gettext("It can be coded again."), true);
  }

  /** @param {string} stretch @param {number} start_ms @param {number} end_ms @param {string} reason */
  #keep(stretch, start_ms, end_ms, reason) {
    this.desk.history.act([{ kind: "stretch.put", payload: { stretch, start_ms, end_ms, reason } }]);
  }

  askEnd() {
    need("[name=end]", HTMLInputElement, this.ending).value = written(Math.floor(this.desk.player.now / 1000) * 1000);
    need(".error", HTMLElement, this.ending).hidden = true;
    this.ending.showModal();
  }

  /** @param {SubmitEvent} event */
  async #end(event) {
    event.preventDefault();
    const typed = parseClock(need("[name=end]", HTMLInputElement, this.ending).value);
    if (Number.isNaN(typed)) return this.#wrong(gettext("Write the time like 18:42."));
    this.notes.close();
    this.#resume();
    const { sync, given } = this.desk;
    await Promise.race([sync.settled(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    // By the second: who changed nothing means now.
    const late = this.desk.player.now - typed < 60_000;
    try {
      await post(given.live?.end ?? "", late ? {} : { length_ms: typed });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.status !== 409) return this.#wrong(error.message);
    }
    location.reload();
  }

  /** @param {string} sentence */
  #wrong(sentence) {
    const told = need(".error", HTMLElement, this.ending);
    told.textContent = sentence;
    told.hidden = false;
  }

  /** A screen that goes dark in the middle of a lesson is of no use; where it cannot be kept, so be it. */
  #stayAwake() {
    if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => undefined);
  }

  paint() {
    const { lesson, player } = this.desk;
    const { cycle, open } = this;
    const now = player.now;
    const last = lesson.cycles.filter((each) => each.end_ms <= now).at(-1);
    show(
      this.state,
      cycle
        ? gettext("Cycle %(number)s under way", { number: cycle.number })
        : last
          ? gettext("Cycle %(number)s ended %(time)s ago", { number: last.number, time: clock(now - last.end_ms) })
          : gettext("No cycle has begun yet"),
    );
    show(this.left, cycle ? gettext("%(left)s left of %(whole)s", { left: clock(cycle.end_ms - now), whole: clock(cycle.end_ms - cycle.start_ms) }) : "");
    show(need("#begin-words", HTMLElement), gettext("Begin cycle %(number)s", { number: (cycle?.number ?? last?.number ?? 0) + 1 }));
    this.ends.disabled = !cycle;
    this.begins.toggleAttribute("data-next", !cycle);
    this.uncodable.setAttribute("aria-pressed", String(open !== undefined));
    show(
      need("#no-code-words", HTMLElement),
      open ? gettext("Not codable since %(time)s: %(reason)s", { time: clock(open.start_ms), reason: open.reason }) : gettext("Not codable"),
    );
  }
}

/** @param {HTMLElement} element @param {string} words */
function show(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
