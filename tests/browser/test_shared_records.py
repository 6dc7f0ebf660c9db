"""Shared records in a real browser, on a laptop and on a phone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from observe.coding import correcting
from observe.db import Database
from observe.records import operations as records
from observe.records import releases
from observe.video.models import Selection
from tests import factories
from tests.browser.coding import WCAG
from tests.browser.conftest import BROWSER, LAPTOP, PHONE, note_errors, sign_in
from tests.database.test_releases import coded
from tests.factories import TODAY, recording
from tests.feedback_cases import given_for, submitted
from tests.program import Program

pytestmark = BROWSER


@pytest.fixture
def observation_id(database: Database, cast: factories.Cast) -> UUID:
    """Two lessons of the educator, with feedback and a correction asked for; averages given out."""
    with database.write() as session:
        first, second = recording(session, cast), recording(session, cast)
        second.recorded_on = TODAY + timedelta(days=40)
        second.selection = Selection.EDUCATOR_CHOSEN
        found = [submitted(session, cast, each) for each in (first, second)]
        given_for(session, cast, found[0])
        coded(session, cast, cast.school, ["Uno", "Dos", "Tres", "Cuatro", "Cinco"])
        releases.release(session, actor=cast.network_lead)
        correcting.ask(session, found[1].id, "Mira otra vez el ciclo 1.", actor=cast.utp_head)
        return found[1].id


def fine(page: Page) -> None:
    """The page has no barrier and is no wider than the screen."""
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.violations_count == 0, found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, (page.url, wide)


def test_a_head_finds_her_way_on_a_laptop_and_on_a_phone(
    chromium: Browser,
    server: Program,
    database: Database,
    cast: factories.Cast,
    observation_id: UUID,
) -> None:
    errors: list[str] = []
    for viewport in (LAPTOP, PHONE):
        context = chromium.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            locale="es-CL",
            base_url=f"http://127.0.0.1:{server.port}",
        )
        note_errors(context, errors)
        sign_in(context, database, cast.utp_head, cast.administrator)
        page = context.new_page()
        page.goto("/registros?texto=Berta")
        fine(page)
        expect(page.locator("#fresh")).to_be_hidden()
        with database.write() as session:
            records.comment(session, observation_id, "¿Y atrás?", actor=cast.observer)
        expect(page.locator("#fresh")).to_be_visible()  # the list tells it while it is open
        page.get_by_role("link", name="en el tiempo Berta O'Brien").first.click()
        expect(page.get_by_role("img").first).to_be_visible()
        page.get_by_text("Lo mismo en números").first.click()
        fine(page)
        page.get_by_role("link", name="12 may 2026").first.click()
        fine(page)
        page.goto(f"/registros/{observation_id}")
        expect(page.get_by_text("Mira otra vez el ciclo 1.")).to_be_visible()
        fine(page)
        page.goto("/red/promedios")
        expect(page.get_by_role("rowheader", name="Escuela Los Aromos")).to_be_visible()
        fine(page)
        context.close()
    assert errors == []
