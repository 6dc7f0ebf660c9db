"""A recording, the files made from it, and an upload on its way in."""

from __future__ import annotations

import enum
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.db import Base, Identified, choice, now
from observe.people.access import Thing
from observe.people.models import ClassGroup, User


class Selection(enum.StrEnum):
    """How the lesson was chosen: chosen lessons score higher, so it is never mixed silently."""

    EDUCATOR_CHOSEN = "educator_chosen"
    ASSIGNED = "assigned"
    RANDOM = "random"


class RecordingState(enum.StrEnum):
    """Where a recording stands between the file given and a lesson that can be coded."""

    RECEIVED = "received"  # the file is in; nothing is known of it yet
    READY = "ready"  # checked and playable; background work may go on
    REFUSED = "refused"  # its picture cannot be decoded; file and reason stay


class Recording(Identified, Base):
    """One lesson on video. Times are milliseconds from its first presented frame.

    `incoming` names the file in the store's incoming folder; once its content is hashed `sha256`
    names it too, and alone as soon as it has its lasting place. `start_offset_ms` is the
    container's time of the first frame.
    """

    __tablename__ = "recording"
    __table_args__ = (
        sa.CheckConstraint("duration_ms IS NULL OR duration_ms > 0", name="duration"),
        sa.CheckConstraint("state <> 'ready' OR duration_ms IS NOT NULL", name="ready_has_time"),
        sa.CheckConstraint(
            "(consent_by_id IS NULL) = (consent_at IS NULL)", name="consent_by_and_at"
        ),
    )

    class_group_id: Mapped[UUID] = mapped_column(sa.ForeignKey("class_group.id"), index=True)
    educator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    observer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    subject: Mapped[str] = mapped_column(default="")
    recorded_on: Mapped[date]
    selection: Mapped[Selection] = mapped_column(choice(Selection))
    consent_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))
    consent_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    state: Mapped[RecordingState] = mapped_column(
        choice(RecordingState),
        default=RecordingState.RECEIVED,
    )
    refusal: Mapped[str | None]  # English source of the sentence, translated where shown
    original_name: Mapped[str]
    incoming: Mapped[str | None] = mapped_column(unique=True)
    sha256: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    media_type: Mapped[str | None]
    duration_ms: Mapped[int | None]
    start_offset_ms: Mapped[int | None]
    rotation: Mapped[int | None]
    vfr: Mapped[bool | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    frame_rate: Mapped[float | None]
    video_codec: Mapped[str | None]
    audio_codec: Mapped[str | None]
    playable: Mapped[bool | None]  # whether browsers play the original as it is

    class_group: Mapped[ClassGroup] = relationship()
    educator: Mapped[User] = relationship(foreign_keys=educator_id)
    observer: Mapped[User] = relationship(foreign_keys=observer_id)
    files: Mapped[list[DerivedFile]] = relationship(back_populates="recording")

    def as_thing(self) -> Thing:
        """Return what access needs to know of this recording."""
        return Thing(
            kind="recording",
            id=self.id,
            school_ids=frozenset({self.class_group.school_id}),
            observer_id=self.observer_id,
            educator_id=self.educator_id,
        )

    @property
    def has_consent(self) -> bool:
        """Whether a person stated that consents are on file; without it nothing is codable."""
        return self.consent_at is not None


class FileKind(enum.StrEnum):
    """What is made from a recording."""

    PROXY = "proxy"
    POSTER = "poster"
    STRIP = "strip"
    WAVEFORM = "waveform"
    CLIP = "clip"
    CLIP_POSTER = "clip_poster"  # what a clip shows before it plays


class DerivedFile(Identified, Base):
    """A file made from a recording by a recipe: made once, found again by both."""

    __tablename__ = "derived_file"
    __table_args__ = (sa.UniqueConstraint("recording_id", "kind", "recipe"),)

    recording_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recording.id"))
    kind: Mapped[FileKind] = mapped_column(choice(FileKind))
    recipe: Mapped[str]
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=now)
    recording: Mapped[Recording] = relationship(back_populates="files")


class Upload(Identified, Base):
    """A file on its way in; `offset` bytes of it are safe on disk, whatever happens."""

    __tablename__ = "upload"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    filename: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    offset: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    recording_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("recording.id"))
