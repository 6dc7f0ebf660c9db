"""What people write on a shared record."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.db import Base, Identified, now
from observe.people.models import User


class Comment(Identified, Base):
    """A comment on a submitted observation, by someone who may see it."""

    __tablename__ = "comment"

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), index=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    user: Mapped[User] = relationship()
