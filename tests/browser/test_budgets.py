"""The budgets of the coding screen, in a real browser, on an hour of 8 cycles × 40 rows, 400 notes.

A shared machine may take a slice away at any moment, so each budget has several rounds.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import imageio_ffmpeg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from observe.coding.operations import apply, start
from observe.db import Database, open_database
from observe.ids import new_id
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of, version_for
from observe.rubric.schema import canonical, content_hash
from observe.settings import Settings
from observe.video.operations import LessonDetails, add_file
from observe.video.store import Store, open_store
from tests import factories
from tests.browser.coding import WCAG, Lesson, open_screen, saved
from tests.browser.conftest import BROWSER
from tests.database.coding import change

pytestmark = [*BROWSER, pytest.mark.budget]

HOUR_MS = 3_600_000
CYCLES, ROWS, NOTES = 8, 40, 400
ROUNDS = 3
PRESSES = 60
LARGE = 20 * 1024**2  # bytes: the film, and no database
PAINTED_MS, PAINTED_SLOW_MS, COMMITTED_MS, SEEK_MS, USABLE_MS = 50, 200, 100, 150, 1_000
JS_BYTES, CSS_BYTES = 30 * 1024, 15 * 1024

# Resolves with the time from a key to the end of the paint after it, as the browser tells it.
PAINTED = """() => { window.painted = [];
  new PerformanceObserver((list) => { for (const entry of list.getEntries())
    if (entry.name === 'keydown') window.painted.push(entry.duration);
  }).observe({ type: 'event', durationThreshold: 16 }); }"""
# Milliseconds from a key to the moment the screen says that its change is kept.
COMMITTED = """() => { window.committed = []; let pressed = 0;
  addEventListener('keydown', (event) => {
    if (event.key >= '1' && event.key <= '7') pressed = event.timeStamp; }, true);
  new MutationObserver(() => { const { state } = document.querySelector('#saving').dataset;
    if (!pressed || state !== 'saved') return;
    window.committed.push(performance.now() - pressed); pressed = 0;
  }).observe(document.querySelector('#saving'), { attributes: true }); }"""
SEEK = """() => new Promise((resolve) => {
  const video = document.querySelector('#video'), began = performance.now();
  const shown = () => requestAnimationFrame(() => resolve(performance.now() - began));
  video.addEventListener('seeked', shown, { once: true });
  document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true })); })"""


def p95(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[int(len(ordered) * 0.95) - 1]


def within(budget: float, measure: Callable[[], float]) -> float:
    """Return what was measured in the first round that kept the budget."""
    told: list[float] = []
    for _round in range(ROUNDS):
        told.append(measure())
        if told[-1] <= budget:
            return told[-1]
    pytest.fail(f"{told} ms, and the budget is {budget} ms")


# --- the lesson ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour of 720p as the program prepares it: a key frame each second."""
    folder = tmp_path_factory.mktemp("hour")
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    part, whole = folder / "part.mp4", folder / "hour.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=10"]
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "40", "-g", "25"]
    codec += ["-pix_fmt", "yuv420p"]
    subprocess.run([*ffmpeg, *picture, *codec, str(part)], check=True, timeout=300)
    loop = ["-stream_loop", "359", "-i", str(part), "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([*ffmpeg, *loop, str(whole)], check=True, timeout=300)
    return whole


@dataclass(frozen=True)
class Coded:
    """A home with the hour in it, coded but for its last cycle."""

    home: Path
    cast: factories.Cast
    observation: UUID
    rubric: RubricVersion


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path, hour: Path) -> Coded:
    """The home that each test gets a copy of: seven hundred changes are made once."""
    settings = Settings(home=tmp_path_factory.mktemp("coded") / "home")
    settings.home.mkdir()
    shutil.copy(migrated_file, settings.database_path)
    database = open_database(settings.url)
    with database.write() as session:
        cast = factories.cast(session)
    rubric = _forty_rows(database)
    film = factories.copy_into(tmp_path_factory.mktemp("camera"), hour)
    observation = _coded(database, open_store(settings), cast, rubric, film)
    database.engine.dispose()
    return Coded(settings.home, cast, observation, rubric)


def _forty_rows(database: Database) -> RubricVersion:
    """Return a pauta of forty rows on a scale of seven."""
    with database.read() as session:
        shipped = rubric_of(version_for(session, "aprendizaje-profundo"))
    scale = {
        "min": 1,
        "max": 7,
        "bands": {
            "low": {"low": 1, "high": 2},
            "mid": {"low": 3, "high": 5},
            "high": {"low": 6, "high": 7},
        },
    }
    told = shipped.model_dump(mode="json", exclude_unset=True)
    told |= {"id": "cuarenta", "scales": {"main": scale}}
    told["dimensions"] = [
        {**told["dimensions"][n % len(told["dimensions"])], "id": f"fila-{n}", "code": f"F{n}"}
        for n in range(ROWS)
    ]
    made = type(shipped).model_validate(told)
    row = RubricVersion(
        rubric_id=made.id,
        version=made.version,
        document=canonical(made),
        content_hash=content_hash(made),
    )
    with database.write() as session:
        session.add(row)
    return row


def _coded(
    database: Database, store: Store, cast: factories.Cast, rubric: RubricVersion, film: Path
) -> UUID:
    """Return the observation of an hour, coded but for its last cycle."""
    with database.write() as session:
        details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
        recording = add_file(session, store, film, details, actor=cast.observer)
        draft = start(session, recording.id, rubric.id, actor=cast.observer)
        rows = [row.id for row in rubric_of(rubric).rows()]
        length, cycles = HOUR_MS // CYCLES, [new_id() for _ in range(CYCLES)]
        changes = [
            change("cycle.put", cycle=cycle, start_ms=n * length, end_ms=(n + 1) * length)
            for n, cycle in enumerate(cycles)
        ]
        changes += [
            change("score.put", cycle=cycle, dimension=row, value=n % 7 + 1)
            for cycle in cycles[:-1]
            for n, row in enumerate(rows)
        ]
        changes += [
            change(
                "note.put",
                note=new_id(),
                at_ms=n * HOUR_MS // NOTES,
                text=f"Nota {n}: las niñas y los niños explican cómo lo saben",
                dimension=rows[n % ROWS],
                polarity=n % 3 - 1,
            )
            for n in range(NOTES)
        ]
        done = apply(session, draft.id, changes, window="w", base_version=0, actor=cast.observer)
        assert len(done.acknowledged) == len(changes)
    return draft.id


@pytest.fixture
def home(coded: Coded, tmp_path: Path) -> Settings:
    """A home of its own for this test, with the hour that was coded."""
    settings = Settings(home=tmp_path / "home", key_file=tmp_path / "keys" / "vault.key")
    shutil.copytree(coded.home, settings.home, copy_function=_film_linked)
    return settings


def _film_linked(source: str, target: str) -> None:
    """Copy a file of a home; the film, which nothing changes, is only given a second name."""
    if Path(source).stat().st_size > LARGE:
        Path(target).hardlink_to(source)
    else:
        shutil.copy2(source, target)


@pytest.fixture
def cast(coded: Coded) -> factories.Cast:
    """Those who are in the home already."""
    return coded.cast


@pytest.fixture
def lesson(database: Database, coded: Coded) -> Lesson:
    """An hour, coded but for its last cycle."""
    return Lesson(database, coded.cast, coded.observation, coded.rubric)


@pytest.fixture
def page(context: BrowserContext, lesson: Lesson, errors: list[str]) -> Iterator[Page]:
    opened = open_screen(context, lesson)
    opened.locator('[data-do="notes"]').click()  # the long list is on the screen too
    yield opened
    assert errors == []


def slowed(page: Page, times: int) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": times})


# --- the budgets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slowdown", "budget"), [(1, PAINTED_MS), (4, PAINTED_SLOW_MS)], ids=["plain", "4 x slower"]
)
def test_a_scoring_key_is_painted_at_once(page: Page, slowdown: int, budget: int) -> None:
    page.evaluate(PAINTED)
    slowed(page, slowdown)

    def measure() -> float:
        page.evaluate("window.painted = []")
        for number in range(PRESSES):
            page.keyboard.press(str(number % 7 + 1))
            if number % ROWS == ROWS - 1:
                page.keyboard.press("ArrowUp")
            page.wait_for_timeout(20)
        found = [float(value) for value in page.evaluate("window.painted")]
        return p95(found + [16.0] * max(0, PRESSES - len(found)))  # quicker ones are not told

    within(budget, measure)


def test_a_scoring_key_is_on_the_disk_at_once(page: Page, lesson: Lesson) -> None:
    page.evaluate(COMMITTED)

    def measure() -> float:
        page.evaluate("window.committed = []")
        for number in range(PRESSES // 2):
            page.keyboard.press(str(number % 7 + 1))
            page.wait_for_function("n => window.committed.length > n", arg=number)
            page.keyboard.press("ArrowUp")  # any number of rounds stays within the rows
        return p95([float(value) for value in page.evaluate("window.committed")])

    within(COMMITTED_MS, measure)
    saved(page)
    (score,) = lesson.document.cycles[-1].scores
    assert score.value == (PRESSES // 2 - 1) % 7 + 1, "the last one pressed"


def test_two_seconds_back_are_shown_at_once(page: Page) -> None:
    page.evaluate("document.querySelector('#video').currentTime = 1800")
    page.wait_for_function("() => !document.querySelector('#video').seeking")

    def measure() -> float:
        return p95([float(page.evaluate(SEEK)) for _ in range(20)])

    within(SEEK_MS, measure)


def test_the_screen_is_usable_within_a_second(context: BrowserContext, lesson: Lesson) -> None:
    page = open_screen(context, lesson)
    # Right after the commit the document may have no element yet.
    ready = """() => new Promise((resolve) => { const look = () =>
      document.documentElement?.dataset.ready ? resolve(performance.now()) : setTimeout(look, 5);
      look(); })"""

    def measure() -> float:
        page.reload(wait_until="commit")
        return float(page.evaluate(ready))

    within(USABLE_MS, measure)


def test_the_page_loads_little(context: BrowserContext, lesson: Lesson) -> None:
    sizes = {"script": 0, "stylesheet": 0}
    page = context.new_page()

    def count(response: object) -> None:
        kind = response.request.resource_type  # type: ignore[attr-defined]
        if kind in sizes:
            sizes[kind] += len(gzip.compress(response.body()))  # type: ignore[attr-defined]

    page.on("response", count)
    page.goto(f"/observaciones/{lesson.id}")
    page.wait_for_selector("html[data-ready]", state="attached")
    assert sizes["script"] <= JS_BYTES, sizes
    assert sizes["stylesheet"] <= CSS_BYTES, sizes


@pytest.mark.parametrize("width", [1366, 768, 390])
def test_forty_rows_stay_usable(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    for _row in range(ROWS - 1):
        page.keyboard.press("ArrowDown")
    active = page.locator("#rows .cell[data-active]")
    box, rows = active.bounding_box(), page.locator("#rows").bounding_box()
    assert box and rows and rows["y"] - 1 <= box["y"] < rows["y"] + rows["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_finds_nothing_on_a_full_screen(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()
