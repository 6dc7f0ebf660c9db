"""The pages of requests, breaches and templates, and a person's own page about her data."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from observe.db import Database, today
from observe.feedback import erasure
from observe.jobs import Work
from observe.people import class_lists
from observe.people.models import AuditEntry, User
from observe.privacy import paperwork, personal_export
from observe.privacy.request_models import RightsRequest
from observe.records.personal import making
from observe.settings import Settings
from observe.video.store import Store
from tests.factories import Cast, recording
from tests.feedback_cases import filmed
from tests.web.conftest import ClientFor

NEW = "/privacidad/solicitudes/nueva"
TODAY = today()


@pytest.fixture
def administrator(client_for: ClientFor, cast: Cast) -> FlaskClient:
    """The administrator's browser."""
    return client_for(cast.administrator)


def form(cast: Cast, **changes: str) -> dict[str, str]:
    return {
        "kind": "access",
        "about": "person",
        "user_id": str(cast.educator.user_id),
        "received_on": TODAY.isoformat(),
        "channel": "letter",
        "words": "Quiero saber qué hay de mí.",
    } | changes


def registered(client: FlaskClient, cast: Cast, **changes: str) -> str:
    """Register a request as on the page; return its address."""
    answer = client.post(NEW, data=form(cast, **changes))
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def test_a_request_goes_its_way_on_the_pages(
    administrator: FlaskClient, client_for: ClientFor, cast: Cast
) -> None:
    assert "Nadie ha pedido nada" in administrator.get("/privacidad").text
    wrong = administrator.post(NEW, data=form(cast, user_id=""))
    assert wrong.status_code == 400
    assert "Elige a la persona." in wrong.text
    assert "Quiero saber qué hay de mí." in wrong.text, "nothing typed is lost"
    address = registered(administrator, cast, asks_block="1")
    page = administrator.get(address).text
    assert "Berta O&#39;Brien" in page
    assert "Bloquear hasta el" in page
    assert administrator.post(f"{address}/bloquear").status_code == 302
    assert "Bloqueado desde el" in administrator.get(address).text
    educator = client_for(cast.educator)
    assert "por ahora nadie ve tus videos" in educator.get("/mis-datos").text
    refused = administrator.post(f"{address}/responder", data={"state": "refused", "text": ""})
    assert (refused.status_code, "se le dice a la persona" in refused.text) == (400, True)
    told = {"state": "answered", "text": "Se entregó la copia.", "answered_on": TODAY.isoformat()}
    assert administrator.post(f"{address}/responder", data=told).status_code == 302
    assert "Sigue bloqueado" in administrator.get("/privacidad").text
    assert administrator.post(f"{address}/levantar").status_code == 302
    assert "Se entregó la copia." in educator.get("/mis-datos").text
    again = administrator.post(f"{address}/responder", data=told)
    assert (again.status_code, "queda como estaba" in again.text) == (409, True)


def test_a_child_is_named_by_class_and_list_number(
    database: Database, administrator: FlaskClient, cast: Cast
) -> None:
    child = {"about": "child", "class_group_id": str(cast.class_group.id), "list_number": "12"}
    address = registered(administrator, cast, **child, who="Su mamá")
    assert "Número de lista 12 de 1° B" in administrator.get(address).text
    with database.read() as session:
        row = session.scalars(sa.select(RightsRequest)).one()
    assert (row.user_id, row.list_number) == (None, 12), "the person chosen beside is left out"


def test_what_is_late_is_told_to_who_can_act(
    administrator: FlaskClient, client_for: ClientFor, cast: Cast
) -> None:
    registered(administrator, cast, received_on=(TODAY - timedelta(days=40)).isoformat())
    page = administrator.get("/privacidad").text
    assert "de atraso" in page
    assert 'class="nav-due number"' in page
    for actor in (cast.observer, cast.utp_head, cast.network_lead, cast.educator):
        client = client_for(actor)
        assert client.get("/privacidad").status_code == 404
        assert '/privacidad"' not in client.get("/ayuda").text


def test_a_correction_is_on_file_without_the_name(
    database: Database, administrator: FlaskClient, cast: Cast
) -> None:
    address = registered(administrator, cast, kind="rectification")
    wrong = administrator.post(f"{address}/corregir", data={"name": "", "email": "b@escuela.test"})
    assert (wrong.status_code, "b@escuela.test" in wrong.text) == (400, True)
    data = {"name": "Berta Soto", "email": "b@escuela.test"}
    assert administrator.post(f"{address}/corregir", data=data).status_code == 302
    with database.read() as session:
        assert session.get_one(User, cast.educator.user_id).name == "Berta Soto"
        details = session.scalars(
            sa.select(AuditEntry.details).where(AuditEntry.action == "person.corrected")
        ).one()
    assert json.loads(details)["fields"] == ["email", "name"]
    assert "Berta" not in details


def test_a_lesson_and_a_class_list_are_corrected_on_the_pages(
    database: Database, administrator: FlaskClient, cast: Cast
) -> None:
    with database.write() as session:
        film_id = recording(session, cast).id
        class_lists.write_class_list(session, cast.class_group.id, "7 Ana", actor=cast.observer)
    address = registered(administrator, cast, kind="rectification")
    lesson = f"{address}/clases/{film_id}"
    assert lesson in administrator.get(address).text
    told = {"recorded_on": "", "subject": "Ciencias", "class_group_id": str(cast.class_group.id)}
    wrong = administrator.post(lesson, data=told)
    assert (wrong.status_code, 'value="Ciencias"' in wrong.text) == (400, True)
    told["recorded_on"] = "2026-05-11"
    assert administrator.post(lesson, data=told).status_code == 302
    page = administrator.get(address).text
    assert "<del>…</del>" in page
    assert "Lenguaje" not in page, "a subject is free text: the trail says only that it changed"
    child = {"about": "child", "class_group_id": str(cast.class_group.id), "list_number": "7"}
    address = registered(administrator, cast, kind="rectification", **child)
    assert "Ana" not in administrator.get(address).text
    told = {"list_number": "x", "initials": "A. P."}
    wrong = administrator.post(f"{address}/corregir-lista", data=told)
    assert (wrong.status_code, 'value="A. P."' in wrong.text) == (400, True)
    told["list_number"] = "8"
    assert administrator.post(f"{address}/corregir-lista", data=told).status_code == 302
    page = administrator.get(address).text
    assert "<del>7</del>" in page
    assert "A. P." not in page


def test_a_deletion_is_seen_confirmed_and_certified(
    database: Database,
    home: Settings,
    administrator: FlaskClient,
    cast: Cast,
    store: Store,
    small_video: Path,
) -> None:
    with database.write() as session:
        film_id = filmed(session, store, cast, small_video).id
    address = registered(administrator, cast, kind="erasure")
    assert f'value="video:{film_id}"' in administrator.get(f"{address}/borrar").text
    unsure = {"chosen": f"video:{film_id}", "sure": "sí"}
    refused = administrator.post(f"{address}/borrar", data=unsure)
    assert (refused.status_code, "BORRAR" in refused.text, 'value="sí"' in refused.text) == (
        400,
        True,
        True,
    )
    sure = unsure | {"sure": "borrar"}
    assert administrator.post(f"{address}/borrar", data=sure).status_code == 302
    assert "Se está borrando" in administrator.get(address).text
    erasure.erase_confirmed(database, home, UUID(address.rpartition("/")[2]))
    page = administrator.get(address).text
    link = re.search(r'href="(/privacidad/certificados/[^"]+)"', page)
    assert link is not None
    assert "Lo pidió una solicitud sobre datos" in administrator.get(link[1]).text
    told = {"state": "answered", "text": "Se borró."}
    assert administrator.post(f"{address}/responder", data=told).status_code == 302
    assert link[1] in administrator.get(address).text, "the certificate stays with the request"
    assert administrator.get(f"{address}/borrar").status_code == 409


# --- her own page ---------------------------------------------------------------------------------


def test_she_asks_herself_and_takes_her_copy(
    database: Database, home: Settings, client_for: ClientFor, cast: Cast
) -> None:
    educator = client_for(cast.educator)
    unclear = educator.post("/mis-datos/solicitudes", data={"words": "Borren el video."})
    assert (unclear.status_code, "Borren el video." in unclear.text) == (400, True)
    asked = {"kind": "erasure", "words": "Borren el video."}
    assert educator.post("/mis-datos/solicitudes", data=asked).status_code == 302
    assert "Espera respuesta" in educator.get("/mis-datos").text
    assert "Borren el video." in client_for(cast.administrator).get(_first(database)).text
    waiting = educator.post("/mis-datos/copia")
    assert "Se está haciendo la copia" in educator.get(waiting.location).text
    export_id = UUID(waiting.location.rpartition("/")[2])
    _make(database, home, export_id)
    assert "La copia está lista" in educator.get(waiting.location).text
    zipped = educator.get(f"{waiting.location}/datos.zip")
    with zipfile.ZipFile(io.BytesIO(zipped.data)) as packed:
        assert packed.namelist() == ["datos.json", "datos.html"]
        told = json.loads(packed.read("datos.json"))
        assert told["requests"][0]["words"] == "Borren el video."
        page = packed.read("datos.html").decode()
    assert "Berta O&#39;Brien" in page
    assert "Borren el video." in page
    assert "La copia de todos tus datos" in educator.get("/mis-datos/quien-abrio").text
    assert client_for(cast.administrator).get(waiting.location).status_code == 404


def _first(database: Database) -> str:
    with database.read() as session:
        row = session.scalars(sa.select(RightsRequest)).one()
    return f"/privacidad/solicitudes/{row.id}"


def _make(database: Database, home: Settings, export_id: UUID) -> None:
    """Do what the job does, without its engine; the job itself is told to have ended."""
    with database.write() as session:
        job = personal_export.job_of(session, export_id)
        assert job is not None
        making.make_zip(Work(job.id, home, database), export_id)
        session.execute(sa.text("UPDATE job SET state = 'done'"))


def test_who_handles_a_request_takes_the_copy_and_she_sees_that(
    database: Database,
    home: Settings,
    administrator: FlaskClient,
    client_for: ClientFor,
    cast: Cast,
) -> None:
    address = registered(administrator, cast)
    waiting = administrator.post(f"{address}/copia").location
    _make(database, home, UUID(waiting.rpartition("/")[2]))
    zipped = administrator.get(f"{waiting}/datos.zip")
    with zipfile.ZipFile(io.BytesIO(zipped.data)) as packed:
        told = json.loads(packed.read("datos.json"))
    assert "own_look" not in told
    assert any("only her own copy" in each for each in told["left_out"])
    assert "Flora Díaz" in client_for(cast.educator).get("/mis-datos/quien-abrio").text
    done = {"state": "answered", "text": "Se entregó."}
    administrator.post(f"{address}/responder", data=done)
    assert administrator.get(f"{waiting}/datos.zip").status_code == 409, "the request was ended"


def test_the_copy_of_a_childs_data_is_handed_to_the_family(
    database: Database, home: Settings, administrator: FlaskClient, cast: Cast
) -> None:
    child = {"about": "child", "class_group_id": str(cast.class_group.id), "list_number": "12"}
    address = registered(administrator, cast, **child, who="Su mamá")
    page = administrator.get(address).text
    assert "La copia de los datos de la niña o niño" in page
    assert 'name="videos"' not in page
    waiting = administrator.post(f"{address}/copia").location
    _make(database, home, UUID(waiting.rpartition("/")[2]))
    zipped = administrator.get(f"{waiting}/datos.zip")
    with zipfile.ZipFile(io.BytesIO(zipped.data)) as packed:
        told = json.loads(packed.read("datos.json"))
        page = packed.read("datos.html").decode()
    assert told["child"][0]["list_number"] == 12
    assert "sobre su hija o hijo" in page
    assert "Número de lista 12" in page
    with database.read() as session:
        taken = sa.select(AuditEntry).where(AuditEntry.action == personal_export.TAKEN)
        assert session.scalars(taken).one().thing_kind == "rights_request"


# --- breaches and templates -----------------------------------------------------------------------


def test_a_breach_on_the_pages(administrator: FlaskClient) -> None:
    start = "/privacidad/vulneraciones"
    assert "No hay nada registrado" in administrator.get(start).text
    wrong = administrator.post(f"{start}/nueva", data={"whose": "Unas 20 familias"})
    assert (wrong.status_code, "Unas 20 familias" in wrong.text) == (400, True)
    made = administrator.post(
        f"{start}/nueva", data={"happened": "Se perdió un pendrive.", "young_children": "1"}
    )
    page = administrator.get(made.location).text
    assert "Las familias de las niñas y los niños menores de 14 años" in page
    tell = {"kind": "families", "how": "Reunión de apoderados.", "done_at": ""}
    assert administrator.post(f"{made.location}/avisos", data=tell).status_code == 302
    early = administrator.post(f"{made.location}/cerrar")
    assert (early.status_code, "Todavía falta un aviso" in early.text) == (409, True)
    fixed = {"happened": "Se encontró el pendrive.", "discovered_at": "2026-11-02T09:00"}
    assert administrator.post(f"{made.location}/corregir", data=fixed).status_code == 302
    page = administrator.get(made.location).text
    assert "Reunión de apoderados." in page, "what was told stays on file"
    assert "Avisos" in administrator.get(start).text


def test_templates_are_read_printed_and_taken_away(
    app: Flask, client_for: ClientFor, cast: Cast
) -> None:
    client = client_for(cast.observer)
    index = client.get("/privacidad/plantillas").text
    known = paperwork.papers()
    assert len(known) == 6
    for paper in known:
        address = f"/privacidad/plantillas/{paper.name}"
        assert address in index
        page = client.get(address).text
        assert "<table>" in page
        assert "abogada o abogado" in page
        text = client.get(f"{address}/texto.md")
        assert text.data.decode() == paper.text
    assert client.get("/privacidad/plantillas/otra").status_code == 404


def test_templates_say_that_a_lawyer_checks_them() -> None:
    for path in sorted(paperwork.folder().glob("*.md")):
        text = path.read_text(encoding="utf-8")
        assert "**Para que lo revise su abogada o abogado" in text, path.name
        assert max(map(len, text.splitlines())) < 700, path.name
    assert isinstance(paperwork.folder(), Path)
