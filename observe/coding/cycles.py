"""Arithmetic of cycles: planning them, how far two overlap, and how much of one can be coded. Pure.

All times are integer milliseconds of the recording, spans half-open `[start_ms, end_ms)`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Protocol

from observe.video.timecode import Span


class HasSpan(Protocol):
    """Anything that lies between two moments of a recording."""

    @property
    def start_ms(self) -> int:
        """The first moment inside."""

    @property
    def end_ms(self) -> int:
        """The first moment after it."""


def plan(duration_ms: int, count: int, length_ms: int) -> tuple[Span, ...]:
    """Return up to `count` cycles of `length_ms` one after the other from the first frame.

    The last one ends with the recording when that is shorter; a cycle that would have no time at
    all is left out, so a short recording gets fewer.

    >>> [(span.start_ms, span.end_ms) for span in plan(50_000, 3, 20_000)]
    [(0, 20000), (20000, 40000), (40000, 50000)]
    """
    starts = range(0, min(duration_ms, count * length_ms), length_ms)
    return tuple(Span(start, min(start + length_ms, duration_ms)) for start in starts)


def overlap_ms(one: HasSpan, other: HasSpan) -> int:
    """Return how long both last at the same time."""
    return max(0, min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms))


def codable_ms(cycle: HasSpan, stretches: Iterable[HasSpan]) -> int:
    """Return how much of `cycle` lies outside the not codable `stretches`, which may overlap."""
    left = cycle.end_ms - cycle.start_ms
    reached = cycle.start_ms
    for stretch in sorted(stretches, key=lambda span: span.start_ms):
        start = max(stretch.start_ms, reached)
        end = min(stretch.end_ms, cycle.end_ms)
        if end > start:
            left -= end - start
            reached = end
    return left


def order(count: int, seed: int) -> tuple[int, ...]:
    """Return the numbers 1 to `count` in the order that `seed` draws, the same for ever.

    A cycle more or less leaves the others in their order.

    >>> order(4, 1), order(5, 1)
    ((4, 2, 3, 1), (4, 5, 2, 3, 1))
    """
    return tuple(sorted(range(1, count + 1), key=lambda number: _drawn(seed, number)))


def _drawn(seed: int, number: int) -> bytes:
    """Return where a number comes in the draw; unlike `random`, no version of Python changes it."""
    return hashlib.sha256(f"{seed}:{number}".encode()).digest()
