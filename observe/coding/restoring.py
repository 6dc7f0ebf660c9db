"""From what an observation says back to what it said before, as changes like any other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from observe.coding.rules import Document
from observe.coding.steps import Act


class _Kept(Protocol):
    @property
    def id(self) -> UUID: ...

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


def back_to(then: Document, now: Document) -> list[Act]:
    """Return what makes `now` say what `then` said, in the order to do it; [] where it does.

    How the lesson was watched is a fact and stays.
    """
    acts: list[Act] = []
    if then.cycles != now.cycles:
        acts.append(Act("plan", {"cycles": [_planned(each) for each in then.cycles]}))
    for kind, before, after in (
        ("stretch", then.stretches, now.stretches),
        ("note", then.notes, now.notes),
        ("clip", then.clips, now.clips),
    ):
        acts += _rows(kind, before, after)
    return acts


def _planned(cycle: _Kept) -> dict[str, Any]:
    told = cycle.model_dump(mode="json")
    del told["number"]
    return {"cycle": told.pop("id")} | told


def _rows(kind: str, before: Sequence[_Kept], after: Sequence[_Kept]) -> Iterator[Act]:
    """Yield what went first, so that nothing that comes back overlaps it."""
    wanted: Mapping[UUID, _Kept] = {each.id: each for each in before}
    for row in after:
        if wanted.get(row.id) != row:
            yield Act(f"{kind}.delete", {kind: str(row.id)})
    there = {row.id: row for row in after}
    for row in before:
        if there.get(row.id) != row:
            told = row.model_dump(mode="json")
            yield Act(f"{kind}.put", {kind: told.pop("id")} | told)
