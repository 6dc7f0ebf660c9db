"""The people page: who is seen by whom, sign-in links, imports."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from observe.db import Database
from observe.people.models import School, User
from tests.factories import Cast
from tests.web.conftest import ClientFor


@pytest.fixture
def administrator(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.administrator)


def file(text: str | bytes, name: str = "tabla.csv") -> dict[str, tuple[BytesIO, str]]:
    return {"file": (BytesIO(text.encode() if isinstance(text, str) else text), name)}


def test_each_sees_the_people_of_her_schools(client_for: ClientFor, cast: Cast) -> None:
    for actor in (cast.observer, cast.utp_head):
        page = client_for(actor).get("/personas").text
        assert "Celia Núñez" in page
        assert "Gina Soto" not in page
        assert "Enlace de entrada" not in page
        assert "Importar" not in page
    assert "Gina Soto" in client_for(cast.network_lead).get("/personas").text
    assert client_for(cast.educator).get("/personas").status_code == 404


def test_people_are_filtered_by_a_plain_form(administrator: FlaskClient, cast: Cast) -> None:
    assert "Gina Soto" not in administrator.get("/personas?rol=educator").text
    assert "Hilda Vera" in administrator.get("/personas?rol=educator").text
    page = administrator.get(f"/personas?establecimiento={cast.school.id}&texto=berta").text
    assert "Berta O&#39;Brien" in page
    assert "Celia" not in page
    assert "Nadie coincide" in administrator.get("/personas?texto=zzz").text


def test_a_link_is_made_handed_over_and_used(
    app: Flask, administrator: FlaskClient, cast: Cast
) -> None:
    answer = administrator.post(f"/personas/{cast.educator.user_id}/enlace")
    assert "Enlace de entrada para Berta O&#39;Brien" in answer.text
    (address,) = re.findall(r'value="http://localhost(/entrar/enlace/[\w-]+)"', answer.text)
    hers = app.test_client()
    hers.get(address)
    assert hers.post(address).location == "/"
    assert hers.get("/").location == "/mi-retroalimentacion"


def test_nobody_else_makes_links(client_for: ClientFor, cast: Cast) -> None:
    for actor in (cast.observer, cast.utp_head, cast.network_lead, cast.educator):
        answer = client_for(actor).post(f"/personas/{cast.educator.user_id}/enlace")
        assert answer.status_code == 404


def test_schools_and_then_people_are_imported(
    administrator: FlaskClient, database: Database
) -> None:
    table = "rbd,name,commune\n8-6,Escuela Ñandú,Lota\n9-9,Jardín,Lota\n"
    page = administrator.post("/personas/importar/establecimientos", data=file(table)).text
    assert "2 nuevos, 0 cambiados, 0 como antes" in page
    assert "dígito verificador de 9-9 no es el habitual" in page
    people = "id,name,email,role,rbd\nQ1,Quena Díaz,,educator,8-6\n"
    page = administrator.post("/personas/importar/personas", data=file(people)).text
    assert "1 nuevos" in page
    assert "Quena Díaz" in administrator.get("/personas").text
    with database.read() as session:
        school = session.scalars(sa.select(School).where(School.rbd == "8-6")).one()
    assert school.name == "Escuela Ñandú"


def test_problems_of_a_file_are_listed_and_nothing_is_taken(
    administrator: FlaskClient, database: Database
) -> None:
    table = "id,name,email,role,rbd\nQ1,Quena,,educator,8-6\nQ2,<b>Raro</b>,,jefa,\n"
    answer = administrator.post("/personas/importar/personas", data=file(table))
    assert answer.status_code == 400
    assert "Línea 2: aquí no está el establecimiento 8-6" in answer.text
    assert "Línea 3: no existe el rol «jefa»" in answer.text
    with database.read() as session:
        assert session.scalars(sa.select(User).where(User.reference == "Q1")).all() == []
    empty = administrator.post("/personas/importar/personas", data={})
    assert empty.status_code == 400
    assert "Elige primero un archivo" in empty.text


def test_the_whole_directory_comes_in_through_the_page(
    administrator: FlaskClient, client_for: ClientFor, cast: Cast, real_data: Path
) -> None:
    content = (real_data / "schools" / "Directorio_EE_2022_sin_MRUN_RUT.csv").read_bytes()
    page = administrator.post("/personas/importar/establecimientos", data=file(content)).text
    assert "16.601 nuevos" in page
    assert "Establecimientos registrados aquí: 16.603" in administrator.get("/personas").text
    # the page for adding a video offers schools that have educators, not sixteen thousand
    assert len(client_for(cast.observer).get("/videos/nuevo").data) < 40_000


def test_help_is_for_ones_own_role(client_for: ClientFor, cast: Cast) -> None:
    assert "Tu retroalimentación" in client_for(cast.educator).get("/ayuda").text
    assert "Del video a una fortaleza" not in client_for(cast.educator).get("/ayuda").text
    assert "Del video a una fortaleza" in client_for(cast.observer).get("/ayuda").text
