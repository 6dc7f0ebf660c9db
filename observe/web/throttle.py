"""Slowing down those who guess: counted in this process's memory."""

from __future__ import annotations

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from observe.people import signin
from observe.web import guards

limiter = Limiter(key_func=get_remote_address)


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
