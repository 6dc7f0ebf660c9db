// @ts-check
/** The composer: saves itself, takes moments from the video and from notes, shows what is missing. */
import { gettext } from "../text.js";
import { autosave } from "./autosave.js";
import { Meanwhile } from "./meanwhile.js";
import { Strip } from "./moment.js";
import { clockOf, readTime } from "./times.js";
import { add, count, hint } from "./words.js";

const LEAD_MS = 5000; // as the server does: a note is written after what was seen
const LENGTH_MS = 30000;
const SHORTEST_MS = 15000;
const LONGEST_MS = 120000;

const form = /** @type {HTMLFormElement} */ (document.getElementById("composer"));
const video = /** @type {HTMLVideoElement} */ (document.getElementById("lesson"));
const told = /** @type {HTMLElement} */ (document.getElementById("saved"));
let stopAt = 0; // seconds; where a moment that is being watched ends
/** @type {Map<string, Strip>} by card */
const strips = new Map();

/** @param {string} name */
function field(name) {
  return /** @type {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} */ (form.elements.namedItem(name));
}

const changed = autosave(form, told, show);
const meanwhile = new Meanwhile(form, repaint);

/** @param {{errors: Record<string, string>, problems: string[], hints: string[], tones: Record<string, string[]>} & import("./meanwhile.js").News} answer */
function show(answer) {
  const filled = meanwhile.hear(answer);
  for (const place of form.querySelectorAll("p.error")) {
    const name = place.id.replace(/-error$/, "");
    const sentence = answer.errors[name] ?? "";
    place.textContent = sentence;
    place.toggleAttribute("hidden", !sentence);
    form.querySelector(`[name="${name}"]:not([type=hidden])`)?.setAttribute("aria-invalid", sentence ? "true" : "false");
  }
  if (Object.keys(answer.errors).length) told.textContent = gettext("Saved, except what is marked");
  else if (filled) told.textContent = gettext("Saved; what another window changed is shown now.");
  hint(form, answer.tones);
  list("problems", answer.problems);
  list("hints", answer.hints);
  document.getElementById("ready")?.toggleAttribute("hidden", answer.problems.length > 0);
}

/**
 * @param {string} id
 * @param {string[]} sentences
 */
function list(id, sentences) {
  document.getElementById(id)?.replaceChildren(
    ...sentences.map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })),
  );
}

/** @param {string} kind */
function span(kind) {
  return { start: readTime(field(`${kind}-start`).value), end: readTime(field(`${kind}-end`).value) };
}

/** @param {string} kind */
function measure(kind) {
  const { start, end } = span(kind);
  const place = form.querySelector(`[data-kind="${kind}"] [data-length]`);
  if (!place) return;
  const length = start === null || end === null ? null : end - start;
  const fits = length !== null && length >= SHORTEST_MS && length <= LONGEST_MS;
  place.textContent = length === null ? "" : `${fits ? "✓" : "▲"} ${Math.round(length / 1000)} s`;
}

/**
 * Write a time as everywhere else, such as 0:18: the second that has begun.
 * @param {string} kind
 * @param {"start" | "end"} part
 * @param {number} ms
 */
function set(kind, part, ms) {
  field(`${kind}-${part}`).value = clockOf(ms - (ms % 1000)).replace(/^(00:0?|0)/, "");
}

/**
 * Take the player's time; the other end moves along when the moment would be turned around.
 * @param {string} kind
 * @param {"start" | "end"} part
 */
function take(kind, part) {
  const now = Math.floor(video.currentTime) * 1000;
  const { start, end } = span(kind);
  const last = Math.round((video.duration || 0) * 1000) || now + LENGTH_MS;
  set(kind, part, now);
  if (part === "start" && (end === null || end <= now)) set(kind, "end", Math.min(now + LENGTH_MS, last));
  if (part === "end" && (start === null || start >= now)) set(kind, "start", Math.max(0, now - LENGTH_MS));
  after(kind);
}

/** @param {string} kind */
function after(kind) {
  measure(kind);
  strips.get(kind)?.look();
  changed();
}

/** Show what follows from a field that was filled by no hand. @param {string} name */
function repaint(name) {
  const [kind] = name.split("-");
  measure(kind);
  offer(kind);
  strips.get(kind)?.look();
  const box = document.getElementById(name);
  if (box instanceof HTMLTextAreaElement) count(box);
}

/** @param {string} kind @param {HTMLElement} place */
function strip(kind, place) {
  const { duration, strip: url, layout } = form.dataset;
  const lesson = { duration: Number(duration), url: url ?? "", layout: JSON.parse(layout ?? "null") };
  strips.set(
    kind,
    new Strip(place, video, lesson, () => span(kind), (end, ms, done) => {
      set(kind, end, ms);
      measure(kind);
      if (done) changed();
    }),
  );
}

/**
 * Show the rubric's words for the dimension that is chosen.
 * @param {string} kind
 */
function offer(kind) {
  const chosen = field(`${kind}-dimension`).value;
  for (const block of form.querySelectorAll(`[data-kind="${kind}"] div[data-dimension]`)) {
    block.toggleAttribute("hidden", /** @type {HTMLElement} */ (block).dataset.dimension !== chosen);
  }
}

/** @param {string} kind @param {string} dimension */
function choice(kind, dimension) {
  field(`${kind}-dimension`).value = dimension;
  offer(kind);
  after(kind);
}

/** @param {string} kind @param {string} words */
function begin(kind, words) {
  const note = /** @type {HTMLTextAreaElement} */ (field(`${kind}-note`));
  if (!words || note.value.trim()) return;
  add(note, words, () => {
    count(note);
    changed();
  });
}

/** @param {string} kind */
function play(kind) {
  const { start, end } = span(kind);
  if (start === null || end === null) return;
  video.currentTime = start / 1000;
  stopAt = end / 1000;
  video.play().catch(() => {
    told.textContent = gettext("The video cannot be played here yet.");
  });
  video.scrollIntoView({ block: "nearest" });
}

/**
 * @param {string} kind
 * @param {number} at
 */
function fromNote(kind, at) {
  const last = Math.round((video.duration || 0) * 1000) || at + LENGTH_MS;
  const start = Math.max(0, Math.min(at - LEAD_MS, last - LENGTH_MS));
  put(kind, start, Math.min(start + LENGTH_MS, last));
}

/** @param {string} kind @param {number} start @param {number} end */
function put(kind, start, end) {
  set(kind, "start", start);
  set(kind, "end", end);
  after(kind);
  video.currentTime = start / 1000;
}

for (const card of form.querySelectorAll("[data-kind]")) {
  const kind = /** @type {HTMLElement} */ (card).dataset.kind ?? "";
  for (const button of card.querySelectorAll("[data-take], [data-play]")) {
    const { take: part } = /** @type {HTMLElement} */ (button).dataset;
    button.removeAttribute("hidden");
    button.addEventListener("click", () => (part ? take(kind, part === "end" ? "end" : "start") : play(kind)));
  }
  for (const button of card.querySelectorAll("[data-nudge]")) {
    const { nudge, by } = /** @type {HTMLElement} */ (button).dataset;
    button.removeAttribute("hidden");
    button.addEventListener("click", () => strips.get(kind)?.nudge(nudge === "end" ? "end" : "start", Number(by)));
  }
  card.addEventListener("input", (event) => {
    measure(kind);
    offer(kind);
    strips.get(kind)?.look();
    if (event.target instanceof HTMLTextAreaElement) count(event.target);
  });
  measure(kind);
  offer(kind);
  strip(kind, /** @type {HTMLElement} */ (card.querySelector("[data-trim]")));
}

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  const { choose, dimension, moment, at, from, to, offer: part, due } = button?.dataset ?? {};
  if (!choose && !moment && !part && !due) return;
  event.preventDefault();
  if (due) {
    field("priority-due_on").value = due;
    changed();
  }
  if (part) {
    const into = /** @type {HTMLTextAreaElement} */ (document.getElementById(part));
    add(into, button?.querySelector("[data-words]")?.textContent ?? "", () => {
      count(into);
      changed();
    });
  }
  if (choose) choice(choose, dimension ?? "");
  if (moment) {
    // A card that is begun with a moment begins with what was noted of it.
    if (dimension && !field(`${moment}-dimension`).value) choice(moment, dimension);
    begin(moment, button?.closest("li")?.querySelector("[data-said]")?.textContent ?? "");
  }
  if (moment && to) put(moment, Number(from), Number(to));
  else if (moment) fromNote(moment, Number(at));
});

video.addEventListener("timeupdate", () => {
  if (!stopAt || video.currentTime < stopAt) return;
  stopAt = 0;
  video.pause();
});
video.addEventListener("seeking", () => {
  if (stopAt && video.currentTime > stopAt) stopAt = 0;
});
for (const box of form.querySelectorAll("textarea")) count(box);
document.getElementById("save")?.setAttribute("hidden", "");
// A browser may bring this page back as it was when it was left: what happened since is asked for.
window.addEventListener("pageshow", (event) => event.persisted && changed());
