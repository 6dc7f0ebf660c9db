"""Raw video fills the screen together with who watches it, on each page and in no other way."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from observe.coding.operations import start
from observe.db import Database
from observe.rubric.models import RubricVersion
from observe.video.store import Store
from tests import factories
from tests.browser.coding import WCAG
from tests.browser.conftest import BROWSER, PHONE, OpenAs
from tests.feedback_cases import filmed

pytestmark = BROWSER
# What fills the screen: whether it shows the video, and the name of who watches over it.
FILLED = """() => { const box = document.fullscreenElement;
  return [!!box?.querySelector('video'), box?.querySelector('.watermark')?.innerText ?? '']; }"""
NOTHING_FILLED = "() => document.fullscreenElement === null"


def test_the_mark_goes_along_to_the_whole_screen(
    open_as: OpenAs,
    database: Database,
    store: Store,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    small_video: Path,
) -> None:
    with database.write() as session:
        film = filmed(session, store, cast, small_video)
        coding = start(session, film.id, rubric_version.id, actor=cast.observer).id
    observing = open_as(cast.observer)
    _fills(observing, f"/videos/{film.id}", "Ana Peñailillo")
    observing.goto(f"/observaciones/{coding}")
    expect(observing.get_by_role("button", name="Pantalla completa")).to_have_count(0)
    _never_bare(observing)
    _fills(open_as(cast.educator, PHONE), f"/mis-datos/clases/{film.id}", "Berta O'Brien")


def _fills(page: Page, address: str, name: str) -> None:
    """Fill the screen by the page's own button, with the name of who watches, and leave it."""
    page.goto(address)
    button = page.get_by_role("button", name="Pantalla completa")
    expect(button).to_be_visible()
    found = Axe().run(page, context="main", options={"runOnly": WCAG})
    assert found.response["violations"] == []
    button.click()
    page.wait_for_function(f"!({NOTHING_FILLED})()")
    shown, told = page.evaluate(FILLED)
    assert shown
    assert name in told
    page.get_by_role("button", name="Salir de pantalla completa").click()
    page.wait_for_function(NOTHING_FILLED)
    _never_bare(page)


def _never_bare(page: Page) -> None:
    """Neither a double click nor a key nor a browser's own button fills it with the video alone."""
    video = page.locator("video").first
    assert "nofullscreen" in (video.get_attribute("controlslist") or "")
    video.dblclick()
    page.keyboard.press("f")
    assert page.evaluate(NOTHING_FILLED)
    # As the button of a browser that does not know that attribute would.
    video.evaluate("video => video.requestFullscreen()")
    page.wait_for_function(NOTHING_FILLED)
