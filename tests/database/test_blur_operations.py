"""Blurred clips: asked for once, made once, whatever is killed meanwhile."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import av
import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from observe import jobs
from observe.db import Database
from observe.errors import BadInputError, NotFoundError
from observe.ids import new_id
from observe.jobs import JobState
from observe.people import audit
from observe.settings import Settings
from observe.video import check
from observe.video.blur import operations as blurs
from observe.video.clips import cut_clip
from observe.video.media.probe import probe
from observe.video.models import Blurring, BlurSound, BlurState, BlurStyle, FileKind, Recording
from observe.video.store import Store
from observe.video.timecode import Span
from tests.database.blurring import KINDS, SPAN, entries, files, make, region, row_of
from tests.factories import Cast, recording
from tests.feedback_cases import filmed
from tests.program import Program


def picture_at(path: Path, at_ms: int) -> NDArray[np.uint8]:
    """Return the frame that stands at this moment of a clip, in shades of grey."""
    with av.open(str(path)) as film:
        shown = [each for each in film.decode(video=0) if each.time * 1000 <= at_ms + 1]
        return shown[-1].to_ndarray(format="gray").astype(np.uint8)


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
