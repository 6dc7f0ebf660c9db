"""Files made from a recording: kept once, found again by recording, kind and recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from observe.db import Database, now
from observe.ids import new_id
from observe.video.models import DerivedFile, FileKind, Recording
from observe.video.store import Blob, Store


@dataclass(frozen=True)
class Made:
    """What a finished temporary file is."""

    recording_id: UUID
    kind: FileKind
    recipe: str
    media_type: str


def find(session: Session, recording_id: UUID, kind: FileKind, recipe: str) -> DerivedFile | None:
    """Return the file of this recording, kind and recipe, when it was made."""
    return session.scalars(
        sa.select(DerivedFile).where(
            DerivedFile.recording_id == recording_id,
            DerivedFile.kind == kind,
            DerivedFile.recipe == recipe,
        )
    ).one_or_none()


def newest(session: Session, recording_id: UUID, kind: FileKind) -> DerivedFile | None:
    """Return the file of this kind that was made last."""
    return session.scalars(
        sa.select(DerivedFile)
        .where(DerivedFile.recording_id == recording_id, DerivedFile.kind == kind)
        .order_by(DerivedFile.id.desc())
        .limit(1)
    ).first()


def keep(database: Database, store: Store, made: Path, what: Made) -> UUID:
    """Keep a finished temporary file and its row, once; return the row's id.

    Killed anywhere in here, the file is either known to the database or swept at the next start.
    """
    blob = store.put(made)
    with database.write() as session:
        session.execute(_insert(session, blob, what))
        row = find(session, what.recording_id, what.kind, what.recipe)
        if row is None:
            raise RuntimeError("a row just inserted is not there")
        if row.sha256 != blob.sha256:
            forget_blob(session, store, blob.sha256)
    store.settle(blob.sha256)
    return row.id


def _insert(session: Session, blob: Blob, what: Made) -> sa.Insert:
    at_hub = session.get_bind().dialect.name == "postgresql"
    dialect = postgresql if at_hub else sqlite
    insert: sa.Insert = (
        dialect.insert(DerivedFile)
        .on_conflict_do_nothing()
        .values(
            id=new_id(),
            recording_id=what.recording_id,
            kind=what.kind,
            recipe=what.recipe,
            sha256=blob.sha256,
            media_type=what.media_type,
            size_bytes=blob.size_bytes,
            created_at=now(),
        )
    )
    return insert


def forget_blob(session: Session, store: Store, sha256: str) -> None:
    """Remove a blob from the store when no row names it any more."""
    if not is_known(session, sha256):
        store.delete_blob(sha256)


def is_known(session: Session, sha256: str) -> bool:
    """Tell whether any row names this blob."""
    named = sa.select(Recording.sha256).where(Recording.sha256 == sha256)
    made = sa.select(DerivedFile.sha256).where(DerivedFile.sha256 == sha256)
    return session.execute(named.union_all(made).limit(1)).first() is not None


def original_path(session: Session, store: Store, recording_id: UUID) -> Path:
    """Return where the original of this recording is.

    Raises:
        FileNotFoundError: it was removed.
    """
    recording = session.get_one(Recording, recording_id)
    path = place_of(store, recording)
    if path is None:
        raise FileNotFoundError("the original of this recording was removed")
    return path


def place_of(store: Store, recording: Recording) -> Path | None:
    """Return where the original is or should be, or None when it was removed.

    It is hashed before it moves: until its lasting place is taken, the incoming name holds.
    """
    kept = store.blob(recording.sha256) if recording.sha256 is not None else None
    if recording.incoming is not None and (kept is None or not kept.exists()):
        return store.incoming(recording.incoming)
    return kept
