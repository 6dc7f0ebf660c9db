"""One moment is the same everywhere: in what plays, in the stored note, and in the clip cut there.

Lessons of every awkward kind go through the real worker; the truth is the number in each frame.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import sqlalchemy as sa

from observe import jobs
from observe.coding.changes import Change
from observe.coding.operations import apply, document_of, start
from observe.db import Database
from observe.ids import new_id
from observe.rubric.models import RubricVersion
from observe.settings import Settings
from observe.video import clips, operations
from observe.video.media.graphs import Watch
from observe.video.media.tools import ffmpeg_path
from observe.video.models import DerivedFile, Recording, RecordingState
from observe.video.operations import LessonDetails
from observe.video.store import Store
from observe.video.timecode import Span
from tests.factories import Cast, lesson
from tests.numbered import (
    WIDTH,
    number_of,
    numbered_video,
    standing,
    steady,
    turned,
    uneven,
)

ONE_FRAME_OR_MS = 40
CAMERA = {"g": "50", "bf": "3", "crf": "10"}


@dataclass(frozen=True)
class Source:
    """A lesson of some kind, and when each of its frames is shown."""

    path: Path
    times: list[Fraction]
    degrees: int = 0

    @property
    def length_ms(self) -> int:
        return int((self.times[-1] - self.times[0]) * 1000)


def moved(source: Path, target: Path, *options: str) -> Path:
    command = [ffmpeg_path(), "-v", "error", "-i", str(source), *options, str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


def constant(folder: Path) -> Source:
    times = steady(100, Fraction(25))
    return Source(numbered_video(folder / "constant.mp4", times, options=CAMERA), times)


def film(folder: Path) -> Source:
    times = steady(96, Fraction(24_000, 1_001))
    return Source(numbered_video(folder / "film.mp4", times, options=CAMERA), times)


def variable(folder: Path) -> Source:
    times = uneven(60)
    return Source(numbered_video(folder / "variable.mp4", times, options=CAMERA), times)


def variable_moved(folder: Path) -> Source:
    times = uneven(60)
    return Source(numbered_video(folder / "variable.mkv", times, options=CAMERA), times)


def late(name: str, second: Fraction) -> Callable[[Path], Source]:
    def make(folder: Path) -> Source:
        times = steady(100, Fraction(25), second)
        return Source(numbered_video(folder / name, times, options=CAMERA), times)

    return make


def without_edit_list(folder: Path) -> Source:
    source = constant(folder)
    bare = moved(source.path, folder / "bare.mp4", "-c", "copy", "-use_editlist", "0")
    return Source(bare, source.times)


def phone(degrees: int) -> Callable[[Path], Source]:
    def make(folder: Path) -> Source:
        source = variable(folder)
        turn = turned(source.path, folder / f"phone{degrees}.mov", degrees)
        return Source(turn, source.times, degrees)

    return make


def encoded(name: str, *options: str) -> Callable[[Path], Source]:
    def make(folder: Path) -> Source:
        source = constant(folder)
        made = moved(source.path, folder / name, "-r", "25", "-q:v", "3", *options)
        return Source(made, source.times)

    return make


KINDS: dict[str, Callable[[Path], Source]] = {
    "constant": constant,
    "film": film,
    "variable": variable,
    "variable-mkv": variable_moved,
    "late-mkv": late("late.mkv", Fraction(3, 2)),
    "late-ts": late("late.ts", Fraction(13, 10)),
    "late-mp4": late("late.mp4", Fraction(4, 5)),
    "no-edit-list": without_edit_list,
    "turned-90": phone(90),
    "turned-minus-90": phone(-90),
    "turned-180": phone(180),
    "avi": encoded("old.avi", "-c:v", "mpeg4", "-c:a", "mp3", "-ar", "44100"),
    "mpg": encoded("old.mpg", "-c:v", "mpeg2video", "-bf", "2", "-ar", "44100"),
}


# One of each reason for which times go wrong; the others differ from these by container or turn.
ALWAYS = ["film", "variable", "late-ts", "late-mp4", "no-edit-list", "turned-90", "avi"]
OTHERS = [kind for kind in KINDS if kind not in ALWAYS]
HALVES = [
    pytest.param(ALWAYS, id="always"),
    pytest.param(OTHERS, id="others", marks=pytest.mark.torture),
]


@pytest.fixture(params=HALVES)
def lessons(  # fixtures
    request: pytest.FixtureRequest,
    tmp_path: Path,
    home: Settings,
    database: Database,
    store: Store,
    cast: Cast,
) -> dict[str, tuple[Source, Recording]]:
    """A lesson of each kind, prepared by one worker."""
    sources = {kind: KINDS[kind](folder(tmp_path, kind)) for kind in request.param}
    with jobs.worker(home):
        asked = {kind: add(database, store, cast, each.path) for kind, each in sources.items()}
        for job_id in asked.values():
            done = jobs.wait_for(home, job_id, lambda _job: None)
            assert done.state is jobs.JobState.DONE, done.reason
    with database.read() as session:
        rows = {row.original_name: row for row in session.scalars(sa.select(Recording))}
    return {kind: (each, rows[each.path.name]) for kind, each in sources.items()}


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


def add(database: Database, store: Store, cast: Cast, path: Path) -> str:
    details = LessonDetails(**lesson(cast))  # type: ignore[arg-type]
    with database.write() as session:
        added = operations.add_file(session, store, path, details, actor=cast.observer)
        job = operations.preparation_of(session, added)
    assert job is not None
    return job.id


def test_player_note_and_clip_agree(
    lessons: dict[str, tuple[Source, Recording]],
    database: Database,
    store: Store,
    cast: Cast,
    rubric_version: RubricVersion,
) -> None:
    wrong, compared = [], 0
    for kind, (source, recording) in lessons.items():
        assert recording.state is RecordingState.READY
        drawn = random.Random(kind).sample(range(source.length_ms - 600), 2)
        noted = note(database, cast, rubric_version, recording, [0, *drawn])
        assert noted == sorted([0, *drawn])
        with database.read() as session:
            row = session.get_one(Recording, recording.id)
            player = operations.playable_file(session, store, row)
        shown = shown_at(player.file.plain, noted, source.degrees)
        for at_ms, number in zip(noted, shown, strict=True):
            clip = cut_at(database, store, recording, at_ms)
            begins = shown_at(clip, [0], source.degrees)[0]
            truth = standing(source.times, at_ms)
            pairs = ((number, truth), (begins, truth), (begins, number))
            compared += 1
            if not all(agree(source, one, other, at_ms) for one, other in pairs):
                wrong.append(f"{kind} at {at_ms}: true {truth}, player {number}, clip {begins}")
    assert wrong == []
    assert compared == 3 * len(lessons)


def agree(source: Source, one: int, other: int, at_ms: int) -> bool:
    """Tell whether two frames are neighbours at most, or both within 40 ms of the moment."""
    begin = source.times[0]
    far = max(abs((source.times[each] - begin) * 1000 - at_ms) for each in (one, other))
    return abs(one - other) <= 1 or far <= ONE_FRAME_OR_MS


def note(
    database: Database, cast: Cast, version: RubricVersion, recording: Recording, moments: list[int]
) -> list[int]:
    """Note each moment as the coding screen does; return the times that are stored."""
    with database.write() as session:
        observation = start(session, recording.id, version.id, actor=cast.observer)
        changes = [
            Change(new_id(), "note.put", {"note": str(new_id()), "at_ms": at_ms, "text": "aquí"})
            for at_ms in moments
        ]
        apply(session, observation.id, changes, window="w", base_version=0, actor=cast.observer)
        return sorted(each.at_ms for each in document_of(session, observation).notes)


def cut_at(database: Database, store: Store, recording: Recording, at_ms: int) -> Path:
    span = Span(at_ms, at_ms + 400)
    clip_id = clips.keep_clip(database, store, recording.id, span, watch=Watch())
    with database.read() as session:
        return store.blob(session.get_one(DerivedFile, clip_id).sha256)


def shown_at(path: Path, moments: list[int], degrees: int) -> list[int]:
    """Return the numbers of the frames on the screen then, as a player shows them."""
    with av.open(str(path)) as container:
        frames = [(frame.time or 0.0, read(frame, degrees)) for frame in container.decode(video=0)]
    first = min(frames)
    return [max([f for f in frames if f[0] * 1000 <= at + 0.5] or [first])[1] for at in moments]


def read(frame: av.VideoFrame, degrees: int) -> int:
    """Return the number in a frame: of a copy that is upright, turned back as it was filmed."""
    grey = frame.to_ndarray(format="gray").astype(np.uint8)
    upright = frame.rotation == 0 and degrees != 0
    assert frame.width == WIDTH or upright
    return number_of(np.rot90(grey, -degrees // 90) if upright else grey)
