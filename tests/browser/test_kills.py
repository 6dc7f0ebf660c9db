"""Browser and server killed at seeded moments while a lesson is coded: nothing lost or doubled."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Playwright, sync_playwright

from observe.coding.models import Operation
from observe.people import signin
from tests.browser.coding import Lesson, plan, saved
from tests.browser.conftest import BARE, BROWSER
from tests.program import PATIENCE, Program

pytestmark = BROWSER

# Reads the journal: that waits for all that is being written, and what is written is on the disk.
ON_DISK = """async (observation) => {
  const scripts = document.querySelector("script[type=module]").src.split("/js/")[0];
  const { unsent } = await import(scripts + "/js/journal.js");
  await unsent(observation); }"""


class Coder:
    """Someone who presses at random, and remembers what she was promised."""

    def __init__(self, lesson: Lesson, chance: random.Random) -> None:
        self.lesson, self.chance = lesson, chance
        self.presses = 0
        # What may stand in each row: the last that was promised, and what was pressed after it.
        self.scores: dict[str, list[int | None]] = {}
        self.promised: set[str] = set()  # notes
        self.written: list[str] = []  # notes, in all

    def press(self, page: Page) -> None:
        """Score a row, or write a note."""
        self.presses += 1
        if self.chance.random() < 0.3:
            self.written.append(f"Nota {self.presses}")
            page.keyboard.press("n")
            page.keyboard.type(self.written[-1])
            page.keyboard.press("Escape")
            return
        place = self.chance.randrange(len(self.lesson.rows))
        stands = self.scores.setdefault(self.lesson.rows[place], [None])
        # Pressed again, a score would be taken away.
        value = self.chance.choice([each for each in (1, 2, 3, 4) if each != stands[-1]])
        button = page.locator("#rows .cell").nth(place).locator(f"[data-value='{value}']")
        button.evaluate("button => button.click()")
        stands.append(value)

    def wait_for_the_promise(self, page: Page) -> None:
        """Return when all is on this computer's disk."""
        page.evaluate(ON_DISK, str(self.lesson.id))
        self.scores = {row: values[-1:] for row, values in self.scores.items()}
        self.promised.update(self.written)

    def check(self) -> None:
        """Fail when something promised is not there, or something is there twice."""
        (cycle,) = self.lesson.document.cycles
        stands = {score.dimension: score.value for score in cycle.scores}
        for row, values in self.scores.items():
            assert stands.get(row) in values, (row, values, stands)
            self.scores[row] = [stands.get(row)]
        texts = [note.text for note in self.lesson.document.notes]
        assert len(texts) == len(set(texts)), "a note is there twice"
        assert self.promised <= set(texts) <= set(self.written)


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.torture)])
def test_kills_of_browser_and_server_lose_nothing_and_double_nothing(
    lesson: Lesson, server: Program, browser_path: Path, tmp_path: Path, kills: int
) -> None:
    coder = Coder(lesson, random.Random(20261128))
    chance = random.Random(kills)
    with sync_playwright() as playwright:
        for number in range(kills):
            with killed_in_the_end(playwright, browser_path, tmp_path / "profile") as page:
                enter(page, lesson, server)
                if number == 0:
                    plan(page, 1, "0:30")
                saved(page)
                coder.check()
                down_at = chance.randrange(4)
                for step in range(5):
                    if step == down_at:
                        server.kill("web")
                    coder.press(page)
                    if chance.random() < 0.6:
                        coder.wait_for_the_promise(page)
                    time.sleep(chance.uniform(0, 0.1))
                    if step == down_at and chance.random() < 0.5:
                        server.start("web")
            if not server.running:
                server.start("web")
            server.wait_for_pages()
        with killed_in_the_end(playwright, browser_path, tmp_path / "profile") as page:
            enter(page, lesson, server)
            saved(page)
            coder.check()
    with lesson.database.read() as session:
        made = sa.select(sa.func.count()).where(Operation.observation_id == lesson.id)
        assert (session.scalar(made) or 0) <= 2 * coder.presses + 1  # a note is kept as it is typed


def enter(page: Page, lesson: Lesson, server: Program) -> None:
    """Sign in and open the lesson."""
    cast = lesson.cast
    with lesson.database.write() as session:
        secret = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
    page.goto(f"http://127.0.0.1:{server.port}/entrar/enlace/{secret}")
    page.locator("main button").click()
    page.wait_for_load_state()
    page.goto(f"http://127.0.0.1:{server.port}/observaciones/{lesson.id}")
    page.wait_for_selector("html[data-ready]", state="attached")


@contextmanager
def killed_in_the_end(playwright: Playwright, path: Path, profile: Path) -> Iterator[Page]:
    """A window of a browser with its own profile, that ends as by a power cut."""
    port = profile / "DevToolsActivePort"
    port.unlink(missing_ok=True)
    command = [str(path), *BARE, "--headless=new", "--remote-debugging-port=0"]
    command += [f"--user-data-dir={profile}", "--lang=es-CL", "--no-first-run", "about:blank"]
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not (port.exists() and port.read_text().count("\n")):
                assert time.monotonic() < deadline, "the browser does not start"
                time.sleep(0.05)
            number = port.read_text().splitlines()[0]
            browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{number}")
            yield browser.contexts[0].pages[0]
        finally:
            process.kill()
