"""Blurred clips: asked for once, corrected, signed for exactly what was looked at, never lost."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from observe import jobs
from observe.db import Database
from observe.errors import BadInputError, ConflictError, NotFoundError
from observe.ids import new_id
from observe.jobs import CancelledError, JobState, Work
from observe.people import audit
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.video import check, derived
from observe.video.blur import making as blur_making
from observe.video.blur import operations as blurs
from observe.video.blur.corrections import read_corrections
from observe.video.clips import cut_clip
from observe.video.media.probe import Probe, probe
from observe.video.media.tools import ffmpeg_path
from observe.video.models import (
    Blurring,
    BlurSound,
    BlurState,
    BlurStyle,
    DerivedFile,
    FileKind,
    Recording,
    RecordingPart,
)
from observe.video.store import Store
from observe.video.timecode import Span
from tests.factories import Cast, recording
from tests.feedback_cases import filmed
from tests.program import Program

SPAN = Span(1_000, 3_000)
STEPS = (
    blur_making.find,
    blur_making.draw,
    blur_making.picture,
    blur_making.finish,
    blur_making.clear,
)
KINDS = (FileKind.FACES, FileKind.BLURRED, FileKind.BLURRED_POSTER)


def region(**changes: object) -> dict[str, object]:
    """Return a region that a person drew in the middle of the picture."""
    box = [0.25, 0.25, 0.5, 0.5]
    drawn = {"id": str(new_id()), "kind": "add", "start_ms": 1_000, "end_ms": 2_000, "box": box}
    return {**drawn, **changes}


def removal(**changes: object) -> dict[str, object]:
    """Return what a person says of a face that was found: it is none."""
    said = {"id": str(new_id()), "kind": "remove", "track": "f1", "found": "a" * 64}
    return {**said, "start_ms": 1_000, "end_ms": 3_000, **changes}


@pytest.fixture
def lesson(database: Database, store: Store, cast: Cast, small_video: Path) -> Recording:
    """A lesson with its film."""
    with database.write() as session:
        return filmed(session, store, cast, small_video)


@pytest.fixture
def asked(database: Database, cast: Cast, lesson: Recording) -> UUID:
    """A blurred clip that was asked for and not begun."""
    with database.write() as session:
        return blurs.ask(session, lesson.id, SPAN, actor=cast.observer).id


def row_of(database: Database, blurring_id: UUID) -> Blurring:
    with database.read() as session:
        return session.get_one(Blurring, blurring_id)


def make(database: Database, home: Settings, blurring_id: UUID) -> Blurring:
    """Do what the job does, without its engine."""
    asked_id = row_of(database, blurring_id).asked_id
    work = Work(f"{blurs.KIND}:{asked_id}:1", home, database)
    for step in STEPS:
        step(work, asked_id)
    return row_of(database, blurring_id)


def look(database: Database, cast: Cast, blurring_id: UUID) -> None:
    """Open the clip as its observer does."""
    with database.write() as session:
        blurs.watched(session, session.get_one(Blurring, blurring_id), actor=cast.observer)


def files(database: Database) -> dict[FileKind, list[DerivedFile]]:
    with database.read() as session:
        rows = list(session.scalars(sa.select(DerivedFile)))
    return {kind: [row for row in rows if row.kind is kind] for kind in KINDS}


def picture_at(path: Path, at_ms: int) -> NDArray[np.uint8]:
    """Return the frame that stands at this moment of a clip, in shades of grey."""
    with av.open(str(path)) as film:
        shown = [each for each in film.decode(video=0) if each.time * 1000 <= at_ms + 1]
        return shown[-1].to_ndarray(format="gray").astype(np.uint8)


def entries(database: Database, thing_id: UUID) -> list[str]:
    with database.read() as session:
        mine = sa.select(AuditEntry).where(AuditEntry.thing_id == thing_id)
        return [entry.action for entry in session.scalars(mine.order_by(AuditEntry.number))]


# --- asking -------------------------------------------------------------------------------------


def test_the_same_moment_is_one_clip_and_one_job(
    database: Database, cast: Cast, lesson: Recording, asked: UUID
) -> None:
    with database.write() as session:
        again = blurs.ask(session, lesson.id, SPAN, actor=cast.observer)
        assert again.id == asked
        assert (again.version, again.style, again.sound) == (0, BlurStyle.MOSAIC, BlurSound.KEEP)
        found = sa.select(sa.func.count()).select_from(jobs.Job).where(jobs.Job.kind == blurs.KIND)
        assert session.scalar(found) == 1
        other = blurs.ask(session, lesson.id, Span(1_000, 3_001), actor=cast.observer)
        assert other.id != asked
        assert [row.id for row in blurs.blurrings_of(session, lesson.id)] == [asked, other.id]
    assert entries(database, asked) == ["blurring.asked"]


def test_another_style_makes_it_anew_and_none_leaves_it(
    database: Database, home: Settings, cast: Cast, lesson: Recording, asked: UUID
) -> None:
    make(database, home, asked)
    with database.write() as session:
        same = blurs.ask(session, lesson.id, SPAN, actor=cast.observer)
        assert same.state is BlurState.MADE
        solid = blurs.ask(session, lesson.id, SPAN, style=BlurStyle.SOLID, actor=cast.observer)
        assert (solid.state, solid.version, solid.made) == (BlurState.ASKED, 1, None)
    make(database, home, asked)
    with database.write() as session:
        kept = blurs.ask(session, lesson.id, SPAN, actor=cast.observer)
        assert (kept.style, kept.state) == (BlurStyle.SOLID, BlurState.MADE)
    assert len(files(database)[FileKind.BLURRED]) == 1, "the one that stands no more is gone"
    assert len(files(database)[FileKind.FACES]) == 1, "faces are looked for once"


def test_only_a_moment_of_the_lesson_can_be_asked_for(
    database: Database, cast: Cast, lesson: Recording
) -> None:
    for span in (Span(29_000, 30_001), Span(0, blurs.LONGEST_MS + 1)):
        with pytest.raises(BadInputError), database.write() as session:
            session.get_one(Recording, lesson.id).duration_ms = max(30_000, span.length_ms - 1)
            if span.length_ms > blurs.LONGEST_MS:
                session.get_one(Recording, lesson.id).duration_ms = span.end_ms
            blurs.ask(session, lesson.id, span, actor=cast.observer)


def test_nobody_else_may_do_anything_with_it(
    database: Database, store: Store, cast: Cast, lesson: Recording, asked: UUID
) -> None:
    others = (*cast.outsiders, cast.educator, cast.utp_head, cast.administrator)
    for actor in others:
        for act in (
            lambda s, a: blurs.ask(s, lesson.id, SPAN, actor=a),
            lambda s, a: blurs.blurring_for(s, asked, actor=a),
            lambda s, a: blurs.correct(s, asked, [], version=0, actor=a),
            lambda s, a: blurs.sign(s, asked, version=0, actor=a),
            lambda s, a: blurs.retry(s, store, asked, actor=a),
            lambda s, a: blurs.stop(s, asked, actor=a),
        ):
            with pytest.raises(NotFoundError), database.write() as session:
                act(session, actor)


# --- making -------------------------------------------------------------------------------------


def test_the_worker_makes_it(database: Database, home: Settings, store: Store, asked: UUID) -> None:
    with database.read() as session:
        job = blurs.job_of(session, session.get_one(Blurring, asked))
    assert job is not None
    steps: set[str] = set()
    ended = jobs.wait_for(home, job.id, lambda each: steps.add(each.step))
    assert (ended.state, ended.why) == (JobState.DONE, None)
    assert steps <= set(blurs.STEPS)
    row = row_of(database, asked)
    assert (row.state, row.checked_by_id) == (BlurState.MADE, None)
    assert row.made is not None and row.detector is not None
    assert "CenterFace" in row.detector
    assert abs(probe(store.blob(row.made)).duration_ms - SPAN.length_ms) <= 100
    assert entries(database, asked) == ["blurring.asked", "blurring.made"]
    with database.read() as session:
        zones = blurs.zones_of(session, store, session.get_one(Blurring, asked))
        assert zones is not None and (zones.width, zones.height) == (320, 180)
        assert check.problems(session, store) == []


def test_a_drawn_region_covers_what_is_under_it_for_its_time(
    database: Database, home: Settings, store: Store, cast: Cast, asked: UUID, tmp_path: Path
) -> None:
    first = make(database, home, asked)
    assert first.made is not None
    earlier = tmp_path / "earlier.mp4"
    earlier.write_bytes(store.blob(first.made).read_bytes())
    with database.write() as session:
        session.get_one(Blurring, asked).style = BlurStyle.SOLID
        blurs.correct(session, asked, [region()], version=0, actor=cast.observer)
    corrected = make(database, home, asked)
    assert corrected.made not in (None, first.made)
    assert len(files(database)[FileKind.FACES]) == 1, "only what is drawn is made anew"
    before, after = earlier, store.blob(corrected.made or "")
    middle = np.s_[60:120, 100:220]
    assert picture_at(before, 500)[middle].std() > 20
    assert picture_at(after, 500)[middle].std() < 3
    assert picture_at(after, 1_500)[middle].std() > 20, "after its time the picture is itself"


def test_run_again_after_a_kill_nothing_is_made_twice(
    database: Database, home: Settings, asked: UUID
) -> None:
    row = make(database, home, asked)
    kept = {kind: [file.id for file in found] for kind, found in files(database).items()}
    assert make(database, home, asked).made == row.made
    again = {kind: [file.id for file in found] for kind, found in files(database).items()}
    assert again == kept
    assert [len(found) for found in kept.values()] == [1, 1, 1]
    assert entries(database, asked) == ["blurring.asked", "blurring.made"]


@pytest.mark.parametrize("step", ["faces", "draw", "poster"])
def test_a_kill_in_a_step_repeats_at_most_that_step(
    database: Database, home: Settings, store: Store, asked: UUID, step: str
) -> None:
    program = Program(home)
    try:
        program.start("work")
        _until(database, asked, lambda job: job.step == step or job.ended)
        program.kill("work")
        before = {kind: [file.id for file in found] for kind, found in files(database).items()}
        program.start("work")
        _until(database, asked, lambda job: job.ended)
    finally:
        program.stop()
    row = row_of(database, asked)
    assert row.state is BlurState.MADE
    found = files(database)
    assert [len(found[kind]) for kind in KINDS] == [1, 1, 1]
    for kind, ids in before.items():
        assert {file.id for file in found[kind]} >= set(ids), "what was finished is kept"
    assert entries(database, asked) == ["blurring.asked", "blurring.made"]
    with database.read() as session:
        assert check.problems(session, store) == []
        assert audit.first_broken(session) is None


def _until(database: Database, blurring_id: UUID, holds: object) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with database.read() as session:
            job = blurs.job_of(session, session.get_one(Blurring, blurring_id))
        if job is not None and holds(job):  # type: ignore[operator]
            return
        time.sleep(0.02)
    pytest.fail("it did not get there")


def test_a_detector_that_is_not_there_is_told_and_can_be_tried_again(
    database: Database, home: Settings, store: Store, cast: Cast, asked: UUID
) -> None:
    with database.read() as session:
        job = blurs.job_of(session, session.get_one(Blurring, asked))
    assert job is not None
    elsewhere = replace(home, face_model=home.home / "no-such.onnx")
    ended = jobs.wait_for(elsewhere, job.id, lambda _: None)
    assert ended.state is JobState.FAILED
    assert ended.why is not None and "OBSERVE_FACE_MODEL" in str(ended.why)
    with database.write() as session:
        blurs.retry(session, store, asked, actor=cast.observer)
        again = blurs.job_of(session, session.get_one(Blurring, asked))
    assert again is not None and (again.attempt, again.state) == (2, JobState.WAITING)


def test_a_lost_film_is_told(database: Database, home: Settings, cast: Cast) -> None:
    with database.write() as session:
        lost = recording(session, cast, duration_ms=30_000)
        row = blurs.ask(session, lost.id, SPAN, actor=cast.observer)
        job = blurs.job_of(session, row)
    assert job is not None
    ended = jobs.wait_for(home, job.id, lambda _: None)
    assert ended.state is JobState.FAILED
    assert "not here any more" in str(ended.why)


def test_it_can_be_stopped_and_asked_for_again(
    database: Database, home: Settings, cast: Cast, lesson: Recording, asked: UUID
) -> None:
    with database.write() as session:
        blurs.stop(session, asked, actor=cast.observer)
        job = blurs.job_of(session, session.get_one(Blurring, asked))
        assert job is not None and job.state is JobState.CANCELLED
        blurs.ask(session, lesson.id, SPAN, actor=cast.observer)
        job = blurs.job_of(session, session.get_one(Blurring, asked))
        assert job is not None and (job.attempt, job.state) == (2, JobState.WAITING)


# --- correcting and signing ---------------------------------------------------------------------


def test_a_correction_takes_the_signature_away(
    database: Database, home: Settings, cast: Cast, lesson: Recording, asked: UUID
) -> None:
    made = make(database, home, asked)
    look(database, cast, asked)
    with database.write() as session:
        assert blurs.checked_clip(session, lesson.id, SPAN) is None
        row = blurs.sign(session, asked, version=0, actor=cast.observer)
        assert (row.state, row.checked_by_id) == (BlurState.CHECKED, cast.observer.user_id)
        clip = blurs.checked_clip(session, lesson.id, SPAN)
        assert clip is not None and clip.sha256 == made.made
        assert blurs.checked_clip(session, lesson.id, Span(1_000, 2_999)) is None
        assert blurs.poster_of(session, clip) is not None
    with database.write() as session:
        row = blurs.correct(session, asked, [region()], version=0, actor=cast.observer)
        assert (row.state, row.version) == (BlurState.ASKED, 1)
        assert (row.made, row.checked_by_id, row.checked_at) == (None, None, None)
        assert blurs.checked_clip(session, lesson.id, SPAN) is None
    make(database, home, asked)
    with database.read() as session:
        assert blurs.checked_clip(session, lesson.id, SPAN) is None, "made is not checked"
    told = ["asked", "made", "watched", "checked", "corrected", "made"]
    assert entries(database, asked) == [f"blurring.{each}" for each in told]


def test_two_windows_are_told_and_nothing_is_overwritten(
    database: Database, home: Settings, cast: Cast, asked: UUID
) -> None:
    make(database, home, asked)
    first, second = region(), region()
    with database.write() as session:
        blurs.correct(session, asked, [first], version=0, actor=cast.observer)
    with pytest.raises(ConflictError, match="another window"), database.write() as session:
        blurs.correct(session, asked, [second], version=0, actor=cast.observer)
    kept = json.loads(row_of(database, asked).corrections)
    assert [each["id"] for each in kept] == [first["id"]]
    with database.write() as session:  # the same again, because its answer was lost
        row = blurs.correct(session, asked, [first], version=0, actor=cast.observer)
        assert row.version == 1


def test_only_what_was_made_and_looked_at_can_be_signed(
    database: Database, home: Settings, cast: Cast, asked: UUID
) -> None:
    with pytest.raises(ConflictError, match="still being blurred"), database.write() as session:
        blurs.sign(session, asked, version=0, actor=cast.observer)
    make(database, home, asked)
    with database.write() as session:
        blurs.correct(session, asked, [region()], version=0, actor=cast.observer)
    make(database, home, asked)
    with pytest.raises(ConflictError, match="another window"), database.write() as session:
        blurs.sign(session, asked, version=0, actor=cast.observer)
    assert row_of(database, asked).state is BlurState.MADE


def test_nobody_signs_what_she_did_not_open(
    database: Database, home: Settings, cast: Cast, asked: UUID
) -> None:
    make(database, home, asked)
    with pytest.raises(ConflictError, match="Look at the clip first"), database.write() as session:
        blurs.sign(session, asked, version=0, actor=cast.observer)
    with database.write() as session:  # somebody else's eyes are not hers
        row = session.get_one(Blurring, asked)
        blurs.watched(session, row, actor=cast.utp_head)
    with pytest.raises(ConflictError, match="Look at the clip first"), database.write() as session:
        blurs.sign(session, asked, version=0, actor=cast.observer)
    look(database, cast, asked)
    with database.write() as session:
        blurs.correct(session, asked, [region()], version=0, actor=cast.observer)
    make(database, home, asked)
    with pytest.raises(ConflictError, match="Look at the clip first"), database.write() as session:
        blurs.sign(session, asked, version=1, actor=cast.observer)  # she saw another one
    look(database, cast, asked)
    with database.write() as session:
        row = blurs.sign(session, asked, version=1, actor=cast.observer)
        assert row.state is BlurState.CHECKED


# --- what is found anew, superseded or lost -------------------------------------------------------


def test_a_removal_speaks_of_the_faces_it_was_made_for(
    database: Database, home: Settings, cast: Cast, asked: UUID
) -> None:
    make(database, home, asked)
    (found,) = files(database)[FileKind.FACES]
    mine, drawn = removal(found=found.sha256), region()
    with database.write() as session:
        blurs.correct(session, asked, [mine, drawn], version=0, actor=cast.observer)
    kept = make(database, home, asked)
    assert [each["id"] for each in json.loads(kept.corrections)] == [mine["id"], drawn["id"]]
    with database.write() as session:
        row = session.get_one(Blurring, asked)
        assert not blurs.lost_removals(session, row)
        file = session.get_one(DerivedFile, found.id)
        file.recipe = file.recipe.replace("faces-1", "faces-0")  # found by an earlier program
        blurs.ask(session, row.recording_id, SPAN, style=BlurStyle.SOLID, actor=cast.observer)
    (other,) = _found_elsewhere(database, home, asked)
    assert other.sha256 != found.sha256
    row = row_of(database, asked)
    assert [each["id"] for each in json.loads(row.corrections)] == [drawn["id"]]
    with database.write() as session:
        row = session.get_one(Blurring, asked)
        assert blurs.lost_removals(session, row)
        blurs.correct(session, asked, [drawn], version=row.version, actor=cast.observer)
    with database.write() as session:
        row = session.get_one(Blurring, asked)
        blurs.correct(session, asked, [], version=row.version, actor=cast.observer)
        assert not blurs.lost_removals(session, row)


def _found_elsewhere(database: Database, home: Settings, blurring_id: UUID) -> list[DerivedFile]:
    """Let the job find other faces than before: the film has another face by then."""
    with database.write() as session:
        row = session.get_one(Blurring, blurring_id)
        row.start_ms += 1  # what is found is told by moments: one frame less
    make(database, home, blurring_id)
    return files(database)[FileKind.FACES][-1:]


def test_what_a_newer_clip_took_the_place_of_is_gone(
    database: Database, home: Settings, store: Store, cast: Cast, asked: UUID
) -> None:
    with database.write() as session:
        recording_id = session.get_one(Blurring, asked).recording_id
        other = blurs.ask(session, recording_id, Span(1_000, 2_000), actor=cast.observer).id
    beside = make(database, home, other)
    first = make(database, home, asked)
    old = {file.sha256 for kind in KINDS[1:] for file in files(database)[kind]}
    with database.write() as session:
        blurs.correct(session, asked, [region()], version=0, actor=cast.observer)
    second = make(database, home, asked)
    found = files(database)
    assert {file.sha256 for file in found[FileKind.BLURRED]} == {beside.made, second.made}
    assert len(found[FileKind.BLURRED_POSTER]) == 2
    assert first.made in old and not store.blob(first.made or "").exists()
    with database.read() as session:
        assert check.problems(session, store) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_lost_is_made_again(
    database: Database, home: Settings, store: Store, cast: Cast, asked: UUID, kind: FileKind
) -> None:
    make(database, home, asked)
    look(database, cast, asked)
    with database.write() as session:
        blurs.sign(session, asked, version=0, actor=cast.observer)
        blurs.retry(session, store, asked, actor=cast.observer)
        assert session.get_one(Blurring, asked).state is BlurState.CHECKED, "nothing is lost"
    (file,) = files(database)[kind]
    store.blob(file.sha256).unlink()
    with database.write() as session:
        row = session.get_one(Blurring, asked)
        assert blurs.is_lost(session, store, row) is (kind is not FileKind.BLURRED_POSTER)
        blurs.retry(session, store, asked, actor=cast.observer)
    again = make(database, home, asked)
    assert again.state is (BlurState.CHECKED if kind is KINDS[2] else BlurState.MADE)
    with database.read() as session:
        assert not blurs.is_lost(session, store, session.get_one(Blurring, asked))
        assert check.problems(session, store) == []


def test_a_job_that_was_overtaken_changes_nothing(
    database: Database, home: Settings, cast: Cast, asked: UUID
) -> None:
    old = row_of(database, asked).asked_id
    work = Work(f"{blurs.KIND}:{old}:1", home, database)
    blur_making.find(work, old)
    blur_making.draw(work, old)
    with database.write() as session:
        blurs.correct(session, asked, [region()], version=0, actor=cast.observer)
        job = session.get_one(jobs.Job, work.job_id)
        assert job.state is JobState.CANCELLED
    for step in (blur_making.draw, blur_making.picture, blur_making.finish):
        with pytest.raises(CancelledError):
            step(work, old)
    assert row_of(database, asked).state is BlurState.ASKED


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


# --- what a correction may be ---------------------------------------------------------------------


def test_corrections_are_cut_to_clip_and_picture() -> None:
    (kept,) = read_corrections([region(start_ms=0, end_ms=9_000, box=[-0.5, 0.9, 1.0, 0.4])], SPAN)
    assert (kept["start_ms"], kept["end_ms"]) == (SPAN.start_ms, SPAN.end_ms)
    assert kept["box"] == [0.0, 0.9, 0.5, 0.1]
    moving = [[2_000, 0.1, 0.1, 0.2, 0.2], [1_000, 0.0, 0.0, 0.2, 0.2]]
    (kept,) = read_corrections([region(boxes=moving)], SPAN)
    assert [each[0] for each in kept["boxes"]] == [1_000, 2_000]
    assert "box" not in kept


@pytest.mark.parametrize(
    "given",
    [
        None,
        "[]",
        {},
        [1],
        [region(id="f1")],
        [region(kind="other")],
        [region(start_ms="0")],
        [region(start_ms=True)],
        [region(start_ms=3_000, end_ms=4_000)],
        [region(box=[0, 0, 1])],
        [region(box=[0, 0, float("nan"), 1])],
        [region(box=[0.2, 0.2, 0.0, 0.1])],
        [region(box=[1.2, 0.2, 0.1, 0.1])],
        [region(boxes=[])],
        [region(boxes=[[0, 0, 0, 1]])],
        [removal(track="../f")],
        [removal(found="f" * 63)],
        [removal(found=None)],
        [region(id=str(UUID(int=1))), region(id=str(UUID(int=1)))],
        [region() for _ in range(501)],
    ],
)
def test_what_is_no_correction_is_refused(given: object) -> None:
    with pytest.raises(BadInputError):
        read_corrections(given, SPAN)


# --- a real film ----------------------------------------------------------------------------------


def test_a_real_face_is_found_covered_and_can_be_left_uncovered(
    database: Database, home: Settings, store: Store, cast: Cast, real_data: Path, tmp_path: Path
) -> None:
    film = real_data / "videos" / "moz_talking_man_qcif_3gpp.mp4"
    span = Span(4_000, 5_500)
    with database.write() as session:
        lesson = filmed(session, store, cast, film)
        blurring_id = blurs.ask(session, lesson.id, span, actor=cast.observer).id
    covered = make(database, home, blurring_id)
    with database.read() as session:
        zones = blurs.zones_of(session, store, session.get_one(Blurring, blurring_id))
    assert zones is not None and zones.regions
    plain = tmp_path / "plain.mp4"
    cut_clip(film, span, plain)
    assert covered.made is not None
    assert _changed(plain, store.blob(covered.made), zones) > 8
    gone = [
        {"id": str(new_id()), "kind": "remove", "track": region.source, "found": zones.found}
        | {"start_ms": span.start_ms, "end_ms": span.end_ms}
        for region in zones.regions
    ]
    with database.write() as session:
        blurs.correct(session, blurring_id, gone, version=0, actor=cast.observer)
    uncovered = make(database, home, blurring_id)
    assert uncovered.made is not None
    assert _changed(plain, store.blob(uncovered.made), zones) < 4


def _changed(plain: Path, blurred: Path, zones: blurs.Zones) -> float:
    """Return how far the pictures differ where a face was found, at the middle of the clip."""
    box = next(found for each in zones.regions if (found := each.at(4_750)) is not None)
    ours, theirs = (picture_at(path, 750).astype(float) for path in (blurred, plain))
    scale = ours.shape[1] / zones.width
    left, top = (max(0, round(side * scale)) for side in (box.x, box.y))
    right, bottom = (round(side * scale) for side in (box.x + box.w, box.y + box.h))
    return float(np.abs(ours - theirs)[top:bottom, left:right].mean())
