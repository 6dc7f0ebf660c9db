// @ts-check
/** Adding a lesson: its file, or its files in their order, and what is told of it. */
import { formatNumber, gettext } from "./text.js";
import { byName, Parts } from "./upload/parts.js";
import { sendPieces, uploadFor } from "./upload/pieces.js";

/** @typedef {import("./upload/parts.js").Part} Part */

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);
const drop = element("drop");
const form = /** @type {HTMLFormElement} */ (element("lesson"));
const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("upload"));
const order = /** @type {HTMLInputElement} */ (form.elements.namedItem("order"));
const send = element("send");
let turn = 0; // newly chosen files end the sending of those before
let sending = 0; // the turn whose files are being sent; none after a file failed for good
let complete = false;
const parts = new Parts(rearranged);

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

/** @param {Part} part */
function showProgress(part) {
  const percent = parts.bytes ? (100 * parts.sent) / parts.bytes : 0;
  const values = { name: part.name, percent: formatNumber(Math.floor(percent)), place: parts.all.indexOf(part) + 1, count: parts.all.length };
  const sentence =
    parts.all.length > 1
      ? gettext("%(name)s (%(place)s of %(count)s): %(percent)s %% of all is here. Keep this page open until it ends.", values)
      : gettext("%(name)s: %(percent)s %% is here. Keep this page open until it ends.", values);
  tell(sentence.replace("%%", "%"), percent);
}

/** @param {File[]} files of one lesson */
async function take(files) {
  const mine = ++turn;
  field.value = "";
  for (const box of imports()) box.checked = false;
  parts.replace(byName(files).map((file) => ({ name: file.name, size: file.size, file, id: "", offset: 0 })));
  guessDate(parts.all[0]);
  await sendAll(mine);
}

/** Send the files one after the other, in the order in which they stand by then. @param {number} mine */
async function sendAll(mine) {
  allow(false);
  sending = mine;
  try {
    for (let next = waiting(); next && mine === turn; next = waiting()) await sendOne(next, mine);
    if (mine === turn) finish();
  } catch (error) {
    if (mine === turn) tell(error instanceof Error ? error.message : String(error));
  }
  if (sending === mine) sending = 0;
}

function waiting() {
  return parts.all.find((part) => part.file && (!part.id || part.offset < part.size));
}

/** A file that was taken out meanwhile fails for nobody. @param {Part} part @param {number} mine */
async function sendOne(part, mine) {
  try {
    await sendWhole(part, mine);
  } catch (error) {
    if (parts.all.includes(part)) throw error;
  }
}

/** @param {Part} part @param {number} mine */
async function sendWhole(part, mine) {
  const file = /** @type {File} */ (part.file);
  const others = parts.all.filter((other) => other !== part).map((other) => other.id);
  const begun = part.id ? part : await uploadFor(drop.dataset.begin, file, others);
  part.id = begun.id;
  await sendPieces(`${drop.dataset.begin}/${part.id}`, file, begun.offset, (offset, trouble) => {
    part.offset = offset;
    if (mine !== turn || !parts.all.includes(part)) return false;
    if (trouble) tell(trouble);
    else showProgress(part);
    return true;
  });
}

function finish() {
  field.value = parts.ids;
  const [first] = parts.all;
  const values = { name: first?.name ?? "", count: parts.all.length };
  if (first) tell(parts.all.length > 1 ? gettext("All %(count)s files are here, complete.", values) : gettext("%(name)s is here, complete.", values), 100);
  allow(Boolean(first));
}

/** A person moved a file or took one out. */
function rearranged() {
  if (parts.all.some((part) => part.file) || field.value) {
    if (!waiting()) finish();
    else if (sending !== turn) sendAll(turn);
  } else {
    for (const box of imports()) box.checked = parts.all.some((part) => part.id === box.value);
    order.value = parts.ids;
  }
}

/** @returns {HTMLInputElement[]} */
function imports() {
  return Array.from(form.querySelectorAll("[name=import_file]"));
}

/** Files of this laptop were ticked instead: nothing is sent. */
function ticked() {
  turn += 1;
  field.value = "";
  element("upload-state").hidden = true;
  const boxes = imports().filter((box) => box.checked);
  parts.replace(byName(boxes.map((box) => ({ name: box.dataset.name ?? "", size: Number(box.dataset.size), file: null, id: box.value, offset: 0 }))));
  order.value = parts.ids;
  allow(true);
}

/** @param {Part | undefined} part the day a camera wrote a file is a good first guess of the lesson's */
function guessDate(part) {
  const date = /** @type {HTMLInputElement} */ (form.elements.namedItem("recorded_on"));
  if (date.dataset.touched || !part?.file) return;
  const made = new Date(part.file.lastModified);
  const day = [made.getFullYear(), made.getMonth() + 1, made.getDate()];
  date.value = day.map((number) => String(number).padStart(2, "0")).join("-");
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

/** @param {FileList | null | undefined} files */
function chosen(files) {
  if (files?.length) take([...files]);
}

element("file").addEventListener("change", (/** @type {Event} */ event) => chosen(/** @type {HTMLInputElement} */ (event.target).files));
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (/** @type {Event} */ event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (/** @type {DragEvent} */ event) => {
  event.preventDefault();
  chosen(event.dataTransfer?.files);
});
form.addEventListener("change", (event) => {
  const changed = /** @type {HTMLInputElement} */ (event.target);
  if (changed.name === "recorded_on") changed.dataset.touched = "yes";
  if (changed.name === "school") narrow();
  if (changed.name === "import_file") ticked();
});
window.addEventListener("beforeunload", (event) => {
  if (turn > 0 && !complete) event.preventDefault();
});

/** What was complete before the page came back with a sentence is complete still. */
function resume() {
  const answered = /** @type {HTMLInputElement} */ (form.elements.namedItem("same_lesson")).checked;
  const held = Array.from(parts.list.children, (item) => /** @type {HTMLElement} */ (item).dataset);
  if (held.length) {
    parts.replace(held.map(({ held: id = "", name = "", size }) => ({ name, size: Number(size), file: null, id, offset: Number(size) })));
    finish();
  } else if (imports().some((box) => box.checked)) {
    const before = order.value.split(" ");
    ticked();
    parts.all.sort((one, other) => before.indexOf(one.id) - before.indexOf(other.id));
    order.value = parts.ids;
    parts.paint();
  }
  /** @type {HTMLInputElement} */ (form.elements.namedItem("same_lesson")).checked = answered;
}

narrow();
resume();
chosen(element("file").files); // on a slow line a file is chosen before this script is here
