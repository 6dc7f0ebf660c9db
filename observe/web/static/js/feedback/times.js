// @ts-check
/** Times as they are typed in the composer: milliseconds in, `hh:mm:ss` out and back. */

/**
 * Return the milliseconds that `text` names, or null when it is no time (yet).
 * @param {string} text
 * @returns {number | null}
 */
export function readTime(text) {
  const found = /^(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,6})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  if (!found) return null;
  const [hours, minutes, seconds] = [found[1], found[2], found[3]].map((part) => Number(part ?? 0));
  if ((found[1] && minutes > 59) || (found[2] && seconds > 59)) return null;
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + Number((found[4] ?? "").padEnd(3, "0"));
}

/**
 * Return `ms` as `hh:mm:ss`, with `.fff` where milliseconds say something.
 * @param {number} ms
 */
export function clockOf(ms) {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const clock = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return ms % 1000 ? `${clock}.${String(ms % 1000).padStart(3, "0")}` : clock;
}
