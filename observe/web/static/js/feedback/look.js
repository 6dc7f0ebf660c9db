// @ts-check
/** How she saw her lesson saves itself; without this file its buttons do. */
import { autosave } from "./autosave.js";

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("look"));
const told = document.getElementById("saved");
if (form && told) {
  document.getElementById("save")?.setAttribute("hidden", "");
  autosave(form, told);
}
