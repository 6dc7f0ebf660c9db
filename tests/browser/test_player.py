"""The player of the coding screen: exact frames, the rubric's policy, the log, snapshots, keys."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from observe.coding.operations import played_in, start
from observe.coding.watching import Played
from observe.db import Database
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load
from observe.video.operations import LessonDetails, add_file
from observe.video.store import Store
from tests import factories
from tests.browser.coding import SHOWN, WCAG, Lesson, open_screen, plan, saved
from tests.browser.conftest import BROWSER
from tests.films import run_ffmpeg
from tests.numbered import number_of, numbered_video, uneven
from tests.rubrics import SNAPSHOTS, timed

pytestmark = BROWSER

ASKING = {"snapshots": SNAPSHOTS}


@pytest.fixture
def rubric_version(
    request: pytest.FixtureRequest, database: Database, cast: factories.Cast
) -> RubricVersion:
    """The rubric with the policy and the snapshots that the test asks for; else a free one."""
    asked: dict[str, Any] = {"snapshots": None} | getattr(request, "param", {})
    with database.write() as session:
        return load(session, timed(**asked), "prueba.yaml", actor=cast.administrator)


def rubric(**asked: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rubric_version", [asked], indirect=True)


@pytest.fixture
def page(context: BrowserContext, lesson: Lesson, errors: list[str]) -> Iterator[Page]:
    """The screen with two cycles of ten seconds planned; no browser may complain."""
    opened = open_screen(context, lesson)
    plan(opened, 2, "0:10")
    saved(opened)
    yield opened
    assert errors == []


def video(page: Page) -> Locator:
    return page.locator("#video")


def now(page: Page) -> float:
    return float(video(page).evaluate("video => video.currentTime"))


def paused(page: Page) -> bool:
    return bool(video(page).evaluate("video => video.paused"))


def stand(page: Page, seconds: float) -> None:
    """Put the video there, as the window's own recovery does: no bar is asked."""
    video(page).evaluate("(video, at) => { video.currentTime = at }", seconds)
    video(page).evaluate(
        "video => new Promise(done => video.seeking ? video.onseeked = done : done())"
    )


def wait(page: Page, holds: str) -> None:
    """Wait until this holds of `video`."""
    for _ in range(400):
        if video(page).evaluate(f"video => {holds}"):
            return
        time.sleep(0.05)
    pytest.fail(f"never: {holds}")


def until(page: Page, seconds: float) -> None:
    """Let it play until then."""
    wait(page, f"video.currentTime >= {seconds}")


def played(lesson: Lesson) -> list[Played]:
    with lesson.database.read() as session:
        return played_in(session, lesson.id)


# --- frames, rates, loop -------------------------------------------------------------------------


@pytest.fixture
def phone(
    database: Database,
    store: Store,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    tmp_path: Path,
) -> Lesson:
    """A lesson whose frames are 17 to 130 ms apart and carry their numbers."""
    film = numbered_video(tmp_path / "clase.mp4", TIMES, options={"g": "15", "crf": "10"})
    with database.write() as session:
        details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
        recording = add_file(session, store, film, details, actor=cast.observer)
        draft = start(session, recording.id, rubric_version.id, actor=cast.observer)
    return Lesson(database, cast, draft.id, rubric_version)


TIMES: list[Fraction] = uneven(90)


def number(page: Page) -> int:
    width, *pixels = video(page).evaluate(SHOWN)
    return number_of(np.array(pixels, np.uint8).reshape(-1, width))


def stepped(page: Page, key: str, number_before: int) -> int:
    page.keyboard.press(key)
    for _ in range(200):
        time.sleep(0.05)
        shown = number(page)
        if shown != number_before:
            time.sleep(0.3)  # it may still look for the frame between
            return number(page)
    pytest.fail(f"frame {number_before} stayed at {now(page)} after {key}")


def test_steps_land_on_the_very_next_frame_however_unevenly_they_come(
    context: BrowserContext, phone: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, phone)
    stand(page, float(TIMES[40]) + 0.004)
    expect(page.locator("#clock")).to_contain_text("0:0")
    at = number(page)
    assert at == 40
    for key, way in [*[(".", 1)] * 12, *[(",", -1)] * 16, (".", 1)]:
        assert stepped(page, key, at) == at + way
        at += way
        shown_ms = round(now(page) * 1000)
        assert TIMES[at] * 1000 <= shown_ms + 1 <= TIMES[at] * 1000 + 2, "its first millisecond"
    # A seek to what the clock said shows the same frame again.
    stand(page, shown_ms / 1000)
    assert number(page) == at
    assert errors == []


def test_at_the_ends_a_step_stays_and_a_key_held_down_stops_with_it(
    context: BrowserContext, phone: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, phone)
    stand(page, 0)
    page.keyboard.press(",")
    time.sleep(0.6)
    assert number(page) == 0
    stand(page, float(TIMES[-1]) + 0.001)
    page.keyboard.press(".")
    time.sleep(0.8)
    assert number(page) == len(TIMES) - 1
    for _ in range(20):
        page.keyboard.press(",")
    time.sleep(1.5)
    shown = number(page)
    time.sleep(0.3)
    assert number(page) == shown
    # Back and forward again is no step, also where the step back was not done yet.
    for key in (",", ".", ",", ".", ","):
        page.keyboard.press(key)
    time.sleep(1)
    assert number(page) == shown - 1
    # Playing, or going elsewhere, ends a step under way; the next one works as ever.
    for key in ("j", ".", "k", ".", "ArrowRight", ","):
        page.keyboard.press(key)
    time.sleep(1)
    at = number(page)
    assert stepped(page, ".", at) == at + 1
    assert errors == []


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(4))
def test_no_seek_stands_for_good(
    context: BrowserContext, phone: Lesson, errors: list[str], seed: int
) -> None:
    """Chromium left one in some fifty such rounds standing."""
    page = open_screen(context, phone)
    chance = random.Random(seed)
    for at_random in [False, True] * 60:
        keys = ["j", ".", "k", ".", "ArrowRight", ","]
        for key in chance.choices(keys, k=6) if at_random else keys:
            page.keyboard.press(key)
        video(page).evaluate("video => video.pause()")
        wait(page, "!video.seeking")
    assert errors == []


def test_the_pitch_is_kept_and_the_picture_stays_on_the_page(page: Page) -> None:
    for name in ("preservesPitch", "disablePictureInPicture", "disableRemotePlayback"):
        assert video(page).evaluate(f"video => video.{name}") is True
    for key, rates in (
        ("-", [0.75, 0.5, 0.25, 0.25]),
        ("+", [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 4]),
    ):
        for rate in rates:
            page.keyboard.press(key)
            assert video(page).evaluate("video => video.playbackRate") == rate
    expect(page.locator("#rate")).to_have_text("4×")
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.locator("#rate")).to_have_text("4×")


def test_two_seconds_back_come_at_once(page: Page) -> None:
    stand(page, 15)
    took = page.evaluate(
        """async () => {
          const video = document.querySelector("#video");
          const shown = new Promise((done) => video.requestVideoFrameCallback(done));
          const start = performance.now();
          document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
          await shown;
          return performance.now() - start;
        }"""
    )
    assert now(page) == pytest.approx(13)
    assert took <= 1_000, "measured on a quiet machine in the benchmarks: at most 150 ms"


def test_the_active_cycle_stops_or_repeats_and_a_reload_keeps_it(page: Page) -> None:
    button = page.locator('[data-do="within"]')
    expect(button).to_contain_text("sigue")
    page.keyboard.press("r")
    expect(button).to_contain_text("para")
    expect(page.locator("#said")).to_contain_text("se detiene al final")
    stand(page, 9.3)
    page.keyboard.press("l")
    expect(page.locator("#said")).to_contain_text("El video se queda en el ciclo 1")
    assert now(page) == pytest.approx(9.3)
    page.keyboard.press("k")
    wait(page, "video.paused")
    assert now(page) == pytest.approx(9.999, abs=0.002)
    page.keyboard.press("k")
    wait(page, "video.currentTime < 2")
    page.keyboard.press("k")
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(button).to_contain_text("para")
    page.keyboard.press("r")
    expect(button).to_contain_text("repite")
    stand(page, 9.5)
    page.keyboard.press("k")
    wait(page, "video.currentTime < 2")
    assert not paused(page)
    page.keyboard.press("Shift+ArrowDown")
    until(page, 10)
    assert now(page) < 20
    page.keyboard.press("r")
    page.keyboard.press("k")
    page.keyboard.press("j")
    assert now(page) < 10


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


def test_damage_does_not_end_the_film_the_rest_is_played(
    context: BrowserContext,
    database: Database,
    store: Store,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    tmp_path: Path,
) -> None:
    """Chromium gives a film up for good at what it cannot decode; nobody has mended it yet here."""
    film = tmp_path / "clase.mp4"
    source = "-f lavfi -i testsrc2=size=640x360:rate=25:duration=14 -f lavfi -i sine=duration=14"
    run_ffmpeg(*f"{source} -c:v libx264 -preset ultrafast -g 25 -b:v 2M -c:a aac".split(), film)
    content = bytearray(film.read_bytes())
    hurt = len(content) * 3 // 10
    content[hurt : hurt + 60_000] = bytes(60_000)
    film.write_bytes(content)
    with database.write() as session:
        details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
        recording = add_file(session, store, film, details, actor=cast.observer)
        draft = start(session, recording.id, rubric_version.id, actor=cast.observer)
    page = open_screen(context, Lesson(database, cast, draft.id, rubric_version))
    gave_up = "(video) => video.addEventListener('error', () => { video.dataset.gaveUp = 'yes'; })"
    video(page).evaluate(gave_up)
    stand(page, 2)
    page.keyboard.press("k")
    expect(video(page)).to_have_attribute("data-gave-up", "yes", timeout=20_000)
    for _ in range(200):
        if now(page) > 9 and video(page).evaluate("(video) => !video.paused && !video.error"):
            break
        time.sleep(0.1)
    assert now(page) > 9, "it went on behind the damage"
    expect(page.locator("#no-picture")).to_be_hidden()
