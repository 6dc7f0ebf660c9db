"""One home in which two schools that know nothing of each other have done everything there is.

Each text that somebody wrote names the school where it was written, so that one that reaches a
person of the other school is found wherever it stands.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Base, Database
from observe.people import networks
from observe.people.models import ClassGroup, Membership, Network, Role
from observe.records import own_list
from observe.settings import Settings
from observe.video.erasing import Place, erase_video
from observe.video.operations import begin_upload, discard_upload
from observe.video.store import Store
from tests.factories import Cast, person
from tests.feedback_cases import filmed
from tests.web.test_attacks import WRITTEN
from tests.web.test_routes import path_of

HERE, THERE = "aquí", "allá"
OTHER: dict[str, str] = {HERE: THERE, THERE: HERE}
# What the routing does not even take for an id, and what it takes although nobody wrote it so.
MALFORMED = (
    "x",
    "1",
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "' OR 1=1 --",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "0" * 5_000,
)
# Of the territory: nobody's in particular, so no school is named in them.
COMMON_TABLES = frozenset({"network", "breach", "table_import"})
REVISION = "UPDATE revision SET document = replace(document, :word, :mark) WHERE id = :id"
Rows = dict[str, frozenset[UUID]]


@dataclass(frozen=True)
class Known:
    """An id that somebody may try: of which table it is (or why of none), and of which school."""

    id: str
    table: str
    side: str = ""


@dataclass(frozen=True)
class TwoSchools:
    """What is in the home: the ids of each school's path by their names in addresses, and all."""

    ids: dict[str, dict[str, str]]
    known: tuple[Known, ...]
    erased: UUID

    def tables_of(self, argument: str) -> frozenset[str]:
        """Return of which tables the ids are that an address takes at this place."""
        told = {self.ids[side].get(argument) for side in OTHER}
        return frozenset(each.table for each in self.known if each.id in told)


def mark_of(side: str) -> str:
    """Return what every text written at this school has in it."""
    return f"Escrito-{side}-"


def two_schools(
    database: Database, home: Settings, store: Store, cast: Cast, film: Path
) -> TwoSchools:
    """Let both schools do everything; return what there is."""
    before = rows_of(database)
    here = path_of(database, home, store, cast, film)
    between = rows_of(database)
    there_cast = _mirrored(database, cast)
    there = path_of(database, home, store, there_cast, film, beside=" Sur")
    erased = _erased(database, store, there_cast, film)
    gone = _gone(database, store, cast)
    after = rows_of(database)
    side_of = _sides(database, cast, before, between, after)
    known = [
        Known(str(each), table, side_of.get((table, each), ""))
        for table, ids in after.items()
        for each in sorted(ids)
    ]
    known += [Known(each, "gone") for each in gone]
    known += [Known(each, "malformed") for each in MALFORMED]
    _write_marks(database, side_of)
    return TwoSchools({HERE: here, THERE: there}, tuple(known), erased)


def rows_of(database: Database) -> Rows:
    """Return the ids of each table whose rows have one."""
    with database.read() as session:
        return {
            table.name: frozenset(session.scalars(sa.select(table.c.id)))
            for table in Base.metadata.sorted_tables
            if "id" in table.c and isinstance(table.c.id.type, sa.Uuid)
        }


def _mirrored(database: Database, cast: Cast) -> Cast:
    """Return the cast as those of the other school see it."""
    with database.write() as session:
        group = ClassGroup(school_id=cast.other_school.id, name="2° A", year=2026)
        session.add(group)
        session.flush()
        return replace(
            cast,
            school=cast.other_school,
            other_school=cast.school,
            class_group=group,
            observer=cast.outsider_observer,
            educator=cast.outsider_educator,
            utp_head=cast.outsider_utp_head,
            second_educator=person(session, "Olga Pino", Role.EDUCATOR, cast.other_school),
        )


def _erased(database: Database, store: Store, cast: Cast, film: Path) -> UUID:
    """A lesson whose video is deleted: its row stays."""
    with database.write() as session:
        lesson = filmed(session, store, cast, film)
    with database.write() as session:
        place = Place(database, store)
        erase_video(session, place, lesson.id, reason="prueba", actor=cast.observer)
    return lesson.id


def _gone(database: Database, store: Store, cast: Cast) -> tuple[str, ...]:
    """Ids that something had: an upload given up, a view and a network taken away."""
    admin, observer = cast.administrator, cast.observer
    with database.write() as session:
        upload = begin_upload(session, "nada.mp4", 10, actor=observer)
        view = own_list.save_view(session, "Otra", {"texto": "x"}, actor=observer)
        network = networks.write_network(session, None, "Valle", cast.school.rbd, actor=admin)
        gone = (str(upload.id), str(view.id), str(network.id))
    with database.write() as session:
        discard_upload(session, store, UUID(gone[0]), actor=observer)
        own_list.remove_view(session, UUID(gone[1]), actor=observer)
        networks.remove_network(session, UUID(gone[2]), actor=admin)
    return gone


def _sides(
    database: Database, cast: Cast, before: Rows, between: Rows, after: Rows
) -> dict[tuple[str, UUID], str]:
    """Return at which school each row was made; the cast's own by where each has her role."""
    made = {
        (table, each): HERE if each in between[table] else THERE
        for table, ids in after.items()
        for each in ids - before[table]
    }
    schools = {cast.school.id: HERE, cast.other_school.id: THERE}
    with database.read() as session:
        for row in session.scalars(sa.select(Membership).where(Membership.school_id.in_(schools))):
            side = schools[row.school_id] if row.school_id else ""
            made["membership", row.id] = made["user", row.user_id] = side
        for group in session.scalars(sa.select(ClassGroup)):
            made["class_group", group.id] = schools[group.school_id]
        common = set(session.scalars(sa.select(Network.id)))
    made |= {("school", each): side for each, side in schools.items()}
    return {key: side for key, side in made.items() if key[1] not in common}


def _write_marks(database: Database, side_of: dict[tuple[str, UUID], str]) -> None:
    """Name the school in each text that people wrote there; the database's own rules go first."""
    with database.write() as session:
        _drop_rules(session)
        for name, column in sorted(WRITTEN):
            for side in OTHER:
                ids = [
                    each for (table, each), its in side_of.items() if (table, its) == (name, side)
                ]
                _mark(session, name, column, side, ids)
        for (table, each), side in side_of.items():
            if table == "revision":
                mark = f"{mark_of(side)}revision"
                given = {"word": "Una niña explica", "mark": mark, "id": each.hex}
                session.execute(sa.text(REVISION), given)


def _drop_rules(session: Session) -> None:
    named = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for rule in session.scalars(named).all():
        session.execute(sa.text(f"DROP TRIGGER {rule}"))


def _mark(session: Session, table: str, column: str, side: str, ids: Collection[UUID]) -> None:
    if table in COMMON_TABLES or "id" not in Base.metadata.tables[table].c:
        return
    statement = sa.text(
        f'UPDATE "{table}" SET {column} = :mark || rowid WHERE {column} IS NOT NULL AND id IN :ids'
    ).bindparams(sa.bindparam("ids", expanding=True))
    words = f"{mark_of(side)}{table}-{column}-"
    session.execute(statement, {"mark": words, "ids": [each.hex for each in ids]})
