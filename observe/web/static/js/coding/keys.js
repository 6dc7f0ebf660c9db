// @ts-check
/** One table of keys: it makes what the keys do and the help that tells of them. */
import { gettext } from "../text.js";
import { need } from "./page.js";

const OFF = "observe.single-keys";

/** @param {KeyboardEvent} event */
export function nameOf(event) {
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  // Shift belongs to the name only where the key itself stays the same: `?` is already shifted.
  const shift = event.shiftKey && (event.key.length > 1 || control || /\p{L}/u.test(event.key)) ? "Shift+" : "";
  return control + shift + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

/** @param {KeyboardEvent} event whether the key writes something else on this keyboard */
export function isComposed(event) {
  return event.isComposing || event.altKey || event.getModifierState("AltGraph");
}

// With a choice these keys choose; all others are the screen's, so that a digit scores also after a choice.
const CHOOSING = /^(Shift\+)?(Arrow.*| |Enter|Tab)$/;

/** @param {EventTarget | null} target @param {string} name */
function isTyping(target, name) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type === "radio" ? CHOOSING.test(name) : target.type !== "range";
  return target.matches("textarea, select") || target.isContentEditable;
}

/** @param {EventTarget | null} target @param {string} name */
function isPressing(target, name) {
  return target instanceof HTMLElement && target.matches("button, a, summary") && (name === " " || name === "Enter");
}

export class Keys {
  /** @param {Coding.Key[]} table @param {string} [kept] where the keys that a person chose are kept; without it, nowhere */
  constructor(table, kept = "") {
    this.table = table;
    this.kept = kept;
    /** by the first key that an action has in the table, the one that was chosen instead @type {Record<string, string>} */
    this.chosen = JSON.parse(localStorage.getItem(kept) ?? "{}");
    /** whoever is asked before the table, as by a question on the screen @type {((name: string) => boolean) | null} */
    this.first = null;
    this.single = need("#single-keys", HTMLInputElement);
    this.single.checked = localStorage.getItem(OFF) !== "off";
    this.single.addEventListener("change", () => localStorage.setItem(OFF, this.single.checked ? "on" : "off"));
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** @param {Coding.Key} key @returns {string[]} what it is pressed with */
  namesOf(key) {
    const chosen = this.chosen[key.keys[0]];
    return chosen ? [chosen] : key.keys;
  }

  /** @param {string} name @returns {Coding.Key | undefined} */
  named(name) {
    const named = (/** @type {string} */ each) => this.table.find((key) => this.namesOf(key).includes(each));
    // A capital does what its letter does, unless it has a meaning of its own.
    return named(name) ?? (/^Shift\+.$/.test(name) ? named(name.slice(-1)) : undefined);
  }

  /** Choose other keys, kept for this person on this computer. @param {Record<string, string>} chosen */
  choose(chosen) {
    this.chosen = chosen;
    localStorage.setItem(this.kept, JSON.stringify(chosen));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const name = nameOf(event);
    if (event.defaultPrevented || isComposed(event)) return;
    if (isTyping(event.target, name) || isPressing(event.target, name) || document.querySelector("dialog[open]")) return;
    if (!this.single.checked && !name.startsWith("Ctrl+")) return;
    const taken = this.first?.(name);
    const key = taken ? null : this.named(name);
    if (!taken && !key) return;
    event.preventDefault();
    key?.run(event);
  }
}

/** @param {number[]} digits @param {(digit: number) => void} run @returns {Coding.Key} */
export function digitKeys(digits, run) {
  const shown = `${digits[0]}–${digits.at(-1)}`;
  return {
    keys: [..."123456789"], // also those outside the scale: they are told so
    shown,
    words: gettext("score the active row and go to the next"),
    fixed: true,
    run: (event) => run(Number(event.key)),
  };
}
