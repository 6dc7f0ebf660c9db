"""Slowing down those who guess: counted in the home, so in all of its processes and for good."""

from __future__ import annotations

import hashlib
import hmac
from typing import ClassVar

import sqlalchemy as sa
from flask import current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits.storage import Storage

from observe.db import now
from observe.people import attempts, signin
from observe.web import guards

limiter = Limiter(key_func=get_remote_address)


class InTheHome(Storage):
    """Where Flask-Limiter counts: the database of the home that is asked."""

    STORAGE_SCHEME: ClassVar[list[str] | None] = ["home"]  # type: ignore[misc]

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong in it."""
        return sa.exc.SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` attempts; return how many there are until `expiry` seconds are over."""
        with guards.writing() as opened:
            return attempts.count(opened, _name(key), seconds=expiry, by=amount, at=now())

    def get(self, key: str) -> int:
        """Return how many attempts count now."""
        with guards.reading() as opened:
            return attempts.standing(opened, _name(key), at=now())[0]

    def get_expiry(self, key: str) -> float:
        """Return the moment until which they count."""
        with guards.reading() as opened:
            return attempts.standing(opened, _name(key), at=now())[1].timestamp()

    def check(self) -> bool:
        """Tell that it is there: without the home there would be no request."""
        return True

    def reset(self) -> int | None:
        """Forget all."""
        with guards.writing() as opened:
            return attempts.forget(opened)

    def clear(self, key: str) -> None:
        """Forget what was counted of `key`."""
        with guards.writing() as opened:
            attempts.forget(opened, _name(key))


def _name(key: str) -> str:
    """Return how a key is kept: no address of a computer or an account can be read from it."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()


def account() -> str:
    """Return the key that counts attempts on one account, whatever computer they come from."""
    return "account:" + request.form.get("email", "").strip().casefold()


def person() -> str:
    """Return the key that counts attempts of one person, in whatever session; else of a computer.

    Who knows her password could open a new session for each handful of codes.
    """
    with guards.reading() as opened:
        secret = guards.secret()
        row = signin.session_row(opened, secret) or signin.session_row(opened, secret, waiting=True)
    return f"person:{row.user_id}" if row else f"computer:{get_remote_address()}"
