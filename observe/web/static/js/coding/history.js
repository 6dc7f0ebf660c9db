// @ts-check
/** Doing, undoing and redoing: every act goes through here, on the screen and on its way. */
import { newId } from "../ids.js";

/** @typedef {import("./lesson.js").Act} Act */
/** @typedef {{undo: Act[], redo: Act[], merge: string | null}} Step */

export class History {
  /**
   * @param {import("./lesson.js").Lesson} lesson
   * @param {{push: (changes: import("../journal.js").Change[]) => void}} sync
   */
  constructor(lesson, sync) {
    this.lesson = lesson;
    this.sync = sync;
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
  }

  /**
   * Do `acts` as one step. Steps in a row with the same `merge` (typing a note) are undone together.
   * @param {Act[]} acts
   * @param {string | null} [merge]
   */
  act(acts, merge = null) {
    const undo = this.#run(acts);
    const last = this.done.at(-1);
    if (merge && last?.merge === merge) last.redo = acts;
    else this.done.push({ undo, redo: acts, merge });
    this.undone = [];
  }

  /** Take back the last step. @returns {Act[]} what was done for it; nothing when there is none */
  undo() {
    const step = this.done.pop();
    if (!step) return [];
    this.#run(step.undo);
    this.undone.push({ ...step, merge: null });
    return step.undo;
  }

  /** Do again what was taken back. @returns {Act[]} what was done; nothing when there is none */
  redo() {
    const step = this.undone.pop();
    if (!step) return [];
    this.#run(step.redo);
    this.done.push(step);
    return step.redo;
  }

  /** @param {Act[]} acts @returns {Act[]} what takes them back, in the order to do it */
  #run(acts) {
    const back = [];
    for (const act of acts) {
      back.unshift(this.lesson.inverse(act));
      this.lesson.apply(act);
    }
    this.sync.push(acts.map((act) => ({ id: newId(), ...structuredClone(act) })));
    return back;
  }
}
