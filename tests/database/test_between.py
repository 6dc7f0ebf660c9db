"""What comes between a plan, a commit and the deletion that follows: nothing goes that is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from observe import jobs
from observe.db import Database, today
from observe.feedback import forgetting, publishing
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FeedbackState
from observe.jobs import JobState
from observe.privacy import consent
from observe.privacy.consent import REVOKE, How
from observe.privacy.scopes import FORM_VERSION, Channel, Scope
from observe.video import erasing
from observe.video.adding import if_done
from observe.video.preparing.originals import keep_originals
from observe.video.store import Store
from tests.factories import TODAY, Cast
from tests.feedback_cases import drafted, filmed, submitted
from tests.lessons import Lessons

ALL = frozenset(Scope)


def test_a_film_that_comes_again_while_it_is_deleted_stays(
    lessons: Lessons, small_video: Path
) -> None:
    first, again = lessons.add(small_video), lessons.add(small_video)
    keep_originals(lessons.task(first))

    def comes_in() -> None:
        keep_originals(lessons.task(again))

    with lessons.database.write() as session:
        erasing.erase_video(
            session,
            erasing.Place(lessons.database, lessons.store),
            first.id,
            reason="prueba",
            actor=lessons.cast.observer,
        )
        # After the commit, before the file goes: what is registered last is done first.
        if_done(session, comes_in)
    kept = lessons.now(again)
    assert kept.incoming is None
    assert lessons.store.kept(kept.sha256 or "").exists()
    assert lessons.store.in_flight() == []


@pytest.mark.parametrize("with_clips", [True, False])
def test_what_is_being_published_is_a_draft_again_when_its_film_goes(
    database: Database, store: Store, cast: Cast, small_video: Path, *, with_clips: bool
) -> None:
    with database.write() as session:
        film = filmed(session, store, cast, small_video)
        feedback_id = drafted(session, cast, submitted(session, cast, film))
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
        erasing.erase_video(
            session,
            erasing.Place(database, store),
            film.id,
            reason="prueba",
            actor=cast.observer,
            with_clips=with_clips,
        )
        job = jobs.latest(session, publishing.KIND, feedback_id)
        assert session.get_one(Feedback, feedback_id).state is FeedbackState.DRAFT
        assert job is not None
        assert job.state is JobState.CANCELLED


def test_a_revocation_whose_job_failed_is_asked_for_again(database: Database, cast: Cast) -> None:
    how = How(Channel.PAPER, FORM_VERSION, today())
    with database.write() as session:
        consent.register_educator(session, cast.educator.user_id, ALL, how, actor=cast.observer)
        subject = consent.educator_for(session, cast.educator.user_id, actor=cast.observer)
        taken = consent.revoke(
            session, subject, ALL, on=today(), channel=Channel.MAIL, actor=cast.observer
        )
        job = jobs.latest(session, REVOKE, taken.id)
        assert job is not None
        job.state = JobState.FAILED
    for _ in range(2):
        forgetting.ask_again(database)
    with database.read() as session:
        again = jobs.latest(session, REVOKE, taken.id)
        assert again is not None
        assert (again.attempt, again.state) == (2, JobState.WAITING)
