// @ts-check
/** Raw video on the whole screen together with who watches it. */

/** @param {Element} box the video and its mark */
function turn(box) {
  const turned = document.fullscreenElement === box ? document.exitFullscreen() : box.requestFullscreen();
  turned.catch(() => undefined); // not allowed here: it is watched in the page
}

for (const found of document.querySelectorAll("button[data-fills]")) {
  const button = /** @type {HTMLButtonElement} */ (found);
  const box = /** @type {HTMLElement} */ (button.parentElement);
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", () => turn(box));
}
