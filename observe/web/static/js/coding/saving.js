// @ts-check
/** Whether the work is safe, always in sight, and what to decide where two windows differ. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { clock, make, need } from "./page.js";

/** @typedef {import("../journal.js").Entry} Entry */

export class SavingView {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.shown = need("#saving", HTMLElement);
    this.stuck = need("#stuck", HTMLElement);
    desk.sync.addEventListener("saving", () => this.paint());
    desk.sync.addEventListener("stuck", () => this.paintStuck());
    desk.sync.addEventListener("elsewhere", () =>
      desk.say(gettext("Another window changed this observation: what you see now has it all.")),
    );
    window.addEventListener("beforeunload", (event) => {
      if (!desk.sync.saving.safe && desk.sync.waiting.length) event.preventDefault();
    });
    this.paint();
    this.paintStuck();
  }

  paint() {
    const { state, waiting, at, sentence, safe } = this.desk.sync.saving;
    const kept = safe
      ? gettext("%(count)s changes kept on this computer", { count: waiting })
      : gettext("%(count)s changes only in this window: do not close it", { count: waiting });
    const words = {
      saved: gettext("Saved %(time)s", { time: at }),
      saving: gettext("Saving…"),
      offline: gettext("No connection: %(kept)s", { kept }),
      "signed-out": gettext("Signed out: %(kept)s", { kept }),
      refused: `${sentence} ${kept}`,
    }[state];
    this.shown.dataset.state = state;
    if (this.shown.textContent !== words) this.shown.textContent = words;
    need("#sign-in-again", HTMLElement).hidden = state !== "signed-out";
  }

  paintStuck() {
    const entries = this.desk.sync.stuck;
    this.stuck.hidden = entries.length === 0;
    need("ul", HTMLElement, this.stuck).replaceChildren(...entries.map((entry) => this.#item(entry)));
  }

  /** @param {Entry} entry */
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

  /** Do it again on top of what is there now. @param {Entry} entry */
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

  /** @param {Entry} entry what the change was, in words */
  #words({ change: { kind, payload } }) {
    if (kind.startsWith("note.")) return payload.text ? `“${payload.text}”` : gettext("Removing a note");
    if (!kind.startsWith("score.")) return gettext("A change of the cycles");
    const number = this.desk.lesson.cycle(payload.cycle)?.number ?? "–";
    const row = this.desk.row(payload.dimension).title;
    const marks = { not_observed: gettext("N/O"), not_applicable: gettext("N/A") };
    const value = payload.value ?? marks[/** @type {keyof typeof marks} */ (payload.mark)] ?? gettext("empty");
    return gettext("Cycle %(number)s, %(row)s: %(value)s.", { number, row, value });
  }
}
