"""What an import of a table did, or would do, told row by row; and its line in the audit trail."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from observe.people import audit
from observe.people.access import Actor
from observe.text import Message


class ChangeKind(enum.StrEnum):
    """What an import does with one school or one person."""

    ADDED = "added"
    CHANGED = "changed"
    ENDED = "ended"  # a role of hers ends


@dataclass(frozen=True)
class Change:
    """What an import does with one school or one person, in words."""

    kind: ChangeKind
    name: str
    told: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Imported:
    """What an import did, in rows of schools or people, and what it took as it was."""

    added: int
    changed: int
    unchanged: int
    warnings: tuple[Message, ...] = ()
    ended: int = 0
    changes: tuple[Change, ...] = ()


def imported(changes: list[Change], among: int, warnings: list[Message]) -> Imported:
    """Return what was done with `among` schools or people, of which `changes` tell."""
    counts = {kind: sum(each.kind is kind for each in changes) for kind in ChangeKind}
    return Imported(
        counts[ChangeKind.ADDED],
        counts[ChangeKind.CHANGED],
        among - len(changes),
        tuple(warnings),
        counts[ChangeKind.ENDED],
        tuple(changes),
    )


def record_import(session: Session, action: str, kind: str, done: Imported, actor: Actor) -> None:
    """Write down in the trail how much was imported, not what."""
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind=kind,
        thing_id=None,
        added=done.added,
        changed=done.changed,
        ended=done.ended,
        unchanged=done.unchanged,
    )


# --- kept between looking and confirming ----------------------------------------------------------


def kept(done: Imported, *, names: bool) -> dict[str, Any]:
    """Return what was done as it is kept; without `names`, nobody can be found in it."""
    changes = done.changes if names else ()
    return {
        "added": done.added,
        "changed": done.changed,
        "ended": done.ended,
        "unchanged": done.unchanged,
        "warnings": [_flat(each) for each in done.warnings],
        "changes": [
            {"kind": each.kind.value, "name": each.name, "told": [_flat(one) for one in each.told]}
            for each in changes
        ],
    }


def read_kept(content: Mapping[str, Any]) -> Imported:
    """Return what `kept` wrote."""
    return Imported(
        content["added"],
        content["changed"],
        content["unchanged"],
        tuple(_message(each) for each in content["warnings"]),
        content["ended"],
        tuple(
            Change(ChangeKind(each["kind"]), each["name"], tuple(_message(x) for x in each["told"]))
            for each in content["changes"]
        ),
    )


def _flat(told: Message) -> dict[str, Any]:
    values = {
        name: _flat(value) if isinstance(value, Message) else str(value)
        for name, value in told.values.items()
    }
    return {"source": told.source, "values": values}


def _message(content: Mapping[str, Any]) -> Message:
    values = {
        name: _message(value) if isinstance(value, dict) else value
        for name, value in content["values"].items()
    }
    return Message(content["source"], values)
