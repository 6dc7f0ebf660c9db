"""What a rubric says and no column shows, one field a row: its place and its words. Pure.

A place is written with dots: `protocol.snapshots.at_ms.#1`. Domains, dimensions and behaviours
stand in it by their ids, entries of other lists by their numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from observe.rubric import content as contents
from observe.rubric.content import Group
from observe.rubric.spreadsheet.columns import bare
from observe.rubric.yamltext import Content

_THINGS: Final = frozenset({"domains", "dimensions", "behaviours"})


def leaves(
    content: Mapping[str, Content], place: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Yield all words of a content with their places."""
    for name, said in content.items():
        here = (*place, name)
        if isinstance(said, dict):
            yield from leaves(said, here)
        elif isinstance(said, list):
            yield from leaves(_numbered(said, by_id=name in _THINGS), here)
        elif said:
            yield ".".join(here), said


def _numbered(listed: list[Content], *, by_id: bool) -> dict[str, Content]:
    found = {}
    for number, each in enumerate(listed, start=1):
        own = each.get("id") if by_id and isinstance(each, dict) else None
        found[own if isinstance(own, str) else f"#{number}"] = each
    return found


def put(content: Group, place: str, words: str) -> bool:
    """Let `content` say `words` at `place`; tell whether it does.

    It does not where it says something else already, or where there is no such place.
    """
    parts = place.split(".")
    here: Content = content
    for part, below in pairwise(parts):
        here = _inside(here, part, below)
    last = parts[-1]
    stands = _stands(here, last)
    if isinstance(stands, str):
        return bare(stands) == bare(words)
    if stands is not None or not last:
        return False
    if isinstance(here, dict) and not last.startswith("#"):
        here[last] = words
    elif isinstance(here, list) and last == f"#{len(here) + 1}":
        here.append(words)
    else:
        return False
    return True


def _inside(here: Content, part: str, below: str) -> Content:
    """Return what stands at `part`, made where there was nothing yet."""
    found = _stands(here, part)
    if found is None and not (isinstance(here, dict) and part in _THINGS):
        made: Content = [] if below.startswith("#") else {}
        if isinstance(here, dict) and part and not part.startswith("#"):
            here[part] = found = made
        elif isinstance(here, list) and part == f"#{len(here) + 1}":
            here.append(made)
            found = made
    return found


def _stands(here: Content, part: str) -> Content:
    if isinstance(here, list) and part.startswith("#"):
        number = part[1:]
        known = number.isascii() and number.isdecimal() and 0 < int(number) <= len(here)
        return here[int(number) - 1] if known else None
    return contents.inside(here, (part,))
