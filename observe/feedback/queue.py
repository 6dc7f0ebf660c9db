"""A coded round, one educator after the other: whose lesson still waits for its feedback."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from observe.coding import assigning
from observe.coding.models import Observation, ObservationState
from observe.feedback.models import Feedback, FeedbackState
from observe.people.access import Action, Actor, can
from observe.video.models import Recording, RecordingState

_GIVEN = (FeedbackState.PUBLISHING, FeedbackState.PUBLISHED)


def waiting(session: Session, *, actor: Actor) -> list[Observation]:
    """Return what `actor` submitted and gave no feedback on yet, the oldest lesson first.

    What was withdrawn waits again. A lesson that she coded too for a colleague is the colleague's.
    """
    given = sa.exists().where(Feedback.observation_id == Observation.id, Feedback.state.in_(_GIVEN))
    rows = session.scalars(
        sa.select(Observation)
        .join(Observation.recording)
        .where(
            Observation.observer_id == actor.user_id,
            Observation.state == ObservationState.SUBMITTED,
            Observation.assignment_id.is_(None),
            Recording.state != RecordingState.LIVE,
            ~given,
        )
        .order_by(Recording.recorded_on, Observation.submitted_at, Observation.id)
        .options(selectinload(Observation.recording).selectinload(Recording.educator))
    )
    hidden = assigning.hidden_from(session, actor)
    return [
        row
        for row in rows
        if can(actor, Action.FEEDBACK_COMPOSE, row.as_thing()) and not hidden.hides(row)
    ]


def next_after(queue: Sequence[Observation], observation_id: UUID) -> Observation | None:
    """Return whose turn is next; behind the last one the first again; None: nobody else waits."""
    others = [row for row in queue if row.id != observation_id]
    ids = [row.id for row in queue]
    if observation_id not in ids or observation_id == ids[-1]:
        return others[0] if others else None
    return queue[ids.index(observation_id) + 1]
