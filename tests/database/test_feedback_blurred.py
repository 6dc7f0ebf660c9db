"""Publishing where educators see their moments blurred: it waits for both signatures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe import jobs
from observe.db import Database
from observe.errors import BadInputError
from observe.feedback import clip_files, publishing
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.people.access import Action
from observe.settings import Settings, settings_from
from observe.video.blur import operations as blurs
from observe.video.models import Blurring, BlurState, FileKind
from observe.video.store import Store
from tests.factories import Cast
from tests.feedback_cases import TODAY, drafted, filmed, focuses, submitted

SHOWN = (FileKind.CLIP, FileKind.CLIP_POSTER)


@pytest.fixture
def blurring_home(home: Settings) -> Settings:
    return replace(home, educator_clips="blurred")


@pytest.fixture
def asked(database: Database, store: Store, cast: Cast, sparse_video: Path) -> UUID:
    """A feedback that its observer asked to publish."""
    with database.write() as session:
        observation = submitted(session, cast, filmed(session, store, cast, sparse_video))
        feedback_id = drafted(session, cast, observation)
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
        return feedback_id


def run(home: Settings, database: Database) -> None:
    """Let the real worker do all that waits."""
    with database.read() as session:
        waiting = session.scalars(sa.select(jobs.Job.id).where(jobs.Job.state.not_in(jobs.ENDED)))
        ids = waiting.all()
    for job_id in ids:
        jobs.wait_for(home, job_id, lambda _job: None)


def state(database: Database, feedback_id: UUID) -> FeedbackState:
    with database.read() as session:
        return session.get_one(Feedback, feedback_id).state


def clips_of(database: Database) -> list[Blurring]:
    with database.read() as session:
        return list(session.scalars(sa.select(Blurring).order_by(Blurring.start_ms)))


def sign(database: Database, cast: Cast, row: Blurring) -> None:
    with database.write() as session:
        blurs.watched(session, session.get_one(Blurring, row.id), actor=cast.observer)
        blurs.sign(session, row.id, version=row.version, actor=cast.observer)


def shown(database: Database, feedback_id: UUID, kind: FileKind) -> list[str | None]:
    with database.read() as session:
        feedback = session.get_one(Feedback, feedback_id)
        files = [
            clip_files.file_of(session, feedback.focus(each), kind)
            for each in (FocusKind.STRENGTH, FocusKind.PRIORITY)
        ]
        return [file.sha256 if file else None for file in files]


def test_the_page_opens_with_the_last_signature_and_shows_what_was_signed(
    database: Database, blurring_home: Settings, store: Store, cast: Cast, asked: UUID
) -> None:
    run(blurring_home, database)  # the publishing, which asks for the blurred clips
    run(blurring_home, database)
    first, second = clips_of(database)
    assert {first.state, second.state} == {BlurState.MADE}
    assert state(database, asked) is FeedbackState.PUBLISHING
    with database.read() as session:
        feedback = session.get_one(Feedback, asked)
        assert publishing.waits_for_signatures(session, feedback)
        assert feedbacks.feedbacks_of(session, actor=cast.educator) == []
    sign(database, cast, first)
    assert state(database, asked) is FeedbackState.PUBLISHING
    sign(database, cast, second)
    assert state(database, asked) is FeedbackState.PUBLISHED
    assert shown(database, asked, FileKind.CLIP) == [first.made, second.made]
    assert all(shown(database, asked, FileKind.CLIP_POSTER))
    with database.read() as session:
        mine = feedbacks.feedback_for(
            session, asked, actor=cast.educator, action=Action.FEEDBACK_ANSWER
        )
        assert mine.focuses[0].clip_id is None, "no clip with faces was cut for it"


def test_a_published_moment_is_not_shown_while_its_blur_is_mended(
    database: Database, blurring_home: Settings, cast: Cast, asked: UUID
) -> None:
    run(blurring_home, database)
    run(blurring_home, database)
    for row in clips_of(database):
        sign(database, cast, row)
    first, second = clips_of(database)
    region = {"id": str(asked), "kind": "add", "start_ms": 1_000, "end_ms": 2_000}
    with database.write() as session:
        box = region | {"box": [0.25, 0.25, 0.5, 0.5]}
        blurs.correct(session, first.id, [box], version=first.version, actor=cast.observer)
    for kind in SHOWN:
        assert [bool(each) for each in shown(database, asked, kind)] == [False, True]
    run(blurring_home, database)
    assert shown(database, asked, FileKind.CLIP)[0] is None, "made is not signed"
    mended = clips_of(database)[0]
    sign(database, cast, mended)
    assert shown(database, asked, FileKind.CLIP) == [mended.made, second.made]
    assert state(database, asked) is FeedbackState.PUBLISHED


def test_what_was_signed_before_is_published_at_once(
    database: Database, blurring_home: Settings, cast: Cast, asked: UUID
) -> None:
    run(blurring_home, database)
    with database.write() as session:
        feedbacks.take_back(session, asked, actor=cast.observer)
    run(blurring_home, database)
    for row in clips_of(database):
        sign(database, cast, row)
    assert state(database, asked) is FeedbackState.DRAFT, "a draft is not opened by a signature"
    with database.write() as session:
        feedbacks.publish(session, asked, actor=cast.observer, today=TODAY)
    run(blurring_home, database)
    assert state(database, asked) is FeedbackState.PUBLISHED


def test_another_moment_chosen_meanwhile_is_asked_for_anew(
    database: Database, blurring_home: Settings, cast: Cast, asked: UUID
) -> None:
    run(blurring_home, database)
    with database.write() as session:
        feedbacks.take_back(session, asked, actor=cast.observer)
        feedback = session.get_one(Feedback, asked)
        given = focuses(feedback.observation)
        moved = replace(given[FocusKind.STRENGTH], start_ms=1_000, end_ms=16_000)
        feedbacks.save_focuses(session, asked, {FocusKind.STRENGTH: moved}, actor=cast.observer)
        feedbacks.publish(session, asked, actor=cast.observer, today=TODAY)
    run(blurring_home, database)
    run(blurring_home, database)
    rows = {(row.start_ms, row.end_ms): row for row in clips_of(database)}
    sign(database, cast, rows[0, 15_000])
    sign(database, cast, rows[15_000, 30_000])
    assert state(database, asked) is FeedbackState.PUBLISHING, "not the moment that is published"
    sign(database, cast, rows[1_000, 16_000])
    assert state(database, asked) is FeedbackState.PUBLISHED


@pytest.mark.parametrize(
    ("mode", "said", "blurs_them"),
    [
        ("laptop", "", False),
        ("hub", "", True),
        ("laptop", "blurred", True),
        ("hub", "as_filmed", False),
    ],
)
def test_what_leaves_the_laptop_is_blurred_unless_the_provider_says_so(
    tmp_path: Path, mode: str, said: str, *, blurs_them: bool
) -> None:
    environ = {
        "OBSERVE_HOME": str(tmp_path),
        "OBSERVE_MODE": mode,
        "OBSERVE_EDUCATOR_CLIPS": said,
    }
    assert settings_from(environ).blurs_for_educators is blurs_them
    with pytest.raises(BadInputError, match="blurr"):
        settings_from(environ | {"OBSERVE_EDUCATOR_CLIPS": "blurr"})
