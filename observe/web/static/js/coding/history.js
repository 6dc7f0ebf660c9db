// @ts-check
/** Doing, undoing and redoing: every act goes through here, on the screen and on its way. */
import { newId } from "../ids.js";

export class History {
  /**
   * @param {import("./lesson.js").Lesson} lesson
   * @param {{push: (changes: Journal.Change[]) => void}} sync
   */
  constructor(lesson, sync) {
    this.lesson = lesson;
    this.sync = sync;
    /** @type {Coding.Step[]} */
    this.done = [];
    /** @type {Coding.Step[]} */
    this.undone = [];
  }

  /**
   * Do `acts` as one step. Steps in a row with the same `merge` (typing a note) are undone together.
   * @param {Coding.Act[]} acts
   * @param {string | null} [merge]
   */
  act(acts, merge = null) {
    const undo = this.#run(acts);
    const last = this.done.at(-1);
    if (merge && last?.merge === merge) last.redo = acts;
    else this.done.push({ undo, redo: acts, merge });
    this.undone = [];
  }

  /** Take back the last step. @returns {Coding.Act[]} what was done for it; nothing when there is none */
  undo() {
    const step = this.done.pop();
    if (!step) return [];
    this.#run(step.undo);
    this.undone.push({ ...step, merge: null });
    return step.undo;
  }

  /** Do again what was taken back. @returns {Coding.Act[]} what was done; nothing when there is none */
  redo() {
    const step = this.undone.pop();
    if (!step) return [];
    this.#run(step.redo);
    this.done.push(step);
    return step.redo;
  }

  /** @param {Coding.Act[]} acts @returns {Coding.Act[]} what takes them back, in the order to do it */
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
