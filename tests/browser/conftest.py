"""A real Chromium, the program as processes of its own, and people signed in by their links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from observe.coding.operations import start
from observe.db import Database
from observe.people import signin
from observe.people.access import Actor
from observe.rubric.models import RubricVersion
from observe.settings import Settings
from observe.video.operations import LessonDetails, add_file
from observe.video.store import Store
from tests import factories
from tests.browser.coding import NO_CONNECTION, SECONDS, Lesson
from tests.program import TOKEN, Program, pages_of
from tools.find_browser import found

# A browser that stops answering takes its test's process with it (see `faulthandler_timeout`); that
# test is tried once more, and both are printed. A failed assertion is never tried again.
BROWSER = [pytest.mark.browser, pytest.mark.flaky(reruns=1, only_rerun="TargetClosedError")]
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
# Root, as in containers, gets no sandbox from Chromium; shared memory may be scarce there, and
# nothing but this machine may be asked for anything.
BARE = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic"]
BARE += ["--disable-sync", "--disable-background-networking", "--disable-component-update"]
# Chromium draws pages of its own window in advance (`PreloadTopChromeWebUI`), for each new window:
# more than half of what opening one takes, and nobody sees it. The last list of a command counts,
# so what Playwright turns off is repeated: what asks other machines, and what hinders its driving.
OFF = ["PreloadTopChromeWebUI", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled"]
OFF += ["PreconnectToSearch", "MediaRouter", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable"]
OFF += ["LensOverlay", "PaintHolding", "DestroyProfileOnBrowserClose"]
OFF += ["AvoidUnnecessaryBeforeUnloadCheckSync", "AvoidCorsURLLoaderRestartOnRedirect"]
OFF += ["ThirdPartyStoragePartitioning", "TcpPortRandomizationWin"]
BARE += [f"--disable-features={','.join(OFF)}"]


@pytest.fixture(scope="session")
def browser_path() -> Path:
    """The Chromium that `make test` found or fetched."""
    path = found()
    assert path, "no Chromium here: run `make browser`"
    return Path(path)


@pytest.fixture(scope="module")
def chromium(browser_path: Path) -> Iterator[Browser]:
    """A browser for the tests of one file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=BARE)
        yield browser
        browser.close()


@pytest.fixture
def program(home: Settings, cast: factories.Cast) -> Iterator[Program]:
    """Web server and worker on the test's home."""
    running = Program(home)
    running.start("web")
    running.start("work")
    running.wait_for_pages()
    yield running
    running.stop()


def sign_in(context: BrowserContext, database: Database, actor: Actor, by: Actor) -> None:
    """Sign a person in, whoever was there before, without a page that would have to be closed."""
    with database.write() as session:
        link = f"/entrar/enlace/{signin.create_link(session, actor.user_id, minutes=5, actor=by)}"
    token = TOKEN.search(context.request.get(link).text())
    assert token
    assert context.request.post(link, form={"csrf_token": token[1]}).ok


def note_errors(context: BrowserContext, errors: list[str]) -> None:
    """Add to `errors` what goes wrong in any page of a browser, with the address it was about."""
    context.on("weberror", lambda error: errors.append(str(error.error)))

    def told(line: ConsoleMessage) -> None:
        if line.type == "error":
            errors.append(f"{line.text} {line.location['url']}")

    context.on("console", told)


OpenAs = Callable[..., Page]


@pytest.fixture
def open_as(
    chromium: Browser, program: Program, database: Database, cast: factories.Cast
) -> Iterator[OpenAs]:
    """Return what opens a browser of its own in which a person is signed in.

    Any error in a browser's console fails the test.
    """
    errors: list[str] = []

    def enter(actor: Actor, viewport: dict[str, int] = LAPTOP) -> Page:
        with database.write() as session:
            secret = signin.create_link(session, actor.user_id, minutes=5, actor=cast.administrator)
        context = chromium.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            locale="es-CL",
            base_url=f"http://127.0.0.1:{program.port}",
        )
        note_errors(context, errors)
        page = context.new_page()
        page.goto(f"/entrar/enlace/{secret}")
        page.locator("main button").click()
        page.wait_for_load_state()
        return page

    yield enter
    for context in chromium.contexts:
        context.close()
    assert errors == []


# --- the coding screen ---------------------------------------------------------------------------


@pytest.fixture
def server(home: Settings) -> Iterator[Program]:
    """The pages without a worker: coding needs none."""
    with pages_of(home) as running:
        yield running


@pytest.fixture
def lesson(
    database: Database,
    store: Store,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    make_video: Callable[..., Path],
    tmp_path: Path,
) -> Lesson:
    video = factories.copy_into(tmp_path, make_video(SECONDS))
    with database.write() as session:
        details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
        recording = add_file(session, store, video, details, actor=cast.observer)
        draft = start(session, recording.id, rubric_version.id, actor=cast.observer)
    return Lesson(database, cast, draft.id, rubric_version)


@pytest.fixture
def errors() -> list[str]:
    """What browsers complained of; a test that expects a dead server takes that out."""
    return []


@pytest.fixture
def context(
    chromium: Browser, server: Program, lesson: Lesson, errors: list[str]
) -> Iterator[BrowserContext]:
    opened = chromium.new_context(
        viewport={"width": 1366, "height": 625}, base_url=f"http://127.0.0.1:{server.port}"
    )
    opened.on("weberror", lambda error: errors.append(str(error.error)))
    opened.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
    sign_in(opened, lesson.database, lesson.cast.observer, lesson.cast.administrator)
    yield opened
    opened.close()
    assert [error for error in errors if not any(code in error for code in NO_CONNECTION)] == []
