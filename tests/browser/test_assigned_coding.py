"""Coding what a colleague asked for: in an order drawn by lot, blind, with the opening card."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from observe.coding import cycles
from observe.coding.assigning import Asking, assign
from observe.coding.models import Observation
from observe.coding.operations import start
from observe.db import Database
from observe.people.access import Actor
from observe.people.models import Role
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load
from tests import factories
from tests.browser.coding import WCAG, Lesson, saved
from tests.browser.conftest import BROWSER, PHONE, note_errors, sign_in
from tests.feedback_cases import given
from tests.program import Program
from tests.rubrics import WHOLE

pytestmark = BROWSER


@pytest.fixture
def colleague(database: Database, cast: factories.Cast) -> Actor:
    with database.write() as session:
        return factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)


@pytest.fixture
def asked(
    database: Database,
    cast: factories.Cast,
    lesson: Lesson,
    colleague: Actor,
    rubric_version: RubricVersion,
) -> tuple[UUID, list[int]]:
    """Her draft, and the numbers of its cycles in the order drawn: not that of time."""
    with database.write() as session:
        given(session, cast, factories.TODAY - timedelta(days=30), "Pregunta «¿por qué?».")
        recording = session.get_one(Observation, lesson.id).recording
        assignment = assign(
            session,
            recording.id,
            Asking(colleague.user_id, rubric_version.id, random_order=True),
            actor=cast.observer,
        )
        assignment.order_seed = 1
        session.flush()
        draft = start(session, recording.id, rubric_version.id, actor=colleague)
        count = len(draft.cycles)
    order = list(cycles.order(count, 1))
    assert order != sorted(order)
    return draft.id, order


@pytest.fixture
def hers(
    chromium: Browser, server: Program, database: Database, cast: factories.Cast, colleague: Actor
) -> Iterator[BrowserContext]:
    errors: list[str] = []
    opened = chromium.new_context(
        viewport={"width": 1366, "height": 625}, base_url=f"http://127.0.0.1:{server.port}"
    )
    note_errors(opened, errors)
    sign_in(opened, database, colleague, cast.administrator)
    yield opened
    opened.close()
    assert errors == []


def open_screen(context: BrowserContext, draft_id: UUID) -> Page:
    page = context.new_page()
    page.goto(f"/observaciones/{draft_id}")
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


def stands(page: Page, place: int, order: list[int]) -> None:
    """Expect the segment at `place`: its title, its cycle on the timeline, and the video in it."""
    title = f"Segmento {place} de {len(order)} · "
    expect(page.locator("#cycle-title")).to_contain_text(title)
    current = page.locator("#lane .cycle[aria-current]")
    expect(current).to_contain_text(f"Ciclo {order[place - 1]} ")
    expect(page.locator("[data-do='follow-video']")).to_be_hidden()


def test_segments_come_in_the_order_drawn_and_a_reload_goes_on_in_it(
    hers: BrowserContext, asked: tuple[UUID, list[int]], lesson: Lesson
) -> None:
    draft_id, order = asked
    page = open_screen(hers, draft_id)
    expect(page.locator(".bar")).to_contain_text("A ciegas")
    expect(page.locator(".bar")).to_contain_text("Orden al azar")
    stands(page, 1, order)
    for _row in lesson.rows:
        page.keyboard.press("3")
    expect(page.locator("#said")).to_contain_text("Mayús ↓ pasa al siguiente")
    page.keyboard.press("Shift+ArrowDown")
    stands(page, 2, order)
    page.keyboard.press("3")
    saved(page)
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    stands(page, 2, order)
    for _segment in order:
        page.keyboard.press("Shift+ArrowDown")
    stands(page, len(order), order)
    page.keyboard.press("Shift+ArrowUp")
    stands(page, len(order) - 1, order)


def test_the_card_closes_and_opens_and_the_history_is_at_hand(
    hers: BrowserContext, asked: tuple[UUID, list[int]]
) -> None:
    page = open_screen(hers, asked[0])
    card = page.locator(".previous")
    expect(card.get_by_text("Pregunta «¿por qué?».")).to_be_visible()
    for visible in (False, True):
        card.locator("summary").press("Enter")
        expect(card.get_by_text("Pregunta «¿por qué?».")).to_be_visible(visible=visible)
    assert Axe().run(page, options={"runOnly": WCAG}).violations_count == 0
    page.get_by_role("link", name="Historia", exact=True).click()
    expect(page.get_by_role("heading", name="Historia de cambios")).to_be_visible()
    expect(page.locator(".history")).to_contain_text("Ciclos planificados")
    assert Axe().run(page, options={"runOnly": WCAG}).violations_count == 0
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert Axe().run(page, options={"runOnly": WCAG}).violations_count == 0


def test_the_tick_of_the_order_follows_the_rubric_until_a_person_decides(
    hers: BrowserContext,
    database: Database,
    cast: factories.Cast,
    lesson: Lesson,
    colleague: Actor,
    rubric_version: RubricVersion,
) -> None:
    with database.write() as session:
        drawn = load(session, WHOLE, "entera.yaml", actor=None).id
        recording_id = session.get_one(Observation, lesson.id).recording_id
    sign_in(hers, database, cast.observer, cast.administrator)
    page = hers.new_page()
    page.goto(f"/videos/{recording_id}")
    page.get_by_text("Pedir a una o un colega").click()
    tick, rubric = page.locator("#asked-random"), page.locator("#asked-rubric")
    expect(tick).not_to_be_checked()
    rubric.select_option(str(drawn))
    expect(tick).to_be_checked()
    rubric.select_option(str(rubric_version.id))
    expect(tick).not_to_be_checked()
    tick.check()
    rubric.select_option(str(drawn))
    rubric.select_option(str(rubric_version.id))
    expect(tick).to_be_checked()
