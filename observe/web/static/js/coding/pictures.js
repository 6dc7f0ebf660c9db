// @ts-check
/**
 * Pictures of the lesson between two moments, each on one canvas as wide as there is room: the film
 * strip, and under it how loud it is, how many voices there are and how much moves.
 */

/** @param {HTMLCanvasElement} canvas @returns its size in pixels of the screen, now that it fits */
function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  return canvas;
}

/** @type {Promise<HTMLImageElement | null> | undefined} */
let sheet;

/** @param {string} url @returns {Promise<HTMLImageElement | null>} */
function loadSheet(url) {
  sheet ??= new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => resolve(null);
    image.src = url;
  });
  return sheet;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string} url
 * @param {Coding.Layout | null} layout none while there is no strip
 * @param {number} from
 * @param {number} to
 */
export async function paintFilm(canvas, url, layout, from, to) {
  const image = layout ? await loadSheet(url) : null;
  const pen = canvas.getContext("2d");
  if (!image || !layout || !pen) return;
  const { width, height } = fit(canvas);
  const across = (layout.width * height) / layout.height;
  for (let x = 0; x < width; x += across) {
    const time = from + ((x + across / 2) / width) * (to - from);
    const tile = Math.max(0, Math.min(layout.count - 1, Math.floor(time / layout.interval_ms)));
    const left = (tile % layout.columns) * layout.width;
    const top = Math.floor(tile / layout.columns) * layout.height;
    pen.drawImage(image, left, top, layout.width, layout.height, x, 0, across, height);
  }
}

/** @param {string} url @returns {Promise<Uint8Array>} loudness, 0 to 255, evenly over the lesson */
export function loadPeaks(url) {
  return fetch(url, { credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.arrayBuffer() : new ArrayBuffer(0)))
    .catch(() => new ArrayBuffer(0))
    .then((bytes) => new Uint8Array(bytes));
}

/** @param {Uint8Array} values @param {number} from place, perhaps between two @param {number} to */
function column(values, from, to) {
  const first = Math.floor(from);
  return values.subarray(first, Math.max(first + 1, Math.floor(to)));
}

/** @param {Uint8Array} kinds of seconds that share a pixel @returns the most frequent, 0 when there are none */
function usual(kinds) {
  const counts = [0, 0, 0];
  for (const kind of kinds) counts[kind] += 1;
  return counts.indexOf(Math.max(...counts));
}

// From above, in pixels of the page: the wave around its middle, the voices, what moves.
const WAVE = { middle: 6, half: 6 };
const VOICES = { one: 20, other: 15, thick: 3 };
const MOVES = { bottom: 34, tall: 9 };
const TALL = 34;

/**
 * Draw loudness, voices (one bar: one voice; two bars: several) and movement between two moments.
 * @param {HTMLCanvasElement} canvas
 * @param {Coding.Curves} curves
 * @param {number} duration of the lesson
 * @param {number} from
 * @param {number} to
 */
export function paintLanes(canvas, curves, duration, from, to) {
  const { width, height } = fit(canvas);
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.fillStyle = getComputedStyle(canvas).color;
  pen.scale(1, height / TALL);
  const each = (to - from) / width;
  const { peaks, voices, energy } = curves;
  const fine = peaks.length / duration;
  for (let x = 0; x < width; x += 1) {
    const [start, end] = [from + x * each, from + (x + 1) * each];
    const loud = peaks.length ? (WAVE.half * Math.max(...column(peaks, start * fine, end * fine))) / 255 : 0;
    if (loud > 0) pen.fillRect(x, WAVE.middle - Math.max(0.5, loud), 1, Math.max(1, 2 * loud));
    const kind = usual(column(voices, start / 1000, end / 1000));
    if (kind > 0) pen.fillRect(x, VOICES.one, 1, VOICES.thick);
    if (kind > 1) pen.fillRect(x, VOICES.other, 1, VOICES.thick);
    const moved = energy.length ? Math.max(0, ...column(energy, start / 1000, end / 1000)) / 255 : 0;
    pen.fillRect(x, MOVES.bottom - MOVES.tall * moved, 1, MOVES.tall * moved);
  }
  const at = (/** @type {number} */ time) => Math.round((time - from) / each);
  for (const time of curves.scenes) pen.fillRect(at(time), 14, 1, TALL - 14);
  for (const time of curves.parts) pen.fillRect(at(time) - 1, 0, 3, TALL);
}
