// @ts-check
/** What was played, told to the program: pauses, rewinds and rates are read from it. Nothing undoes it. */
import { newId } from "../ids.js";

const EVERY_MS = 30_000; // a window that is killed loses no more

export class Watched {
  /** @param {import("./player.js").Player} player @param {import("./sync.js").Sync} sync */
  constructor(player, sync) {
    this.player = player;
    this.sync = sync;
    /** what was played in this window, the stretch that goes on last @type {Coding.Played[]} */
    this.played = [];
    /** @type {Coding.Played | null} the stretch that goes on */
    this.open = null;
    /** where the program thinks that it ends, and since when */
    this.told = { end_ms: 0, at: 0 };
    const { video } = player;
    for (const name of ["play", "seeked"]) video.addEventListener(name, () => this.#begin());
    for (const name of ["pause", "seeking", "ended"]) video.addEventListener(name, () => this.#end());
    video.addEventListener("ratechange", () => {
      if (this.open?.rate === player.rate) return;
      this.#end();
      this.#begin(this.played.at(-1)?.end_ms); // the stretches meet: nothing stopped
    });
    player.addEventListener("time", () => this.#grow());
    document.addEventListener("visibilitychange", () => this.#tell());
    window.addEventListener("pagehide", () => this.#end(true));
    this.#begin();
  }

  #begin(start_ms = this.player.now) {
    const { video, rate } = this.player;
    if (this.open || video.paused || video.seeking) return;
    this.open = { watched: newId(), start_ms, end_ms: start_ms, rate, at: new Date().toISOString() };
    this.told = { end_ms: start_ms, at: performance.now() };
    this.played.push(this.open);
  }

  #grow() {
    // While it seeks the time is already the one where it goes.
    if (!this.open || this.player.video.seeking) return;
    this.open.end_ms = Math.max(this.open.end_ms, this.player.now);
    if (!this.player.playing) this.#end();
    else if (performance.now() - this.told.at >= EVERY_MS) this.#tell();
  }

  /** @param {boolean} [leaving] whether the page goes away */
  #end(leaving = false) {
    const { video, now } = this.player;
    if (this.open && !video.seeking) this.open.end_ms = Math.max(this.open.end_ms, now);
    this.#tell(leaving);
    this.open = null;
  }

  /** @param {boolean} [leaving] */
  #tell(leaving = false) {
    if (!this.open || this.open.end_ms <= this.told.end_ms) return;
    this.told = { end_ms: this.open.end_ms, at: performance.now() };
    const changes = [{ id: newId(), kind: "watched", payload: { ...this.open } }];
    if (leaving) this.sync.leave(changes);
    else this.sync.push(changes);
  }
}
