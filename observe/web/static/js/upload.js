// @ts-check
/** Adding a video: pieces of 4 MB, sent again when the line fails, resumed after a reload. */
import { RequestError, get, post } from "./http.js";
import { formatNumber, gettext } from "./text.js";

/** @typedef {{id: string, offset: number}} Upload */

const LONGEST_WAIT_MS = 30000;
const MEMORY = "observe-upload"; // which file belongs to which upload, for this browser

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);
const drop = element("drop");
const form = /** @type {HTMLFormElement} */ (element("lesson"));
const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("upload"));
const send = element("send");
const chunkBytes = Number(drop.dataset.chunk);
let turn = 0; // a newly chosen file ends the sending of the one before
let complete = false;

/** @param {string} sentence @param {number} [percent] */
function tell(sentence, percent) {
  element("upload-state").hidden = false;
  element("upload-sentence").textContent = sentence;
  if (percent !== undefined) element("upload-progress").value = percent;
}

/** @param {boolean} ready */
function allow(ready) {
  complete = ready;
  send.toggleAttribute("disabled", !ready);
  element("send-hint").textContent = ready ? "" : gettext("You can fill this in while the file is sent.");
}

/** @param {File} file */
const mark = (file) => `${file.name}/${file.size}/${file.lastModified}`;

/**
 * Return the unfinished upload of this very file, or a new one.
 * @param {File} file
 * @returns {Promise<Upload>}
 */
async function uploadFor(file) {
  for (const row of document.querySelectorAll("[data-upload]")) {
    const { upload, name, size } = /** @type {HTMLElement} */ (row).dataset;
    const known = localStorage.getItem(`${MEMORY}:${upload}`);
    if (name === file.name && Number(size) === file.size && (known === null || known === mark(file))) {
      return get(`${drop.dataset.begin}/${upload}`);
    }
  }
  const begun = await post(drop.dataset.begin, { filename: file.name, size: file.size });
  localStorage.setItem(`${MEMORY}:${begun.id}`, mark(file));
  return begun;
}

/**
 * Send what is missing of `file`; a line that fails is tried again, later each time.
 * @param {File} file
 * @param {Upload} upload
 * @param {number} mine
 */
async function sendPieces(file, upload, mine) {
  let offset = upload.offset;
  let failures = 0;
  while (offset < file.size && mine === turn) {
    showProgress(file, offset);
    try {
      const piece = file.slice(offset, offset + chunkBytes);
      ({ offset } = await post(`${drop.dataset.begin}/${upload.id}/${offset}`, piece));
      failures = 0;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.status === 409 && typeof error.body?.offset === "number") offset = error.body.offset;
      else if (error.status === 0 || error.status === 429 || error.status >= 500) await pause(++failures, error);
      else throw error;
    }
  }
}

/** @param {number} failures @param {Error} error */
function pause(failures, error) {
  tell(error.message);
  return new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures)));
}

/** @param {File} file @param {number} offset */
function showProgress(file, offset) {
  const percent = (100 * offset) / file.size;
  const sentence = gettext("%(name)s: %(percent)s %% is here. Keep this page open until it ends.", {
    name: file.name,
    percent: formatNumber(Math.floor(percent)),
  });
  tell(sentence.replace("%%", "%"), percent);
}

/** @param {File} file */
async function take(file) {
  const mine = ++turn;
  field.value = "";
  for (const radio of form.querySelectorAll("[name=import_file]")) /** @type {HTMLInputElement} */ (radio).checked = false;
  guessDate(file);
  allow(false);
  try {
    const upload = await uploadFor(file);
    await sendPieces(file, upload, mine);
    if (mine !== turn) return;
    field.value = upload.id;
    tell(gettext("%(name)s is here, complete.", { name: file.name }), 100);
    allow(true);
  } catch (error) {
    if (mine === turn) tell(error instanceof Error ? error.message : String(error));
  }
}

/** @param {File} file the day a camera wrote the file is a good first guess of the lesson's */
function guessDate(file) {
  const date = /** @type {HTMLInputElement} */ (form.elements.namedItem("recorded_on"));
  if (date.dataset.touched) return;
  const made = new Date(file.lastModified);
  const day = [made.getFullYear(), made.getMonth() + 1, made.getDate()];
  date.value = day.map((part) => String(part).padStart(2, "0")).join("-");
}

/** Show only the educators of the school chosen. */
function narrow() {
  const school = /** @type {HTMLSelectElement} */ (form.elements.namedItem("school"));
  const educator = /** @type {HTMLSelectElement} */ (form.elements.namedItem("educator"));
  const name = school.selectedOptions[0]?.text;
  for (const group of educator.querySelectorAll("optgroup")) {
    group.hidden = group.disabled = group.label !== name;
  }
  const chosen = educator.selectedOptions[0]?.parentElement;
  if (!(chosen instanceof HTMLOptGroupElement) || !chosen.disabled) return;
  educator.value = /** @type {HTMLOptionElement | null} */ (educator.querySelector("optgroup:not([disabled]) option"))?.value ?? "";
}

element("file").addEventListener("change", (/** @type {Event} */ event) => {
  const file = /** @type {HTMLInputElement} */ (event.target).files?.[0];
  if (file) take(file);
});
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (/** @type {Event} */ event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (/** @type {DragEvent} */ event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) take(file);
});
form.addEventListener("change", (event) => {
  const changed = /** @type {HTMLInputElement} */ (event.target);
  if (changed.name === "recorded_on") changed.dataset.touched = "yes";
  if (changed.name === "school") narrow();
  if (changed.name === "import_file") {
    turn += 1;
    field.value = "";
    allow(true);
  }
});
window.addEventListener("beforeunload", (event) => {
  if (turn > 0 && !complete) event.preventDefault();
});
narrow();
if (field.value) {
  tell(gettext("The file is here, complete."), 100);
  complete = true;
}
