// @ts-check
/** One field of a draft: what the program knows of it, what stands in it, and what is told of it. */
import { gettext } from "../text.js";

export class Box {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.input = /** @type {HTMLInputElement} */ (place.querySelector("[data-field]"));
    this.known = /** @type {HTMLInputElement} */ (place.querySelector("input[type=hidden]"));
    this.error = /** @type {HTMLElement} */ (place.querySelector("[data-error]"));
    this.mark = /** @type {HTMLElement} */ (place.querySelector("[data-unsaved]"));
    /** @type {import("./autosave.js").Clash | null} */
    this.clash = null;
    /** what was sent last, whether or not an answer came @type {string | null} */
    this.sent = null;
  }

  get name() {
    return this.input.name;
  }

  get now() {
    return this.input.value;
  }

  /** What stood here when the program was last asked, with line ends as a field has them. */
  get was() {
    return this.known.value.replaceAll("\r\n", "\n");
  }

  get changed() {
    return this.now !== this.was;
  }

  paint() {
    this.mark.hidden = !this.changed;
  }

  /** @param {string} now what the program has kept; more may have been typed since */
  keep(now) {
    this.known.value = now;
    this.paint();
  }

  /** @param {string} sentence what is wrong; empty: nothing */
  tell(sentence) {
    if (this.clash) return;
    if (this.error.textContent !== sentence) this.error.textContent = sentence;
    this.error.hidden = !sentence;
    this.place.classList.toggle("wrong", Boolean(sentence));
    if (sentence) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }

  /**
   * Tell that somebody else wrote here, and let a person choose; until then nothing is sent.
   * @param {import("./autosave.js").Clash} clash
   * @param {() => void} chosen
   */
  collide(clash, chosen) {
    this.clash = null;
    this.tell(clash.told);
    this.clash = clash;
    this.paint();
    this.place.querySelector("[data-choice]")?.remove();
    const { theirs } = clash;
    const choice = Object.assign(document.createElement("p"), { className: "row" });
    choice.dataset.choice = "";
    this.error.after(choice);
    if (theirs === null) return clash.back && choice.append(this.#back(clash.back));
    choice.append(
      this.#button(gettext("Keep mine"), theirs, this.now, chosen),
      this.#button(gettext("Take theirs"), theirs, theirs, chosen),
    );
  }

  /**
   * A button that puts back what was dropped around the field, and then keeps all that was typed.
   * @param {string} value what the button asks for
   */
  #back(value) {
    const button = Object.assign(document.createElement("button"), { className: "button", textContent: gettext("Put it back") });
    return Object.assign(button, { name: "do", value });
  }

  /**
   * @param {string} words
   * @param {string} theirs
   * @param {string} kept
   * @param {() => void} chosen
   */
  #button(words, theirs, kept, chosen) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: words });
    button.addEventListener("click", () => {
      this.clash = null;
      this.known.value = theirs;
      if (kept === theirs) this.input.value = theirs;
      this.tell("");
      this.paint();
      this.place.querySelector("[data-choice]")?.remove();
      this.input.focus();
      this.input.dispatchEvent(new Event("input", { bubbles: true }));
      chosen();
    });
    return button;
  }
}
