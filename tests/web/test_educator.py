"""The educator's page: two moments, one next step, her answer; no number, and nothing withdrawn."""

from __future__ import annotations

import io
from pathlib import Path
from uuid import UUID

import pypdf
import pytest
from flask.testing import FlaskClient

from observe.db import Database
from observe.feedback import answers
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback
from observe.records import operations as records
from observe.settings import Settings
from observe.video.store import Store
from tests.factories import Cast
from tests.feedback_cases import published
from tests.web.conftest import ClientFor


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    """Feedback published for the educator."""
    return published(database, home, store, cast, small_video)


@pytest.fixture
def educator(client_for: ClientFor, cast: Cast) -> FlaskClient:
    """The educator's browser."""
    return client_for(cast.educator)


def test_an_empty_list_asks_nothing_of_her(educator: FlaskClient) -> None:
    page = educator.get("/mi-retroalimentacion")
    assert page.status_code == 200
    assert "Todavía no hay nada aquí" in page.text


def test_she_sees_two_moments_and_one_next_step(educator: FlaskClient, feedback_id: UUID) -> None:
    listed = educator.get("/mi-retroalimentacion")
    assert f"/mi-retroalimentacion/{feedback_id}" in listed.text
    page = educator.get(f"/mi-retroalimentacion/{feedback_id}").text
    assert page.count("<video") == page.count('preload="none"') == 2
    assert "Berta, esto es para ti" in page
    assert "Escuchas la respuesta completa." in page
    assert "Pregunta «¿por qué?»." in page
    assert "10 de junio de 2026" in page
    for score in ("±", "3,00", "2,50", "puntaje", "debilidad"):
        assert score not in page


def test_her_clips_play_in_parts(educator: FlaskClient, feedback_id: UUID) -> None:
    address = f"/retroalimentaciones/{feedback_id}/fortaleza.mp4"
    part = educator.get(address, headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.data)) == (206, 100)


def test_withdrawn_is_gone_at_once_with_its_clips(
    educator: FlaskClient, feedback_id: UUID, database: Database, cast: Cast
) -> None:
    addresses = [
        f"/mi-retroalimentacion/{feedback_id}",
        f"/mi-retroalimentacion/{feedback_id}/hoja.pdf",
        f"/mi-retroalimentacion/{feedback_id}/mi-mirada",
        f"/retroalimentaciones/{feedback_id}/para-llevar",
    ]
    addresses += [
        f"/retroalimentaciones/{feedback_id}/{name}"
        for name in ("fortaleza.mp4", "prioridad.mp4", "fortaleza.jpg", "prioridad.jpg")
    ]
    for address in addresses:
        assert educator.get(address).status_code == 200
    with database.write() as session:
        feedbacks.withdraw(session, feedback_id, "Otro niño", actor=cast.observer)
    for address in addresses:
        assert educator.get(address).status_code == 404, address
    assert str(feedback_id) not in educator.get("/mi-retroalimentacion").text
    answer = educator.post(f"/mi-retroalimentacion/{feedback_id}/respuesta", data={"text": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["fortaleza.mp4", "prioridad.jpg"])
def test_a_browser_asks_again_before_it_shows_a_clip_that_it_kept(
    educator: FlaskClient, feedback_id: UUID, database: Database, cast: Cast, name: str
) -> None:
    address = f"/retroalimentaciones/{feedback_id}/{name}"
    kept = educator.get(address)
    assert kept.headers["Cache-Control"] == "private, no-cache"
    asked = {"If-None-Match": kept.headers["ETag"]}
    assert educator.get(address, headers=asked).status_code == 304
    with database.write() as session:
        feedbacks.withdraw(session, feedback_id, "Otro niño", actor=cast.observer)
    assert educator.get(address, headers=asked).status_code == 404


def test_her_answer_saves_itself_and_is_sent(
    educator: FlaskClient, client_for: ClientFor, feedback_id: UUID, cast: Cast, database: Database
) -> None:
    address = f"/mi-retroalimentacion/{feedback_id}"
    educator.get(address)
    saved = educator.post(
        f"{address}/respuesta", data={"text": "Voy a"}, headers={"Accept": "application/json"}
    )
    assert saved.get_json()["saved"]
    assert "Voy a</textarea>" in educator.get(address).text
    refused = educator.post(f"{address}/respuesta", data={"text": " ", "do": "send"})
    assert (refused.status_code, "Escribe o marca algo antes de enviarlo." in refused.text) == (
        400,
        True,
    )
    too_long = "x" * (answers.TEXT_MAX + 1)
    refused = educator.post(f"{address}/respuesta", data={"text": too_long, "do": "send"})
    assert too_long in refused.text  # what she typed comes back
    with database.read() as session:
        observation_id = session.get_one(Feedback, feedback_id).observation_id
    observer = client_for(cast.observer)
    composer = f"/observaciones/{observation_id}/retroalimentacion"
    assert "Voy a" not in observer.get(composer).text
    educator.post(f"{address}/respuesta", data={"text": "Voy a probar.", "do": "send"})
    assert "Voy a probar." in educator.get(address).text
    assert "Voy a probar." in observer.get(composer).text


def test_she_sees_who_opened_the_record(
    educator: FlaskClient, feedback_id: UUID, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        observation_id = session.get_one(Feedback, feedback_id).observation_id
        records.record_for(session, observation_id, actor=cast.utp_head)
    page = educator.get(f"/mi-retroalimentacion/{feedback_id}").text
    assert "Dora Müller" in page
    assert "Tú" in page


def _opened_by(educator: FlaskClient, feedback_id: UUID) -> str:
    return educator.get(f"/mi-retroalimentacion/{feedback_id}").text.partition('class="opened"')[2]


def test_what_her_observer_takes_away_is_shown_to_her(
    educator: FlaskClient, client_for: ClientFor, feedback_id: UUID, cast: Cast
) -> None:
    observer = client_for(cast.observer)
    assert "Ana Peñailillo" not in _opened_by(educator, feedback_id)
    assert observer.get(f"/retroalimentaciones/{feedback_id}/hoja.pdf").status_code == 200
    assert "Ana Peñailillo" in _opened_by(educator, feedback_id)


def test_her_pdf_says_what_her_page_says(educator: FlaskClient, feedback_id: UUID) -> None:
    answer = educator.get(f"/mi-retroalimentacion/{feedback_id}/hoja.pdf")
    assert answer.mimetype == "application/pdf"
    text = pypdf.PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()
    for said in ("Escuchas la respuesta completa.", "Pregunta «¿por qué?».", "10 de junio de 2026"):
        assert said in text


def test_everyone_else_finds_nothing(client_for: ClientFor, feedback_id: UUID, cast: Cast) -> None:
    for actor in (*cast.outsiders, cast.second_educator, cast.utp_head, cast.administrator):
        client = client_for(actor)
        for tail in ("", "/hoja.pdf"):
            assert client.get(f"/mi-retroalimentacion/{feedback_id}{tail}").status_code == 404
        sent = client.post(f"/mi-retroalimentacion/{feedback_id}/respuesta", data={"text": "x"})
        assert sent.status_code == 404
