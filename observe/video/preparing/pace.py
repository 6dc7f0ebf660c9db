"""How the work of preparing a lesson is spread over its steps, so that one bar tells all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Seconds of work for each second of lesson, and bytes a second, on a laptop of two cores: only the
# first guess. What a step really takes is measured while it runs.
ENCODING: Final = 0.27
SURVEYING: Final = 0.005
WATCHING: Final = 0.025
HASHING: Final = 500e6
COPYING: Final = 200e6
LEAST: Final = 0.5
FIRST_WORD: Final = 0.03  # before that a step says nothing of its speed


@dataclass(frozen=True)
class Pace:
    """The seconds that each step is expected to take, in the order of the steps."""

    seconds: Mapping[str, float]

    def percent(self, step: str, done: float = 0.0) -> int:
        """Return how far the whole is when `done` (0 to 1) of `step` is, 99 at most.

        >>> Pace({"hash": 1.0, "strip": 3.0}).percent("strip", 1 / 3)
        50
        """
        whole = sum(self.seconds.values())
        before = whole - self.seconds[step] - self._after(step)
        return min(99, round(100 * (before + done * self.seconds[step]) / whole))

    def seconds_left(self, step: str, done: float, spent: float) -> int | None:
        """Return what is left of the whole, when `done` of `step` took `spent` seconds.

        >>> Pace({"hash": 1.0, "strip": 3.0}).seconds_left("hash", 0.5, 4.0)
        7
        """
        if done < FIRST_WORD:
            return None
        return round(spent * (1 - done) / done + self._after(step))

    def _after(self, step: str) -> float:
        names = list(self.seconds)
        return sum(self.seconds[name] for name in names[names.index(step) + 1 :])


def pace_of(duration_ms: int, size_bytes: int, *, plays: bool, copies: bool) -> Pace:
    """Return the pace for a lesson: `plays` as it is; else `copies` packets, or encodes."""
    seconds = duration_ms / 1000
    copying = size_bytes / COPYING if copies else seconds * ENCODING
    expected = {
        "proxy": 0.0 if plays else copying,
        "hash": size_bytes / HASHING,
        "poster": LEAST,
        "survey": seconds * SURVEYING,
        "activity": seconds * WATCHING,
        "mend": LEAST,  # nearly always nothing
        "captions": LEAST,
    }
    return Pace({step: max(LEAST, value) for step, value in expected.items()})
