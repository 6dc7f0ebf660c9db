// @ts-check
/** Fields of words: how long they are, words of the rubric put into them, and hints about them. */
import { formatNumber, gettext } from "../text.js";

/** Say how much of a field is used. @param {HTMLTextAreaElement} field */
export function count(field) {
  const place = document.getElementById(`${field.id}-count`);
  const limit = Number(place?.dataset.limit);
  if (!place || !limit) return;
  const used = field.value.trim().length;
  const numbers = { count: formatNumber(used), limit: formatNumber(limit) };
  place.classList.toggle("over", used > limit);
  place.textContent =
    used > limit
      ? gettext("▲ %(count)s of %(limit)s characters: shorten it.", numbers)
      : gettext("%(count)s of %(limit)s characters", numbers);
}

/**
 * Put the words of a button on a line of their own, as the server does; nothing typed goes.
 * @param {HTMLTextAreaElement} field
 * @param {string} line
 * @param {() => void} changed
 */
export function add(field, line, changed) {
  const before = field.value;
  if (before.includes(line)) return tellAdded(field, gettext("It is there already."));
  const after = before.trim() ? `${before.trimEnd()}\n${line}` : line;
  field.value = after;
  changed();
  const undo = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: gettext("Undo") });
  undo.addEventListener("click", () => {
    // What was typed since stays.
    field.value = field.value === after ? before : field.value.replace(`\n${line}`, "").replace(line, "");
    tellAdded(field, "");
    field.focus();
    changed();
  });
  tellAdded(field, gettext("Added; make it yours."), undo);
}

/** @param {HTMLTextAreaElement} field @param {(string | Node)[]} told */
function tellAdded(field, ...told) {
  document.getElementById(`${field.id}-added`)?.replaceChildren(...told.flatMap((each) => [each, " "]));
}

/** Show the hints beside their fields. @param {HTMLFormElement} form @param {Record<string, string[]>} tones */
export function hint(form, tones) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-tone]"))) {
    const told = tones[place.dataset.tone ?? ""] ?? [];
    if (told.join("\n") === Array.from(place.children, (each) => each.textContent).join("\n")) continue;
    place.replaceChildren(...told.map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })));
  }
}
