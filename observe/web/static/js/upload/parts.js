// @ts-check
/** The files of one lesson, in their order: shown, moved and taken out. */
import { formatNumber, gettext, locale } from "../text.js";

/**
 * @typedef {object} Part a file of the lesson
 * @property {string} name
 * @property {number} size bytes
 * @property {File | null} file none when it is here already, or on this laptop
 * @property {string} id of its upload, or the key of a file of this laptop; empty before it is sent
 * @property {number} offset bytes that are here
 */

const names = new Intl.Collator(locale, { numeric: true });

/** @template {{name: string}} T @param {T[]} files @returns {T[]} as people read names: 2 before 10 */
export function byName(files) {
  return [...files].sort((one, other) => names.compare(one.name, other.name));
}

/** @param {number} bytes @returns {string} such as `5,5 GB` */
export function size(bytes) {
  const place = bytes < 1e6 ? 0 : bytes < 1e9 ? 1 : 2;
  return `${formatNumber(bytes / 1000 ** (place + 1), place ? 1 : 0)} ${["kB", "MB", "GB"][place]}`;
}

export class Parts {
  /** @param {() => void} changed called when a person moved or took out a file */
  constructor(changed) {
    this.changed = changed;
    /** @type {Part[]} */
    this.all = [];
    this.box = /** @type {HTMLElement} */ (document.getElementById("parts"));
    this.list = /** @type {HTMLElement} */ (document.getElementById("parts-list"));
    this.total = /** @type {HTMLElement} */ (document.getElementById("parts-total"));
  }

  get bytes() {
    return this.all.reduce((sum, part) => sum + part.size, 0);
  }

  get sent() {
    return this.all.reduce((sum, part) => sum + part.offset, 0);
  }

  /** @returns {string} what the form sends: their ids in order */
  get ids() {
    return this.all.map((part) => part.id).join(" ");
  }

  /** @param {Part[]} parts */
  replace(parts) {
    this.all = parts;
    /** @type {HTMLInputElement} */ (this.box.querySelector("input")).checked = false;
    this.paint();
  }

  paint() {
    const several = this.all.length > 1;
    this.box.classList.toggle("asked", several);
    this.list.replaceChildren(...this.all.map((part, place) => this.#item(part, place)));
    const shown = { count: this.all.length, size: size(this.bytes) };
    this.total.textContent = gettext("%(count)s files, %(size)s together", shown);
  }

  /** @param {Part} part @param {number} place */
  #item(part, place) {
    const item = document.createElement("li");
    const named = { name: part.name };
    const name = document.createElement("span");
    name.className = "wrap";
    name.textContent = part.name;
    const about = document.createElement("span");
    about.className = "quiet number";
    about.textContent = size(part.size);
    item.append(
      name,
      about,
      this.#button("↑", gettext("Move %(name)s up", named), place === 0, () => this.#move(place, place - 1)),
      this.#button("↓", gettext("Move %(name)s down", named), place === this.all.length - 1, () => this.#move(place, place + 1)),
      this.#button(gettext("Take out"), gettext("Take %(name)s out", named), false, () => this.#takeOut(place)),
    );
    return item;
  }

  /** @param {string} sign @param {string} words @param {boolean} off @param {() => void} run */
  #button(sign, words, off, run) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.textContent = sign;
    button.setAttribute("aria-label", words);
    button.disabled = off;
    button.addEventListener("click", run);
    return button;
  }

  /** @param {number} from @param {number} to */
  #move(from, to) {
    const [part] = this.all.splice(from, 1);
    this.all.splice(to, 0, part);
    this.#repaint(to, to < from ? 0 : 1);
  }

  /** @param {number} place */
  #takeOut(place) {
    this.all.splice(place, 1);
    this.#repaint(Math.min(place, this.all.length - 1), 2);
  }

  /** Paint anew with the keyboard where it was. @param {number} place @param {number} which button */
  #repaint(place, which) {
    this.paint();
    const buttons = this.list.children[place]?.querySelectorAll("button");
    const wanted = buttons?.[which]?.disabled ? buttons[1 - which] : buttons?.[which];
    wanted?.focus();
    this.changed();
  }
}
