// @ts-check
/** What a person put on the lesson: cycles and their edges, stretches, clips and notes, each in its lane. */
import { gettext } from "../text.js";
import { codable } from "./cycles.js";
import { Marks } from "./marks.js";
import { clock, make, need } from "./page.js";

const APART_PX = 32; // notes nearer than this become one mark
const PURPOSES = { strength: "★ ", priority: "→ " };

/** @param {string} id */
const lane = (id) => need(`#${id}`, HTMLElement);

export class Coded {
  /** @param {import("./desk.js").Desk} desk @param {import("./view.js").View} view */
  constructor(desk, view) {
    this.desk = desk;
    this.view = view;
    /** @type {Map<string, Coding.Span>} what is in hand, as it would be, by the id of its cycle or clip */
    this.hand = new Map();
    /** @type {import("./edges.js").Edges | null} */
    this.edges = null;
    /** @type {import("./edges.js").Edges | null} */
    this.clipEdges = null;
    /** @type {(cycle: Coding.Cycle) => string} what is known of its voices; comes with the drawn lanes */
    this.shares = () => "";
    /** @type {string | undefined} the clip whose edges are shown */
    this.clip = undefined;
    const tellCycle = (/** @type {HTMLElement} */ button, /** @type {Coding.CycleMark} */ mark) => this.#tellCycle(button, mark);
    this.cycles = new Marks(lane("lane"), view, tellCycle, ({ id }) => desk.place.chooseCycle(id));
    this.stretches = new Marks(lane("stretch-lane"), view, tellStretch, ({ stretch }) => desk.openStretches(stretch));
    this.clips = new Marks(lane("clip-lane"), view, tellClip, ({ clip }) => this.#openClip(clip));
    this.notes = new Marks(lane("marks"), view, tellNotes, ({ notes }) => this.#goTo(notes));
    lane("clip-lane").addEventListener("focusin", (event) => this.#chooseClip(this.clips.of(event.target)?.id));
    desk.lesson.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail.kind));
    desk.place.addEventListener("moved", () => this.#paintCycles());
  }

  /** @param {string} kind of the act */
  #changed(kind) {
    // What is in hand was taken from what stood there before.
    if (/^(all|plan|cycle|clip)/.test(kind)) [this.edges, this.clipEdges].forEach((edges) => edges?.letGo());
    if (kind === "all") return;
    if (kind.startsWith("note.")) return this.#paintNotes();
    if (kind.startsWith("clip.")) return this.#paintClips();
    if (kind.startsWith("stretch.")) this.#paintStretches();
    this.#paintCycles();
  }

  paint() {
    this.#paintNotes();
    this.#paintCycles();
    this.#paintStretches();
    this.#paintClips();
  }

  /** Take what the edges are moved with. @param {typeof import("./edges.js").Edges} Edges */
  hold(Edges) {
    this.edges = new Edges(this.desk, this.view, lane("edges"), this.hand, () => this.#paintCycles());
    this.clipEdges = new Edges(this.desk, this.view, lane("clip-edges"), this.hand, () => this.#paintClips());
    this.paint();
  }

  /** @template {Coding.Span & {id: string}} S @param {S[]} things @returns {S[]} as they would be */
  #inHand(things) {
    return this.hand.size ? things.map((thing) => ({ ...thing, ...this.hand.get(thing.id) })) : things;
  }

  /** Take what is known of the voices in each cycle. @param {(cycle: Coding.Cycle) => string} shares */
  hear(shares) {
    this.shares = shares;
    this.#paintCycles();
  }

  #paintCycles() {
    const { document } = this.desk.lesson;
    const least = this.desk.given.protocol.minimum_codable_ms;
    const cycles = this.#inHand(document.cycles);
    this.cycles.paint(
      cycles.map((cycle) => {
        const { id, number, start_ms, end_ms, scores } = cycle;
        const short = codable(cycle, document.stretches) < least;
        const sign = [number, start_ms, end_ms, scores.length, short, id === this.desk.place.cycleId, this.shares(cycle)].join(" ");
        return { id, start_ms, end_ms, cycle, short, sign };
      }),
    );
    this.edges?.paintCycles(cycles);
  }

  /** @param {HTMLElement} button @param {Coding.CycleMark} mark */
  #tellCycle(button, { cycle, short }) {
    const rows = this.desk.given.dimensions.length;
    const done = cycle.scores.length;
    const shares = this.shares(cycle);
    button.className = "cycle";
    button.toggleAttribute("data-done", done >= rows);
    button.toggleAttribute("data-short", short);
    if (cycle.id === this.desk.place.cycleId) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    button.title = `${clock(cycle.start_ms)}–${clock(cycle.end_ms)}${shares && ` · ${shares}`}`;
    button.replaceChildren(
      make("span", {}, gettext("Cycle %(number)s · %(length)s", { number: cycle.number, length: clock(cycle.end_ms - cycle.start_ms) })),
      make("span", {}, ` · ${done >= rows ? "✓" : ""}${done}/${rows}`),
      ...(short ? [" · ", make("span", { class: "short" }, gettext("short"))] : []),
    );
  }

  #paintStretches() {
    const { stretches } = this.desk.lesson.document;
    lane("stretch-lane").hidden = !stretches.length;
    this.stretches.paint(stretches.map((stretch) => ({ ...stretch, stretch, sign: stretch.reason })));
  }

  /** Clips that last at the same time lie one under the other. */
  #paintClips() {
    const clips = this.#inHand(this.desk.lesson.document.clips ?? []);
    /** @type {number[]} where each row is free again */
    const free = [];
    this.clips.paint(
      clips.map((clip) => {
        const found = free.findIndex((end) => end <= clip.start_ms);
        const row = found < 0 ? free.length : found;
        free[row] = clip.end_ms;
        return { ...clip, clip, row, sign: [clip.start_ms, clip.end_ms, row, clip.purpose, clip.words].join(" ") };
      }),
    );
    lane("clips-part").hidden = !clips.length;
    lane("clips-part").style.setProperty("--rows", String(free.length));
    const chosen = this.clips.all.find((mark) => mark.id === this.clip);
    lane("clip-edges").style.setProperty("--row", String(chosen?.row ?? 0));
    this.clipEdges?.paintClip(chosen?.clip);
  }

  /** @param {string | undefined} id */
  #chooseClip(id) {
    if (!id || id === this.clip) return;
    this.clip = id;
    this.#paintClips();
  }

  /** @param {Coding.Clip} clip */
  #openClip(clip) {
    this.#chooseClip(clip.id);
    this.desk.player.seek(clip.start_ms);
    this.desk.openClip?.(clip);
  }

  /** Notes that would lie on one another at this zoom are one mark. */
  #paintNotes() {
    const apart = APART_PX * this.view.pixel;
    /** @type {Coding.Note[][]} */
    const groups = [];
    for (const note of this.desk.lesson.document.notes) {
      const last = groups.at(-1);
      if (last && note.at_ms - last[0].at_ms < apart) last.push(note);
      else groups.push([note]);
    }
    this.notes.paint(
      groups.map((notes) => {
        const { id, at_ms, text } = notes[0];
        const sign = notes.length > 1 ? `${notes.length} ${at_ms} ${notes.at(-1)?.at_ms}` : `${at_ms} ${text}`;
        return { id, start_ms: at_ms, end_ms: at_ms, notes, sign };
      }),
    );
  }

  /** Go to a note; of several to the next one, and so near that each can be seen. @param {Coding.Note[]} notes */
  #goTo(notes) {
    const [first, last] = [notes[0].at_ms, notes[notes.length - 1].at_ms];
    this.desk.player.seek((notes.find((note) => note.at_ms > this.desk.player.now) ?? notes[0]).at_ms);
    if (notes.length > 1) this.view.show(first - (last - first) / 5, last + (last - first) / 5);
  }
}

/** @param {HTMLElement} button @param {Coding.StretchMark} mark */
function tellStretch(button, { stretch }) {
  button.className = "stretch";
  button.textContent = button.title = gettext("not codable: %(reason)s", { reason: stretch.reason });
}

/** @param {HTMLElement} button @param {Coding.ClipMark} mark */
function tellClip(button, { clip, row }) {
  const span = { start: clock(clip.start_ms), end: clock(clip.end_ms) };
  button.className = "clip";
  button.style.setProperty("--row", String(row));
  button.title = gettext("Clip %(start)s to %(end)s", span);
  button.textContent = `${clip.purpose ? PURPOSES[clip.purpose] : ""}${clip.words || gettext("Clip %(start)s to %(end)s", span)}`;
}

/** @param {HTMLElement} button @param {Coding.NotesMark} mark */
function tellNotes(button, { notes }) {
  const [first, last] = [notes[0], notes[notes.length - 1]];
  const shown = { count: notes.length, start: clock(first.at_ms), end: clock(last.at_ms) };
  const words = notes.length > 1 ? gettext("%(count)s notes, %(start)s to %(end)s", shown) : `${shown.start} ${first.text}`;
  button.className = "mark";
  button.textContent = notes.length > 1 ? `◆${notes.length}` : "◆";
  button.title = words;
  button.setAttribute("aria-label", words);
}
