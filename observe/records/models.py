"""What people say of a shared record, how each reads the list, and the averages given out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.db import Base, Identified, now
from observe.people.access import Thing
from observe.people.models import User


class Comment(Identified, Base):
    """A comment on a submitted observation, by someone who may see it."""

    __tablename__ = "comment"

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), index=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    user: Mapped[User] = relationship()


class Agreement(Identified, Base):
    """A UTP head read a revision and agrees with it; a later revision is another one."""

    __tablename__ = "agreement"
    __table_args__ = (sa.UniqueConstraint("observation_id", "revision_number", "user_id"),)

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"))
    revision_number: Mapped[int]
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    user: Mapped[User] = relationship()


class SavedView(Identified, Base):
    """A person's own name for what she narrows the list to; `asked` are the places of its address.

    Nobody else sees it.
    """

    __tablename__ = "saved_view"
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    name: Mapped[str]
    asked: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(default=now)

    def as_thing(self) -> Thing:
        """Return what access needs to know: whose it is."""
        return Thing("view", id=self.id, user_id=self.user_id)


class ListVisit(Base):
    """When a person had the list open last, and since when she is told what changed (None: never).

    The two differ while she works with the list: what is new stays marked until she comes again.
    """

    __tablename__ = "list_visit"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), primary_key=True)
    since: Mapped[datetime | None]
    opened_at: Mapped[datetime] = mapped_column(default=now)


class AverageRelease(Identified, Base):
    """Averages as they were given out; `document` (JSON) never changes: see `aggregates`."""

    __tablename__ = "average_release"

    number: Mapped[int] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    document: Mapped[str]


class ReleasedObservation(Base):
    """An observation that entered a release: it enters no other, so no two can be subtracted."""

    __tablename__ = "released_observation"

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), primary_key=True)
    release_id: Mapped[UUID] = mapped_column(sa.ForeignKey("average_release.id"))
