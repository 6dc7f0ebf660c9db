// @ts-check
/** Sending a file in pieces of 4 MB: again when the line fails, from where it stood after a reload. */
import { RequestError, get, post } from "../http.js";

const LONGEST_WAIT_MS = 30000;
const MEMORY = "observe-upload"; // which file belongs to which upload, for this browser

/** @type {Map<string, string>} what was begun in this page: the upload of each file */
const begunHere = new Map();

/** @param {File} file */
const mark = (file) => `${file.name}/${file.size}/${file.lastModified}`;

/**
 * Return the unfinished upload of this very file, or a new one.
 * @param {string} address of uploads
 * @param {File} file
 * @param {string[]} taken uploads of other files of this lesson
 * @returns {Promise<{id: string, offset: number}>}
 */
export async function uploadFor(address, file, taken) {
  for (const row of document.querySelectorAll("[data-upload]")) {
    const { upload = "", name, size } = /** @type {HTMLElement} */ (row).dataset;
    const known = localStorage.getItem(`${MEMORY}:${upload}`);
    const same = name === file.name && Number(size) === file.size && (known === null || known === mark(file));
    if (same && !taken.includes(upload)) return get(`${address}/${upload}`);
  }
  const mine = begunHere.get(mark(file));
  if (mine && !taken.includes(mine)) return get(`${address}/${mine}`);
  const begun = await post(address, { filename: file.name, size: file.size });
  localStorage.setItem(`${MEMORY}:${begun.id}`, mark(file));
  begunHere.set(mark(file), begun.id);
  return begun;
}

/**
 * Send what is missing of `file`; a line that fails is tried again, later each time.
 * @param {string} address of its upload
 * @param {File} file
 * @param {number} offset from where
 * @param {(offset: number, trouble?: string) => boolean} told how far it is; whether to go on
 */
export async function sendPieces(address, file, offset, told) {
  let failures = 0;
  while (told(offset) && offset < file.size) {
    try {
      const piece = file.slice(offset, offset + chunkBytes());
      ({ offset } = await post(`${address}/${offset}`, piece));
      failures = 0;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.status === 409 && typeof error.body?.offset === "number") offset = error.body.offset;
      else if (error.status === 0 || error.status === 429 || error.status >= 500) {
        told(offset, error.message);
        await new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_WAIT_MS, 500 * 2 ** ++failures)));
      } else throw error;
    }
  }
}

function chunkBytes() {
  return Number(document.getElementById("drop")?.dataset.chunk);
}
