// @ts-check
/** One table of keys: it makes what the keys do and the help that tells of them. */
import { gettext } from "../text.js";
import { make, need } from "./page.js";

const OFF = "observe.single-keys";

/** @param {KeyboardEvent} event */
function nameOf(event) {
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  // Shift belongs to the name only where the key itself stays the same: `?` is already shifted.
  const shift = event.shiftKey && (event.key.length > 1 || control || /\p{L}/u.test(event.key)) ? "Shift+" : "";
  return control + shift + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "range";
  return target.matches("textarea, select") || target.isContentEditable;
}

/** @param {EventTarget | null} target @param {string} name */
function isPressing(target, name) {
  return target instanceof HTMLElement && target.matches("button, a, summary") && (name === " " || name === "Enter");
}

export class Keys {
  /** @param {Coding.Key[]} table */
  constructor(table) {
    this.table = table;
    /** @type {Map<string, Coding.Key>} */
    this.byName = new Map(table.flatMap((key) => key.keys.map((name) => /** @type {[string, Coding.Key]} */ ([name, key]))));
    this.dialog = need("#keys", HTMLDialogElement);
    this.single = need("#single-keys", HTMLInputElement);
    this.single.checked = localStorage.getItem(OFF) !== "off";
    this.single.addEventListener("change", () => localStorage.setItem(OFF, this.single.checked ? "on" : "off"));
    document.addEventListener("keydown", (event) => this.#pressed(event));
    this.#print();
  }

  openHelp() {
    this.dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const name = nameOf(event);
    const key = this.byName.get(name);
    if (!key || event.defaultPrevented || event.isComposing || event.altKey || event.getModifierState("AltGraph")) return;
    if (isTyping(event.target) || isPressing(event.target, name) || document.querySelector("dialog[open]")) return;
    if (!this.single.checked && !name.startsWith("Ctrl+")) return;
    event.preventDefault();
    key.run(event);
  }

  #print() {
    need("dl", HTMLElement, this.dialog).replaceChildren(
      ...this.table.map((key) => make("div", {}, make("dt", {}, make("kbd", {}, key.shown)), make("dd", {}, key.words))),
    );
  }
}

/** @param {number[]} digits @param {(digit: number) => void} run @returns {Coding.Key} */
export function digitKeys(digits, run) {
  const shown = `${digits[0]}–${digits.at(-1)}`;
  return {
    keys: [..."123456789"], // also those outside the scale: they are told so
    shown,
    words: gettext("score the active row and go to the next"),
    run: (event) => run(Number(event.key)),
  };
}
