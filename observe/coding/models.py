"""An observation under way, its operations, and the revisions that were submitted."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.coding.changes import StepRole
from observe.db import Base, Identified, choice, now
from observe.people.access import Thing
from observe.people.models import User
from observe.rubric.models import RubricVersion
from observe.video.models import Assignment, Recording


class ObservationState(enum.StrEnum):
    """A draft belongs to its observer alone; a submitted revision never changes."""

    DRAFT = "draft"
    SUBMITTED = "submitted"


class Mark(enum.StrEnum):
    """What stands in a cell that has no number: two different things."""

    NOT_OBSERVED = "not_observed"
    NOT_APPLICABLE = "not_applicable"


class Observation(Identified, Base):
    """One observer's coding of one recording with one frozen rubric version.

    `version` counts the operations applied, so two windows can tell that they differ.
    """

    __tablename__ = "observation"

    recording_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recording.id"), index=True)
    observer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    begun_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    rubric_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_version.id"))
    state: Mapped[ObservationState] = mapped_column(
        choice(ObservationState),
        default=ObservationState.DRAFT,
    )
    version: Mapped[int] = mapped_column(default=0)
    assignment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("assignment.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    submitted_at: Mapped[datetime | None]

    recording: Mapped[Recording] = relationship()
    observer: Mapped[User] = relationship(foreign_keys=observer_id)
    rubric_version: Mapped[RubricVersion] = relationship()
    assignment: Mapped[Assignment | None] = relationship()
    cycles: Mapped[list[Cycle]] = relationship(
        back_populates="observation", order_by="Cycle.start_ms"
    )
    stretches: Mapped[list[UncodableStretch]] = relationship(order_by="UncodableStretch.start_ms")
    notes: Mapped[list[Note]] = relationship(order_by="Note.at_ms, Note.id")
    clips: Mapped[list[ClipMark]] = relationship(order_by="ClipMark.start_ms, ClipMark.id")
    revisions: Mapped[list[Revision]] = relationship(
        back_populates="observation", order_by="Revision.number"
    )

    @property
    def recorder_ids(self) -> frozenset[UUID]:
        """Who brought in the video, and who brought in the sheet of a colleague."""
        return frozenset({self.recording.observer_id, self.begun_by_id})

    def as_thing(self) -> Thing:
        """Return what access needs to know of this observation while it is coded."""
        return self._thing("observation")

    def as_record(self) -> Thing:
        """Return what access needs to know of the shared record it became."""
        return self._thing("record")

    def _thing(self, kind: str) -> Thing:
        return Thing(
            kind=kind,
            id=self.id,
            school_ids=frozenset({self.recording.class_group.school_id}),
            observer_id=self.observer_id,
            recorder_ids=self.recorder_ids,
            educator_id=self.recording.educator_id,
            blocked=bool(self.recording.blocked),
            made_in=self.recording.class_group.school_id,
        )


class Cycle(Identified, Base):
    """A span `[start_ms, end_ms)` of the recording that is scored as a whole."""

    __tablename__ = "cycle"
    __table_args__ = (sa.CheckConstraint("0 <= start_ms AND start_ms < end_ms", name="span"),)

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), index=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    observation: Mapped[Observation] = relationship(back_populates="cycles")
    scores: Mapped[list[Score]] = relationship(
        back_populates="cycle", cascade="all, delete-orphan", order_by="Score.dimension"
    )
    snapshots: Mapped[list[Snapshot]] = relationship(
        back_populates="cycle", cascade="all, delete-orphan", order_by="Snapshot.number"
    )


class UncodableStretch(Identified, Base):
    """A span `[start_ms, end_ms)` in which nothing can be coded, and why (nap, yard, no sound)."""

    __tablename__ = "uncodable_stretch"
    __table_args__ = (sa.CheckConstraint("0 <= start_ms AND start_ms < end_ms", name="span"),)

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), index=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    reason: Mapped[str]


class Score(Base):
    """What stands in a cell: a number of the dimension's scale, or a mark instead of one."""

    __tablename__ = "score"
    __table_args__ = (
        sa.CheckConstraint("(value IS NULL) <> (mark IS NULL)", name="value_or_mark"),
    )

    cycle_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("cycle.id", ondelete="CASCADE"), primary_key=True
    )
    dimension: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int | None]
    mark: Mapped[Mark | None] = mapped_column(choice(Mark))
    cycle: Mapped[Cycle] = relationship(back_populates="scores")


class Note(Identified, Base):
    """Evidence: what was seen or heard at `at_ms`, for a dimension (+, − or neither) or none."""

    __tablename__ = "note"
    __table_args__ = (
        sa.CheckConstraint("at_ms >= 0", name="at"),
        sa.CheckConstraint("polarity IN (-1, 0, 1)", name="polarity"),
    )

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), index=True)
    at_ms: Mapped[int]
    text: Mapped[str]
    dimension: Mapped[str | None]
    polarity: Mapped[int] = mapped_column(default=0)


class ClipMark(Identified, Base):
    """A moment `[start_ms, end_ms)` kept while coding, for a focus of the feedback or for neither.

    Nothing is cut: what leaves is cut when the feedback is published.
    """

    __tablename__ = "clip_mark"
    __table_args__ = (
        sa.CheckConstraint("0 <= start_ms AND start_ms < end_ms", name="span"),
        sa.CheckConstraint("purpose IN ('strength', 'priority')", name="purpose"),
    )

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), index=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    words: Mapped[str] = mapped_column(default="")
    dimension: Mapped[str | None]
    purpose: Mapped[str | None]


class Snapshot(Base):
    """What was answered at the `number`th snapshot of a cycle: question → answer."""

    __tablename__ = "snapshot"

    cycle_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("cycle.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    answers: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    cycle: Mapped[Cycle] = relationship(back_populates="snapshots")


class PlayedStretch(Identified, Base):
    """A stretch of the video that was played without a stop, at one rate; `at` by that laptop."""

    __tablename__ = "played_stretch"
    __table_args__ = (sa.CheckConstraint("0 <= start_ms AND start_ms <= end_ms", name="span"),)

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), index=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    rate: Mapped[float]
    at: Mapped[datetime]


class Operation(Base):
    """One change, with the id its window gave it: applied once, however often it is sent.

    The log is also undo and history: `before` is what `payload` replaced (null: nothing was there).
    """

    __tablename__ = "operation"
    __table_args__ = (sa.UniqueConstraint("observation_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"))
    number: Mapped[int]  # the observation's version after it
    window: Mapped[str]  # the browser window (or command) it came from
    at: Mapped[datetime] = mapped_column(default=now)
    kind: Mapped[str]
    target: Mapped[str] = mapped_column(index=True)  # what it touches, e.g. `score:<cycle>:<dim>`
    payload: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    step: Mapped[UUID | None]  # what is undone together; None: it alone
    role: Mapped[StepRole] = mapped_column(choice(StepRole), default=StepRole.DO)
    actor_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))


class Revision(Identified, Base):
    """A submitted observation: canonical JSON and its sha256; database triggers keep it so."""

    __tablename__ = "revision"
    __table_args__ = (sa.UniqueConstraint("observation_id", "number"),)

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"))
    number: Mapped[int]
    document: Mapped[str]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    submitted_at: Mapped[datetime] = mapped_column(default=now)
    observation: Mapped[Observation] = relationship(back_populates="revisions")


class CorrectionState(enum.StrEnum):
    """What became of a wish that something in a submitted observation be put right."""

    OPEN = "open"
    BEGUN = "begun"  # its observer has it open again
    CORRECTED = "corrected"
    KEPT = "kept"  # she looked and leaves it as it is
    TAKEN_BACK = "taken_back"


class Correction(Identified, Base):
    """A wish that `revision_number` be put right, and how its observer answered: one is open."""

    __tablename__ = "correction"
    __table_args__ = (
        sa.CheckConstraint("(state IN ('open', 'begun')) = (answered_at IS NULL)", name="answered"),
        sa.Index(
            "uq_correction_open",
            "observation_id",
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'begun')"),
            postgresql_where=sa.text("state IN ('open', 'begun')"),
        ),
    )

    observation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("observation.id"), index=True)
    revision_number: Mapped[int]
    reason: Mapped[str]
    asked_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    state: Mapped[CorrectionState] = mapped_column(
        choice(CorrectionState), default=CorrectionState.OPEN
    )
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    new_revision: Mapped[int | None]

    observation: Mapped[Observation] = relationship()
    asked_by: Mapped[User] = relationship()

    @property
    def is_open(self) -> bool:
        """Whether its observer has still to answer."""
        return self.answered_at is None
