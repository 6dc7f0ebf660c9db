"""Short ways to make changes in the tests of coding."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from observe.coding.batch import Applied
from observe.coding.changes import Change
from observe.coding.models import Observation
from observe.coding.operations import apply, start
from observe.ids import new_id
from observe.rubric.models import RubricVersion
from tests import factories


def change(kind: str, **payload: Any) -> Change:
    """Return a change with a new id; ids in its payload may be UUIDs."""
    plain = {
        key: str(value) if isinstance(value, UUID) else value for key, value in payload.items()
    }
    return Change(new_id(), kind, plain)


def observation(
    session: Session, cast: factories.Cast, rubric: RubricVersion, **said: Any
) -> Observation:
    """Begin to code a new recording."""
    recording = factories.recording(session, cast, **said)
    return start(session, recording.id, rubric.id, actor=cast.observer)


def send(
    session: Session,
    cast: factories.Cast,
    observation: Observation,
    *changes: Change,
    window: str = "one",
    base: int | None = None,
) -> Applied:
    """Apply changes as a window that knows the newest version, or version `base`."""
    return apply(
        session,
        observation.id,
        changes,
        window=window,
        base_version=observation.version if base is None else base,
        actor=cast.observer,
    )


def cycle(start_ms: int, end_ms: int, cycle_id: UUID | None = None, **more: Any) -> Change:
    """Return a change that puts a cycle."""
    return change("cycle.put", cycle=cycle_id or new_id(), start_ms=start_ms, end_ms=end_ms, **more)
