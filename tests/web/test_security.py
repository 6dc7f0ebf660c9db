"""What keeps strangers out: host, forged requests, headers, and answers that tell nothing."""

from __future__ import annotations

import re

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from observe.db import Database
from observe.people import signin
from observe.people.access import Action
from observe.people.models import Role, User
from observe.settings import Settings
from observe.web import create_app
from observe.web.assets import STATIC
from observe.web.guards import local_path, permission
from tests import factories
from tests.factories import Cast
from tests.web.conftest import OWN_APP, ClientFor

TEMPLATES = STATIC.parent / "templates"


@pytest.mark.parametrize("host", ["evil.test", "evil.test:5000", "127.0.0.1.evil.test", "10.0.0.1"])
def test_another_name_for_this_laptop_is_refused(app: Flask, cast: Cast, host: str) -> None:
    answer = app.test_client().get("/entrar", headers={"Host": host})
    assert answer.status_code == 400
    assert "Abre la dirección que mostró el programa" in answer.text
    assert host not in answer.text


def test_a_hub_that_knows_its_name_answers_to_no_other(home: Settings, cast: Cast) -> None:
    """Links that are handed out repeat the name by which the page was asked for."""
    hub = create_app(Settings(home=home.home, mode="hub", public_url="https://observe.test"))
    asked = [
        hub.test_client().get("/entrar", headers={"Host": host}).status_code
        for host in ("observe.test", "127.0.0.1:5000", "evil.test", "observe.test.evil.test")
    ]
    assert asked == [200, 200, 400, 400]
    hub.extensions["observe"].database.engine.dispose()


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost", "localhost:5001", "[::1]:5000"])
def test_its_own_names_work(app: Flask, host: str) -> None:
    assert app.test_client().get("/entrar", headers={"Host": host}).status_code == 200


def test_headers_are_on_every_answer(app: Flask, client_for: ClientFor, cast: Cast) -> None:
    client = client_for(cast.observer)
    for path in ("/videoteca", "/entrar", "/no-existe", "/assets/x/css/base.css"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"] == (
            "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
            "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
    assert client.get("/videoteca").headers["Cache-Control"] == "private, no-store"


def test_templates_need_no_exception_from_the_policy() -> None:
    """No inline script, style or handler: the policy would stop it, so it must not be written."""
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        markup = re.sub(r"{[{%#].*?[}%#]}", "", text, flags=re.DOTALL)
        assert not re.search(r"\s(style|on[a-z]+)=", markup), path
        assert "<style" not in text, path
        for attributes in re.findall(r"<script([^>]*)>", text):
            assert "src=" in attributes or "application/json" in attributes, path
        assert not re.search(r'(src|href|action)="(https?:)?//', text), path
        assert "|safe" not in text, path


def test_the_cookie_is_not_for_scripts_nor_for_other_sites(
    app: Flask, client_for: ClientFor, cast: Cast
) -> None:
    client = client_for(cast.observer)
    cookie = client.post("/idioma", data={"locale": "en"}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_at_a_hub_the_cookie_is_only_for_encrypted_lines(home: Settings, cast: Cast) -> None:
    hub = create_app(Settings(home=home.home, mode="hub"))
    answer = hub.test_client().get("/entrar", headers={"Host": "observe.test"})
    assert answer.status_code == 200
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Set-Cookie"].startswith("__Host-observe=")
    assert "Path=/" in answer.headers["Set-Cookie"]
    assert "Domain" not in answer.headers["Set-Cookie"]
    hub.extensions["observe"].database.engine.dispose()


# --- forged requests ------------------------------------------------------------------------------


def test_a_request_without_the_token_changes_nothing(
    app: Flask, client_for: ClientFor, cast: Cast, database: Database
) -> None:
    client = client_for(cast.observer)
    client.token = ""  # type: ignore[attr-defined]
    answer = client.post("/idioma", data={"locale": "en", "siguiente": "/x"})
    assert answer.status_code == 400
    with database.read() as session:
        assert session.get_one(User, cast.observer.user_id).locale is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost:6000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_another_site_sends_is_not_even_given_back(
    client_for: ClientFor, cast: Cast, headers: dict[str, str]
) -> None:
    client = client_for(cast.observer)
    answer = client.post("/idioma", data={"locale": "en", "note": "plantado"}, headers=headers)
    assert answer.status_code == 403
    assert "plantado" not in answer.text
    assert "Set-Cookie" not in answer.headers
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/idioma", data={"locale": "en"}, headers=own).status_code == 302


def test_the_token_of_another_session_does_not_do(client_for: ClientFor, cast: Cast) -> None:
    mine, hers = client_for(cast.observer), client_for(cast.educator)
    mine.token = hers.token  # type: ignore[attr-defined]
    assert mine.post("/idioma", data={"locale": "en"}).status_code == 400


def test_a_script_of_a_page_from_before_gets_the_token_of_this_session(
    client_for: ClientFor, cast: Cast
) -> None:
    client = client_for(cast.observer)
    client.token = ""  # type: ignore[attr-defined]
    refused = client.post("/idioma", data={"locale": "en"}, headers=JSON)
    assert refused.status_code == 400
    told = refused.get_json()
    assert told["user"] == str(cast.observer.user_id)
    client.token = told["csrf_token"]  # type: ignore[attr-defined]
    assert client.post("/idioma", data={"locale": "en"}).status_code == 302
    assert "csrf_token" not in client.get("/no-existe", headers=JSON).get_json()


def test_every_form_that_changes_something_carries_a_token() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for form in re.findall(r'<form\b[^>]*method="post".*?</form>', text, re.DOTALL):
            assert "csrf" in form, path


def test_what_was_typed_survives_a_refusal(client_for: ClientFor, cast: Cast) -> None:
    client = client_for(cast.observer)
    client.token = ""  # type: ignore[attr-defined]
    written = 'Dijo: "¿por qué?" <script>alert(1)</script>'
    answer = client.post("/mi-cuenta/clave", data={"note": written, "new_password": "secretísima"})
    assert answer.status_code == 400
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert "secretísima" not in answer.text
    assert "Enviar otra vez" in answer.text


def test_a_session_that_ended_gives_the_text_back(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    client.get("/entrar")
    answer = client.post("/videos/nuevo", data={"subject": "Ciencias"}, headers=HTML)
    assert answer.status_code == 401
    assert "Ciencias" in answer.text
    assert 'href="/entrar"' in answer.text
    assert 'action="/videos/nuevo"' in answer.text


HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


def test_scripts_are_answered_in_json(app: Flask, client_for: ClientFor, cast: Cast) -> None:
    client = client_for(cast.observer)
    missing = client.get("/no-existe", headers=JSON)
    assert missing.status_code == 404
    assert set(missing.get_json()) == {"error", "problems"}
    signed_out = app.test_client().get("/videoteca/avance", headers=JSON)
    assert signed_out.status_code == 401
    assert signed_out.get_json()["error"].startswith("Tu sesión terminó")


def test_wrong_methods_and_too_large_requests_are_sentences(
    client_for: ClientFor, cast: Cast
) -> None:
    client = client_for(cast.observer)
    wrong = client.delete("/videoteca")
    assert wrong.status_code == 405
    assert "no se usa de esa manera" in wrong.text
    large = client.post("/idioma", data={"locale": "x" * 10_000_000})
    assert large.status_code == 413
    assert "demasiado grande" in large.text


def test_names_are_text_wherever_they_are_shown(
    app: Flask, client_for: ClientFor, database: Database, cast: Cast
) -> None:
    evil = "<img src=x onerror=alert(1)>{{ 7*7 }}</script>"
    with database.write() as session:
        person = factories.person(session, "Eva", Role.EDUCATOR, cast.school)
        session.get_one(User, person.user_id).name = evil
    for actor, path in (
        (cast.administrator, "/personas"),
        (cast.observer, "/videos/nuevo"),
        (person, "/mi-cuenta"),
    ):
        page = client_for(actor).get(path).text
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}" in page


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/videoteca?turno=mine", True),
        ("/", True),
        ("//evil.test", False),
        ("/\\evil.test", False),
        ("https://evil.test", False),
        ("javascript:alert(1)", False),
        ("/a\r\nSet-Cookie: x=1", False),
        ("", False),
        (None, False),
    ],
)
def test_only_paths_of_this_site_are_followed(target: str | None, kept: bool) -> None:
    assert (local_path(target) == target) is (kept or target is None)


# --- assets ---------------------------------------------------------------------------------------


def test_assets_are_kept_for_ever_under_the_address_of_their_content(
    client: FlaskClient,
) -> None:
    page = client.get("/entrar").text
    (address,) = re.findall(r'href="(/assets/\w+/css/base\.css)"', page)
    answer = client.get(address)
    assert answer.mimetype == "text/css"
    assert "immutable" in answer.headers["Cache-Control"]
    old = client.get("/assets/0000/css/base.css")
    assert old.headers["Cache-Control"] == "no-cache"
    script = client.get(address.replace("css/base.css", "js/text.js"))
    assert script.mimetype == "text/javascript"


@pytest.mark.parametrize(
    "path", ["../__init__.py", "%2e%2e/__init__.py", "js", "x.css", "%2Fetc/passwd"]
)
def test_assets_never_leave_their_folder(client: FlaskClient, path: str) -> None:
    assert client.get(f"/assets/x/{path}", follow_redirects=True).status_code == 404


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_pages_weigh_little() -> None:
    """Budgets of a cheap laptop: 30 KB of script and 15 KB of style, compressed, for our pages."""
    import gzip

    def weight(folder: str, names: tuple[str, ...]) -> int:
        return sum(len(gzip.compress((STATIC / folder / name).read_bytes())) for name in names)

    everywhere = ("base.js", "text.js", "http.js", "journal.js", "recovery.js")
    assert weight("js", (*everywhere, "upload.js", "library.js")) < 30_000
    assert weight("css", ("tokens.css", "base.css", "library.css")) < 15_000


def test_no_third_party_is_asked_for_anything() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in (".js", ".css"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(import|url\()\s*[\"']?(https?:)?//", text), path


def test_the_log_names_views_and_no_secrets(app: Flask, database: Database, cast: Cast) -> None:
    with database.write() as session:
        secret = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
    client = app.test_client()
    with structlog.testing.capture_logs() as lines:
        answer = client.get(f"/entrar/enlace/{secret}")
        client.post(f"/entrar/enlace/{secret}")
        client.get("/assets/x/css/base.css")
    told = [(line["method"], line["view"], line["status"]) for line in lines]
    assert told == [("GET", "signin.link", 200), ("POST", "signin.use_link", 302)]
    assert secret not in str(lines)
    assert "Ana" not in str(lines)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])


@OWN_APP
def test_an_error_of_ours_is_a_sentence_and_its_log_names_no_address(
    app: Flask, client_for: ClientFor, cast: Cast
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def broken(secret: str) -> str:
        raise RuntimeError("broken")

    app.add_url_rule("/roto/<secret>", "broken", permission(Action.HOME_SEE)(broken))
    client = client_for(cast.observer)
    with structlog.testing.capture_logs() as lines:
        answer = client.get("/roto/abracadabra")
    assert answer.status_code == 500
    assert "Lo guardado está a salvo" in answer.text
    assert lines[0]["event"] == "request failed"
    assert "abracadabra" not in str(lines)
