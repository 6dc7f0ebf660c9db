// @ts-check
/** On a slow line, or where data are to be spared, the smaller copies of the clips play. */

const SLOW = ["slow-2g", "2g", "3g"];

/** Take the smaller copies where the browser says so; nothing was loaded yet, so nothing is lost. */
export function spareTheLine() {
  const { connection } = /** @type {any} */ (navigator); // not every browser tells
  if (!connection || !(connection.saveData || SLOW.includes(connection.effectiveType))) return;
  const films = document.querySelectorAll("video[data-light]");
  for (const film of films) film.setAttribute("src", film.getAttribute("data-light") ?? "");
  if (!films.length) return;
  for (const told of document.querySelectorAll("[data-line]")) {
    told.toggleAttribute("hidden", told.getAttribute("data-line") !== "light");
  }
}
