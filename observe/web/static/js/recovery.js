// @ts-check
/** Changes that an earlier page could not send: sent and told on whichever page this is. */
import { RequestError } from "./http.js";
import { firstBatch, forget, send } from "./journal.js";
import { gettext, locale } from "./text.js";

/**
 * Send what is in `entries`; those that were told stay until a person has decided.
 * @param {Journal.Entry[]} entries of windows that are gone
 * @returns {Promise<Journal.Recovery>}
 */
export async function resend(entries) {
  let waiting = entries.filter((entry) => !entry.told);
  // What was watched goes without a word: nobody wrote it.
  const since = waiting.find(isWritten)?.at ?? "";
  let recovered = 0;
  while (waiting.length) {
    const batch = firstBatch(waiting);
    waiting = waiting.slice(batch.length);
    try {
      const kept = new Set((await send(batch)).acknowledged);
      recovered += batch.filter((entry) => isWritten(entry) && kept.has(entry.id)).length;
    } catch (error) {
      // Not this person's, or of a program that is down: it stays here and is tried again.
      if (!(error instanceof RequestError)) throw error;
      if (error.status === 0 || error.status === 401) break;
      // What was done after it stands on it: a later text before an earlier one would be lost.
      waiting = waiting.filter((entry) => entry.url !== batch[0].url);
    }
  }
  tell(recovered, since, entries.filter((entry) => entry.told));
  return { recovered, since };
}

/** @param {Journal.Entry} entry */
function isWritten(entry) {
  return entry.change.kind !== "watched";
}

/** @param {Journal.Entry} entry what was written stays readable, so that nobody types it again */
function words(entry) {
  const { text, words, reason } = entry.change.payload;
  const written = text || words || reason;
  return written ? `${entry.told} “${written}”` : `${entry.told}`;
}

/**
 * @param {number} recovered how many are safe now
 * @param {string} since when the first of them was made (ISO)
 * @param {Journal.Entry[]} left those that were not taken: told until a person has decided
 */
function tell(recovered, since, left) {
  // The coding screen has its own place for these.
  if (left.length && !document.getElementById("stuck")) tellLeft(left);
  if (recovered) announce(recovered, since);
}

/** @param {Journal.Entry[]} entries */
function tellLeft(entries) {
  const box = document.createElement("section");
  box.className = "problem-box";
  box.setAttribute("role", "status");
  const title = document.createElement("h2");
  title.textContent = gettext("Some changes of an observation were not saved");
  const list = document.createElement("ul");
  for (const entry of entries) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/observaciones/${entry.observation}`;
    link.textContent = gettext("Open the observation");
    item.append(words(entry), " ", link);
    list.append(item);
  }
  const discard = document.createElement("button");
  discard.type = "button";
  discard.className = "button";
  discard.textContent = gettext("Let them go");
  discard.addEventListener("click", async () => {
    await forget(entries.map((entry) => entry.id));
    box.remove();
  });
  box.append(title, list, discard);
  document.getElementById("main")?.prepend(box);
}

/** @param {number} recovered @param {string} since */
function announce(recovered, since) {
  const time = new Date(since).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const told = document.createElement("p");
  told.className = "told told-done";
  told.setAttribute("role", "status");
  told.textContent =
    recovered === 1
      ? gettext("We recovered 1 change of %(time)s that had not been saved.", { time })
      : gettext("We recovered %(count)s changes of %(time)s that had not been saved.", { count: recovered, time });
  document.getElementById("main")?.prepend(told);
}
