"""Feedback to an educator, its two focuses, and her answer.

The database itself refuses a second strength or priority, two focuses on one dimension, and
publishing without the evidence (triggers in the migrations).
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.coding.models import Observation
from observe.db import Base, Identified, choice, now
from observe.people.access import Thing
from observe.video.models import DerivedFile

CLIP_MIN_MS = 15_000
CLIP_MAX_MS = 120_000


class FeedbackState(enum.StrEnum):
    """Publishing waits for the two clips to be cut; what is published can only be withdrawn."""

    DRAFT = "draft"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class FocusKind(enum.StrEnum):
    """The two things an educator gets, no more."""

    STRENGTH = "strength"
    PRIORITY = "priority"


class Feedback(Identified, Base):
    """What an observation gives its educator; one at a time is open (not withdrawn)."""

    __tablename__ = "feedback"
    __table_args__ = (
        sa.Index(
            "uq_feedback_open_observation",
            "observation_id",
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('published', 'withdrawn') OR published_at IS NOT NULL",
            name="published_at",
        ),
    )

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"))
    revision_number: Mapped[int]
    state: Mapped[FeedbackState] = mapped_column(
        choice(FeedbackState),
        default=FeedbackState.DRAFT,
    )
    created_at: Mapped[datetime] = mapped_column(default=now)
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]
    observation: Mapped[Observation] = relationship()
    focuses: Mapped[list[Focus]] = relationship(back_populates="feedback", order_by="Focus.kind")
    answers: Mapped[list[Answer]] = relationship(order_by="Answer.id")

    def focus(self, kind: FocusKind) -> Focus | None:
        """Return the strength or the priority, when it was chosen."""
        return next((focus for focus in self.focuses if focus.kind == kind), None)

    def as_thing(self) -> Thing:
        """Return what access needs to know: educator and school come in once it is published."""
        recording = self.observation.recording
        published = self.state is FeedbackState.PUBLISHED
        return Thing(
            kind="feedback",
            id=self.id,
            school_ids=frozenset({recording.class_group.school_id} if published else ()),
            observer_id=self.observation.observer_id,
            recorder_ids=self.observation.recorder_ids,
            educator_id=recording.educator_id if published else None,
        )


class Focus(Identified, Base):
    """The strength or the priority: a dimension, a moment, what was seen, and the next step."""

    __tablename__ = "focus"
    __table_args__ = (
        sa.UniqueConstraint("feedback_id", "kind"),
        sa.UniqueConstraint("feedback_id", "dimension"),
        sa.CheckConstraint(
            "start_ms IS NULL OR (0 <= start_ms AND start_ms < end_ms)", name="span"
        ),
    )

    feedback_id: Mapped[UUID] = mapped_column(sa.ForeignKey("feedback.id"))
    kind: Mapped[FocusKind] = mapped_column(choice(FocusKind))
    dimension: Mapped[str | None]
    start_ms: Mapped[int | None]
    end_ms: Mapped[int | None]
    note: Mapped[str] = mapped_column(default="")
    next_step: Mapped[str] = mapped_column(default="")
    due_on: Mapped[date | None]
    clip_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("derived_file.id"))
    feedback: Mapped[Feedback] = relationship(back_populates="focuses")
    clip: Mapped[DerivedFile | None] = relationship()


class Answer(Identified, Base):
    """What the educator wrote back; `sent_at` is empty while it is a draft that saves itself."""

    __tablename__ = "answer"

    feedback_id: Mapped[UUID] = mapped_column(sa.ForeignKey("feedback.id"), index=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    text: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    sent_at: Mapped[datetime | None]
