// @ts-check
/** Shows how far the blurring is, and the clip when it is there. */
import { get } from "../http.js";

const ASK_EVERY_MS = 1500;
const ASK_LESS_MS = 8000; // the program does not answer, or nobody looks
const box = document.getElementById("making");
const bar = box?.querySelector("progress");
const step = box?.querySelector("[data-step]");

async function look() {
  let wait = document.hidden ? ASK_LESS_MS : ASK_EVERY_MS;
  try {
    const now = await get(box?.dataset.state ?? "");
    if (!now.going_on) {
      location.reload();
      return;
    }
    if (bar) bar.value = now.percent;
    if (step && step.textContent !== now.step) step.textContent = now.step;
  } catch {
    wait = ASK_LESS_MS;
  }
  setTimeout(look, wait);
}

if (box) setTimeout(look, ASK_EVERY_MS);
