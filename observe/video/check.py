"""Database against files, both ways: what `observe doctor` says of the store."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.text import Message, message
from observe.video import derived
from observe.video.models import DerivedFile, Recording, RecordingPart, Upload
from observe.video.store import Store
from observe.video.sweep import COPIED_WITHIN, needed_sides, stale_incoming


def problems(session: Session, store: Store) -> list[Message]:
    """Return everything in which database and files disagree; an empty list when they agree."""
    return [
        *_originals(session, store),
        *_made(session, store),
        *_uploads(session, store),
        *_orphans(session, store),
        *_leftovers(session, store),
    ]


def _originals(session: Session, store: Store) -> Iterator[Message]:
    for row in session.scalars(sa.select(Recording).order_by(Recording.id)):
        yield from _given(store, row, row.id)
    parts = sa.select(RecordingPart).order_by(RecordingPart.recording_id, RecordingPart.position)
    for part in session.scalars(parts):
        yield from _given(store, part, part.recording_id)


def _given(store: Store, row: derived.Given, recording_id: UUID) -> Iterator[Message]:
    file = derived.file_of(store, row)
    if file is None:
        return  # deleted: no file is right
    if (size := file.size()) is None and row.incoming and store.is_borrowed(row.incoming):
        yield message(
            "The video of recording %(id)s is still on a card or disk which is not there. "
            "Put it back.",
            id=recording_id,
        )
    elif size is None:
        yield message(
            "The video of recording %(id)s is missing. Restore it from a backup.", id=recording_id
        )
    elif size != row.size_bytes:
        yield message(
            "The video of recording %(id)s has changed size. Restore it from a backup.",
            id=recording_id,
        )


def _made(session: Session, store: Store) -> Iterator[Message]:
    for row in session.scalars(sa.select(DerivedFile).order_by(DerivedFile.id)):
        if not derived.is_whole(store, row):
            yield message(
                "A file made from recording %(id)s is missing or damaged (%(kind)s). "
                "Restore a backup.",
                kind=row.kind.value,
                id=row.recording_id,
            )


def _uploads(session: Session, store: Store) -> Iterator[Message]:
    unfinished = sa.select(Upload).where(Upload.recording_id.is_(None), Upload.offset > 0)
    for row in session.scalars(unfinished):
        if (store.arriving(row.id.hex).size() or 0) < row.offset:
            yield message("Part of upload %(id)s is missing. Send that video again.", id=row.id)


def _orphans(session: Session, store: Store) -> Iterator[Message]:
    flying = set(store.in_flight())
    for file in store.blobs():
        if file.name not in flying and not derived.is_known(session, file.name):
            yield message(
                "The file %(name)s… in the store belongs to nothing. Delete it if you restored an "
                "older database on purpose.",
                name=file.name[:12],
            )


def _leftovers(session: Session, store: Store) -> Iterator[Message]:
    stale = [file.name for file in stale_incoming(session, store)]
    needed = needed_sides(session, store)
    stale += [file.name for file in store.sides() if file.name not in needed]
    stale += [
        file.name
        for file in store.leftovers()
        if file.given is not None and now() - file.given > COPIED_WITHIN
    ]
    for name in stale:
        yield message(
            "The unfinished file %(name)s… was left behind. Starting the worker removes it.",
            name=name[:12],
        )
