"""Papers of a class entered with the keyboard alone; a film that opens once it was looked at."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from observe.db import Database
from observe.people import class_lists
from observe.privacy import consent
from observe.privacy.consent import How
from observe.privacy.scopes import FORM_VERSION, Channel, Scope
from tests import factories
from tests.browser.conftest import BROWSER, LAPTOP, PHONE, OpenAs

pytestmark = BROWSER
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def test_from_papers_to_an_open_film(
    open_as: OpenAs, database: Database, cast: factories.Cast
) -> None:
    with database.write() as session:
        class_lists.write_class_list(session, cast.class_group.id, "1 Ana\n2", actor=cast.observer)
        film = factories.recording(session, cast, consent=False).id
        how = How(Channel.PAPER, FORM_VERSION, factories.TODAY)
        educator, everything = cast.educator.user_id, frozenset(Scope)
        consent.register_educator(session, educator, everything, how, actor=cast.observer)
    page = open_as(cast.observer)
    page.goto(f"/cursos/{cast.class_group.id}/autorizaciones")
    page.locator("input[type=radio][value='']").first.focus()
    page.keyboard.press("ArrowRight")  # allows, with everything that is asked for
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 de 2")).to_be_visible()
    _accessible(page)

    page.goto(f"/videos/{film}")
    _accessible(page)
    page.locator("#visible").fill("1")
    page.get_by_label("No estuvo ese día").check()
    page.get_by_role("button", name="Guardar lo que vi").click()
    expect(page.get_by_role("button", name="Empezar a codificar")).to_be_visible()


def _accessible(page: Page) -> None:
    """Axe finds nothing in the content at both sizes, and nothing is cut off at the side."""
    for size in (LAPTOP, PHONE):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        found = Axe().run(page, context="main", options={"runOnly": TAGS})
        assert found.response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
