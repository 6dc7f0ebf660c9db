"""The UTP head's pages: her school's records, one of them, comments, and the table."""

from __future__ import annotations

import io
import json
import re
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pandas as pd
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from observe import typeset
from observe.coding.changes import Change
from observe.coding.models import Observation
from observe.coding.operations import apply, latest_document, start
from observe.db import Database, now
from observe.feedback.models import Feedback
from observe.ids import new_id
from observe.people.models import AuditEntry
from observe.profile import profile_of
from observe.records.models import ListVisit
from observe.rubric.operations import rubric_of, version_for
from observe.settings import Settings
from observe.video.store import Store
from observe.web.guards import home_of
from observe.web.words import number
from tests.factories import Cast, recording
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


def test_the_table_opens_in_a_chilean_excel(head: FlaskClient, observation_id: UUID) -> None:
    answer = head.get("/registros.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["Content-Disposition"]
    table = pd.read_csv(io.BytesIO(answer.data), sep=";", decimal=",")
    assert set(table["observation"]) == {str(observation_id)}
    assert head.get("/registros.csv?estado=draft").text.count("\n") == 1


def test_page_pdf_and_table_tell_the_same_numbers(
    head: FlaskClient, observation_id: UUID, database: Database
) -> None:
    page = head.get(f"/registros/{observation_id}").text
    paper = head.get(f"/registros/{observation_id}/registro.pdf")
    text = "".join(each.extract_text() for each in PdfReader(io.BytesIO(paper.data)).pages)
    sent = head.get(f"/registros/{observation_id}/registro.csv").data
    table = pd.read_csv(io.BytesIO(sent), sep=";", decimal=",")
    with database.read() as session:
        found = session.get_one(Observation, observation_id)
        document, rubric = latest_document(session, found), rubric_of(found.rubric_version)
        profile = profile_of(document, rubric)
        titles = {each.id: each.title.es for each in rubric.dimensions}
    plain = " ".join(text.split())
    for result in profile.dimensions:
        assert result.mean is not None
        assert result.se is not None
        told = f"{number(result.mean, 2)} ± {number(result.se, 2)}"
        cells = " ".join(str(value) for value in result.values)
        scale = rubric.scale_of(rubric.dimension(result.dimension))
        row = f"{titles[result.dimension]} {scale.min}–{scale.max} {cells} {told}"
        assert row in plain
        assert f"<strong>{number(result.mean, 2)}</strong>" in page
        assert f"± {number(result.se, 2)}" in page
        rows = table[table["dimension"] == result.dimension]
        assert set(rows["dimension_mean"]) == {result.mean}
        assert set(rows["dimension_se"]) == {result.se}
        assert tuple(rows["score"]) == result.values
    for whole in profile.domains:
        assert whole.mean is not None
        assert number(whole.mean, 2) in plain
        assert f"<strong>{number(whole.mean, 2)}</strong>" in page
    assert "=Una niña explica cómo lo sabe (1)." in plain
    assert "Escuchas la respuesta completa." in plain
    with database.read() as session:
        ways = session.scalars(
            sa.select(AuditEntry.details).filter_by(thing_id=observation_id, action="record.opened")
        )
        assert [json.loads(each).get("way") for each in ways] == [None, "pdf", "csv"]


def finish(client: FlaskClient, database: Database, observation_id: UUID) -> TestResponse:
    """Finish an observation as it is now, as the page's form would."""
    with database.read() as session:
        version = session.get_one(Observation, observation_id).version
    return client.post(f"/observaciones/{observation_id}/terminar", data={"version": version})


def test_others_write_while_a_record_is_set(
    head: FlaskClient,
    observation_id: UUID,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def setting(template: Path, document: dict[str, object]) -> bytes:
        with database.write() as session:
            session.execute(sa.select(AuditEntry.number).limit(1))
        return b"%PDF"

    monkeypatch.setattr(typeset, "pdf", setting)
    assert head.get(f"/registros/{observation_id}/registro.pdf").data == b"%PDF"


def test_a_list_that_is_narrowed_reads_records_and_rubrics_once(
    head: FlaskClient, observation_id: UUID, app: Flask
) -> None:
    read: list[str] = []

    def told(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        read.append(statement)

    engine = home_of(app).database.engine
    sa.event.listen(engine, "before_cursor_execute", told)
    page = head.get("/registros?texto=1°").text
    sa.event.remove(engine, "before_cursor_execute", told)
    assert f"/registros/{observation_id}" in page
    assert len([each for each in read if "max(revision.number)" in each]) == 1
    (records,) = [each for each in read if "FROM observation JOIN recording" in each]
    assert "submitted_at" in records
    assert "document" not in records  # a rubric's whole text, beside each record


def test_what_is_submitted_is_in_the_list_within_a_second(
    head: FlaskClient, client_for: ClientFor, database: Database, cast: Cast
) -> None:
    head.get("/registros")
    with database.write() as session:
        lesson = recording(session, cast)
        version = version_for(session, "aprendizaje-profundo")
        observation = start(session, lesson.id, version.id, actor=cast.observer)
        cells = [{"dimension": each.id, "value": 2} for each in rubric_of(version).dimensions]
        cycle = {"cycle": str(new_id()), "start_ms": 0, "end_ms": 1_800_000, "scores": cells}
        plan = Change(new_id(), "plan", {"cycles": [cycle]})
        apply(session, observation.id, [plan], window="w", base_version=0, actor=cast.observer)
        found = observation.id
    address = f"/registros/{found}"
    assert address not in head.get("/registros").text
    observer = client_for(cast.observer)
    begun = time.monotonic()
    assert finish(observer, database, found).status_code == 302
    submitted_after = time.monotonic()
    assert address in head.get("/registros").text
    assert time.monotonic() - submitted_after < 1, (submitted_after - begun, time.monotonic())


def test_the_list_tells_what_others_did_since_she_came(
    head: FlaskClient, client_for: ClientFor, observation_id: UUID, database: Database, cast: Cast
) -> None:
    first = head.get("/registros").text
    assert "desde tu última visita" not in first
    with database.write() as session:
        visit = session.get_one(ListVisit, cast.utp_head.user_id)
        visit.since, visit.opened_at = None, now() - timedelta(days=1)
    for _twice in range(2):  # it stays marked while she works with the list
        page = head.get("/registros").text
        assert "1 con novedades desde tu última visita" in page
        assert "registro nuevo" in page
    since = re.search(r'href="(/registros\?novedades=[^"]+)"', page)
    assert since is not None
    assert f"/registros/{observation_id}" in head.get(since.group(1)).text
    client_for(cast.observer).post(f"/registros/{observation_id}/comentarios", data={"text": "Sí."})
    assert "comentario nuevo" in head.get("/registros").text
    none = head.get("/registros?novedades=2999-01-01T00:00:00%2B00:00").text
    assert f"/registros/{observation_id}" not in none


def test_she_names_a_view_and_removes_it(head: FlaskClient, observation_id: UUID) -> None:
    refused = head.post("/registros/vistas", data={"nombre": " ", "texto": "Berta"})
    assert refused.status_code == 400
    assert "Ponle un nombre a la vista." in refused.text
    assert 'name="texto" value="Berta"' in refused.text
    sent = {"nombre": "Mis <b>", "texto": "O'Brien", "pauta": ""}
    assert head.post("/registros/vistas", data=sent).status_code == 302
    page = head.get("/registros?texto=O'Brien").text
    assert "Mis &lt;b&gt;" in page
    assert 'aria-current="true"' in page
    found = re.search(r"/registros/vistas/[^/]+/quitar", page)
    assert found is not None
    head.post(found.group())
    assert "Mis &lt;b&gt;" not in head.get("/registros").text


def test_a_correction_is_asked_for_and_answered_on_the_record(
    head: FlaskClient, client_for: ClientFor, observation_id: UUID, cast: Cast, database: Database
) -> None:
    address = f"/registros/{observation_id}"
    head.get(address)
    assert head.post(f"{address}/correccion", data={"reason": " "}).status_code == 400
    assert (
        head.post(f"{address}/correccion", data={"reason": "El <b>ciclo</b>."}).status_code == 302
    )
    assert "Corrección pedida" in head.get("/registros?revision=asked").text
    observer = client_for(cast.observer)
    assert "Te pidieron una corrección" in observer.get("/seguimiento").text
    page = observer.get(address).text
    assert "El &lt;b&gt;ciclo&lt;/b&gt;." in page
    assert "Estoy de acuerdo" not in page
    answer = observer.post(f"{address}/correccion/abrir")
    assert answer.location.endswith(f"/observaciones/{observation_id}")
    assert observer.get(answer.location).status_code == 200
    assert "lo tiene abierto" in head.get(address).text
    assert "Cerrarlo sin cambios" in observer.get(address).text
    assert observer.post(f"{address}/correccion/dejar").status_code == 302
    assert "Corrección pedida" in head.get("/registros?revision=asked").text
    assert observer.post(f"{address}/correccion/dejar").status_code == 409
    observer.post(f"{address}/correccion/abrir")
    assert finish(observer, database, observation_id).status_code == 302
    page = head.get(address).text
    assert "respondió con la versión 2" in page
    assert 'name="known" value="2"' in page
    assert head.post(f"{address}/de-acuerdo", data={"known": "1"}).status_code == 302
    assert "Llegó la versión 2 después de que la abriste" in head.get(address).text
    assert "De acuerdo" not in head.get("/registros?revision=agreed").text.split("<table")[1:]
    assert head.post(f"{address}/de-acuerdo", data={"known": "2"}).status_code == 302
    assert "Dora Müller está de acuerdo" in head.get(address).text
    assert "De acuerdo" in head.get("/registros?revision=agreed").text


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
