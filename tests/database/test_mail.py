"""Mail goes to a real server on this machine: encrypted, signed in, or refused with a sentence."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from observe import mail
from observe.errors import BadInputError
from observe.mail import Letter, MailError, RefusedError
from observe.settings import Settings, settings_from
from tests.mailbox import PASSWORD, USER, Certificates, Mailbox, serving
from tests.program import free_port

# The test's server takes TLS from the first byte for none, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
LETTER = Letter(
    "berta@escuela.test", "Hay algo para ti: ñandú", "Hola, Berta:\n\n.\nPunto.\n", "k1"
)
ACCOUNT = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    made = Certificates.made_in(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.trusted))
    return made


def named(home: Settings, url: str) -> Settings:
    return replace(home, smtp_url=url, mail_from="observe@escuela.test")


def send(settings: Settings, letter: Letter = LETTER) -> bool:
    with mail.connected(settings) as post:
        return post.send(letter)


def arrived(box: Mailbox, *, encrypted: bool) -> None:
    (letter,) = box.letters
    assert box.encrypted == [encrypted]
    assert (letter["To"], letter["Subject"]) == (LETTER.to, LETTER.subject)
    assert letter["From"] == "observe@escuela.test"
    assert letter["Message-ID"] == "<k1@escuela.test>"
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content() == LETTER.text


def test_a_letter_arrives_as_it_was_written(home: Settings) -> None:
    with serving() as box:
        assert send(named(home, f"smtp://localhost:{box.port}"))
        arrived(box, encrypted=False)


def test_with_tls_at_once_and_an_account(home: Settings, certificates: Certificates) -> None:
    with serving(tls=certificates.server, sign_in=True) as box:
        assert send(named(home, f"smtps://{ACCOUNT}localhost:{box.port}"))
        arrived(box, encrypted=True)


def test_with_starttls_and_an_account(home: Settings, certificates: Certificates) -> None:
    with serving(starttls=certificates.server, sign_in=True) as box:
        assert send(named(home, f"smtp://{ACCOUNT}localhost:{box.port}"))
        arrived(box, encrypted=True)


def test_a_wrong_password_is_told_and_never_repeated(
    home: Settings, certificates: Certificates
) -> None:
    with serving(tls=certificates.server, sign_in=True) as box:
        settings = named(home, f"smtps://ana:secreto@localhost:{box.port}")
        with pytest.raises(MailError, match="user and password") as refused:
            send(settings)
        assert box.letters == []
    for shown in (str(refused.value), repr(settings), repr(mail.server_of(settings))):
        assert "secreto" not in shown


def test_a_stranger_in_between_gets_nothing(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Certificates.made_in(tmp_path, "another.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.trusted))
    for how in ({"tls": other.server}, {"starttls": other.server}):
        scheme = "smtps" if "tls" in how else "smtp"
        with serving(**how, sign_in=True) as box:  # type: ignore[arg-type]
            with pytest.raises(MailError, match="certificate"):
                send(named(home, f"{scheme}://{ACCOUNT}localhost:{box.port}"))
            assert box.letters == []


def test_without_encryption_nothing_goes_beyond_this_machine(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = socket.getaddrinfo

    def elsewhere(host: str, *more: object, **named: object) -> object:
        return here("127.0.0.1" if host == "correo.test" else host, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    with serving() as box:
        with pytest.raises(MailError, match="no encryption"):
            send(named(home, f"smtp://correo.test:{box.port}"))
        assert box.letters == []


def test_one_address_that_is_refused_leaves_the_line_open(home: Settings) -> None:
    with serving() as box:
        box.refused = {LETTER.to}
        with mail.connected(named(home, f"smtp://localhost:{box.port}")) as post:
            with pytest.raises(RefusedError, match="550"):
                post.send(LETTER)
            box.answer = "554 spam"
            with pytest.raises(RefusedError, match="554"):
                post.send(replace(LETTER, to="celia@escuela.test"))
            box.answer = "250 OK"
            assert not post.send(replace(LETTER, to="nadie@escuela.test"), lambda: False)
            assert post.send(replace(LETTER, to="dora@escuela.test"))
        assert [letter["To"] for letter in box.letters] == ["dora@escuela.test"]


def test_an_address_with_a_ñ_arrives_where_the_server_knows_such(home: Settings) -> None:
    wide = replace(LETTER, to="peñailillo@escuela.test")
    with serving() as box:
        assert send(named(home, f"smtp://localhost:{box.port}"), wide)
        assert [letter["To"] for letter in box.letters] == [wide.to]
    with serving(wide=False) as box:
        with mail.connected(named(home, f"smtp://localhost:{box.port}")) as post:
            with pytest.raises(RefusedError):
                post.send(wide)
            assert post.send(LETTER)
        arrived(box, encrypted=False)


def test_a_password_that_cannot_be_sent_is_told(home: Settings, certificates: Certificates) -> None:
    with serving(tls=certificates.server, sign_in=True) as box:
        settings = named(home, f"smtps://ana:{quote('contraseña')}@localhost:{box.port}")
        with pytest.raises(MailError, match="no accents"):
            send(settings)


def test_a_server_that_is_not_there_is_told(home: Settings) -> None:
    with pytest.raises(MailError, match="does not answer"):
        send(named(home, f"smtp://localhost:{free_port()}"))


@pytest.mark.parametrize(
    "url", ["", "correo", "http://correo.test", "smtp://", "smtps://u:clave@correo.test:puerto"]
)
def test_what_is_no_server_is_told_without_its_password(home: Settings, url: str) -> None:
    with pytest.raises(BadInputError) as refused:
        mail.server_of(named(home, url))
    assert "clave" not in str(refused.value).replace("usuario:clave", "")


def test_the_settings_name_the_server() -> None:
    told = {
        "OBSERVE_HOME": "/casa",
        "OBSERVE_SMTP_URL": f"smtps://{ACCOUNT}correo.test",
        "OBSERVE_URL": "https://observe.test/",
        "OBSERVE_FEEDBACK_DAYS": "15",
    }
    settings = settings_from(told)
    assert (settings.public_url, settings.feedback_days) == ("https://observe.test", 15)
    server = mail.server_of(settings)
    assert (server.host, server.port, server.tls_at_once) == ("correo.test", 465, True)
    assert (server.user, server.password) == (USER, PASSWORD)
    assert mail.sender_of(settings) == USER
    assert mail.sender_of(replace(settings, mail_from="o@x.test")) == "o@x.test"
    nobody = replace(settings, smtp_url="smtps://correo.test", mail_from="nadie")
    with pytest.raises(BadInputError, match="OBSERVE_MAIL_FROM"):
        mail.sender_of(nobody)
    assert settings_from({"OBSERVE_FEEDBACK_DAYS": "pronto"}).feedback_days == 10
