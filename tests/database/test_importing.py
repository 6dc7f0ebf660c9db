"""Looking at a table before it is taken: what would change, and nothing until it is confirmed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, today
from observe.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from observe.people import importing, memberships, networks, workbooks
from observe.people.access import Actor, actor_of
from observe.people.importing import Kind, Table
from observe.people.imports import ChangeKind, Imported
from observe.people.models import AuditEntry, Membership, Role, School, User
from observe.people.person_export import COLUMNS, people_csv, people_workbook
from observe.people.person_import import import_people
from observe.people.sheets import read_sheet
from observe.privacy import pseudonyms
from tests.factories import Cast

HEAD = "id,name,email,role,rbd,network,starts_on,ends_on\n"
# Some lines of a directory with everything that is wrong in the Ministry's.
DRAWN = (
    "AGNO;RBD;DGV_RBD;NOM_RBD;NOM_COM_RBD;LATITUD\r\n"
    '2022;1234;5;"ESC. ""LA; UNIÓN""";LOTA;-18,48\r\n'
    "2022;77;9;ESCUELA SE¥ORA;ÑUBLE;\r\n"
).encode() + "2022;78;0;JARDÍN PEÑI;ÑUBLE;\r\n".encode("cp1252")


def brought(text: str | bytes, kind: Kind = Kind.PEOPLE, **asked: bool) -> Table:
    return Table(kind, "t.csv", text.encode() if isinstance(text, str) else text, **asked)


def looked(database: Database, import_id: UUID, actor: Actor) -> Imported:
    with database.read() as session:
        return importing.outcome_of(importing.import_for(session, import_id, actor=actor))


def table(session: Session, actor: Actor) -> str:
    return people_csv(session, actor=actor).decode("utf-8-sig")


def counts(done: Imported) -> tuple[int, int, int, int]:
    return done.added, done.changed, done.ended, done.unchanged


def test_a_look_changes_nothing_and_taking_does_what_it_showed(
    database: Database, cast: Cast
) -> None:
    admin = cast.administrator
    with database.write() as session:
        before = table(session, admin)
    import_id = importing.look_at(database, brought(DRAWN, Kind.SCHOOLS), actor=admin)
    done = looked(database, import_id, admin)
    assert counts(done) == (2, 1, 0, 0)
    assert [each.name for each in done.changes if each.kind is ChangeKind.CHANGED] == [
        'ESC. "LA; UNIÓN" (1234-5)'
    ]
    assert len(done.warnings) == 3  # damaged letters, and two check digits
    with database.write() as session:
        assert session.scalar(sa.select(sa.func.count(School.id))) == 2
        assert table(session, admin) == before
    assert importing.take(database, import_id, actor=admin)
    with database.read() as session:
        schools = {row.rbd: row.name for row in session.scalars(sa.select(School))}
        assert schools["78-0"] == "JARDÍN PEÑI"
        kept = importing.import_for(session, import_id, actor=admin)
        assert counts(importing.outcome_of(kept)) == (2, 1, 0, 0)
        assert importing.outcome_of(kept).warnings == done.warnings
        assert importing.outcome_of(kept).changes == ()
        assert kept.content is None
        assert [each.id for each in importing.taken(session, actor=admin)] == [import_id]
    with pytest.raises(ConflictError):
        importing.take(database, import_id, actor=admin)


def test_what_changed_meanwhile_is_looked_at_again(database: Database, cast: Cast) -> None:
    text, admin = HEAD + "A,Ana,,educator,1234-5,,,\n", cast.administrator
    import_id = importing.look_at(database, brought(text), actor=admin)
    with database.write() as session:
        import_people(session, text, actor=admin)
    assert not importing.take(database, import_id, actor=admin)
    assert counts(looked(database, import_id, admin)) == (0, 0, 0, 1)
    assert importing.take(database, import_id, actor=admin)


@pytest.mark.parametrize("kind", Kind)
def test_what_changes_between_computing_and_writing_is_told_too(
    database: Database, cast: Cast, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else saves while the table is taken: nothing is written over what nobody saw."""
    admin, plan, corrected = cast.administrator, importing.planned, count(1)
    rows = {
        Kind.PEOPLE: HEAD + "A,Ana,,educator,1234-5,,,\n",
        Kind.SCHOOLS: "rbd,name,commune\n1234-5,Otra,Lota\n",
    }
    import_id = importing.look_at(database, brought(rows[kind], kind), actor=admin)

    def interrupted(session: Session, table: Table, *, actor: Actor) -> importing.Plan:
        found = plan(session, table, actor=actor)
        with database.write() as other:
            other.get_one(School, cast.school.id).name = f"Escuela {next(corrected)}"
        return found

    monkeypatch.setattr(importing, "planned", interrupted)
    assert not importing.take(database, import_id, actor=admin)
    with pytest.raises(ConflictError, match="Import the table again"):
        importing.take_at_once(database, brought(rows[kind], kind), actor=admin)
    monkeypatch.undo()
    with database.read() as session:
        assert session.get_one(School, cast.school.id).name == "Escuela 2"
        assert session.scalar(sa.select(User.id).where(User.reference == "A")) is None


# Where most of the time goes while a table is computed: in its middle, and at its end.
@pytest.mark.parametrize("where", ["observe.people.person_rows.checked_email",
                                   "observe.people.person_import.imported",
                                   "observe.people.school_import.imported"])  # fmt: skip
def test_others_save_while_a_table_is_looked_at_and_taken(
    database: Database, cast: Cast, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step somebody else begins to write, and is let in without waiting at all."""
    admin, schools = cast.administrator, "school_import" in where
    text = "rbd,name,commune\n9-9,Otra,Lota\n" if schools else people_rows(3)
    rows = brought(text, Kind.SCHOOLS if schools else Kind.PEOPLE)
    place, name = where.rsplit(".", 1)
    step, let_in = getattr(import_module(place), name), []

    def write_beside(*told: object) -> object:
        with closing(sqlite3.connect(str(database.engine.url.database), timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
        let_in.append(True)
        return step(*told)

    monkeypatch.setattr(where, write_beside)
    import_id = importing.look_at(database, rows, actor=admin)
    assert importing.take(database, import_id, actor=admin)
    importing.take_at_once(database, rows, actor=admin)
    assert len(let_in) == (9 if "email" in where else 3)


@pytest.mark.parametrize("complete", [False, True])
def test_a_long_table_is_written_in_a_few_statements(
    database: Database, cast: Cast, complete: bool
) -> None:
    """While others wait, as much is done for ten thousand people as for ten."""
    admin = cast.administrator
    importing.take_at_once(database, brought(people_rows(300)), actor=admin)
    text = people_rows(150, name="Otra") + "B,Berta,,observer,,,,\n"
    import_id = importing.look_at(database, brought(text, complete=complete), actor=admin)
    with statements_of_writers(database) as told:
        assert importing.take(database, import_id, actor=admin)
    with database.read() as session:
        left = session.scalar(sa.select(sa.func.count(User.id)).where(User.active.is_(False)))
        assert (left or 0) > 150 if complete else not left
        assert session.scalar(sa.select(User.name).where(User.reference == "N0")) == "Otra 0"
    assert len(told) < 25


def people_rows(people: int, name: str = "Nombre") -> str:
    rows = (f"N{each},{name} {each},n{each}@slep.cl,educator,1234-5,,,\n" for each in range(people))
    return HEAD + "".join(rows)


@contextmanager
def statements_of_writers(database: Database) -> Iterator[list[str]]:
    """Collect what is executed in transactions that hold the write lock."""
    told: list[str] = []

    def tell(connection: sa.Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if not connection.get_execution_options().get("reading"):
            told.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", tell)
    yield told
    sa.event.remove(database.engine, "before_cursor_execute", tell)


def test_a_table_that_is_given_up_is_gone(database: Database, cast: Cast) -> None:
    text = HEAD + "A,Ana,,educator,1234-5,,,\n"
    import_id = importing.look_at(database, brought(text), actor=cast.administrator)
    for actor in (cast.observer, cast.network_lead, cast.outsider_utp_head):
        with pytest.raises((NotFoundError, NotAllowedError)), database.write() as session:
            importing.give_up(session, import_id, actor=actor)
    with database.write() as session:
        importing.give_up(session, import_id, actor=cast.administrator)
    with pytest.raises(NotFoundError):
        looked(database, import_id, cast.administrator)


@pytest.mark.parametrize("write", [people_csv, people_workbook])
def test_what_is_exported_changes_nothing_when_it_comes_back(
    session: Session, cast: Cast, write: object
) -> None:
    networks.write_network(session, None, "Costa", "1234", actor=cast.administrator)
    more = (
        "=cmd,=SUMA(1),,observer,,Costa,2026-03-01,\n"
        "B,Berta Soto,berta@slep.cl,educator,1234-5,,2025-03-01,2025-12-31\n"
        "B,Berta Soto,berta@slep.cl,educator,1234-5,,2026-03-01,\n"
    )
    import_people(session, HEAD + more, actor=cast.administrator)
    content = write(session, actor=cast.administrator)  # type: ignore[operator]
    assert isinstance(content, bytes)
    sheet = read_sheet(content)
    assert sheet.columns == set(COLUMNS)
    done = import_people(session, content, complete=True, actor=cast.administrator)
    people = session.scalar(sa.select(sa.func.count(User.id)))
    assert counts(done) == (0, 0, 0, people)
    if write is people_csv:
        assert b"\n'=cmd;'=SUMA(1);" in content


def test_a_complete_list_ends_what_is_not_in_it(database: Database, cast: Cast) -> None:
    admin = cast.administrator
    with database.write() as session:
        whole = table(session, admin).splitlines()
    left = [line for line in whole if "Berta" not in line and "Flora" not in line]
    import_id = importing.look_at(database, brought("\n".join(left), complete=True), actor=admin)
    done = looked(database, import_id, admin)
    assert counts(done) == (0, 0, 1, len(left) - 1)
    assert done.changes[0].name == "Berta O'Brien"
    assert importing.take(database, import_id, actor=admin)
    with database.read() as session:
        berta = session.get_one(User, cast.educator.user_id)
        assert not actor_of(berta, today()).standings
        assert not berta.active
        # whoever imports is never thrown out by her own list
        assert actor_of(session.get_one(User, admin.user_id), today()).standings


def test_days_are_taken_and_corrected(session: Session, cast: Cast) -> None:
    admin = cast.administrator
    import_people(session, HEAD + "B,Berta,,educator,1234-5,,01-03-2026,\n", actor=admin)
    again = import_people(session, HEAD + "B,Berta,,educator,1234,,2026-03-01,\n", actor=admin)
    assert counts(again) == (0, 0, 0, 1)
    ended = import_people(
        session, HEAD + "B,Berta,,educator,1234-5,,01/03/2026,31/05/2026\n", actor=admin
    )
    assert counts(ended) == (0, 0, 1, 0)
    (row,) = session.scalars(
        sa.select(Membership).join(Membership.user).where(User.reference == "B")
    )
    assert (row.role, row.starts_on.isoformat() if row.starts_on else "") == (
        Role.EDUCATOR,
        "2026-03-01",
    )
    # without days: she is back, from today on
    back = import_people(session, "id,name,email,role,rbd\nB,Berta,,educator,1234-5\n", actor=admin)
    assert counts(back) == (0, 1, 0, 0)


def _pseudonymised(session: Session, cast: Cast) -> User:
    user = session.get_one(User, cast.educator.user_id)
    memberships.leave(session, user.id, memberships.at_once(), actor=cast.administrator)
    pseudonyms.replace(session, user, cast.school.id, reason="prueba")
    return user


def test_a_pseudonymised_person_stays_as_she_is(session: Session, cast: Cast) -> None:
    user, admin = _pseudonymised(session, cast), cast.administrator
    last, name = memberships.at_once(), user.name
    head, *lines = table(session, admin).splitlines()
    (hers,) = [line for line in lines if str(user.id) in line]
    assert counts(import_people(session, f"{head}\n{hers}", actor=admin)) == (0, 0, 0, 1)
    undated = f"id,name,email,role,rbd\n{user.id},{name},,educator,1234-5\n"
    assert counts(import_people(session, undated, complete=True, actor=admin))[3] == 1
    assert (len(user.memberships), user.active) == (1, False)
    for changed in (
        f"{name} S.,,educator,1234-5,,,{last}",
        f"{name},berta@slep.cl,educator,1234-5,,,{last}",
        f"{name},,utp_head,1234-5,,,{last}",
        f"{name},,educator,1234-5,,,",
    ):
        with pytest.raises(InvalidError) as error:
            import_people(session, f"{HEAD}{user.id},{changed}\n", actor=admin)
        (problem,) = error.value.problems
        assert problem.in_language("es_CL").startswith("Línea 2: un seudónimo reemplaza")


def test_who_would_be_new_and_has_left_is_passed_over(session: Session, cast: Cast) -> None:
    text = HEAD + (
        "H,Hilda,,educator,1234-5,,2025-03-01,2025-12-31\n"
        "B,Bernarda,taken@slep.cl,educator,1234-5,,2024-03-01,2024-12-31\n"
        "B,Bernarda,taken@slep.cl,utp_head,1234-5,,2025-03-01,2025-12-31\n"
        "H,Hilda,,utp_head,1234-5,,2026-03-01,\n"
        "C,Celia,taken@slep.cl,educator,1234-5,,,\n"
    )
    done = import_people(session, text, actor=cast.administrator)
    assert counts(done) == (2, 0, 0, 0)
    assert [each.in_language("es_CL").split(":")[0] for each in done.warnings] == ["Línea 3"]
    known = session.scalars(sa.select(User.name).where(User.reference.in_(["B", "C", "H"])))
    assert set(known) == {"Celia", "Hilda"}
    # who is known already keeps what the table tells of her
    over = text.splitlines()[1].replace("2025-12-31", "2025-11-30")
    again = import_people(session, HEAD + over, actor=cast.administrator)
    assert (counts(again), again.warnings) == ((0, 0, 1, 0), ())


def test_every_problem_of_days_and_networks_is_told(session: Session, cast: Cast) -> None:
    text = HEAD + (
        "A,Ana,,observer,,Nadie,,\n"
        "B,Berta,,observer,1234-5,Costa,,\n"
        "C,Celia,,observer,,,mañana,\n"
        "D,Dora,,observer,,,2026-05-02,2026-05-01\n"
        "E,Elsa,,observer,,,2026-05-02,\n"
        "E,Elsa,,observer,,,2026-05-02,\n"
    )
    with pytest.raises(InvalidError) as error:
        import_people(session, text, actor=cast.administrator)
    assert [str(each).split(":")[0] for each in error.value.problems] == [
        f"Line {line}" for line in (2, 3, 4, 5)
    ]
    twice = HEAD + "\n".join(text.splitlines()[-2:]) + "\n"
    with pytest.raises(InvalidError) as error:
        import_people(session, twice, actor=cast.administrator)
    assert [str(each).split(":")[0] for each in error.value.problems] == ["Line 3"]


def test_a_workbook_is_read_as_a_table(session: Session, cast: Cast) -> None:
    content = workbooks.write(
        ("id", "name", "email", "role", "rbd"), [("A", "Ana", "", "educator", "1234-5")]
    )
    assert counts(import_people(session, content, actor=cast.administrator)) == (1, 0, 0, 0)


@pytest.mark.parametrize("content", [b"PK\x03\x04nothing", b"\xd0\xcf\x11\xe0old"])
def test_what_is_no_workbook_is_refused(session: Session, cast: Cast, content: bytes) -> None:
    with pytest.raises(InvalidError):
        import_people(session, content, actor=cast.administrator)


def test_the_trail_says_who_took_the_list_away(session: Session, cast: Cast) -> None:
    people_csv(session, actor=cast.administrator)
    for actor in (cast.network_lead, cast.utp_head, cast.observer):
        with pytest.raises(NotAllowedError):
            people_csv(session, actor=actor)
    actions = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.actor_id.is_not(None)))
    assert list(actions) == ["person.export"]


def test_the_whole_directory_is_looked_at_and_taken(
    database: Database, cast: Cast, real_data: Path
) -> None:
    content = (real_data / "schools" / "Directorio_EE_2022_sin_MRUN_RUT.csv").read_bytes()
    rows, admin = brought(content, Kind.SCHOOLS), cast.administrator
    import_id = importing.look_at(database, rows, actor=admin)
    assert counts(looked(database, import_id, admin)) == (16_601, 0, 0, 0)
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count(School.id))) == 2
    with statements_of_writers(database) as told:
        assert importing.take(database, import_id, actor=admin)
    assert len(told) < 15
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count(School.id))) == 16_603
