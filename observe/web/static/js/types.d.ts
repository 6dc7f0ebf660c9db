/** Shapes that several scripts speak of; only the checker reads this file, browsers never ask for it. */

declare namespace Journal {
  interface Change {
    id: string;
    kind: string;
    payload: Record<string, any>;
    /** what is undone together */
    step?: string;
    role?: Role;
  }

  /** What a change is part of: something done, its taking back, or its doing again. */
  type Role = "do" | "undo" | "redo";

  /** A change on its way. */
  interface Entry {
    /** the change's own id */
    id: string;
    /** who made it: on a shared computer it is nobody else's */
    user: string;
    observation: string;
    /** where it is sent */
    url: string;
    /** the browser window it was made in */
    window: string;
    /** the version that window knew */
    base: number;
    change: Change;
    /** when it was made (ISO) */
    at: string;
    order: number;
    /** why it was not taken; then it waits for the person's decision */
    told?: string;
    /** whether another window was first */
    conflict?: boolean;
  }

  interface Told {
    id: string;
    sentence: string;
  }

  interface Answer {
    version: number;
    acknowledged: string[];
    conflicts: Told[];
    refused: Told[];
    elsewhere: number;
    saved_at: string;
  }

  interface Recovery {
    recovered: number;
    since: string;
  }
}

/** The observation as a window sees it. Times are milliseconds from the first frame. */
declare namespace Coding {
  interface Span {
    start_ms: number;
    end_ms: number;
  }

  interface Score {
    dimension: string;
    value: number | null;
    mark: string | null;
  }

  interface Cycle extends Span {
    id: string;
    number: number;
    scores: Score[];
    snapshots: Snapshot[];
  }

  /** What was answered at a snapshot: question to answer. */
  interface Snapshot {
    number: number;
    answers: Record<string, string>;
  }

  /** What the rubric asks at set moments of each cycle. */
  interface Snapshots {
    at_ms: number[];
    look_ms: number;
    questions: Question[];
  }

  interface Question {
    id: string;
    title: string;
    answers: { id: string; title: string }[];
    /** the question, and the answer to it, after which alone it is asked */
    only_after: [string, string] | null;
  }

  /** What may be barred: a pause, a move of the video, a rate. */
  type PlayerAct = "pause" | "seek" | "rate";

  /** Tells in words why an act may not be done, or nothing; `to`: where a seek leads, or the rate asked for. */
  type Bar = (act: PlayerAct, to: number) => string;

  interface Policy {
    pause: boolean;
    rate: boolean;
    again: "never" | "whole" | "always";
  }

  /** How a moment stands: inside a cycle, seen already, in a cycle that was seen whole. */
  interface Standing {
    inside: boolean;
    seen: boolean;
    whole: boolean;
  }

  /** A stretch played without a stop, at one rate. */
  interface Played extends Span {
    watched: string;
    rate: number;
    /** when it began (ISO) */
    at: string;
  }

  interface Stretch extends Span {
    id: string;
    reason: string;
  }

  interface Note {
    id: string;
    at_ms: number;
    text: string;
    dimension: string | null;
    polarity: number;
  }

  interface Document {
    live: boolean;
    duration_ms: number;
    cycles: Cycle[];
    stretches: Stretch[];
    notes: Note[];
    clips: Clip[];
  }

  /** A change that has no id yet. */
  interface Act {
    kind: string;
    payload: Record<string, any>;
  }

  interface Step {
    id: string;
    undo: Act[];
    redo: Act[];
    merge: string | null;
    base: number;
  }

  /** Steps of before this window was opened; `left` is how many came before those done. */
  interface Steps {
    done: Step[];
    undone: Step[];
    left: number;
  }

  /** A moment kept for the strength, the priority, or a later choice. */
  interface Clip extends Span {
    id: string;
    words: string;
    dimension: string | null;
    purpose: "strength" | "priority" | null;
  }

  /** Something in a lane of the timeline; `sign` changes with what it says. */
  interface Mark extends Span {
    id: string;
    sign: string;
  }

  /** Where a cycle or a clip starts or ends, how far that can be moved, and what moves it. */
  interface Edge {
    id: string;
    at: number;
    least: number;
    most: number;
    /** the cycle that ends here, the one that starts here: both where they adjoin */
    before?: Cycle;
    after?: Cycle;
    clip?: Clip;
    acts: (to: number) => Act[];
  }

  interface EdgeMark extends Mark {
    edge: Edge;
  }

  interface CycleMark extends Mark {
    cycle: Cycle;
    short: boolean;
  }

  interface StretchMark extends Mark {
    stretch: Stretch;
  }

  interface ClipMark extends Mark {
    clip: Clip;
    /** clips that last at the same time lie one under the other */
    row: number;
  }

  /** Notes too near to one another to be told apart at this zoom. */
  interface NotesMark extends Mark {
    notes: Note[];
  }

  interface SpotMark extends Mark {
    spot: Spot;
  }

  /** A row of the rubric. */
  interface Row {
    id: string;
    code: string;
    title: string;
    values: number[];
    not_observed: string;
    not_applicable: string;
  }

  /** A lesson observed in the room. */
  interface Live {
    /** whether its clock still runs */
    runs: boolean;
    elapsed_ms: number;
    /** where its end is told */
    end: string;
  }

  /** What the page brings. */
  interface Given {
    observation: string;
    version: number;
    at: string;
    document: Document;
    /** the numbers of the cycles as they are coded; null: in the order of time */
    order: number[] | null;
    dimensions: Row[];
    protocol: {
      cycles: number;
      cycle_ms: number;
      minimum_codable_ms: number;
      playback_policy: "straight_through" | "pause_allowed" | "free";
      snapshots: Snapshots | null;
    };
    /** what was seen already, where the rubric says what may be seen again */
    seen: Span[];
    urls: { changes: string; document: string; steps: string; strip: string; waveform: string | null; line: string | null };
    strip: Layout | null;
    /** null: on video */
    live: Live | null;
    /** names of the class list, as plain words */
    names: string[];
    frame_rate: number | null;
  }

  /** How the film strip's sheet is laid out. */
  interface Layout {
    width: number;
    height: number;
    columns: number;
    count: number;
    interval_ms: number;
  }

  /** What is drawn of the whole lesson. */
  interface Curves {
    /** loudness, 0 to 255, evenly over the lesson */
    peaks: Uint8Array;
    /** each second: 0 no voice, 1 one, 2 several */
    voices: Uint8Array;
    /** each second: how much moves, 0 to 255 */
    energy: Uint8Array;
    /** where the picture changes at once */
    scenes: number[];
    /** where the next file begins */
    parts: number[];
  }

  /** A moment that the program points to. */
  interface Spot extends Span {
    kind: "damaged" | "joint" | "suggested";
    words: string;
  }

  /** What the program noticed in sound and picture. */
  interface Line {
    /** a digit each second: 0 no voice, 1 one, 2 several */
    voices: string;
    /** how much moves, a byte each second, in base64 */
    energy: string;
    scenes: number[];
    spots: Spot[];
    /** whether it is still being made */
    preparing: boolean;
  }

  type State = "saved" | "saving" | "offline" | "signed-out" | "refused";

  interface Saving {
    state: State;
    waiting: number;
    at: string;
    sentence: string;
    safe: boolean;
  }

  interface Key {
    /** as `KeyboardEvent.key` names them, lower case, after `Shift+` or `Ctrl+` */
    keys: string[];
    shown: string;
    words: string;
    /** whether no other key can be chosen */
    fixed?: boolean;
    run: (event: KeyboardEvent) => void;
  }
}
