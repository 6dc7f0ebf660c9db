// @ts-check
/** The review player: look at the clip, correct what is covered, send it, sign. */
import { showKeys } from "../coding/keyhelp.js";
import { Keys } from "../coding/keys.js";
import { clock, need } from "../coding/page.js";
import { post, RequestError } from "../http.js";
import { gettext } from "../text.js";
import { Edits } from "./edits.js";
import { Editor } from "./editor.js";
import { Film } from "./film.js";
import { List } from "./list.js";
import { Overlay } from "./overlay.js";
import { marksAt } from "./zones.js";

/** @type {import("./zones.js").Given} */
const given = JSON.parse(need("#given", HTMLScriptElement).textContent ?? "");
const film = new Film(given);
const overlay = new Overlay();
const edits = new Edits(given.id, given.corrections);
const editor = new Editor(film, overlay, (step) => take(step));
const list = new List(film, edits, editor, (id) => take({ drop: [id], add: [] }));
let marked = true;

/** @param {string} sentence */
function tell(sentence) {
  const told = need("#told", HTMLElement);
  told.textContent = sentence;
  told.hidden = !sentence;
}

/** @param {import("./edits.js").Edit} step */
function take(step) {
  edits.take(step);
  changed();
}

function changed() {
  const count = edits.unsent;
  need("#unsent", HTMLElement).hidden = count === 0;
  need("#unsent-count", HTMLElement).textContent =
    count === 1 ? gettext("1 correction was not sent yet.") : gettext("%(count)s corrections were not sent yet.", { count });
  button("undo").disabled = edits.done === 0;
  button("redo").disabled = edits.done === edits.steps.length;
  const sign = document.getElementById("sign");
  if (sign instanceof HTMLButtonElement) {
    sign.disabled = count > 0;
    need("#sign-why", HTMLElement).hidden = count === 0;
  }
  list.paint();
  paint();
}

function paint() {
  overlay.mark(marked ? marksAt(given, edits.corrections, film.now) : []);
  const seen = document.getElementById("seen");
  const whole = given.end - given.start;
  if (seen) seen.textContent = gettext("You have watched %(seen)s of %(whole)s here.", { seen: clock(Math.min(whole, film.seen)), whole: clock(whole) });
}

/** @param {string} name */
function button(name) {
  return need(`[data-do="${name}"]`, HTMLButtonElement);
}

/** @param {string} name @returns {boolean} whether it is on now */
function switched(name) {
  const on = button(name).getAttribute("aria-pressed") !== "true";
  button(name).setAttribute("aria-pressed", String(on));
  return on;
}

async function send() {
  button("send").disabled = true;
  const url = need("#review", HTMLElement).dataset.send ?? "";
  try {
    await post(url, { version: given.version, corrections: edits.corrections });
    edits.forget();
    location.reload();
  } catch (error) {
    button("send").disabled = false;
    tell(error instanceof RequestError ? error.message : gettext("The program answered in an unexpected way. Reload the page."));
  }
}

/** @type {Record<string, () => void>} */
const acts = {
  play: () => film.toggle(),
  back: () => film.step(-1),
  forward: () => film.step(1),
  marks: () => {
    marked = switched("marks");
    paint();
  },
  original: () => film.showOriginal(switched("original")),
  keys: () => showKeys(need("#keys", HTMLDialogElement), keys.table),
  add: () => editor.add(),
  undo: () => {
    edits.undo();
    changed();
  },
  redo: () => {
    edits.redo();
    changed();
  },
  from: () => editor.here("from"),
  to: () => editor.here("to"),
  cancel: () => editor.cancel(),
  send: () => void send(),
};

/** @param {string[]} names @param {string} shown @param {string} words @param {(event: KeyboardEvent) => void} run */
function key(names, shown, words, run) {
  return { keys: names, shown, words, run };
}

const space = gettext("Space");
const keys = new Keys([
  key([" ", "k"], `${space}, K`, gettext("play or pause"), acts.play),
  key([",", "."], ", .", gettext("one frame back or forward"), (event) => film.step(event.key === "," ? -1 : 1)),
  key(["ArrowLeft", "ArrowRight"], "← →", gettext("2 seconds back or forward"), (event) => film.seek(film.now + (event.key === "ArrowLeft" ? -2000 : 2000))),
  key(["m"], "M", gettext("show where something is covered, or not"), acts.marks),
  key(["o"], "O", gettext("the original and back"), acts.original),
  key(["n"], "N", gettext("add a region"), acts.add),
  key(["Ctrl+z"], "Ctrl Z", gettext("undo"), acts.undo),
  key(["Ctrl+y", "Ctrl+Shift+z"], "Ctrl Y", gettext("redo"), acts.redo),
  key(["Escape"], "Esc", gettext("close the region that is being drawn"), acts.cancel),
  key(["?"], "?", gettext("these keys"), acts.keys),
]);

document.addEventListener("click", (event) => {
  const name = /** @type {HTMLElement} */ (event.target).closest("[data-do]")?.getAttribute("data-do");
  if (name) acts[name]?.();
});
film.addEventListener("time", paint);
film.addEventListener("told", (event) => tell(/** @type {CustomEvent} */ (event).detail));
for (const id of ["bar", "edits"]) need(`#${id}`, HTMLElement).hidden = false;
if (edits.unsent > 0) tell(gettext("Your corrections that were not sent are here again."));
changed();
document.documentElement.dataset.ready = "yes";
