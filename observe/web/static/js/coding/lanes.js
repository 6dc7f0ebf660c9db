// @ts-check
/** What the program noticed in sound and picture: hints to find moments, never a score. */
import { get } from "../http.js";
import { formatNumber, gettext } from "../text.js";
import { clock, make, need } from "./page.js";
import { loadPeaks, paintLanes } from "./pictures.js";

const ASK_AGAIN_MS = 15_000;
const APART_PX = 24;

export class Lanes {
  /** @param {import("./desk.js").Desk} desk @param {() => void} changed called when voices are known */
  constructor(desk, changed) {
    this.desk = desk;
    this.changed = changed;
    this.spots = need("#spots", HTMLElement);
    const none = new Uint8Array(0);
    /** @type {Coding.Curves} */
    this.curves = { peaks: none, voices: none, energy: none, scenes: [], parts: [] };
    desk.place.addEventListener("moved", () => this.#tell());
    desk.lesson.addEventListener("changed", () => this.#tell());
    this.#load();
  }

  async #load() {
    const { waveform, line } = this.desk.given.urls;
    if (waveform) this.curves.peaks = await loadPeaks(waveform);
    this.paint();
    if (line) this.#ask(line);
  }

  /** @param {string} url */
  async #ask(url) {
    const line = /** @type {Coding.Line | null} */ (await get(url).catch(() => null));
    // It may be made while she codes; then it appears without a word.
    if (!line || line.preparing) setTimeout(() => this.#ask(url), ASK_AGAIN_MS);
    if (!line) return;
    this.desk.line = line;
    this.curves.voices = Uint8Array.from(line.voices, Number);
    this.curves.energy = Uint8Array.from(atob(line.energy), (sign) => sign.charCodeAt(0));
    this.curves.scenes = line.scenes;
    this.curves.parts = line.spots.filter((spot) => spot.kind === "joint").map((spot) => spot.start_ms);
    this.changed();
    this.#tell();
    this.paint();
  }

  /** @param {Coding.Span} span @returns {string} such as `one voice 62 %, …` */
  shares({ start_ms, end_ms }) {
    const seconds = this.curves.voices.subarray(Math.floor(start_ms / 1000), Math.ceil(end_ms / 1000));
    if (!seconds.length) return "";
    const share = (/** @type {number} */ kind) => `${formatNumber((100 * seconds.filter((each) => each === kind).length) / seconds.length)} %`;
    return gettext("one voice %(one)s, several %(several)s, no voice %(none)s", { one: share(1), several: share(2), none: share(0) });
  }

  #tell() {
    const { cycle } = this.desk.place;
    const shares = cycle && this.shares(cycle);
    need("#shares", HTMLElement).textContent = shares ? gettext("Cycle %(number)s: %(shares)s.", { number: cycle.number, shares }) : "";
  }

  paint() {
    const { duration } = this.desk.lesson;
    paintLanes(need("#lanes", HTMLCanvasElement), this.curves, duration, 0, duration);
    const near = (APART_PX * duration) / Math.max(1, this.spots.clientWidth);
    let last = -near;
    // Those too near to be hit are still in the planner's list; damage is always told.
    const shown = (this.desk.line?.spots ?? []).filter(({ kind, start_ms }) => {
      if (kind !== "damaged" && start_ms - last < near) return false;
      last = start_ms;
      return true;
    });
    this.spots.replaceChildren(...shown.map((spot) => this.#spot(spot)));
  }

  /** @param {Coding.Spot} spot a button that goes there, or behind what is damaged */
  #spot({ kind, start_ms, end_ms, words }) {
    const percent = (/** @type {number} */ ms) => `${((100 * ms) / this.desk.lesson.duration).toFixed(3)}%`;
    const seek = () => this.desk.player.seek(end_ms);
    const told = `${clock(start_ms)} ${words}`;
    const button = make("button", { type: "button", class: `spot ${kind}`, title: told, "aria-label": told, onclick: seek });
    button.style.left = percent(start_ms);
    button.style.width = percent(end_ms - start_ms);
    return button;
  }
}
