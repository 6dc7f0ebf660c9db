// @ts-check
/** Cards that open for what is looked for in them, and stay as they were when the page comes anew. */

/** Open all that is around `target`, and go into it. @param {HTMLElement} target */
export function reveal(target) {
  for (let around = target.closest("details"); around; around = around.parentElement?.closest("details") ?? null) {
    around.open = true;
  }
  if (target.matches("input, select, textarea")) target.focus();
  target.scrollIntoView({ block: "center" });
}

/** @param {HTMLElement} page */
export function keepOpen(page) {
  const key = `open ${location.pathname}`;
  const cards = /** @type {NodeListOf<HTMLDetailsElement>} */ (page.querySelectorAll("details[id]"));
  const open = new Set((sessionStorage.getItem(key) ?? "").split(" "));
  for (const card of cards) card.open ||= open.has(card.id);
  window.addEventListener("pagehide", () => {
    const ids = Array.from(cards).filter((card) => card.open).map((card) => card.id);
    sessionStorage.setItem(key, ids.join(" "));
  });
}
