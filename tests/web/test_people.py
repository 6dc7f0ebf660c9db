"""The people page: who is seen by whom, sign-in links, imports."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from observe.db import Database, today
from observe.people import class_lists, inviting
from observe.people.models import Child, ClassGroup, Role, School, User
from observe.privacy import consent
from observe.privacy.consent import How
from observe.privacy.scopes import FORM_VERSION, Channel, Scope
from tests.factories import Cast, person, recording
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
    looked = administrator.post("/personas/importar/establecimientos", data=file(table)).location
    page = administrator.get(looked).text
    assert "2 nuevos, 0 con cambios, 0 que terminan, 0 como antes" in page
    assert "dígito verificador de 9-9 no es el habitual" in page
    assert "Todavía no cambia nada" in page
    assert administrator.post(f"{looked}/confirmar").location == looked
    assert "Importado" in administrator.get(looked).text
    people = "id,name,email,role,rbd\nQ1,Quena Díaz,,educator,8-6\n"
    looked = administrator.post("/personas/importar/personas", data=file(people)).location
    page = administrator.get(looked).text
    assert "1 nuevos" in page
    assert "Rol nuevo: Educadora · Escuela Ñandú · sin fechas" in page
    assert "Quena Díaz" not in administrator.get("/personas").text
    administrator.post(f"{looked}/confirmar")
    assert "Quena Díaz" in administrator.get("/personas").text
    assert "Quena" not in administrator.get(looked).text
    assert "tabla.csv" in administrator.get("/personas/importar").text
    given_up = administrator.post("/personas/importar/personas", data=file(people)).location
    administrator.post(f"{given_up}/descartar")
    assert administrator.get(given_up).status_code == 404
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
    for content in ("\n\n", "PK\x03\x04 broken"):
        answer = administrator.post("/personas/importar/personas", data=file(content))
        assert 'role="alert"' in answer.text, "a refusal says why"
    empty = administrator.post("/personas/importar/personas", data={})
    assert empty.status_code == 400
    assert "Elige primero un archivo" in empty.text


def test_the_whole_directory_comes_in_through_the_page(
    administrator: FlaskClient, client_for: ClientFor, cast: Cast, real_data: Path
) -> None:
    content = (real_data / "schools" / "Directorio_EE_2022_sin_MRUN_RUT.csv").read_bytes()
    looked = administrator.post("/personas/importar/establecimientos", data=file(content)).location
    page = administrator.get(looked)
    assert "16.601 nuevos" in page.text
    assert len(page.data) < 100_000
    administrator.post(f"{looked}/confirmar")
    assert "Establecimientos registrados aquí: 16.603" in administrator.get("/personas").text
    # the page for adding a video offers schools that have educators, not sixteen thousand
    assert len(client_for(cast.observer).get("/videos/nuevo").data) < 40_000


# --- one person -----------------------------------------------------------------------------------


def test_a_person_is_added_given_roles_and_leaves(
    administrator: FlaskClient, database: Database, cast: Cast
) -> None:
    wrong = {"name": "Nora Ríos", "email": "nora@slep.cl", "role": "educator", "place": "1"}
    refused = administrator.post("/personas/nueva", data=wrong)
    assert refused.status_code == 400
    assert "No hay un establecimiento con este RBD" in refused.text
    assert 'value="Nora Ríos"' in refused.text
    hers = administrator.post("/personas/nueva", data=wrong | {"place": "1234-5"}).location
    page = administrator.get(hers).text
    assert "Escuela Los Aromos" in page
    assert "sin fechas" in page
    role = {"role": "utp_head", "place": "6789", "starts_on": "2026-03-01"}
    assert administrator.post(f"{hers}/roles", data=role).location == hers
    assert administrator.post(f"{hers}/roles", data=role).status_code == 409
    page = administrator.get(hers).text
    assert "Jefa o jefe de UTP" in page
    assert "desde el 1 mar 2026" in page
    days = _first(page)  # the newest role stands first
    period = {"starts_on": "2026-03-01", "ends_on": "2026-03-31"}
    assert administrator.post(days, data=period).location == hers
    assert "del 1 mar 2026 al 31 mar 2026" in administrator.get(hers).text
    backwards = {"starts_on": "2026-03-01", "ends_on": "2026-02-01"}
    assert administrator.post(days, data=backwards).status_code == 400
    assert administrator.post(hers, data={"name": "Nora Ríos P.", "email": ""}).location == hers
    administrator.post(f"{hers}/salida")
    page = administrator.get(hers).text
    assert "Ya no está" in page
    assert "Invitar" not in page


def _first(page: str) -> str:
    return str(re.findall(r"/personas/roles/[0-9a-f-]+/fechas", page)[0])


def test_one_own_page_can_be_seen_and_not_written(client_for: ClientFor, cast: Cast) -> None:
    hers = f"/personas/{cast.educator.user_id}"
    educator = client_for(cast.educator)
    page = educator.get(hers).text
    assert "Escuela Los Aromos" in page
    for action in ("Guardar", "Anotar su salida", "Invitar", "Dar otro rol"):
        assert action not in page
    assert educator.post(hers, data={"name": "Otra"}).status_code == 404
    assert client_for(cast.utp_head).get(hers).status_code == 200


def test_a_reader_comes_in_and_sees_nobody(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        lesson = recording(session, cast).id
        reader = person(session, "Lea Ruiz", Role.READER, None)
    client = client_for(reader)
    assert client.get("/").location == "/pautas"
    assert client.get("/pautas").status_code == 200
    for path in (
        "/personas",
        "/registros",
        f"/videos/{lesson}",
        f"/personas/{cast.educator.user_id}",
    ):
        assert client.get(path).status_code == 404


def test_an_invitation_is_handed_over_used_and_told(
    app: Flask, administrator: FlaskClient, cast: Cast
) -> None:
    hers = f"/personas/{cast.educator.user_id}"
    links = [
        re.findall(r'value="http://localhost(/entrar/enlace/[\w-]+)"', page.text)[0]
        for page in (administrator.post(f"{hers}/invitar") for _ in range(2))
    ]
    assert "dentro de 7 días" in administrator.post(f"{hers}/invitar").text
    assert "aún no entra" in administrator.get("/personas").text
    browser = app.test_client()
    assert browser.get(links[0]).status_code == 400  # a new one ends the one before
    (revoke,) = re.findall(
        r"/personas/invitaciones/[0-9a-f-]+/anular", administrator.get(hers).text
    )
    administrator.post(revoke)
    assert "La invitación se anuló" in administrator.get(hers).text
    (address,) = re.findall(
        r'value="http://localhost(/entrar/enlace/[\w-]+)"',
        administrator.post(f"{hers}/invitar").text,
    )
    browser.get(address)
    assert browser.post(address).status_code == 302
    assert "Entró con la invitación" in administrator.get(hers).text
    assert "Entró con la invitación" in administrator.get("/personas").text


def test_her_page_says_that_the_invitation_to_the_wrong_mailbox_has_ended(
    administrator: FlaskClient, database: Database, cast: Cast
) -> None:
    hers = f"/personas/{cast.educator.user_id}"
    with database.write() as session:
        inviting.invite(session, cast.educator.user_id, by_mail=True, actor=cast.administrator)
    for email, told in (("berta@nueva.test", True), ("berta@otra.test", False)):
        administrator.post(hers, data={"name": "Berta", "email": email})
        page = administrator.get(hers).text
        assert "Guardado." in page
        assert ("correo anterior ya no sirve" in page) is told


def test_who_also_evaluates_is_warned_where_she_observes(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        lesson = recording(session, cast).id
    observer = client_for(cast.observer)
    assert "También evalúas" not in observer.get(f"/videos/{lesson}").text
    hers = f"/personas/{cast.observer.user_id}"
    chosen = {"educator_id": str(cast.educator.user_id)}
    assert client_for(cast.utp_head).post(f"{hers}/evalua", data=chosen).location == hers
    assert "También evalúas a Berta" in observer.get(f"/videos/{lesson}").text
    (end,) = re.findall(r"/personas/evalua/[0-9a-f-]+/quitar", observer.get(hers).text)
    observer.post(end)
    assert "También evalúas" not in observer.get(f"/videos/{lesson}").text


def test_schools_have_a_page_with_class_groups_and_networks(
    administrator: FlaskClient, cast: Cast
) -> None:
    page = f"/establecimientos/{cast.school.id}"
    administrator.post(f"{page}/cursos", data={"name": "2º A", "year": "2026"})
    assert "2° A" in administrator.get(page).text
    assert administrator.post(f"{page}/cursos", data={"name": ""}).status_code == 400
    wrong = {"name": "Costa", "rbds": "1234-5\n77-7"}
    refused = administrator.post("/personas/redes", data=wrong)
    assert refused.status_code == 400
    assert "77-7" in refused.text
    administrator.post("/personas/redes", data={"name": "Costa", "rbds": "1234-5"})
    assert "Escuela Los Aromos" in administrator.get("/personas/redes").text


def test_a_class_group_made_by_mistake_is_removed_and_one_in_use_stays(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    observer, page = client_for(cast.observer), f"/establecimientos/{cast.school.id}"
    observer.post(f"{page}/cursos", data={"name": "2º A", "year": "2026"})
    with database.write() as session:
        made = session.scalars(sa.select(ClassGroup.id).filter_by(name="2° A")).one()
        class_lists.write_class_list(session, made, "1 Ana\n2", actor=cast.observer)
        recording(session, cast)
    assert client_for(cast.outsider_observer).post(f"/cursos/{made}/borrar").status_code == 404
    kept = observer.post(f"/cursos/{cast.class_group.id}/borrar")
    assert kept.status_code == 409
    assert "Este curso tiene clases registradas (1)" in kept.text
    with database.write() as session:
        child = session.scalars(sa.select(Child.id).filter_by(list_number=1)).one()
        how = How(Channel.PAPER, FORM_VERSION, today())
        consent.register_class(session, made, {child: frozenset(Scope)}, how, actor=cast.observer)
    assert "autorizaciones" in observer.post(f"/cursos/{made}/borrar").text
    observer.post(f"{page}/cursos", data={"name": "3º A", "year": "2026"})
    with database.write() as session:
        empty = session.scalars(sa.select(ClassGroup.id).filter_by(name="3° A")).one()
        class_lists.write_class_list(session, empty, "1 Luis", actor=cast.observer)
    done = observer.post(f"/cursos/{empty}/borrar", follow_redirects=True)
    assert "El curso se quitó" in done.text
    with database.read() as session:
        assert session.get(ClassGroup, empty) is None
        assert session.get(ClassGroup, made) is not None
        assert "Luis" not in session.scalars(sa.select(Child.name)).all()


def test_the_list_is_taken_away_as_a_table(administrator: FlaskClient) -> None:
    content = administrator.get("/personas/exportar.csv").data
    assert content.startswith(b"\xef\xbb\xbfid;name;email;role;rbd;network;starts_on;ends_on\r\n")
    assert administrator.get("/personas/exportar.xlsx").data[:2] == b"PK"


def test_help_is_for_ones_own_role(client_for: ClientFor, cast: Cast) -> None:
    assert "Tu retroalimentación" in client_for(cast.educator).get("/ayuda").text
    assert "Del video a una fortaleza" not in client_for(cast.educator).get("/ayuda").text
    assert "Del video a una fortaleza" in client_for(cast.observer).get("/ayuda").text
