// @ts-check
/** Preparation progress, asked for every two seconds while something goes on; links to moments. */
import { get } from "./http.js";
import { gettext } from "./text.js";

const ASK_EVERY_MS = 2000;
const ASK_LESS_MS = 10000; // the program does not answer, or nobody looks

/** @typedef {{id: string, going_on: boolean, step: string, percent: number, seconds_left: number | null}} Progress */

/** @param {number | null} seconds */
function left(seconds) {
  if (seconds === null || seconds <= 0) return "";
  if (seconds < 90) return gettext("about %(n)s s left", { n: Math.ceil(seconds) });
  return gettext("about %(n)s min left", { n: Math.ceil(seconds / 60) });
}

/**
 * @param {HTMLElement} box
 * @param {Progress} told
 */
function show(box, told) {
  /** @type {HTMLProgressElement} */ (box.querySelector("progress")).value = told.percent;
  /** @type {HTMLElement} */ (box.querySelector("[data-step]")).textContent = told.step;
  /** @type {HTMLElement} */ (box.querySelector("[data-percent]")).textContent = String(told.percent);
  /** @type {HTMLElement} */ (box.querySelector("[data-left]")).textContent = left(told.seconds_left);
}

/** Whether a person is writing or watching: then the page is not replaced under her hands. */
function busy() {
  const player = document.querySelector("video");
  const field = document.activeElement;
  return (player !== null && !player.paused) || (field !== null && field.matches("input, textarea, select"));
}

async function ask() {
  const boxes = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-progress]"));
  if (boxes.length === 0) return;
  let wait = document.hidden ? ASK_LESS_MS : ASK_EVERY_MS;
  try {
    const { lessons } = await get("/videoteca/avance");
    const byId = new Map(lessons.map((/** @type {Progress} */ told) => [told.id, told]));
    let ended = false;
    for (const box of boxes) {
      const told = byId.get(box.dataset.progress ?? "");
      if (told?.going_on) show(box, told);
      else ended = true;
    }
    if (ended && !busy()) location.reload();
  } catch {
    wait = ASK_LESS_MS;
  }
  setTimeout(ask, wait);
}

setTimeout(ask, ASK_EVERY_MS);

// A link to a moment moves the video of this page.
document.addEventListener("click", (event) => {
  const link = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-jump]"));
  const player = document.querySelector("video");
  if (!link || !player) return;
  event.preventDefault();
  player.currentTime = Number(link.dataset.jump) / 1000;
  player.scrollIntoView({ block: "nearest" });
  player.play().catch(() => player.load());
});

// A colleague gets the segments in the order of the rubric that is chosen, until a person decides.
const asked = /** @type {HTMLSelectElement | null} */ (document.getElementById("asked-rubric"));
const drawn = /** @type {HTMLInputElement | null} */ (document.getElementById("asked-random"));
let decided = false;
drawn?.addEventListener("change", () => { decided = true; });
asked?.addEventListener("change", () => {
  if (drawn && !decided) drawn.checked = asked.selectedOptions[0]?.dataset.order === "random";
});
