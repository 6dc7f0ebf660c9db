// @ts-check
/** The coding screen: puts its parts together and its keys into their table. */
import { gettext } from "../text.js";
import { user } from "../http.js";
import { resendUnsent } from "../journal.js";
import { Cycles } from "./cycles.js";
import { Desk } from "./desk.js";
import { Balance } from "./evidence.js";
import { digitKeys, Keys } from "./keys.js";
import { Lesson } from "./lesson.js";
import { Notes } from "./notes.js";
import { need, release } from "./page.js";
import { SavingView } from "./saving.js";
import { Panels, Scoring } from "./scoring.js";
import { Stage } from "./stage.js";
import { Sync } from "./sync.js";

const PATIENCE_MS = 2_000;

/** @type {Coding.Given} */
const given = JSON.parse(need("#observation", HTMLScriptElement).textContent || "");
const lesson = new Lesson(given.document);
const sync = new Sync({ ...given, ...given.urls }, lesson);
// A lesson in the room has a clock in the place of the video.
const live = given.live ? await import("./live.js") : null;
const desk = new Desk(given, lesson, sync, live && new live.LiveClock(given, lesson));
const { player, place } = desk;
const panels = new Panels(desk);
const scoring = new Scoring(desk);
const cycles = new Cycles(desk);
const notes = new Notes(desk, (panel) => panels.show(panel));
new Balance(desk);
// Scoring comes first; the timeline is fetched meanwhile.
const timeline = desk.fetch(() => import("./timeline.js")).then((part) => part && new part.Timeline(desk));
new SavingView(desk);

/** @type {Promise<import("./clips.js").Clips | null> | undefined} */
let clips;

/** The clips, fetched when there is one to show or to make. */
async function openClips() {
  clips ??= desk.fetch(() => import("./clips.js")).then((part) => part && new part.Clips(desk, (panel) => panels.show(panel)));
  const found = await clips;
  if (!found) clips = undefined; // the program was down: another try may do
  return found;
}
if (lesson.document.clips.length) openClips();
lesson.addEventListener("changed", () => lesson.document.clips.length && openClips());
desk.openClip = async (/** @type {Coding.Clip} */ clip) => (await openClips())?.open(clip);

/** @param {number} now when the key was pressed */
async function markClip(now) {
  (await openClips())?.mark(now);
}

/** What buttons and keys do, by name. @type {Record<string, () => void>} */
const does = {
  play: () => player.toggle(),
  back: () => player.jump(-10_000),
  forward: () => player.jump(10_000),
  slower: () => player.faster(-1),
  faster: () => player.faster(1),
  note: () => notes.begin(),
  clip: () => markClip(player.now),
  clips: () => panels.toggle("clips"),
  descriptors: () => panels.toggle("words"),
  notes: () => panels.toggle("notes"),
  plan: () => cycles.openPlanner(),
  add: () => cycles.addHere(),
  start: () => cycles.startHere(),
  end: () => cycles.endHere(),
  split: () => cycles.split(),
  remove: () => cycles.remove(),
  "go-to-cycle": () => cycles.goToStart(),
  "follow-video": () => place.chooseCycle(lesson.cycleAt(player.now)?.id ?? place.cycleId),
  "previous-cycle": () => cycles.goOn(-1),
  "next-cycle": () => cycles.goOn(1),
  stretch: () => desk.openStretches(),
  "zoom-in": async () => (await timeline)?.zoomIn(),
  "zoom-out": async () => (await timeline)?.zoomOut(),
  whole: async () => (await timeline)?.view.whole(),
  undo: () => desk.undo(),
  redo: () => desk.redo(),
  within: async () => (await stage.within?.())?.next(),
  interrupt: async () => (await stage.guard?.())?.interrupt(),
  help: async () => (await help())?.open(),
};

if (live) await live.inTheRoom(desk, notes, does);

const values = given.dimensions.flatMap((dimension) => dimension.values).filter((value) => value > 0);
const digits = [...new Set(values)].filter((value) => value < 10).sort((one, other) => one - other);

/** @param {string[]} names @param {string} shown @param {string} words @param {() => void} run */
const key = (names, shown, words, run) => ({ keys: names, shown, words, run });

const keys = new Keys([
  key([" ", "k"], gettext("Space, K"), gettext("play or pause"), does.play),
  key(["j"], "J", gettext("10 seconds back"), does.back),
  key(["l"], "L", gettext("10 seconds on"), does.forward),
  key(["ArrowLeft"], "←", gettext("2 seconds back"), () => player.jump(-2_000)),
  key(["ArrowRight"], "→", gettext("2 seconds on"), () => player.jump(2_000)),
  key([","], ",", gettext("one frame back"), () => player.step(-1)),
  key(["."], ".", gettext("one frame on"), () => player.step(1)),
  key(["-"], "−", gettext("slower"), does.slower),
  key(["+"], "+", gettext("faster"), does.faster),
  digitKeys(digits, (digit) => scoring.number(digit)),
  key(["0"], "0", gettext("not observed (N/O)"), () => scoring.mark("not_observed")),
  key(["a"], "A", gettext("not applicable (N/A)"), () => scoring.mark("not_applicable")),
  key(["Backspace"], gettext("Backspace"), gettext("empty the active row"), () => scoring.clear()),
  key(["ArrowUp"], "↑", gettext("row above"), () => place.moveRow(-1)),
  key(["ArrowDown"], "↓", gettext("row below"), () => place.moveRow(1)),
  key(["Shift+ArrowUp"], gettext("Shift ↑"), gettext("cycle before"), does["previous-cycle"]),
  key(["Shift+ArrowDown"], gettext("Shift ↓"), gettext("cycle after"), does["next-cycle"]),
  key(["p"], "P", gettext("plan the cycles"), does.plan),
  key(["i"], "I", gettext("the cycle starts here"), does.start),
  key(["o"], "O", gettext("the cycle ends here"), does.end),
  key(["x"], "X", gettext("split the cycle here"), does.split),
  key(["n"], "N", gettext("note here (2 seconds before)"), does.note),
  key(["c"], "C", gettext("a clip starts here; ends here"), does.clip),
  key(["d"], "D", gettext("words of the rubric for the active row"), does.descriptors),
  key(["s"], "S", gettext("captions"), () => player.captions()),
  key(["r"], "R", gettext("at the end of the cycle: go on, stop, repeat"), does.within),
  key(["z"], "Z", gettext("timeline: larger, around the video"), does["zoom-in"]),
  key(["Shift+z"], gettext("Shift Z"), gettext("timeline: show more"), does["zoom-out"]),
  key(["w"], "W", gettext("timeline: the whole lesson"), does.whole),
  key(["Ctrl+z"], "Ctrl Z", gettext("undo"), does.undo),
  key(["Ctrl+y", "Ctrl+Shift+z"], "Ctrl Y", gettext("redo"), does.redo),
  key(["?"], "?", gettext("these keys"), does.help),
], `observe.keys.${user()}`);
const help = async () => (await desk.fetch(() => import("./keyhelp.js")))?.keyHelp(keys, does);
if (Object.keys(keys.chosen).length) help().then((part) => part?.hint());
const stage = new Stage(desk, keys);

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-do]"));
  if (!button) return;
  does[button.dataset.do ?? ""]?.();
  if (event.detail > 0 && document.activeElement === button) release();
});

for (const button of document.querySelectorAll("dialog [data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}

/** Finishing waits for what is on its way, a moment; what then still waits goes from the next page. */
need("#finish", HTMLAnchorElement).addEventListener("click", async (event) => {
  notes.close();
  if (player.playing) player.rest();
  if (!sync.waiting.length) return;
  event.preventDefault();
  await Promise.race([sync.settled(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  location.assign(need("#finish", HTMLAnchorElement).href);
});

/** A link from the page of what is missing leads to the very cell: `#celda/<cycle>/<dimension>`. */
function goToCell() {
  const [name, cycle, dimension] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (name !== "celda" || !lesson.cycle(cycle)) return;
  place.chooseCycle(cycle);
  if (given.dimensions.some((each) => each.id === dimension)) place.chooseRow(dimension);
}

window.addEventListener("hashchange", goToCell);
for (const name of ["online", "focus"]) window.addEventListener(name, () => sync.look());
document.addEventListener("visibilitychange", () => document.hidden || sync.look());
goToCell();
const stands = () => `${place.cycleId} ${place.dimension}`;
const start = stands();

// What an earlier page could not send comes first; then the document is read as it is by now.
const { recovered } = await resendUnsent();
// Another page may have sent it after this one was written.
await (recovered ? sync.refresh().catch(() => undefined) : sync.look());
desk.since = sync.version;
await sync.takeOver();
if (!location.hash && stands() === start) {
  place.resume();
  cycles.follow();
}
await Promise.all([timeline, stage.ready]);
document.documentElement.dataset.ready = "yes";
