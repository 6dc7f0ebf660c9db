// @ts-check
/** A key asked for: the browser makes one, or lets one sign, and the page goes on. */
import { RequestError, post } from "./http.js";
import { gettext } from "./text.js";

/**
 * @param {HTMLButtonElement} button
 * @returns {Promise<Credential | null>}
 */
async function asked(button) {
  const options = await post(button.dataset.options ?? "", {});
  if (button.dataset.key === "new") {
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
  }
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}

/** @param {HTMLButtonElement} button */
async function show(button) {
  const told = /** @type {HTMLElement} */ (button.parentElement?.querySelector("[data-key-told]"));
  told.hidden = true;
  try {
    const key = /** @type {PublicKeyCredential} */ (await asked(button));
    const answer = await post(button.dataset.answer ?? "", key.toJSON());
    location.assign(answer.next);
  } catch (error) {
    // The browser's own refusals are many, and in its language: taken back, too late, no such key.
    told.textContent = error instanceof RequestError ? error.message : gettext("The key did not answer. Try again, or use a code.");
    told.hidden = false;
  }
}

const able = window.PublicKeyCredential && "parseCreationOptionsFromJSON" in PublicKeyCredential;
for (const box of document.querySelectorAll("[data-with-key]")) {
  /** @type {HTMLElement} */ (box).hidden = !able;
  const button = /** @type {HTMLButtonElement} */ (box.querySelector("button[data-key]"));
  button.addEventListener("click", () => show(button));
}
