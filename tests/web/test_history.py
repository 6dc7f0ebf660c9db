"""The page of what was changed: plain sentences, filters, pages, and who may read it."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from observe.coding.models import Observation, Operation
from observe.coding.operations import apply, start
from observe.db import Database, now
from observe.ids import new_id
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from tests import factories
from tests.database.coding import change
from tests.feedback_cases import submitted
from tests.web.conftest import ClientFor

MINUTE = 60_000


@pytest.fixture
def cycles() -> list[UUID]:
    return [new_id(), new_id()]


@pytest.fixture
def draft(
    database: Database, cast: factories.Cast, rubric_version: RubricVersion, cycles: list[UUID]
) -> Observation:
    rows = rubric_of(rubric_version).dimensions
    plan = [
        {"cycle": str(key), "start_ms": number * MINUTE, "end_ms": (number + 1) * MINUTE}
        for number, key in enumerate(cycles)
    ]
    with database.write() as session:
        recording = factories.recording(session, cast)
        observation = start(session, recording.id, rubric_version.id, actor=cast.observer)
        apply(
            session,
            observation.id,
            [
                change("plan", cycles=plan),
                change("score.put", cycle=cycles[0], dimension=rows[0].id, value=2),
                change("score.put", cycle=cycles[1], dimension=rows[1].id, value=3),
                change("score.put", cycle=cycles[1], dimension=rows[1].id, value=4),
                change("note.put", note=new_id(), at_ms=5, text="<b>Se ríen"),
            ],
            window="w",
            base_version=0,
            actor=cast.observer,
        )
        return observation


@pytest.fixture
def observer(client_for: ClientFor, cast: factories.Cast) -> FlaskClient:
    return client_for(cast.observer)


def test_it_says_who_changed_what_when_the_newest_first(
    observer: FlaskClient, draft: Observation, rubric_version: RubricVersion
) -> None:
    page = observer.get(f"/observaciones/{draft.id}/historia")
    assert page.status_code == 200
    first, second, *_ = (row.title.es for row in rubric_of(rubric_version).dimensions)
    sentences = [
        "Nota nueva en 00:00:00, sin dimensión (·): «&lt;b&gt;Se ríen»",
        f"Ciclo 2, {second}: 3 → 4",
        f"Ciclo 2, {second}: sin puntaje → 3",
        f"Ciclo 1, {first}: sin puntaje → 2",
        "Ciclos planificados: 2",
    ]
    places = [page.text.index(sentence) for sentence in sentences]
    assert places == sorted(places)
    assert page.text.count("Ana Peñailillo") >= 5


def test_it_is_narrowed_by_cycle_and_dimension(
    observer: FlaskClient, draft: Observation, rubric_version: RubricVersion, cycles: list[UUID]
) -> None:
    first, second, *_ = rubric_of(rubric_version).dimensions
    at = f"/observaciones/{draft.id}/historia"
    one = observer.get(f"{at}?ciclo={cycles[0]}").text
    assert f"Ciclo 1, {first.title.es}" in one
    assert "Ciclo 2, " not in one
    of_second = observer.get(f"{at}?dimension={second.id}").text
    assert "3 → 4" in of_second
    assert f"Ciclo 1, {first.title.es}" not in of_second
    nothing = observer.get(f"{at}?ciclo={cycles[0]}&dimension={second.id}").text
    assert "Ahí no cambió nada" in nothing
    assert observer.get(f"{at}?ciclo=x&dimension=y&pagina=z").status_code == 200


def test_what_was_taken_back_is_marked(
    observer: FlaskClient, draft: Observation, rubric_version: RubricVersion, cycles: list[UUID]
) -> None:
    row = rubric_of(rubric_version).dimensions[0].id
    cell = {"cycle": str(cycles[0]), "dimension": row}
    step = str(new_id())
    for kind, role, payload in (
        ("score.clear", "undo", cell),
        ("score.put", "redo", cell | {"value": 2}),
    ):
        sent = {"id": str(new_id()), "kind": kind, "payload": payload, "step": step, "role": role}
        body = {"window": "w", "base_version": 9, "changes": [sent]}
        assert observer.post(f"/observaciones/{draft.id}/cambios", json=body).status_code == 200
    page = observer.get(f"/observaciones/{draft.id}/historia").text
    assert page.index("rehecho") < page.index("deshecho")


def test_ten_thousand_changes_come_in_pages(
    observer: FlaskClient, database: Database, draft: Observation, cycles: list[UUID]
) -> None:
    with database.write() as session:
        row = session.scalars(sa.select(Operation).where(Operation.kind == "score.put")).first()
        assert row is not None
        session.execute(
            sa.insert(Operation),
            [
                {
                    "id": new_id(),
                    "observation_id": draft.id,
                    "number": 10 + number,
                    "window": "w",
                    "at": now(),
                    "kind": row.kind,
                    "target": row.target,
                    "payload": row.payload | {"value": 1 + number % 2},
                    "before": {"value": 2 - number % 2, "mark": None},
                    "role": "do",
                }
                for number in range(10_000)
            ],
        )
    at = f"/observaciones/{draft.id}/historia"
    first = observer.get(at).text
    assert "Página 1 de 101" in first
    assert first.count("<li>") < 150
    last = observer.get(f"{at}?pagina=101").text
    assert "Ciclos planificados: 2" in last
    assert "Página 101 de 101" in observer.get(f"{at}?pagina=999").text


def test_only_its_observer_reads_it(
    client_for: ClientFor, cast: factories.Cast, draft: Observation
) -> None:
    for actor in (*cast.outsiders, cast.utp_head, cast.educator):
        at = f"/observaciones/{draft.id}/historia"
        assert client_for(actor).get(at).status_code == 404


def test_it_is_reached_from_the_screen_and_from_her_record(
    client_for: ClientFor,
    database: Database,
    cast: factories.Cast,
    observer: FlaskClient,
    draft: Observation,
) -> None:
    link = f"/observaciones/{draft.id}/historia"
    assert observer.get(f"/observaciones/{draft.id}").text.count(link) == 2
    with database.write() as session:
        done = submitted(session, cast, factories.recording(session, cast))
    link = f"/observaciones/{done.id}/historia"
    assert link in observer.get(f"/registros/{done.id}").text
    assert f"/registros/{done.id}" in observer.get(link).text
    assert link not in client_for(cast.utp_head).get(f"/registros/{done.id}").text


def test_nothing_yet_says_what_will_be_there(
    observer: FlaskClient, database: Database, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    with database.write() as session:
        lesson = factories.recording(session, cast)
        empty = start(session, lesson.id, rubric_version.id, actor=cast.observer)
    assert "Todavía no cambia nada" in observer.get(f"/observaciones/{empty.id}/historia").text
