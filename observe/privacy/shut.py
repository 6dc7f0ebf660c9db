"""What was shut, to be noted beside the tombstones: an older backup must not open it again.

A request that blocks, a person who left, a feedback that was withdrawn. As tombstones, the notes
hold ids, days and kinds, neither names nor anybody's words; the last one of a thing counts.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.people.models import AuditEntry, User
from observe.privacy.request_models import RightsRequest


class Deed(enum.StrEnum):
    """What was done to a thing."""

    BLOCKED = "blocked"  # by a request
    LIFTED = "lifted"
    LEFT = "left"  # a person
    BACK = "back"
    WITHDRAWN = "withdrawn"  # a feedback


@dataclass(frozen=True)
class Shut:
    """That a thing was shut, or is open again; `more` is what shutting it again needs."""

    deed: str
    thing_id: str
    at: str
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """By what it is known: noted once."""
        return f"{self.deed} {self.thing_id} {self.at}"

    @property
    def moment(self) -> datetime:
        """When it was done, or first noticed."""
        return datetime.fromisoformat(self.at)


# With one of these somebody may have come back; a table of people tells of nobody in the trail.
_COMES_BACK: Final = ("membership.add", "membership.days")
_TABLE: Final = "person.import"
WITHDRAW: Final = "feedback.withdraw"


def shut_in(session: Session, noted: Iterable[Shut]) -> list[Shut]:
    """Return what is shut in a home and what is open again, of which some may be noted."""
    last = last_of(each for each in noted if each.deed in {Deed.LEFT, Deed.BACK})
    return [*_blocks(session), *_withdrawn(session), *_people(session, last)]


def last_of(noted: Iterable[Shut]) -> dict[str, Shut]:
    """Return what was done last to each thing, by its id."""
    return {each.thing_id: each for each in sorted(noted, key=lambda each: each.moment)}


def came_back(session: Session, user_id: UUID, since: datetime) -> bool:
    """Tell whether a home has let a person in again after a moment, as far as its trail tells."""
    hers = sa.and_(AuditEntry.thing_id == user_id, AuditEntry.action.in_(_COMES_BACK))
    found = sa.select(AuditEntry.number).where(
        AuditEntry.at > since, sa.or_(hers, AuditEntry.action == _TABLE)
    )
    return session.scalar(found.limit(1)) is not None


def _blocks(session: Session) -> Iterator[Shut]:
    for row in session.scalars(
        sa.select(RightsRequest).where(RightsRequest.blocked_at.is_not(None))
    ):
        done_at = changed_at(row)
        if done_at is not None:
            deed = Deed.BLOCKED if row.blocks else Deed.LIFTED
            yield Shut(deed, str(row.id), done_at.isoformat(), _asked(row))


def changed_at(row: RightsRequest) -> datetime | None:
    """Return when a request began to block, or was lifted; None: it never blocked."""
    return row.lifted_at or row.blocked_at


def _asked(row: RightsRequest) -> dict[str, Any]:
    """Return what makes the request anew in a backup from before it: no words, no names."""
    return {
        "kind": row.kind.value,
        "about": row.about.value,
        "user": str(row.user_id) if row.user_id else None,
        "class": str(row.class_group_id) if row.class_group_id else None,
        "number": row.list_number,
        "received": row.received_on.isoformat(),
        "channel": row.channel.value,
        "by": str(row.registered_by_id),
    }


def _withdrawn(session: Session) -> Iterator[Shut]:
    rows = sa.select(AuditEntry).where(
        AuditEntry.action == WITHDRAW, AuditEntry.thing_id.is_not(None)
    )
    for row in session.scalars(rows):
        yield Shut(Deed.WITHDRAWN, str(row.thing_id), row.at.isoformat())


def _people(session: Session, last: dict[str, Shut]) -> Iterator[Shut]:
    """Tell of who left and who is back since that was noted; no row of hers says when."""
    at = now().isoformat()
    for user in session.scalars(sa.select(User).order_by(User.id)):
        before = last.get(str(user.id))
        has_left = before is not None and before.deed == Deed.LEFT
        if not user.active and not has_left:
            ends = {str(row.id): row.ends_on.isoformat() for row in user.memberships if row.ends_on}
            yield Shut(Deed.LEFT, str(user.id), at, {"ends": ends})
        elif user.active and before and has_left and came_back(session, user.id, before.moment):
            yield Shut(Deed.BACK, str(user.id), at)
