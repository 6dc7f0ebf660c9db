// @ts-check
/**
 * Raw video never fills the screen without the mark of who watches it.
 *
 * Browsers that know `controlslist="nofullscreen"` have no button of their own for it; the others
 * are led back. Where only a video can fill the screen, as on an iPhone, it stays in its page.
 */
const BARE = 'video[controlslist~="nofullscreen"]';

for (const found of document.querySelectorAll(BARE)) {
  const video = /** @type {HTMLVideoElement & {webkitExitFullscreen?: () => void}} */ (found);
  video.addEventListener("webkitbeginfullscreen", () => video.webkitExitFullscreen?.());
}

document.addEventListener("fullscreenchange", () => {
  if (document.fullscreenElement?.matches(BARE)) document.exitFullscreen().catch(() => undefined);
});
