// @ts-check
/**
 * The video and its buttons. Time here is milliseconds from the first frame.
 *
 * What gives time to the screen, this or the clock of a lesson in the room, has `now`, `duration`,
 * `playing`, `seek`, `jump`, `step`, `toggle`, `faster`, `captions`, and tells `time` at each moment
 * that is shown. `bars` say why something may not be done now; `go` and `rest` ask nobody.
 */
import { formatNumber, gettext } from "../text.js";
import { clock, need } from "./page.js";

const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
const FURTHER_MS = 1000; // behind damage, twice as far at each try
const MOST_TRIES = 6;
const MOST_STEPS = 3; // of a key held down: more would go on after it is let go
const PATIENCE_MS = 1000; // with a seek, twice as long at each try

export class Player extends EventTarget {
  /** @param {{observation: string, duration: number, frame_rate: number | null}} given */
  constructor(given) {
    super();
    this.video = need("#video", HTMLVideoElement);
    this.duration = given.duration;
    this.frame = 1000 / (given.frame_rate || 25);
    /** each tells in words why an act may not be done, or nothing @type {Coding.Bar[]} */
    this.bars = [];
    /** frames still to go, forward or back */
    this.steps = 0;
    /** whether it is to play: one that breaks no longer says that it did */
    this.wanted = false;
    /** how often it was loaded anew at a damaged place, and where it went on */
    this.tries = 0;
    this.resumed = 0;
    /** whether somebody goes these steps already */
    this.walking = false;
    /** how often it was moved, other than by steps */
    this.moves = 0;
    this.clock = need("#clock", HTMLElement);
    this.rateShown = need("#rate", HTMLElement);
    this.playButton = need('[data-do="play"]', HTMLElement);
    const kept = `observe.time.${given.observation}`;
    this.rateKept = `observe.rate.${given.observation}`;
    this.video.preservesPitch = true;
    this.video.currentTime = Math.min(this.duration, Number(localStorage.getItem(kept))) / 1000;
    this.video.addEventListener("timeupdate", () => localStorage.setItem(kept, String(this.now)));
    this.#listen();
    this.#urge();
    this.rate = Number(localStorage.getItem(this.rateKept)) || 1;
    this.#paint();
  }

  get now() {
    return Math.min(this.duration, Math.round(this.video.currentTime * 1000));
  }

  get playing() {
    return !this.video.paused;
  }

  get rate() {
    return this.video.playbackRate;
  }

  set rate(rate) {
    this.video.defaultPlaybackRate = this.video.playbackRate = rate;
    localStorage.setItem(this.rateKept, String(rate));
  }

  /** @param {number} ms */
  seek(ms) {
    if (this.barred("seek", Math.max(0, Math.min(this.duration, ms)))) this.#paint();
    else this.go(ms);
  }

  /** Go there, whatever the bars say. @param {number} ms */
  go(ms) {
    this.leave();
    this.video.currentTime = Math.max(0, Math.min(this.duration, ms)) / 1000;
    this.#paint();
  }

  /** Whatever steps were under way, they end here. */
  leave() {
    this.steps = 0;
    this.walking = false;
    this.moves += 1;
  }

  /** Stop, whatever the bars say. */
  rest() {
    this.wanted = false;
    this.video.pause();
    this.#paint();
  }

  /** @param {number} ms */
  jump(ms) {
    this.seek(this.now + ms);
  }

  /** Stop, and show the next frame or the one before. @param {1 | -1} way */
  async step(way) {
    const to = this.now + way * this.frame;
    if ((this.playing && this.barred("pause", this.now)) || this.barred("seek", Math.max(0, to))) return;
    this.rest();
    this.steps = Math.max(-MOST_STEPS, Math.min(MOST_STEPS, this.steps + way));
    if (this.walking) return;
    this.walking = true;
    const { moves } = this;
    const from = this.video.currentTime;
    // The guess comes at once; frames are seldom so evenly spaced that it is the truth.
    if (way > 0) this.video.currentTime = Math.min(this.duration, to + 0.1) / 1000;
    const part = await import("./frames.js").catch(() => null);
    if (part) await part.walk(this, moves, from);
    else if (this.moves === moves) this.go(from * 1000 + this.steps * this.frame);
  }

  toggle() {
    if (!this.playing) {
      this.leave();
      this.video.play().catch(() => this.#check());
    } else if (!this.barred("pause", this.now)) this.rest();
  }

  /** @param {number} places faster, or slower when negative */
  faster(places) {
    const rate = RATES[Math.max(0, Math.min(RATES.length - 1, RATES.indexOf(this.rate) + places))];
    if (!this.barred("rate", rate)) this.rate = rate;
  }

  /** Show the captions, or put them away. */
  captions() {
    for (const track of this.video.textTracks) track.mode = track.mode === "showing" ? "hidden" : "showing";
  }

  /** Tell whether something may not be done now, and say why. @param {Coding.PlayerAct} act @param {number} to */
  barred(act, to) {
    const reason = this.bars.map((bar) => bar(act, to)).find((each) => each);
    if (reason) this.dispatchEvent(new CustomEvent("barred", { detail: reason }));
    return Boolean(reason);
  }

  #listen() {
    for (const name of ["play", "pause", "seeked", "timeupdate", "ended"]) {
      this.video.addEventListener(name, () => this.#paint());
    }
    this.video.addEventListener("play", () => this.#follow());
    this.video.addEventListener("ratechange", () => this.#paintRate());
    this.video.addEventListener("loadedmetadata", () => this.#check());
    this.video.addEventListener("play", () => (this.wanted = true));
    this.video.addEventListener("pause", () => (this.wanted = false));
    this.video.addEventListener("error", () => this.#recover());
    this.video.addEventListener("click", () => this.toggle());
    if (this.video.error || this.video.readyState > 0) this.#check();
  }

  /** Paint at every frame shown, only while it plays. */
  #follow() {
    this.#paint();
    if (this.playing) requestAnimationFrame(() => this.#follow());
  }

  #paint() {
    const shown = `${clock(this.now)} / ${clock(this.duration)}`;
    if (this.clock.textContent !== shown) this.clock.textContent = shown;
    this.playButton.setAttribute("aria-pressed", String(this.playing));
    this.playButton.setAttribute("aria-label", this.playing ? gettext("Pause") : gettext("Play"));
    this.dispatchEvent(new Event("time"));
  }

  #paintRate() {
    this.rateShown.textContent = `${formatNumber(this.rate, Number.isInteger(this.rate) ? 0 : 2)}×`;
  }

  /** Chromium may stand for good where seeks and pauses come close together; asked once more, it goes on. */
  #urge() {
    const { video } = this;
    let patience = PATIENCE_MS;
    let asking = 0;
    const ask = () => {
      patience *= 2;
      video.currentTime = video.currentTime;
    };
    video.addEventListener("seeking", () => {
      clearTimeout(asking);
      asking = setTimeout(ask, patience);
    });
    video.addEventListener("seeked", () => {
      clearTimeout(asking);
      patience = PATIENCE_MS;
    });
  }

  /** A browser gives a video up at damage for good: load it anew, and go on behind. */
  #recover() {
    const at = this.now;
    if (at > this.resumed + 2 * FURTHER_MS) this.tries = 0;
    if (this.video.error?.code !== MediaError.MEDIA_ERR_DECODE || this.tries >= MOST_TRIES) return this.#check();
    this.resumed = Math.min(this.duration, at + FURTHER_MS * 2 ** this.tries);
    this.tries += 1;
    this.video.addEventListener(
      "loadedmetadata",
      () => {
        this.go(this.resumed);
        if (this.wanted) this.video.play().catch(() => this.#check());
      },
      { once: true },
    );
    this.video.load();
  }

  /** Browsers may play sound without a picture, or nothing, and say no word about it. */
  #check() {
    const broken = this.video.error !== null || (this.video.readyState > 0 && this.video.videoWidth === 0);
    need("#no-picture", HTMLElement).hidden = !broken;
  }
}
