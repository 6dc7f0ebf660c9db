// @ts-check
/** Keeps the rubric's playback policy: says why something may not be done, and lets interrupt with a reason. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { need } from "./page.js";
import { barrier, POLICIES, standing } from "./policy.js";

const PAINT_MS = 250;
/** @type {[string, Coding.PlayerAct, (player: import("./player.js").Player) => number][]} */
const BUTTONS = [
  ["play", "pause", ({ now }) => now],
  ["back", "seek", ({ now }) => Math.max(0, now - 10_000)],
  ["forward", "seek", ({ now, duration }) => Math.min(duration, now + 10_000)],
  ["slower", "rate", () => 0.5],
  ["faster", "rate", () => 2],
];

export class Guard {
  /** @param {import("./desk.js").Desk} desk @param {import("./player.js").Player} player @param {import("./watched.js").Watched} watched */
  constructor(desk, player, watched) {
    this.desk = desk;
    this.player = player;
    this.watched = watched;
    this.policy = POLICIES[desk.given.protocol.playback_policy];
    /** whether an interruption was explained: until it plays again, anything goes */
    this.excused = false;
    /** @type {Coding.Cycle | undefined} the one that is being played */
    this.cycle = undefined;
    this.painted = 0;
    player.bars.push((act, to) => this.#words(act, to));
    player.addEventListener("time", () => this.#follow());
    for (const name of ["play", "pause"]) player.video.addEventListener(name, () => this.#changed(name));
    // A key for media on the keyboard is a pause like any other.
    for (const name of /** @type {const} */ (["play", "pause"])) navigator.mediaSession?.setActionHandler(name, () => player.toggle());
    for (const name of /** @type {const} */ (["seekbackward", "seekforward"])) navigator.mediaSession?.setActionHandler(name, () => {});
    this.#paint();
  }

  /** @param {Coding.PlayerAct} act @param {number} to a moment, or the rate asked for */
  #barrier(act, to) {
    const { cycles, document } = this.desk.lesson;
    const seen = [...this.desk.given.seen, ...this.watched.played];
    const at = (/** @type {number} */ ms) => standing(ms, cycles, seen, document.stretches);
    const here = at(this.player.now);
    const there = act === "seek" ? at(to) : here;
    return this.excused ? null : barrier(this.policy, act, { playing: this.player.playing, here, there, rate: to });
  }

  /** @param {Coding.PlayerAct} act @param {number} to @returns {string} why not; nothing when it may be done */
  #words(act, to) {
    const why = this.#barrier(act, to);
    if (why === "pause" || why === "leave") return gettext("This rubric asks to watch the cycle straight through. “Interrupt” stops it and asks why.");
    if (why === "rate") return gettext("This rubric asks to watch the cycle at 1×.");
    if (why !== "again") return "";
    return this.policy.again === "never"
      ? gettext("This was seen already, and this rubric does not let it be seen again.")
      : gettext("This was seen already: it can be seen again once the whole cycle was seen.");
  }

  #follow() {
    const { player, desk } = this;
    if (player.playing) {
      if (player.rate !== 1 && this.#barrier("rate", player.rate)) player.rate = 1;
      const { cycle } = this;
      this.cycle = desk.lesson.cycleAt(player.now);
      if (cycle && !this.policy.pause && player.now >= cycle.end_ms && player.now < cycle.end_ms + PAINT_MS * 4) this.#stop(cycle);
    }
    if (performance.now() - this.painted >= PAINT_MS) this.#paint();
  }

  /** Nobody can pause, so it stops by itself where a cycle is to be scored. @param {Coding.Cycle} cycle */
  #stop(cycle) {
    this.cycle = undefined;
    this.player.rest();
    this.player.go(cycle.end_ms);
    this.desk.say(gettext("Cycle %(number)s was seen: score it, then go on.", { number: cycle.number }));
  }

  /** @param {string} name */
  #changed(name) {
    if (name === "play") this.excused = false;
    else this.cycle = undefined;
    this.#paint();
  }

  /** What may not be done now is told by the buttons too. */
  #paint() {
    this.painted = performance.now();
    for (const [name, act, to] of BUTTONS) {
      const button = need(`[data-do="${name}"]`, HTMLElement);
      const barred = this.#barrier(act, to(this.player)) !== null;
      for (const [attribute, value] of Object.entries({ "aria-disabled": "true", "aria-describedby": "policy" })) {
        if (barred) button.setAttribute(attribute, value);
        else button.removeAttribute(attribute);
      }
    }
  }

  /** Stop at once, ask why, and keep the reason as a note; without a reason it goes on. */
  interrupt() {
    const { player, desk } = this;
    const played = player.playing;
    player.rest();
    const dialog = need("#interruption", HTMLDialogElement);
    const reason = need("input", HTMLInputElement, dialog);
    reason.value = "";
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () => {
        const words = reason.value.trim();
        if (dialog.returnValue !== "keep" || !words) return played && player.toggle();
        const text = gettext("Interrupted: %(reason)s", { reason: words });
        desk.history.act([{ kind: "note.put", payload: { note: newId(), at_ms: player.now, text, dimension: null, polarity: 0 } }]);
        this.excused = true;
        this.#paint();
      },
      { once: true },
    );
    dialog.showModal();
  }
}
