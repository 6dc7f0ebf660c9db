"""Take the pictures of docs/screens.md: `python -m tools.picture_screens LINK`.

LINK is the sign-in link of the observer that a fresh `make run` has printed; people are drawn. Each
picture replaces the one of before.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tools.find_browser import found

IMAGES = Path(__file__).parents[1] / "docs" / "images"
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
READY = "html[data-ready]"


def take(page: Page, name: str) -> None:
    """Picture what is in sight, once nothing moves any more."""
    page.wait_for_timeout(600)
    if name == "coding":  # the readme shows it: without loss
        page.screenshot(path=IMAGES / f"{name}.png")
    else:
        page.screenshot(path=IMAGES / f"{name}.jpg", quality=80)


def stand(page: Page, seconds: float) -> None:
    """Go to a moment of the video."""
    page.evaluate("seconds => { document.querySelector('#video').currentTime = seconds; }", seconds)
    page.wait_for_timeout(300)


def code(page: Page) -> None:
    """Plan cycles, score some rows, write notes, mark a clip and what cannot be coded."""
    take(page, "empty")
    page.keyboard.press("p")
    take(page, "planner")
    for key in ("Control+a", "3", "Tab", "0", ":", "4", "5", "Enter"):
        page.keyboard.press(key)
    for digit in "3421":
        page.keyboard.press(digit)
    stand(page, 22)
    page.keyboard.press("n")
    page.keyboard.type("Una niña explica cómo lo sabe y otra le responde")
    take(page, "note")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    stand(page, 42)
    page.keyboard.press("c")
    page.locator("[data-do=stretch]").click()
    page.locator("#stretches [name=start]").fill("2:18")
    page.locator("#stretches [name=end]").fill("2:30")
    page.locator("#stretches [name=reason]").fill("patio")
    page.locator("#stretches button[value=keep]").click()
    take(page, "coding")


def look_around(page: Page, context: BrowserContext) -> None:
    """Open each panel, the keys, the phone's view, and what is seen without a connection."""
    for name, panel in (("clips", "clips"), ("words", "descriptors")):
        page.locator(f"[data-do={panel}]").first.click()
        take(page, name)
    page.locator("[data-do=descriptors]").first.click()
    page.keyboard.press("z")
    page.keyboard.press("z")
    take(page, "zoomed")
    page.keyboard.press("w")
    page.keyboard.press("?")
    take(page, "keys")
    page.keyboard.press("Escape")
    context.set_offline(offline=True)
    page.keyboard.press("2")
    page.wait_for_selector("#saving[data-state=offline]")
    take(page, "offline")
    context.set_offline(offline=False)
    page.wait_for_selector("#saving[data-state=saved]")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    take(page, "phone")
    page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]


def collide(page: Page, context: BrowserContext) -> None:
    """Score the same cell in two windows."""
    other = context.new_page()
    other.goto(page.url)
    other.wait_for_selector(READY, state="attached")
    for window, value in ((page, 3), (other, 4)):
        button = window.locator("#rows .cell").nth(6).locator(f"[data-value='{value}']")
        button.evaluate("button => button.click()")
        window.wait_for_timeout(500)
    other.bring_to_front()
    take(other, "conflict")
    other.locator("#stuck button").last.click()


def main() -> None:
    """Go through the screen of coding once, and through that of a lesson in the room."""
    link, browser_path = sys.argv[1], found()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        context = browser.new_context(viewport=LAPTOP, locale="es-CL")  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(link)
        page.locator("main button").click()
        page.wait_for_load_state()
        page.goto(urljoin(link, "/videoteca"))
        page.locator("main a[href*='/videos/0']").first.click()
        page.locator("form[action$='codificar'] button").first.click()
        page.wait_for_selector(READY, state="attached")
        code(page)
        look_around(page, context)
        collide(page, context)
        for name, button in (("history", "Historia"), ("finish", "Terminar")):
            address = page.url
            page.get_by_role("link", name=button).click()
            page.wait_for_load_state()
            take(page, name)
            page.goto(address)
            page.wait_for_selector(READY, state="attached")
        page.goto(urljoin(link, "/videoteca"))
        page.get_by_role("link", name="Observar en vivo").first.click()
        page.locator("#class_group").fill("1° B")
        page.locator("#educator").select_option(index=1)
        page.locator("input[name=rubric]").first.check()
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.get_by_role("button", name="Iniciar el reloj").click()
        page.wait_for_selector(READY, state="attached")
        page.get_by_role("button", name="Comienza el ciclo 1").click()
        take(page, "live")
        browser.close()


if __name__ == "__main__":
    main()
