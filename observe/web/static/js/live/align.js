// @ts-check
/** Aligning a video with the clock of the lesson: where the notes would be, at once. */
import { clock, need, parseClock, written } from "../coding/page.js";
import { gettext } from "../text.js";
import { resendUnsent } from "../journal.js";

const video = need("#video", HTMLVideoElement);
const moment = need("#moment", HTMLInputElement);
const told = need("#told", HTMLInputElement);
const notes = [...document.querySelectorAll("#notes li")].map((item) => ({
  at: Number(/** @type {HTMLElement} */ (item).dataset.at),
  button: need("button", HTMLButtonElement, item),
}));

/** @returns {number} how much later on the video than on the clock; NaN while a time is half typed */
function offset() {
  return parseClock(moment.value) - parseClock(told.value);
}

function paint() {
  const by = offset();
  for (const { at, button } of notes) {
    const there = at + by;
    const inside = there >= 0 && there / 1000 < (video.duration || Infinity);
    button.disabled = !inside;
    button.textContent = Number.isNaN(by) ? "–" : inside ? `▶ ${clock(there)}` : gettext("outside the video");
    button.dataset.to = String(there);
  }
}

for (const { button } of notes) {
  button.hidden = false;
  button.addEventListener("click", () => {
    video.currentTime = Number(button.dataset.to) / 1000;
    video.play().catch(() => undefined);
  });
}

for (const button of document.querySelectorAll("[data-step]")) {
  /** @type {HTMLElement} */ (button).hidden = false;
  button.addEventListener("click", () => {
    const now = parseClock(told.value);
    told.value = written(Math.max(0, (Number.isNaN(now) ? 0 : now) + Number(/** @type {HTMLElement} */ (button).dataset.step)));
    paint();
  });
}

// Asked for, never by itself: who only looks at a note would lose what she has aligned.
const here = need("#here", HTMLButtonElement);
here.hidden = false;
here.addEventListener("click", () => {
  moment.value = written(Math.round(video.currentTime * 1000));
  paint();
});
video.addEventListener("loadedmetadata", paint);
for (const field of [moment, told]) field.addEventListener("input", paint);
paint();
// What still waits on this computer has times of the clock: it goes before they move.
await resendUnsent().catch(() => undefined);
document.documentElement.dataset.ready = "yes";
