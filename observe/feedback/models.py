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
from observe.video.models import Blurring, DerivedFile

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
    offers_talk: Mapped[bool] = mapped_column(default=True)  # the observer offers to talk about it
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
            blocked=bool(recording.blocked),
            made_in=recording.class_group.school_id,
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
    phrase: Mapped[str] = mapped_column(default="")  # to her, beside what was seen
    questions: Mapped[str] = mapped_column(default="")  # to think about, one a line
    why: Mapped[str] = mapped_column(default="")  # why the observer chose it; not for the educator
    next_step: Mapped[str] = mapped_column(default="")
    due_on: Mapped[date | None]
    # What the educator is shown once it is published: the clip, or its blurred one as signed now.
    clip_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("derived_file.id"))
    blurring_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("blurring.id"))
    feedback: Mapped[Feedback] = relationship(back_populates="focuses")
    clip: Mapped[DerivedFile | None] = relationship()
    blurring: Mapped[Blurring | None] = relationship()

    @property
    def has_clip(self) -> bool:
        """Whether its clip was cut, or blurred and signed, when it was published."""
        return self.clip_id is not None or self.blurring_id is not None


class Answer(Identified, Base):
    """What the educator wrote back; `sent_at` is empty while it is a draft that saves itself."""

    __tablename__ = "answer"

    feedback_id: Mapped[UUID] = mapped_column(sa.ForeignKey("feedback.id"), index=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    text: Mapped[str]
    already_tried: Mapped[bool] = mapped_column(default=False)  # the next step is nothing new
    own_step: Mapped[str] = mapped_column(default="")  # what she herself wants to try
    talk_on: Mapped[date | None]  # a day on which she would like to talk
    wish: Mapped[str | None]  # the dimension she would like to be looked at next time
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    sent_at: Mapped[datetime | None]


class SelfAssessment(Identified, Base):
    """How the educator scores her own lesson with the rubric it was coded with; hers alone."""

    __tablename__ = "self_assessment"

    feedback_id: Mapped[UUID] = mapped_column(sa.ForeignKey("feedback.id"), unique=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    scores: Mapped[dict[str, int]] = mapped_column(sa.JSON)  # by dimension
    before_reading: Mapped[bool]  # she had not opened the feedback yet
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Outcome(enum.StrEnum):
    """What became of a priority by the next observation."""

    MOVED = "moved"
    NOT_YET = "not_yet"
    CHANGED_FOCUS = "changed_focus"


class FollowUp(Identified, Base):
    """What the next observation says of the priority before it; it freezes with it."""

    __tablename__ = "follow_up"

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), unique=True)
    focus_id: Mapped[UUID] = mapped_column(sa.ForeignKey("focus.id"), index=True)
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome))
    note: Mapped[str] = mapped_column(default="")
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    focus: Mapped[Focus] = relationship()


class NetworkFocus(Identified, Base):
    """A dimension on which the network works together from a day on; it lifts a candidate."""

    __tablename__ = "network_focus"

    rubric_id: Mapped[str]
    dimension: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class LessonMean(Base):
    """The mean of a dimension in a submitted observation: what a cohort is made of.

    `counted` is the one that is in the cohort's sum; None: there is none of it in the sum. `mean`
    is None when a correction took the number away while it was counted.
    """

    __tablename__ = "lesson_mean"
    __table_args__ = (
        sa.Index(
            "ix_lesson_mean_cohort",
            *("rubric_version_id", "level", "dimension", "educator_id", "mean"),
        ),
    )

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    rubric_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_version.id"))
    level: Mapped[str]  # of schooling; empty: not known
    educator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    mean: Mapped[float | None]
    counted: Mapped[float | None]


class CohortMean(Base):
    """The sum of the educators' means of a dimension, and how many educators it is made of."""

    __tablename__ = "cohort_mean"

    rubric_version_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("rubric_version.id"), primary_key=True
    )
    level: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    educators: Mapped[int]
    total: Mapped[float]


class Reminder(Identified, Base):
    """An e-mail that reminded somebody of something due; each is sent once."""

    __tablename__ = "reminder"
    __table_args__ = (sa.UniqueConstraint("user_id", "kind", "thing_id", "due_on"),)

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    kind: Mapped[str]
    thing_id: Mapped[UUID]
    due_on: Mapped[date]
    sent_at: Mapped[datetime] = mapped_column(default=now)
