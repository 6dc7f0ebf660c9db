// @ts-check
/**
 * Raw video on the whole screen together with who watches it: never the bare video.
 *
 * Browsers that know `controlslist="nofullscreen"` have no button of their own for it; the others
 * are led back. Where only a video can fill the screen, as on an iPhone, it stays in its page.
 */
const BARE = 'video[controlslist~="nofullscreen"]';

/** @param {HTMLElement} box the video and its mark */
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

for (const found of document.querySelectorAll(BARE)) {
  const video = /** @type {HTMLVideoElement & {webkitExitFullscreen?: () => void}} */ (found);
  video.addEventListener("webkitbeginfullscreen", () => video.webkitExitFullscreen?.());
}

document.addEventListener("fullscreenchange", () => {
  if (document.fullscreenElement?.matches(BARE)) document.exitFullscreen().catch(() => undefined);
});
