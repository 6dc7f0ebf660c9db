"""What the requests that are open reach: whose data are blocked, and what nothing may delete yet.

A request about a person reaches the lessons she taught; one about a child, all lessons of the
child's class, since nobody knows by a list number in which of them the child is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from observe.privacy.request_models import RequestState, RightsRequest


def blocked(educator_id: object, class_group_id: object) -> sa.Exists:
    """Return the condition that lessons of this educator, or of this class, are blocked."""
    asked = aliased(RightsRequest)
    return (
        sa.exists()
        .where(
            asked.blocked_at.is_not(None),
            asked.lifted_at.is_(None),
            sa.or_(asked.user_id == educator_id, asked.class_group_id == class_group_id),
        )
        .correlate_except(asked)
    )


def reached_by(
    request: RightsRequest, educator_id: object, class_group_id: object
) -> sa.ColumnElement[bool]:
    """Return the condition that a request reaches lessons of this educator, or of this class."""
    if request.user_id is not None:
        return sa.literal(request.user_id, sa.Uuid()) == educator_id
    return sa.literal(request.class_group_id, sa.Uuid()) == class_group_id


def is_blocked(session: Session, educator_id: UUID | None, class_group_id: UUID | None) -> bool:
    """Tell whether lessons of this educator, or of this class, are blocked; None asks of none."""
    return bool(session.scalar(sa.select(blocked(educator_id, class_group_id))))


def held(
    session: Session, *, educator_id: UUID | None = None, class_group_id: UUID | None = None
) -> Sequence[UUID]:
    """Return the requests for which nothing of these may be deleted by itself; () is none.

    Those that wait for their answer, and those that block. Retention asks before it deletes a
    recording, a clip or a feedback: with its educator and its class; or a person's own data, with
    her alone. What a person who handles the request deletes is not asked here.
    """
    whose = []
    if educator_id is not None:
        whose.append(RightsRequest.user_id == educator_id)
    if class_group_id is not None:
        whose.append(RightsRequest.class_group_id == class_group_id)
    if not whose:
        return ()
    rows = sa.select(RightsRequest.id).where(_waits(), sa.or_(*whose))
    return tuple(session.scalars(rows.order_by(RightsRequest.id)))


def _waits() -> sa.ColumnElement[bool]:
    return sa.or_(
        RightsRequest.state == RequestState.OPEN,
        sa.and_(RightsRequest.blocked_at.is_not(None), RightsRequest.lifted_at.is_(None)),
    )


@dataclass(frozen=True)
class Waiting:
    """Of whom nothing may be deleted by itself, as `held` says, read at once for many things."""

    people: frozenset[UUID]
    classes: frozenset[UUID]

    def reaches(self, educator_id: UUID | None, class_group_id: UUID | None) -> bool:
        """Tell whether a request waits that speaks of this educator or of this class."""
        return educator_id in self.people or class_group_id in self.classes


def waiting(session: Session) -> Waiting:
    """Return of whom a request waits for its answer or blocks."""
    rows = sa.select(RightsRequest.user_id, RightsRequest.class_group_id).where(_waits())
    found = session.execute(rows).all()
    return Waiting(
        people=frozenset(user_id for user_id, _class in found if user_id),
        classes=frozenset(group_id for _user, group_id in found if group_id),
    )
