// @ts-check
/** What the program noticed in sound and picture: hints to find moments, never a score. */
import { get } from "../http.js";
import { formatNumber, gettext } from "../text.js";
import { Marks } from "./marks.js";
import { clock, need } from "./page.js";
import { loadPeaks, paintFilm, paintLanes } from "./pictures.js";

const ASK_AGAIN_MS = 15_000;
const APART_PX = 24;

export class Lanes {
  /**
   * @param {import("./desk.js").Desk} desk
   * @param {import("./view.js").View} view
   * @param {import("./coded.js").Coded} coded is told when voices are known
   */
  constructor(desk, view, coded) {
    this.desk = desk;
    this.view = view;
    this.coded = coded;
    /** @type {Map<string, string>} shares of voices by span: a score changes none of them */
    this.heard = new Map();
    this.spots = new Marks(need("#spots", HTMLElement), view, tellSpot, ({ spot }) => desk.player.seek(spot.end_ms));
    this.told = need("#shares", HTMLElement);
    const none = new Uint8Array(0);
    /** @type {Coding.Curves} */
    this.curves = { peaks: none, voices: none, energy: none, scenes: [], parts: [] };
    desk.place.addEventListener("moved", () => this.#tell());
    desk.lesson.addEventListener("changed", () => this.#tell());
    this.#load();
  }

  async #load() {
    const { waveform, line } = this.desk.given.urls;
    this.paint();
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
    this.heard.clear();
    this.coded.hear((cycle) => this.shares(cycle));
    this.#tell();
    this.paint();
  }

  /** @param {Coding.Span} span @returns {string} such as `one voice 62 %, …` */
  shares({ start_ms, end_ms }) {
    const key = `${start_ms} ${end_ms}`;
    let words = this.heard.get(key);
    if (words === undefined) this.heard.set(key, (words = this.#shares(start_ms, end_ms)));
    return words;
  }

  /** @param {number} start @param {number} end */
  #shares(start, end) {
    const seconds = this.curves.voices.subarray(Math.floor(start / 1000), Math.ceil(end / 1000));
    if (!seconds.length) return "";
    const share = (/** @type {number} */ kind) => `${formatNumber((100 * seconds.filter((each) => each === kind).length) / seconds.length)} %`;
    return gettext("one voice %(one)s, several %(several)s, no voice %(none)s", { one: share(1), several: share(2), none: share(0) });
  }

  #tell() {
    const { cycle } = this.desk.place;
    const shares = cycle && this.shares(cycle);
    const words = shares ? gettext("Cycle %(number)s: %(shares)s.", { number: cycle.number, shares }) : "";
    if (this.told.textContent !== words) this.told.textContent = words;
  }

  paint() {
    const { from, to } = this.view;
    const { urls, strip } = this.desk.given;
    paintFilm(need("#film", HTMLCanvasElement), urls.strip, strip, from, to);
    paintLanes(need("#lanes", HTMLCanvasElement), this.curves, this.desk.lesson.duration, from, to);
    this.#paintSpots();
  }

  #paintSpots() {
    const near = APART_PX * this.view.pixel;
    let last = -near;
    // Those too near to be hit are still in the planner's list; damage is always told.
    const shown = (this.desk.line?.spots ?? []).filter(({ kind, start_ms }) => {
      if (kind !== "damaged" && start_ms - last < near) return false;
      last = start_ms;
      return true;
    });
    this.spots.paint(shown.map((spot) => ({ ...spot, id: `${spot.kind} ${spot.start_ms}`, spot, sign: spot.words })));
  }
}

/** A button that goes there, or behind what is damaged. @param {HTMLElement} button @param {Coding.SpotMark} mark */
function tellSpot(button, { spot }) {
  const told = `${clock(spot.start_ms)} ${spot.words}`;
  button.className = `spot ${spot.kind}`;
  button.title = told;
  button.setAttribute("aria-label", told);
}
