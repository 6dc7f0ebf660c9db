// @ts-check
/** Finding notes: by their words, in the whole lesson, in a cycle, or on a row of it. */
import { need, release } from "./page.js";

const BEFORE = "observe.note-before";
const BEFORE_MS = 2_000; // people press after they have seen

/** @param {string} text @returns {string} as it is compared: `Sofía` and `SOFIA` are the same */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** @returns {number} how many milliseconds before the moment of pressing a note starts */
export function leadTime() {
  const kept = localStorage.getItem(BEFORE);
  return kept === null ? BEFORE_MS : Number(kept);
}

/** Tells `asked` when other notes are to be shown. */
export class Finder extends EventTarget {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    super();
    this.desk = desk;
    this.search = need("#note-search", HTMLInputElement);
    this.scope = need("#note-scope", HTMLSelectElement);
    const before = need("#note-before", HTMLSelectElement);
    before.value = String(leadTime());
    before.addEventListener("change", () => localStorage.setItem(BEFORE, before.value));
    this.search.addEventListener("input", () => this.#ask());
    this.scope.addEventListener("change", () => this.#ask());
    need("#note-finder", HTMLElement).addEventListener("keydown", (event) => event.key === "Escape" && release());
    desk.place.addEventListener("moved", () => this.scope.value !== "all" && this.#ask());
  }

  #ask() {
    this.dispatchEvent(new Event("asked"));
  }

  /** @returns {(note: Coding.Note) => boolean} whether a note is among those looked for */
  wanted() {
    const words = plain(this.search.value).split(/\s+/).filter(Boolean);
    const { cycle, dimension } = this.desk.place;
    const { value: scope } = this.scope;
    return (note) => {
      if (scope !== "all" && !(cycle && cycle.start_ms <= note.at_ms && note.at_ms < cycle.end_ms)) return false;
      if (scope === "row" && note.dimension !== dimension) return false;
      const text = plain(note.text);
      return words.every((word) => text.includes(word));
    };
  }
}
