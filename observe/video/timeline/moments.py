"""Where a cycle could begin: long silences, joints of files, cuts of the picture. Pure.

Suggestions only: the observer takes or leaves each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from observe.text import Message, message
from observe.video.timeline.activity import Activity
from observe.video.timeline.voices import Voice, Voices

SILENCE_S: Final = 12  # the voice timeline looks at ten seconds; less would be its own grain
APART_MS: Final = 20_000
MOST: Final = 12
_PART, _SCENE, _SILENCE = range(3)  # which one stays where several are near: the surest


@dataclass(frozen=True)
class Suggested:
    """A moment at which a cycle could begin, and why, as a sentence."""

    at_ms: int
    reason: Message


@dataclass(frozen=True)
class _Found:
    rank: int
    weight: int  # the longer silence stays
    suggested: Suggested

    @property
    def at_ms(self) -> int:
        return self.suggested.at_ms


def boundaries(
    voices: Voices | None, activity: Activity | None, parts_ms: Sequence[int], duration_ms: int
) -> tuple[Suggested, ...]:
    """Return at most twelve moments inside the lesson, in order, twenty seconds apart or more.

    `parts_ms` is where the second file of the lesson begins, and each one after it.

    >>> hushed = Voices((Voice.ONE,) * 60 + (Voice.NONE,) * 30 + (Voice.ONE,) * 60, (-20.0,) * 150)
    >>> [(each.at_ms, str(each.reason)) for each in boundaries(hushed, None, (), 150_000)]
    [(75000, 'Nobody speaks for 30 seconds around here.')]
    """
    found = [*_joints(parts_ms, activity), *_silences(voices)]
    found.sort(key=lambda each: (each.rank, -each.weight, each.at_ms))
    kept: list[_Found] = []
    for each in found:
        inside = 0 < each.at_ms < duration_ms
        if inside and all(abs(each.at_ms - other.at_ms) >= APART_MS for other in kept):
            kept.append(each)
    return tuple(sorted((each.suggested for each in kept[:MOST]), key=lambda each: each.at_ms))


def _joints(parts_ms: Sequence[int], activity: Activity | None) -> Iterator[_Found]:
    for at_ms in parts_ms:
        yield _Found(_PART, 0, Suggested(at_ms, message("The camera's next file begins here.")))
    cuts = activity.joints_ms if activity else ()
    ends = [0, *cuts, cuts[-1] + APART_MS] if cuts else []
    for number, (before, at_ms) in enumerate(pairwise(ends[:-1])):
        steady = min(at_ms - before, ends[number + 2] - at_ms)  # a cut among many says little
        yield _Found(_SCENE, steady, Suggested(at_ms, message("The picture changes at once here.")))


def _silences(voices: Voices | None) -> Iterator[_Found]:
    """Yield the middles of long silences, except those with which the lesson begins and ends."""
    seconds = voices.seconds if voices else ()
    start = 0
    for voice, run in groupby(seconds):
        end = start + len(list(run))
        long = voice is Voice.NONE and end - start >= SILENCE_S
        if long and start > 0 and end < len(seconds):
            yield _Found(_SILENCE, end - start, _silent(start, end))
        start = end


def _silent(start: int, end: int) -> Suggested:
    reason = message("Nobody speaks for %(seconds)s seconds around here.", seconds=end - start)
    return Suggested((start + end) * 500, reason)
