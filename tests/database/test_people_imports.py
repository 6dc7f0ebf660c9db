"""Importing schools and people: dirt and all, everything or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import BadInputError, InvalidError, NotAllowedError, NotFoundError
from observe.people.directory import school_for
from observe.people.models import AuditEntry, ClassGroup, Membership, Role, School, User
from observe.people.operations import (
    class_group_for,
    import_people,
    import_schools,
    user_for,
)
from tests.factories import Cast

DIRECTORY = "AGNO;RBD;DGV_RBD;NOM_RBD;COD_COM_RBD;NOM_COM_RBD;LATITUD;LONGITUD\r\n"


def schools(session: Session) -> dict[str, tuple[str, str]]:
    return {row.rbd: (row.name, row.commune) for row in session.scalars(sa.select(School))}


def told(error: pytest.ExceptionInfo[InvalidError]) -> list[str]:
    return [problem.in_language("es_CL") for problem in error.value.problems]


def trail(session: Session) -> list[AuditEntry]:
    """What people did; the home's own loading of rubrics is not theirs."""
    return list(session.scalars(sa.select(AuditEntry).where(AuditEntry.actor_id.is_not(None))))


# --- schools --------------------------------------------------------------------------------------


def test_the_ministrys_directory_is_taken_as_it_is(
    database: Database, cast: Cast, real_data: Path
) -> None:
    content = (real_data / "schools" / "Directorio_EE_2022_sin_MRUN_RUT.csv").read_bytes()
    with database.write() as session:
        done = import_schools(session, content, actor=cast.administrator)
    assert (done.added, done.changed, done.unchanged) == (16_601, 0, 0)
    warnings = [warning.in_language("es_CL") for warning in done.warnings]
    assert sum("dígito verificador" in warning for warning in warnings) == 50
    assert sum("letras dañadas" in warning for warning in warnings) == 9
    with database.write() as session:
        again = import_schools(session, content, actor=cast.administrator)
        assert (again.added, again.changed, again.unchanged) == (0, 0, 16_601)
        known = schools(session)
    assert known["1-9"] == ("LICEO POLITECNICO ARICA", "ARICA")
    assert len(known) == 16_603  # and the cast's two stay
    # the same bytes as an old program would have written them
    old = content.decode().encode("cp1252", errors="replace")
    with database.write() as session:
        import_schools(session, old, actor=cast.administrator)
        assert "ESCUELA ESPECIAL NUESTRA SE¥ORA DE MONSERRAT" in {
            n for n, _ in schools(session).values()
        }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_our_own_table_in_any_encoding_and_delimiter(
    session: Session, cast: Cast, encoding: str, delimiter: str
) -> None:
    rows = [
        ["rbd", "Name", "commune"],
        ["0101-4", "Jardín  Ñandú ", "Alto\xa0Biobío"],
        ["", "", ""],
    ]
    content = "\n".join(delimiter.join(row) for row in rows).encode(encoding)
    done = import_schools(session, content, actor=cast.administrator)
    assert done.added == 1
    assert schools(session)["101-4"] == ("Jardín Ñandú", "Alto Biobío")


def test_two_encodings_in_one_file(session: Session, cast: Cast) -> None:
    content = "rbd,name,commune\n101-4,Ñandú,Ñuble\n".encode() + "102-2,Peñi,Ñuble\n".encode(
        "cp1252"
    )
    import_schools(session, content, actor=cast.administrator)
    assert schools(session)["101-4"] == ("Ñandú", "Ñuble")
    assert schools(session)["102-2"] == ("Peñi", "Ñuble")


def test_decimal_commas_and_missing_coordinates_do_not_matter(session: Session, cast: Cast) -> None:
    content = (
        DIRECTORY
        + '2022;101;4;"ESC. ""LA; UNIÓN""";1;LOTA;-18,48;-70,3\r\n2022;102;2;B;1;LOTA;;\r\n'
    )
    done = import_schools(session, content, actor=cast.administrator)
    assert done.added == 2
    assert schools(session)["101-4"] == ('ESC. "LA; UNIÓN"', "LOTA")


def test_every_problem_is_told_and_nothing_is_taken(database: Database, cast: Cast) -> None:
    content = (
        "rbd,name,commune\n"
        "101-4,Buena,Lota\n"
        "x,Sin número,Lota\n"
        "102-2,,Lota\n"
        "103-0,Una,Lota\n"
        "103-0,Otra,Lota\n"
        "104\n"
        "101-4,Buena,Lota\n"
    )
    ok = content.replace("104\n", "")
    with pytest.raises(InvalidError) as shape, database.write() as session:
        import_schools(session, content, actor=cast.administrator)
    assert told(shape) == ["Línea 7: tiene 1 celdas y el encabezado tiene 3."]
    with pytest.raises(InvalidError) as error, database.write() as session:
        import_schools(session, ok, actor=cast.administrator)
    assert told(error) == [
        "Línea 3: «X» no es un RBD: un número, un guion y un dígito verificador (1234-5).",
        "Línea 4: el establecimiento 102-2 no tiene nombre.",
        "Línea 6: 103-0 ya está en la línea 5, con otros datos.",
    ]
    assert "3 problemas" in error.value.message.in_language("es_CL")
    with database.read() as session:
        assert set(schools(session)) == {"1234-5", "6789-K"}
        assert trail(session) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"a,b\n1,2\n",
        b"\x00\x01\x02",
        b'rbd,name,commune\n1-9,"open,x\n',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_table_is_refused(session: Session, cast: Cast, content: bytes) -> None:
    with pytest.raises(InvalidError):
        import_schools(session, content, actor=cast.administrator)


def test_lines_before_the_names_of_the_columns_are_passed_over(
    session: Session, cast: Cast
) -> None:
    content = "sep=;\r\n\r\nrbd;name;commune\r\n77-1;Jardín;Lota\r\n"
    assert import_schools(session, content, actor=cast.administrator).added == 1


def test_a_table_longer_than_any_list_is_refused_at_once(session: Session, cast: Cast) -> None:
    rows = "rbd,name,commune\n" + "77-1,Jardín,Lota\n" * 50_001
    with pytest.raises(InvalidError, match="too long"):
        import_schools(session, rows, actor=cast.administrator)


def test_names_change_and_schools_that_are_not_in_the_file_stay(
    session: Session, cast: Cast
) -> None:
    content = (
        "rbd,name,commune\n1234-5,Escuela Los Boldos,Concepción\n6.789-k,Escuela O'Higgins,Penco"
    )
    done = import_schools(session, content, actor=cast.administrator)
    assert (done.added, done.changed, done.unchanged) == (0, 1, 1)
    assert schools(session)["1234-5"][0] == "Escuela Los Boldos"


def test_another_check_digit_is_told_but_stops_nothing(session: Session, cast: Cast) -> None:
    content = "rbd,name,commune\n1234-3,Otro dígito,Lota\n"
    done = import_schools(session, content, actor=cast.administrator)
    assert done.added == 1
    assert [warning.in_language("es_CL") for warning in done.warnings] == [
        "Línea 2: 1234-3 queda aquí junto a 1234-5. ¿Será uno de los dos un error?"
    ]


def test_only_an_administrator_imports(session: Session, cast: Cast) -> None:
    for actor in (cast.observer, cast.utp_head, cast.network_lead, cast.educator):
        with pytest.raises(NotAllowedError):
            import_schools(session, "rbd,name,commune\n", actor=actor)
        with pytest.raises(NotAllowedError):
            import_people(session, "id,name,email,role,rbd\n", actor=actor)


# --- people ---------------------------------------------------------------------------------------

PEOPLE = """id,name,email,role,rbd
A-1,Ana Ñancu,Ana@Slep.cl,observer,
A-1,Ana Ñancu,ana@slep.cl,educator,1234-5
B-2,Berta Soto,,utp_head,6789-K
"""


def counted(session: Session) -> tuple[int | None, int | None]:
    users = session.scalar(sa.select(sa.func.count(User.id)))
    return users, session.scalar(sa.select(sa.func.count(Membership.id)))


def test_importing_twice_changes_nothing(database: Database, cast: Cast) -> None:
    with database.write() as session:
        before = counted(session)
        done = import_people(session, PEOPLE, actor=cast.administrator)
        after = counted(session)
    assert (done.added, done.changed, done.unchanged) == (2, 0, 0)
    assert before[0] is not None
    assert after[0] == before[0] + 2
    with database.write() as session:
        again = import_people(session, PEOPLE.encode("cp1252"), actor=cast.administrator)
        assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
        assert counted(session) == after
        ana = user_for(session, "A-1", actor=cast.administrator)
        assert ana.email == "ana@slep.cl"
        assert {(row.role, row.school_id) for row in ana.memberships} == {
            (Role.OBSERVER, None),
            (Role.EDUCATOR, cast.school.id),
        }


def test_a_new_role_a_new_name_and_swapped_emails(session: Session, cast: Cast) -> None:
    head = "id,name,email,role,rbd\n"
    import_people(
        session,
        head + "X,Una,una@slep.cl,educator,1234-5\nY,Otra,otra@slep.cl,educator,1234-5\n",
        actor=cast.administrator,
    )
    done = import_people(
        session,
        head + "X,Una R.,otra@slep.cl,utp_head,1234-5\nY,Otra,una@slep.cl,educator,1234-5\n",
        actor=cast.administrator,
    )
    assert (done.added, done.changed, done.unchanged) == (0, 2, 0)
    one = user_for(session, "otra@SLEP.cl", actor=cast.administrator)
    assert (one.reference, one.name) == ("X", "Una R.")
    assert {row.role for row in one.memberships} == {Role.EDUCATOR, Role.UTP_HEAD}


def test_every_problem_with_people_is_told(database: Database, cast: Cast) -> None:
    content = """id,name,email,role,rbd
A,Ana,ana@slep.cl,observer,
A,Otra,ana@slep.cl,observer,
B,Berta,no es correo,educator,1234-5
C,Celia,ana@slep.cl,educator,1234-5
D,Dora,,jefa,1234-5
E,Elsa,,educator,
F,Flora,,educator,9-9
,Gina,,observer,
H,Hilda,observer-gina-soto@escuela.test,observer,
"""
    content += f"I,{'Inés ' * 30},,observer,\n"
    with database.read() as session:
        before = counted(session)
    with pytest.raises(InvalidError) as error, database.write() as session:
        import_people(session, content, actor=cast.administrator)
    assert [problem.split(":")[0] for problem in sorted(told(error))] == [
        f"Línea {line}" for line in (10, 11, 3, 4, 5, 6, 7, 8, 9)
    ]
    with database.read() as session:
        assert counted(session) == before


def test_the_trail_counts_and_names_nobody(database: Database, cast: Cast) -> None:
    with database.write() as session:
        import_people(session, PEOPLE, actor=cast.administrator)
    with database.read() as session:
        (entry,) = trail(session)
    assert (entry.action, entry.actor_id) == ("person.import", cast.administrator.user_id)
    assert '"added": 2' in entry.details
    assert "Ana" not in entry.details


# --- class groups and finding --------------------------------------------------------------------


def test_a_school_is_known_without_its_check_digit(database: Database, cast: Cast) -> None:
    rows = "id,name,email,role,rbd\nx1,Rosa,rosa@escuela.test,educator,1234\n"
    with database.write() as session:
        import_people(session, rows.encode(), actor=cast.administrator)
    with database.read() as session:
        found = school_for(session, "1234", actor=cast.administrator)
        rosa = user_for(session, "x1", actor=cast.administrator)
        assert found.rbd == "1234-5"
        assert [membership.school_id for membership in rosa.memberships] == [found.id]
        for name in ("123", "²"):
            with pytest.raises(NotFoundError):
                school_for(session, name, actor=cast.administrator)


def test_a_class_group_is_one_however_it_is_typed(session: Session, cast: Cast) -> None:
    school, actor = cast.school.id, cast.observer
    groups = {
        class_group_for(session, school, name, 2026, actor=actor).id
        for name in ("1° B", "1º b", " 1°  B", "1B")
    }
    assert groups == {cast.class_group.id}
    other = class_group_for(session, school, "1º C", 2026, actor=actor)
    assert other.name == "1° C"
    later = class_group_for(session, school, "1° B", 2027, actor=actor)
    assert later.id != cast.class_group.id
    assert session.scalar(sa.select(sa.func.count(ClassGroup.id))) == 3


def test_class_groups_belong_to_ones_own_schools(session: Session, cast: Cast) -> None:
    for actor, error in (
        (cast.outsider_observer, NotFoundError),
        (cast.network_lead, NotAllowedError),
        (cast.educator, NotFoundError),
    ):
        with pytest.raises(error):
            class_group_for(session, cast.school.id, "2° A", 2026, actor=actor)
    for name in ("", " ", "x" * 41, "\u200b"):
        with pytest.raises(BadInputError):
            class_group_for(session, cast.school.id, name, 2026, actor=cast.observer)


def test_people_are_found_by_id_email_and_reference_and_only_in_sight(
    session: Session, cast: Cast
) -> None:
    educator = cast.educator.user_id
    names = (str(educator), "educator-berta-obrien", "Educator-Berta-OBrien@escuela.test")
    for name in names:
        assert user_for(session, name, actor=cast.observer).id == educator
        for outsider in cast.outsiders:
            with pytest.raises(NotFoundError):
                user_for(session, name, actor=outsider)
    with pytest.raises(NotFoundError):
        user_for(session, "nadie", actor=cast.administrator)
