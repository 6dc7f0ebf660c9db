"""What the program noticed in a lesson's sound and picture, as pages tell it: hints only."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from observe.text import Message, message
from observe.video.models import Recording, RecordingPart
from observe.video.operations import preparation_of
from observe.video.store import Store
from observe.video.timecode import Span
from observe.video.timeline import timelines, voices
from observe.video.timeline.activity import Activity
from observe.video.timeline.moments import Suggested, boundaries
from observe.video.timeline.voices import Shares, Voice, Voices
from observe.web.words import duration, say

_DIGITS: Final = {Voice.NONE: "0", Voice.ONE: "1", Voice.SEVERAL: "2"}

# As energies are, of 255: a mean difference of four grey levels. Noise of the camera stays below.
LEAST_LIVELY: Final = 90.0


@dataclass(frozen=True)
class Spot:
    """A moment or stretch of a lesson that is pointed to, in milliseconds."""

    kind: str  # damaged, joint or suggested
    start_ms: int
    end_ms: int
    words: Message

    @property
    def told(self) -> dict[str, object]:
        """Return it as the timeline reads it, in the language of the request."""
        return {
            "kind": self.kind,
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "words": say(self.words),
        }


@dataclass(frozen=True)
class Noticed:
    """All of it; what is not known yet, or cannot be, is None."""

    voices: Voices | None
    activity: Activity | None
    suggested: tuple[Suggested, ...]
    parts: tuple[RecordingPart, ...]
    preparing: bool

    @property
    def shares(self) -> Shares | None:
        """Which part of the lesson has one voice, several, none."""
        return voices.shares(self.voices, None) if self.voices and self.voices.seconds else None

    @property
    def spots(self) -> tuple[Spot, ...]:
        """What the timeline points to, in order of time."""
        found = (*self.damaged, *self.joints, *self._boundaries())
        return tuple(sorted(found, key=lambda spot: spot.start_ms))

    @property
    def damaged(self) -> tuple[Spot, ...]:
        """Where picture or sound may be missing."""
        spans = self.activity.damaged if self.activity else ()
        return tuple(Spot("damaged", span.start_ms, span.end_ms, _damage(span)) for span in spans)

    @property
    def lost_ms(self) -> int:
        """How much of the end is missing, by what the file says of its length."""
        return self.activity.lost_ms if self.activity else 0

    @property
    def joints(self) -> tuple[Spot, ...]:
        """Where the second file of the lesson begins, and each one after it."""
        return tuple(
            Spot("joint", part.start_ms, part.start_ms, _joint(part.position, part.original_name))
            for part in self.parts
            if part.start_ms is not None
        )

    def _boundaries(self) -> Iterator[Spot]:
        for each in self.suggested:
            yield Spot("suggested", each.at_ms, each.at_ms, each.reason)


def _damage(span: Span) -> Message:
    return message(
        "damaged until %(end)s: picture or sound may be missing", end=duration(span.end_ms)
    )


def _joint(number: int, name: str) -> Message:
    return message("file %(number)s begins (%(name)s)", number=number, name=name)


def noticed_in(session: Session, store: Store, recording: Recording) -> Noticed:
    """Return what is known of `recording` by now."""
    heard = timelines.voices_of(session, store, recording)
    moved = timelines.activity_of(session, store, recording)
    parts = tuple(recording.parts)
    starts = [part.start_ms for part in parts if part.start_ms is not None]
    job = preparation_of(session, recording)
    return Noticed(
        voices=heard,
        activity=moved,
        suggested=boundaries(heard, moved, starts, recording.duration_ms or 0),
        parts=parts,
        preparing=moved is None and job is not None and not job.ended,
    )


def line(noticed: Noticed) -> dict[str, object]:
    """Return what the timeline draws: a digit and a byte for each second, and moments."""
    heard, moved = noticed.voices, noticed.activity
    energy = _energy_bytes(moved) if moved else b""
    return {
        "voices": "".join(_DIGITS[second] for second in heard.seconds) if heard else "",
        "energy": base64.b64encode(energy).decode("ascii"),
        "scenes": list(moved.joints_ms) if moved else [],
        "spots": [spot.told for spot in noticed.spots],
        "preparing": noticed.preparing,
    }


def _energy_bytes(moved: Activity) -> bytes:
    """Return how much moves each second, 255 being what the lesson's liveliest seconds have.

    Movements of two lessons cannot be compared anyway; a lesson that stands still stays low.
    """
    ranked = sorted(moved.energy)
    lively = ranked[int(len(ranked) * 0.98)] if ranked else 0.0
    most = max(LEAST_LIVELY, lively)
    return bytes(min(255, round(255 * value / most)) for value in moved.energy)
