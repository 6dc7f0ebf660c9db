"""Who opened a record and when: written each time, and shown to the educator it is about.

A feedback that was withdrawn and published again is another version of the same lesson's, and what
is on file tells which one was seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import day_of, today
from observe.feedback.models import Feedback, FeedbackState
from observe.people import audit
from observe.people.access import Actor
from observe.people.models import AuditEntry, User

PAGE: Final = "feedback.opened"
DOWNLOAD: Final = "feedback.downloaded"
RECORD: Final = "record.opened"
VISIT: Final = "feedback.visited"  # a clip of it, by a peer of another school
ANSWERS: Final = "feedback.answers_seen"  # by who gave the feedback
CLIP: Final = "feedback.clip_opened"
PRIORITY: Final = "feedback.priority_seen"  # by another, who observes her next lesson
BESIDE: Final = "feedback.seen_beside"  # a part of it, on a page about something else


@dataclass(frozen=True)
class Opening:
    """A person opened the record, so often, the last time at `at`."""

    name: str
    at: datetime
    times: int
    own: bool  # the educator herself
    version: int | None = None  # of the feedback; None: the record itself, or there was only one


def opened(
    session: Session, feedback: Feedback, *, actor: Actor, action: str = PAGE, **details: object
) -> None:
    """Put on file that `actor` opened the page of `feedback`, or took it away as a file.

    `details` tell which file: its form, and the clips in it.
    """
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="feedback",
        thing_id=feedback.id,
        observation=feedback.observation_id,
        **details,
    )


def versions_of(session: Session, observation_id: UUID) -> tuple[UUID, ...]:
    """Return what was published of an observation, withdrawn ones too, the first version first."""
    rows = sa.select(Feedback.id).where(
        Feedback.observation_id == observation_id,
        Feedback.state.in_([FeedbackState.PUBLISHED, FeedbackState.WITHDRAWN]),
    )
    return tuple(session.scalars(rows.order_by(Feedback.published_at, Feedback.id)))


def openings_of(session: Session, feedback: Feedback) -> tuple[Opening, ...]:
    """Return who opened a version of this feedback or the record it belongs to, the last first."""
    versions = versions_of(session, feedback.observation_id)
    numbers: dict[UUID | None, int] = {each: number for number, each in enumerate(versions, 1)}
    rows = _openings(session, {*versions, feedback.id, feedback.observation_id})
    educator_id = feedback.observation.recording.educator_id
    return tuple(
        Opening(
            name, at, times, who == educator_id, numbers.get(thing) if len(numbers) > 1 else None
        )
        for who, name, at, times, thing in rows
    )


def openings_of_version(session: Session, feedback: Feedback) -> tuple[Opening, ...]:
    """Return who opened this very version of an observation's feedback, the last one first."""
    rows = _openings(session, [feedback.id])
    educator_id = feedback.observation.recording.educator_id
    return tuple(Opening(name, at, times, who == educator_id) for who, name, at, times, _ in rows)


def _openings(
    session: Session, things: Iterable[UUID]
) -> Iterable[tuple[UUID, str, datetime, int, UUID | None]]:
    """Return who opened each of some feedbacks or records, when last, and how often."""
    last = sa.func.max(AuditEntry.at).label("last")
    rows = session.execute(
        sa.select(User.id, User.name, last, sa.func.count(), AuditEntry.thing_id)
        .join(User, User.id == AuditEntry.actor_id)
        .where(
            AuditEntry.thing_id.in_([*things]),
            AuditEntry.action.in_([PAGE, DOWNLOAD, RECORD, VISIT]),
        )
        .group_by(User.id, User.name, AuditEntry.thing_id)
        .order_by(last.desc())
    )
    return [(who, name, at, times, thing) for who, name, at, times, thing in rows]


def opened_by(session: Session, actor: Actor, feedback_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these `actor` opened or took away herself."""
    rows = sa.select(AuditEntry.thing_id).where(
        AuditEntry.thing_id.in_(list(feedback_ids)),
        AuditEntry.actor_id == actor.user_id,
        AuditEntry.action.in_([PAGE, DOWNLOAD]),
    )
    return {thing for thing in session.scalars(rows) if thing is not None}


def answers_seen(session: Session, feedback: Feedback, *, actor: Actor) -> None:
    """Put on file that `actor` looked at what was answered, unless she had seen all of it."""
    sent = [answer.sent_at for answer in feedback.answers if answer.sent_at is not None]
    last = sa.select(sa.func.max(AuditEntry.at)).where(
        AuditEntry.thing_id == feedback.id,
        AuditEntry.actor_id == actor.user_id,
        AuditEntry.action == ANSWERS,
    )
    seen_at = session.scalar(last)
    if sent and (seen_at is None or seen_at < max(sent)):
        opened(session, feedback, actor=actor, action=ANSWERS)


def beside(session: Session, feedback_ids: Iterable[UUID], *, actor: Actor) -> set[UUID]:
    """Return of which of these it is not yet on file today that `actor` saw a part of them.

    A page that is open all day, as the board, would otherwise bury what was read on purpose.
    """
    asked = set(feedback_ids)
    last = (
        sa.select(AuditEntry.thing_id, sa.func.max(AuditEntry.at))
        .where(
            AuditEntry.thing_id.in_(asked),
            AuditEntry.actor_id == actor.user_id,
            AuditEntry.action == BESIDE,
        )
        .group_by(AuditEntry.thing_id)
    )
    rows = session.execute(last) if asked else ()
    return asked - {thing for thing, at in rows if day_of(at) == today()}


def seen_beside(session: Session, feedback_ids: Iterable[UUID], *, actor: Actor) -> None:
    """Put on file that `actor` saw a part of these on a page about something else, once a day."""
    for feedback_id in sorted(beside(session, feedback_ids, actor=actor)):
        opened(session, session.get_one(Feedback, feedback_id), actor=actor, action=BESIDE)
