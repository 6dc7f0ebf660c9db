"""Who may come in: each view names its permission, and one that names none is refused.

The guard here is the outer door. It knows the person and whether any thing could exist on which
the action is hers; whether *this* thing is, the operation behind the view decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
import structlog
from flask import Flask, Response, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.orm import Session

from observe.db import Database
from observe.db import today as today
from observe.errors import BadInputError, NotAllowedError, ObserveError
from observe.people import signin
from observe.people.access import RUBRICS, Action, Actor, Thing, actor_of, can, not_found
from observe.people.devices import device_of
from observe.people.models import Role, SignInSession, User
from observe.settings import Settings
from observe.text import message
from observe.vault import Vault, open_vault
from observe.video.store import Store

COOKIE_KEY: Final = "sign_in"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What a person can do before she has shown the second step that this home asks of her.
OPEN_WITHOUT_SECOND_STEP: Final = frozenset({Action.HOME_SEE, Action.ACCOUNT_CHANGE})
OWN_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})

View = TypeVar("View", bound=Callable[..., Any])


class SignedOutError(ObserveError):
    """Nobody is signed in, or the session has ended."""

    status = 401


@dataclass(frozen=True)
class Home:
    """What every view works with."""

    settings: Settings
    database: Database
    store: Store

    @property
    def vault(self) -> Vault:
        """What seals and opens for this home."""
        return open_vault(self.settings)


def permission(action: Action) -> Callable[[View], View]:
    """Mark a view as one way to do `action`."""

    def mark(view: View) -> View:
        view.permission = action  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as open to people who are not signed in."""
    view.public = True  # type: ignore[attr-defined]
    return view


def home() -> Home:
    """Return what this application serves."""
    return home_of(current_app)


def home_of(app: Flask) -> Home:
    """Return what `app` serves."""
    found: Home = app.extensions["observe"]
    return found


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session that only reads."""
    with home().database.read() as opened:
        yield opened


@contextmanager
def writing() -> Iterator[Session]:
    """Open a transaction that commits when the block ends and changes nothing when it raises."""
    with home().database.write() as opened:
        yield opened


def current_user() -> User | None:
    """Return the person signed in, or None. Read once a request."""
    if "user" not in g:
        row = current_session()
        g.user = row.user if row else None
    user: User | None = g.user
    return user


def current_session() -> SignInSession | None:
    """Return the session of this browser, or None. Read once a request."""
    if "session_row" not in g:
        secret = session.get(COOKIE_KEY)
        g.session_row = None
        if secret:
            with reading() as opened:
                g.session_row = signin.session_row(opened, secret)
            _note_that_it_is_used(g.session_row)
    row: SignInSession | None = g.session_row
    return row


def _note_that_it_is_used(row: SignInSession | None) -> None:
    if row is None or not signin.seen_long_ago(row):
        return
    try:
        with writing() as opened:
            signin.seen(opened, row.id)
    except sa.exc.OperationalError:  # another writes for long: the next request notes it
        structlog.get_logger().info("session use not noted")


def current_actor() -> Actor:
    """Return the person signed in, as the one who acts.

    Raises:
        SignedOutError: nobody is.
    """
    actor = optional_actor()
    if actor is None:
        raise SignedOutError(message("Your session has ended. Sign in again to go on."))
    return actor


def optional_actor() -> Actor | None:
    """Return the person signed in as the one who acts, or None."""
    if "actor" not in g:
        user = current_user()
        g.actor = actor_of(user, today()) if user else None
    actor: Actor | None = g.actor
    return actor


def secret() -> str:
    """Return the secret of this browser's session; empty where there is none."""
    kept: str = session.get(COOKIE_KEY) or ""
    return kept


def device() -> str:
    """Return what this browser tells of itself, in two words."""
    return device_of(request.headers.get("User-Agent", ""))


def could(actor: Actor, action: Action) -> bool:
    """Tell whether there may be a thing on which `actor` may do `action`."""
    schools = {standing.school_id for standing in actor.standings if standing.school_id}
    places = [frozenset[UUID](), *(frozenset({school}) for school in schools)]
    things = (*(_nearest(actor, place) for place in places), RUBRICS)
    return any(can(actor, action, thing) for thing in things)


def _nearest(actor: Actor, school_ids: frozenset[UUID]) -> Thing:
    return Thing(
        "any",
        school_ids=school_ids,
        observer_id=actor.user_id,
        educator_id=actor.user_id,
        user_id=actor.user_id,
        visitor_ids=frozenset({actor.user_id}),
    )


def local_path(target: str | None) -> str | None:
    """Return `target` when it is a path of this site, so that no link can lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    parts = urlsplit(target)
    odd = any(ord(letter) < 0x20 or letter == "\\" for letter in target)
    return None if odd or parts.scheme or parts.netloc else target


def wants_json() -> bool:
    """Tell whether the request came from a script that expects JSON."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return request.is_json or best == "application/json"


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Put the guard before every view of `app`."""
    app.before_request(_check_host)
    app.before_request(_check_origin)
    app.before_request(_check_view)

    @app.before_request
    def _check_csrf() -> None:
        if request.endpoint and request.method not in SAFE_METHODS:
            csrf.protect()


def _check_host() -> None:
    """Refuse a foreign name: one made to point at this laptop, or one that links would repeat."""
    settings = home().settings
    public = urlsplit(settings.public_url).hostname
    if settings.mode != "laptop" and public is None:
        return
    name = urlsplit(f"//{request.host}").hostname
    if name not in OWN_HOSTS and (settings.mode == "laptop" or name != public):
        raise BadInputError(
            message("This address is not this laptop's. Open the address that the program printed.")
        )


def _check_origin() -> ResponseReturnValue | None:
    """Refuse what another site sends in a person's name, without giving it back to be sent again.

    Nothing of the answer touches her session, which such a request comes without.
    """
    if request.method in SAFE_METHODS:
        return None
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if not foreign and site in (None, "same-origin", "none"):
        return None
    told = message("This came from another site, so nothing was done.")
    language = home().settings.locale
    return Response(told.in_language(language), 403, mimetype="text/plain")


def _check_view() -> ResponseReturnValue | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "public", False):
        return None
    action: Action | None = getattr(view, "permission", None)
    if action is None:
        raise not_found()
    if optional_actor() is None and request.method in SAFE_METHODS and not wants_json():
        return redirect(url_for("signin.form", siguiente=request.full_path.rstrip("?")))
    if not could(current_actor(), action):
        raise not_found()
    if owes_second_step() and action not in OPEN_WITHOUT_SECOND_STEP:
        return _ask_for_second_step()
    return None


def owes_second_step() -> bool:
    """Tell whether this home asks this person for a second step that her session has not shown."""
    actor, row = optional_actor(), current_session()
    asked = home().settings.second_step == "administrators"
    if actor is None or row is None or not (asked and actor.has(Role.ADMINISTRATOR)):
        return False
    return row.second_at is None


def _ask_for_second_step() -> ResponseReturnValue:
    if request.method in SAFE_METHODS and not wants_json():
        return redirect(url_for("second_step.account"))
    raise NotAllowedError(
        message("Your service asks administrators for a second step. Set it up in «My account».")
    )
