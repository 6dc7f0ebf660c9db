// @ts-check
/** What the notes of a cycle hold up, and what they must not hold: names of children. */
import { gettext } from "../text.js";
import { plain } from "./finder.js";
import { need } from "./page.js";

/**
 * Return the names of the class list that stand in `text`, as they are written there.
 * @param {string} text @param {string[]} names plain words
 */
export function named(text, names) {
  const known = new Set(names);
  return [...new Set(text.match(/\p{L}+/gu) ?? [])].filter((word) => /^\p{Lu}/u.test(word) && known.has(plain(word)));
}

/** Tells under the rows how much evidence the active cycle has, and which rows have none. */
export class Balance {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.shown = need("#balance", HTMLElement);
    this.last = "";
    desk.lesson.addEventListener("changed", (event) => {
      const { kind } = /** @type {CustomEvent} */ (event).detail;
      if (!kind.startsWith("score.")) this.paint();
    });
    desk.place.addEventListener("moved", () => this.paint());
    this.paint();
  }

  paint() {
    const { cycle } = this.desk.place;
    const told = cycle ? this.#told(cycle) : "";
    if (told === this.last) return;
    this.last = told;
    this.shown.textContent = told;
    this.shown.hidden = told === "";
  }

  /** @param {Coding.Cycle} cycle */
  #told(cycle) {
    const { lesson, given } = this.desk;
    const notes = lesson.document.notes.filter((note) => cycle.start_ms <= note.at_ms && note.at_ms < cycle.end_ms);
    if (!notes.length) return gettext("No evidence in this cycle yet (N writes a note).");
    const bare = given.dimensions.filter((row) => !row.id.includes(".") && !notes.some((note) => dimensionOf(note) === row.id));
    const counted = gettext("Evidence of this cycle: %(count)s ◆, %(for)s +, %(against)s −.", {
      count: notes.length,
      for: notes.filter((note) => note.polarity > 0).length,
      against: notes.filter((note) => note.polarity < 0).length,
    });
    if (!bare.length) return counted;
    const without = gettext("Without evidence: %(rows)s", { rows: bare.map((row) => row.code).join(", ") });
    return `${counted} ${without}`;
  }
}

/** @param {Coding.Note} note @returns {string | undefined} its dimension, also when it is on a behaviour of it */
function dimensionOf(note) {
  return note.dimension?.split(".")[0];
}
