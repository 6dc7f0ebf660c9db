"""The UTP head's pages: her school's records, one of them, comments, and the table."""

from __future__ import annotations

import io
from pathlib import Path
from uuid import UUID

import pandas as pd
import pytest
from flask.testing import FlaskClient

from observe.coding.models import Observation
from observe.coding.operations import latest_document
from observe.db import Database
from observe.feedback.models import Feedback
from observe.profile import profile_of
from observe.rubric.operations import rubric_of
from observe.settings import Settings
from observe.video.store import Store
from observe.web.words import number
from tests.factories import Cast
from tests.feedback_cases import published
from tests.web.conftest import ClientFor


@pytest.fixture
def observation_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    """A record whose feedback is published."""
    feedback_id = published(database, home, store, cast, small_video)
    with database.read() as session:
        return session.get_one(Feedback, feedback_id).observation_id


@pytest.fixture
def head(client_for: ClientFor, cast: Cast) -> FlaskClient:
    """The UTP head's browser."""
    return client_for(cast.utp_head)


def test_an_empty_list_says_what_comes(head: FlaskClient) -> None:
    assert "Todavía no hay registros" in head.get("/registros").text


def test_the_list_tells_of_each_record(head: FlaskClient, observation_id: UUID) -> None:
    page = head.get("/registros").text
    for said in ("Berta O&#39;Brien", "1° B", "12 may 2026", "Ana Peñailillo", "Publicada"):
        assert said in page
    assert f"/registros/{observation_id}" in page
    none = head.get("/registros?estado=draft&desde=algo").text
    assert f"/registros/{observation_id}" not in none
    assert "Ningún registro calza con estos filtros." in none


def test_the_record_has_its_numbers_words_and_no_film(
    head: FlaskClient, observation_id: UUID, database: Database, app: object
) -> None:
    page = head.get(f"/registros/{observation_id}").text
    assert "<video" not in page
    assert "El video queda con su asesora" in page
    assert "Escuchas la respuesta completa." in page
    assert "=Una niña explica cómo lo sabe (1)." in page
    with database.read() as session:
        found = session.get_one(Observation, observation_id)
        profile = profile_of(latest_document(session, found), rubric_of(found.rubric_version))
    for result in profile.dimensions:
        assert result.mean is not None
        assert f"<strong>{number(result.mean, 2)}</strong>" in page


def test_she_comments(head: FlaskClient, observation_id: UUID) -> None:
    head.get(f"/registros/{observation_id}")
    address = f"/registros/{observation_id}/comentarios"
    assert head.post(address, data={"text": " "}).status_code == 400
    assert head.post(address, data={"text": "<b>¿Y el grupo?</b>"}).status_code == 302
    assert "&lt;b&gt;¿Y el grupo?&lt;/b&gt;" in head.get(f"/registros/{observation_id}").text


def test_the_table_opens_in_excel_and_pandas(head: FlaskClient, observation_id: UUID) -> None:
    answer = head.get("/registros.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["Content-Disposition"]
    table = pd.read_csv(io.BytesIO(answer.data))
    assert set(table["observation"]) == {str(observation_id)}
    assert head.get("/registros.csv?estado=draft").text.count("\n") == 1


def test_everyone_else_finds_nothing(
    client_for: ClientFor, observation_id: UUID, cast: Cast
) -> None:
    for actor in (*cast.outsiders, cast.educator, cast.second_educator, cast.administrator):
        client = client_for(actor)
        assert client.get(f"/registros/{observation_id}").status_code == 404
        sent = client.post(f"/registros/{observation_id}/comentarios", data={"text": "x"})
        assert sent.status_code == 404
        assert str(observation_id) not in client.get("/registros").text
        assert str(observation_id) not in client.get("/registros.csv").text
