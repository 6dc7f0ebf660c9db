"""Blurred clips of a lesson whose sound or joined copy is another by then."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from observe.db import Database
from observe.errors import BadInputError
from observe.jobs import Work
from observe.settings import Settings
from observe.video import derived
from observe.video.blur import making as blur_making
from observe.video.blur import operations as blurs
from observe.video.media.probe import Probe, probe
from observe.video.media.tools import ffmpeg_path
from observe.video.models import (
    Blurring,
    BlurState,
    BlurStyle,
    DerivedFile,
    FileKind,
    Recording,
    RecordingPart,
)
from observe.video.store import Store
from tests.database.blurring import SPAN, STEPS, files, look, make, removal, row_of
from tests.factories import Cast

# --- another sound --------------------------------------------------------------------------------


@pytest.fixture
def several(database: Database, store: Store, lesson: Recording, small_video: Path) -> Recording:
    """A lesson in two files, joined into a film of 320 × 180."""
    with database.write() as session:
        session.get_one(Recording, lesson.id).playable = False
        session.add(
            RecordingPart(
                recording_id=lesson.id, position=2, original_name="b.mp4", sha256="1" * 64,
                size_bytes=1, duration_ms=1_000, start_ms=29_000,
            )
        )  # fmt: skip
    join(database, store, lesson, small_video, "join-1")
    return lesson


def join(database: Database, store: Store, lesson: Recording, film: Path, recipe: str) -> str:
    """Keep a joined copy; return its sha256."""
    made = store.temporary(".mp4")
    shutil.copyfile(film, made)
    what = derived.Made(lesson.id, FileKind.PROXY, recipe, "video/mp4")
    kept = derived.keep(database, store, made, what)
    with database.read() as session:
        return session.get_one(DerivedFile, kept).sha256


def hear(database: Database, lesson: Recording, track: int) -> None:
    with database.write() as session:
        session.get_one(Recording, lesson.id).audio_track = track


def halved(film: Path, target: Path) -> Path:
    command = [ffmpeg_path(), "-v", "error", "-i", str(film), "-vf", "scale=160:90", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


def test_faces_found_in_one_joined_copy_are_not_drawn_on_another(
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    several: Recording,
    asked: UUID,
    small_video: Path,
    tmp_path: Path,
) -> None:
    make(database, home, asked)
    (found,) = files(database)[FileKind.FACES]
    with database.write() as session:
        blurs.correct(session, asked, [removal(found=found.sha256)], version=0, actor=cast.observer)
    assert len(json.loads(make(database, home, asked).corrections)) == 1
    look(database, cast, asked)
    with database.write() as session:
        blurs.sign(session, asked, version=1, actor=cast.observer)
    hear(database, several, 2)
    join(database, store, several, halved(small_video, tmp_path / "h.mp4"), "join-720p-1 a2")
    with database.write() as session:
        row = session.get_one(Blurring, asked)
        assert not blurs.is_lost(session, store, row), "what was signed is what it was"
        blurs.ask(session, several.id, SPAN, style=BlurStyle.SOLID, actor=cast.observer)
    anew = make(database, home, asked)
    assert (anew.state, json.loads(anew.corrections)) == (BlurState.MADE, [])
    with database.read() as session:
        zones = blurs.zones_of(session, store, session.get_one(Blurring, asked))
    assert zones is not None and (zones.width, zones.height) == (160, 90)
    (clip,) = files(database)[FileKind.BLURRED]
    assert derived.track_of(clip.recipe) == 2


def test_a_joined_copy_that_comes_meanwhile_is_not_drawn_on(
    database: Database,
    home: Settings,
    store: Store,
    several: Recording,
    asked: UUID,
    small_video: Path,
    tmp_path: Path,
) -> None:
    asked_id = row_of(database, asked).asked_id
    work = Work(f"{blurs.KIND}:{asked_id}:1", home, database)
    blur_making.find(work, asked_id)
    hear(database, several, 2)
    join(database, store, several, halved(small_video, tmp_path / "h.mp4"), "join-720p-1 a2")
    for step in STEPS[1:]:
        step(work, asked_id)
    row = row_of(database, asked)
    assert row.state is BlurState.MADE and row.made is not None
    assert probe(store.blob(row.made)).width == 320
    (clip,) = files(database)[FileKind.BLURRED]
    assert derived.track_of(clip.recipe) is None


def test_a_clip_of_several_files_names_the_sound_that_is_in_it(
    database: Database, home: Settings, several: Recording, asked: UUID
) -> None:
    hear(database, several, 2)  # and no copy with it is there yet
    make(database, home, asked)
    (clip,) = files(database)[FileKind.BLURRED]
    assert derived.track_of(clip.recipe) is None


def test_what_was_found_in_a_picture_of_another_size_is_looked_for_anew(
    database: Database, home: Settings, asked: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_id = row_of(database, asked).asked_id
    work = Work(f"{blurs.KIND}:{asked_id}:1", home, database)
    blur_making.find(work, asked_id)
    with monkeypatch.context() as patched, pytest.raises(BadInputError, match="Blur the clip"):
        larger = functools.partial(_measured_larger, probe)
        patched.setattr(blur_making, "probe", larger)
        blur_making.draw(work, asked_id)
    assert files(database)[FileKind.FACES] == []
    assert make(database, home, asked).state is BlurState.MADE


def _measured_larger(measure: Callable[..., Probe], *given: Any, **named: Any) -> Probe:
    measured = measure(*given, **named)
    return replace(measured, width=2 * measured.width, height=2 * measured.height)


@pytest.mark.parametrize("done", [2, 3])
def test_another_sound_chosen_meanwhile_does_not_stop_the_making(
    database: Database, home: Settings, lesson: Recording, asked: UUID, done: int
) -> None:
    asked_id = row_of(database, asked).asked_id
    work = Work(f"{blurs.KIND}:{asked_id}:1", home, database)
    for step in STEPS[:done]:
        step(work, asked_id)
    hear(database, lesson, 2)
    for step in STEPS[done:]:
        step(work, asked_id)
    assert row_of(database, asked).state is BlurState.MADE
    assert [len(found) for found in files(database).values()] == [1, 1, 1]


def test_a_clip_that_was_made_is_never_cleared_away(
    database: Database, home: Settings, store: Store, cast: Cast, lesson: Recording, asked: UUID
) -> None:
    make(database, home, asked)
    look(database, cast, asked)
    with database.write() as session:
        blurs.sign(session, asked, version=0, actor=cast.observer)
    hear(database, lesson, 2)
    (found,) = files(database)[FileKind.FACES]
    with database.write() as session:  # and by now it would be made by another recipe altogether
        session.delete(session.get_one(DerivedFile, found.id))
    asked_id = row_of(database, asked).asked_id
    blur_making.clear(Work(f"{blurs.KIND}:{asked_id}:1", home, database), asked_id)
    with database.read() as session:
        clip = blurs.checked_clip(session, lesson.id, SPAN)
        assert clip is not None and store.blob(clip.sha256).exists()
        assert blurs.poster_of(session, clip) is not None
