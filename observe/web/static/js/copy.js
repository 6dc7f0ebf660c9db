// @ts-check
/** A button that copies a field, where the browser allows it; the field can be selected without it. */
for (const found of document.querySelectorAll("button[data-copies]")) {
  const button = /** @type {HTMLButtonElement} */ (found);
  const field = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset.copies ?? ""));
  const told = /** @type {HTMLElement} */ (button.parentElement?.querySelector("[data-copied]"));
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      told.textContent = told.dataset.copied ?? "";
    } catch {
      field.focus(); // not allowed here: it is selected, to be copied by hand
    }
  });
}
