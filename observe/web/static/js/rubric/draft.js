// @ts-check
/** The page of a draft: it saves itself and shows at once what that means for the rest of the page. */
import { gettext } from "../text.js";
import { Autosave } from "./autosave.js";
import { keepOpen, reveal } from "./cards.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("draft"));
const aside = /** @type {HTMLElement} */ (document.getElementById("aside"));
const told = /** @type {HTMLElement} */ (document.getElementById("saved"));

/** @param {import("./autosave.js").Answer} answer */
function show(answer) {
  const focused = aside.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
  aside.innerHTML = answer.aside;
  if (focused) /** @type {HTMLElement | null} */ (aside.querySelector(`a[href="${CSS.escape(focused)}"]`))?.focus();
  const missing = Number(/** @type {HTMLElement} */ (aside.querySelector("[data-missing]")).dataset.missing);
  const why = form.querySelector("[data-why]");
  for (const place of form.querySelectorAll("[data-count]")) place.textContent = String(missing);
  if (!why) return;
  why.textContent = missing
    ? gettext("Still missing: %(count)s. Press the button to see each at its field.", { count: missing })
    : gettext("Nothing is missing.");
}

/** What shows the words of a field elsewhere on the page follows them. @param {HTMLInputElement} field */
function follow(field) {
  const words = field.value.trim() || gettext("(no name yet)");
  for (const place of document.querySelectorAll(`[data-follows="${CSS.escape(field.name)}"]`)) place.textContent = words;
}

/** Only the numbers that a scale has are given words. @param {Element} scale */
function span(scale) {
  const name = /** @type {HTMLElement} */ (scale).dataset.scale;
  const [low, high] = ["min", "max"].map((end) => /** @type {HTMLInputElement} */ (form.elements.namedItem(`scales.${name}.${end}`)).value);
  for (const words of /** @type {NodeListOf<HTMLElement>} */ (scale.querySelectorAll("[data-number]"))) {
    const number = Number(words.dataset.number);
    words.hidden = !low || !high || number < Number(low) || number > Number(high);
  }
}

const saving = new Autosave(form, told, show);
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
  event.preventDefault(); // without a script it sends the form
  saving.plan(0);
});
document.getElementById("save")?.setAttribute("hidden", "");
form.addEventListener("input", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  follow(field);
  if (field.name === "languages") form.dataset.languages = field.value;
  const scale = field.closest("[data-scale]");
  if (scale) span(scale);
});
keepOpen(form);
document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest('a[href^="#"]');
  const target = link && document.getElementById(decodeURIComponent(link.getAttribute("href") ?? "").slice(1));
  if (target) reveal(target);
});
const asked = document.getElementById(decodeURIComponent(location.hash).slice(1));
if (asked) reveal(asked);
