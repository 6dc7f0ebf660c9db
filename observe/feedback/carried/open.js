// @ts-check
/** Opens what was sealed, in this browser and nowhere else. */
(() => {
  "use strict";
  const form = /** @type {HTMLFormElement} */ (document.getElementById("open"));
  const typed = /** @type {HTMLInputElement} */ (document.getElementById("passphrase"));
  const told = /** @type {HTMLElement} */ (document.getElementById("told"));
  const sealed = /** @type {HTMLElement} */ (document.getElementById("sealed"));

  /** @param {string} text of base 64 */
  function bytesOf(text) {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
    return bytes;
  }

  /** @param {string} passphrase */
  async function opened(passphrase) {
    const given = sealed.dataset;
    const letters = new TextEncoder();
    const secret = await crypto.subtle.importKey(
      "raw", letters.encode(passphrase.normalize("NFKC").trim()), "PBKDF2", false, ["deriveKey"],
    );
    const key = await crypto.subtle.deriveKey(
      {
        name: "PBKDF2", hash: "SHA-256", salt: bytesOf(given.salt ?? ""),
        iterations: Number(given.iterations),
      },
      secret, { name: "AES-GCM", length: 256 }, false, ["decrypt"],
    );
    return crypto.subtle.decrypt(
      {
        name: "AES-GCM", iv: bytesOf(given.nonce ?? ""),
        additionalData: letters.encode(given.label),
      },
      key, bytesOf(sealed.textContent ?? ""),
    );
  }

  /** @param {ArrayBuffer} packed the length of a list, the list, then each part */
  function unpacked(packed) {
    const length = new DataView(packed).getUint32(0);
    /** @type {{name: string, type: string, size: number}[]} */
    const listed = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, length)));
    /** @type {Map<string, Blob>} */
    const parts = new Map();
    let at = 4 + length;
    for (const { name, type, size } of listed) {
      parts.set(name, new Blob([new Uint8Array(packed, at, size)], { type }));
      at += size;
    }
    return parts;
  }

  /** @param {Map<string, Blob>} parts */
  async function show(parts) {
    const text = (await parts.get("page")?.text()) ?? "";
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const place of ["src", "poster"]) {
      for (const element of page.querySelectorAll(`[data-${place}]`)) {
        const part = parts.get(element.getAttribute(`data-${place}`) ?? "");
        if (part) element.setAttribute(place, URL.createObjectURL(part));
      }
    }
    document.title = page.title;
    document.body.replaceChildren(...page.body.children);
    const heading = document.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    told.className = "";
    told.textContent = form.dataset.busy ?? "";
    let packed;
    try {
      packed = await opened(typed.value);
    } catch (error) {
      const refused = error instanceof DOMException && error.name === "OperationError";
      told.className = "wrong";
      told.textContent = (refused ? form.dataset.wrong : form.dataset.damaged) ?? "";
      typed.select();
      return;
    }
    await show(unpacked(packed));
  });

  const able = Boolean(globalThis.crypto && crypto.subtle);
  form.hidden = !able;
  /** @type {HTMLElement} */ (document.getElementById("unable")).hidden = able;
})();
