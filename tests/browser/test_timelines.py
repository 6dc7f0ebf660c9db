"""Voices, movement, joints, damage and suggestions in a real browser: seen, taken, taken back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from observe.coding.operations import document_of, observation_for, start
from observe.db import Database, open_database
from observe.people.access import Action
from observe.rubric.models import RubricVersion
from observe.settings import Settings
from observe.video import derived
from observe.video.derived import Made
from observe.video.models import FileKind, Recording
from observe.video.operations import LessonDetails, add_file
from observe.video.store import Store
from observe.video.timeline import activity, voices
from tests import factories
from tests.browser.conftest import BROWSER, note_errors, sign_in
from tests.program import Program, pages_of

pytestmark = BROWSER

SECONDS = 120
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HUSHED = "o" * 40 + "n" * 20 + "s" * 20 + "o" * 40  # who is heard in each second
DAMAGED = [[100_000, 103_000]]
CUTS = [90_000]


# One home and one program for all of this file: each test has a lesson and a window of its own.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Settings:
    """The home of this file's tests."""
    settings = Settings(home=tmp_path_factory.mktemp("timelines"))
    shutil.copy(migrated_file, settings.database_path)
    return settings


@pytest.fixture(scope="module")
def database(home: Settings) -> Iterator[Database]:
    opened = open_database(home.url)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def cast(database: Database) -> factories.Cast:
    with database.write() as session:
        return factories.cast(session)


@pytest.fixture(scope="module")
def server(home: Settings) -> Iterator[Program]:
    """The pages without a worker: the timelines are there already."""
    with pages_of(home) as running:
        yield running


@pytest.fixture
def lesson(
    database: Database, store: Store, cast: factories.Cast,
    make_video: Callable[..., Path], tmp_path: Path,
) -> Recording:  # fmt: skip
    """A lesson whose timelines are known."""
    video = factories.copy_into(tmp_path, make_video(SECONDS))
    with database.write() as session:
        details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
        recording = add_file(session, store, video, details, actor=cast.observer)
    keep_timelines(database, store, recording.id)
    return recording


def keep_timelines(database: Database, store: Store, recording_id: UUID) -> None:
    heard = {"version": 1, "seconds": HUSHED, "loudness_db": [-20.0] * SECONDS}
    energy = [float(second % 10 * 20) for second in range(SECONDS)]
    moved = {"version": 1, "energy": energy, "joints_ms": CUTS, "damaged": DAMAGED}
    for kind, recipe, told in (
        (FileKind.VOICES, voices.RECIPE, heard),
        (FileKind.ACTIVITY, activity.RECIPE, moved),
    ):
        made = store.temporary(".json")
        made.write_text(json.dumps(told), encoding="ascii")
        derived.keep(database, store, made, Made(recording_id, kind, recipe, "application/json"))


@pytest.fixture
def errors() -> list[str]:
    """What the browser complained of; a test that expects a refusal takes that out."""
    return []


@pytest.fixture
def context(
    chromium: Browser, server: Program, database: Database, cast: factories.Cast, errors: list[str]
) -> Iterator[BrowserContext]:
    opened = chromium.new_context(
        viewport={"width": 1366, "height": 625},
        locale="es-CL",
        base_url=f"http://127.0.0.1:{server.port}",
    )
    note_errors(opened, errors)
    sign_in(opened, database, cast.observer, cast.administrator)
    yield opened
    opened.close()
    assert errors == []


@pytest.fixture
def screen(
    context: BrowserContext, lesson: Recording, database: Database,
    cast: factories.Cast, rubric_version: RubricVersion,
) -> Page:  # fmt: skip
    """The coding screen of that lesson, its timelines drawn."""
    with database.write() as session:
        draft = start(session, lesson.id, rubric_version.id, actor=cast.observer)
    page = context.new_page()
    page.goto(f"/observaciones/{draft.id}")
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.locator("#spots button").first).to_be_visible()
    return page


def spans(page: Page, database: Database, cast: factories.Cast) -> list[tuple[int, int]]:
    """Return the cycles that the program has on its disk."""
    expect(page.locator("#saving")).to_have_attribute("data-state", "saved")
    with database.read() as session:
        observation_id = UUID(page.url.rsplit("/", 1)[-1].split("#")[0])
        draft = observation_for(
            session, observation_id, actor=cast.observer, action=Action.OBSERVATION_CODE
        )
        document = document_of(session, draft)
    return [(cycle.start_ms, cycle.end_ms) for cycle in document.cycles]


def inked(page: Page, second: float, top: int, bottom: int) -> int:
    """Return how many pixels of the lanes are drawn at a moment between two heights."""
    drawn: float = page.evaluate(
        """([share, top, bottom]) => {
          const canvas = document.querySelector("#lanes");
          const scale = canvas.height / canvas.clientHeight;
          const x = Math.round(share * canvas.width);
          const pen = canvas.getContext("2d");
          const { data } = pen.getImageData(x, top * scale, 1, (bottom - top) * scale);
          return [...data].filter((value, place) => place % 4 === 3 && value > 0).length / scale;
        }""",
        [second / SECONDS, top, bottom],
    )
    return round(drawn)


def plan(page: Page, count: int, length: str) -> None:
    page.get_by_role("button", name="Planificar…").press("Enter")
    page.locator("#plan-count").fill(str(count))
    page.locator("#plan-length").fill(length)
    page.keyboard.press("Enter")
    expect(page.locator("#lane .cycle")).to_have_count(count)


def test_voices_are_told_by_the_number_of_bars_and_in_words(screen: Page) -> None:
    bars = [inked(screen, second, 14, 24) for second in (20, 50, 70)]
    assert bars == [3, 0, 6]  # one voice, none, several
    assert inked(screen, 29.5, 25, 34) > inked(screen, 21.5, 25, 34) > 0
    legend = screen.locator("#legend")
    for words in ("una voz", "varias voces", "movimiento", "borde sugerido", "nunca un puntaje"):
        expect(legend).to_contain_text(words)
    plan(screen, 2, "1:00")
    told = "una voz 67 %, varias 0 %, sin voz 33 %"
    expect(screen.locator("#shares")).to_have_text(f"Ciclo 1: {told}.")
    first = screen.locator("#lane .cycle").first
    expect(first).to_have_attribute("title", f"0:00–1:00 · {told}")


def test_moments_are_buttons_that_go_there(screen: Page) -> None:
    time_s = "document.querySelector('#video').currentTime"
    screen.get_by_role("button", name=re.compile("^0:50 ")).press("Enter")
    assert screen.evaluate(time_s) == 50
    screen.get_by_role("button", name=re.compile("^1:30 ")).click()
    assert screen.evaluate(time_s) == 90
    damaged = screen.get_by_role(
        "button", name="1:40 dañado hasta 1:43: puede faltar imagen o sonido"
    )
    damaged.click()
    assert screen.evaluate(time_s) == 103  # behind it
    box, lane = damaged.bounding_box(), screen.locator("#spots").bounding_box()
    assert box and lane
    assert box["x"] - lane["x"] == pytest.approx(lane["width"] * 100 / SECONDS, abs=2)


def test_a_suggestion_cuts_a_cycle_and_is_taken_back(
    screen: Page, database: Database, cast: factories.Cast
) -> None:
    plan(screen, 1, "2:00")
    screen.get_by_role("button", name="Planificar…").press("Enter")
    dialog = screen.locator("#planner")
    dialog.get_by_text("Sugerencias").click()
    dialog.get_by_role("button", name="Cortar en 0:50").press("Enter")
    expect(dialog).to_contain_text("Ahora hay 2 ciclos.")
    expect(dialog.get_by_role("button", name="Cortar en 0:50")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Cortar en 1:30")).to_be_focused()
    assert spans(screen, database, cast) == [(0, 50_000), (50_000, 120_000)]
    dialog.get_by_role("button", name="Deshacer").click()
    expect(dialog.get_by_role("button", name="Cortar en 0:50")).to_be_visible()
    assert spans(screen, database, cast) == [(0, 120_000)]
    dialog.get_by_role("button", name="Tomar todas").click()
    expect(dialog.get_by_role("button", name="Tomar todas")).to_be_hidden()
    assert spans(screen, database, cast) == [(0, 50_000), (50_000, 90_000), (90_000, 120_000)]
    screen.keyboard.press("Escape")
    screen.keyboard.press("Control+z")
    expect(screen.locator("#lane .cycle")).to_have_count(1)


def test_all_suggestions_plan_a_lesson_that_has_no_cycles_yet(
    screen: Page, database: Database, cast: factories.Cast
) -> None:
    screen.locator("#no-cycles button").press("Enter")
    dialog = screen.locator("#planner")
    dialog.get_by_text("Sugerencias").click()
    dialog.get_by_role("button", name="Tomar todas").click()
    expect(dialog).to_contain_text("Ahora hay 3 ciclos.")
    assert spans(screen, database, cast) == [(0, 50_000), (50_000, 90_000), (90_000, 120_000)]
    dialog.get_by_role("button", name="Ir a 1:30").click()
    expect(dialog).to_be_hidden()
    assert screen.evaluate("document.querySelector('#video').currentTime") == 90


@pytest.mark.parametrize("width", [1366, 768, 390])
def test_the_lanes_fit_and_axe_finds_nothing(screen: Page, width: int) -> None:
    screen.set_viewport_size({"width": width, "height": 625})
    plan(screen, 2, "1:00")
    screen.get_by_role("button", name="Planificar…").press("Enter")
    screen.locator("#planner").get_by_text("Sugerencias").click()
    for _dialog in ("open", "closed"):
        assert screen.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(screen, options={"runOnly": WCAG})
        assert found.response["violations"] == [], found.generate_report()
        screen.keyboard.press("Escape")


def test_nothing_jumps_when_the_timelines_come(
    context: BrowserContext, screen: Page, lesson: Recording
) -> None:
    tops = "['#video', '#rows', '#lane'].map(name => document.querySelector(name).offsetTop)"
    drawn = screen.evaluate(tops)
    nothing = {"voices": "", "energy": "", "scenes": [], "spots": [], "preparing": True}
    context.route("**/linea", lambda route: route.fulfill(json=nothing))
    page = context.new_page()
    page.goto(screen.url)
    page.wait_for_selector("html[data-ready]", state="attached")
    assert page.evaluate(tops) == drawn


@pytest.mark.parametrize("width", [1366, 390])
def test_the_page_of_a_lesson_tells_shares_and_damage_and_jumps(
    context: BrowserContext, lesson: Recording, width: int
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 625})
    page.goto(f"/videos/{lesson.id}")
    expect(page.locator(".shares")).to_contain_text("una voz 67 %")
    page.get_by_role("link", name="1:40–1:43").click()
    page.wait_for_function("document.querySelector('#video').currentTime >= 100")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()


def test_several_files_chosen_together_become_one_lesson_in_the_order_shown(
    context: BrowserContext, make_video: Callable[..., Path], tmp_path: Path, errors: list[str]
) -> None:
    names = ("clase 10.mp4", "clase 2.mp4", "otra clase.mp4")
    for name in names:
        (tmp_path / name).write_bytes(make_video(30).read_bytes())
    page = context.new_page()
    page.goto("/videos/nuevo")
    question = page.get_by_text("¿Son partes de la misma clase?")
    expect(question).to_be_hidden()
    begun: list[str] = []
    page.on("request", lambda each: begun.append(each.url) if each.method == "POST" else None)
    page.locator("#file").set_input_files([tmp_path / name for name in names[:2]])
    expect(question).to_be_visible()
    expect(page.locator("#upload-sentence")).to_have_text("Los 2 archivos llegaron completos.")
    page.locator("#file").set_input_files([tmp_path / name for name in names])  # one was forgotten
    expect(page.locator("#upload-sentence")).to_have_text("Los 3 archivos llegaron completos.")
    assert sum(each.endswith("/subidas") for each in begun) == 3, "none is begun or sent twice"
    listed = page.locator("#parts-list li .wrap")
    assert listed.all_text_contents() == ["clase 2.mp4", "clase 10.mp4", "otra clase.mp4"]
    page.get_by_role("button", name="Quitar otra clase.mp4").press("Enter")
    page.get_by_role("button", name="Subir clase 10.mp4").press("Enter")
    page.get_by_label("Curso").fill("2° A")
    page.get_by_role("button", name="Agregar el video").click()
    expect(page.get_by_text("Marca que son partes de la misma clase")).to_be_visible()
    errors[:] = [error for error in errors if "400" not in error]  # the form that was refused
    assert listed.all_text_contents() == ["clase 10.mp4", "clase 2.mp4"]
    assert page.get_by_label("Curso").input_value() == "2° A"
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()
    page.get_by_label("Sí: son partes de la misma clase").check()
    page.get_by_role("button", name="Agregar el video").click()
    expect(page.locator(".parts-shown li").first).to_contain_text("clase 10.mp4")
    expect(page.locator(".parts-shown li").last).to_contain_text("clase 2.mp4")


def test_a_file_that_cannot_be_sent_is_taken_out_and_the_others_go_on(
    context: BrowserContext, make_video: Callable[..., Path], tmp_path: Path, errors: list[str]
) -> None:
    (tmp_path / "clase 1.mp4").touch()
    (tmp_path / "clase 2.mp4").write_bytes(make_video(30).read_bytes())
    page = context.new_page()
    page.goto("/videos/nuevo")
    page.locator("#file").set_input_files([tmp_path / f"clase {n}.mp4" for n in (1, 2)])
    expect(page.locator("#upload-sentence")).to_contain_text("vacío")
    errors[:] = [error for error in errors if "400" not in error]  # the empty file was refused
    expect(page.get_by_role("button", name="Agregar el video")).to_be_disabled()
    page.get_by_role("button", name="Quitar clase 1.mp4").click()
    expect(page.locator("#upload-sentence")).to_have_text("clase 2.mp4 ya está aquí, completo.")
    expect(page.get_by_role("button", name="Agregar el video")).to_be_enabled()
