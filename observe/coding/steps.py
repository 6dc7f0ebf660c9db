"""Undo and redo after a reload: the steps that the log of changes holds, and what takes each back.

Pure. A step is what a person did at once; the log keeps its changes with what they replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from observe.coding.changes import StepRole

KEPT_OUT = frozenset({"watched"})  # facts, not decisions: nothing takes them back
ENDED = "ended"  # the lesson, and with it what went on: a fact too, which history tells
TURNS_BACK_ENDS_AT = frozenset({"attached"})  # before it, other times held


@dataclass(frozen=True)
class Act:
    """A change that can be sent again."""

    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Logged:
    """A change as the log keeps it; `before` is what it replaced, None where nothing was."""

    id: UUID
    kind: str
    target: str
    payload: dict[str, Any]
    before: Mapping[str, Any] | None
    step: UUID | None
    role: StepRole

    @property
    def step_id(self) -> UUID:
        """The step that it belongs to; by itself it is one."""
        return self.step or self.id


@dataclass
class Step:
    """What was done at once."""

    id: UUID
    changes: list[Logged] = field(default_factory=list)

    @property
    def undo(self) -> tuple[Act, ...]:
        """What takes the step back, in the order to do it."""
        first: dict[str, Logged] = {}
        for change in self.changes:
            first.setdefault(change.target, change)
        acts = (inverse(change.kind, change.payload, change.before) for change in first.values())
        return tuple(act for act in reversed([*acts]) if act is not None)

    @property
    def redo(self) -> tuple[Act, ...]:
        """What does it again: of each thing touched, the last that became of it."""
        last = {change.target: change for change in self.changes}
        return tuple(Act(change.kind, change.payload) for change in last.values())


@dataclass(frozen=True)
class Steps:
    """The steps that stand, and those taken back, each with the newest last."""

    done: tuple[Step, ...]
    undone: tuple[Step, ...]


def replay(log: Iterable[Logged]) -> Steps:
    """Return the steps of a log, in whose order its changes were applied."""
    done: list[Step] = []
    undone: list[Step] = []
    for change in log:
        if change.kind in TURNS_BACK_ENDS_AT:
            done, undone = [], []
        elif change.kind in KEPT_OUT or change.kind == ENDED:
            continue
        elif change.role is StepRole.UNDO:
            _move(change.step_id, done, undone)
        elif change.role is StepRole.REDO:
            _move(change.step_id, undone, done)
        else:
            if not done or done[-1].id != change.step_id:
                done.append(Step(change.step_id))
            done[-1].changes.append(change)
            undone = []
    return Steps(tuple(done), tuple(undone))


def _move(step_id: UUID, source: list[Step], target: list[Step]) -> None:
    """Move a step from one pile to the other; its further changes find it moved already."""
    place = next((at for at in reversed(range(len(source))) if source[at].id == step_id), None)
    if place is not None:
        target.append(source.pop(place))


# How a thing is put back and taken away, and what names it in a payload.
_PUT: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "cycle": ("cycle.put", "cycle.delete", ("cycle",)),
    "stretch": ("stretch.put", "stretch.delete", ("stretch",)),
    "note": ("note.put", "note.delete", ("note",)),
    "clip": ("clip.put", "clip.delete", ("clip",)),
    "score": ("score.put", "score.clear", ("cycle", "dimension")),
    "snapshot": ("snapshot.put", "snapshot.clear", ("cycle", "number")),
}


def inverse(kind: str, payload: Mapping[str, Any], before: Mapping[str, Any] | None) -> Act | None:
    """Return what takes a change back; None when it changed nothing.

    >>> inverse("score.put", {"cycle": "c", "dimension": "d", "value": 4}, None)
    Act(kind='score.clear', payload={'cycle': 'c', 'dimension': 'd'})
    """
    if kind == "plan":
        return Act(kind, dict(before or {"cycles": []}))
    put, delete, names = _PUT[kind.partition(".")[0]]
    named = {name: payload[name] for name in names}
    if before is not None:
        return Act(put, named | _as_it_was(kind, payload, before))
    return Act(delete, named) if kind == put else None


def _as_it_was(kind: str, payload: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was there; moving a cycle left its scores alone, and so does moving it back."""
    left_alone = {
        name
        for name in ("scores", "snapshots")
        if kind == "cycle.put" and payload.get(name) is None
    }
    return {name: value for name, value in before.items() if name not in left_alone}
