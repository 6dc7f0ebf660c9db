"""People in a real browser: a table is looked at and taken, every page can be read by all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from observe.db import Database, today
from observe.feedback import visiting
from tests.browser.coding import WCAG
from tests.browser.conftest import BROWSER, PHONE
from tests.factories import Cast

pytestmark = BROWSER

TABLE = (
    "id,name,email,role,rbd\n"
    "educator-berta-obrien,Berta O'Brien Paz,educator-berta-obrien@escuela.test,educator,1234-5\n"
    "nora,Nora Ríos,,utp_head,6789-K\n"
)


def readable(page: Page) -> None:
    """No violation, and nothing wider than the screen, on a laptop and on a phone."""
    for viewport in ({"width": 1366, "height": 625}, PHONE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        result = Axe().run(page, options={"runOnly": WCAG})
        assert result.violations_count == 0, result.generate_report()
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, (page.url, over)
    page.set_viewport_size({"width": 1366, "height": 625})


def test_from_a_table_to_a_person_who_is_invited(
    open_as: Callable[..., Page], database: Database, cast: Cast
) -> None:
    with database.write() as session:
        last_day = today() + timedelta(days=30)
        peers = (cast.educator.user_id, cast.outsider_educator.user_id)
        visiting.propose(session, *peers, last_day, actor=cast.network_lead)
    page = open_as(cast.administrator)
    page.get_by_role("link", name="Personas", exact=True).click()
    page.get_by_role("link", name="Importar").first.click()
    readable(page)
    page.locator("#people-file").set_input_files(
        {"name": "personas.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    )
    page.locator("form:has(#people-file) button").click()
    expect(page.get_by_text("1 nuevos, 1 con cambios")).to_be_visible()
    readable(page)
    page.get_by_role("button", name="Importar", exact=True).click()
    page.get_by_role("link", name="Personas", exact=True).click()
    page.get_by_role("link", name="Nora Ríos").click()
    page.get_by_text("Dar otro rol").click()
    readable(page)
    page.get_by_role("button", name="Invitar con un enlace").click()
    expect(page.get_by_text("dentro de 7 días")).to_be_visible()
    for path in ("/personas/nueva", "/personas/redes", f"/establecimientos/{cast.school.id}"):
        page.goto(path)
        readable(page)
    page = open_as(cast.educator)
    page.goto("/visitas")
    page.get_by_role("link", name="Berta").click()
    readable(page)
    page.get_by_role("button", name="Acepto").click()
    expect(page.get_by_text("Aceptaste", exact=True)).to_be_visible()
