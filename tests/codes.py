"""A phone that shows codes: what a person has who set up a second step."""

from __future__ import annotations

import time

import pyotp

from observe.db import Database
from observe.people import second_step
from observe.people.access import Actor
from observe.vault import Vault


class Phone:
    """A program of codes; each is taken once, so it shows that of the next moment each time."""

    def __init__(self, secret: str) -> None:
        self._codes = pyotp.TOTP(secret)
        self._moment = time.time()

    def code(self) -> str:
        """Return a code that was not shown before; two of them fit into one moment."""
        shown = self._codes.at(int(self._moment))
        self._moment += 30
        return shown


def with_phone(
    database: Database, vault: Vault, actor: Actor, *, secret: str = ""
) -> tuple[Phone, tuple[str, ...]]:
    """Set up a second step for a person; return her phone and her codes on paper."""
    with database.write() as session:
        second_step.begin_app(session, vault, actor.user_id, actor=actor)
        offered = second_step.offered(session, vault, actor.user_id, actor=actor)
        assert offered is not None
        phone = Phone(offered.secret)
        codes = second_step.confirm_app(
            session, vault, actor.user_id, phone.code(), secret=secret, actor=actor
        )
    return phone, codes
