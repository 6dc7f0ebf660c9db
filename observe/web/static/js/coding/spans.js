// @ts-check
/** The edges of cycles and clips: how far each may go, what moves it, what it is called. Pure. */

import { gettext } from "../text.js";
import { cyclePut, makeRoom, SHORTEST_MS } from "./cycles.js";
import { written } from "./page.js";

/**
 * Return the edges of the cycles; where two adjoin there is one edge, and it moves both.
 * @param {Coding.Cycle[]} cycles in the order of time
 * @param {number} duration of the lesson
 * @param {string | undefined} held the edge in hand, which stays itself when it comes to adjoin
 * @returns {Coding.Edge[]}
 */
export function cycleEdges(cycles, duration, held) {
  return cycles.flatMap((cycle, place) => {
    const [last, next] = [cycles[place - 1], cycles[place + 1]];
    const start = last?.end_ms === cycle.start_ms ? [] : [cycleEdge(cycles, duration, `start ${cycle.id}`, undefined, cycle)];
    const adjoins = next?.start_ms === cycle.end_ms;
    const id = adjoins && held !== `end ${cycle.id}` ? `start ${next.id}` : `end ${cycle.id}`;
    return [...start, cycleEdge(cycles, duration, id, cycle, adjoins ? next : undefined)];
  });
}

/**
 * @param {Coding.Cycle[]} cycles
 * @param {number} duration
 * @param {string} id
 * @param {Coding.Cycle | undefined} before what ends here
 * @param {Coding.Cycle | undefined} after what starts here; one of the two is there
 * @returns {Coding.Edge}
 */
function cycleEdge(cycles, duration, id, before, after) {
  const at = before?.end_ms ?? after?.start_ms ?? 0;
  const last = before ?? cycles[cycles.findIndex((cycle) => cycle === after) - 1];
  const next = after ?? cycles[cycles.findIndex((cycle) => cycle === before) + 1];
  return {
    id,
    at,
    before,
    after,
    least: Math.min(at, last ? last.start_ms + SHORTEST_MS : 0),
    most: Math.max(at, next ? next.end_ms - SHORTEST_MS : duration),
    acts: (to) => {
      const own = [...(before ? [cyclePut(before, before.start_ms, to)] : []), ...(after ? [cyclePut(after, to, after.end_ms)] : [])];
      // What shrinks goes first: no moment belongs to two cycles, not even between two changes.
      if (own.length === 2) return to < at ? own : own.reverse();
      const { cycle, start_ms, end_ms } = own[0].payload;
      return [...(makeRoom(cycles, cycle, start_ms, end_ms) ?? []), ...own];
    },
  };
}

/** @param {Coding.Clip} clip @param {number} duration of the lesson @returns {Coding.Edge[]} where it starts and where it ends */
export function clipEdges(clip, duration) {
  const { id, ...rest } = clip;
  const put = (/** @type {Partial<Coding.Span>} */ news) => [{ kind: "clip.put", payload: { clip: id, ...rest, ...news } }];
  const { start_ms, end_ms } = clip;
  return [
    { id: `start ${id}`, at: start_ms, clip, least: 0, most: Math.max(start_ms, end_ms - SHORTEST_MS), acts: (to) => put({ start_ms: to }) },
    { id: `end ${id}`, at: end_ms, clip, least: Math.min(end_ms, start_ms + SHORTEST_MS), most: duration, acts: (to) => put({ end_ms: to }) },
  ];
}

/**
 * Return the nearest of `targets` within `near` of a moment, else the moment itself on a whole `grain`.
 * @param {number} at
 * @param {number[]} targets
 * @param {number} near
 * @param {number} grain
 */
export function snapped(at, targets, near, grain) {
  const found = targets.reduce((best, each) => (Math.abs(each - at) < Math.abs(best - at) ? each : best), Infinity);
  return Math.abs(found - at) <= near ? found : Math.round(at / grain) * grain;
}

/** @param {Coding.Edge} edge @returns {string} what it is called */
export function label({ id, before, after }) {
  const [one, two] = [before?.number ?? 0, after?.number ?? 0];
  if (one && two) return gettext("Boundary of cycles %(one)s and %(two)s", { one, two });
  if (one) return gettext("End of cycle %(number)s", { number: one });
  if (two) return gettext("Start of cycle %(number)s", { number: two });
  return id.startsWith("start") ? gettext("Start of the clip") : gettext("End of the clip");
}

/** @param {Coding.Edge} edge @param {number} at @returns {string} what it says when it is there */
export function place({ id, before, after }, at) {
  const time = written(at);
  if (after) return gettext("Cycle %(number)s starts at %(time)s", { number: after.number, time });
  if (before) return gettext("Cycle %(number)s ends at %(time)s", { number: before.number, time });
  return id.startsWith("start") ? gettext("The clip starts at %(time)s", { time }) : gettext("The clip ends at %(time)s", { time });
}
