// @ts-check
/** Stretches in which nothing can be coded, with their reason, in one dialog. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { clock, make, need, parseClock, written } from "./page.js";

const FIRST_LENGTH_MS = 60_000;

/** @type {Stretches | undefined} */
let only;

/**
 * Open the dialog, made when it is first asked for.
 * @param {import("./desk.js").Desk} desk
 * @param {Coding.Stretch} [stretch] to change; without it a new one begins here
 */
export function openStretches(desk, stretch) {
  only ??= new Stretches(desk);
  only.openDialog(stretch);
}

class Stretches {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.dialog = need("#stretches", HTMLDialogElement);
    this.form = need("form", HTMLFormElement, this.dialog);
    this.start = need("[name=start]", HTMLInputElement, this.form);
    this.end = need("[name=end]", HTMLInputElement, this.form);
    this.reason = need("[name=reason]", HTMLInputElement, this.form);
    this.wrong = need(".error", HTMLElement, this.form);
    this.id = newId();
    /** @type {Coding.Stretch | undefined} the one that is being changed */
    this.known = undefined;
    this.form.addEventListener("submit", (event) => this.#submitted(event));
    desk.lesson.addEventListener("changed", () => this.paint());
    this.paint();
  }

  /** @param {Coding.Stretch} [stretch] to change; without it a new one begins here */
  openDialog(stretch) {
    const now = this.desk.player.now;
    this.id = stretch?.id ?? newId();
    this.known = stretch;
    this.start.value = written(stretch?.start_ms ?? now);
    this.end.value = written(stretch?.end_ms ?? Math.min(now + FIRST_LENGTH_MS, this.desk.lesson.duration));
    this.reason.value = stretch?.reason ?? "";
    this.wrong.hidden = true;
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    if (/** @type {HTMLButtonElement | null} */ (event.submitter)?.value !== "keep") return;
    const start = read(this.start, this.known?.start_ms);
    const end = Math.min(read(this.end, this.known?.end_ms), this.desk.lesson.duration);
    const sentence = this.#problem(start, end);
    if (sentence) {
      event.preventDefault();
      this.wrong.textContent = sentence;
      this.wrong.hidden = false;
      return;
    }
    const payload = { stretch: this.id, start_ms: start, end_ms: end, reason: this.reason.value.trim() };
    this.desk.history.act([{ kind: "stretch.put", payload }]);
    this.desk.say(gettext("Marked as not codable."), true);
  }

  /** @param {number} start @param {number} end */
  #problem(start, end) {
    if (Number.isNaN(start) || Number.isNaN(end)) return gettext("Write the time like 18:42.");
    if (end <= start) return gettext("The end has to come after the start, inside the lesson.");
    if (!this.reason.value.trim()) return gettext("Say why it cannot be coded.");
    const others = this.desk.lesson.document.stretches.filter((each) => each.id !== this.id);
    const clash = others.some((each) => each.start_ms < end && start < each.end_ms);
    return clash ? gettext("Another stretch already covers part of it.") : "";
  }

  paint() {
    const list = need("#stretch-list", HTMLElement);
    list.replaceChildren(
      ...this.desk.lesson.document.stretches.map((stretch) => {
        const span = `${clock(stretch.start_ms)}–${clock(stretch.end_ms)}`;
        return make(
          "li",
          {},
          make("span", {}, `${span} · ${stretch.reason}`),
          make("button", { type: "button", class: "plain", "aria-label": gettext("Change %(span)s", { span }), onclick: () => this.openDialog(stretch) }, gettext("Change")),
          make("button", { type: "button", class: "plain", "aria-label": gettext("Remove %(span)s", { span }), onclick: () => this.#remove(stretch) }, gettext("Remove")),
        );
      }),
    );
  }

  /** @param {Coding.Stretch} stretch */
  #remove(stretch) {
    this.desk.history.act([{ kind: "stretch.delete", payload: { stretch: stretch.id } }]);
    this.desk.say(gettext("That stretch can be coded again."), true);
  }
}

/**
 * A time is written by the tenth of a second: one that was left as it is stays exactly that.
 * @param {HTMLInputElement} field @param {number | undefined} known
 */
function read(field, known) {
  return known !== undefined && field.value === written(known) ? known : parseClock(field.value);
}
