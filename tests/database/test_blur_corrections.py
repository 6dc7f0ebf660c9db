"""Blurred clips: corrected, signed for exactly what was looked at, never lost."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from observe import jobs
from observe.db import Database
from observe.errors import BadInputError, ConflictError
from observe.jobs import CancelledError, JobState, Work
from observe.settings import Settings
from observe.video import check
from observe.video.blur import making as blur_making
from observe.video.blur import operations as blurs
from observe.video.blur.corrections import read_corrections
from observe.video.models import Blurring, BlurState, BlurStyle, DerivedFile, FileKind, Recording
from observe.video.store import Store
from observe.video.timecode import Span
from tests.database.blurring import KINDS, SPAN, entries, files, look, make, region, removal, row_of
from tests.factories import Cast

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
