"""The job that cuts both clips and opens the page: once, wherever it is killed."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe import jobs
from observe.db import Database
from observe.feedback import clip_files, publishing
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.jobs import CancelledError, JobState, Work
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.video import captions
from observe.video.media.probe import probe
from observe.video.models import DerivedFile, FileKind
from observe.video.store import Store
from tests.factories import Cast, recording
from tests.feedback_cases import TODAY, cut_and_open, drafted, filmed, published, submitted


@pytest.fixture
def waiting(database: Database, store: Store, cast: Cast, small_video: Path) -> UUID:
    """Feedback whose publishing was asked for and not begun."""
    with database.write() as session:
        observation = submitted(session, cast, filmed(session, store, cast, small_video))
        feedback_id = drafted(session, cast, observation)
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
    return feedback_id


def files(database: Database) -> dict[FileKind, list[DerivedFile]]:
    with database.read() as session:
        rows = list(session.scalars(sa.select(DerivedFile)))
    return {kind: [row for row in rows if row.kind is kind] for kind in FileKind}


def entries(database: Database, action: str) -> int:
    with database.read() as session:
        found = sa.select(sa.func.count()).where(AuditEntry.action == action)
        return session.execute(found).scalar_one()


def test_the_worker_publishes_with_both_clips(
    database: Database, home: Settings, store: Store, waiting: UUID
) -> None:
    with database.read() as session:
        job = jobs.latest(session, publishing.KIND, waiting)
    assert job is not None
    steps: set[str] = set()
    ended = jobs.wait_for(home, job.id, lambda each: steps.add(each.step))
    assert (ended.state, ended.why) == (JobState.DONE, None)
    assert steps <= {"", "strength", "priority", "open"}
    with database.read() as session:
        feedback = session.get_one(Feedback, waiting)
        assert feedback.state is FeedbackState.PUBLISHED
        clips = [focus.clip for focus in feedback.focuses]
    for clip in clips:
        assert clip is not None
        length = probe(store.blob(clip.sha256)).duration_ms
        assert abs(length - 15_000) <= 200  # the picture's frames are a tenth of a second apart


def test_running_again_after_a_kill_changes_nothing(
    database: Database, home: Settings, store: Store, waiting: UUID
) -> None:
    cut_and_open(database, home, waiting)
    with database.read() as session:
        first = session.get_one(Feedback, waiting).published_at
    cut = files(database)
    work = Work("x", home, database)
    for kind in FocusKind:  # killed after the page was opened: the steps begin anew
        with pytest.raises(CancelledError):
            publishing.cut(work, waiting, kind)
    publishing.open_page(database, waiting)
    again = files(database)
    for file_kind in (FileKind.CLIP, FileKind.CLIP_POSTER):
        assert {row.id for row in again[file_kind]} == {row.id for row in cut[file_kind]}
    assert len(cut[FileKind.CLIP]) == len(cut[FileKind.CLIP_POSTER]) == 2
    with database.read() as session:
        assert session.get_one(Feedback, waiting).published_at == first
    assert entries(database, "feedback.published") == 1


def test_killed_between_the_clips_only_the_other_is_cut(
    database: Database, home: Settings, waiting: UUID
) -> None:
    work = Work(f"{publishing.KIND}:{waiting}:1", home, database)
    publishing.cut(work, waiting, FocusKind.STRENGTH)
    (made,) = files(database)[FileKind.CLIP]
    cut_and_open(database, home, waiting)
    clips = files(database)[FileKind.CLIP]
    assert len(clips) == 2
    assert made.id in {clip.id for clip in clips}


def said(database: Database, store: Store, feedback_id: UUID) -> str | None:
    """Return what the captions of the strength's clip say, when it has any."""
    with database.read() as session:
        focus = session.get_one(Feedback, feedback_id).focus(FocusKind.STRENGTH)
        file = clip_files.file_of(session, focus, FileKind.CLIP_CAPTIONS)
    return store.blob(file.sha256).read_text(encoding="utf-8") if file else None


def test_a_clip_says_what_the_lesson_said_when_it_was_published(
    database: Database, home: Settings, store: Store, cast: Cast, waiting: UUID
) -> None:
    with database.read() as session:
        recording_id = session.get_one(Feedback, waiting).observation.recording_id

    def give(start_ms: int, text: str) -> None:
        cues = (captions.Cue(start_ms, start_ms + 1_000, text),)
        with database.write() as session:
            captions.give(session, store, recording_id, cues, actor=cast.observer)

    give(1_000, "de otra clase")
    cut_and_open(database, home, waiting)
    give(20_000, "de esta clase")  # nothing of it in the strength's moment
    assert "de otra clase" in (said(database, store, waiting) or "")
    with database.write() as session:
        withdrawn = feedbacks.withdraw(session, waiting, "Otras palabras.", actor=cast.observer)
        again = drafted(session, cast, withdrawn.observation)
        feedbacks.publish(session, again, actor=cast.observer, today=TODAY)
    cut_and_open(database, home, again)
    assert said(database, store, again) is None


def test_what_was_taken_back_is_not_opened(
    database: Database, home: Settings, cast: Cast, waiting: UUID
) -> None:
    work = Work(f"{publishing.KIND}:{waiting}:1", home, database)
    publishing.cut(work, waiting, FocusKind.STRENGTH)
    with database.write() as session:
        feedbacks.take_back(session, waiting, actor=cast.observer)
    with pytest.raises(CancelledError):
        publishing.open_page(database, waiting)
    with database.write() as session:
        assert session.get_one(Feedback, waiting).state is FeedbackState.DRAFT
        feedbacks.publish(session, waiting, actor=cast.observer, today=TODAY)
        again = jobs.latest(session, publishing.KIND, waiting)
    assert again is not None and again.attempt == 2
    cut_and_open(database, home, waiting)
    assert entries(database, "feedback.published") == 1


def test_a_lost_film_is_told_and_can_be_tried_again(
    database: Database, home: Settings, cast: Cast
) -> None:
    with database.write() as session:
        observation = submitted(session, cast, recording(session, cast, duration_ms=30_000))
        feedback_id = drafted(session, cast, observation)
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
        job = jobs.latest(session, publishing.KIND, feedback_id)
    assert job is not None
    ended = jobs.wait_for(home, job.id, lambda _: None)
    assert ended.state is JobState.FAILED
    assert str(ended.why) == (
        "The video of this lesson is not here any more, so no clip can be cut."
    )
    with database.write() as session:
        assert session.get_one(Feedback, feedback_id).state is FeedbackState.PUBLISHING
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
        again = jobs.latest(session, publishing.KIND, feedback_id)
    assert again is not None and (again.attempt, again.state) == (2, JobState.WAITING)


def test_the_database_refuses_to_open_a_page_without_its_clips(
    database: Database, waiting: UUID
) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="needs its two clips"), database.write() as s:
        s.execute(sa.text("UPDATE feedback SET state = 'published', published_at = created_at"))


def test_the_database_keeps_what_is_published(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    published(database, home, store, cast, small_video)
    for change in (
        "UPDATE focus SET note = 'otra'",
        "UPDATE focus SET clip_id = NULL",
        "DELETE FROM focus",
        "UPDATE feedback SET state = 'draft'",
    ):
        with pytest.raises(sa.exc.IntegrityError), database.write() as session:
            session.execute(sa.text(change))


def test_the_database_refuses_a_second_strength(database: Database, cast: Cast) -> None:
    with database.write() as session:
        observation = submitted(session, cast, recording(session, cast))
        drafted(session, cast, observation)
    copy = (
        "INSERT INTO focus (id, feedback_id, kind, dimension, note, next_step)"
        " SELECT :id, feedback_id, 'strength', 'otra', 'x', '' FROM focus LIMIT 1"
    )
    with pytest.raises(sa.exc.IntegrityError), database.write() as session:
        session.execute(sa.text(copy), {"id": "0" * 32})


def test_the_database_refuses_publishing_without_evidence(database: Database, cast: Cast) -> None:
    with database.write() as session:
        observation = submitted(session, cast, recording(session, cast))
        draft = feedbacks.open_draft(session, observation.id, actor=cast.observer)
        assert draft.focuses == []
    refused = pytest.raises(sa.exc.IntegrityError, match="one strength and one priority")
    with refused, database.write() as session:
        session.execute(sa.text("UPDATE feedback SET state = 'publishing'"))
