// @ts-check
/** The educator's answer saves itself; without this file its buttons do. */
import { autosave } from "./autosave.js";
import { showErrors } from "./errors.js";
import { spareTheLine } from "./line.js";

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("answer"));
const told = document.getElementById("saved");
if (form && told) {
  document.getElementById("save")?.setAttribute("hidden", "");
  autosave(form, told, (answer) => showErrors(form, answer.errors));
}
spareTheLine();
