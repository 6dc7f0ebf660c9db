// @ts-check
/** The educator's answer saves itself; without this file its buttons do. */
import { autosave } from "./autosave.js";

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("answer"));
const told = document.getElementById("saved");
const error = document.getElementById("text-error");
if (form && told) {
  document.getElementById("save")?.setAttribute("hidden", "");
  autosave(form, told, () => error?.setAttribute("hidden", ""));
}
