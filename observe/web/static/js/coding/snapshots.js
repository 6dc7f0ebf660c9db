// @ts-check
/** Snapshots: at set moments of a cycle the class is looked at, then it stops and questions are asked. */
import { gettext } from "../text.js";
import { clock, make, need, release } from "./page.js";

const PLAYED_MS = 1_500; // what passes from one telling of the time to the next while it plays
const LEFT_MS = 2_000; // so far outside what is looked at, she went elsewhere

export class Snapshots {
  /** @param {import("./desk.js").Desk} desk @param {import("./keys.js").Keys} keys @param {Coding.Snapshots} asks */
  constructor(desk, keys, asks) {
    this.desk = desk;
    this.keys = keys;
    this.asks = asks;
    this.was = desk.player.now;
    /** @type {{cycle: string, number: number, from: number, until: number} | null} what is looked at now */
    this.look = null;
    /** @type {{cycle: string, number: number, answers: Record<string, string>, resume: boolean} | null} what is asked now */
    this.asked = null;
    this.list = make("div", { class: "snapshots", role: "group", "aria-label": gettext("Snapshots") });
    this.panel = make("section", { class: "snapshot", id: "snapshot", "aria-live": "polite", "aria-label": gettext("Snapshot"), hidden: true });
    this.told = make("p", { class: "look", role: "status" });
    need("#rows", HTMLElement).before(this.list, this.panel);
    need(".stage", HTMLElement).append(this.told);
    desk.player.addEventListener("time", () => this.#time());
    desk.place.addEventListener("moved", () => this.#paintList());
    desk.lesson.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail.kind));
    this.#paintList();
  }

  /** @param {Coding.Cycle} cycle @returns {{number: number, at: number, answers: Record<string, string> | undefined}[]} */
  #due(cycle) {
    return this.asks.at_ms
      .map((after, place) => {
        const number = place + 1;
        const answers = cycle.snapshots.find((each) => each.number === number)?.answers;
        return { number, at: cycle.start_ms + after, answers };
      })
      .filter(({ at }) => at < cycle.end_ms);
  }

  #time() {
    const { player, lesson } = this.desk;
    const [was, now] = [this.was, player.now];
    this.was = now;
    if (this.look) return this.#looking(now);
    if (!player.playing || this.asked || now <= was || now - was > PLAYED_MS) return;
    for (const cycle of lesson.cycles) {
      const met = this.#due(cycle).find(({ at, answers }) => !answers && was <= at && at < now);
      if (met) return this.#lookAt(cycle, met.number, met.at);
    }
  }

  /** @param {Coding.Cycle} cycle @param {number} number @param {number} from */
  #lookAt(cycle, number, from) {
    const until = Math.min(from + this.asks.look_ms, cycle.end_ms, this.desk.lesson.duration) - 50;
    this.look = { cycle: cycle.id, number, from, until };
    // Told once as a sentence; what is left is only to be seen.
    const sentence = gettext("Look at the class for %(seconds)s s", { seconds: Math.round(this.asks.look_ms / 1000) });
    this.told.replaceChildren(sentence, make("span", { class: "number", "aria-hidden": "true" }));
    this.#looking(this.desk.player.now);
  }

  /** @param {number} now */
  #looking(now) {
    const { look } = this;
    if (!look) return;
    if (now < look.from - LEFT_MS || now > look.until + LEFT_MS) return this.#stopLooking();
    if (now >= look.until) {
      this.#stopLooking();
      return this.ask(look.cycle, look.number);
    }
    const left = ` · ${Math.ceil((look.until - now) / 1000)}`;
    const shown = need("span", HTMLElement, this.told);
    if (shown.textContent !== left) shown.textContent = left;
  }

  #stopLooking() {
    this.look = null;
    this.told.replaceChildren();
  }

  /** Ask the questions; what plays stops meanwhile, what goes on in the room does not. @param {string} cycle @param {number} number */
  ask(cycle, number) {
    const { player } = this.desk;
    this.asked = { cycle, number, answers: {}, resume: player.playing };
    player.rest();
    this.keys.first = (name) => this.#key(name);
    this.#paintPanel();
  }

  /** The question that waits: those before it have an answer, and it is to be asked. */
  get question() {
    const answers = this.asked?.answers ?? {};
    return this.asks.questions.find(({ id, only_after: after }) => !(id in answers) && (!after || answers[after[0]] === after[1]));
  }

  /** @param {string} name of a key @returns {boolean} whether it was meant for the question */
  #key(name) {
    if (name === "Escape") this.close();
    const chosen = this.question?.answers[Number(name) - 1];
    if (chosen) this.#answer(chosen.id);
    return name === "Escape" || /^\d$/.test(name);
  }

  /** @param {string} answer */
  #answer(answer) {
    if (!this.asked || !this.question) return;
    this.asked.answers[this.question.id] = answer;
    if (this.question) return this.#paintPanel();
    const { cycle, number, answers } = this.asked;
    this.desk.history.act([{ kind: "snapshot.put", payload: { cycle, number, answers } }]);
    this.desk.say(gettext("Snapshot %(number)s answered.", { number }), true);
    this.close();
  }

  /** Put the questions away; without all answers the snapshot stays open. */
  close() {
    const resume = this.asked?.resume;
    this.asked = null;
    this.keys.first = null;
    this.panel.hidden = true;
    if (resume && !this.desk.player.playing) this.desk.player.toggle();
    release();
  }

  /** @param {string} kind */
  #changed(kind) {
    if (kind.startsWith("score.") || kind.startsWith("note.")) return;
    if (this.asked && !this.desk.lesson.cycle(this.asked.cycle)) this.close();
    this.#paintList();
  }

  #paintPanel() {
    const { asked, question } = this;
    if (!asked || !question) return;
    const cycle = this.desk.lesson.cycle(asked.cycle);
    const known = cycle?.snapshots.find((each) => each.number === asked.number)?.answers[question.id];
    this.panel.replaceChildren(
      make("p", { class: "quiet" }, gettext("Cycle %(cycle)s · snapshot %(number)s", { cycle: cycle?.number ?? 0, number: asked.number })),
      make("h3", {}, question.title),
      make(
        "p",
        { class: "answers" },
        ...question.answers.map(({ id, title }, place) =>
          make("button", { type: "button", class: "key wide", "aria-pressed": String(id === known), onclick: () => this.#answer(id) }, make("kbd", {}, String(place + 1)), title),
        ),
        make("button", { type: "button", class: "key wide", onclick: () => this.close() }, make("kbd", {}, "Esc"), gettext("Later")),
      ),
    );
    this.panel.hidden = false;
  }

  /** The snapshots of the active cycle: the open ones lead to their moment, all can be answered anew. */
  #paintList() {
    const { cycle } = this.desk.place;
    const due = cycle ? this.#due(cycle) : [];
    this.list.hidden = due.length === 0;
    this.list.replaceChildren(...due.map((each) => this.#button(cycle?.id ?? "", each)));
  }

  /** @param {string} cycle @param {{number: number, at: number, answers: Record<string, string> | undefined}} due */
  #button(cycle, { number, at, answers }) {
    const words = gettext("Snapshot %(number)s · %(time)s", { number, time: clock(at) });
    const state = answers ? gettext("answered") : gettext("open");
    const press = () => {
      if (!answers) this.desk.player.seek(at);
      this.ask(cycle, number);
    };
    return make("button", { type: "button", class: "key wide", "data-open": !answers, title: state, onclick: press }, `${answers ? "✓ " : ""}${words}`, make("span", { class: "visually-hidden" }, `, ${state}`));
  }
}
