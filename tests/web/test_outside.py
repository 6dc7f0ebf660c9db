"""Signing in by an account elsewhere, with a provider that is a program of its own.

It is `tests.strict_provider`: it refuses what a strict one refuses, and attacks where it is asked
to. A browser's part (going there and back) is played with plain requests.
"""

from __future__ import annotations

import html
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from observe.db import Database
from observe.people.models import AuditEntry, OutsideAccount, User
from observe.settings import Settings
from observe.web import create_app
from tests.factories import Cast
from tests.program import child, free_port
from tests.strict_provider import ATTACKS, RETURN, SECRET
from tests.web.conftest import Browser, ClientFor

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of the running provider."""
    port = free_port()
    with child("tests.strict_provider", "--port", str(port)):
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/.well-known/openid-configuration")
        yield address


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            if requests.get(address, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail("the provider did not start")


@pytest.fixture
def app(
    home: Settings, cast: Cast, provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The application of a home that knows the provider."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # on this machine alone
    known = tmp_path / "providers.toml"
    known.write_text(
        f'[red]\nprofile = "keycloak"\nlabel = "la red"\naddress = "{provider}"\n'
        'client_id = "observe"\nclient_secret = "hush"\n',
        encoding="utf-8",
    )
    made = create_app(replace(home, oidc_file=known))
    made.test_client_class = Browser
    made.config["PROPAGATE_EXCEPTIONS"] = True
    yield made
    made.extensions["observe"].database.engine.dispose()


def approved(address: str, who: str) -> str:
    """Sign in at the provider as `who`; return where it sends the browser back to."""
    answer = requests.post(address, data={"sub": who}, allow_redirects=False, timeout=30)
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def entered(client: FlaskClient) -> bool:
    return client.get("/mi-cuenta", headers=HTML).status_code == 200


def test_she_goes_there_and_comes_back_signed_in(
    app: Flask, database: Database, cast: Cast
) -> None:
    client = app.test_client()
    assert "Entrar con la red" in client.get("/entrar").text
    going = client.get("/entrar/con/red?siguiente=/mi-cuenta").location
    asked = parse_qs(urlsplit(going).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == ["http://localhost/entrar/con/red/vuelta"]
    assert asked["nonce"]
    with client.session_transaction() as kept:
        kept["planted"] = "x"
    assert client.get(approved(going, "ana")).location == "/mi-cuenta"
    assert entered(client)
    with client.session_transaction() as kept:
        assert set(kept) <= {"sign_in", "csrf_token", "locale"}
    with database.read() as session:
        row = session.scalars(sa.select(OutsideAccount)).one()
        assert (row.user_id, row.subject) == (cast.observer.user_id, "ana")
        actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert {"outside.tied", "session.opened"} <= set(actions)


def test_the_answer_serves_once_and_in_her_browser_only(app: Flask) -> None:
    hers, other = app.test_client(), app.test_client()
    back = approved(hers.get("/entrar/con/red").location, "ana")
    other.get("/entrar")
    assert other.get(back).location == "/entrar"
    assert not entered(other)
    hers.get(back)
    assert entered(hers)
    hers.post("/salir")
    hers.get(back)
    assert not entered(hers)


def test_another_answer_of_the_provider_does_not_fit(app: Flask) -> None:
    client = app.test_client()
    going = client.get("/entrar/con/red").location
    nonce = parse_qs(urlsplit(going).query)["nonce"][0]
    assert client.get(approved(going.replace(nonce, "planted"), "ana")).location == "/entrar"
    assert not entered(client)
    assert "no te dejó entrar" in client.get("/entrar").text


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_that_the_provider_did_not_sign_for_this_sign_in_opens_nothing(
    app: Flask, database: Database, attack: str
) -> None:
    token = ATTACKS[attack]({"iss": "i", "sub": "ana", "aud": ["a"], "exp": 0, "nonce": "n"})
    assert token.count(".") == 2  # the provider does send one
    client = app.test_client()
    back = approved(client.get("/entrar/con/red").location, attack)
    assert client.get(back).location == "/entrar"
    assert not entered(client)
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count(OutsideAccount.id))) == 0


def test_a_code_that_was_given_to_another_browser_is_of_no_use(app: Flask) -> None:
    """Whoever plants her own code in somebody's way back lacks the proof that goes with it."""
    hers, planted = app.test_client(), app.test_client()
    mine = approved(planted.get("/entrar/con/red").location, "ana")
    way = hers.get("/entrar/con/red").location
    code = parse_qs(urlsplit(mine).query)["code"][0]
    state = parse_qs(urlsplit(way).query)["state"][0]
    assert hers.get(f"/entrar/con/red/vuelta?code={code}&state={state}").location == "/entrar"
    assert not entered(hers)


def test_the_provider_is_as_strict_as_this_file_takes_it_to_be(app: Flask, provider: str) -> None:
    """Else that we pass would prove nothing."""
    way = app.test_client().get("/entrar/con/red").location
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way).query).items()}
    there = f"{provider}/oauth2/authorize"
    assert requests.get(there, params=asked, timeout=30).status_code == 200
    for name, other in (
        ("code_challenge", ""),
        ("code_challenge_method", "plain"),
        ("redirect_uri", RETURN + "/otra"),
        ("state", ""),
        ("nonce", ""),
    ):
        answer = requests.get(there, params=asked | {name: other}, timeout=30)
        assert answer.status_code == 400, name
    proof = "v" * 64
    challenge = urlsafe_b64encode(sha256(proof.encode()).digest()).decode().rstrip("=")
    way = f"{there}?{urlencode(asked | {'code_challenge': challenge})}"
    good = {"grant_type": "authorization_code", "redirect_uri": RETURN, "code_verifier": proof}
    for wrong in ({"code_verifier": "w" * 64}, {"redirect_uri": RETURN + "/"}, {"code": "x"}):
        assert redeemed(provider, good | {"code": code_of(way)} | wrong) == 400, wrong
    once = good | {"code": code_of(way)}
    assert redeemed(provider, once, secret="guessed") == 400
    once = good | {"code": code_of(way)}
    assert [redeemed(provider, once), redeemed(provider, once)] == [200, 400]


def code_of(way: str) -> str:
    return parse_qs(urlsplit(approved(way, "ana")).query)["code"][0]


def redeemed(provider: str, form: dict[str, str], secret: str = SECRET) -> int:
    answer = requests.post(
        f"{provider}/oauth2/token", data=form, auth=("observe", secret), timeout=30
    )
    return answer.status_code


@pytest.mark.parametrize("who", ["ana-unchecked", "nobody"])
def test_who_is_not_known_by_a_checked_address_stays_out_and_nobody_is_made(
    app: Flask, database: Database, who: str
) -> None:
    with database.read() as session:
        before = session.scalar(sa.select(sa.func.count(User.id)))
    client = app.test_client()
    client.get(approved(client.get("/entrar/con/red").location, who))
    assert not entered(client)
    assert "nadie tiene esa cuenta" in client.get("/entrar").text
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count(User.id))) == before


def test_one_who_is_signed_in_ties_her_account_and_takes_it_away(
    app: Flask, client_for: ClientFor, cast: Cast
) -> None:
    client = client_for(cast.educator)
    page = client.post("/mi-cuenta/cuentas", data={"provider": "red"})
    going = html.unescape(re.findall(r'href="(http://127[^"]+)"', page.text)[0])
    assert client.get(approved(going, "nobody")).location == "/mi-cuenta"
    shown = client.get("/mi-cuenta").text
    assert "Desde ahora puedes entrar con la red" in shown
    other = app.test_client()
    other.get(approved(other.get("/entrar/con/red").location, "nobody"))
    assert entered(other)
    account = shown.split("/mi-cuenta/cuentas/")[1].split("/quitar")[0]
    assert client.post(f"/mi-cuenta/cuentas/{account}/quitar").status_code == 302
    late = app.test_client()
    late.get(approved(late.get("/entrar/con/red").location, "nobody"))
    assert not entered(late)


def test_an_unknown_provider_is_nothing(app: Flask) -> None:
    assert app.test_client().get("/entrar/con/otra").status_code == 404
    assert app.test_client().get("/entrar/con/otra/vuelta?code=x&state=y").status_code == 404


def test_a_provider_that_is_not_there_is_a_sentence(
    home: Settings, cast: Cast, tmp_path: Path
) -> None:
    known = tmp_path / "gone.toml"
    known.write_text(
        f'[red]\nprofile = "keycloak"\naddress = "http://127.0.0.1:{free_port()}"\n'
        'client_id = "observe"\nclient_secret = "hush"\n',
        encoding="utf-8",
    )
    made = create_app(replace(home, oidc_file=known))
    client = made.test_client()
    assert client.get("/entrar/con/red").location == "/entrar"
    assert "no te dejó entrar" in client.get("/entrar").text
    made.extensions["observe"].database.engine.dispose()
