"""Looking at a table before it is taken: what would change, and nothing until it is confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, today
from observe.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from observe.people import importing, memberships, networks, workbooks
from observe.people.access import Actor, actor_of
from observe.people.importing import Kind
from observe.people.imports import ChangeKind, Imported
from observe.people.models import AuditEntry, Membership, Role, School, TableImport, User
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


def look(
    session: Session, actor: Actor, text: str | bytes, kind: Kind = Kind.PEOPLE, **asked: bool
) -> TableImport:
    content = text.encode() if isinstance(text, str) else text
    complete = asked.get("complete", False)
    return importing.look_at(session, kind, "t.csv", content, complete=complete, actor=actor)


def table(session: Session, actor: Actor) -> str:
    return people_csv(session, actor=actor).decode("utf-8-sig")


def counts(done: Imported) -> tuple[int, int, int, int]:
    return done.added, done.changed, done.ended, done.unchanged


def test_a_look_changes_nothing_and_confirming_does_what_it_showed(
    database: Database, cast: Cast
) -> None:
    with database.write() as session:
        before = table(session, cast.administrator)
        row = look(session, cast.administrator, DRAWN, Kind.SCHOOLS)
        done = importing.outcome_of(row)
        assert counts(done) == (2, 1, 0, 0)
        assert [each.name for each in done.changes if each.kind is ChangeKind.CHANGED] == [
            'ESC. "LA; UNIÓN" (1234-5)'
        ]
        assert len(done.warnings) == 3  # damaged letters, and two check digits
    with database.write() as session:
        assert session.scalar(sa.select(sa.func.count(School.id))) == 2
        assert table(session, cast.administrator) == before
        assert importing.confirm(session, row.id, actor=cast.administrator)
    with database.write() as session:
        schools = {row.rbd: row.name for row in session.scalars(sa.select(School))}
        assert schools["78-0"] == "JARDÍN PEÑI"
        kept = importing.import_for(session, row.id, actor=cast.administrator)
        assert counts(importing.outcome_of(kept)) == (2, 1, 0, 0)
        assert importing.outcome_of(kept).warnings == done.warnings
        assert importing.outcome_of(kept).changes == ()
        assert kept.content is None
        assert [each.id for each in importing.taken(session, actor=cast.administrator)] == [row.id]
        with pytest.raises(ConflictError):
            importing.confirm(session, row.id, actor=cast.administrator)


def test_what_changed_meanwhile_is_looked_at_again(database: Database, cast: Cast) -> None:
    text = HEAD + "A,Ana,,educator,1234-5,,,\n"
    with database.write() as session:
        row = look(session, cast.administrator, text)
    with database.write() as session:
        import_people(session, text, actor=cast.administrator)
        assert not importing.confirm(session, row.id, actor=cast.administrator)
    with database.write() as session:
        again = importing.import_for(session, row.id, actor=cast.administrator)
        assert counts(importing.outcome_of(again)) == (0, 0, 0, 1)
        assert importing.confirm(session, row.id, actor=cast.administrator)


def test_a_table_that_is_given_up_is_gone(session: Session, cast: Cast) -> None:
    row = look(session, cast.administrator, HEAD + "A,Ana,,educator,1234-5,,,\n")
    for actor in (cast.observer, cast.network_lead, cast.outsider_utp_head):
        with pytest.raises((NotFoundError, NotAllowedError)):
            importing.give_up(session, row.id, actor=actor)
    importing.give_up(session, row.id, actor=cast.administrator)
    with pytest.raises(NotFoundError):
        importing.import_for(session, row.id, actor=cast.administrator)


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
        assert b"\n'=cmd,'=SUMA(1)," in content


def test_a_complete_list_ends_what_is_not_in_it(database: Database, cast: Cast) -> None:
    with database.write() as session:
        whole = table(session, cast.administrator).splitlines()
        left = [line for line in whole if "Berta" not in line and "Flora" not in line]
        row = look(session, cast.administrator, "\n".join(left), complete=True)
        done = importing.outcome_of(row)
        assert counts(done) == (0, 0, 1, len(left) - 1)
        assert done.changes[0].name == "Berta O'Brien"
        assert importing.confirm(session, row.id, actor=cast.administrator)
    with database.read() as session:
        berta = session.get_one(User, cast.educator.user_id)
        assert not actor_of(berta, today()).standings
        assert not berta.active
        # whoever imports is never thrown out by her own list
        assert actor_of(session.get_one(User, cast.administrator.user_id), today()).standings


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
    (hers,) = [line for line in table(session, admin).splitlines() if str(user.id) in line]
    assert counts(import_people(session, HEAD + hers, actor=admin)) == (0, 0, 0, 1)
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
    with database.write() as session:
        row = look(session, cast.administrator, content, Kind.SCHOOLS)
        assert counts(importing.outcome_of(row)) == (16_601, 0, 0, 0)
        assert session.scalar(sa.select(sa.func.count(School.id))) == 2
    with database.write() as session:
        assert importing.confirm(session, row.id, actor=cast.administrator)
        assert session.scalar(sa.select(sa.func.count(School.id))) == 16_603
