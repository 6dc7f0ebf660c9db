// @ts-check
/** Changes on their way: first to this computer's disk, then to the program, in order, until kept. */
import { get, post, RequestError, user } from "../http.js";
import { firstBatch, forget, holdWindow, keep, liveWindows, nextOrder, send, unsent } from "../journal.js";
import { newId } from "../ids.js";

const RETRY_MS = [500, 1_000, 2_000, 4_000];

/** Tells `saving` whenever its state changes, `stuck` and `elsewhere` when a person must know. */
export class Sync extends EventTarget {
  /**
   * @param {{observation: string, changes: string, document: string, version: number, at: string}} given
   * @param {import("./lesson.js").Lesson} lesson
   */
  constructor(given, lesson) {
    super();
    this.given = given;
    this.lesson = lesson;
    this.version = given.version;
    this.window = newId();
    /** @type {Journal.Entry[]} */
    this.waiting = [];
    /** @type {Journal.Entry[]} */
    this.stuck = [];
    /** @type {Coding.Saving} */
    this.saving = { state: "saved", waiting: 0, at: given.at, sentence: "", safe: true };
    this.sending = false;
    this.failures = 0;
    this.timer = 0;
    holdWindow(this.window);
  }

  /** Take over what earlier windows left in the journal and could not be sent. */
  async takeOver() {
    const live = await liveWindows();
    const all = await unsent(this.given.observation).catch(() => []);
    const entries = all.filter((entry) => entry.window !== this.window && !live.has(entry.window));
    this.stuck = entries.filter((entry) => entry.told);
    this.waiting = [...entries.filter((entry) => !entry.told), ...this.waiting];
    for (const entry of this.waiting) this.lesson.apply(entry.change);
    if (this.stuck.length) this.#tell("stuck");
    if (this.waiting.length) this.#say({ state: "saving" });
    this.drain();
  }

  /** @param {Journal.Change[]} changes already painted @param {number} [base] the version they were decided on */
  async push(changes, base = this.version) {
    const at = new Date().toISOString();
    const entries = changes.map((change) => ({
      id: change.id,
      user: user(),
      observation: this.given.observation,
      url: this.given.changes,
      window: this.window,
      base,
      change,
      at,
      order: nextOrder(),
    }));
    this.waiting.push(...entries);
    this.#say({ state: this.saving.state === "saved" ? "saving" : this.saving.state });
    await keep(entries).catch(() => this.#say({ safe: false }));
    this.drain();
  }

  /**
   * Send what cannot wait for the disk, as the page goes away.
   * @param {Journal.Change[]} changes that stand against nothing, and may be lost
   */
  leave(changes) {
    const body = { window: this.window, base_version: this.version, changes };
    post(this.given.changes, body, { keepalive: true }).catch(() => undefined);
  }

  /** Send what waits, one request at a time. */
  async drain() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      while (this.waiting.length) await this.#sendFirst();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.sending = false;
    }
  }

  async #sendFirst() {
    const batch = firstBatch(this.waiting);
    const answer = await send(batch);
    this.failures = 0;
    this.waiting = this.waiting.filter((entry) => !batch.includes(entry));
    const told = batch.filter((entry) => entry.told);
    for (const entry of told) await this.#ask(entry);
    if (told.length) this.#tell("stuck");
    if (answer.elsewhere || told.length) await this.refresh();
    else this.version = Math.max(this.version, answer.version);
    if (answer.elsewhere && !told.length) this.#tell("elsewhere");
    this.#say({ state: this.waiting.length ? "saving" : "saved", at: answer.saved_at, sentence: "" });
  }

  /** Read the document again and lay what still waits over it. @returns {Promise<boolean>} changed */
  async refresh() {
    const known = this.version;
    const fresh = await get(this.given.document);
    // Read before what this window has saved meanwhile: it would take that off the screen.
    if (this.version !== known && fresh.version < this.version) return this.refresh();
    const changed = fresh.version !== this.version;
    this.version = fresh.version;
    this.lesson.replace(fresh.document);
    for (const entry of this.waiting) this.lesson.apply(entry.change);
    return changed;
  }

  /** Look whether another window was here meanwhile; silent when the program does not answer. */
  async look() {
    if (this.sending || this.waiting.length) return this.drain();
    try {
      const { version } = await get(`${this.given.document}?desde=${this.version}`);
      if (version !== this.version && (await this.refresh())) this.#tell("elsewhere");
      this.failures = 0;
      if (this.saving.state !== "saved") this.#say({ state: "saved", sentence: "" });
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @returns {Promise<void>} when nothing waits any more */
  settled() {
    if (!this.waiting.length) return Promise.resolve();
    return new Promise((resolve) => {
      this.addEventListener("saving", () => this.waiting.length || resolve());
    });
  }

  /** Of a text that was typed on only the newest is asked about. @param {Journal.Entry} entry */
  async #ask(entry) {
    const { note } = entry.change.payload;
    const older = this.stuck.filter((each) => note && each.change.payload.note === note).map((each) => each.id);
    this.stuck = [...this.stuck.filter((each) => !older.includes(each.id)), entry];
    await forget(older).catch(() => undefined);
  }

  /** Let a change go that was not taken. @param {string} id */
  async letGo(id) {
    this.stuck = this.stuck.filter((entry) => entry.id !== id);
    await forget([id]).catch(() => undefined);
    this.#tell("stuck");
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!(error instanceof RequestError)) throw error;
    const delay = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    const state = error.status === 401 ? "signed-out" : error.status && error.status < 500 ? "refused" : "offline";
    this.#say({ state, sentence: error.message });
    this.timer = setTimeout(() => this.look(), delay);
  }

  /** @param {Partial<Coding.Saving>} news */
  #say(news) {
    this.saving = { ...this.saving, ...news, waiting: this.waiting.length };
    this.#tell("saving");
  }

  /** @param {string} kind */
  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}
