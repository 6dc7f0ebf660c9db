// @ts-check
/**
 * Pictures of the lesson between two moments, each on one canvas as wide as there is room: the film
 * strip, and under it how loud it is, how many voices there are and how much moves.
 */

/** @param {HTMLCanvasElement} canvas @returns its size in pixels of the screen, now that it fits */
function fit(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.max(1, Math.round(size * ratio)));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
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

/** @param {Uint8Array} values @param {number} from place, perhaps between two @param {number} to @returns {number} the largest */
function most(values, from, to) {
  let found = 0;
  const end = Math.min(values.length, Math.max(Math.floor(from) + 1, Math.floor(to)));
  for (let place = Math.floor(from); place < end; place += 1) if (values[place] > found) found = values[place];
  return found;
}

/** @param {Uint8Array} kinds of seconds @param {number} from place @param {number} to @returns the most frequent, 0 when there are none */
function usual(kinds, from, to) {
  const counts = [0, 0, 0];
  const end = Math.min(kinds.length, Math.max(Math.floor(from) + 1, Math.floor(to)));
  for (let place = Math.floor(from); place < end; place += 1) counts[kinds[place]] += 1;
  return counts.indexOf(Math.max(...counts));
}

// From above, in pixels of the page: the wave around its middle, the voices, what moves.
const WAVE = { middle: 6, half: 6 };
const VOICES = { one: 20, other: 15, thick: 3 };
const MOVES = { bottom: 34, tall: 9 };
const TALL = 34;

/** Upright bars, a pixel wide, painted all at once: a pen takes ten times as long. */
class Bars {
  /** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2D} pen */
  constructor(canvas, pen) {
    const [red, green, blue] = (getComputedStyle(canvas).color.match(/\d+/g) ?? []).map(Number);
    this.pen = pen;
    this.picture = pen.createImageData(canvas.width, canvas.height);
    this.pixels = new Uint32Array(this.picture.data.buffer);
    this.ink = new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0];
    this.scale = canvas.height / TALL;
  }

  /** @param {number} x @param {number} top in pixels of the page @param {number} tall */
  draw(x, top, tall) {
    const { width, height } = this.picture;
    const end = Math.min(height, Math.round((top + tall) * this.scale));
    if (x >= 0 && x < width) for (let y = Math.max(0, Math.round(top * this.scale)); y < end; y += 1) this.pixels[y * width + x] = this.ink;
  }

  show() {
    this.pen.putImageData(this.picture, 0, 0);
  }
}

/**
 * Draw loudness, voices (one bar: one voice; two bars: several) and movement between two moments.
 * @param {HTMLCanvasElement} canvas
 * @param {Coding.Curves} curves
 * @param {number} duration of the lesson
 * @param {number} from
 * @param {number} to
 */
export function paintLanes(canvas, curves, duration, from, to) {
  const { width } = fit(canvas);
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const bars = new Bars(canvas, pen);
  const each = (to - from) / width;
  const { peaks, voices, energy } = curves;
  const fine = peaks.length / duration;
  for (let x = 0; x < width; x += 1) {
    const [start, end] = [from + x * each, from + (x + 1) * each];
    const loud = (WAVE.half * most(peaks, start * fine, end * fine)) / 255;
    if (loud > 0) bars.draw(x, WAVE.middle - Math.max(0.5, loud), Math.max(1, 2 * loud));
    const kind = usual(voices, start / 1000, end / 1000);
    if (kind > 0) bars.draw(x, VOICES.one, VOICES.thick);
    if (kind > 1) bars.draw(x, VOICES.other, VOICES.thick);
    const moved = (MOVES.tall * most(energy, start / 1000, end / 1000)) / 255;
    bars.draw(x, MOVES.bottom - moved, moved);
  }
  const at = (/** @type {number} */ time) => Math.round((time - from) / each);
  for (const time of curves.scenes) bars.draw(at(time), 14, TALL - 14);
  for (const time of curves.parts) for (const beside of [-1, 0, 1]) bars.draw(at(time) + beside, 0, TALL);
  bars.show();
}
