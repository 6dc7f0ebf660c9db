// @ts-check
/**
 * The journal: every change is on this computer's disk before it is sent, and leaves it only when
 * the program has said that it keeps it, or when a person has let it go.
 */
import { post, user } from "./http.js";

const LARGEST_BATCH = 200;
let last = 0;
/** @type {Promise<IDBDatabase> | undefined} */
let opened;

/** @returns {Promise<IDBDatabase>} */
function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("observe", 1);
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore("changes", { keyPath: "id" });
      store.createIndex("order", "order");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/**
 * Do `work` in a transaction that is on the disk when the promise resolves.
 * @param {(store: IDBObjectStore) => void} work
 * @returns {Promise<void>}
 */
async function written(work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("changes", "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore("changes"));
  });
}

/** @returns {number} a number above all given before, by this window or, nearly always, others */
export function nextOrder() {
  last = Math.max(last + 0.001, Date.now());
  return last;
}

/** @param {Journal.Entry[]} entries */
export function keep(entries) {
  return written((store) => entries.forEach((entry) => store.put(entry)));
}

/** @param {string[]} ids */
export function forget(ids) {
  return ids.length ? written((store) => ids.forEach((id) => store.delete(id))) : Promise.resolve();
}

/**
 * Return what the person signed in has in the journal, in the order in which it was made.
 * @param {string} [observation] of this one only
 * @returns {Promise<Journal.Entry[]>}
 */
export async function unsent(observation) {
  const owner = user();
  if (!owner) return [];
  const database = await open();
  return new Promise((resolve, reject) => {
    const request = database.transaction("changes").objectStore("changes").index("order").getAll();
    request.onsuccess = () => {
      const entries = /** @type {Journal.Entry[]} */ (request.result);
      const own = entries.filter((entry) => entry.user === owner);
      resolve(observation ? own.filter((entry) => entry.observation === observation) : own);
    };
    request.onerror = () => reject(request.error);
  });
}

/**
 * Return the longest beginning of `entries` that can go in one request.
 * @param {Journal.Entry[]} entries
 */
export function firstBatch(entries) {
  const [first] = entries;
  const end = entries.findIndex(
    (entry) => entry.url !== first.url || entry.window !== first.window || entry.base !== first.base,
  );
  return entries.slice(0, Math.min(end < 0 ? entries.length : end, LARGEST_BATCH));
}

/**
 * Send a batch and bring the journal in line with the answer. Raises RequestError, with the journal
 * as it was, when there is no answer.
 * @param {Journal.Entry[]} batch
 * @returns {Promise<Journal.Answer>}
 */
export async function send(batch) {
  /** @type {Journal.Answer} */
  const answer = await post(batch[0].url, {
    window: batch[0].window,
    base_version: batch[0].base,
    changes: batch.map((entry) => entry.change),
  });
  const sentences = new Map([...answer.conflicts, ...answer.refused].map((told) => [told.id, told.sentence]));
  const conflicts = new Set(answer.conflicts.map((told) => told.id));
  for (const entry of batch) {
    entry.told = sentences.get(entry.id);
    entry.conflict = conflicts.has(entry.id);
  }
  await settle(batch, answer.acknowledged);
  return answer;
}

/** @param {Journal.Entry[]} batch @param {string[]} acknowledged */
async function settle(batch, acknowledged) {
  try {
    await forget(acknowledged);
    await keep(batch.filter((entry) => entry.told));
  } catch {
    // A journal that cannot be written only means that these are sent once more: they count once.
    return;
  }
}

/**
 * Say that this window is alive, as long as it is: others leave its changes to it.
 * @param {string} window
 */
export function holdWindow(window) {
  navigator.locks?.request(`observe-window-${window}`, () => new Promise(() => {}));
}

/** @returns {Promise<Set<string>>} the windows that are alive */
export async function liveWindows() {
  const held = (await navigator.locks?.query())?.held ?? [];
  return new Set(held.map((lock) => (lock.name ?? "").replace("observe-window-", "")));
}

/** @type {Promise<Journal.Recovery> | undefined} */
let recovery;

/**
 * Send what earlier pages could not, once a page, and tell it. Other modules may wait for the same.
 * @returns {Promise<Journal.Recovery>}
 */
export function resendUnsent() {
  recovery ??= resend().catch(() => ({ recovered: 0, since: "" }));
  return recovery;
}

/** @returns {Promise<Journal.Recovery>} */
async function resend() {
  const live = await liveWindows();
  const entries = (await unsent()).filter((entry) => !live.has(entry.window));
  return entries.length ? (await import("./recovery.js")).resend(entries) : { recovered: 0, since: "" };
}
