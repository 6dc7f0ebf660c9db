// @ts-check
/** What is wrong with fields, told beside each: `<p class="error" id="NAME-error">`. */

/**
 * Show the sentences of `errors` at their fields, and none at the others.
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} errors by the field's name
 */
export function showErrors(form, errors) {
  for (const place of form.querySelectorAll("p.error")) {
    const name = place.id.replace(/-error$/, "");
    const sentence = errors[name] ?? "";
    place.textContent = sentence;
    place.toggleAttribute("hidden", !sentence);
    document.getElementById(name)?.setAttribute("aria-invalid", sentence ? "true" : "false");
  }
}
