// @ts-check
/** The help on keys, made of their table; each action can be given another key. */
import { gettext } from "../text.js";
import { isComposed, nameOf } from "./keys.js";
import { make, need } from "./page.js";

/** keys that mean the same everywhere, or nothing by themselves */
const TAKEN = ["Tab", "Shift+Tab", "Enter", "Escape", "Dead", "Unidentified", "Process", "Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"];
const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", "-": "−" };

/** @type {KeyHelp | undefined} */
let made;

/** @param {import("./keys.js").Keys} keys @param {Record<string, () => void>} does what the buttons of the page do */
export function keyHelp(keys, does) {
  made ??= new KeyHelp(keys, does);
  return made;
}

/** Show what the keys do, where none can be changed. @param {HTMLDialogElement} dialog @param {Coding.Key[]} table */
export function showKeys(dialog, table) {
  need("dl", HTMLElement, dialog).replaceChildren(...table.map((key) => line(key, make("kbd", {}, key.shown))));
  dialog.showModal();
  dialog.scrollTop = 0; // its button, at the end, takes the focus
}

/** @param {Coding.Key} key @param {HTMLElement} shown */
function line(key, shown) {
  return make("div", {}, make("dt", {}, shown), make("dd", {}, key.words));
}

/** @param {string} name @returns {string} as it stands on a key */
function label(name) {
  const parts = name === "+" ? [name] : name.split(/\+(?=.)/);
  const words = /** @type {Record<string, string>} */ ({ ...SIGNS, " ": gettext("Space"), Backspace: gettext("Backspace"), Shift: gettext("Shift") });
  return parts.map((part) => words[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");
}

class KeyHelp {
  /** @param {import("./keys.js").Keys} keys @param {Record<string, () => void>} does */
  constructor(keys, does) {
    this.keys = keys;
    this.does = does;
    this.dialog = need("#keys", HTMLDialogElement);
    this.told = need("#keys-told", HTMLElement);
    /** @type {Coding.Key | null} the action that waits for its key */
    this.waiting = null;
    this.dialog.addEventListener("keydown", (event) => this.#pressed(event));
    this.dialog.addEventListener("close", () => (this.waiting = null));
    need("#keys-reset", HTMLButtonElement).addEventListener("click", () => this.#choose({}, gettext("All keys are as they were at first.")));
  }

  open() {
    this.told.textContent = "";
    this.#print();
    this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  /** @param {Coding.Key} key */
  #shown(key) {
    const chosen = this.keys.chosen[key.keys[0]];
    return chosen ? label(chosen) : key.shown;
  }

  #print() {
    need("dl", HTMLElement, this.dialog).replaceChildren(
      ...this.keys.table.map((key) => line(key, key.fixed ? make("kbd", {}, key.shown) : this.#button(key))),
    );
    this.hint();
  }

  /** @param {Coding.Key} key */
  #button(key) {
    const waits = key === this.waiting;
    const words = waits ? gettext("press a key…") : this.#shown(key);
    const name = gettext("%(key)s: %(words)s. Change the key", { key: words, words: key.words });
    const button = make("button", { type: "button", class: "plain", "aria-label": name, "aria-pressed": String(waits) }, make("kbd", {}, words));
    button.addEventListener("click", () => this.#wait(waits ? null : key));
    return button;
  }

  /** @param {Coding.Key | null} key */
  #wait(key) {
    this.waiting = key;
    this.told.textContent = key ? gettext("Press the key for “%(words)s”; Esc leaves it as it is.", { words: key.words }) : "";
    this.#print();
    if (key) /** @type {HTMLElement | null} */ (this.dialog.querySelector('dl [aria-pressed="true"]'))?.focus();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const key = this.waiting;
    if (!key || ["Shift", "Control", "Alt", "AltGraph", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const name = nameOf(event);
    if (name === "Escape") return this.#done(key, "");
    const other = this.keys.named(name);
    if (isComposed(event) || TAKEN.includes(name)) this.told.textContent = gettext("This key cannot be used: press another one.");
    else if (other && other !== key) this.told.textContent = gettext("%(key)s already does “%(words)s”: press another one, or change that one first.", { key: label(name), words: other.words });
    else this.#choose({ ...this.keys.chosen, [key.keys[0]]: name }, gettext("%(key)s: %(words)s.", { key: label(name), words: key.words }), key);
  }

  /** @param {Record<string, string>} chosen @param {string} told @param {Coding.Key} [key] */
  #choose(chosen, told, key) {
    this.keys.choose(chosen);
    this.#done(key, told);
  }

  /** @param {Coding.Key | undefined} key that keeps the keyboard @param {string} told */
  #done(key, told) {
    this.waiting = null;
    this.told.textContent = told;
    this.#print();
    const place = key ? this.keys.table.indexOf(key) : -1;
    if (place >= 0) /** @type {HTMLElement | null} */ (this.dialog.querySelectorAll("dl > div")[place].querySelector("button"))?.focus();
  }

  /** The buttons of the page tell their keys as they are. */
  hint() {
    for (const button of document.querySelectorAll("[data-do]")) {
      if (!(button instanceof HTMLElement)) continue;
      const key = this.keys.table.find((each) => each.run === this.does[button.dataset.do ?? ""]);
      if (!key) continue;
      const chosen = Boolean(this.keys.chosen[key.keys[0]]);
      const shown = button.querySelector("kbd");
      if (shown) {
        button.dataset.key ??= shown.textContent ?? "";
        shown.textContent = chosen ? this.#shown(key) : button.dataset.key;
      } else if (button.title) {
        button.dataset.key ??= button.title;
        button.title = chosen ? this.#shown(key) : button.dataset.key;
      }
    }
  }
}
