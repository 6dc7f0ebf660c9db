"""Signing in and out, as people do it in forms."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from observe.db import Database, now
from observe.people import signin
from observe.people.models import SignInLink, SignInSession, User
from tests.factories import Cast
from tests.web.conftest import ClientFor

PASSWORD = "el patio tiene tres árboles"


@pytest.fixture
def with_password(database: Database, cast: Cast) -> str:
    """The observer's e-mail, once she has a password."""
    with database.write() as session:
        signin.set_password(session, cast.observer.user_id, PASSWORD, actor=cast.observer)
        email = session.get_one(User, cast.observer.user_id).email
    assert email is not None
    return email


def entered(client: FlaskClient) -> bool:
    return client.get("/mi-cuenta", headers={"Accept": "text/html"}).status_code == 200


def test_a_password_signs_in_and_leads_to_where_she_was_going(
    app: Flask, with_password: str
) -> None:
    client = app.test_client()
    asked = client.get("/mi-cuenta?x=1", headers={"Accept": "text/html"})
    assert asked.status_code == 302
    page = client.get(asked.location)
    assert 'value="/mi-cuenta?x=1"' in page.text
    answer = client.post(
        "/entrar",
        data={
            "email": with_password.upper(),
            "password": PASSWORD,
            "siguiente": "/mi-cuenta?x=1",
        },
    )
    assert (answer.status_code, answer.location) == (302, "/mi-cuenta?x=1")
    assert entered(client)


def test_others_write_while_a_password_is_compared(
    app: Flask, database: Database, with_password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = signin.verify_password

    def slowly(password_hash: str | None, password: str) -> bool:
        with database.write() as session:
            session.execute(sa.select(User.id).limit(1))
        return compare(password_hash, password)

    monkeypatch.setattr(signin, "verify_password", slowly)
    client = app.test_client()
    client.get("/entrar")
    client.post("/entrar", data={"email": with_password, "password": PASSWORD})
    assert entered(client)


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "\\/evil.test", "/\tevil"]
)
def test_no_link_leads_to_another_site(app: Flask, with_password: str, target: str) -> None:
    client = app.test_client()
    client.get("/entrar")
    data = {"email": with_password, "password": PASSWORD, "siguiente": target}
    assert client.post("/entrar", data=data).location == "/"


def test_a_wrong_password_gives_back_the_address_and_says_nothing_of_who_exists(
    app: Flask, with_password: str
) -> None:
    client = app.test_client()
    client.get("/entrar")
    told = []
    for email in (with_password, "nadie@escuela.test"):
        answer = client.post("/entrar", data={"email": email, "password": "no es esta"})
        assert answer.status_code == 400
        assert email in answer.text
        told.append(answer.text.replace(email, ""))
    assert strip(told[0]) == strip(told[1])


def strip(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line)


def test_guessing_is_slowed_down(app: Flask, with_password: str) -> None:
    client = app.test_client()
    client.get("/entrar")
    data = {"email": with_password, "password": "no es esta"}
    statuses = [client.post("/entrar", data=data).status_code for _ in range(10)]
    assert statuses[0] == 400
    assert statuses[-1] == 429
    right = client.post("/entrar", data={"email": with_password, "password": PASSWORD})
    assert right.status_code == 429


def test_a_preview_does_not_use_the_link_up(app: Flask, database: Database, cast: Cast) -> None:
    with database.write() as session:
        secret = signin.create_link(
            session, cast.educator.user_id, minutes=5, actor=cast.administrator
        )
    for _ in range(3):
        assert "Berta O&#39;Brien" in app.test_client().get(f"/entrar/enlace/{secret}").text
    first, second = app.test_client(), app.test_client()
    for client in (first, second):
        client.get(f"/entrar/enlace/{secret}")
    assert first.post(f"/entrar/enlace/{secret}").status_code == 302
    assert second.post(f"/entrar/enlace/{secret}").status_code == 400
    assert entered(first)
    assert not entered(second)


def test_an_old_link_signs_in_nobody(app: Flask, database: Database, cast: Cast) -> None:
    with database.write() as session:
        secret = signin.create_link(
            session, cast.educator.user_id, minutes=5, actor=cast.administrator
        )
        session.execute(sa.update(SignInLink).values(expires_at=now() - timedelta(seconds=1)))
    client = app.test_client()
    assert client.get(f"/entrar/enlace/{secret}").status_code == 400
    assert client.post(f"/entrar/enlace/{secret}").status_code == 400
    assert not entered(client)


def test_secrets_are_not_in_the_database(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    client = client_for(cast.observer)
    with client.session_transaction() as cookie:
        secret = cookie["sign_in"]
    with database.read() as session:
        kept = session.scalars(sa.select(SignInSession.secret_hash)).all()
    assert kept
    assert secret not in kept


def test_signing_out_ends_the_session_in_the_database(client_for: ClientFor, cast: Cast) -> None:
    client = client_for(cast.observer)
    with client.session_transaction() as cookie:
        stolen = dict(cookie)
    left = client.post("/salir")
    assert (left.status_code, left.headers["Clear-Site-Data"]) == (302, '"cache"')
    with client.session_transaction() as cookie:
        cookie.update(stolen)
    assert not entered(client)


def test_a_session_ends_by_time(client_for: ClientFor, database: Database, cast: Cast) -> None:
    client = client_for(cast.observer)
    assert entered(client)
    with database.write() as session:
        session.execute(sa.update(SignInSession).values(expires_at=now()))
    assert not entered(client)


def test_a_person_who_left_is_out_at_once(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    client = client_for(cast.observer)
    with database.write() as session:
        session.get_one(User, cast.observer.user_id).active = False
    assert not entered(client)


def test_other_sessions_can_be_closed(client_for: ClientFor, cast: Cast) -> None:
    lost, here = client_for(cast.observer), client_for(cast.observer)
    stranger = client_for(cast.educator)
    here.post("/mi-cuenta/sesiones/cerrar")
    assert entered(here)
    assert not entered(lost)
    assert entered(stranger)


def test_she_sees_where_she_is_signed_in_and_closes_one(
    client_for: ClientFor, app: Flask, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        secret = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
    phone = app.test_client()
    phone.get(f"/entrar/enlace/{secret}")
    phone.post(f"/entrar/enlace/{secret}", headers={"User-Agent": "Chrome/126 (Android 14)"})
    here = client_for(cast.observer)
    page = here.get("/mi-cuenta").text
    assert "Chrome · Android" in page
    (closing,) = re.findall(r"/mi-cuenta/sesiones/[0-9a-f-]{36}/cerrar", page)
    assert client_for(cast.educator).post(closing).status_code == 404
    assert entered(phone)
    assert here.post(closing).status_code == 302
    assert not entered(phone)
    assert entered(here)
    assert here.post(closing).status_code == 404


def test_her_own_password_is_asked_where_she_came_in_with_it(
    app: Flask, client_for: ClientFor, with_password: str
) -> None:
    client = app.test_client()
    client.get("/entrar")
    client.post("/entrar", data={"email": with_password, "password": PASSWORD})
    assert "Tu clave de ahora" in client.get("/mi-cuenta").text
    for old in ("", "no es esta"):
        data = {"old_password": old, "new_password": "una frase nueva y larga"}
        assert client.post("/mi-cuenta/clave", data=data).status_code == 400
    data["old_password"] = PASSWORD
    assert client.post("/mi-cuenta/clave", data=data).status_code == 302


def test_signing_in_starts_a_new_session_so_that_none_can_be_fixed(
    app: Flask, with_password: str
) -> None:
    client = app.test_client()
    client.get("/entrar")
    with client.session_transaction() as cookie:
        before = cookie["csrf_token"]
        cookie["planted"] = "x"
    client.post("/entrar", data={"email": with_password, "password": PASSWORD})
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie.get("csrf_token") != before


def test_a_new_password_works_and_a_short_one_is_refused(
    client_for: ClientFor, app: Flask, cast: Cast
) -> None:
    client = client_for(cast.observer)
    assert client.post("/mi-cuenta/clave", data={"new_password": "corta"}).status_code == 400
    assert client.post("/mi-cuenta/clave", data={"new_password": PASSWORD}).status_code == 302
    other = app.test_client()
    other.get("/entrar")
    email = "observer-ana-peñailillo@escuela.test"
    assert other.post("/entrar", data={"email": email, "password": PASSWORD}).status_code == 302


def test_the_language_is_spanish_until_another_is_chosen(client_for: ClientFor, cast: Cast) -> None:
    client = client_for(cast.observer)
    assert 'lang="es-CL"' in client.get("/mi-cuenta").text
    answer = client.post("/idioma", data={"locale": "en", "siguiente": "/mi-cuenta"})
    assert answer.location == "/mi-cuenta"
    page = client.get("/mi-cuenta").text
    assert 'lang="en"' in page
    assert "My account" in page
    # and it is hers on any computer
    assert "My account" in client_for(cast.observer).get("/mi-cuenta").text


@pytest.mark.parametrize("weak", ["password1234", "Ana Peñailillo", "Los Aromos 2026"])
def test_a_password_that_anybody_would_try_is_refused_in_a_sentence(
    client_for: ClientFor, cast: Cast, database: Database, weak: str
) -> None:
    refused = client_for(cast.observer).post("/mi-cuenta/clave", data={"new_password": weak})
    assert refused.status_code == 400
    assert "de las primeras que alguien probaría" in refused.text
    assert weak not in refused.text.replace(cast.observer.name, "") or weak == cast.observer.name
    with database.read() as session:
        assert session.get_one(User, cast.observer.user_id).password_hash is None


def test_the_language_can_be_changed_after_a_refused_form(
    client_for: ClientFor, cast: Cast
) -> None:
    client = client_for(cast.observer)
    refused = client.post("/mi-cuenta/clave", data={"new_password": ""})
    assert refused.status_code == 400
    assert re.search(r'name="siguiente"\s+value="/"', refused.text)  # a path without a page
    refused = client.post("/videos/nuevo", data={})
    assert re.search(r'name="siguiente"\s+value="/videos/nuevo"', refused.text)
    page = client.get("/videoteca?turno=done").text
    assert re.search(r'name="siguiente"\s+value="/videoteca\?turno=done"', page)
