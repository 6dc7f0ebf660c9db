// @ts-check
/** Where something is covered and when. Times are ms of the recording, boxes fractions of the picture. */
import { gettext } from "../text.js";

/** @typedef {[number, number, number, number]} Box left, top, width, height */
/** @typedef {[number, number, number, number, number]} Point a moment and the box there */
/** @typedef {{id: string, kind: "add" | "remove", start_ms: number, end_ms: number, track?: string, found?: string, box?: Box, boxes?: Point[]}} Correction */
/** @typedef {{id: string, boxes: Point[]}} Track what is covered of a face that was found, from its first moment to its last */
/** @typedef {{id: string, version: number, found: string, start: number, end: number, frame_rate: number | null, width: number, height: number, tracks: Track[], corrections: Correction[]}} Given */
/** @typedef {{key: string, kind: "found" | "add" | "remove", label: string, start: number, end: number, track?: string}} Zone */

/**
 * Return where the box is at `ms`, moved evenly from point to point; before the first it is as there.
 * @param {Point[]} points in order of time, at least one
 * @param {number} ms
 * @returns {Box}
 */
export function boxAt(points, ms) {
  const after = points.findIndex((point) => point[0] >= ms);
  if (after <= 0) return /** @type {Box} */ (points.at(after)?.slice(1));
  const [from, to] = [points[after - 1], points[after]];
  const part = (ms - from[0]) / (to[0] - from[0]);
  return /** @type {Box} */ ([1, 2, 3, 4].map((side) => from[side] + part * (to[side] - from[side])));
}

/** @param {Correction} added @returns {Point[]} */
export function pointsOf(added) {
  return added.boxes ?? [[added.start_ms, .../** @type {Box} */ (added.box)]];
}

/** @param {Track} track */
function lastOf(track) {
  return track.boxes[track.boxes.length - 1][0];
}

/** @param {Given} given @param {string | undefined} track */
function nameOf(given, track) {
  return gettext("Face %(n)s", { n: given.tracks.findIndex((each) => each.id === track) + 1 });
}

/**
 * Return everything that is covered or left uncovered, in the order of the clip.
 * @param {Given} given
 * @param {Correction[]} corrections
 * @returns {Zone[]}
 */
export function zonesOf(given, corrections) {
  /** @type {Zone[]} */
  const found = given.tracks.map((track) => ({
    key: track.id,
    kind: "found",
    label: nameOf(given, track.id),
    start: Math.max(given.start, track.boxes[0][0]),
    end: Math.min(given.end, lastOf(track)),
    track: track.id,
  }));
  for (const each of corrections) {
    const label = each.kind === "add" ? gettext("Region you drew") : gettext("%(face)s, left uncovered", { face: nameOf(given, each.track) });
    found.push({ key: each.id, kind: each.kind, label, start: each.start_ms, end: each.end_ms, track: each.track });
  }
  return found.sort((one, other) => one.start - other.start || one.end - other.end);
}

/**
 * Return the boxes to draw over the picture at `ms`.
 * @param {Given} given
 * @param {Correction[]} corrections
 * @param {number} ms
 * @returns {{kind: "found" | "add" | "remove", label: string, box: Box}[]}
 */
export function marksAt(given, corrections, ms) {
  const holding = corrections.filter((each) => each.start_ms <= ms && ms < each.end_ms);
  const open = new Set(holding.filter((each) => each.kind === "remove").map((each) => each.track));
  const found = given.tracks
    .filter((track) => track.boxes[0][0] <= ms && ms <= lastOf(track))
    .map((track) => ({
      kind: /** @type {"found" | "remove"} */ (open.has(track.id) ? "remove" : "found"),
      label: nameOf(given, track.id),
      box: boxAt(track.boxes, ms),
    }));
  const added = holding
    .filter((each) => each.kind === "add")
    .map((each) => ({ kind: /** @type {"add"} */ ("add"), label: gettext("Yours"), box: boxAt(pointsOf(each), ms) }));
  return [...found, ...added];
}
