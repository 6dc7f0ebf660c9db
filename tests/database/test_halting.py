"""A request that blocks lessons stops what is being made of them, and only of them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe import jobs
from observe.feedback import halting, publishing  # noqa: F401  # the first is told of blocks
from observe.feedback.models import Feedback, FeedbackState
from observe.jobs import JobState
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.video.blur import making
from observe.video.blur import operations as blurs
from observe.video.preparing import prepare
from observe.video.timecode import Span
from tests.database.test_rights import asked
from tests.factories import Cast, recording
from tests.feedback_cases import drafted, submitted


def test_jobs_of_blocked_lessons_stop_and_go_on_once_it_is_lifted(
    session: Session, cast: Cast
) -> None:
    film, other = recording(session, cast), recording(session, cast)
    other.educator_id = cast.second_educator.user_id
    row = session.get_one(Feedback, drafted(session, cast, submitted(session, cast, film)))
    row.state = FeedbackState.PUBLISHING
    blurring = blurs.ensure(session, film.id, Span(0, 15_000))
    asked_for = [
        (prepare.KIND, film.id), (prepare.KIND, other.id), (publishing.KIND, row.id)
    ]  # fmt: skip
    for kind, subject_id in asked_for:
        jobs.enqueue(session, kind, subject_id)
    request = asked(session, cast, kind=RequestKind.BLOCKING)
    requests.block(session, request.id, actor=cast.administrator)

    def states() -> list[JobState]:
        known = [*asked_for, (making.KIND, blurring.asked_id)]
        return [jobs.latest(session, *each).state for each in known]  # type: ignore[union-attr]

    session.expire_all()
    stopped, waiting = JobState.CANCELLED, JobState.WAITING
    assert states() == [stopped, waiting, stopped, stopped]
    assert row.state is FeedbackState.DRAFT
    requests.lift(session, request.id, actor=cast.administrator)
    session.expire_all()
    assert states() == [waiting, waiting, stopped, waiting]


def test_what_a_person_had_stopped_before_stays_stopped(session: Session, cast: Cast) -> None:
    film = recording(session, cast)
    jobs.enqueue(session, prepare.KIND, film.id)
    jobs.stop(session, prepare.KIND, film.id)
    session.flush()
    request = asked(session, cast, kind=RequestKind.BLOCKING)
    requests.block(session, request.id, actor=cast.administrator)
    requests.lift(session, request.id, actor=cast.administrator)
    session.expire_all()
    job = jobs.latest(session, prepare.KIND, film.id)
    assert job is not None
    assert job.state is JobState.CANCELLED


def test_blocks_that_overlap_in_a_chain_are_one(session: Session, cast: Cast) -> None:
    film = recording(session, cast)
    jobs.enqueue(session, prepare.KIND, film.id)
    first, second, third = (
        asked(session, cast, kind=RequestKind.BLOCKING).id for _ in range(3)
    )  # fmt: skip
    for verb, request_id in (
        (requests.block, first), (requests.block, second), (requests.lift, first),
        (requests.block, third), (requests.lift, second), (requests.lift, third),
    ):  # fmt: skip
        verb(session, request_id, actor=cast.administrator)
    session.expire_all()
    job = jobs.latest(session, prepare.KIND, film.id)
    assert job is not None
    assert job.state is JobState.WAITING
