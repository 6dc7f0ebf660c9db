// @ts-check
/** What comes with playing, each part fetched when it is needed: log, end of cycle, policy, snapshots. */
import { Player } from "./player.js";

export class Stage {
  /** @param {import("./desk.js").Desk} desk @param {import("./keys.js").Keys} keys */
  constructor(desk, keys) {
    this.desk = desk;
    const { player, given, sync } = desk;
    const { snapshots, playback_policy: policy } = given.protocol;
    this.snapshots = this.#part(async () => snapshots && new (await import("./snapshots.js")).Snapshots(desk, keys, snapshots));
    /** when everything is there that the rubric asks for */
    this.ready = snapshots ? this.snapshots().then(() => undefined) : Promise.resolve();
    if (!(player instanceof Player)) return; // in the room nothing is played
    const kept = `observe.within.${given.observation}`;
    this.log = this.#part(async () => new (await import("./watched.js")).Watched(player, sync));
    this.within = this.#part(async () => new (await import("./within.js")).Within(desk, player, kept));
    this.guard = this.#part(async () => {
      const [{ Guard }, log] = await Promise.all([import("./guard.js"), this.log?.()]);
      return log ? new Guard(desk, player, log) : null;
    });
    player.addEventListener("barred", (event) => desk.say(/** @type {CustomEvent} */ (event).detail));
    player.video.addEventListener("play", () => this.log?.());
    const first = [localStorage.getItem(kept) && this.within(), policy !== "free" && this.guard(), this.ready];
    this.ready = Promise.all(first).then(() => undefined);
  }

  /**
   * @template T @param {() => Promise<T>} load
   * @returns {() => Promise<T | null>} gives the part, fetched once; nothing while the program is down
   */
  #part(load) {
    /** @type {Promise<T | null> | null} */
    let found = null;
    return () => {
      found ??= this.desk.fetch(load).then((part) => {
        if (!part) found = null;
        return part;
      });
      return found;
    };
  }
}
