// @ts-check
/** Shows how far the cutting of the clips is, and the next page when it has ended. */
import { get } from "../http.js";

const PAUSE_MS = 1000;
const box = document.getElementById("publishing");
const bar = box?.querySelector("progress");
const step = box?.querySelector("[data-step]");

async function look() {
  try {
    const now = await get(box?.dataset.state ?? "");
    if (now.state !== "publishing" || now.failed || now.waits) {
      location.reload();
      return;
    }
    if (bar) bar.value = now.percent;
    if (step && step.textContent !== now.step) step.textContent = now.step;
  } catch (error) {
    if (step) step.textContent = /** @type {Error} */ (error).message;
  }
  setTimeout(look, PAUSE_MS);
}

if (box) setTimeout(look, PAUSE_MS);
