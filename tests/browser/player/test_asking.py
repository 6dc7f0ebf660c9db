"""The player of the coding screen: snapshots that ask, and keys of one's own."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.coding import WCAG, Lesson, saved
from tests.browser.conftest import BROWSER
from tests.browser.player.playing import now, paused, rubric, stand
from tests.rubrics import SNAPSHOTS

pytestmark = BROWSER

ASKING = {"snapshots": SNAPSHOTS}


# --- snapshots -----------------------------------------------------------------------------------


@rubric(**ASKING)
def test_a_snapshot_is_looked_at_asked_answered_by_digits_and_undone(
    page: Page, lesson: Lesson
) -> None:
    snapshot, list_ = page.locator("#snapshot"), page.locator(".snapshots button")
    expect(list_).to_have_text(
        ["Instantánea 1 · 0:03, sin responder", "Instantánea 2 · 0:09, sin responder"]
    )
    stand(page, 3)  # from the very moment
    page.keyboard.press("k")
    expect(page.locator(".look")).to_contain_text("Mira la clase 1 s")
    expect(snapshot).to_contain_text("¿Qué hace la mayoría?")
    assert paused(page)
    assert 3.9 <= now(page) <= 4.4
    page.keyboard.press("2")
    expect(snapshot).to_contain_text("¿Entre quiénes?")
    page.keyboard.press("9")
    expect(snapshot).to_contain_text("¿Entre quiénes?")
    page.keyboard.press("1")
    expect(snapshot).to_be_hidden()
    assert not paused(page), "it goes on"
    page.keyboard.press("k")
    saved(page)
    (answered,) = lesson.document.cycles[0].snapshots
    assert answered.answers == {"trabajo": "conversan", "entre": "parejas"}
    assert not lesson.document.cycles[0].scores
    expect(list_.first).to_contain_text("✓ Instantánea 1")
    list_.first.click()
    expect(snapshot.locator("[aria-pressed=true]")).to_contain_text("Conversan")
    page.keyboard.press("1")
    saved(page)
    assert lesson.document.cycles[0].snapshots[0].answers == {"trabajo": "escuchan"}
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(list_.first).to_contain_text("sin responder")
    saved(page)
    lesson.until(lambda document: document.cycles[0].snapshots == ())
    page.keyboard.press("Control+y")
    page.keyboard.press("1")
    saved(page)
    assert len(lesson.document.cycles[0].snapshots) == 1
    assert len(lesson.document.cycles[0].scores) == 1, "without a question digits score"


@rubric(**ASKING)
def test_a_snapshot_put_off_stays_open_and_is_missing_at_the_end(
    page: Page, lesson: Lesson
) -> None:
    snapshot = page.locator("#snapshot")
    stand(page, 2.6)
    page.keyboard.press("k")
    expect(snapshot).to_be_visible()
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()
    page.keyboard.press("Escape")
    expect(snapshot).to_be_hidden()
    page.keyboard.press("k")
    page.locator(".snapshots button").nth(1).click()
    assert now(page) == pytest.approx(9)
    expect(snapshot).to_contain_text("Ciclo 1 · instantánea 2")
    page.keyboard.press("1")
    saved(page)
    # A cycle removed and brought back has its answers.
    page.locator('[data-do="remove"]').click()
    page.keyboard.press("Control+z")
    saved(page)
    assert [each.number for each in lesson.document.cycles[0].snapshots] == [2]
    page.get_by_role("link", name="Terminar").click()
    expect(page.get_by_text("Ciclo 1: la instantánea 1")).to_have_count(1)
    expect(page.get_by_text("Ciclo 1: la instantánea 2")).to_have_count(0)


# --- keys ----------------------------------------------------------------------------------------


def press_other(page: Page, key: str, more: str = "") -> None:
    """Press a key that this laptop's keyboard has not."""
    event = (
        f"new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true, cancelable: true, {more} }})"
    )
    page.evaluate(f"(document.activeElement ?? document.body).dispatchEvent({event})")


def test_another_key_is_chosen_told_when_taken_and_works_after_a_reload(
    page: Page, context: BrowserContext, lesson: Lesson
) -> None:
    dialog, told = page.locator("#keys"), page.locator("#keys-told")
    page.keyboard.press("?")
    action = dialog.get_by_role("button", name="10 segundos adelante")
    action.click()
    expect(told).to_contain_text("Presiona la tecla para «10 segundos adelante»")
    page.keyboard.press("j")
    expect(told).to_contain_text("J ya sirve para «10 segundos atrás»")
    page.keyboard.press("Tab")
    expect(told).to_contain_text("no se puede usar")
    press_other(page, "ñ")
    expect(told).to_contain_text("Ñ: 10 segundos adelante")
    expect(dialog.get_by_role("button", name="Ñ: 10 segundos adelante")).to_be_focused()
    dialog.get_by_role("button", name="nota aquí").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.locator('[data-do="forward"]')).to_have_attribute("title", "Ñ")
    stand(page, 1)
    press_other(page, "ñ")
    assert now(page) == pytest.approx(11)
    page.keyboard.press("l")
    assert now(page) == pytest.approx(11), "the old key does nothing"
    press_other(page, "ñ", "modifierAltGraph: true")
    assert now(page) == pytest.approx(11)
    page.keyboard.press("?")
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()
    dialog.get_by_role("button", name="Todas como al principio").click()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("l")
    assert now(page) == pytest.approx(11)
