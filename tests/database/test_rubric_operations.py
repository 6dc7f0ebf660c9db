"""Loading rubrics: kept once, never changed, found by name, and only by who may."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from observe.people.models import AuditEntry
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load, load_shipped, rubric_of, version_for, versions
from observe.rubric.schema import content_hash
from tests.factories import Cast
from tests.unit.test_rubric_loader import GOOD


def numbered(version: str) -> str:
    return GOOD.replace('version: "1.0"', f'version: "{version}"')


def count(session: Session, model: type[RubricVersion | AuditEntry]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_a_rubric_is_kept_whole_with_its_hash(session: Session) -> None:
    row = load(session, GOOD, "p.yaml", actor=None)
    assert rubric_of(row).dimension("preguntas").code == "P1"
    assert row.content_hash == content_hash(rubric_of(row))


def test_it_comes_back_in_another_session(database: Database) -> None:
    with database.write() as session:
        kept = rubric_of(load(session, GOOD, "p.yaml", actor=None))
    with database.read() as session:
        assert rubric_of(version_for(session, "prueba")) == kept


def test_the_same_content_again_is_the_same_row_and_tells_nothing(session: Session) -> None:
    first = load(session, GOOD, "p.yaml", actor=None)
    entries = count(session, AuditEntry)
    again = load(session, "# other layout\n" + GOOD, "q.yaml", actor=None)
    assert again.id == first.id
    assert count(session, AuditEntry) == entries


def test_what_comes_with_the_program_is_loaded_once(session: Session) -> None:
    before = count(session, RubricVersion)
    loaded = load_shipped(session)
    assert {row.rubric_id for row in loaded} == {
        "aprendizaje-profundo",
        "interacciones-aula-basica",
        "interacciones-aula-media",
        "teach-primaria",
    }
    assert count(session, RubricVersion) == before


def test_a_version_never_changes(session: Session) -> None:
    first = load(session, GOOD, "p.yaml", actor=None)
    with pytest.raises(ConflictError, match="new version number"):
        load(session, GOOD.replace("es: Poco", "es: Casi nada"), "p.yaml", actor=None)
    assert version_for(session, "prueba").content_hash == first.content_hash


def test_old_versions_stay_as_they_were_after_ten_new_ones(session: Session) -> None:
    first = load(session, GOOD, "p.yaml", actor=None)
    before = (first.document, first.content_hash)
    for number in range(1, 11):
        load(session, numbered(f"1.{number}"), "p.yaml", actor=None)
    session.expire_all()
    old = version_for(session, "prueba@1.0")
    assert (old.document, old.content_hash) == before


def test_without_a_version_the_newest_by_number_is_meant(session: Session) -> None:
    for version in ("1.9", "1.10", "1.2"):
        load(session, numbered(version), "p.yaml", actor=None)
    assert version_for(session, "prueba").version == "1.10"
    assert version_for(session, "prueba@1.2").version == "1.2"
    named = version_for(session, str(version_for(session, "prueba@1.9").id))
    assert named.version == "1.9"
    listed = [row.version for row in versions(session) if row.rubric_id == "prueba"]
    assert listed == ["1.10", "1.9", "1.2"]


@pytest.mark.parametrize("name", ["nada", "prueba@9.9", str(UUID(int=7)), "", "@", "prueba@"])
def test_what_is_not_there_is_said_with_what_there_is(session: Session, name: str) -> None:
    with pytest.raises(NotFoundError, match="aprendizaje-profundo"):
        version_for(session, name)


def test_a_wrong_file_leaves_nothing(session: Session) -> None:
    before = count(session, RubricVersion)
    with pytest.raises(InvalidError):
        load(session, GOOD.replace("cycles: 3", "cycles: no"), "p.yaml", actor=None)
    assert count(session, RubricVersion) == before


def test_the_administrator_loads_and_the_trail_tells(session: Session, cast: Cast) -> None:
    row = load(session, GOOD, "p.yaml", actor=cast.administrator)
    entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert entry is not None
    assert (entry.action, entry.actor_id, entry.thing_id) == (
        "rubric.load",
        cast.administrator.user_id,
        row.id,
    )
    assert "Pauta" not in entry.details


@pytest.mark.parametrize(
    "role", ["observer", "educator", "utp_head", "network_lead", "outsider_observer"]
)
def test_nobody_else_loads(session: Session, cast: Cast, role: str) -> None:
    with pytest.raises(NotAllowedError):
        load(session, GOOD, "p.yaml", actor=getattr(cast, role))
