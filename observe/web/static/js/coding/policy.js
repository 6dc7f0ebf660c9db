// @ts-check
/**
 * What a rubric lets a coder do with the video while she watches a cycle. Pure.
 *
 * `again`: whether what was seen may be seen again: never, once its cycle was seen whole, or always.
 * The policy holds until the observation is submitted.
 */

/** @type {Record<string, Coding.Policy>} */
export const POLICIES = {
  straight_through: { pause: false, rate: false, again: "never" },
  pause_allowed: { pause: true, rate: false, again: "whole" },
  free: { pause: true, rate: true, again: "always" },
};

const RESUMED_MS = 300; // so near to its end a stretch is gone on with, not seen again
const UNSEEN_MS = 2_000; // what may lack of a cycle that counts as seen whole

/** @param {Coding.Policy} policy @param {Coding.Standing} standing */
function reviews(policy, standing) {
  return policy.again === "always" || (policy.again === "whole" && standing.whole);
}

/**
 * Tell what stands against an act.
 * @param {Coding.Policy} policy
 * @param {Coding.PlayerAct} act
 * @param {{playing: boolean, here: Coding.Standing, there: Coding.Standing, rate: number}} situation
 *   `there`: where a seek leads; `rate`: the one asked for
 * @returns {"pause" | "rate" | "leave" | "again" | null} null: nothing
 */
export function barrier(policy, act, { playing, here, there, rate }) {
  const straight = playing && here.inside && !policy.pause;
  if (act === "pause") return straight ? "pause" : null;
  if (act === "rate") return rate !== 1 && here.inside && !policy.rate && !reviews(policy, here) ? "rate" : null;
  if (straight) return "leave";
  return there.inside && there.seen && !reviews(policy, there) ? "again" : null;
}

/**
 * Tell how a moment stands to the cycles and to what was seen.
 * @param {number} at
 * @param {Coding.Span[]} cycles @param {Coding.Span[]} seen @param {Coding.Span[]} stretches that cannot be coded
 * @returns {Coding.Standing}
 */
export function standing(at, cycles, seen, stretches) {
  const cycle = cycles.find(({ start_ms, end_ms }) => start_ms <= at && at < end_ms);
  return {
    inside: Boolean(cycle),
    seen: seen.some(({ start_ms, end_ms }) => start_ms <= at && at < end_ms - RESUMED_MS),
    whole: Boolean(cycle && unseen(cycle, [...seen, ...stretches]) <= UNSEEN_MS),
  };
}

/** @param {Coding.Span} cycle @param {Coding.Span[]} spans @returns {number} the milliseconds of the cycle in none of them */
function unseen(cycle, spans) {
  let left = cycle.end_ms - cycle.start_ms;
  let reached = cycle.start_ms;
  for (const { start_ms, end_ms } of spans.sort((one, other) => one.start_ms - other.start_ms)) {
    const start = Math.max(start_ms, reached);
    const end = Math.min(end_ms, cycle.end_ms);
    if (end <= start) continue;
    left -= end - start;
    reached = end;
  }
  return left;
}
