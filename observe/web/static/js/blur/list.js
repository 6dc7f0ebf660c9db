// @ts-check
/** The list of what is covered, in the order of the clip: each leads to its moment and can be corrected. */
import { clock, make, need } from "../coding/page.js";
import { gettext } from "../text.js";
import { zonesOf } from "./zones.js";

/** @typedef {import("./zones.js").Zone} Zone */
/** @typedef {import("./edits.js").Edits} Edits */
/** @typedef {import("./film.js").Film} Film */
/** @typedef {import("./editor.js").Editor} Editor */

export class List {
  /**
   * @param {Film} film
   * @param {Edits} edits
   * @param {Editor} editor
   * @param {(id: string) => void} drop
   */
  constructor(film, edits, editor, drop) {
    this.film = film;
    this.edits = edits;
    this.editor = editor;
    this.drop = drop;
    this.place = need("#zones", HTMLUListElement);
    /** @type {{zone: Zone, row: HTMLLIElement}[]} */
    this.rows = [];
    film.addEventListener("time", () => this.#follow());
  }

  paint() {
    const zones = zonesOf(this.film.given, this.edits.corrections);
    this.rows = zones.map((zone) => ({ zone, row: this.#row(zone) }));
    this.place.replaceChildren(...this.rows.map((each) => each.row));
    need("#nothing", HTMLElement).hidden = zones.length > 0;
    this.place.hidden = zones.length === 0;
    this.#follow();
  }

  /** @param {Zone} zone */
  #row(zone) {
    const { start } = this.film.given;
    const times = `${clock(zone.start - start, true)} – ${clock(zone.end - start, true)}`;
    const jump = make("button", { type: "button", class: "plain zone-jump", onclick: () => this.film.seek(zone.start) }, `${times} · ${zone.label}`);
    return make("li", { "data-zone": zone.kind }, jump, ...this.#actions(zone), this.#note(zone));
  }

  /** @param {Zone} zone @returns {HTMLButtonElement[]} */
  #actions(zone) {
    const button = (/** @type {string} */ words, /** @type {() => void} */ act) =>
      make("button", { type: "button", class: "plain", "aria-label": `${words}: ${zone.label}`, onclick: act }, words);
    if (zone.kind === "found") return [button(gettext("Uncover"), () => this.editor.remove(zone.track ?? "", zone.start, zone.end))];
    const back = zone.kind === "add" ? gettext("Delete") : gettext("Cover again");
    const buttons = [button(back, () => this.drop(zone.key))];
    if (zone.kind === "add") buttons.unshift(button(gettext("Change"), () => this.#change(zone.key)));
    return buttons;
  }

  /** @param {string} id */
  #change(id) {
    const added = this.edits.corrections.find((each) => each.id === id);
    if (added) this.editor.change(added);
  }

  /** @param {Zone} zone */
  #note(zone) {
    const unsent = zone.kind !== "found" && !this.edits.isSent(zone.key);
    return unsent ? make("p", { class: "zone-note" }, gettext("▲ not sent yet")) : null;
  }

  #follow() {
    const now = this.film.now;
    for (const { zone, row } of this.rows) {
      row.toggleAttribute("data-now", zone.start <= now && now < zone.end);
    }
  }
}
