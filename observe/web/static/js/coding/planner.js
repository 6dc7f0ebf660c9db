// @ts-check
/** Planning the cycles, by length or by what the program suggests; asked for with its dialog. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { cuts } from "./cycles.js";
import { clock, make, need, parseClock } from "./page.js";

const SHORTEST_MS = 1_000;
const MOST = 100;

export class Planner {
  /** @param {import("./desk.js").Desk} desk @param {HTMLDialogElement} dialog */
  constructor(desk, dialog) {
    this.desk = desk;
    this.dialog = dialog;
    this.wrong = need(".error", HTMLElement, dialog);
    this.list = need("#suggestions ul", HTMLElement, dialog);
    this.told = need("#suggestions-told", HTMLElement, dialog);
    need("#take-all", HTMLButtonElement, dialog).addEventListener("click", () => this.#take(this.#open().map((spot) => spot.start_ms)));
    desk.lesson.addEventListener("changed", () => this.paint());
  }

  /** Plan what the fields say, or say what is wrong with them. */
  plan() {
    const count = Number(need('[name="count"]', HTMLInputElement, this.dialog).value);
    const typed = need('[name="length"]', HTMLInputElement, this.dialog).value;
    // A bare number is minutes here: nobody plans cycles of fifteen seconds.
    const length = /^\d+$/.test(typed.trim()) ? Number(typed) * 60_000 : parseClock(typed);
    const fits = count >= 1 && length >= SHORTEST_MS;
    this.wrong.hidden = fits;
    if (!fits) {
      this.wrong.textContent = gettext("Write how many cycles and how long each is, such as 3 × 15:00.");
      return;
    }
    this.dialog.close();
    const { duration } = this.desk.lesson;
    const starts = [];
    for (let start = 0; starts.length < Math.min(count, MOST) && start < duration; start += length) starts.push(start);
    const planned = this.#put(starts, Math.min(duration, starts.length * length));
    this.desk.say(planned === 1 ? gettext("1 cycle planned.") : gettext("%(count)s cycles planned.", { count: planned }), true);
  }

  /** @param {number[]} starts of the cycles, one after the other @param {number} end of the last */
  #put(starts, end) {
    const cycles = starts.map((start_ms, place) => ({ cycle: newId(), start_ms, end_ms: starts[place + 1] ?? end, scores: [] }));
    this.desk.history.act([{ kind: "plan", payload: { cycles } }]);
    this.desk.place.chooseCycle(cycles[0].cycle);
    return cycles.length;
  }

  /** @returns the suggested boundaries where no cycle begins or ends yet */
  #open() {
    const edges = this.desk.lesson.cycles.flatMap((cycle) => [cycle.start_ms, cycle.end_ms]);
    return this.#suggested().filter((spot) => !edges.some((edge) => Math.abs(edge - spot.start_ms) < SHORTEST_MS));
  }

  #suggested() {
    return (this.desk.line?.spots ?? []).filter((spot) => spot.kind === "suggested");
  }

  /** @param {number[]} times at which cycles end and begin: one act, undone as one */
  #take(times) {
    const { lesson, history } = this.desk;
    const acts = cuts(lesson, times);
    if (acts.length) history.act(acts);
    else if (times.length && !lesson.cycles.length) this.#put([0, ...times], lesson.duration);
    else return this.#tell(gettext("No cycle lasts at that moment: there is nothing to cut."));
    this.#tell(gettext("Now there are %(count)s cycles.", { count: lesson.cycles.length }));
  }

  /** @param {string} sentence */
  #tell(sentence) {
    this.told.textContent = sentence;
  }

  /** Show the suggestions; the replaced button's place keeps the keyboard. */
  paint() {
    const scored = this.desk.lesson.cycles.some((cycle) => cycle.scores.length);
    need(".replaces", HTMLElement, this.dialog).hidden = !scored;
    const [all, open] = [this.#suggested(), this.#open()];
    need("#suggestions", HTMLElement, this.dialog).hidden = all.length === 0;
    need("#take-all", HTMLButtonElement, this.dialog).hidden = open.length < 2;
    const at = [...this.list.querySelectorAll("[data-cut]")].findIndex((button) => button === document.activeElement);
    this.list.replaceChildren(...all.map((spot) => this.#item(spot, open.includes(spot))));
    if (at < 0) return;
    const next = this.list.querySelectorAll("[data-cut]");
    /** @type {HTMLElement} */ (next[Math.min(at, next.length - 1)] ?? need("[data-closes]", HTMLElement, this.dialog)).focus();
  }

  /** @param {Coding.Spot} spot @param {boolean} open */
  #item(spot, open) {
    const time = clock(spot.start_ms);
    const see = () => {
      this.dialog.close();
      this.desk.player.seek(spot.start_ms);
    };
    return make(
      "li",
      {},
      make("button", { type: "button", class: "chip", "aria-label": gettext("Go to %(time)s", { time }), onclick: see }, time),
      make("span", {}, spot.words),
      open
        ? make("button", { type: "button", class: "plain", "data-cut": "", "aria-label": gettext("Cut at %(time)s", { time }), onclick: () => this.#take([spot.start_ms]) }, gettext("Cut here"))
        : make("span", { class: "quiet" }, gettext("✓ a cycle ends here")),
    );
  }
}
