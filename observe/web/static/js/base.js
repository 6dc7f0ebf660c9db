// @ts-check
/** Small comforts of every page; all of them work without it too. */
import { resendUnsent } from "./journal.js";

// What an earlier page could not send is sent from here, whichever page this is.
resendUnsent();

// A menu closes by Escape and by a click elsewhere.
for (const menu of document.querySelectorAll("details.menu")) {
  const details = /** @type {HTMLDetailsElement} */ (menu);
  document.addEventListener("click", (event) => {
    if (details.open && !details.contains(/** @type {Node} */ (event.target))) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  });
}

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || form.method.toLowerCase() !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000); // the answer may be a file, and this page stays
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// A filter acts when it is chosen.
for (const select of document.querySelectorAll("form.filters select")) {
  select.addEventListener("change", () => /** @type {HTMLSelectElement} */ (select).form?.requestSubmit());
}

// What is to be copied is selected when it is entered.
for (const field of document.querySelectorAll("input[data-copy]")) {
  field.addEventListener("focus", () => /** @type {HTMLInputElement} */ (field).select());
}
