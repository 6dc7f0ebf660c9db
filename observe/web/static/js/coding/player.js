// @ts-check
/** The video and its buttons. Time here is milliseconds from the first frame. */
import { formatNumber, gettext } from "../text.js";
import { clock, need } from "./page.js";

const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];

export class Player extends EventTarget {
  /** @param {{observation: string, duration: number, frame_rate: number | null}} given */
  constructor(given) {
    super();
    this.video = need("#video", HTMLVideoElement);
    this.duration = given.duration;
    this.frame = 1000 / (given.frame_rate || 25);
    this.clock = need("#clock", HTMLElement);
    this.rateShown = need("#rate", HTMLElement);
    this.playButton = need('[data-do="play"]', HTMLElement);
    const kept = `observe.time.${given.observation}`;
    this.video.currentTime = Math.min(this.duration, Number(localStorage.getItem(kept))) / 1000;
    this.video.addEventListener("timeupdate", () => localStorage.setItem(kept, String(this.now)));
    this.#listen();
    this.#paint();
  }

  get now() {
    return Math.min(this.duration, Math.round(this.video.currentTime * 1000));
  }

  /** @param {number} ms */
  seek(ms) {
    this.video.currentTime = Math.max(0, Math.min(this.duration, ms)) / 1000;
    this.#paint();
  }

  /** @param {number} ms */
  jump(ms) {
    this.seek(this.now + ms);
  }

  /** @param {number} count frames forward, or back when negative */
  step(count) {
    this.video.pause();
    this.jump(count * this.frame);
  }

  toggle() {
    if (this.video.paused) this.video.play().catch(() => this.#check());
    else this.video.pause();
  }

  /** @param {number} places faster, or slower when negative */
  faster(places) {
    const at = RATES.indexOf(this.video.playbackRate);
    this.video.playbackRate = RATES[Math.max(0, Math.min(RATES.length - 1, at + places))];
  }

  /** Show the captions, or put them away. */
  captions() {
    for (const track of this.video.textTracks) track.mode = track.mode === "showing" ? "hidden" : "showing";
  }

  #listen() {
    for (const name of ["play", "pause", "seeked", "timeupdate", "ended"]) {
      this.video.addEventListener(name, () => this.#paint());
    }
    this.video.addEventListener("play", () => this.#follow());
    this.video.addEventListener("ratechange", () => this.#paintRate());
    this.video.addEventListener("loadedmetadata", () => this.#check());
    this.video.addEventListener("error", () => this.#check());
    this.video.addEventListener("click", () => this.toggle());
    if (this.video.error || this.video.readyState > 0) this.#check();
  }

  /** Paint at every frame shown, only while it plays. */
  #follow() {
    this.#paint();
    if (!this.video.paused) requestAnimationFrame(() => this.#follow());
  }

  #paint() {
    const shown = `${clock(this.now)} / ${clock(this.duration)}`;
    if (this.clock.textContent !== shown) this.clock.textContent = shown;
    this.playButton.setAttribute("aria-pressed", String(!this.video.paused));
    this.playButton.setAttribute("aria-label", this.video.paused ? gettext("Play") : gettext("Pause"));
    this.dispatchEvent(new Event("time"));
  }

  #paintRate() {
    const rate = this.video.playbackRate;
    this.rateShown.textContent = `${formatNumber(rate, Number.isInteger(rate) ? 0 : 2)}×`;
  }

  /** Browsers may play sound without a picture, or nothing, and say no word about it. */
  #check() {
    const broken = this.video.error !== null || (this.video.readyState > 0 && this.video.videoWidth === 0);
    need("#no-picture", HTMLElement).hidden = !broken;
  }
}
