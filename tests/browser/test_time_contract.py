"""What the coding screen shows at a moment is what its note says and what a clip cut there shows.

The real player of a real Chromium is moved; the number in the frame that it shows is read back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from observe.coding.operations import document_of, observation_for, start
from observe.db import Database
from observe.people.access import Action
from observe.rubric.models import RubricVersion
from observe.video import clips
from observe.video.media.graphs import Watch
from observe.video.models import DerivedFile, Recording, RecordingState
from observe.video.operations import LessonDetails, add_file
from observe.video.store import Store
from observe.video.timecode import Span
from tests import factories
from tests.browser.coding import SHOWN
from tests.browser.conftest import BROWSER, OpenAs
from tests.database.test_time_contract import (
    Source,
    agree,
    encoded,
    folder,
    late,
    phone,
    shown_at,
    variable,
)
from tests.numbered import number_of, standing

pytestmark = BROWSER

NOTED_BEFORE_MS = 2_000  # a note begins this long before the key
MOMENTS = (0, 733, 1_490)
KINDS: dict[str, Callable[[Path], Source]] = {
    "variable": variable,
    "turned": phone(90),
    "remuxed-late": late("late.mkv", Fraction(3, 2)),
    "encoded": encoded("old.avi", "-c:v", "mpeg4", "-an"),
}
SOUGHT = f"""async (video, ms) => {{
  const there = new Promise((done) => video.addEventListener("seeked", done, {{ once: true }}));
  video.currentTime = ms / 1000;
  await there;
  return ({SHOWN})(video); }}"""


def test_the_screen_the_note_and_the_clip_agree(  # fixtures
    tmp_path: Path,
    open_as: OpenAs,
    database: Database,
    store: Store,
    cast: factories.Cast,
    rubric_version: RubricVersion,
) -> None:
    sources = {kind: make(folder(tmp_path, kind)) for kind, make in KINDS.items()}
    added = {kind: add(database, store, cast, each.path) for kind, each in sources.items()}
    page = open_as(cast.observer)
    for kind, source in sources.items():
        recording_id = ready(database, added[kind])
        with database.write() as session:
            draft = start(session, recording_id, rubric_version.id, actor=cast.observer)
        page.goto(f"/observaciones/{draft.id}")
        page.wait_for_selector("html[data-ready]", state="attached")
        seen = [shown(page, at_ms, source.degrees) for at_ms in MOMENTS]
        take_notes(page, source)
        noted = notes(database, cast, draft.id)
        assert noted == list(MOMENTS)
        for at_ms, number in zip(noted, seen, strict=True):
            begins = clip_begins(database, store, recording_id, at_ms, source.degrees)
            truth = standing(source.times, at_ms)
            told = f"{kind} at {at_ms} ms: true {truth}, screen {number}, clip {begins}"
            assert agree(source, number, truth, at_ms), told
            assert agree(source, begins, number, at_ms), told


def add(database: Database, store: Store, cast: factories.Cast, path: Path) -> UUID:
    details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
    with database.write() as session:
        return add_file(session, store, path, details, actor=cast.observer).id


def take_notes(page: Page, source: Source) -> None:
    """Note each moment by the key, as one who has just seen it."""
    for at_ms in MOMENTS:
        shown(page, at_ms + NOTED_BEFORE_MS, source.degrees)
        page.keyboard.press("n")
        page.keyboard.type("aquí")
        page.keyboard.press("Escape")
    expect(page.locator("#saving")).to_have_attribute("data-state", "saved", timeout=20_000)


def ready(database: Database, recording_id: UUID) -> UUID:
    """Wait until the worker made it codable."""
    for _ in range(300):
        with database.read() as session:
            if session.get_one(Recording, recording_id).state is RecordingState.READY:
                return recording_id
        time.sleep(0.1)
    pytest.fail("the worker did not prepare it")


def shown(page: Page, at_ms: int, degrees: int) -> int:
    """Move the player there; return the number of the frame on the screen."""
    width, *pixels = page.locator("#video").evaluate(SOUGHT, at_ms)
    grey = np.array(pixels, np.uint8).reshape(-1, width)
    return number_of(np.rot90(grey, -degrees // 90))


def notes(database: Database, cast: factories.Cast, draft: UUID) -> list[int]:
    with database.read() as session:
        found = observation_for(session, draft, actor=cast.observer, action=Action.OBSERVATION_CODE)
        return sorted(note.at_ms for note in document_of(session, found).notes)


def clip_begins(
    database: Database, store: Store, recording_id: UUID, at_ms: int, degrees: int
) -> int:
    span = Span(at_ms, at_ms + 400)
    clip_id = clips.keep_clip(database, store, recording_id, span, watch=Watch())
    with database.read() as session:
        path = store.blob(session.get_one(DerivedFile, clip_id).sha256)
    return shown_at(path, [0], degrees)[0]
