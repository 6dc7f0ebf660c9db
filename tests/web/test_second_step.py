"""The second step as people meet it: set up in a form, asked for on the way in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from observe.db import Database
from observe.people import signin
from observe.people.access import Actor
from observe.settings import Settings
from observe.vault import open_vault
from observe.web import create_app
from tests.codes import Phone, with_phone
from tests.factories import Cast
from tests.web.conftest import Browser, ClientFor

HTML = {"Accept": "text/html"}
STEP = "/mi-cuenta/segundo-paso"
PAPER_CODE = re.compile(r"(?<![\w-])[a-z2-7]{4}(?:-[a-z2-7]{4}){3}(?![\w-])")  # no part of an id


def cookie(client: FlaskClient) -> str:
    with client.session_transaction() as kept:
        return str(kept["sign_in"])


def first_step(app: Flask, database: Database, actor: Actor, by: Actor) -> FlaskClient:
    """A browser that used a link and stands before the second step."""
    with database.write() as session:
        secret = signin.create_link(session, actor.user_id, minutes=5, actor=by)
    client = app.test_client()
    client.get(f"/entrar/enlace/{secret}")
    answer = client.post(f"/entrar/enlace/{secret}", data={"siguiente": "/mi-cuenta"})
    assert answer.location == "/entrar/segundo-paso?siguiente=/mi-cuenta"
    return client


def test_it_is_set_up_in_forms_and_asked_for_from_then_on(
    app: Flask, client_for: ClientFor, database: Database, cast: Cast
) -> None:
    client = client_for(cast.observer)
    assert client.post(f"{STEP}/programa").location == STEP
    page = client.get(STEP).text
    assert 'src="data:image/svg+xml;base64,' in page
    shown = re.search(r'class="secret">(\w{32})<', page)
    assert shown
    phone = Phone(shown.group(1))
    wrong = client.post(f"{STEP}/programa/confirmar", data={"code": "12"})
    assert wrong.status_code == 400
    assert shown.group(1) in wrong.text, "the picture stays for another try"
    codes = client.post(f"{STEP}/programa/confirmar", data={"code": phone.code()})
    assert len(PAPER_CODE.findall(codes.text)) == 10
    assert shown.group(1) not in client.get(STEP).text

    coming = first_step(app, database, cast.observer, cast.administrator)
    waiting = cookie(coming)
    assert coming.get("/mi-cuenta", headers=HTML).location.startswith("/entrar?")
    assert coming.get("/videoteca", headers=HTML).location.startswith("/entrar?")
    page = coming.get("/entrar/segundo-paso?siguiente=/mi-cuenta").text
    assert "Un paso más, Ana Peñailillo" in page
    refused = coming.post("/entrar/segundo-paso", data={"code": "000000", "siguiente": "/x"})
    assert refused.status_code == 400
    assert 'value="/x"' in refused.text
    answer = coming.post(
        "/entrar/segundo-paso", data={"code": phone.code(), "siguiente": "/mi-cuenta"}
    )
    assert answer.location == "/mi-cuenta"
    assert coming.get("/mi-cuenta").status_code == 200
    assert cookie(coming) != waiting


def test_the_second_step_leads_to_no_other_site(
    app: Flask, database: Database, cast: Cast, home: Settings
) -> None:
    phone, _ = with_phone(database, open_vault(home), cast.observer)
    coming = first_step(app, database, cast.observer, cast.administrator)
    coming.get("/entrar/segundo-paso?siguiente=//evil.test")
    data = {"code": phone.code(), "siguiente": "//evil.test"}
    assert coming.post("/entrar/segundo-paso", data=data).location == "/"


def test_nobody_comes_to_it_without_the_first(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/entrar/segundo-paso").location.startswith("/entrar")
    client.get("/entrar")
    assert client.post("/entrar/segundo-paso", data={"code": "123456"}).status_code == 302
    asked = client.post("/entrar/segundo-paso/llave/desafio", json={})
    assert asked.status_code == 404


def test_guessing_codes_is_slowed_down_in_whatever_session(
    app: Flask, database: Database, cast: Cast, home: Settings
) -> None:
    phone, _ = with_phone(database, open_vault(home), cast.observer)
    statuses = []
    for _ in range(2):
        coming = first_step(app, database, cast.observer, cast.administrator)
        coming.get("/entrar/segundo-paso")
        statuses += [
            coming.post("/entrar/segundo-paso", data={"code": "000000"}).status_code
            for _ in range(4)
        ]
    assert statuses[0] == 400
    assert statuses[-1] == 429
    assert coming.post("/entrar/segundo-paso", data={"code": phone.code()}).status_code == 429


def test_a_computer_left_open_takes_nothing_away(
    client_for: ClientFor, database: Database, cast: Cast, home: Settings
) -> None:
    client = client_for(cast.observer)
    phone, codes = with_phone(database, open_vault(home), cast.observer)
    for path in ("programa/quitar", "codigos"):
        answer = client.post(f"{STEP}/{path}", data={"code": ""})
        assert answer.status_code == 400, path
        assert "Escribe un código" in answer.text
    made = client.post(f"{STEP}/codigos", data={"code": phone.code()})
    assert codes[0] not in made.text
    used = client.post(f"{STEP}/programa/quitar", data={"code": codes[0]})
    assert used.status_code == 400, "those of before work no more"
    fresh = PAPER_CODE.findall(made.text)
    assert client.post(f"{STEP}/programa/quitar", data={"code": fresh[0]}).location == STEP


@pytest.fixture
def strict(home: Settings, cast: Cast) -> Iterator[Flask]:
    """A home that asks administrators for a second step."""
    made = create_app(replace(home, second_step="administrators"))
    made.test_client_class = Browser
    yield made
    made.extensions["observe"].database.engine.dispose()


def test_where_it_is_asked_of_administrators_they_do_nothing_before(
    strict: Flask, database: Database, cast: Cast, home: Settings
) -> None:
    def enter(actor: Actor) -> FlaskClient:
        with database.write() as session:
            secret = signin.create_link(session, actor.user_id, minutes=5, actor=cast.administrator)
        client = strict.test_client()
        client.get(f"/entrar/enlace/{secret}")
        client.post(f"/entrar/enlace/{secret}")
        return client

    assert enter(cast.observer).get("/videoteca", headers=HTML).status_code == 200
    client = enter(cast.administrator)
    assert client.get("/personas", headers=HTML).location == STEP
    assert client.get("/personas", headers={"Accept": "application/json"}).status_code == 403
    linked = client.post(f"/personas/{cast.observer.user_id}/enlace", headers=HTML)
    assert linked.status_code == 403
    page = client.get(STEP)
    assert "Configura uno aquí para seguir" in page.text
    client.post(f"{STEP}/programa")
    shown = re.search(r'class="secret">(\w{32})<', client.get(STEP).text)
    assert shown
    code = Phone(shown.group(1)).code()
    assert client.post(f"{STEP}/programa/confirmar", data={"code": code}).status_code == 200
    assert client.get("/personas", headers=HTML).status_code == 200


def test_an_administrator_takes_a_lost_one_away_and_she_is_told(
    client_for: ClientFor, database: Database, home: Settings, cast: Cast
) -> None:
    vault, address = open_vault(home), f"/personas/{cast.observer.user_id}"
    hers, administrator = client_for(cast.observer), client_for(cast.administrator)
    with_phone(database, vault, cast.observer)
    own, _codes = with_phone(database, vault, cast.administrator)
    for other in (hers, client_for(cast.utp_head), client_for(cast.outsider_utp_head)):
        assert other.post(f"{address}/segundo-paso").status_code in (403, 404)
    assert "Quitarle el segundo paso" in administrator.get(address).text
    refused = administrator.post(f"{address}/segundo-paso", data={"code": "000000"})
    assert (refused.status_code, hers.get("/mi-cuenta").status_code) == (400, 200)
    answer = administrator.post(f"{address}/segundo-paso", data={"code": own.code()})
    assert answer.location == address
    assert "Quitarle el segundo paso" not in administrator.get(address).text
    assert "/entrar" in hers.get("/mi-cuenta", headers=HTML).location, "her sessions end"
    page = client_for(cast.observer).get("/mi-cuenta").text
    assert "Flora Díaz te quitó el segundo paso" in page
    assert administrator.get("/mi-cuenta").status_code == 200
    again = administrator.post(f"{address}/segundo-paso", data={"code": own.code()})
    assert again.status_code == 409
    mine = administrator.post(f"/personas/{cast.administrator.user_id}/segundo-paso")
    assert mine.status_code == 409, "her own she takes away in her account, by a code"
    back = client_for(cast.observer)
    with_phone(database, vault, cast.observer)
    assert "te quitó el segundo paso" not in back.get("/mi-cuenta").text
