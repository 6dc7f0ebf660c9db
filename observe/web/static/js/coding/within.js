// @ts-check
/** At the end of the active cycle the video goes on, stops, or repeats the cycle: one button, three states. */
import { gettext } from "../text.js";
import { need } from "./page.js";

const MODES = ["on", "stop", "repeat"];
const AT_END_MS = 100; // so near to the end it is played from the start again

export class Within {
  /** @param {import("./desk.js").Desk} desk @param {import("./player.js").Player} player @param {string} kept where its state is kept */
  constructor(desk, player, kept) {
    this.desk = desk;
    this.player = player;
    this.kept = kept;
    this.mode = localStorage.getItem(kept) ?? MODES[0];
    /** whether the video was in the active cycle a moment ago */
    this.inside = false;
    player.bars.push((act, to) => this.#bar(act, to));
    player.addEventListener("time", () => this.#hold());
    player.video.addEventListener("play", () => this.#begin());
    player.video.addEventListener("ended", () => this.#ended());
    this.#paint();
  }

  /** The next of the three. */
  next() {
    this.mode = MODES[(MODES.indexOf(this.mode) + 1) % MODES.length];
    if (this.mode === MODES[0]) localStorage.removeItem(this.kept);
    else localStorage.setItem(this.kept, this.mode);
    this.#paint();
    this.desk.say(
      {
        on: gettext("At the end of the cycle the video goes on."),
        stop: gettext("The video stays in the active cycle and stops at its end."),
        repeat: gettext("The video stays in the active cycle and repeats it."),
      }[this.mode] ?? "",
    );
  }

  get cycle() {
    return this.mode === MODES[0] ? undefined : this.desk.place.cycle;
  }

  /** @param {Coding.PlayerAct} act @param {number} to @returns {string} */
  #bar(act, to) {
    const { cycle } = this;
    if (act !== "seek" || !cycle || (cycle.start_ms <= to && to < cycle.end_ms)) return "";
    return gettext("The video stays in cycle %(number)s: R lets it out.", { number: cycle.number });
  }

  /** Played at the end it begins again. */
  #begin() {
    if (this.cycle && this.player.now >= this.cycle.end_ms - AT_END_MS && this.player.now <= this.cycle.end_ms) this.#again();
  }

  /** The lesson may end with the cycle. */
  #ended() {
    if (!this.cycle || this.mode !== "repeat") return;
    this.#again();
    if (this.player.now === this.cycle.start_ms) this.player.toggle();
  }

  #hold() {
    const { cycle, player } = this;
    const was = this.inside;
    this.inside = Boolean(cycle && cycle.start_ms <= player.now && player.now < cycle.end_ms);
    if (!cycle || this.inside || !player.playing || player.video.seeking) return;
    if (!was || this.mode === "repeat") return this.#again();
    player.rest();
    player.go(cycle.end_ms - 1);
  }

  /** From its start, where the rubric lets it. */
  #again() {
    const { cycle, player } = this;
    if (!cycle) return;
    player.seek(cycle.start_ms);
    if (player.now !== cycle.start_ms) player.rest();
  }

  #paint() {
    const button = need('[data-do="within"]', HTMLElement);
    button.dataset.mode = this.mode;
    need("span", HTMLElement, button).textContent =
      { on: gettext("goes on"), stop: gettext("stops"), repeat: gettext("repeats") }[this.mode] ?? "";
  }
}
