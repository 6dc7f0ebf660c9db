"""The changes a coder makes: each has its own id, a kind and a payload. Pure.

A change names what it touches (`target`) and which other targets it would overwrite without
knowing (`collides`), so that a second window is told instead of overwritten.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from observe.coding.rules import CellScore, ClipPurpose, CycleSnapshot, MarkName
from observe.errors import BadInputError
from observe.text import message

LONGEST_NOTE = 4_000
LONGEST_ROW = 129  # the ids of a dimension and of a behaviour, with a dot between
LONGEST_REASON = 200
LONGEST_CLIP_WORDS = 200
MOST_CYCLES = 200
ALL_TIMES = "times"  # touched when a video is attached: each moment of before means another one
_UNKEEPABLE = "unkeepable"

Moment = Annotated[int, Field(ge=0, lt=2**31)]


class StepRole(enum.StrEnum):
    """What a change is part of: something done, its taking back, or its doing again."""

    DO = "do"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True)
class Change:
    """A change as it was sent; its payload is looked into when it is applied.

    Changes of one `step` are undone together; None: it is a step by itself. What takes a step
    back, or does it again, carries the same step with another role.
    """

    id: UUID
    kind: str
    payload: Mapping[str, object]
    step: UUID | None = None
    role: StepRole = StepRole.DO


class Payload(BaseModel):
    """What a change of one kind says."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    kind: ClassVar[str]

    @field_validator("*")
    @classmethod
    def _keepable(cls, value: object) -> object:
        """Refuse what PostgreSQL cannot store: a window would send its batch for ever."""
        if isinstance(value, str) and "\x00" in value:
            raise PydanticCustomError(_UNKEEPABLE, "holds a NUL")
        return value

    @property
    def target(self) -> str:
        """What this change touches."""
        raise NotImplementedError

    @property
    def collides(self) -> tuple[str, ...]:
        """Patterns of the targets whose change in another window stands against this one."""
        return (self.target,)


class _Span(Payload):
    start_ms: Moment
    end_ms: Moment


class CyclePut(_Span):
    """A cycle is added or moved; `scores`, when given, replace the ones it has."""

    kind = "cycle.put"
    cycle: UUID
    scores: tuple[CellScore, ...] | None = None
    snapshots: tuple[CycleSnapshot, ...] | None = None

    @property
    def target(self) -> str:
        """The cycle."""
        return f"cycle:{self.cycle}"

    @property
    def collides(self) -> tuple[str, ...]:
        """The cycle, a plan, and scores and snapshots when it brings its own."""
        scores = () if self.scores is None else (f"score:{self.cycle}:*",)
        snapshots = () if self.snapshots is None else (f"snapshot:{self.cycle}:*",)
        return (self.target, "plan", *scores, *snapshots)


class CycleDelete(Payload):
    """A cycle and its scores are taken away."""

    kind = "cycle.delete"
    cycle: UUID

    @property
    def target(self) -> str:
        """The cycle."""
        return f"cycle:{self.cycle}"

    @property
    def collides(self) -> tuple[str, ...]:
        """The cycle and everything scored or answered in it."""
        return (self.target, "plan", f"score:{self.cycle}:*", f"snapshot:{self.cycle}:*")


class PlannedCycle(_Span):
    """One cycle of a plan."""

    cycle: UUID
    scores: tuple[CellScore, ...] = ()
    snapshots: tuple[CycleSnapshot, ...] = ()


class Plan(Payload):
    """All cycles at once: what is not in it goes."""

    kind = "plan"
    cycles: Annotated[tuple[PlannedCycle, ...], Field(max_length=MOST_CYCLES)]

    @property
    def target(self) -> str:
        """The plan as a whole."""
        return "plan"

    @property
    def collides(self) -> tuple[str, ...]:
        """Every cycle and every score."""
        return ("plan", "cycle:*", "score:*", "snapshot:*")


class StretchPut(_Span):
    """A stretch that cannot be coded is added or moved."""

    kind = "stretch.put"
    stretch: UUID
    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]

    @property
    def target(self) -> str:
        """The stretch."""
        return f"stretch:{self.stretch}"


class StretchDelete(Payload):
    """A stretch can be coded after all."""

    kind = "stretch.delete"
    stretch: UUID

    @property
    def target(self) -> str:
        """The stretch."""
        return f"stretch:{self.stretch}"


class _Cell(Payload):
    cycle: UUID
    dimension: Annotated[str, Field(max_length=LONGEST_ROW)]

    @property
    def target(self) -> str:
        """The cell."""
        return f"score:{self.cycle}:{self.dimension}"

    @property
    def collides(self) -> tuple[str, ...]:
        """The cell, and a plan, which may have replaced its cycle."""
        return (self.target, "plan")


class ScorePut(_Cell):
    """A number or a mark is put into a cell."""

    kind = "score.put"
    value: int | None = None
    mark: MarkName | None = None


class ScoreClear(_Cell):
    """A cell is emptied."""

    kind = "score.clear"


class NotePut(Payload):
    """A note is written or changed; half a sentence is a note too."""

    kind = "note.put"
    note: UUID
    at_ms: Moment
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_NOTE)]
    dimension: Annotated[str, Field(max_length=LONGEST_ROW)] | None = None
    polarity: Annotated[int, Field(ge=-1, le=1)] = 0

    @property
    def target(self) -> str:
        """The note."""
        return f"note:{self.note}"


class NoteDelete(Payload):
    """A note is taken away."""

    kind = "note.delete"
    note: UUID

    @property
    def target(self) -> str:
        """The note."""
        return f"note:{self.note}"


class ClipPut(_Span):
    """A clip is marked, moved or named: a moment for the strength, the priority, or neither."""

    kind = "clip.put"
    clip: UUID
    words: Annotated[str, Field(max_length=LONGEST_CLIP_WORDS)] = ""
    dimension: Annotated[str, Field(max_length=LONGEST_ROW)] | None = None
    purpose: ClipPurpose | None = None

    @property
    def target(self) -> str:
        """The clip."""
        return f"clip:{self.clip}"


class ClipDelete(Payload):
    """A clip is taken away."""

    kind = "clip.delete"
    clip: UUID

    @property
    def target(self) -> str:
        """The clip."""
        return f"clip:{self.clip}"


class _Snapshot(Payload):
    cycle: UUID
    number: Annotated[int, Field(ge=1, le=20)]

    @property
    def target(self) -> str:
        """The snapshot of this number in this cycle."""
        return f"snapshot:{self.cycle}:{self.number}"

    @property
    def collides(self) -> tuple[str, ...]:
        """The snapshot, and a plan, which may have replaced its cycle."""
        return (self.target, "plan")


class SnapshotPut(_Snapshot):
    """The questions of a snapshot are answered: question → answer."""

    kind = "snapshot.put"
    answers: Annotated[dict[str, str], Field(min_length=1, max_length=6)]


class SnapshotClear(_Snapshot):
    """The answers of a snapshot are taken away."""

    kind = "snapshot.clear"


class Watched(_Span):
    """A stretch was played without a stop, at one rate: pauses and rewinds lie between two.

    Each is a fact of its own: it stands against nothing and is never undone. While it goes on it
    is told again with a later end, so that little is lost when the window dies.
    """

    kind = "watched"
    watched: UUID
    rate: Annotated[float, Field(ge=0.05, le=16)]
    at: AwareDatetime

    @property
    def target(self) -> str:
        """The stretch played."""
        return f"watched:{self.watched}"

    @property
    def collides(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


PAYLOADS: dict[str, type[Payload]] = {
    payload.kind: payload
    for payload in (
        CyclePut,
        CycleDelete,
        Plan,
        StretchPut,
        StretchDelete,
        ScorePut,
        ScoreClear,
        NotePut,
        NoteDelete,
        ClipPut,
        ClipDelete,
        SnapshotPut,
        SnapshotClear,
        Watched,
    )
}


def payload_of(change: Change) -> Payload:
    """Return what `change` says; raises `BadInputError` when it says nothing understandable."""
    payload = PAYLOADS.get(change.kind)
    if payload is not None:
        try:
            return payload.model_validate(dict(change.payload))
        except ValidationError as error:
            raise _unusable(error.errors()[0]) from error
    raise BadInputError(message("“%(kind)s” is no kind of change.", kind=change.kind))


def _unusable(first: ErrorDetails) -> BadInputError:
    if first["type"] == _UNKEEPABLE:
        return BadInputError(
            message("This text has an invisible character in it that cannot be kept. Type it anew.")
        )
    field = ".".join(str(part) for part in first["loc"])
    return BadInputError(
        message("This change has something unusable in it (%(field)s).", field=field)
    )


def hits(payload: Payload, target: str) -> bool:
    """Tell whether a change of `target` elsewhere stands against `payload`."""
    if target == ALL_TIMES:
        return isinstance(payload, _Span | Plan | NotePut)
    return any(fnmatchcase(target, pattern) for pattern in payload.collides)
