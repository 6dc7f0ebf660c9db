// @ts-check
/** A browser that plays no film written in the page gets the same bytes as a file of its own. */
(() => {
  "use strict";
  for (const film of document.querySelectorAll("video")) {
    film.addEventListener(
      "error",
      () => {
        const [about, content] = film.src.split(",", 2);
        const raw = atob(content ?? "");
        const bytes = new Uint8Array(raw.length);
        for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
        const type = (about ?? "").replace(/^data:|;base64$/g, "");
        film.src = URL.createObjectURL(new Blob([bytes], { type }));
      },
      { once: true },
    );
  }
})();
