// @ts-check
/** Clips: moments marked with C and C, given to the strength or to the priority now or later. */
import { newId } from "../ids.js";
import { gettext } from "../text.js";
import { clock, make, need } from "./page.js";

const SHORTEST_MS = 1_000;
const SHARED_MS = [15_000, 120_000]; // what a clip of a feedback may last
/** @type {[Coding.Clip["purpose"], () => string][]} */
const PURPOSES = [
  [null, () => gettext("not decided")],
  ["strength", () => gettext("strength")],
  ["priority", () => gettext("priority")],
];

export class Clips {
  /** @param {import("./desk.js").Desk} desk @param {(panel: string) => void} show */
  constructor(desk, show) {
    this.desk = desk;
    this.show = show;
    /** @type {number | null} where the clip that is being marked starts */
    this.start = null;
    /** @type {number | null} where what is being looked at ends */
    this.stopAt = null;
    this.list = need("#clip-list", HTMLElement);
    this.button = need('[data-do="clip"]', HTMLElement);
    desk.lesson.addEventListener("changed", (event) => {
      const { kind } = /** @type {CustomEvent} */ (event).detail;
      if (kind === "all" || kind.startsWith("clip.")) this.paint();
    });
    desk.player.addEventListener("time", () => this.#stop());
    document.addEventListener("keydown", (event) => this.#escape(event));
    this.paint();
  }

  /** The first press says where a clip starts, the second where it ends. @param {number} now */
  mark(now) {
    if (this.start === null) {
      this.#begin(now);
      this.desk.say(gettext("A clip starts at %(time)s. C again ends it, Esc forgets it.", { time: clock(now, true) }));
      return;
    }
    const [start_ms, end_ms] = [Math.min(this.start, now), Math.max(this.start, now)];
    if (end_ms - start_ms < SHORTEST_MS) {
      this.desk.say(gettext("A clip lasts at least a second: let the video go on, then press C."));
      return;
    }
    this.#begin(null);
    const clip = { clip: newId(), start_ms, end_ms, words: "", dimension: this.desk.place.dimension, purpose: null };
    this.desk.history.act([{ kind: "clip.put", payload: clip }]);
    const kept = gettext("Clip of %(length)s kept.", { length: seconds(end_ms - start_ms) });
    this.desk.say(`${kept} ${fit(end_ms - start_ms)}`, true);
  }

  /** @param {number | null} start */
  #begin(start) {
    this.start = start;
    this.button.setAttribute("aria-pressed", String(start !== null));
  }

  /** @param {KeyboardEvent} event */
  #escape(event) {
    if (event.key !== "Escape" || this.start === null || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    this.#begin(null);
    this.desk.say(gettext("The start of the clip was forgotten."));
  }

  /** @param {Coding.Clip} clip */
  open(clip) {
    this.show("clips");
    /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-clip="${clip.id}"] input`))?.focus();
  }

  /** Play the video itself between the marks; nothing is cut. @param {Coding.Clip} clip */
  #look(clip) {
    this.desk.player.seek(clip.start_ms);
    this.stopAt = clip.end_ms;
    if (!this.desk.player.playing) this.desk.player.toggle();
  }

  #stop() {
    const { now, playing } = this.desk.player;
    if (this.stopAt === null || now < this.stopAt) return;
    this.stopAt = null;
    if (playing) this.desk.player.toggle();
  }

  /** @param {Coding.Clip} clip @param {Partial<Coding.Clip>} news */
  #put(clip, news) {
    const { id, ...rest } = { ...clip, ...news };
    this.desk.history.act([{ kind: "clip.put", payload: { clip: id, ...rest } }], "words" in news ? `clip ${id}` : null);
  }

  /** @param {Coding.Clip} clip */
  #remove(clip) {
    this.desk.history.act([{ kind: "clip.delete", payload: { clip: clip.id } }]);
    this.desk.say(gettext("The clip of %(time)s was removed.", { time: clock(clip.start_ms) }), true);
  }

  /** What is being typed keeps its field, and what had the focus has it again. */
  paint() {
    const { clips } = this.desk.lesson.document;
    const focused = document.activeElement;
    const held = /** @type {HTMLElement | null} */ (focused?.closest("[data-clip]"));
    const kept = (/** @type {Coding.Clip} */ clip) => (focused instanceof HTMLInputElement && held?.dataset.clip === clip.id ? held : null);
    this.list.replaceChildren(...clips.map((clip) => kept(clip) ?? this.#item(clip)));
    need("#clip-count", HTMLElement).textContent = String(clips.length);
    need("#no-clips", HTMLElement).hidden = clips.length > 0;
    if (!held || document.activeElement === focused) return;
    const again = this.list.querySelector(`[data-clip="${held.dataset.clip}"] ${focused?.localName}:not(button)`);
    /** @type {HTMLElement | null} */ (again)?.focus();
  }

  /** @param {Coding.Clip} clip */
  #item(clip) {
    const time = clock(clip.start_ms);
    const length = clip.end_ms - clip.start_ms;
    const words = make("input", {
      value: clip.words,
      maxlength: 200,
      placeholder: gettext("What is seen in it"),
      "aria-label": gettext("What is seen in the clip of %(time)s", { time }),
      onchange: (/** @type {Event} */ event) =>
        this.#put(this.desk.lesson.clip(clip.id) ?? clip, { words: /** @type {HTMLInputElement} */ (event.target).value.trim() }),
    });
    return make(
      "li",
      { "data-clip": clip.id },
      make("button", { type: "button", class: "chip", "aria-label": gettext("Watch the clip of %(time)s", { time }), onclick: () => this.#look(clip) }, `▶ ${time}`),
      make("span", { class: "note-tag number", title: fit(length) }, seconds(length), fit(length) ? " ▲" : ""),
      words,
      this.#purpose(clip, time),
      make("button", { type: "button", class: "plain", "aria-label": gettext("Remove the clip of %(time)s", { time }), onclick: () => this.#remove(clip) }, gettext("Remove")),
    );
  }

  /** @param {Coding.Clip} clip @param {string} time */
  #purpose(clip, time) {
    const chosen = (/** @type {Event} */ event) =>
      this.#put(this.desk.lesson.clip(clip.id) ?? clip, { purpose: /** @type {any} */ (/** @type {HTMLSelectElement} */ (event.target).value || null) });
    const options = PURPOSES.map(([value, told]) => make("option", { value: value ?? "", selected: value === clip.purpose }, told()));
    return make("select", { "aria-label": gettext("What the clip of %(time)s is for", { time }), onchange: chosen }, ...options);
  }
}

/** @param {number} ms */
function seconds(ms) {
  return gettext("%(seconds)s s", { seconds: Math.round(ms / 1000) });
}

/** @param {number} ms @returns {string} what to know of its length; nothing when it can be shared as it is */
function fit(ms) {
  if (ms < SHARED_MS[0]) return gettext("To share it, it needs at least 15 s.");
  return ms > SHARED_MS[1] ? gettext("To share it, it may last 120 s at most.") : "";
}
