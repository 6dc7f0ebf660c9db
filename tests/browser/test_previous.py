"""The card of the previous priority in a real browser: keys, kept at once, two windows."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, expect

from observe.db import Database
from observe.feedback.models import FollowUp, Outcome
from tests import factories
from tests.browser.coding import WCAG, Lesson, open_screen, plan, saved
from tests.browser.conftest import BROWSER, PHONE
from tests.feedback_cases import given

pytestmark = BROWSER


@pytest.fixture
def followed(database: Database, cast: factories.Cast, lesson: Lesson) -> Lesson:
    """The lesson, after an earlier one whose priority was published."""
    with database.write() as session:
        given(session, cast, factories.TODAY - timedelta(days=30), "Pregunta «¿por qué?».")
    return lesson


def kept(lesson: Lesson) -> list[tuple[Outcome, str]]:
    with lesson.database.read() as session:
        return [(row.outcome, row.note) for row in session.scalars(sa.select(FollowUp))]


def test_it_is_answered_by_keys_at_once_and_takes_no_digit(
    context: BrowserContext, followed: Lesson
) -> None:
    page = open_screen(context, followed)
    plan(page, 1, "0:40")
    told = page.locator("#previous-told")
    expect(page.locator("#previous-note")).to_be_hidden()
    assert Axe().run(page, options={"runOnly": WCAG}).violations_count == 0
    page.get_by_label("Avanzó").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Todavía no")).to_be_checked()
    expect(told).to_contain_text("Guardado a las")
    assert kept(followed) == [(Outcome.NOT_YET, "")]
    page.keyboard.press("4")  # the choice has the focus, the digit is the row's
    saved(page)
    scored = [score.value for cycle in followed.document.cycles for score in cycle.scores]
    assert scored == [4]
    page.locator("#previous-note").fill("Con 3 preguntas.")
    page.locator("#finish").click()  # at once: what was typed goes first
    page.wait_for_url("**/terminar")
    assert kept(followed) == [(Outcome.NOT_YET, "Con 3 preguntas.")]
    expect(page.get_by_text("¿qué pasó con su prioridad anterior?")).to_have_count(0)
    page = open_screen(context, followed)
    assert page.locator("#previous").get_attribute("open") is None
    expect(page.locator("#previous-word")).to_have_text("· Todavía no")


def test_finishing_asks_for_it_also_on_a_phone(context: BrowserContext, followed: Lesson) -> None:
    page = context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"/observaciones/{followed.id}/terminar")
    expect(page.get_by_role("heading", name="¿qué pasó con su prioridad anterior?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert Axe().run(page, options={"runOnly": WCAG}).violations_count == 0
    page.get_by_label("Cambiamos el foco").check()
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text("¿qué pasó con su prioridad anterior?")).to_have_count(0)
    assert kept(followed) == [(Outcome.CHANGED_FOCUS, "")]
    page.goto("/seguimiento")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert Axe().run(page, options={"runOnly": WCAG}).violations_count == 0


def test_two_windows_hear_of_each_other_and_lose_nothing(
    context: BrowserContext, followed: Lesson, errors: list[str]
) -> None:
    one, two = open_screen(context, followed), open_screen(context, followed)
    one.get_by_label("Avanzó").check()
    expect(one.locator("#previous-told")).to_contain_text("Guardado")
    two.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(two.get_by_label("Avanzó")).to_be_checked()
    one.locator("#previous-note").fill("Espera más.")
    one.locator("#previous-note").press("Enter")
    expect(one.locator("#previous-told")).to_contain_text("Guardado")
    two.get_by_label("Todavía no").check()
    expect(two.locator("#previous-two")).to_be_visible()
    expect(two.locator("#previous-told")).to_have_text("En otra ventana: Avanzó (Espera más.).")
    assert kept(followed) == [(Outcome.MOVED, "Espera más.")]
    two.get_by_role("button", name="Dejar lo que elegí").click()
    expect(two.locator("#previous-told")).to_contain_text("Guardado")
    assert kept(followed) == [(Outcome.NOT_YET, "")]
    one.get_by_label("Cambiamos el foco").check()
    expect(one.locator("#previous-two")).to_be_visible()
    one.get_by_role("button", name="Tomar lo otro").click()
    expect(one.get_by_label("Todavía no")).to_be_checked()
    assert kept(followed) == [(Outcome.NOT_YET, "")]
    errors[:] = [error for error in errors if "409" not in error]
