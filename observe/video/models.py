"""A recording, the files made from it, and an upload on its way in."""

from __future__ import annotations

import enum
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from observe.db import Base, Identified, choice, now
from observe.people.access import Thing
from observe.people.models import ClassGroup, User
from observe.privacy import reach
from observe.privacy.gate import REASONS, Lock
from observe.rubric.models import RubricVersion
from observe.text import Message, message

LONGEST_LIVE_MS: Final = 6 * 3_600_000
NO_FILM: Final = message("This lesson was observed in the room: it has no video.")
ERASED: Final = message("The video of this lesson was deleted: its certificate says when and why.")


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
    LIVE = "live"  # observed in the room: a clock instead of a film


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
        sa.CheckConstraint("(state = 'live') = (live_started_at IS NOT NULL)", name="live_began"),
    )

    class_group_id: Mapped[UUID] = mapped_column(sa.ForeignKey("class_group.id"), index=True)
    educator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    observer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    subject: Mapped[str] = mapped_column(default="")
    recorded_on: Mapped[date]
    selection: Mapped[Selection] = mapped_column(choice(Selection))
    consent_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))
    consent_at: Mapped[datetime | None]
    # Kept by `video.gate` in step with every answer: why it is locked, beside a missing statement.
    lock: Mapped[str | None]
    erased_at: Mapped[datetime | None]  # its video was deleted; what was said of it stays
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
    audio_track: Mapped[int | None]  # the stream a person chose to hear; None: chosen by rule
    live_started_at: Mapped[datetime | None]  # when its clock was started, in the room

    # Read with the row: whether a request of whoever is seen in it makes it answer as missing.
    blocked: Mapped[bool] = column_property(reach.blocked(educator_id, class_group_id))

    class_group: Mapped[ClassGroup] = relationship()
    educator: Mapped[User] = relationship(foreign_keys=educator_id)
    observer: Mapped[User] = relationship(foreign_keys=observer_id)
    files: Mapped[list[DerivedFile]] = relationship(back_populates="recording")
    parts: Mapped[list[RecordingPart]] = relationship(order_by="RecordingPart.position")
    assignments: Mapped[list[Assignment]] = relationship(order_by="Assignment.id")

    def as_thing(self) -> Thing:
        """Return what access needs to know of this recording."""
        return Thing(
            kind="recording",
            id=self.id,
            school_ids=frozenset({self.class_group.school_id}),
            observer_id=self.observer_id,
            educator_id=self.educator_id,
            assigned_ids=frozenset(each.observer_id for each in self.assignments),
            blocked=bool(self.blocked),
            made_in=self.class_group.school_id,
        )

    def length_ms(self) -> int:
        """Return how long the lesson is; while it is observed in the room, how long so far."""
        if self.duration_ms is not None or self.live_started_at is None:
            return self.duration_ms or 0
        elapsed = (now() - self.live_started_at) // timedelta(milliseconds=1)
        return max(0, min(elapsed, LONGEST_LIVE_MS))

    @property
    def is_live(self) -> bool:
        """Whether it was observed in the room and has no film."""
        return self.state is RecordingState.LIVE

    @property
    def live_runs(self) -> bool:
        """Whether its clock still runs."""
        return self.is_live and self.duration_ms is None

    @property
    def has_consent(self) -> bool:
        """Whether the consents of all who are seen are on file; without them no film is codable."""
        return self.consent_at is not None and self.lock is None

    @property
    def is_erased(self) -> bool:
        """Whether its video was deleted."""
        return self.erased_at is not None

    @property
    def is_locked(self) -> bool:
        """Whether it waits for its consents; where there is no film none are needed."""
        return not self.has_consent and not self.is_live and not self.is_erased

    @property
    def why_unusable(self) -> Message | None:
        """Return why its film cannot be used, and what to do; None where it can."""
        if self.is_erased:
            return ERASED
        if not self.is_locked:
            return None
        return REASONS[Lock(self.lock) if self.lock else Lock.UNSTATED]


class Headcount(Identified, Base):
    """How many children a person saw in a film, and where those without consent were.

    `places` is by the child's id; the newest counts, the others tell what was said before.
    """

    __tablename__ = "headcount"
    __table_args__ = (sa.CheckConstraint("visible >= 0", name="visible"),)

    recording_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recording.id"), index=True)
    visible: Mapped[int]
    places: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class Assignment(Identified, Base):
    """That a colleague is asked to code a recording too, and how.

    `blind`: without seeing what others coded of it. `order_seed`: the cycles come in an order drawn
    from it instead of that of time.
    """

    __tablename__ = "assignment"
    __table_args__ = (sa.UniqueConstraint("recording_id", "observer_id", "rubric_version_id"),)

    recording_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recording.id"), index=True)
    observer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    rubric_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_version.id"))
    asked_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    due_on: Mapped[date | None]
    blind: Mapped[bool] = mapped_column(default=True)
    order_seed: Mapped[int | None]

    observer: Mapped[User] = relationship(foreign_keys=observer_id)
    asked_by: Mapped[User] = relationship(foreign_keys=asked_by_id)
    rubric_version: Mapped[RubricVersion] = relationship()


class RecordingPart(Identified, Base):
    """One more file of the same lesson, as cameras split it; the recording itself is the first.

    `position` counts from 2. `start_ms` is where it begins on the lesson's timeline, known once the
    files are joined. `incoming` and `sha256` name its file as they do for a recording.
    """

    __tablename__ = "recording_part"
    __table_args__ = (
        sa.UniqueConstraint("recording_id", "position"),
        sa.CheckConstraint("position > 1", name="position"),
        sa.CheckConstraint("duration_ms > 0", name="duration"),
    )

    recording_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recording.id"))
    position: Mapped[int]
    original_name: Mapped[str]
    incoming: Mapped[str | None] = mapped_column(unique=True)
    sha256: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    duration_ms: Mapped[int]
    start_ms: Mapped[int | None]


class FileKind(enum.StrEnum):
    """What is made from a recording."""

    PROXY = "proxy"  # what plays instead of the original; several files of a lesson joined
    POSTER = "poster"
    STRIP = "strip"
    WAVEFORM = "waveform"
    CLIP = "clip"
    CLIP_POSTER = "clip_poster"  # what a clip shows before it plays
    VOICES = "voices"  # per second: one voice, several, none; and how loud
    ACTIVITY = "activity"  # per second: how much moves; scene joints; damaged spans
    CAPTIONS = "captions"  # WebVTT on the lesson's timeline
    CLIP_CAPTIONS = "clip_captions"
    FACES = "faces"  # where a detector saw faces in a span
    BLURRED = "blurred"  # a clip in which they cannot be recognised
    BLURRED_POSTER = "blurred_poster"


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


class BlurStyle(enum.StrEnum):
    """How a face is made unrecognisable; neither can be undone."""

    MOSAIC = "mosaic"  # at most eight cells across
    SOLID = "solid"


class BlurSound(enum.StrEnum):
    """What happens to the voices of a blurred clip."""

    KEEP = "keep"
    PITCH = "pitch"
    MUTE = "mute"


class BlurState(enum.StrEnum):
    """Where a blurred clip stands; only a checked one may be shown to others."""

    ASKED = "asked"  # being made, or made anew after a correction
    MADE = "made"  # waits for the eyes of a person
    CHECKED = "checked"


class Blurring(Identified, Base):
    """A moment of a lesson with its faces made unrecognisable, and who looked at it.

    `asked_id` is new with every change: the job that makes the clip is that one's. `corrections` is
    JSON: regions a person added or removed. `made` is the sha256 of the blurred clip that stands
    for exactly the present corrections, or None.
    """

    __tablename__ = "blurring"
    __table_args__ = (
        sa.UniqueConstraint("recording_id", "start_ms", "end_ms"),
        sa.CheckConstraint("0 <= start_ms AND start_ms < end_ms", name="span"),
        sa.CheckConstraint(
            "(state = 'checked') = (checked_by_id IS NOT NULL)", name="checked_by_someone"
        ),
        sa.CheckConstraint("(checked_by_id IS NULL) = (checked_at IS NULL)", name="checked_at"),
        sa.CheckConstraint("state = 'asked' OR made IS NOT NULL", name="made"),
    )

    recording_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recording.id"))
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    asked_id: Mapped[UUID] = mapped_column(unique=True)
    style: Mapped[BlurStyle] = mapped_column(choice(BlurStyle), default=BlurStyle.MOSAIC)
    sound: Mapped[BlurSound] = mapped_column(choice(BlurSound), default=BlurSound.KEEP)
    corrections: Mapped[str] = mapped_column(default="[]")
    version: Mapped[int] = mapped_column(default=0)
    state: Mapped[BlurState] = mapped_column(choice(BlurState), default=BlurState.ASKED)
    detector: Mapped[str | None]  # its name, weights and settings, as JSON
    made: Mapped[str | None] = mapped_column(sa.String(64))
    created_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    checked_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))
    checked_at: Mapped[datetime | None]
    recording: Mapped[Recording] = relationship()
    checked_by: Mapped[User | None] = relationship(foreign_keys=checked_by_id)
