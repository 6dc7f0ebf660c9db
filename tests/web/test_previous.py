"""The card of the previous priority through the pages: answered while coding or at its end."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from observe.coding.models import Observation
from observe.coding.operations import start
from observe.db import Database
from observe.feedback import followup
from observe.feedback.models import Feedback, FollowUp, Outcome
from observe.rubric.models import RubricVersion
from tests import factories
from tests.feedback_cases import given, submitted
from tests.web.conftest import ClientFor
from tests.web.test_coding import code_all

STEP = "Pregunta <b>¿por qué?</b>"
JSON = {"Accept": "application/json"}


@pytest.fixture
def earlier(database: Database, cast: factories.Cast) -> Feedback:
    with database.write() as session:
        return given(session, cast, factories.TODAY - timedelta(days=30), STEP)


@pytest.fixture
def draft(
    database: Database, cast: factories.Cast, rubric_version: RubricVersion, earlier: Feedback
) -> Observation:
    with database.write() as session:
        lesson = factories.recording(session, cast)
        return start(session, lesson.id, rubric_version.id, actor=cast.observer)


@pytest.fixture
def observer(client_for: ClientFor, cast: factories.Cast) -> FlaskClient:
    return client_for(cast.observer)


def kept(database: Database) -> list[tuple[Outcome, str]]:
    with database.read() as session:
        return [(row.outcome, row.note) for row in session.scalars(sa.select(FollowUp))]


def mark(page: str) -> str:
    found = re.search(r'name="seen"\s+value="([^"]*)"', page)
    assert found
    return found.group(1)


def test_the_card_asks_and_a_script_keeps_the_answer_at_once(
    observer: FlaskClient, draft: Observation, database: Database
) -> None:
    page = observer.get(f"/observaciones/{draft.id}").text
    for said in ("¿Qué pasó con ella?", "Avanzó", "Todavía no", "Cambiamos el foco"):
        assert said in page
    address = f"/observaciones/{draft.id}/prioridad-anterior"
    form = {"outcome": "moved", "note": "Esperó.", "seen": mark(page)}
    told = observer.post(address, data=form, headers=JSON).get_json()
    assert (told["outcome"], told["note"], told["word"]) == ("moved", "Esperó.", "Avanzó")
    assert observer.get(address).get_json() == told
    late = observer.post(address, data=form | {"outcome": "not_yet"}, headers=JSON)
    assert late.status_code == 409
    assert late.get_json()["now"] == told
    assert "otra ventana" in late.get_json()["error"]
    assert kept(database) == [(Outcome.MOVED, "Esperó.")]
    again = observer.get(f"/observaciones/{draft.id}").text
    assert "· Avanzó" in again
    assert re.search(r'value="moved"\s+checked', again)


def test_finishing_asks_first_and_without_a_script_too(
    observer: FlaskClient, draft: Observation, database: Database, rubric_version: RubricVersion
) -> None:
    code_all(observer, draft, rubric_version)
    finish = f"/observaciones/{draft.id}/terminar"
    page = observer.get(finish).text
    assert "Antes: ¿qué pasó con su prioridad anterior?" in page
    assert "Todo está codificado" not in page
    refused = observer.post(finish, data={"version": "1"})
    assert refused.status_code == 400
    long = {"outcome": "moved", "note": "x" * 501, "seen": ""}
    wrong = observer.post(f"/observaciones/{draft.id}/prioridad-anterior", data=long)
    assert wrong.status_code == 400
    assert "x" * 501 in wrong.text
    assert "Usa como máximo 500 caracteres." in wrong.text
    done = observer.post(
        f"/observaciones/{draft.id}/prioridad-anterior", data=long | {"note": "Poco a poco."}
    )
    assert done.location == finish
    page = observer.get(finish).text
    assert "Antes:" not in page
    assert observer.post(finish, data={"version": "1"}).location.endswith("/perfil")
    assert kept(database) == [(Outcome.MOVED, "Poco a poco.")]


def test_the_records_of_both_lessons_tell_it(
    client_for: ClientFor, cast: factories.Cast, database: Database, earlier: Feedback
) -> None:
    with database.write() as session:
        later = factories.recording(session, cast)
        next_one = submitted(session, cast, later)
        assert followup.said_in(session, next_one) is not None
    head = client_for(cast.utp_head)
    said = head.get(f"/registros/{next_one.id}").text
    assert "Sobre la prioridad anterior" in said
    assert "Todavía no" in said
    became = head.get(f"/registros/{earlier.observation_id}").text
    assert "En la clase siguiente, del 12 may 2026" in became
    assert "Sobre la prioridad anterior" not in became


def test_a_lesson_without_an_earlier_priority_has_no_card_to_answer(
    observer: FlaskClient, database: Database, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    with database.write() as session:
        lesson = factories.recording(session, cast)
        draft_id: UUID = start(session, lesson.id, rubric_version.id, actor=cast.observer).id
    address = f"/observaciones/{draft_id}/prioridad-anterior"
    assert observer.get(address, headers=JSON).status_code == 404
    refused = observer.post(address, data={"outcome": "moved", "note": ""})
    assert refused.status_code == 409
    assert "No hay una prioridad anterior publicada" in refused.text
