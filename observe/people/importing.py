"""Looking at a table before it is taken: what would change, and nothing until it is confirmed.

The look runs the import itself and takes it back, so that what is shown is what would happen. What
was done stays to be read; the file goes, and with it every name that was in it.
"""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.errors import ConflictError
from observe.people.access import HOME, Action, Actor, not_found, require
from observe.people.imports import Imported, kept, read_kept
from observe.people.models import TableImport
from observe.people.person_import import import_people
from observe.people.school_import import import_schools
from observe.text import message

KEEP_LOOKS: Final = timedelta(days=1)


class Kind(enum.StrEnum):
    """What a table is a list of."""

    SCHOOLS = "schools"
    PEOPLE = "people"


ACTIONS: Final = {Kind.SCHOOLS: Action.SCHOOL_IMPORT, Kind.PEOPLE: Action.PERSON_IMPORT}


def look_at(
    session: Session, kind: Kind, name: str, content: bytes, *, complete: bool, actor: Actor
) -> TableImport:
    """Keep a table to be confirmed, with what it would change.

    Raises:
        InvalidError: rows cannot be taken; all are listed, and the table is not kept.
        NotAllowedError, NotFoundError: the actor may not import.
    """
    require(actor, ACTIONS[kind], HOME)
    forget_old(session)
    row = TableImport(
        kind=kind, name=name[:200], content=content, complete=complete, by_id=actor.user_id
    )
    row.result = kept(_tried(session, row, actor), names=True)
    session.add(row)
    session.flush()
    return row


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


def confirm(session: Session, import_id: UUID, *, actor: Actor) -> bool:
    """Take a table as it was looked at; False: something changed since, and it is to be read again.

    Raises:
        ConflictError: it was taken already.
        InvalidError: rows cannot be taken any more; all are listed, and nothing is changed.
        NotFoundError: there is none, or the actor may not import.
    """
    row = import_for(session, import_id, actor=actor)
    if row.done_at is not None or row.content is None:
        raise ConflictError(message("This table was taken already."))
    nested = session.begin_nested()
    done = _import(session, row, actor)
    if kept(done, names=True) != row.result:
        nested.rollback()
        row.result = kept(done, names=True)
        session.flush()
        return False
    nested.commit()
    row.result = kept(done, names=False)
    row.done_at, row.content = now(), None
    session.flush()
    return True


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


def _tried(session: Session, row: TableImport, actor: Actor) -> Imported:
    """Return what the import does, and take it back."""
    session.flush()
    nested = session.begin_nested()
    try:
        return _import(session, row, actor)
    finally:
        nested.rollback()


def _import(session: Session, row: TableImport, actor: Actor) -> Imported:
    content = row.content or b""
    if row.kind == Kind.SCHOOLS:
        return import_schools(session, content, actor=actor)
    return import_people(session, content, complete=row.complete, actor=actor)


def forget_old(session: Session) -> None:
    """Forget tables that were looked at a day ago and not taken: they hold names and e-mails."""
    session.execute(
        sa.delete(TableImport).where(
            TableImport.done_at.is_(None), TableImport.at < now() - KEEP_LOOKS
        )
    )
