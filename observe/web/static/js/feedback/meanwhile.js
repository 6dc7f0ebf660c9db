// @ts-check
/** The same draft in two windows: the page sends what it knew of each field, and asks before it overwrites. */
import { gettext } from "../text.js";

const NOTHING = "\u0000"; // what no field can say: a choice is still open

/** @typedef {{known: Record<string, string[]>, taken: Record<string, string>, clashes: Record<string, string>}} News */

export class Meanwhile {
  /**
   * @param {HTMLFormElement} form
   * @param {(name: string) => void} changed called when another text stands in a field
   */
  constructor(form, changed) {
    this.form = form;
    this.changed = changed;
    const hidden = /** @type {HTMLInputElement} */ (form.elements.namedItem("known"));
    /** @type {Record<string, string[]>} by field: as it was told, then as it was sent */
    this.known = JSON.parse(hidden.value);
    /** @type {Record<string, string>} as the last request said it */
    this.sent = {};
    /** @type {Set<string>} fields for which a person has to choose */
    this.open = new Set();
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-theirs]"))) {
      const name = place.id.replace(/-error$/, "");
      this.known[name] = [NOTHING];
      this.#ask(name, place.dataset.theirs ?? "");
    }
    form.addEventListener("formdata", ({ formData }) => this.#sending(formData));
    window.addEventListener("beforeunload", (event) => this.open.size && event.preventDefault());
  }

  /** @param {FormData} data */
  #sending(data) {
    data.set("known", JSON.stringify(this.known));
    for (const name of Object.keys(this.known)) {
      const said = String(data.getAll(name).at(-1) ?? "");
      this.sent[name] = said;
      if (!this.open.has(name) && !this.known[name].includes(said)) this.known[name].push(said);
    }
  }

  /** Take in what the program answered; return how many fields another window filled. @param {News} news */
  hear({ known, taken, clashes }) {
    let filled = 0;
    for (const [name, texts] of Object.entries(known)) {
      if (name in clashes) {
        if (!this.open.has(name)) this.#ask(name, clashes[name]);
      } else if (name in taken && this.said(name) === this.sent[name]) {
        this.say(name, taken[name]);
        this.known[name] = texts;
        filled += 1;
      } else if (!(name in taken)) {
        this.#close(name);
        this.known[name] = texts;
      }
    }
    return filled;
  }

  /** @param {string} name */
  #box(name) {
    return /** @type {HTMLInputElement} */ (this.form.querySelector(`[name="${name}"]:not([type=hidden])`));
  }

  /** @param {string} name */
  said(name) {
    const box = this.#box(name);
    if (box?.type === "checkbox") return box.checked ? "yes" : "no";
    return box?.value ?? "";
  }

  /** @param {string} name @param {string} text */
  say(name, text) {
    const box = this.#box(name);
    if (!box) return;
    if (box.type === "checkbox") box.checked = text === "yes";
    else box.value = text;
    this.changed(name);
  }

  /** Both stay until a person has chosen. @param {string} name @param {string} theirs */
  #ask(name, theirs) {
    this.open.add(name);
    const choice = Object.assign(document.createElement("p"), { className: "row", id: `${name}-choice` });
    choice.append(
      this.#button(gettext("Keep mine"), name, theirs, this.said(name)),
      this.#button(gettext("Take the other window’s"), name, theirs, theirs),
    );
    document.getElementById(`${name}-choice`)?.remove();
    document.getElementById(`${name}-error`)?.after(choice);
  }

  /** @param {string} words @param {string} name @param {string} theirs @param {string} kept */
  #button(words, name, theirs, kept) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: words });
    button.addEventListener("click", () => {
      this.#close(name);
      this.known[name] = [theirs];
      if (kept === theirs) this.say(name, theirs);
      const box = this.#box(name);
      box.focus();
      box.dispatchEvent(new Event("input", { bubbles: true }));
    });
    return button;
  }

  /** @param {string} name */
  #close(name) {
    this.open.delete(name);
    document.getElementById(`${name}-choice`)?.remove();
  }
}
