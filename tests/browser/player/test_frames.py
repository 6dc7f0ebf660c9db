"""The player of the coding screen: exact frames, rates, the loop, and a damaged film."""

from __future__ import annotations

import random
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from observe.coding.operations import start
from observe.db import Database
from observe.rubric.models import RubricVersion
from observe.video.operations import LessonDetails, add_file
from observe.video.store import Store
from tests import factories
from tests.browser.coding import SHOWN, Lesson, open_screen
from tests.browser.conftest import BROWSER
from tests.browser.player.playing import now, paused, stand, until, video, wait
from tests.films import run_ffmpeg
from tests.numbered import number_of, numbered_video, uneven

pytestmark = BROWSER


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


def _comes_to(page: Page, wanted: int) -> None:
    """Wait for this frame, on a busy machine for some seconds, and see that it stays."""
    until = time.monotonic() + 10
    while time.monotonic() < until and number(page) != wanted:
        time.sleep(0.05)
    time.sleep(0.3)
    assert number(page) == wanted


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
    _comes_to(page, shown - 1)
    # Both keys in one moment, before the first step has begun: what was guessed for it goes too.
    page.evaluate(
        """() => { for (const key of [".", ","])
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })); }"""
    )
    time.sleep(0.5)
    _comes_to(page, shown - 1)
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


# --- damage --------------------------------------------------------------------------------------


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
