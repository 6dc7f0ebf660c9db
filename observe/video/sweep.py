"""Sweeping up after a process that was killed: what no row names, and what nobody finished."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, files_rest, now
from observe.jobs import ENDED, Job
from observe.privacy import papers
from observe.video import derived
from observe.video.models import Recording, RecordingPart, Upload
from observe.video.store import BORROWED, UNFINISHED, Store, StoredFile

MEASURED_WITHIN: Final = timedelta(minutes=10)  # a file taken becomes a recording in seconds
COPIED_WITHIN: Final = timedelta(days=1)
UPLOADED_WITHIN: Final = timedelta(days=7)
TAKEN_WITHIN: Final = timedelta(days=1)
MADE_WITHIN: Final = timedelta(days=2)  # longer than any job works on one file


def sweep(database: Database, store: Store) -> None:
    """Remove what a killed process left. Called once when the worker starts, before any job runs.

    A kept file goes only when it was in flight at the kill: never because a database is older. A
    scan goes that another took the place of before the program knew how to let go of it.
    """
    with database.write() as session:
        for file in papers.drop_replaced(session):
            store.doom(file["sha256"])
    with database.write() as session:
        files_rest(session)
        for sha256 in store.in_flight():
            derived.forget_blob(session, store, sha256)
        store.clear_work(keep=needed_sides(session, store))
    sweep_old(database, store)


def sweep_old(database: Database, store: Store) -> None:
    """Remove what nobody finished or took away in its time; also while jobs run."""
    with database.write() as session:
        for file in stale_incoming(session, store):
            store.delete_incoming(file.name)
        store.clear_outgoing(now() - TAKEN_WITHIN)
        given_up = [upload.id.hex for upload in _give_up(session)]
    # Only now: no row names them. Killed before this, they are stale at the next sweep.
    for name in given_up:
        store.delete_incoming(name)
    # Not only a worker opens sealed films here: a page or a command does too, and may be killed.
    store.clear_left(now() - MADE_WITHIN)


def has_old(store: Store) -> bool:
    """Tell whether anything lies there that may have to go; a look at names alone."""
    before = now() - TAKEN_WITHIN
    waiting = (*store.outgoings(), *store.incomings())
    return any(file.changed < before for file in waiting) or bool(
        store.left_since(now() - MADE_WITHIN)
    )


def _give_up(session: Session) -> list[Upload]:
    before = now() - UPLOADED_WITHIN
    unfinished = sa.select(Upload).where(Upload.recording_id.is_(None), Upload.created_at < before)
    given_up = list(session.scalars(unfinished))
    for upload in given_up:
        session.delete(upload)
    return given_up


def stale_incoming(session: Session, store: Store) -> list[StoredFile]:
    """Return the incoming files that belong to nothing and that nobody is still bringing in."""
    named = set(session.scalars(sa.select(Recording.incoming)))
    uploading = sa.select(Upload.id).where(Upload.recording_id.is_(None))
    named |= set(session.scalars(sa.select(RecordingPart.incoming)))
    named |= {upload_id.hex for upload_id in session.scalars(uploading)}
    today = now()
    found = ((file, file.name.removesuffix(BORROWED)) for file in store.incomings())
    return [file for file, name in found if name not in named and _old(file, today)]


def needed_sides(session: Session, store: Store) -> set[str]:
    """Return the names of side files whose recording is still being prepared: not made again."""
    living = set(session.scalars(sa.select(Job.subject_id).where(Job.state.not_in(ENDED))))
    return {file.name for file in store.sides() if store.side_owner(file.name) in living}


def _old(file: StoredFile, today: datetime) -> bool:
    if file.given is None:
        return False  # no name of ours: not ours to judge
    within = COPIED_WITHIN if file.name.endswith(UNFINISHED) else MEASURED_WITHIN
    return today - max(file.given, file.changed) > within
