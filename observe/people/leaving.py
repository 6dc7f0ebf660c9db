"""Whose last day is past comes in no more: looked for each day, since no day ends by a click.

A person who leaves today has her sessions ended by whoever lets her go (`memberships.leave`). A
last day that was told beforehand, or stood in a table, goes by while nobody does anything.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.daily import daily
from observe.db import Database, today
from observe.jobs import Work
from observe.people import audit
from observe.people.memberships import settle
from observe.people.models import Membership, User

DAILY: Final = "people.leaving"


def _gone() -> sa.Select[User]:
    """Return the query of who may come in though each of her roles is over."""
    lasting = sa.or_(Membership.ends_on.is_(None), Membership.ends_on >= today())
    return sa.select(User).where(User.active, ~User.memberships.any(lasting))


def _somebody(session: Session) -> bool:
    return session.scalar(sa.select(_gone().exists())) is True


@daily(DAILY, hour=0, needed=_somebody)
def close_daily(work: Work, _day: UUID) -> None:
    """Let nobody in whose last day was yesterday or before."""
    work.step("close", close_gone, work.database)


def close_gone(database: Database) -> int:
    """End what lets in each person whose roles are all over; return how many there were."""
    with database.write() as session:
        found = session.scalars(_gone().order_by(User.id).with_for_update(key_share=True)).all()
        for user in found:
            settle(session, user)
        for user in found:
            audit.record(
                session,
                "person.gone",
                actor_id=None,
                thing_kind="person",
                thing_id=user.id,
            )
    return len(found)
