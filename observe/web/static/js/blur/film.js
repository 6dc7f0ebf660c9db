// @ts-check
/** The blurred clip and the original of the same moment, on one clock: ms of the recording. */
import { clock, need } from "../coding/page.js";
import { gettext } from "../text.js";

/** @typedef {import("./zones.js").Given} Given */

export class Film extends EventTarget {
  /** @param {Given} given */
  constructor(given) {
    super();
    this.given = given;
    this.frame = 1000 / (given.frame_rate || 25);
    this.blurred = need("#blurred", HTMLVideoElement);
    this.original = need("#original", HTMLVideoElement);
    this.place = need("#place", HTMLInputElement);
    this.video = this.blurred;
    need("#film", HTMLElement).style.setProperty("--ratio", String(given.width / given.height));
    this.blurred.controls = false; // their bar would lie over faces; ours is below
    for (const video of [this.blurred, this.original]) this.#listen(video);
    this.place.addEventListener("input", () => this.seek(given.start + Number(this.place.value)));
    need("#speed", HTMLSelectElement).addEventListener("change", () => this.#setRate());
    this.#paint();
  }

  /** @returns {number} */
  get now() {
    const ms = Math.round(this.video.currentTime * 1000) + this.#offset;
    return Math.max(this.given.start, Math.min(this.given.end, ms));
  }

  get #offset() {
    return this.video === this.blurred ? this.given.start : 0;
  }

  /** @returns {boolean} */
  get showsOriginal() {
    return this.video === this.original;
  }

  /** @param {number} ms */
  seek(ms) {
    const last = this.given.end - this.frame / 2; // the end itself has no picture
    this.video.currentTime = (Math.max(this.given.start, Math.min(last, ms)) - this.#offset) / 1000;
    this.#paint();
  }

  /** @param {number} count frames forward, or back when negative */
  step(count) {
    this.video.pause();
    this.seek(this.now + count * this.frame);
  }

  toggle() {
    if (!this.video.paused) this.video.pause();
    else this.#play();
  }

  #play() {
    if (this.now >= this.given.end - this.frame) this.seek(this.given.start);
    this.video.play().catch(() => this.#broken());
  }

  /** @param {boolean} wanted */
  showOriginal(wanted) {
    const at = this.now;
    this.video.pause();
    if (wanted && !this.original.src) this.original.src = this.original.dataset.src ?? "";
    this.video = wanted ? this.original : this.blurred;
    this.original.hidden = !wanted;
    this.blurred.hidden = wanted;
    need("#original-band", HTMLElement).hidden = !wanted;
    this.#setRate();
    if (this.video.readyState > 0) {
      this.seek(at);
      return;
    }
    this.video.addEventListener("loadedmetadata", () => this.seek(at), { once: true });
    this.video.load();
  }

  /** @returns {number} how much of the blurred clip was played here, in ms */
  get seen() {
    const played = this.blurred.played;
    let sum = 0;
    for (let part = 0; part < played.length; part += 1) sum += played.end(part) - played.start(part);
    return Math.round(sum * 1000);
  }

  #setRate() {
    this.video.playbackRate = Number(need("#speed", HTMLSelectElement).value);
  }

  /** @param {HTMLVideoElement} video */
  #listen(video) {
    for (const name of ["play", "pause", "seeked", "timeupdate", "ended", "loadedmetadata"]) {
      video.addEventListener(name, () => this.#paint());
    }
    video.addEventListener("play", () => this.#follow());
    video.addEventListener("error", () => this.#broken());
    video.addEventListener("click", () => this.toggle());
  }

  /** Paint at every frame shown, only while it plays; the original stops where the clip does. */
  #follow() {
    this.#paint();
    if (this.video.paused) return;
    if (this.showsOriginal && this.now >= this.given.end) this.video.pause();
    else requestAnimationFrame(() => this.#follow());
  }

  #paint() {
    const at = this.now - this.given.start;
    const length = this.given.end - this.given.start;
    need("#clock", HTMLElement).textContent = `${clock(at, true)} / ${clock(length, true)}`;
    if (document.activeElement !== this.place || !this.video.paused) this.place.value = String(at);
    this.place.setAttribute("aria-valuetext", clock(at, true));
    const button = need('[data-do="play"]', HTMLElement);
    const label = this.video.paused ? gettext("Play") : gettext("Pause");
    if (button.ariaLabel !== label) {
      button.setAttribute("aria-label", label);
      button.textContent = this.video.paused ? "▶" : "❚❚";
    }
    this.dispatchEvent(new Event("time"));
  }

  #broken() {
    this.dispatchEvent(new CustomEvent("told", { detail: gettext("The clip cannot be played here. Reload the page.") }));
  }
}
