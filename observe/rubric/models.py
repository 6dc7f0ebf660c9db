"""The rubric versions this home knows: the whole file's content, never changed once loaded."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from observe.db import Base, Identified, now


class RubricVersion(Identified, Base):
    """One version of a rubric; `document` is its canonical JSON and `content_hash` its sha256."""

    __tablename__ = "rubric_version"
    __table_args__ = (sa.UniqueConstraint("rubric_id", "version"),)

    rubric_id: Mapped[str]
    version: Mapped[str]
    document: Mapped[str]
    content_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    loaded_at: Mapped[datetime] = mapped_column(default=now)
