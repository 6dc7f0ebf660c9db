// @ts-check
/** The observation as this window sees it: the document, what a change does to it, and its inverse. */

export class Lesson extends EventTarget {
  /** @param {Coding.Document} document */
  constructor(document) {
    super();
    this.document = document;
  }

  get duration() {
    return this.document.duration_ms;
  }

  get cycles() {
    return this.document.cycles;
  }

  /** @param {string | null} id */
  cycle(id) {
    return this.document.cycles.find((cycle) => cycle.id === id);
  }

  /** @param {number} time @returns {Coding.Cycle | undefined} the cycle that lasts at `time` */
  cycleAt(time) {
    return this.document.cycles.find((cycle) => cycle.start_ms <= time && time < cycle.end_ms);
  }

  /** @param {string} id */
  note(id) {
    return this.document.notes.find((note) => note.id === id);
  }

  /** @param {string} id */
  clip(id) {
    return this.document.clips.find((clip) => clip.id === id);
  }

  /** @param {string | null} cycle @param {string} dimension */
  score(cycle, dimension) {
    return this.cycle(cycle)?.scores.find((score) => score.dimension === dimension);
  }

  /** Take what the program says there is. @param {Coding.Document} document */
  replace(document) {
    this.document = document;
    this.dispatchEvent(new CustomEvent("changed", { detail: { kind: "all", payload: {} } }));
  }

  /** Change the document as the program will, and tell who paints it. @param {Coding.Act} act */
  apply(act) {
    if (!EFFECTS[act.kind]) return; // what was watched says nothing of the lesson
    EFFECTS[act.kind](this.document, act.payload);
    this.dispatchEvent(new CustomEvent("changed", { detail: act }));
  }

  /** Return what would take `act` back; call it before `apply`. @param {Coding.Act} act @returns {Coding.Act} */
  inverse(act) {
    return INVERSES[act.kind](this, act.payload);
  }
}

/** @param {Coding.Document} document */
function renumber(document) {
  document.cycles.sort((one, other) => one.start_ms - other.start_ms);
  document.cycles.forEach((cycle, place) => (cycle.number = place + 1));
}

/** @template {{id: string}} R @param {R[]} rows @param {R} row */
function put(rows, row) {
  const place = rows.findIndex((known) => known.id === row.id);
  if (place < 0) rows.push(row);
  else rows[place] = row;
}

/** @param {{id: string}[]} rows @param {string} id */
function remove(rows, id) {
  const place = rows.findIndex((row) => row.id === id);
  if (place >= 0) rows.splice(place, 1);
}

/** @param {Coding.Document} document @param {Record<string, any>} cell */
function scoresWithout(document, cell) {
  const cycle = document.cycles.find((each) => each.id === cell.cycle);
  return { cycle, others: cycle?.scores.filter((score) => score.dimension !== cell.dimension) ?? [] };
}

/** @type {Record<string, (document: Coding.Document, payload: Record<string, any>) => void>} */
const EFFECTS = {
  "cycle.put": (document, { cycle: id, start_ms, end_ms, scores, snapshots }) => {
    const known = document.cycles.find((cycle) => cycle.id === id) ?? { scores: [], snapshots: [] };
    put(document.cycles, { id, number: 0, start_ms, end_ms, scores: scores ?? known.scores, snapshots: snapshots ?? known.snapshots });
    renumber(document);
  },
  "cycle.delete": (document, { cycle }) => {
    remove(document.cycles, cycle);
    renumber(document);
  },
  plan: (document, { cycles }) => {
    document.cycles = cycles.map((/** @type {any} */ { cycle: id, start_ms, end_ms, scores, snapshots }) => ({
      id, number: 0, start_ms, end_ms, scores: scores ?? [], snapshots: snapshots ?? [],
    }));
    renumber(document);
  },
  "stretch.put": (document, { stretch: id, start_ms, end_ms, reason }) => {
    put(document.stretches, { id, start_ms, end_ms, reason });
    document.stretches.sort((one, other) => one.start_ms - other.start_ms);
  },
  "stretch.delete": (document, { stretch }) => remove(document.stretches, stretch),
  "score.put": (document, cell) => {
    const { cycle, others } = scoresWithout(document, cell);
    const score = { dimension: cell.dimension, value: cell.value ?? null, mark: cell.mark ?? null };
    if (cycle) cycle.scores = [...others, score];
  },
  "score.clear": (document, cell) => {
    const { cycle, others } = scoresWithout(document, cell);
    if (cycle) cycle.scores = others;
  },
  "note.put": (document, { note: id, at_ms, text, dimension, polarity }) => {
    put(document.notes, { id, at_ms, text, dimension: dimension ?? null, polarity: polarity ?? 0 });
    document.notes.sort((one, other) => one.at_ms - other.at_ms || (one.id < other.id ? -1 : 1));
  },
  "note.delete": (document, { note }) => remove(document.notes, note),
  "snapshot.put": (document, { cycle: id, number, answers }) => {
    const cycle = document.cycles.find((each) => each.id === id);
    if (cycle) cycle.snapshots = [...cycle.snapshots.filter((each) => each.number !== number), { number, answers }];
  },
  "snapshot.clear": (document, { cycle: id, number }) => {
    const cycle = document.cycles.find((each) => each.id === id);
    if (cycle) cycle.snapshots = cycle.snapshots.filter((each) => each.number !== number);
  },
  "clip.put": (document, { clip: id, start_ms, end_ms, words, dimension, purpose }) => {
    put(document.clips, { id, start_ms, end_ms, words: words ?? "", dimension: dimension ?? null, purpose: purpose ?? null });
    document.clips.sort((one, other) => one.start_ms - other.start_ms || (one.id < other.id ? -1 : 1));
  },
  "clip.delete": (document, { clip }) => remove(document.clips, clip),
};

/** @param {Coding.Cycle} cycle */
function told({ id, start_ms, end_ms, scores, snapshots }) {
  return { cycle: id, start_ms, end_ms, scores: scores.map((score) => ({ ...score })), snapshots: structuredClone(snapshots) };
}

/** @param {Lesson} lesson @param {Record<string, any>} payload @returns {Coding.Act} */
function cycleBefore(lesson, { cycle: id }) {
  const cycle = lesson.cycle(id);
  return cycle ? { kind: "cycle.put", payload: told(cycle) } : { kind: "cycle.delete", payload: { cycle: id } };
}

/** @param {Lesson} lesson @param {Record<string, any>} payload @returns {Coding.Act} */
function scoreBefore(lesson, { cycle, dimension }) {
  const score = lesson.score(cycle, dimension);
  return score
    ? { kind: "score.put", payload: { cycle, ...score } }
    : { kind: "score.clear", payload: { cycle, dimension } };
}

/** @param {Lesson} lesson @param {Record<string, any>} payload @returns {Coding.Act} */
function stretchBefore(lesson, { stretch }) {
  const known = lesson.document.stretches.find((each) => each.id === stretch);
  if (!known) return { kind: "stretch.delete", payload: { stretch } };
  const { start_ms, end_ms, reason } = known;
  return { kind: "stretch.put", payload: { stretch, start_ms, end_ms, reason } };
}

/** @param {Lesson} lesson @param {Record<string, any>} payload @returns {Coding.Act} */
function noteBefore(lesson, { note }) {
  const known = lesson.note(note);
  if (!known) return { kind: "note.delete", payload: { note } };
  const { at_ms, text, dimension, polarity } = known;
  return { kind: "note.put", payload: { note, at_ms, text, dimension, polarity } };
}

/** @param {Lesson} lesson @param {Record<string, any>} payload @returns {Coding.Act} */
function snapshotBefore(lesson, { cycle, number }) {
  const known = lesson.cycle(cycle)?.snapshots.find((each) => each.number === number);
  return known
    ? { kind: "snapshot.put", payload: { cycle, ...known } }
    : { kind: "snapshot.clear", payload: { cycle, number } };
}

/** @param {Lesson} lesson @param {Record<string, any>} payload @returns {Coding.Act} */
function clipBefore(lesson, { clip }) {
  const known = lesson.clip(clip);
  if (!known) return { kind: "clip.delete", payload: { clip } };
  const { id: _id, ...rest } = known;
  return { kind: "clip.put", payload: { clip, ...rest } };
}

/** @type {Record<string, (lesson: Lesson, payload: Record<string, any>) => Coding.Act>} */
const INVERSES = {
  "cycle.put": (lesson, payload) => {
    const before = cycleBefore(lesson, payload);
    // Moving a cycle leaves its scores alone, and so does moving it back.
    for (const name of ["scores", "snapshots"]) if (!payload[name]) delete before.payload[name];
    return before;
  },
  "cycle.delete": cycleBefore,
  plan: (lesson) => ({ kind: "plan", payload: { cycles: lesson.cycles.map(told) } }),
  "stretch.put": stretchBefore,
  "stretch.delete": stretchBefore,
  "score.put": scoreBefore,
  "score.clear": scoreBefore,
  "note.put": noteBefore,
  "note.delete": noteBefore,
  "snapshot.put": snapshotBefore,
  "snapshot.clear": snapshotBefore,
  "clip.put": clipBefore,
  "clip.delete": clipBefore,
};
