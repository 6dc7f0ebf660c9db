"""Addresses of films: signed for one session and for minutes, renewed for who may watch.

A view asks first whether this person may watch; then an address that is not signed, or not any
more, leads to one that is. A player follows without a pause, and asks again after each part, so a
film plays on for hours; an address that was copied away opens nothing for anybody else.
"""

from __future__ import annotations

import hmac
import time
from typing import Final
from urllib.parse import urlencode

from flask import Response, current_app, redirect, request
from itsdangerous import Signer

from observe.web.forms import whole
from observe.web.guards import current_session

SECONDS: Final = 600  # it lasts this long at least, and twice this at most
AS_PAGE: Final = frozenset({"document", "iframe", "frame", "embed", "object"})
_SALT: Final = "film"


def holds() -> bool:
    """Tell whether the address of this request was signed for this session, a short while ago."""
    until, signature = request.args.get("hasta", ""), request.args.get("firma", "")
    if (whole(until) or 0) <= time.time():
        return False
    return hmac.compare_digest(_signature(until).encode(), signature.encode())


def asked_as_page() -> bool:
    """Tell whether a browser wants to show the film by itself, without the page it belongs to.

    There nothing would lie over it that says who watches.
    """
    return request.headers.get("Sec-Fetch-Dest") in AS_PAGE


def renewed() -> Response:
    """Lead to the same film by an address that is signed.

    All addresses of one stretch of time are the same, so that a browser keeps what it has.
    """
    until = str((int(time.time()) // SECONDS + 2) * SECONDS)
    query = urlencode({"hasta": until, "firma": _signature(until)})
    answer = redirect(f"{request.path}?{query}", 307)
    answer.headers["Cache-Control"] = "private, no-store"
    return current_app.make_response(answer)


def _signature(until: str) -> str:
    row = current_session()
    signer = Signer(str(current_app.secret_key), salt=_SALT)
    return signer.get_signature(f"{request.path}|{row.id if row else ''}|{until}").decode()
