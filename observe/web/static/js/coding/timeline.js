// @ts-check
/** The lesson at a glance: film strip, ruler, cycles, stretches and notes, and where the video is. */
import { gettext } from "../text.js";
import { clock, make, need, release } from "./page.js";
import { Lanes } from "./lanes.js";
import { paintFilm } from "./pictures.js";

const TICKS_MS = [5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000];
const TICK_PX = 70;

export class Timeline {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.lane = need("#lane", HTMLElement);
    this.marks = need("#marks", HTMLElement);
    this.ruler = need("#ruler", HTMLElement);
    this.head = need("#head", HTMLElement);
    this.seek = need("#seek", HTMLInputElement);
    this.seek.max = String(desk.lesson.duration);
    this.seek.addEventListener("input", () => desk.player.seek(Number(this.seek.value)));
    this.seek.addEventListener("change", () => release());
    this.lanes = new Lanes(desk, () => this.#paintLane());
    desk.player.addEventListener("time", () => this.#follow());
    desk.lesson.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    desk.place.addEventListener("moved", () => this.#paintLane());
    new ResizeObserver(() => this.#paintPictures()).observe(this.ruler);
    this.#changed({ kind: "all", payload: {} });
    this.#follow();
  }

  /** @param {number} ms */
  #left(ms) {
    return `${((100 * ms) / this.desk.lesson.duration).toFixed(3)}%`;
  }

  #follow() {
    const now = this.desk.player.now;
    this.head.style.left = this.#left(now);
    this.seek.value = String(now);
    this.seek.setAttribute("aria-valuetext", clock(now));
    const at = this.desk.lesson.cycleAt(now);
    const elsewhere = at && at.id !== this.desk.place.cycleId;
    const hint = need("#elsewhere", HTMLButtonElement);
    // Out of sight it keeps its place, so that nothing jumps when it comes.
    hint.toggleAttribute("data-away", !elsewhere);
    hint.textContent = gettext("Go on to cycle %(number)s", { number: at?.number ?? 1 });
  }

  /** @param {Coding.Act} act */
  #changed(act) {
    if (act.kind.startsWith("note.") || act.kind === "all") this.#paintMarks();
    if (!act.kind.startsWith("note.")) this.#paintLane();
  }

  #paintLane() {
    const { cycles, stretches } = this.desk.lesson.document;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.cycle;
    this.lane.replaceChildren(
      ...cycles.map((cycle) => this.#cycle(cycle)),
      ...stretches.map((stretch) => this.#stretch(stretch)),
    );
    if (focused) /** @type {HTMLElement | null} */ (this.lane.querySelector(`[data-cycle="${focused}"]`))?.focus();
    this.#follow();
  }

  /** @param {Coding.Cycle} cycle */
  #cycle(cycle) {
    const rows = this.desk.given.dimensions.length;
    const done = cycle.scores.length;
    const short = cycle.end_ms - cycle.start_ms < this.desk.given.protocol.minimum_codable_ms;
    const shown = {
      number: cycle.number,
      length: clock(cycle.end_ms - cycle.start_ms),
      mark: done >= rows ? "✓" : "",
      done,
      rows,
    };
    const button = make(
      "button",
      {
        type: "button",
        class: "cycle",
        "data-cycle": cycle.id,
        "data-done": done >= rows,
        "data-short": short,
        "aria-current": cycle.id === this.desk.place.cycleId ? "true" : null,
        onclick: () => this.desk.place.chooseCycle(cycle.id),
      },
      make("span", {}, gettext("Cycle %(number)s · %(length)s", shown)),
      make("span", {}, ` · ${shown.mark}${done}/${rows}`),
      ...(short ? [" · ", make("span", { class: "short" }, gettext("short"))] : []),
    );
    const shares = this.lanes.shares(cycle);
    button.title = `${clock(cycle.start_ms)}–${clock(cycle.end_ms)}${shares && ` · ${shares}`}`;
    return this.#placed(button, cycle);
  }

  /** @param {Coding.Stretch} stretch */
  #stretch(stretch) {
    const words = gettext("not codable: %(reason)s", { reason: stretch.reason });
    const button = make("button", { type: "button", class: "stretch", title: words, onclick: () => this.desk.openStretches(stretch) }, words);
    return this.#placed(button, stretch);
  }

  /** @param {HTMLElement} element @param {{start_ms: number, end_ms: number}} span */
  #placed(element, { start_ms, end_ms }) {
    element.style.left = this.#left(start_ms);
    element.style.width = this.#left(end_ms - start_ms);
    return element;
  }

  #paintMarks() {
    this.marks.replaceChildren(
      ...this.desk.lesson.document.notes.map((note) => {
        const words = `${clock(note.at_ms)} ${note.text}`;
        const seek = () => this.desk.player.seek(note.at_ms);
        const mark = make("button", { type: "button", class: "mark", title: words, "aria-label": words, onclick: seek }, "◆");
        mark.style.left = this.#left(note.at_ms);
        return mark;
      }),
    );
  }

  #paintPictures() {
    const { urls, strip } = this.desk.given;
    this.#paintRuler();
    paintFilm(need("#film", HTMLCanvasElement), urls.strip, strip, 0, this.desk.lesson.duration);
    this.lanes.paint();
  }

  #paintRuler() {
    const { duration } = this.desk.lesson;
    const room = Math.max(1, this.ruler.clientWidth / TICK_PX);
    const tick = TICKS_MS.find((each) => duration / each <= room) ?? 3_600_000;
    const labels = [];
    for (let time = 0; time < duration - tick / 3; time += tick) {
      const label = make("span", {}, clock(time));
      label.style.left = this.#left(time);
      labels.push(label);
    }
    this.ruler.replaceChildren(...labels);
  }
}
