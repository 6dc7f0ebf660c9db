"""The stage of schooling that the name of a class group tells. Pure.

A class group is written as its school calls it («1° B», «NT2 A», «II medio C»), and lessons are
compared within one stage only: what is usual in a kindergarten says nothing of a secondary school.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from observe.text import plain


class Stage(enum.StrEnum):
    """A stage of Chilean schooling."""

    EARLY = "parvularia"
    LOWER = "basica-1-4"
    UPPER = "basica-5-8"
    SECONDARY = "media"


_EARLY: Final = re.compile(
    r"\bnt ?[12i]|pre ?-?kinder|\bkinder|sala cuna|\bmedio (mayor|menor)|transicion|parvul|\bjardin"
)
_SECONDARY: Final = re.compile(r"\bmedi[oa]\b|^(i{1,3}|iv)\b|^[1-4]\W*m\b")
_YEAR: Final = re.compile(r"^([1-8])(?!\d)")
_SPOKEN: Final = {
    name: year
    for year, name in enumerate(
        ("primer", "segund", "tercer", "cuart", "quint", "sext", "septim", "octav"), start=1
    )
}


def stage_of(class_group: str) -> Stage | None:
    """Return the stage of a class group by its name, or None where the name does not tell.

    >>> [stage_of(name).value for name in ("NT2 A", "Kínder B", "1° B", "7º básico", "II medio C")]
    ['parvularia', 'parvularia', 'basica-1-4', 'basica-5-8', 'media']
    >>> stage_of("Taller de ciencias") is None
    True
    """
    name = plain(class_group)
    if _EARLY.search(name):
        return Stage.EARLY
    if _SECONDARY.search(name):
        return Stage.SECONDARY
    year = _year(name)
    if year is None:
        return None
    return Stage.LOWER if year <= 4 else Stage.UPPER


def _year(name: str) -> int | None:
    if found := _YEAR.match(name):
        return int(found[1])
    return next((year for spoken, year in _SPOKEN.items() if name.startswith(spoken)), None)
