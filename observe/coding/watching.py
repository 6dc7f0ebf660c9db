"""How a lesson was watched: pauses, rewinds, rates and what was seen, from what was played. Pure.

The player tells each stretch that it played without a stop, at one rate. Between two stretches the
coder paused, went back, or went on; nothing else need be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from observe.video.timecode import Span

SAME_PLACE_MS = 300  # a player that goes on after a pause may begin a few frames off


@dataclass(frozen=True)
class Played:
    """A stretch `[start_ms, end_ms)` of the lesson that was played at `rate` without a stop."""

    start_ms: int
    end_ms: int
    rate: float


class Watching(BaseModel):
    """How a lesson was watched.

    `seen_ms` is how much of the lesson was played at least once, `played_ms` how much was played in
    all; a rate other than 1 counts in `other_rate_ms` (milliseconds of the lesson).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    pauses: int
    rewinds: int
    skips: int
    seen_ms: int
    played_ms: int
    other_rate_ms: int


def summary(played: Sequence[Played]) -> Watching:
    """Return how a lesson was watched, from the stretches in the order in which they were played.

    A stop that goes on at the same place is a pause; one that goes on earlier is a rewind, later a
    skip. A change of the rate alone is none of them, and the stretches meet.

    >>> summary([Played(0, 9_000, 1), Played(9_100, 20_000, 1), Played(15_000, 30_000, 2)])
    Watching(pauses=1, rewinds=1, skips=0, seen_ms=29900, played_ms=34900, other_rate_ms=15000)
    """
    steps = [
        _step(after.start_ms - before.end_ms)
        for before, after in pairwise(played)
        if after.rate == before.rate or after.start_ms != before.end_ms
    ]
    return Watching(
        pauses=steps.count(0),
        rewinds=steps.count(-1),
        skips=steps.count(1),
        seen_ms=sum(span.length_ms for span in seen(played)),
        played_ms=sum(each.end_ms - each.start_ms for each in played),
        other_rate_ms=sum(each.end_ms - each.start_ms for each in played if each.rate != 1),
    )


def _step(gap_ms: int) -> int:
    if abs(gap_ms) <= SAME_PLACE_MS:
        return 0
    return 1 if gap_ms > 0 else -1


def seen(played: Iterable[Played]) -> tuple[Span, ...]:
    """Return what was played at least once, as the fewest spans, in order.

    >>> seen([Played(30, 31, 1), Played(5, 20, 2), Played(0, 10, 1)])
    (Span(start_ms=0, end_ms=20), Span(start_ms=30, end_ms=31))
    """
    found: list[Span] = []
    for start_ms, end_ms in sorted((each.start_ms, each.end_ms) for each in played):
        if found and start_ms <= found[-1].end_ms:
            found[-1] = Span(found[-1].start_ms, max(found[-1].end_ms, end_ms))
        elif start_ms < end_ms:
            found.append(Span(start_ms, end_ms))
    return tuple(found)
