// @ts-check
/**
 * The real frames of the video, also where they are unevenly spaced: the browser tells when the frame
 * began that it shows, and looking a little before or after a frame finds its neighbour.
 */

const BEFORE_S = 0.001; // no two frames are nearer
const FARTHEST_S = 3; // without any frame the picture stands

/**
 * Go to the frames that `player.steps` still asks for, one by one, until somebody moves the video.
 * @param {import("./player.js").Player} player
 * @param {number} from the second at which it stood before the first of them
 */
export async function walk(player, from) {
  try {
    await walkOn(player, from);
  } catch (error) {
    if (!(error instanceof Moved)) throw error;
  }
}

class Moved extends Error {}

/** @param {import("./player.js").Player} player @param {number} from */
async function walkOn(player, from) {
  const { video } = player;
  while (player.steps && video.paused) {
    const way = Math.sign(player.steps);
    const usual = player.frame / 1000;
    const found = "VideoFrame" in window ? await (way > 0 ? next : before)(video, from, usual) : from + way * usual;
    if (!player.steps || !video.paused) return;
    // The first whole millisecond at which it is shown, and a little more: browsers cut off, not round.
    from = (Math.ceil(found * 1000 - 0.02) + 0.1) / 1000;
    await look(video, from);
    player.steps -= Math.sign(player.steps) === way ? way : 0;
  }
}

/**
 * @param {HTMLVideoElement} video @param {number} from @param {number} usual how long a frame lasts by and large
 * @returns {Promise<number>} when the next frame begins, or the last one
 */
async function next(video, from, usual) {
  const end = Math.min(video.duration - BEFORE_S, from + FARTHEST_S);
  let found = await look(video, Math.min(end, from + usual));
  for (let reach = 2 * usual; found <= from && from + reach / 2 < end; reach *= 2) {
    found = await look(video, Math.min(end, from + reach));
  }
  // Frames may lie between: back until the one before was shown already.
  for (let earlier = found; earlier > from; ) {
    found = earlier;
    earlier = await look(video, found - BEFORE_S);
  }
  return found;
}

/** @param {HTMLVideoElement} video @param {number} from @returns {Promise<number>} when the frame before begins, or the first one */
async function before(video, from) {
  const shown = await look(video, from);
  return look(video, Math.max(0, shown - BEFORE_S));
}

/**
 * Show this second. Raises Moved when somebody has shown another one meanwhile.
 * @param {HTMLVideoElement} video @param {number} at
 * @returns {Promise<number>} when the frame shown then begins
 */
async function look(video, at) {
  video.currentTime = at;
  while (video.seeking) await new Promise((done) => video.addEventListener("seeked", done, { once: true }));
  if (Math.abs(video.currentTime - at) > BEFORE_S / 2) throw new Moved();
  if (!("VideoFrame" in window)) return at;
  const frame = new VideoFrame(video);
  frame.close();
  return frame.timestamp / 1_000_000;
}
