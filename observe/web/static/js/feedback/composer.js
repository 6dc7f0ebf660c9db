// @ts-check
/** The composer: saves itself, takes moments from the video and from notes, shows what is missing. */
import { gettext } from "../text.js";
import { autosave } from "./autosave.js";
import { clockOf, readTime } from "./times.js";

const LEAD_MS = 5000; // as the server does: a note is written after what was seen
const LENGTH_MS = 30000;
const SHORTEST_MS = 15000;
const LONGEST_MS = 120000;

const form = /** @type {HTMLFormElement} */ (document.getElementById("composer"));
const video = /** @type {HTMLVideoElement} */ (document.getElementById("lesson"));
const told = /** @type {HTMLElement} */ (document.getElementById("saved"));
let stopAt = 0; // seconds; where a moment that is being watched ends

/** @param {string} name */
function field(name) {
  return /** @type {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} */ (form.elements.namedItem(name));
}

const changed = autosave(form, told, show);

/** @param {{errors: Record<string, string>, problems: string[], hints: string[]}} answer */
function show(answer) {
  for (const place of form.querySelectorAll("p.error")) {
    const name = place.id.replace(/-error$/, "");
    const sentence = answer.errors[name] ?? "";
    place.textContent = sentence;
    place.toggleAttribute("hidden", !sentence);
    field(name)?.setAttribute("aria-invalid", sentence ? "true" : "false");
  }
  if (Object.keys(answer.errors).length) told.textContent = gettext("Saved, except what is marked");
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
  changed();
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
  card.addEventListener("input", () => {
    measure(kind);
    offer(kind);
  });
  measure(kind);
  offer(kind);
}

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  const { choose, dimension, moment, at, from, to } = button?.dataset ?? {};
  if (!choose && !moment) return;
  event.preventDefault();
  if (choose) {
    field(`${choose}-dimension`).value = dimension ?? "";
    offer(choose);
    after(choose);
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
document.getElementById("save")?.setAttribute("hidden", "");
