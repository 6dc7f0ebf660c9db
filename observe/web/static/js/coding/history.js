// @ts-check
/** Doing, undoing and redoing: every act goes through here, on the screen and on its way. */
import { newId } from "../ids.js";

export class History {
  /**
   * @param {import("./lesson.js").Lesson} lesson
   * @param {{version: number, push: (changes: Journal.Change[], base: number) => void}} sync
   * @param {(end: number | null) => Promise<Coding.Steps | null>} earlier reads the steps done before
   *   this window was opened, the newest of the first `end` of them; null: the program is down
   */
  constructor(lesson, sync, earlier = async () => null) {
    this.lesson = lesson;
    this.sync = sync;
    this.earlier = earlier;
    /** @type {Coding.Step[]} */
    this.done = [];
    /** @type {Coding.Step[]} */
    this.undone = [];
    /** @type {number | null} how many earlier steps are still to be read; null: not asked yet */
    this.left = null;
    this.acted = false;
    /** @type {Promise<boolean> | null} */
    this.reading = null;
  }

  /**
   * Do `acts` as one step. Steps in a row with the same `merge` (typing a note) are undone together.
   * @param {Coding.Act[]} acts
   * @param {string | null} [merge]
   * @param {number} [base] the version on which it was decided: what others did since is not overwritten,
   *   neither by it nor by undoing it
   */
  act(acts, merge = null, base = this.sync.version) {
    const last = this.done.at(-1);
    const known = merge && last?.merge === merge ? last : null;
    const id = known?.id ?? newId();
    const undo = this.#run(acts, { id, base }, "do");
    if (known) known.redo = acts;
    else this.done.push({ id, undo, redo: acts, merge, base });
    this.undone = [];
    this.acted = true;
  }

  /**
   * Take back the last step, also one done before this window was opened.
   * @returns {Promise<Coding.Act[] | null>} what was done for it; nothing when there is none; null
   *   when the program does not answer
   */
  async undo() {
    if (!this.done.length && !(await this.#read())) return null;
    const step = this.done.pop();
    if (!step) return [];
    this.#run(step.undo, step, "undo");
    this.undone.push({ ...step, merge: null });
    this.acted = true;
    return step.undo;
  }

  /** Do again what was taken back, also before a reload. @returns {Promise<Coding.Act[] | null>} as `undo` */
  async redo() {
    // What was taken back before the reload can be done again until something else is done.
    if (!this.acted && !this.undone.length && !(await this.#read())) return null;
    const step = this.undone.pop();
    if (!step) return [];
    this.#run(step.redo, step, "redo");
    this.done.push(step);
    return step.redo;
  }

  /** Read earlier steps, once at a time. @returns {Promise<boolean>} whether the program told them */
  #read() {
    this.reading ??= this.#readOnce().finally(() => (this.reading = null));
    return this.reading;
  }

  async #readOnce() {
    if (this.left === 0) return true;
    const found = await this.earlier(this.left);
    if (!found) return false;
    if (this.left === null && !this.acted) this.undone = found.undone;
    this.done = [...found.done, ...this.done];
    this.left = found.left;
    return true;
  }

  /**
   * @param {Coding.Act[]} acts @param {{id: string, base: number}} step @param {Journal.Role} role
   * @returns {Coding.Act[]} what takes them back, in the order to do it
   */
  #run(acts, step, role) {
    const back = [];
    for (const act of acts) {
      back.unshift(this.lesson.inverse(act));
      this.lesson.apply(act);
    }
    this.sync.push(acts.map((act) => ({ id: newId(), ...structuredClone(act), step: step.id, role })), step.base);
    return back;
  }
}
