"""Looking at a table before it is taken: what would change, and nothing until it is confirmed.

A look computes what the table would change and holds up nobody who writes meanwhile. Taking it
computes it again, and writes it only when it is what was shown; the lock that others wait for is
held while it is written, not while it is computed. What was done stays to be read; the file goes,
and with it every name that was in it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, locked, now
from observe.errors import ConflictError
from observe.people.access import HOME, Action, Actor, not_found, require
from observe.people.imports import Imported, kept, read_kept
from observe.people.models import TableImport
from observe.people.person_import import plan_people
from observe.people.school_import import plan_schools
from observe.text import message

KEEP_LOOKS: Final = timedelta(days=1)


class Kind(enum.StrEnum):
    """What a table is a list of."""

    SCHOOLS = "schools"
    PEOPLE = "people"


ACTIONS: Final = {Kind.SCHOOLS: Action.SCHOOL_IMPORT, Kind.PEOPLE: Action.PERSON_IMPORT}


@dataclass(frozen=True)
class Table:
    """A file that somebody brings; in a `complete` one stands everybody who has not left."""

    kind: Kind
    name: str
    content: bytes
    complete: bool = False


class Plan(Protocol):
    """What a table does, computed and not written yet."""

    @property
    def done(self) -> Imported:
        """What it does, in words."""

    def holds(self, session: Session) -> bool:
        """Tell whether what it was computed of is as it was."""

    def write(self, session: Session, *, actor: Actor) -> None:
        """Do it, in the caller's transaction."""


def planned(session: Session, table: Table, *, actor: Actor) -> Plan:
    """Return what a table would change; a session that reads is enough, and locks nobody out.

    Raises:
        InvalidError: rows cannot be taken; all are listed.
        NotAllowedError, NotFoundError: the actor may not import.
    """
    if table.kind is Kind.SCHOOLS:
        return plan_schools(session, table.content, actor=actor)
    return plan_people(session, table.content, complete=table.complete, actor=actor)


def look_at(database: Database, table: Table, *, actor: Actor) -> UUID:
    """Keep a table to be confirmed, with what it would change; return its id.

    Raises as `planned`; then the table is not kept.
    """
    with database.read() as session:
        plan = planned(session, table, actor=actor)
    with database.write() as session:
        return keep(session, table, plan, actor=actor).id


def keep(session: Session, table: Table, plan: Plan, *, actor: Actor) -> TableImport:
    """Keep a table that was looked at, with what it would change.

    Raises:
        NotAllowedError, NotFoundError: the actor may not import.
    """
    require(actor, ACTIONS[table.kind], HOME)
    forget_old(session)
    row = TableImport(
        kind=table.kind,
        name=table.name[:200],
        content=table.content,
        complete=table.complete,
        by_id=actor.user_id,
        result=kept(plan.done, names=True),
    )
    session.add(row)
    session.flush()
    return row


def take_at_once(database: Database, table: Table, *, actor: Actor) -> Imported:
    """Take a table that nobody needs to look at first.

    Raises as `planned`, and:
        ConflictError: others changed people or schools while it was computed; nothing is taken.
    """
    with database.read() as session:
        plan = planned(session, table, actor=actor)
    with database.write() as session:
        if not plan.holds(session):
            raise ConflictError(
                message("Somebody changed people or schools meanwhile. Import the table again.")
            )
        plan.write(session, actor=actor)
    return plan.done


def import_for(session: Session, import_id: UUID, *, actor: Actor) -> TableImport:
    """Return a table that was looked at or taken.

    Raises:
        NotFoundError: there is none, it was given up, or the actor may not import.
    """
    require(actor, Action.PERSON_IMPORT, HOME)
    row = session.get(TableImport, import_id)
    if row is None:
        raise not_found()
    return row


def outcome_of(row: TableImport) -> Imported:
    """Return what a table would change, or changed."""
    return read_kept(row.result or {})


def take(database: Database, import_id: UUID, *, actor: Actor) -> bool:
    """Take a table as it was looked at; False: something changed since, and it is to be read again.

    Raises:
        ConflictError: it was taken already.
        InvalidError: rows cannot be taken any more; all are listed, and nothing is changed.
        NotFoundError: there is none, or the actor may not import.
    """
    with database.read() as session:
        row = _waiting(session, import_id, actor)
        table = Table(Kind(row.kind), row.name, row.content or b"", complete=row.complete)
        plan = planned(session, table, actor=actor)
        told = kept(plan.done, names=True)
        shown = told == row.result
    with database.write() as session:
        locked(session, TableImport, import_id)
        row = _waiting(session, import_id, actor)
        if not shown:
            row.result = told
        return shown and _taken(session, row, plan, actor)


def _taken(session: Session, row: TableImport, plan: Plan, actor: Actor) -> bool:
    """Write the plan of a table; False, and nothing is written: it does not hold any more."""
    if not plan.holds(session):
        return False
    plan.write(session, actor=actor)
    row.result = kept(plan.done, names=False)
    row.done_at, row.content = now(), None
    session.flush()
    return True


def _waiting(session: Session, import_id: UUID, actor: Actor) -> TableImport:
    """Return a table that was looked at and not taken."""
    row = import_for(session, import_id, actor=actor)
    if row.done_at is not None:
        raise ConflictError(message("This table was taken already."))
    return row


def give_up(session: Session, import_id: UUID, *, actor: Actor) -> None:
    """Forget a table that was looked at; one that was taken stays.

    Raises:
        NotFoundError: there is none, or the actor may not import.
    """
    row = import_for(session, import_id, actor=actor)
    if row.done_at is None:
        session.delete(row)
        session.flush()


def taken(session: Session, *, actor: Actor, most: int = 10) -> list[TableImport]:
    """Return the tables that were taken, the last first.

    Raises:
        NotFoundError, NotAllowedError: the actor may not import.
    """
    require(actor, Action.PERSON_IMPORT, HOME)
    rows = sa.select(TableImport).where(TableImport.done_at.is_not(None))
    return list(session.scalars(rows.order_by(TableImport.done_at.desc()).limit(most)))


def forget_old(session: Session) -> None:
    """Forget tables that were looked at a day ago and not taken: they hold names and e-mails."""
    session.execute(
        sa.delete(TableImport).where(
            TableImport.done_at.is_(None), TableImport.at < now() - KEEP_LOOKS
        )
    )
