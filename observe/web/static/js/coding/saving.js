// @ts-check
/** Whether the work is safe, always in sight. */
import { gettext } from "../text.js";
import { need } from "./page.js";

export class SavingView {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.shown = need("#saving", HTMLElement);
    /** @type {import("./stuck.js").Stuck | undefined} */
    this.stuck = undefined;
    desk.sync.addEventListener("saving", () => this.paint());
    desk.sync.addEventListener("stuck", () => this.#decide());
    desk.sync.addEventListener("elsewhere", () =>
      desk.say(gettext("Another window changed this observation: what you see now has it all.")),
    );
    window.addEventListener("beforeunload", (event) => {
      if (!desk.sync.saving.safe && desk.sync.waiting.length) event.preventDefault();
    });
    this.paint();
  }

  paint() {
    const { state, waiting, at, sentence, safe } = this.desk.sync.saving;
    const only = safe ? gettext("1 change kept on this computer") : gettext("1 change only in this window: do not close it");
    const many = safe
      ? gettext("%(count)s changes kept on this computer", { count: waiting })
      : gettext("%(count)s changes only in this window: do not close it", { count: waiting });
    const kept = waiting === 1 ? only : many;
    const words = {
      saved: gettext("Saved %(time)s", { time: at }),
      saving: gettext("Saving…"),
      offline: gettext("No connection: %(kept)s", { kept }),
      "signed-out": gettext("Signed out: %(kept)s", { kept }),
      refused: `${sentence} ${kept}`,
    }[state];
    this.shown.dataset.state = state;
    if (this.shown.textContent !== words) this.shown.textContent = words;
    need("#sign-in-again", HTMLElement).hidden = state !== "signed-out";
  }

  /** It seldom comes to this: what asks a person is fetched when it does. */
  async #decide() {
    const part = this.stuck ? null : await this.desk.fetch(() => import("./stuck.js"));
    if (part) this.stuck ??= new part.Stuck(this.desk);
  }
}
