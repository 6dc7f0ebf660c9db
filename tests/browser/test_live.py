"""Observing in the room in a real browser: the clock, cycles, notes, and the video of later."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from observe.coding.ending import end_lesson
from observe.coding.models import Observation
from observe.coding.operations import start
from observe.db import Database, now
from observe.ids import new_id
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load
from observe.video.models import Recording
from observe.video.operations import LessonDetails, add_file, begin_live
from observe.video.store import Store
from tests import factories
from tests.browser.coding import NO_CONNECTION, SECONDS, WCAG, Lesson, open_screen, saved
from tests.browser.conftest import BROWSER, LAPTOP, PHONE, note_errors, sign_in
from tests.database.coding import change, cycle, send
from tests.program import Program
from tests.rubrics import timed

pytestmark = BROWSER

MINUTE = 60_000
OBSERVATION = re.compile(r"/observaciones/([0-9a-f-]{36})")


@pytest.fixture
def context(
    chromium: Browser,
    server: Program,
    database: Database,
    cast: factories.Cast,
    errors: list[str],
) -> Iterator[BrowserContext]:
    opened = chromium.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        locale="es-CL",
        base_url=f"http://127.0.0.1:{server.port}",
    )
    note_errors(opened, errors)
    sign_in(opened, database, cast.observer, cast.administrator)
    yield opened
    opened.close()
    assert [error for error in errors if not any(code in error for code in NO_CONNECTION)] == []


def under_way(
    database: Database, cast: factories.Cast, rubric: RubricVersion, *, minutes: float = 12
) -> Lesson:
    """A lesson that began `minutes` ago."""
    with database.write() as session:
        details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
        recording = begin_live(session, details, actor=cast.observer)
        recording.live_started_at = now() - timedelta(minutes=minutes)
        draft = start(session, recording.id, rubric.id, actor=cast.observer)
    return Lesson(database, cast, draft.id, rubric)


def write_note(page: Page, text: str) -> None:
    page.locator(".room-buttons [data-do=note]").click()
    page.locator("#note-text").fill(text)
    page.keyboard.press("Escape")


def seconds(shown: str | None) -> int:
    minutes, rest = (shown or "").split(":")
    return 60 * int(minutes) + int(rest)


def accessible(page: Page) -> None:
    page.wait_for_function("document.getAnimations().every(each => each.playState !== 'running')")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert found.response["violations"] == [], found.generate_report()


def test_from_the_library_a_lesson_is_observed_and_ended(
    context: BrowserContext, database: Database, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    page = context.new_page()
    page.goto("/videoteca")
    page.get_by_role("link", name="Observar en vivo").first.click()
    page.locator("#class_group").fill("1° B")
    page.locator("#subject").fill("Lenguaje")
    page.locator("#educator").select_option(str(cast.educator.user_id))
    page.locator(f"input[name=rubric][value='{rubric_version.id}']").check()
    accessible(page)
    page.get_by_role("button", name="Iniciar el reloj").click()
    page.wait_for_selector("html[data-ready]", state="attached")
    found = OBSERVATION.search(page.url)
    assert found
    lesson = Lesson(database, cast, UUID(found[1]), rubric_version)
    first = seconds(page.locator("#clock").text_content())
    page.wait_for_timeout(2_100)
    assert first + 2 <= seconds(page.locator("#clock").text_content()) <= first + 4
    page.get_by_role("button", name="Comienza el ciclo 1").click()
    expect(page.locator("#room-state")).to_have_text("Ciclo 1 en curso")
    expect(page.locator("#room-left")).to_contain_text("quedan")
    begun = lesson.until(lambda document: len(document.cycles) == 1).cycles[0]
    write_note(page, "Saluda a cada niña por su nombre")
    noted = lesson.until(lambda document: len(document.notes) == 1)
    assert 0 <= noted.notes[0].at_ms <= noted.duration_ms
    page.locator("#rows [data-value='3']").first.click()
    saved(page)
    page.reload()  # everything is where it was, and the clock goes on
    page.wait_for_selector("html[data-ready]", state="attached")
    assert seconds(page.locator("#clock").text_content()) >= first + 2
    expect(page.locator("#room-state")).to_have_text("Ciclo 1 en curso")
    expect(page.locator("#note-list li")).to_have_count(1)
    page.wait_for_timeout(1_100)  # a cycle lasts a second at least, and all this may take less
    page.get_by_role("button", name="Termina el ciclo").click()
    expect(page.locator("#room-state")).to_contain_text("ciclo 1 terminó hace")
    saved(page)
    (ended,) = lesson.document.cycles
    assert ended.start_ms == begun.start_ms
    assert ended.end_ms < begun.end_ms
    assert ended.scores != ()
    page.get_by_role("button", name="Termina la clase…").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Sí, terminó").click()
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.locator(".room-state")).to_contain_text("La clase terminó")
    expect(page.locator("[data-do=begin-cycle]")).to_have_count(0)
    length = lesson.document.duration_ms
    assert ended.end_ms <= length < MINUTE


def test_what_cannot_be_coded_begins_and_ends_with_the_clock(
    context: BrowserContext, database: Database, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    lesson = under_way(database, cast, rubric_version)
    page = open_screen(context, lesson)
    page.get_by_role("button", name="No codificable", exact=True).click()
    accessible(page)
    page.get_by_role("button", name="patio").click()
    stands = page.locator("[data-do=no-code]")
    expect(stands).to_have_attribute("aria-pressed", "true")
    expect(stands).to_contain_text("patio")
    (open_,) = lesson.until(lambda document: len(document.stretches) == 1).stretches
    saved(page)
    page.reload()  # it is still going on
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(stands).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(1_200)
    stands.click()
    expect(stands).to_have_attribute("aria-pressed", "false")
    done = lesson.until(lambda document: document.stretches[0].end_ms > open_.end_ms)
    assert done.stretches[0].start_ms == open_.start_ms
    assert done.stretches[0].reason == "patio"


def test_keys_work_as_with_a_video_and_those_for_a_film_say_why_not(
    context: BrowserContext, database: Database, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    lesson = under_way(database, cast, rubric_version)
    page = open_screen(context, lesson)
    page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]
    page.keyboard.press("o")
    expect(page.locator("#said")).to_contain_text("No hay un ciclo en curso")
    page.keyboard.press("i")
    lesson.until(lambda document: len(document.cycles) == 1)
    for key in ("Space", "ArrowLeft", "j", ".", "s", "+"):
        page.keyboard.press(key)
        expect(page.locator("#said")).to_contain_text(re.compile("video|retroceder"))
    page.keyboard.press("2")
    page.wait_for_timeout(1_100)
    page.keyboard.press("i")  # the next cycle begins, and the first one ends
    first, second = lesson.until(lambda document: len(document.cycles) == 2).cycles
    assert first.end_ms == second.start_ms
    assert len(first.scores) == 1
    expect(page.locator("#cycle-title")).to_contain_text("Ciclo 2 de 2")
    page.keyboard.press("Control+z")
    lesson.until(lambda document: len(document.cycles) == 1)
    expect(page.locator("#room-state")).to_have_text("Ciclo 1 en curso")


def test_a_computer_that_slept_shows_the_true_time(
    context: BrowserContext, database: Database, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    lesson = under_way(database, cast, rubric_version, minutes=1)
    page = open_screen(context, lesson)
    with database.write() as session:
        recording = session.get_one(Observation, lesson.id).recording
        recording.live_started_at = now() - timedelta(minutes=31)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#clock")).to_contain_text("31:", timeout=5_000)
    # while it sleeps only the clock of the wall goes on
    page.evaluate("{ const real = Date.now; Date.now = () => real.call(Date) + 600_000; }")
    expect(page.locator("#clock")).to_contain_text("41:", timeout=5_000)


def test_nothing_is_lost_when_the_program_stops_meanwhile(
    context: BrowserContext,
    server: Program,
    database: Database,
    cast: factories.Cast,
    rubric_version: RubricVersion,
) -> None:
    lesson = under_way(database, cast, rubric_version)
    page = open_screen(context, lesson)
    server.kill("web")
    page.get_by_role("button", name="Comienza el ciclo 1").click()
    write_note(page, "Escucha hasta el final")
    page.get_by_role("button", name="Termina la clase…").click()
    page.get_by_role("button", name="Sí, terminó").click()
    expect(page.locator("#ending .error")).to_be_visible(timeout=10_000)
    server.start("web")
    server.wait_for_pages()
    found = lesson.until(lambda document: len(document.notes) == 1 and len(document.cycles) == 1)
    with page.expect_navigation():
        page.get_by_role("button", name="Sí, terminó").click()
    page.wait_for_selector("html[data-ready]", state="attached")
    assert lesson.document.notes == found.notes


def test_snapshots_are_asked_by_the_clock(
    context: BrowserContext, database: Database, cast: factories.Cast
) -> None:
    with database.write() as session:
        version = load(session, timed(), "prueba.yaml", actor=cast.administrator)
    lesson = under_way(database, cast, version, minutes=1)
    page = open_screen(context, lesson)
    page.get_by_role("button", name="Comienza el ciclo 1").click()
    expect(page.locator(".look")).to_contain_text("Mira", timeout=8_000)
    page.locator("#snapshot").get_by_role("button", name="Escuchan").click(timeout=8_000)
    answered = lesson.until(lambda document: document.cycles[0].snapshots != ())
    assert answered.cycles[0].snapshots[0].number == 1
    expect(page.locator("#said")).not_to_contain_text("No hay video")


@pytest.mark.parametrize("runs", [True, False])
def test_the_screen_on_a_phone(
    context: BrowserContext,
    database: Database,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    runs: bool,
) -> None:
    lesson = under_way(database, cast, rubric_version)
    with database.write() as session:
        draft = session.get_one(Observation, lesson.id)
        send(
            session,
            cast,
            draft,
            cycle(MINUTE, 6 * MINUTE),
            cycle(8 * MINUTE, 28 * MINUTE),
            change("note.put", note=new_id(), at_ms=9 * MINUTE, text="Pregunta por qué y espera"),
        )
        if not runs:
            end_lesson(session, draft.id, actor=cast.observer)
    page = open_screen(context, lesson)
    accessible(page)
    small = page.evaluate(
        """[...document.querySelectorAll(".room-buttons button, .sheet button, .bar .button")]
        .filter(each => each.offsetParent && each.getBoundingClientRect().height < 44)
        .map(each => each.outerHTML)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(".sheet [data-do=notes]").click()
    expect(page.locator("#note-list li")).to_be_in_viewport()
    accessible(page)
    page.locator("#note-list").get_by_role("button", name=re.compile("^Editar")).click()
    expect(page.locator("#note-text")).to_be_in_viewport()
    accessible(page)


# --- a video later -------------------------------------------------------------------------------


@pytest.fixture
def film(
    database: Database,
    store: Store,
    cast: factories.Cast,
    make_video: Callable[..., Path],
    tmp_path: Path,
) -> Recording:
    video = factories.copy_into(tmp_path, make_video(SECONDS))
    with database.write() as session:
        details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
        return add_file(session, store, video, details, actor=cast.observer)


def test_the_video_is_aligned_and_notes_move_to_where_they_happened(
    context: BrowserContext,
    database: Database,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    film: Recording,
) -> None:
    lesson = under_way(database, cast, rubric_version, minutes=2)
    with database.write() as session:
        draft = session.get_one(Observation, lesson.id)
        note = change("note.put", note=new_id(), at_ms=50_000, text="Saluda")
        send(session, cast, draft, cycle(45_000, 65_000), note)
        end_lesson(session, draft.id, actor=cast.observer)
        lesson_id = draft.recording_id
    page = context.new_page()
    page.goto(f"/videos/{lesson_id}")
    page.get_by_role("link", name="Agregar el video de esta clase").click()
    accessible(page)
    page.get_by_role("link", name="Este", exact=True).click()
    page.wait_for_selector("html[data-ready]", state="attached")
    preview = page.locator("#notes button")
    expect(preview).to_have_text("fuera del video")  # clock and video do not begin together
    page.evaluate("document.querySelector('#video').currentTime = 12")
    page.get_by_role("button", name="Donde está").click()
    expect(page.locator("#moment")).to_have_value("0:12")
    page.locator("#told").fill("0:51")
    page.get_by_role("button", name="Un segundo más").click()
    expect(page.locator("#told")).to_have_value("0:52")
    expect(preview).to_have_text("▶ 0:10")
    preview.click()  # looking at a note changes nothing of the alignment
    page.wait_for_function("document.querySelector('#video').currentTime >= 10")
    expect(page.locator("#moment")).to_have_value("0:12")
    accessible(page)
    page.get_by_role("button", name="Adjuntar el video").click()
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.locator("#video")).to_have_count(1)
    document = lesson.document
    assert (document.recording, document.live) == (film.id, False)
    assert document.notes[0].at_ms == 10_000
    assert (document.cycles[0].start_ms, document.cycles[0].end_ms) == (5_000, 25_000)
    page.keyboard.press("Control+z")
    expect(page.locator("#said")).to_contain_text("No hay nada que deshacer")
    page.locator(".sheet [data-do=notes]").click()
    page.locator("#note-list").get_by_role("button", name="Ir a 0:10").click()
    page.wait_for_function("Math.abs(document.querySelector('#video').currentTime - 10) < 0.1")
