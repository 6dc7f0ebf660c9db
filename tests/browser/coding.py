"""A lesson to be coded in a real browser, and what every test of that screen does."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from observe.coding.operations import document_of, observation_for
from observe.coding.rules import Document
from observe.db import Database
from observe.people.access import Action
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from tests import factories

SECONDS = 40
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NO_CONNECTION = (
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
    "ERR_CONTENT_LENGTH_MISMATCH",  # it ended in the middle of an answer
)
# The width of the picture that a video shows, and the green of each of its pixels.
SHOWN = """async (video) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const drawing = canvas.getContext("2d");
  drawing.drawImage(video, 0, 0);
  const pixels = drawing.getImageData(0, 0, canvas.width, canvas.height).data;
  return [canvas.width, ...pixels.filter((_, at) => at % 4 === 1)];
}"""


class Lesson:
    """A lesson to be coded, as the database has it."""

    def __init__(
        self, database: Database, cast: factories.Cast, observation: UUID, rubric: RubricVersion
    ) -> None:
        self.database, self.cast, self.id = database, cast, observation
        self.rows = [row.id for _domain, rows in rubric_of(rubric).groups() for row in rows]

    @property
    def document(self) -> Document:
        with self.database.read() as session:
            found = observation_for(
                session, self.id, actor=self.cast.observer, action=Action.OBSERVATION_CODE
            )
            return document_of(session, found)

    def until(self, holds: Callable[[Document], bool]) -> Document:
        for _ in range(100):
            if holds(found := self.document):
                return found
            time.sleep(0.1)
        pytest.fail(f"it did not get there: {self.document}")


def open_screen(context: BrowserContext, lesson: Lesson) -> Page:
    page = context.new_page()
    page.goto(f"/observaciones/{lesson.id}")
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


def plan(page: Page, count: int, length: str) -> None:
    page.locator("#no-cycles button").press("Enter")
    page.keyboard.type(str(count))
    page.keyboard.press("Tab")
    page.keyboard.type(length)
    page.keyboard.press("Enter")
    expect(page.locator("#lane .cycle")).to_have_count(count)


def saved(page: Page) -> None:
    expect(page.locator("#saving")).to_have_attribute("data-state", "saved", timeout=20_000)
    expect(page.locator("#saving")).to_contain_text("Guardado")
