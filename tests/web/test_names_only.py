"""A rubric of names alone on the pages: written by who holds the licence, read, printed, coded."""

from __future__ import annotations

import io
from html import unescape
from uuid import UUID

import pypdf
import pytest
from flask.testing import FlaskClient

from observe.coding.operations import start
from observe.db import Database
from observe.rubric.loader import read_rubric
from observe.rubric.operations import load, rubric_of, version_for
from tests import factories
from tests.factories import Cast
from tests.rubrics import NAMES_ALONE
from tests.web.conftest import ClientFor
from tests.web.test_rubric_drafts import typed

ELSEWHERE = "Las palabras están en el manual que tiene quien posee la licencia"
SOURCE = read_rubric(NAMES_ALONE, "1.0.yaml").source.es


@pytest.fixture
def lead(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.network_lead)


@pytest.fixture
def version_id(database: Database) -> UUID:
    with database.write() as session:
        return load(session, NAMES_ALONE, "1.0.yaml", actor=None).id


def plain(page: str) -> str:
    return " ".join(unescape(page).split())


def test_who_holds_the_licence_writes_it_without_a_file_and_without_words(
    lead: FlaskClient, database: Database
) -> None:
    begun = lead.post("/pautas/borradores", data={"how": "empty", "title": "Instrumento ajeno"})
    address = begun.headers["Location"]
    page = plain(lead.get(address).text)
    assert "Palabras de las dimensiones" in page
    assert "pueden quedar vacíos" not in page
    words = {
        "names_only": "true",
        "summary.es": "Por su nombre.",
        "domains._1.title.es": "Primer dominio",
        "dimensions._2.title.es": "Dimensión uno",
    }
    refused = lead.post(address, data=typed(lead, address, "publish", **words))
    assert refused.status_code == 400
    page = plain(refused.text)
    assert "Cosas por arreglar: 2" in page
    assert "debe decir en qué manual están las palabras y de quién es" in page
    assert "permite copiar las palabras" in page
    assert "Descripción y rangos, con palabras propias (pueden quedar vacíos)" in page
    words = {"source.es": "Manual ajeno, con licencia del servicio.", "licence": "Reservada"}
    done = lead.post(address, data=typed(lead, address, "publish", **words))
    assert done.status_code == 302
    with database.read() as session:
        made = rubric_of(version_for(session, "instrumento-ajeno"))
    (dimension,) = made.dimensions
    assert (made.names_only, dimension.title.es) == (True, "Dimensión uno")
    assert (dimension.description, dimension.descriptors) == (None, None)
    assert ELSEWHERE in plain(lead.get(done.headers["Location"]).text)


def test_a_draft_of_it_compares_with_the_version_and_goes_out_as_a_file(
    lead: FlaskClient, version_id: UUID
) -> None:
    begun = lead.post("/pautas/borradores", data={"how": "version", "version": str(version_id)})
    address = begun.headers["Location"]
    assert "se puede probar o publicar" in lead.get(address).text
    lead.post(address, data=typed(lead, address, names_only="false"))
    assert "ahora escritas aquí" in plain(lead.get(f"{address}/comparar").text)
    lead.post(address, data=typed(lead, address, names_only="true"))
    sent = lead.get(f"{address}/pauta.yaml").text
    assert read_rubric(sent, "p.yaml").names_only


def test_its_page_says_once_where_the_words_are(
    client_for: ClientFor, cast: Cast, version_id: UUID
) -> None:
    page = plain(client_for(cast.educator).get(f"/pautas/{version_id}").text)
    assert page.count(ELSEWHERE) == 1
    assert SOURCE in page
    for name in ("uno", "dos", "tres"):
        assert f"Dimensión {name}" in page
    assert "Indicadores, ejemplos y frases" not in page, "an empty box helps nobody"


def test_it_is_printed_and_its_table_is_given_out(
    client_for: ClientFor, cast: Cast, version_id: UUID
) -> None:
    client = client_for(cast.observer)
    printed = client.get(f"/pautas/{version_id}/pauta.pdf")
    assert printed.status_code == 200
    text = pypdf.PdfReader(io.BytesIO(printed.data)).pages[-1].extract_text()
    assert ELSEWHERE.replace(" ", "") in "".join(text.split())


def test_beside_the_video_each_row_says_where_its_words_are(
    client_for: ClientFor, database: Database, cast: Cast, version_id: UUID
) -> None:
    with database.write() as session:
        lesson = factories.recording(session, cast)
        draft = start(session, lesson.id, version_id, actor=cast.observer)
    page = plain(client_for(cast.observer).get(f"/observaciones/{draft.id}").text)
    assert page.count(ELSEWHERE) == 3
    assert page.count(SOURCE) == 3
