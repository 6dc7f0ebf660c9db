"""Slowing down those who guess: counted in this process's memory."""

from __future__ import annotations

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address)


def account() -> str:
    """Return the key that counts attempts on one account, whatever computer they come from."""
    return "account:" + request.form.get("email", "").strip().casefold()
