"""What happens in the demo lesson: a made-up mathematics class of two and a half minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TEACHER: Final = "teacher"
CHILDREN: Final = ("ana", "beto", "carla", "dani", "elisa", "fabio")


@dataclass(frozen=True)
class Moment:
    """A stretch of the lesson, in seconds: who speaks, where the teacher is, who raises a hand.

    `teacher_x` is where she ends, as a share of the picture's width; she walks there.
    """

    start: int
    end: int
    teacher_x: float
    speakers: tuple[str, ...] = ()
    hands: tuple[str, ...] = ()
    board: tuple[str, ...] = ()
    writing: bool = False


_FIRST: Final = ("3 + 4 = ?",)
_WAYS: Final = (*_FIRST, "3 + 3 + 1")
_BOTH: Final = (*_WAYS, "4 + 4 - 1")

# One voice, several at once, and none: the stretches that a waveform and an observer tell apart.
LESSON: Final = (
    Moment(0, 12, 0.30, (TEACHER,)),
    Moment(12, 20, 0.16, (), (), _FIRST, writing=True),
    Moment(20, 34, 0.22, (TEACHER,), (), _FIRST),
    Moment(34, 40, 0.30, (), ("ana", "dani", "elisa"), _FIRST),
    Moment(40, 52, 0.36, ("dani",), (), _FIRST),
    Moment(52, 62, 0.34, (TEACHER,), ("ana", "carla"), _FIRST),
    Moment(62, 88, 0.62, CHILDREN, (), _FIRST),
    Moment(88, 100, 0.76, (), (), _FIRST),
    Moment(100, 108, 0.24, (TEACHER,), ("elisa", "ana"), _WAYS, writing=True),
    Moment(108, 120, 0.26, ("elisa",), ("ana",), _WAYS),
    Moment(120, 130, 0.18, ("ana",), (), _BOTH, writing=True),
    Moment(130, 138, 0.40, ("beto", "fabio"), (), _BOTH),
    Moment(138, 150, 0.30, (TEACHER,), (), _BOTH),
)
SECONDS: Final = LESSON[-1].end


def moment_at(second: float) -> tuple[Moment, Moment]:
    """Return the moment at `second` and the one before it (the first has itself before it)."""
    number = next(i for i, moment in enumerate(LESSON) if second < moment.end)
    return LESSON[number], LESSON[max(0, number - 1)]
