"""The pages of the rubrics: read by all, discussed by the network, decided by the territory."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from observe.db import Database
from observe.people.access import Actor
from observe.people.models import School
from observe.rubric import proposals
from observe.rubric.files import rubric_of_workbook
from observe.rubric.loader import read_rubric
from observe.rubric.models import RubricProposal, RubricVersion, Stage
from observe.rubric.operations import load, rubric_of, version_for
from observe.rubric.schema import content_hash
from observe.rubric.versions import pilots, stage_of
from tests.factories import Cast
from tests.unit.test_rubric_loader import GOOD
from tests.web.conftest import ClientFor


@pytest.fixture
def version_id(database: Database) -> UUID:
    with database.write() as session:
        return load(session, GOOD, "p.yaml", actor=None).id


@pytest.fixture
def lead(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.network_lead)


def proposed(database: Database, version_id: UUID, actor: Actor) -> UUID:
    with database.write() as session:
        made = proposals.propose(
            session, version_id, "preguntas", "¿Y las <b>retóricas</b>?", actor=actor
        )
        return made.id


@pytest.mark.parametrize(
    "name",
    [
        "aprendizaje-profundo",
        "interacciones-aula-basica",
        "interacciones-aula-media",
        "teach-primaria",
    ],
)
def test_whoever_is_signed_in_reads_the_whole_pauta(
    client_for: ClientFor, database: Database, cast: Cast, name: str
) -> None:
    with database.read() as session:
        row = version_for(session, name)
    client = client_for(cast.educator)
    assert rubric_of(row).title.es in client.get("/pautas").text
    page = client.get(f"/pautas/{row.id}").text
    plain = page.replace("&#39;", "'").replace("&#34;", '"')
    for each in rubric_of(row).rows():
        assert each.of.title.es in plain
    for dimension in rubric_of(row).dimensions:
        assert dimension.descriptors
        assert dimension.descriptors.mid.es in plain
    for disclaimer in rubric_of(row).disclaimers:
        assert disclaimer.es in plain
    assert "Comentar o proponer" not in page, "an educator is not asked to write the pauta"
    assert "Retirarla" not in page


def test_a_proposal_goes_from_a_utp_head_to_the_decision(
    client_for: ClientFor, database: Database, cast: Cast, version_id: UUID, lead: FlaskClient
) -> None:
    head = client_for(cast.utp_head)
    address = f"/pautas/{version_id}"
    given = {"dimension": "preguntas", "text": "No dice cuántas.", "part": "mid", "wording": " "}
    answer = head.post(f"{address}/propuestas", data=given)
    assert answer.status_code == 400
    assert "Elige la parte y escribe su nuevo texto" in answer.text
    assert "No dice cuántas." in answer.text, "what was typed is there"
    answer = head.post(f"{address}/propuestas", data=given | {"wording": "De dos a cuatro"})
    assert answer.headers["Location"].endswith("#preguntas")
    with database.read() as session:
        (made,) = proposals.of_version(session, version_id, actor=cast.observer)
    assert "Propuestas abiertas: 1" in head.get("/pautas").text
    page = head.get(address).text
    assert "De dos a cuatro" in page
    assert "No acoger" not in page
    head.post(f"/pautas/propuestas/{made.id}/respuestas", data={"text": "Y con quiénes."})
    decision = f"/pautas/propuestas/{made.id}/decision"
    assert head.post(decision, data={"decision": "accept"}).status_code == 404
    refused = lead.post(decision, data={"decision": "decline", "reason": ""})
    assert (refused.status_code, "Di por qué" in refused.text) == (400, True)
    assert lead.post(decision, data={"decision": "accept"}).status_code == 302
    page = head.get(address).text
    assert "Y con quiénes." in page
    assert "Acogida" in page
    assert f"de: {cast.utp_head.name}" in page.replace("&#39;", "'")


def test_what_is_proposed_is_text_and_never_markup(
    client_for: ClientFor, database: Database, cast: Cast, version_id: UUID
) -> None:
    proposed(database, version_id, cast.observer)
    page = client_for(cast.observer).get(f"/pautas/{version_id}").text
    assert "¿Y las &lt;b&gt;retóricas&lt;/b&gt;?" in page


def test_the_territory_tries_publishes_and_retires(
    database: Database, cast: Cast, version_id: UUID, lead: FlaskClient
) -> None:
    address = f"/pautas/{version_id}/uso"
    days = {"starts_on": "2026-05-01", "ends_on": "2026-04-01"}
    trial = {"step": "pilot", "schools": str(cast.school.id), **days}
    answer = lead.post(address, data=trial)
    assert (answer.status_code, "El último día es anterior" in answer.text) == (400, True)
    assert lead.post(address, data=trial | {"ends_on": "mayo"}).status_code == 400
    assert lead.post(address, data=trial | {"ends_on": ""}).status_code == 302
    assert "En pilotaje" in lead.get(f"/pautas/{version_id}").text
    with database.read() as session:
        assert [each.school_id for each in pilots(session, version_id)] == [cast.school.id]
    for step, stage in (("publish", Stage.PUBLISHED), ("retire", Stage.RETIRED)):
        assert lead.post(address, data={"step": step}).status_code == 302
        with database.read() as session:
            assert stage_of(session, version_id) is stage
    assert lead.post(address, data={"step": "retire"}).status_code == 409
    assert lead.post(address, data={"step": "burn"}).status_code == 404


def test_what_is_retired_is_not_offered_for_a_lesson(
    client_for: ClientFor, database: Database, cast: Cast, version_id: UUID, lead: FlaskClient
) -> None:
    observer = client_for(cast.observer)
    assert str(version_id) in observer.get("/en-vivo").text
    lead.post(f"/pautas/{version_id}/uso", data={"step": "retire"})
    assert str(version_id) not in observer.get("/en-vivo").text
    with database.read() as session:
        assert session.get_one(RubricVersion, version_id).rubric_id == "prueba"


def test_an_educator_cannot_find_out_what_is_proposed(
    client_for: ClientFor, database: Database, cast: Cast, version_id: UUID
) -> None:
    proposal_id = proposed(database, version_id, cast.observer)
    educator = client_for(cast.educator)
    assert "retóricas" not in educator.get(f"/pautas/{version_id}").text
    answer = educator.post(f"/pautas/propuestas/{proposal_id}/respuestas", data={"text": "x"})
    assert answer.status_code == 404
    with database.read() as session:
        assert session.get_one(RubricProposal, proposal_id).replies == []


def test_two_versions_are_compared_and_a_person_says_what_is_comparable(
    client_for: ClientFor, database: Database, cast: Cast, version_id: UUID, lead: FlaskClient
) -> None:
    text = GOOD.replace('version: "1.0"', 'version: "1.1"').replace("A ratos", "De dos a cuatro", 1)
    with database.write() as session:
        newer = load(session, text, "p.yaml", actor=None).id
        elsewhere = version_for(session, "teach-primaria").id
    address = f"/pautas/{version_id}/comparar/{newer}"
    page = client_for(cast.educator).get(address).text
    assert "De la versión 1.0 a la 1.1" in page
    assert "<del>A ratos</del>" in page
    assert "<ins>De dos a cuatro</ins>" in page
    assert "Nadie ha dicho nada todavía" in page
    assert f"/pautas/{version_id}/comparar/{newer}" in lead.get(f"/pautas/{newer}").text
    said = {"one": "preguntas", "other": "preguntas", "comparable": "yes", "reason": ""}
    refused = lead.post(address, data=said)
    assert (refused.status_code, "Di por qué" in refused.text) == (400, True)
    assert lead.post(address, data=said | {"reason": "Lo mismo, más claro."}).status_code == 302
    assert "Lo mismo, más claro." in client_for(cast.educator).get(address).text
    for wrong in (version_id, elsewhere):
        assert lead.get(f"/pautas/{version_id}/comparar/{wrong}").status_code == 404


def test_a_pauta_is_printed_typed_in_and_taken_elsewhere(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    with database.read() as session:
        row = version_for(session, "teach-primaria")
    client = client_for(cast.educator)
    page = client.get(f"/pautas/{row.id}").text
    for name in ("pauta.pdf", "planilla.csv", "pauta.yaml", "pauta.xlsx"):
        assert f"/pautas/{row.id}/{name}" in page
    printed = client.get(f"/pautas/{row.id}/pauta.pdf")
    assert (printed.mimetype, printed.data[:5]) == ("application/pdf", b"%PDF-")
    assert "teach-primaria-1.0.pdf" in printed.headers["Content-Disposition"]
    assert "1a · Trata con respeto" in client.get(f"/pautas/{row.id}/planilla.csv").text
    again = read_rubric(client.get(f"/pautas/{row.id}/pauta.yaml").text, "pauta.yaml")
    assert content_hash(again) == row.content_hash
    workbook = client.get(f"/pautas/{row.id}/pauta.xlsx")
    assert "teach-primaria-1.0.xlsx" in workbook.headers["Content-Disposition"]
    assert content_hash(rubric_of_workbook(workbook.data, "pauta.xlsx")) == row.content_hash


def test_only_schools_with_people_are_offered_for_a_trial(
    database: Database, cast: Cast, version_id: UUID, lead: FlaskClient
) -> None:
    """The Ministry's directory has sixteen thousand."""
    with database.write() as session:
        session.add(School(rbd="9999-9", name="Escuela Sin Nadie", commune="Arica"))
    page = lead.get(f"/pautas/{version_id}").text
    assert cast.school.name in page
    assert "Escuela Sin Nadie" not in page


def test_where_a_version_is_tried_is_told_to_those_who_may_know_the_school(
    client_for: ClientFor, cast: Cast, version_id: UUID, lead: FlaskClient
) -> None:
    trial = {"step": "pilot", "schools": str(cast.school.id), "starts_on": "2026-05-01"}
    assert lead.post(f"/pautas/{version_id}/uso", data=trial).status_code == 302
    assert cast.school.name in client_for(cast.observer).get(f"/pautas/{version_id}").text
    for actor in (*cast.outsiders, cast.educator):
        page = client_for(actor).get(f"/pautas/{version_id}").text
        assert "En pilotaje" in page
        assert cast.school.name not in page.split("<main")[1]


def test_what_was_said_of_a_proposal_comes_back_in_its_own_place(
    database: Database, cast: Cast, version_id: UUID, lead: FlaskClient
) -> None:
    proposal_id = proposed(database, version_id, cast.observer)
    address = f"/pautas/propuestas/{proposal_id}"
    answer = lead.post(f"{address}/respuestas", data={"text": "x" * 4_001})
    assert answer.status_code == 400
    assert f'id="reply-{proposal_id}"' in answer.text
    place = answer.text.split(f'id="reply-{proposal_id}"')[1].split(">")[0]
    assert "x" * 4_001 in place
    with database.write() as session:
        proposals.decide(session, proposal_id, accepted=True, reason="", actor=cast.administrator)
    late = {"decision": "decline", "reason": "Ya lo dice la descripción."}
    answer = lead.post(f"{address}/decision", data=late)
    assert answer.status_code == 409
    assert "Ya lo dice la descripción." in answer.text


@pytest.mark.parametrize("name", ["interacciones-aula-basica", "interacciones-aula-media"])
def test_its_page_says_what_it_is_and_is_not(
    client_for: ClientFor, database: Database, cast: Cast, name: str
) -> None:
    with database.read() as session:
        row = version_for(session, name)
    page = client_for(cast.observer).get(f"/pautas/{row.id}").text
    assert '<a href="#origin">Qué es y qué no es</a>' in page
    origin = " ".join(page.split('id="origin"')[1].split())
    for said in (
        "Texto propio.",
        "no es un instrumento comercial ni una traducción de uno",
        "sus puntajes no se comparan con los de otro instrumento ni dan certificación alguna",
    ):
        assert said in origin
