"""Which words of a text were taken out and which were put in. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

LEAST_ALIKE: Final = 0.4  # with less in common, one text replaces the other


class Fate(enum.StrEnum):
    """What became of some words."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Segment:
    """Neighbouring words with one fate."""

    fate: Fate
    words: str


_MARKS: Final = {
    Fate.SAME: ("", ""),
    Fate.REMOVED: ("[-", "-]"),
    Fate.ADDED: ("{+", "+}"),
}


def likeness(old: str, new: str) -> float:
    """Return how much of two texts is the same words in the same order: 0 nothing, 1 all.

    >>> likeness("ninguna o una", "ninguna o dos")
    0.6666666666666666
    """
    return _matcher(old.split(), new.split()).ratio()


def segments(old: str, new: str) -> tuple[Segment, ...]:
    """Return both texts in one, word by word: without what was added it says `old`.

    Texts that have little in common are one replaced by the other. White space is not compared.

    >>> [(each.fate.value, each.words) for each in segments("ninguna o una", "ninguna o dos")]
    [('same', 'ninguna o'), ('removed', 'una'), ('added', 'dos')]
    """
    before, after = old.split(), new.split()
    matcher = _matcher(before, after)
    if matcher.ratio() < LEAST_ALIKE:
        return tuple(_said(Fate.REMOVED, before)) + tuple(_said(Fate.ADDED, after))
    return tuple(_aligned(matcher, before, after))


def marked(found: Sequence[Segment]) -> str:
    """Return segments as one line for a terminal.

    >>> marked(segments("Ninguna o una vez.", "Ninguna o dos veces."))
    'Ninguna o [-una vez.-]{+dos veces.+}'
    """
    said = (each.words.join(_MARKS[each.fate]) for each in found)
    return " ".join(said).replace("-] {+", "-]{+")


def _matcher(before: list[str], after: list[str]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, before, after, autojunk=False)


def _aligned(
    matcher: SequenceMatcher[str], before: list[str], after: list[str]
) -> Iterator[Segment]:
    for what, first, last, first_new, last_new in matcher.get_opcodes():
        if what == "equal":
            yield from _said(Fate.SAME, before[first:last])
        else:
            yield from _said(Fate.REMOVED, before[first:last])
            yield from _said(Fate.ADDED, after[first_new:last_new])


def _said(fate: Fate, words: list[str]) -> Iterator[Segment]:
    if words:
        yield Segment(fate, " ".join(words))
