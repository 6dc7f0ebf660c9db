"""A request that blocks lessons stops what is being made of them; once lifted, it goes on.

What is being published goes back to the draft: its observer publishes it again when she wants to.
Bringing a file in from a card is not stopped: it is kept, not used, and the card may go.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.coding.models import Observation
from observe.db import now
from observe.feedback import publishing
from observe.feedback.models import Feedback, FeedbackState
from observe.jobs import JobState
from observe.privacy import reach, requests
from observe.privacy.request_models import RightsRequest
from observe.video import light
from observe.video.blur import making
from observe.video.models import Blurring, BlurState, DerivedFile, Recording
from observe.video.preparing import prepare


def reached(session: Session, request: RightsRequest) -> int:
    """Return how many lessons a request reaches, which its block hides."""
    hers = reach.reached_by(request, Recording.educator_id, Recording.class_group_id)
    return session.scalar(sa.select(sa.func.count()).select_from(Recording).where(hers)) or 0


@requests.when_block_changed
def halt_or_go_on(session: Session, request: RightsRequest) -> None:
    """Stop the jobs of the lessons that are blocked now; ask again for those of the others."""
    reached = reach.reached_by(request, Recording.educator_id, Recording.class_group_id)
    rows = sa.select(Recording).where(reached).execution_options(populate_existing=True)
    for recording in session.scalars(rows).all():
        if recording.blocked:
            _halt(session, recording)
        else:
            _go_on(session, recording, _since(session, recording, request))


def _since(session: Session, recording: Recording, lifted: RightsRequest) -> datetime:
    """Return since when a lesson was blocked without a break, by this request and others."""
    asked = RightsRequest
    reaches = sa.or_(
        asked.user_id == recording.educator_id, asked.class_group_id == recording.class_group_id
    )
    began = lifted.blocked_at or now()
    while True:  # a block may have begun under another one, and that under a third
        under = sa.select(sa.func.min(asked.blocked_at)).where(reaches, asked.lifted_at >= began)
        earlier = session.scalar(under)
        if earlier is None or earlier >= began:
            return began
        began = earlier


def _halt(session: Session, recording: Recording) -> None:
    jobs.stop(session, prepare.KIND, recording.id)
    for blurring in _asked(session, recording):
        jobs.stop(session, making.KIND, blurring.asked_id)
    for clip_id in session.scalars(sa.select(DerivedFile.id).filter_by(recording_id=recording.id)):
        jobs.stop(session, light.KIND, clip_id)
    waiting = sa.select(Feedback).join(Feedback.observation)
    waiting = waiting.where(
        Observation.recording_id == recording.id, Feedback.state == FeedbackState.PUBLISHING
    )
    for feedback in session.scalars(waiting):
        jobs.stop(session, publishing.KIND, feedback.id)
        feedback.state = FeedbackState.DRAFT
    session.flush()


def _go_on(session: Session, recording: Recording, since: datetime) -> None:
    if recording.is_erased:
        return
    _ask_again(session, jobs.latest(session, prepare.KIND, recording.id), since)
    for blurring in _asked(session, recording):
        _ask_again(session, jobs.latest(session, making.KIND, blurring.asked_id), since)


def _asked(session: Session, recording: Recording) -> list[Blurring]:
    rows = sa.select(Blurring).filter_by(recording_id=recording.id, state=BlurState.ASKED)
    return list(session.scalars(rows.order_by(Blurring.id)))


def _ask_again(session: Session, job: jobs.Job | None, since: datetime) -> None:
    """Retry what the block stopped; what a person had stopped before it stays so."""
    if job is not None and job.state is JobState.CANCELLED and job.updated_at >= since:
        jobs.retry(session, job.id)
