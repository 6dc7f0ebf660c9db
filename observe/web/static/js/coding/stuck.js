// @ts-check
/** Changes that were not taken: each is told, and a person decides what becomes of it. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { make, need } from "./page.js";

export class Stuck {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.shown = need("#stuck", HTMLElement);
    desk.sync.addEventListener("stuck", () => this.paint());
    this.paint();
  }

  paint() {
    const entries = this.desk.sync.stuck;
    this.shown.hidden = entries.length === 0;
    need("ul", HTMLElement, this.shown).replaceChildren(...entries.map((entry) => this.#item(entry)));
  }

  /** @param {Journal.Entry} entry */
  #item(entry) {
    const mine = make("button", { type: "button", class: "button", onclick: () => this.#useMine(entry) }, gettext("Use mine"));
    const leave = make(
      "button",
      { type: "button", class: "button", onclick: () => this.desk.sync.letGo(entry.id) },
      entry.conflict ? gettext("Keep the other") : gettext("Let it go"),
    );
    return make(
      "li",
      {},
      make("strong", {}, this.#words(entry)),
      ` ${entry.told} `,
      make("span", { class: "actions" }, entry.conflict ? mine : null, leave),
    );
  }

  /** Do it again on top of what is there now. @param {Journal.Entry} entry */
  async #useMine(entry) {
    await this.desk.sync.letGo(entry.id);
    const payload = { ...entry.change.payload };
    const missing = payload.cycle && !this.desk.lesson.cycle(payload.cycle);
    if (missing && entry.change.kind.startsWith("score.")) {
      this.desk.say(gettext("Its cycle is no longer there."));
      return;
    }
    // A note that is gone in the other window comes back as a new one.
    if (entry.change.kind === "note.put" && !this.desk.lesson.note(payload.note)) payload.note = newId();
    this.desk.history.act([{ kind: entry.change.kind, payload }]);
  }

  /** @param {string} kind */
  #kind(kind) {
    if (kind.startsWith("clip.")) return gettext("A change of a clip");
    return kind.startsWith("stretch.") ? gettext("A change of what cannot be coded") : gettext("A change of the cycles");
  }

  /** @param {Journal.Entry} entry what the change was, in words */
  #words({ change: { kind, payload } }) {
    if (kind.startsWith("note.")) return payload.text ? `“${payload.text}”` : gettext("Removing a note");
    if (!kind.startsWith("score.")) return payload.words || payload.reason ? `“${payload.words || payload.reason}”` : this.#kind(kind);
    const number = this.desk.lesson.cycle(payload.cycle)?.number ?? "–";
    const row = this.desk.row(payload.dimension).title;
    const marks = { not_observed: gettext("N/O"), not_applicable: gettext("N/A") };
    const value = payload.value ?? marks[/** @type {keyof typeof marks} */ (payload.mark)] ?? gettext("empty");
    return gettext("Cycle %(number)s, %(row)s: %(value)s.", { number, row, value });
  }
}
