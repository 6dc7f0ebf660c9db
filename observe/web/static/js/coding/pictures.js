// @ts-check
/** Pictures of the whole lesson, each on one canvas as wide as there is room: film strip, loudness. */

/** @typedef {{width: number, height: number, columns: number, count: number, interval_ms: number}} Layout */

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
 * @param {Layout | null} layout none while there is no strip
 * @param {number} duration
 */
export async function paintFilm(canvas, url, layout, duration) {
  const image = layout ? await loadSheet(url) : null;
  const pen = canvas.getContext("2d");
  if (!image || !layout || !pen) return;
  const { width, height } = fit(canvas);
  const across = (layout.width * height) / layout.height;
  for (let x = 0; x < width; x += across) {
    const time = ((x + across / 2) / width) * duration;
    const tile = Math.max(0, Math.min(layout.count - 1, Math.floor(time / layout.interval_ms)));
    const left = (tile % layout.columns) * layout.width;
    const top = Math.floor(tile / layout.columns) * layout.height;
    pen.drawImage(image, left, top, layout.width, layout.height, x, 0, across, height);
  }
}

/** @type {Promise<Uint8Array> | undefined} */
let peaks;

/** @param {string} url @returns {Promise<Uint8Array>} loudness, 0 to 255, evenly over the lesson */
function loadPeaks(url) {
  peaks ??= fetch(url, { credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.arrayBuffer() : new ArrayBuffer(0)))
    .catch(() => new ArrayBuffer(0))
    .then((bytes) => new Uint8Array(bytes));
  return peaks;
}

/** @param {HTMLCanvasElement} canvas @param {string | null} url none while there is no waveform */
export async function paintWave(canvas, url) {
  const values = url ? await loadPeaks(url) : new Uint8Array(0);
  canvas.hidden = values.length === 0;
  if (!values.length) return;
  const { width, height } = fit(canvas);
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.fillStyle = getComputedStyle(canvas).color;
  for (let x = 0; x < width; x += 1) {
    const from = Math.floor((x * values.length) / width);
    const to = Math.max(from + 1, Math.floor(((x + 1) * values.length) / width));
    let loudest = 0;
    for (let place = from; place < to; place += 1) loudest = Math.max(loudest, values[place]);
    const tall = Math.max(1, (loudest / 255) * height);
    pen.fillRect(x, (height - tall) / 2, 1, tall);
  }
}
