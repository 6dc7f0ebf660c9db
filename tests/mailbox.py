"""A real mail server on this machine: it keeps what it is given, and can be told to refuse."""

from __future__ import annotations

import email.policy
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.program import free_port

USER, PASSWORD = "ana@escuela.test", "cl@ve: %/1"


@dataclass
class Mailbox:
    """What the server got. `on` is called at a stage: `EHLO`, `RCPT` or `DATA` (taken, unsaid)."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    answer: str = "250 OK"
    on: Callable[[str], None] = lambda _stage: None

    async def handle_EHLO(  # noqa: N802  # the server's names
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet."""
        session.host_name = hostname
        self.on("EHLO")
        return responses

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take an address, or not."""
        self.on("RCPT")
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a letter."""
        if self.answer.startswith("250"):
            parser = BytesParser(EmailMessage, policy=email.policy.default)
            self.letters.append(parser.parsebytes(envelope.content.replace(b"\r\n", b"\n")))
            self.encrypted.append(bool(server.transport.get_extra_info("ssl_object")))
        self.on("DATA")
        return self.answer

    def texts(self) -> list[str]:
        """Return the words of every letter."""
        return [letter.get_content() for letter in self.letters]


@dataclass(frozen=True)
class Certificates:
    """A certificate of this machine, and the file that makes it trusted."""

    server: ssl.SSLContext
    trusted: Path

    @classmethod
    def made_in(cls, folder: Path, name: str = "localhost") -> Certificates:
        """Make them for the host `name`."""
        authority = trustme.CA()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        trusted = folder / "authority.pem"
        authority.cert_pem.write_to_path(trusted)
        return cls(context, trusted)


def _known(
    _server: object, _session: object, _envelope: object, _mechanism: str, data: object
) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == right, handled=False)


@contextmanager
def serving(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    sign_in: bool = False,
    wide: bool = True,
) -> Iterator[Mailbox]:
    """Serve on this machine: in clear, with TLS at once, or STARTTLS; perhaps ask who it is."""
    box = Mailbox(port=free_port())
    controller = Controller(
        box,
        hostname="localhost",
        port=box.port,
        enable_SMTPUTF8=wide,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        auth_required=sign_in,
        auth_require_tls=starttls is not None,
        authenticator=_known if sign_in else None,
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
