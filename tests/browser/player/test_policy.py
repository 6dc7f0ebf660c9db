"""The player of the coding screen: the rubric's policy, and the log of what was watched."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from observe.coding.operations import played_in
from observe.coding.watching import Played
from tests.browser.coding import Lesson, open_screen, saved
from tests.browser.conftest import BROWSER
from tests.browser.player.playing import now, paused, rubric, stand, until, video, wait

pytestmark = BROWSER


def played(lesson: Lesson) -> list[Played]:
    with lesson.database.read() as session:
        return played_in(session, lesson.id)


# --- the rubric's policy -------------------------------------------------------------------------


@rubric(policy="straight_through")
def test_straight_through_there_is_no_pause_no_way_back_and_no_other_rate(
    page: Page, lesson: Lesson
) -> None:
    said, play = page.locator("#said"), page.locator('[data-do="play"]')
    expect(page.locator("#policy")).to_contain_text("de corrido, a 1×")
    stand(page, 6)
    page.keyboard.press("k")
    until(page, 6.4)
    for key in ("k", "j", "ArrowLeft", "ArrowRight", ","):
        page.keyboard.press(key)
        expect(said).to_contain_text("«Interrumpir» lo detiene")
    page.keyboard.press("+")
    expect(said).to_contain_text("a 1×")
    assert not paused(page)
    assert video(page).evaluate("video => video.playbackRate") == 1
    expect(play).to_have_attribute("aria-disabled", "true")
    page.locator("#seek").evaluate(
        "seek => { seek.value = 2000; seek.dispatchEvent(new Event('input')) }"
    )
    assert now(page) > 6
    # It stops by itself where the cycle is to be scored.
    wait(page, "video.paused")
    assert now(page) == pytest.approx(10)
    expect(said).to_contain_text("Ciclo 1 visto: puntúalo")
    expect(play).not_to_have_attribute("aria-disabled", "true")
    page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("esta pauta no deja verlo de nuevo")
    assert now(page) == pytest.approx(10)
    saved(page)
    told = lesson.document.watching
    assert told is not None
    assert (told.pauses, told.rewinds, told.other_rate_ms) == (0, 0, 0)
    assert 3_500 <= told.seen_ms <= 4_100
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("esta pauta no deja verlo de nuevo")


@rubric(policy="straight_through")
def test_an_interruption_is_explained_and_kept_as_a_note(page: Page, lesson: Lesson) -> None:
    stand(page, 3)
    page.keyboard.press("k")
    until(page, 3.3)
    page.get_by_role("button", name="Interrumpir…").click()
    wait(page, "video.paused")
    page.get_by_role("button", name="Seguir viendo").click()
    wait(page, "!video.paused")
    page.get_by_role("button", name="Interrumpir…").click()
    page.keyboard.type("Entró la directora")
    page.keyboard.press("Enter")
    expect(page.locator("#note-count")).to_have_text("1")
    saved(page)
    (note,) = lesson.document.notes
    assert (note.text, note.dimension) == ("Interrupción: Entró la directora", None)
    page.keyboard.press("ArrowLeft")
    assert now(page) < 3
    page.keyboard.press("k")
    until(page, now(page) + 0.3)
    page.keyboard.press("k")
    assert not paused(page), "it holds again"


@rubric(policy="pause_allowed")
def test_where_a_pause_is_allowed_nothing_is_seen_twice_before_the_whole_cycle_was(
    page: Page,
) -> None:
    said = page.locator("#said")
    expect(page.locator("#policy")).to_contain_text("deja pausar, a 1×")
    page.keyboard.press("k")
    until(page, 2.6)
    page.keyboard.press("+")
    expect(said).to_contain_text("a 1×")
    page.keyboard.press("k")
    assert paused(page)
    page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("cuando se haya visto el ciclo completo")
    assert now(page) > 2.5
    page.keyboard.press("k")
    until(page, 10.1)
    page.keyboard.press("k")
    page.keyboard.press("ArrowLeft")
    assert now(page) < 9
    page.keyboard.press("+")
    assert video(page).evaluate("video => video.playbackRate") == 1.25


def test_a_free_rubric_bars_nothing_and_says_so(page: Page) -> None:
    expect(page.locator("#policy")).to_have_count(0)
    told = page.locator(".speed").get_attribute("title")
    assert told and "queda anotado" in told


# --- what was watched ----------------------------------------------------------------------------


def test_pauses_rewinds_and_rates_are_stored_and_told_where_it_is_finished(
    page: Page, lesson: Lesson, context: BrowserContext
) -> None:
    other = open_screen(context, lesson)
    page.bring_to_front()
    page.keyboard.press("k")
    until(page, 1.2)
    page.keyboard.press("k")
    page.keyboard.press("k")
    until(page, 3)
    page.keyboard.press("ArrowLeft")
    until(page, 1.8)
    page.keyboard.press("+")
    until(page, 2.5)
    page.keyboard.press("k")
    saved(page)
    told = lesson.until(lambda document: bool(document.watching)).watching
    assert told is not None
    assert (told.pauses, told.rewinds, told.skips) == (1, 1, 0), played(lesson)
    assert 500 <= told.other_rate_ms <= 1_500
    assert 2_500 <= told.seen_ms <= 3_600 < told.played_ms
    first, *_ = played(lesson)
    assert first.start_ms <= 150
    # The other window hears nothing of it, and undo goes past it.
    other.evaluate("window.dispatchEvent(new Event('focus'))")
    time.sleep(0.5)
    expect(other.locator("#said")).to_be_empty()
    page.keyboard.press("Control+z")
    expect(page.locator("#lane .cycle")).to_have_count(0)
    page.get_by_role("link", name="Terminar").click()
    expect(page.locator(".watched")).to_contain_text("1 pausa, 1 retroceso, 0:0")
    expect(page.locator(".watched")).to_contain_text("Se vieron 0:0")


def test_a_stretch_that_plays_on_is_told_now_and_then_and_ends_with_the_page(
    page: Page, lesson: Lesson
) -> None:
    page.keyboard.press("k")
    until(page, 1.5)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    lesson.until(lambda document: bool(document.watching))
    until(page, 2.5)
    page.get_by_role("link", name="Terminar").click()
    page.wait_for_url("**/terminar")
    told = lesson.until(
        lambda document: bool(document.watching and document.watching.seen_ms > 2_300)
    )
    assert told.watching
    assert told.watching.pauses == 0
    assert len(played(lesson)) == 1
    expect(page.get_by_text("Recuperamos")).to_have_count(0)


def test_submitting_is_not_hindered_by_what_another_window_watches(
    page: Page, lesson: Lesson, context: BrowserContext
) -> None:
    for _cycle in range(2):
        for _row in lesson.rows:
            page.keyboard.press("3")
        page.keyboard.press("Shift+ArrowDown")
    saved(page)
    other = open_screen(context, lesson)
    page.bring_to_front()
    page.get_by_role("link", name="Terminar").click()
    expect(page.get_by_role("heading", name="Todo está codificado")).to_be_visible()
    other.evaluate("document.querySelector('[data-do=play]').click()")
    until(other, 0.5)
    other.evaluate("document.querySelector('[data-do=play]').click()")
    lesson.until(lambda document: bool(document.watching))
    with lesson.database.write() as session:
        from observe.video.models import Recording

        recording = session.get_one(Recording, lesson.document.recording)
        recording.sha256 = recording.sha256 or "0" * 64
    page.reload()
    page.get_by_role("button", name="Enviar").click()
    expect(page.get_by_text("La observación cambió")).to_have_count(0)
    # What the other window still watches is let go without a word.
    other.evaluate("document.querySelector('[data-do=play]').click()")
    until(other, 1.2)
    other.evaluate("document.querySelector('[data-do=play]').click()")
    saved(other)
    expect(other.locator("#stuck")).to_be_hidden()
