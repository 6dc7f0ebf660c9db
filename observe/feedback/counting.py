"""Who may enter a cohort's mean together, so that no two readings of it tell of a few. Pure.

A mean that moved with every submission would tell, by its step, what came in. So it moves only when
enough educators have something new, and then by all of them at once. Who coded some of them knows
their numbers and can take them away: what is left for her is nothing, or enough as well.
`docs/decisions/` says what this withstands.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TypeVar

Educator = TypeVar("Educator")
Observer = TypeVar("Observer")


def entering(waiting: Mapping[Educator, Set[Observer]], fewest: int) -> set[Educator]:
    """Return which of the educators that wait may be counted now; none: all wait on.

    `waiting` says who coded each, `fewest` how many educators nobody may get below. One more enters
    than that, so that everyone of them is compared with `fewest` others.

    >>> sorted(entering({number: {"Ana"} for number in range(6)}, 5))
    [0, 1, 2, 3, 4, 5]
    >>> entering({number: {"Ana"} for number in range(5)}, 5)
    set()

    What Berta coded would be alone for Ana; it waits:

    >>> sorted(entering({number: {"Ana"} for number in range(6)} | {6: {"Berta"}}, 5))
    [0, 1, 2, 3, 4, 5]
    """
    inside = dict(waiting)
    while len(inside) > fewest:
        observers = sorted({each for coded in inside.values() for each in coded}, key=str)
        told = [few for each in observers if (few := _told(inside, each, fewest))]
        if not told:
            return set(inside)
        for educator in min(told, key=len):
            del inside[educator]
    return set()


def _told(
    inside: Mapping[Educator, Set[Observer]], observer: Observer, fewest: int
) -> list[Educator]:
    """Return of whom an observer would be told among too few others, having taken away her own."""
    unsure = [each for each, coded in inside.items() if coded != {observer}]
    unknown = sum(observer not in inside[each] for each in unsure)
    return unsure if unknown < fewest else []
