"""The end of a lesson observed in the room: its clock stops, and what goes on ends with it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import (
    ClipMark,
    Cycle,
    Note,
    Observation,
    ObservationState,
    UncodableStretch,
)
from observe.coding.operations import observation_for
from observe.people.access import Action, Actor
from observe.video.live import SHORTEST_MS
from observe.video.models import Recording
from observe.video.operations import end_live

_SPANS: Final[tuple[type[Cycle | UncodableStretch | ClipMark], ...]] = (
    Cycle,
    UncodableStretch,
    ClipMark,
)


def end_lesson(
    session: Session, observation_id: UUID, *, actor: Actor, length_ms: int | None = None
) -> Recording:
    """Stop the clock of the lesson that this observation is of, and end with it what goes on.

    `length_ms`: how long it lasted, when the clock was forgotten; never shorter than what was
    marked in it.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        ConflictError: it was not observed in the room, or has ended already.
    """
    observation = observation_for(
        session, observation_id, actor=actor, action=Action.OBSERVATION_CODE
    )
    lesson_id = observation.recording_id
    if length_ms is not None:
        length_ms = max(length_ms, _marked_until(session, lesson_id))
    recording = end_live(session, lesson_id, actor=actor, length_ms=length_ms)
    end_ms = recording.length_ms()
    for kind in _SPANS:
        session.execute(
            sa.update(kind)
            .where(kind.observation_id.in_(_drafts(lesson_id)), kind.end_ms > end_ms)
            .values(end_ms=sa.case((kind.start_ms < end_ms, end_ms), else_=kind.start_ms + 1))
            .execution_options(synchronize_session="fetch")
        )
    return recording


def _marked_until(session: Session, recording_id: UUID) -> int:
    """Return the moment before which the lesson cannot have ended: something was marked then."""
    drafts = _drafts(recording_id)
    starts = [
        session.scalar(sa.select(sa.func.max(kind.start_ms)).where(kind.observation_id.in_(drafts)))
        for kind in _SPANS
    ]
    notes = sa.select(sa.func.max(Note.at_ms)).where(Note.observation_id.in_(drafts))
    return max(each or 0 for each in (*starts, session.scalar(notes))) + SHORTEST_MS


def _drafts(recording_id: UUID) -> sa.Select[UUID]:
    return sa.select(Observation.id).where(
        Observation.recording_id == recording_id, Observation.state == ObservationState.DRAFT
    )
