"""The audit trail: written in the transaction of the change it tells of, never changed after.

Each entry's hash covers the entry and the hash before it; database triggers refuse UPDATE and
DELETE. Details hold ids and states, never a child's name nor the text of a note.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.people.models import AuditEntry

LATELY = timedelta(hours=1)
GENESIS = "0" * 64
_POSTGRES_LOCK = 0x6F627376  # one chain, so one writer at a time at a hub


def alone(session: Session) -> None:
    """Let nobody else write to the trail until the session ends: `record` calls it.

    Before it, for a number that is counted from the last one. Whoever needs a row too takes the
    row first: two that take them in different orders wait for one another for ever.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRES_LOCK)))


def record(
    session: Session,
    action: str,
    *,
    actor_id: UUID | None,
    thing_kind: str,
    thing_id: UUID | None,
    **details: object,
) -> None:
    """Append an entry to the trail, in the caller's transaction."""
    alone(session)
    number, prev_hash = last_entry(session)
    entry = AuditEntry(
        number=number + 1,
        at=now(),
        actor_id=actor_id,
        action=action,
        thing_kind=thing_kind,
        thing_id=thing_id,
        details=json.dumps(details, default=str, sort_keys=True),
        prev_hash=prev_hash,
    )
    entry.hash = entry_hash(entry)
    session.add(entry)
    session.flush()


def did_lately(session: Session, action: str, *, actor_id: UUID | None, thing_id: UUID) -> bool:
    """Tell whether this person did this with this thing in the last hour."""
    found = sa.select(AuditEntry.number).where(
        AuditEntry.thing_id == thing_id,
        AuditEntry.actor_id == actor_id,
        AuditEntry.action == action,
        AuditEntry.at > now() - LATELY,
    )
    return session.execute(found.limit(1)).first() is not None


def last_entry(session: Session) -> tuple[int, str]:
    """Return number and hash of the newest entry; 0 and the genesis where there is none.

    Noted elsewhere, they tell later whether the end of the trail was cut off (`stands`).
    """
    last = session.execute(
        sa.select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1)
    ).first()
    return (last[0], last[1]) if last else (0, GENESIS)


def stands(session: Session, number: int, digest: str) -> bool:
    """Tell whether the entry of this number is there with this hash."""
    kept = session.scalar(sa.select(AuditEntry.hash).where(AuditEntry.number == number))
    return kept == digest


def entry_hash(entry: AuditEntry) -> str:
    """Return the sha256 over what `entry` says and the hash of the entry before it."""
    told = [
        entry.number,
        entry.at.isoformat(),
        str(entry.actor_id),
        entry.action,
        entry.thing_kind,
        str(entry.thing_id),
        entry.details,
        entry.prev_hash,
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


# What reading a row raises in which something else was written than its columns hold.
_UNREADABLE: Final = (ValueError, TypeError, sa.exc.DBAPIError)


def first_broken(session: Session) -> int | None:
    """Return the number of the first entry that does not fit the chain, or None when all do.

    One that cannot even be read fits nothing: who writes behind our back may write anything.
    """
    try:
        return _first_unfit(_in_stretches(session))
    except _UNREADABLE:
        return _first_unfit(_one_by_one(session))


def readable(session: Session, number: int) -> AuditEntry | None:
    """Return the entry of this number; None where there is none that can be read."""
    try:
        entry = session.get(AuditEntry, number)
        return entry if entry is not None and entry_hash(entry) else None
    except _UNREADABLE:
        return None


def _first_unfit(entries: Iterable[tuple[int, AuditEntry | None]]) -> int | None:
    prev_hash = GENESIS
    for number, (found, entry) in enumerate(entries, start=1):
        if entry is None or found != number:
            return found
        if (entry.prev_hash, entry.hash) != (prev_hash, entry_hash(entry)):
            return found
        prev_hash = entry.hash
    return None


def _in_stretches(session: Session) -> Iterator[tuple[int, AuditEntry]]:
    entries = session.scalars(
        sa.select(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=1_000)
    )
    for entry in entries:
        yield entry.number, entry


def _one_by_one(session: Session) -> Iterator[tuple[int, AuditEntry | None]]:
    """Yield as `_in_stretches`, slowly, with None for what cannot be read."""
    numbers = session.scalars(sa.select(AuditEntry.number).order_by(AuditEntry.number)).all()
    for number in numbers:
        yield number, readable(session, number)
