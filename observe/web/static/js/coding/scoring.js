// @ts-check
/** The rows of the pauta: what stands in them for the active cycle, putting it there; their drawer. */
import { gettext } from "../text.js";
import { need, release } from "./page.js";

export class Scoring {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Map<string, HTMLElement>} */
    this.elements = new Map();
    for (const element of document.querySelectorAll("#rows [data-dimension]")) {
      this.elements.set(/** @type {HTMLElement} */ (element).dataset.dimension ?? "", /** @type {HTMLElement} */ (element));
    }
    need("#rows", HTMLElement).addEventListener("click", (event) => this.#clicked(event));
    desk.lesson.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    desk.place.addEventListener("moved", () => this.paint());
    this.paint();
  }

  /** @param {number} value a digit that was pressed */
  number(value) {
    const row = this.#row();
    if (!row) return;
    if (!row.values.includes(value)) {
      const [low, high] = [row.values[0], row.values.at(-1) ?? 0];
      this.desk.say(gettext("“%(row)s” goes from %(low)s to %(high)s.", { row: row.title, low, high }));
      return;
    }
    this.#put(row, { value });
  }

  /** @param {"not_observed" | "not_applicable"} mark */
  mark(mark) {
    const row = this.#row();
    if (!row) return;
    if (row[mark] === "forbidden") {
      this.desk.say(gettext("This rubric does not allow it in “%(row)s”.", { row: row.title }));
      return;
    }
    this.#put(row, { mark });
    if (row[mark] !== "note_required") return;
    // The row stays the active one, so that N writes the note that is asked for.
    this.desk.place.chooseRow(row.id);
    if (!this.desk.evidence(row.id).length) this.desk.say(gettext("This rubric asks for a note that says why (N)."));
  }

  clear() {
    const { cycleId: cycle, dimension } = this.desk.place;
    if (!cycle || !dimension || !this.desk.lesson.score(cycle, dimension)) return;
    this.desk.history.act([{ kind: "score.clear", payload: { cycle, dimension } }]);
  }

  /** The row that is scored next; without one it tells that the cycle is complete. */
  #row() {
    const { place } = this.desk;
    const id = place.dimension ?? place.waiting();
    if (id) return this.desk.row(id);
    this.#complete();
    return null;
  }

  #complete() {
    const number = this.desk.place.cycle?.number ?? 0;
    this.desk.say(
      this.desk.place.at + 1 < this.desk.lesson.cycles.length
        ? gettext("Cycle %(number)s complete · Shift ↓ goes to the next", { number })
        : gettext("Cycle %(number)s complete", { number }),
    );
  }

  /** @param {Coding.Row} row @param {{value?: number, mark?: string}} given */
  #put(row, given) {
    const cycle = this.desk.place.cycleId;
    if (!cycle) {
      this.desk.say(gettext("There is no cycle yet: plan the cycles first (key P)."));
      return;
    }
    const payload = { cycle, dimension: row.id, value: given.value ?? null, mark: given.mark ?? null };
    this.desk.history.act([{ kind: "score.put", payload }]);
    const { place } = this.desk;
    place.chooseRow(row.id);
    if (row.id !== place.dimensions.at(-1) || place.waiting()) return place.moveRow(1);
    place.chooseRow(null);
    this.#complete();
  }

  /** @param {Event} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const dimension = /** @type {HTMLElement | null} */ (target.closest("[data-dimension]"))?.dataset.dimension;
    if (!dimension) return;
    this.desk.place.chooseRow(dimension);
    const button = /** @type {HTMLElement | null} */ (target.closest("button"));
    if (button?.getAttribute("aria-pressed") === "true") this.clear();
    else if (button?.dataset.value) this.number(Number(button.dataset.value));
    else if (button?.dataset.mark) this.mark(/** @type {any} */ (button.dataset.mark));
    if (/** @type {MouseEvent} */ (event).detail > 0) release();
  }

  /** @param {Coding.Act} act */
  #changed(act) {
    if (act.kind.startsWith("score.")) this.#paintRow(act.payload.dimension);
    else if (!act.kind.startsWith("stretch.")) this.paint();
  }

  paint() {
    for (const dimension of this.elements.keys()) this.#paintRow(dimension);
    const active = this.elements.get(this.desk.place.dimension ?? "");
    active?.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  /** @param {string} dimension */
  #paintRow(dimension) {
    const element = this.elements.get(dimension);
    if (!element) return;
    const { place, lesson } = this.desk;
    const score = lesson.score(place.cycleId, dimension);
    const active = place.dimension === dimension;
    element.toggleAttribute("data-active", active);
    for (const button of element.querySelectorAll("button")) {
      const { value, mark } = button.dataset;
      const pressed = score !== undefined && (value ? score.value === Number(value) : score.mark === mark);
      button.setAttribute("aria-pressed", String(pressed));
      button.tabIndex = dimension === (place.dimension ?? place.dimensions.at(-1)) ? 0 : -1;
    }
    const notes = this.desk.evidence(dimension).length;
    const shown = need(".row-notes", HTMLElement, element);
    shown.textContent = notes ? `◆${notes}` : "";
    shown.title = notes ? gettext("%(count)s notes in this cycle", { count: notes }) : "";
  }
}

/** The drawer under the rows: notes, or the words of the pauta for the active row. */
export class Panels {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.drawer = need("#drawer", HTMLElement);
    desk.place.addEventListener("moved", () => this.#paintWords());
    this.#paintWords();
  }

  /** @param {string} name the panel to open, or to close when it is open */
  toggle(name) {
    this.show(this.drawer.dataset.open === name ? "" : name);
  }

  /** @param {string} name `notes`, `words` or nothing */
  show(name) {
    this.drawer.dataset.open = name;
    this.drawer.hidden = name === "";
    for (const panel of this.drawer.querySelectorAll("[data-panel]")) {
      /** @type {HTMLElement} */ (panel).hidden = /** @type {HTMLElement} */ (panel).dataset.panel !== name;
    }
    for (const button of document.querySelectorAll("[data-opens]")) {
      button.setAttribute("aria-expanded", String(/** @type {HTMLElement} */ (button).dataset.opens === name));
    }
    document.querySelector("#rows [data-active]")?.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  #paintWords() {
    const { dimension } = this.desk.place;
    if (!dimension) return;
    const row = this.desk.row(dimension);
    for (const part of document.querySelectorAll("#words [data-words]")) {
      const shown = /** @type {HTMLElement} */ (part).dataset.words === row.id;
      /** @type {HTMLElement} */ (part).hidden = !shown;
    }
    need("#words", HTMLElement).setAttribute("aria-label", gettext("The rubric on “%(row)s”", { row: row.title }));
  }
}
