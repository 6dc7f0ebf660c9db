"""How often something was tried lately: by a computer, on an account, by a person.

Counted in the database, so that all processes of a home know and none forgets when it is started
again. Only what may be guessed, or done to excess, is counted, so that no other request writes.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from observe.db import Base, now
from observe.errors import TooOftenError
from observe.text import Message


class AttemptCount(Base):
    """How often what `hash` names was tried since its time began, and when that ends."""

    __tablename__ = "attempt_count"

    hash: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)


def count(session: Session, name: str, *, seconds: int, by: int = 1, at: datetime) -> int:
    """Count `by` attempts at `name` and return how many there were within its `seconds`.

    The first one begins that time; one statement, so that of two at once none is lost.
    """
    session.execute(sa.delete(AttemptCount).where(AttemptCount.ends_at <= at))
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = insert(AttemptCount).values(
        hash=name, count=by, ends_at=at + timedelta(seconds=seconds)
    )
    counted = added.on_conflict_do_update(
        index_elements=[AttemptCount.hash], set_={"count": AttemptCount.count + by}
    ).returning(AttemptCount.count)
    return session.execute(counted).scalar_one()


def allow(session: Session, deed: str, *, most: int, seconds: int, told: Message) -> None:
    """Count one `deed` of those that a script could do without end.

    The limit is far beyond a real day's work. Part of the deed's transaction: one that is refused
    is not counted.

    Raises:
        TooOftenError: it was done `most` times within its `seconds`.
    """
    name = hashlib.sha256(deed.encode()).hexdigest()
    if count(session, name, seconds=seconds, at=now()) > most:
        raise TooOftenError(told)


def standing(session: Session, name: str, *, at: datetime) -> tuple[int, datetime]:
    """Return how many attempts at `name` count at this moment, and until when."""
    row = session.get(AttemptCount, name)
    return (row.count, row.ends_at) if row is not None and row.ends_at > at else (0, at)


def forget(session: Session, name: str | None = None) -> int:
    """Forget the attempts at `name`, or all; return how many counts went."""
    gone = sa.delete(AttemptCount)
    if name is not None:
        gone = gone.where(AttemptCount.hash == name)
    return len(session.scalars(gone.returning(AttemptCount.hash)).all())
