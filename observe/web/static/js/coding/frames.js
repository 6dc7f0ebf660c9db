// @ts-check
/**
 * The real frames of the video, also where they are unevenly spaced: the browser tells when the frame
 * began that it shows, and looking a little before or after a frame finds its neighbour.
 */

const BEFORE_S = 0.001; // no two frames are nearer
const FARTHEST_S = 3; // without any frame the picture stands
const TRIES = 5; // a seek that follows another may end where that one did

class Moved extends Error {}

/** Shows a second, and tells when the frame that is shown then begins. @typedef {(at: number) => Promise<number>} Look */

/**
 * Go to the frames that `player.steps` asks for, one by one, until it plays or is moved.
 * @param {import("./player.js").Player} player
 * @param {number} moves how often it had been moved when they were asked for
 * @param {number} from the second at which it stood before the first of them
 */
export async function walk(player, moves, from) {
  try {
    await walkOn(player, from, (at) => look(player, moves, at));
  } catch (error) {
    if (!(error instanceof Moved)) throw error;
  } finally {
    if (player.moves === moves) player.leave();
  }
}

/** @param {import("./player.js").Player} player @param {number} from @param {Look} show */
async function walkOn(player, from, show) {
  const usual = player.frame / 1000;
  const end = player.video.duration - BEFORE_S;
  if (!player.steps) await show(from); // taken back before it began: from where the guess went
  while (player.steps) {
    const way = Math.sign(player.steps);
    const found = "VideoFrame" in window ? await (way > 0 ? next(show, from, end, usual) : before(show, from)) : from + way * usual;
    // The first whole millisecond at which it is shown, and a little more: browsers cut off, not round.
    from = (Math.ceil(found * 1000 - 0.02) + 0.1) / 1000;
    await show(from);
    player.steps -= way;
  }
}

/**
 * @param {Look} show @param {number} from @param {number} end of the lesson
 * @param {number} usual how long a frame lasts by and large
 * @returns {Promise<number>} when the next frame begins, or the last one
 */
async function next(show, from, end, usual) {
  const farthest = Math.min(end, from + FARTHEST_S);
  let found = await show(Math.min(farthest, from + usual));
  for (let reach = 2 * usual; found <= from && from + reach / 2 < farthest; reach *= 2) {
    found = await show(Math.min(farthest, from + reach));
  }
  // Frames may lie between: back until the one before was shown already.
  for (let earlier = found; earlier > from; ) {
    found = earlier;
    earlier = await show(found - BEFORE_S);
  }
  return found;
}

/** @param {Look} show @param {number} from @returns {Promise<number>} when the frame before begins, or the first one */
async function before(show, from) {
  const shown = await show(from);
  return show(Math.max(0, shown - BEFORE_S));
}

/**
 * Show this second. Raises Moved when it plays, or somebody moves it.
 * @param {import("./player.js").Player} player @param {number} moves how often it had been moved @param {number} at
 */
async function look(player, moves, at) {
  const { video } = player;
  if (player.moves !== moves) throw new Moved();
  for (let left = TRIES; left > 0; left -= 1) {
    video.currentTime = at;
    while (video.seeking) await new Promise((done) => video.addEventListener("seeked", done, { once: true }));
    if (player.moves !== moves || player.playing) throw new Moved();
    if (Math.abs(video.currentTime - at) < BEFORE_S / 2) return began(video) ?? at;
  }
  throw new Moved();
}

/** @param {HTMLVideoElement} video when the frame began that it shows, where the browser tells */
function began(video) {
  if (!("VideoFrame" in window)) return null;
  const frame = new VideoFrame(video);
  frame.close();
  return frame.timestamp / 1_000_000;
}
