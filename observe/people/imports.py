"""What an import of a table did, and its line in the audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from observe.people import audit
from observe.people.access import Actor
from observe.text import Message


@dataclass(frozen=True)
class Imported:
    """What an import did, in rows of schools or people, and what it took as it was."""

    added: int
    changed: int
    unchanged: int
    warnings: tuple[Message, ...] = ()


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
        unchanged=done.unchanged,
    )
