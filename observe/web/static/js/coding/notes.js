// @ts-check
/** Evidence notes: written where they happen, kept while they are typed, listed, found, changed. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { named } from "./evidence.js";
import { Finder, leadTime } from "./finder.js";
import { clock, make, need } from "./page.js";

const PAUSE_MS = 250; // a breath in typing: then the draft is kept

/** @param {Coding.Note} one @param {Coding.Note} other */
function same(one, other) {
  return one.text === other.text && one.dimension === other.dimension && one.polarity === other.polarity;
}

export class Notes {
  /** @param {import("./desk.js").Desk} desk @param {(panel: string) => void} show */
  constructor(desk, show) {
    this.desk = desk;
    this.show = show;
    /** @type {Coding.Note | null} the note in the editor, as it was opened or last kept */
    this.open = null;
    this.base = 0; // the version of the lesson that what is in the editor was written on
    this.timer = 0;
    this.list = need("#note-list", HTMLElement);
    this.finder = new Finder(desk);
    this.finder.addEventListener("asked", () => this.paint());
    /** @type {WeakMap<Coding.Note, HTMLElement>} a changed note is another object: it gets a new line */
    this.items = new WeakMap();
    this.form = need("#note-form", HTMLFormElement);
    this.text = need("#note-text", HTMLTextAreaElement);
    this.dimension = need("#note-dimension", HTMLSelectElement);
    this.form.addEventListener("input", () => this.#later());
    this.text.addEventListener("input", () => this.#warn());
    this.form.addEventListener("change", () => this.keep());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.close();
    });
    this.form.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("visibilitychange", () => this.keep());
    window.addEventListener("pagehide", () => this.keep());
    desk.lesson.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    desk.place.addEventListener("moved", () => this.#mark());
    this.paint();
  }

  /** Begin a note a little before this moment, on the active row. */
  begin() {
    const at_ms = Math.max(0, this.desk.player.now - leadTime());
    this.edit({ id: newId(), at_ms, text: "", dimension: this.desk.place.dimension, polarity: 0 });
  }

  /** @param {Coding.Note} note */
  edit(note) {
    this.keep();
    this.#fill(note);
    this.form.hidden = false;
    this.#empty();
    this.show("notes");
    this.text.focus();
  }

  /** @param {Coding.Note} note */
  #fill(note) {
    this.open = { ...note, text: note.text.trim() };
    this.base = this.desk.sync.version;
    this.text.value = note.text;
    this.#warn();
    this.dimension.value = note.dimension ?? "";
    this.#polarity(note.polarity);
    need("#note-at", HTMLElement).textContent = clock(note.at_ms);
  }

  /** Keep what is typed and put the editor away. */
  close() {
    this.keep();
    this.#putAway();
  }

  #putAway() {
    this.open = null;
    this.form.hidden = true;
    this.#empty();
    this.text.blur();
  }

  /**
   * Keep what was typed since the last time, and nothing else: what another window wrote meanwhile, or
   * what was undone, is not written again. An emptied note is no note.
   */
  keep() {
    clearTimeout(this.timer);
    if (!this.open) return;
    const now = this.#typed(this.open);
    if (same(this.open, now)) return;
    const { id, ...rest } = now;
    if (now.text) this.desk.history.act([{ kind: "note.put", payload: { note: id, ...rest } }], `note ${id}`, this.base);
    else if (this.desk.lesson.note(id)) this.desk.history.act([{ kind: "note.delete", payload: { note: id } }], null, this.base);
    this.open = now;
  }

  /** What is in the editor follows its note, unless more was typed or a person is being asked. */
  #follow() {
    const { open } = this;
    const asked = this.desk.sync.stuck.some((entry) => entry.change.payload.note === open?.id);
    if (!open || asked || !same(open, this.#typed(open))) return;
    const known = this.desk.lesson.note(open.id);
    if (!known && open.text) this.#putAway();
    else if (known && !same(known, open)) this.#fill(known);
    else this.base = this.desk.sync.version;
  }

  /** @param {Coding.Note} open @returns {Coding.Note} */
  #typed(open) {
    const chosen = need("input[name=polarity]:checked", HTMLInputElement, this.form);
    return {
      id: open.id,
      at_ms: open.at_ms,
      text: this.text.value.trim(),
      dimension: this.dimension.value || null,
      polarity: Number(chosen.value),
    };
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE_MS);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const done = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }

  /** @param {number} polarity */
  #polarity(polarity) {
    need(`input[name=polarity][value="${polarity}"]`, HTMLInputElement, this.form).checked = true;
  }

  /** @param {Coding.Note} note */
  remove(note) {
    if (this.open?.id === note.id) {
      this.open = null;
      this.form.hidden = true;
    }
    this.desk.history.act([{ kind: "note.delete", payload: { note: note.id } }]);
    this.desk.say(gettext("The note of %(time)s was removed.", { time: clock(note.at_ms) }), true);
  }

  /** @param {Coding.Act} act */
  #changed(act) {
    if (act.kind !== "all" && !act.kind.startsWith("note.")) return;
    this.#follow();
    this.paint();
  }

  /** Notes of children's names: told at once, never refused. */
  #warn() {
    const found = named(this.text.value, this.desk.given.names);
    const names = found.join(", ");
    const told =
      found.length === 1
        ? gettext("%(names)s is in the class list: write “a girl”, “a boy” or the list number.", { names })
        : gettext("%(names)s are in the class list: write “a girl”, “a boy” or their list numbers.", { names });
    need("#note-names", HTMLElement).textContent = found.length ? told : "";
  }

  paint() {
    const { notes } = this.desk.lesson.document;
    const shown = notes.filter(this.finder.wanted()).map((note) => this.#line(note));
    const same = shown.length === this.list.children.length && shown.every((item, place) => item === this.list.children[place]);
    if (!same) this.list.replaceChildren(...shown);
    need("#note-count", HTMLElement).textContent = String(notes.length);
    need("#note-finder", HTMLElement).hidden = notes.length === 0;
    need("#none-found", HTMLElement).hidden = notes.length === 0 || shown.length > 0;
    this.#empty();
    this.#mark();
  }

  /** @param {Coding.Note} note @returns {HTMLElement} its line, made anew only when it changed */
  #line(note) {
    const item = this.items.get(note) ?? this.#item(note);
    this.items.set(note, item);
    return item;
  }

  #empty() {
    need("#no-notes", HTMLElement).hidden = this.desk.lesson.document.notes.length > 0 || this.open !== null;
  }

  /** The notes of the active row stand out. */
  #mark() {
    for (const item of this.list.children) {
      const own = /** @type {HTMLElement} */ (item).dataset.dimension === this.desk.place.dimension;
      item.toggleAttribute("data-own", own);
    }
  }

  /** @param {Coding.Note} note */
  #item(note) {
    const sign = note.polarity > 0 ? "+" : note.polarity < 0 ? "−" : "";
    const code = note.dimension ? this.desk.row(note.dimension).code : "";
    const time = clock(note.at_ms);
    return make(
      "li",
      { "data-dimension": note.dimension ?? "", "data-note": note.id },
      make("button", { type: "button", class: "chip", "aria-label": gettext("Go to %(time)s", { time }), onclick: () => this.desk.player.seek(note.at_ms) }, time),
      make("span", { class: "note-tag" }, `${code} ${sign}`),
      make("span", { class: "note-words" }, note.text),
      make("button", { type: "button", class: "plain", "aria-label": gettext("Edit the note of %(time)s", { time }), onclick: () => this.edit(note) }, gettext("Edit")),
      make("button", { type: "button", class: "plain", "aria-label": gettext("Remove the note of %(time)s", { time }), onclick: () => this.remove(note) }, gettext("Remove")),
    );
  }
}
