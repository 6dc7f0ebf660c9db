// @ts-check
/** Corrections that were not sent yet: each a step that can be undone, kept if the page is closed. */

/** @typedef {import("./zones.js").Correction} Correction */
/** @typedef {{drop: string[], add: Correction[]}} Edit */

export class Edits {
  /**
   * @param {string} clip the id of the blurred clip
   * @param {Correction[]} sent what the server has
   */
  constructor(clip, sent) {
    this.sent = sent;
    this.key = `observe.blur.${clip}`;
    /** @type {Edit[]} */
    this.steps = [];
    this.done = 0; // how many of the steps hold; the others were undone
    this.#recover();
  }

  /** @returns {Correction[]} as they would be sent; steps made on an older version hold on this one too */
  get corrections() {
    let found = this.sent;
    for (const step of this.steps.slice(0, this.done)) {
      found = found.filter((each) => !step.drop.includes(each.id));
      found = [...found, ...step.add.filter((each) => !found.some((known) => known.id === each.id))];
    }
    return found;
  }

  /** @returns {number} how many corrections differ from what the server has */
  get unsent() {
    const now = this.corrections;
    const added = now.filter((each) => !this.isSent(each.id)).length;
    return added + this.sent.filter((each) => !now.some((kept) => kept.id === each.id)).length;
  }

  /** @param {string} id */
  isSent(id) {
    return this.sent.some((each) => each.id === id);
  }

  /** @param {Edit} step */
  take(step) {
    this.steps = [...this.steps.slice(0, this.done), step];
    this.done = this.steps.length;
    this.#keep();
  }

  undo() {
    if (this.done > 0) this.done -= 1;
    this.#keep();
  }

  redo() {
    if (this.done < this.steps.length) this.done += 1;
    this.#keep();
  }

  /** The server has all of it: nothing is left to be kept here. */
  forget() {
    this.steps = [];
    this.done = 0;
    this.#keep();
  }

  #keep() {
    if (this.steps.length === 0) localStorage.removeItem(this.key);
    else localStorage.setItem(this.key, JSON.stringify({ steps: this.steps, done: this.done }));
  }

  #recover() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      if (!Array.isArray(kept.steps) || typeof kept.done !== "number") return;
      this.steps = kept.steps;
      this.done = kept.done;
      if (this.unsent === 0) this.forget();
    } catch {
      this.forget();
    }
  }
}
