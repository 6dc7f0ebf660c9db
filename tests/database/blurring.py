"""Short ways to ask for blurred clips, make them and look at them."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from observe.db import Database
from observe.ids import new_id
from observe.jobs import Work
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.video.blur import making as blur_making
from observe.video.blur import operations as blurs
from observe.video.models import Blurring, DerivedFile, FileKind
from observe.video.timecode import Span
from tests.factories import Cast

SPAN = Span(1_000, 3_000)
STEPS = (
    blur_making.find,
    blur_making.draw,
    blur_making.picture,
    blur_making.finish,
    blur_making.clear,
)
KINDS = (FileKind.FACES, FileKind.BLURRED, FileKind.BLURRED_POSTER)


def region(**changes: object) -> dict[str, object]:
    """Return a region that a person drew in the middle of the picture."""
    box = [0.25, 0.25, 0.5, 0.5]
    drawn = {"id": str(new_id()), "kind": "add", "start_ms": 1_000, "end_ms": 2_000, "box": box}
    return {**drawn, **changes}


def removal(**changes: object) -> dict[str, object]:
    """Return what a person says of a face that was found: it is none."""
    said = {"id": str(new_id()), "kind": "remove", "track": "f1", "found": "a" * 64}
    return {**said, "start_ms": 1_000, "end_ms": 3_000, **changes}


def row_of(database: Database, blurring_id: UUID) -> Blurring:
    with database.read() as session:
        return session.get_one(Blurring, blurring_id)


def make(database: Database, home: Settings, blurring_id: UUID) -> Blurring:
    """Do what the job does, without its engine."""
    asked_id = row_of(database, blurring_id).asked_id
    work = Work(f"{blurs.KIND}:{asked_id}:1", home, database)
    for step in STEPS:
        step(work, asked_id)
    return row_of(database, blurring_id)


def look(database: Database, cast: Cast, blurring_id: UUID) -> None:
    """Open the clip as its observer does."""
    with database.write() as session:
        blurs.watched(session, session.get_one(Blurring, blurring_id), actor=cast.observer)


def files(database: Database) -> dict[FileKind, list[DerivedFile]]:
    with database.read() as session:
        rows = list(session.scalars(sa.select(DerivedFile)))
    return {kind: [row for row in rows if row.kind is kind] for kind in KINDS}


def entries(database: Database, thing_id: UUID) -> list[str]:
    with database.read() as session:
        mine = sa.select(AuditEntry).where(AuditEntry.thing_id == thing_id)
        return [entry.action for entry in session.scalars(mine.order_by(AuditEntry.number))]
