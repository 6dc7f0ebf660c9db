"""Mail: one connection to the server that the settings name, encrypted, and plain letters on it.

Without a server nothing is sent, and nothing of the program needs it. A letter goes out at most
once: its sender claims it in the last moment before the server is given its text, so that a
process killed anywhere leaves it either to be sent again or sent.
"""

from __future__ import annotations

import email.policy
import ipaddress
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from observe.db import now
from observe.errors import BadInputError, ObserveError
from observe.settings import Settings
from observe.text import message

SECONDS: Final = 20.0  # how long the server may be silent
PORTS: Final = {"smtp": 587, "smtps": 465}


class MailError(ObserveError):
    """The mail server cannot be used; whether it took the letter may not be known."""


class RefusedError(MailError):
    """The server answered that it does not take this letter."""


@dataclass(frozen=True)
class Server:
    """Where mail is given, and as whom."""

    host: str
    port: int
    tls_at_once: bool  # else STARTTLS
    user: str
    password: str = field(repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, so that nobody can listen in between."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True)
class Letter:
    """A plain letter to one person. `key` names it: a letter with the same key is the same one."""

    to: str
    subject: str
    text: str
    key: str


def is_set_up(settings: Settings) -> bool:
    """Tell whether a mail server is named."""
    return bool(settings.smtp_url)


def server_of(settings: Settings) -> Server:
    """Return the server of `OBSERVE_SMTP_URL`, such as smtps://user:password@host:465.

    Raises:
        BadInputError: it is no such address. What it says is not repeated: it holds a password.
    """
    wrong = message(
        "OBSERVE_SMTP_URL is no mail server. Write it like smtps://user:password@host:465"
    )
    try:
        parts = urlsplit(settings.smtp_url)
        port = parts.port
    except ValueError as error:
        raise BadInputError(wrong) from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadInputError(wrong)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    tls = parts.scheme == "smtps"
    return Server(parts.hostname, port or PORTS[parts.scheme], tls, user, password)


def sender_of(settings: Settings) -> str:
    """Return the address that letters come from; without one set, the account's.

    Raises:
        BadInputError: neither is an address.
    """
    for address in (settings.mail_from, server_of(settings).user):
        if "@" in address and not any(letter.isspace() for letter in address):
            return address
    raise BadInputError(message("Set OBSERVE_MAIL_FROM: the address that letters come from."))


class Post:
    """An open connection to the mail server."""

    def __init__(self, smtp: smtplib.SMTP, sender: str) -> None:
        self._smtp, self._sender = smtp, sender

    def send(self, letter: Letter, claim: Callable[[], bool] = lambda: True) -> bool:
        """Give a letter to the server, unless `claim`, asked in the last moment, is refused.

        Raises:
            RefusedError: the server does not take it; nothing was sent.
            MailError: the connection broke; when after `claim`, it may have been sent.
        """
        wide = not (letter.to.isascii() and self._sender.isascii())  # a ñ before the @
        with _told():
            if wide and not self._smtp.has_extn("smtputf8"):
                raise smtplib.SMTPResponseException(550, "address")
            content = _written(letter, self._sender, wide=wide).as_bytes()
            try:
                _accepted(self._smtp.mail(self._sender, ["SMTPUTF8"] if wide else ()))
                _accepted(self._smtp.rcpt(letter.to))
                claimed = claim()
                if claimed:
                    _accepted(self._smtp.data(content))
            except smtplib.SMTPResponseException:
                self._smtp.rset()  # the next letter begins anew
                raise
            if not claimed:
                self._smtp.rset()
        return claimed


def _accepted(answer: tuple[int, bytes]) -> None:
    code, words = answer
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, words)


@contextmanager
def connected(settings: Settings) -> Iterator[Post]:
    """Open a connection to the mail server and sign in, if it asks for that.

    Raises:
        BadInputError: the settings name no server or no sender.
        MailError: it does not answer, cannot be trusted, or does not know us.
    """
    server, sender = server_of(settings), sender_of(settings)
    with _told():
        smtp = _open(server)
    try:
        with _told():
            _sign_in(smtp, server)
        yield Post(smtp, sender)
    finally:
        _leave(smtp)


def _open(server: Server) -> smtplib.SMTP:
    if server.tls_at_once:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=SECONDS)


def _sign_in(smtp: smtplib.SMTP, server: Server) -> None:
    smtp.ehlo_or_helo_if_needed()
    if not server.tls_at_once and smtp.has_extn("starttls"):
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo()
    elif not server.tls_at_once and not server.is_local:
        raise MailError(
            message("The mail server offers no encryption, so nothing is given to it: smtps://…")
        )
    if server.user:
        smtp.login(server.user, server.password)


def _leave(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()


@contextmanager
def _told() -> Iterator[None]:
    """Tell what goes wrong in a sentence; the server's own words are not for people."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise MailError(
            message("User and password of the mail server may have no accents and no ñ.")
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(
            message("The mail server does not accept the user and password of OBSERVE_SMTP_URL.")
        ) from error
    except smtplib.SMTPResponseException as error:
        told = message("The mail server refused it (%(code)s).", code=error.smtp_code)
        raise RefusedError(told) from error
    except ssl.SSLError as error:
        raise MailError(
            message("The mail server's certificate cannot be trusted. Look at its name and port.")
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        told = message("The mail server does not answer (%(error)s).", error=type(error).__name__)
        raise MailError(told) from error


def _written(letter: Letter, sender: str, *, wide: bool) -> EmailMessage:
    """Return a letter as it is sent; one key gives one message id, by which programs know it."""
    written = EmailMessage(policy=email.policy.SMTPUTF8 if wide else email.policy.SMTP)
    written["From"], written["To"], written["Subject"] = sender, letter.to, letter.subject
    written["Date"] = format_datetime(now())
    written["Message-ID"] = f"<{letter.key}@{sender.rpartition('@')[2]}>"
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(letter.text, cte="quoted-printable")
    return written
