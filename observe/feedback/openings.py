"""Who opened a record and when: written each time, and shown to the educator it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.feedback.models import Feedback
from observe.people import audit
from observe.people.access import Actor
from observe.people.models import AuditEntry, User

PAGE: Final = "feedback.opened"
DOWNLOAD: Final = "feedback.downloaded"
RECORD: Final = "record.opened"


@dataclass(frozen=True)
class Opening:
    """A person opened the record, so often, the last time at `at`."""

    name: str
    at: datetime
    times: int
    own: bool  # the educator herself


def opened(session: Session, feedback: Feedback, *, actor: Actor, action: str = PAGE) -> None:
    """Put on file that `actor` opened the page of `feedback`, or took it away as a file."""
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="feedback",
        thing_id=feedback.id,
        observation=feedback.observation_id,
    )


def openings_of(session: Session, feedback: Feedback) -> tuple[Opening, ...]:
    """Return who opened this feedback or the record it belongs to, the last one first."""
    return _openings(session, feedback, [feedback.id, feedback.observation_id])


def openings_of_version(session: Session, feedback: Feedback) -> tuple[Opening, ...]:
    """Return who opened this very version of an observation's feedback, the last one first."""
    return _openings(session, feedback, [feedback.id])


def _openings(session: Session, feedback: Feedback, things: list[UUID]) -> tuple[Opening, ...]:
    last = sa.func.max(AuditEntry.at).label("last")
    rows = session.execute(
        sa.select(User.id, User.name, last, sa.func.count())
        .join(User, User.id == AuditEntry.actor_id)
        .where(
            AuditEntry.thing_id.in_(things),
            AuditEntry.action.in_([PAGE, DOWNLOAD, RECORD]),
        )
        .group_by(User.id, User.name)
        .order_by(last.desc())
    )
    educator_id = feedback.observation.recording.educator_id
    return tuple(Opening(name, at, times, who == educator_id) for who, name, at, times in rows)
