"""Signing in by an account elsewhere (OpenID Connect): there, back, and tied to one's own account.

Authlib makes and checks what goes between: state, nonce, the code's proof (PKCE), the signature.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException

from observe.errors import BadInputError, ConflictError
from observe.people import outside
from observe.people.access import Action, not_found
from observe.people.providers import Provider, Told, read_providers, told_by
from observe.text import message
from observe.web import guards
from observe.web.guards import current_actor, local_path, optional_actor, permission, public
from observe.web.throttle import limiter
from observe.web.views.signin import enter
from observe.web.words import say

blueprint = Blueprint("outside", __name__)
log = structlog.get_logger(__name__)

SECONDS: Final = 10  # a provider that does not answer holds no thread for longer
TIES: Final = "ties"  # in the browser's signed cookie: for whom an account is to be tied
TARGET: Final = "going"
_EXTENSION: Final = "observe-providers"
_FAILURES: Final = (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError)


def install(app: Flask) -> None:
    """Make the providers of this home known to `app`.

    Raises:
        InvalidError: the file that names them cannot be used.
    """
    providers = read_providers(guards.home_of(app).settings.oidc_file)
    clients = OAuth(app)
    for provider in providers:
        clients.register(
            provider.key,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=provider.discovery or None,
            client_kwargs={
                "scope": provider.profile.scope,
                "code_challenge_method": "S256",
                "default_timeout": SECONDS,
            },
            **provider.profile.endpoints,
        )
    app.extensions[_EXTENSION] = ({each.key: each for each in providers}, clients)


@blueprint.app_template_global()
def providers() -> tuple[Provider, ...]:
    """Return the providers by which people may sign in here."""
    known: dict[str, Provider] = current_app.extensions[_EXTENSION][0]
    return tuple(known.values())


@blueprint.get("/entrar/con/<key>")
@public
@limiter.limit("20 per minute")
def begin(key: str) -> ResponseReturnValue:
    """Lead to the provider; the browser carries what its answer must fit."""
    provider = _provider(key)
    session.pop(TIES, None)
    session[TARGET] = local_path(request.args.get("siguiente"))
    try:
        return redirect(_way_to(provider))
    except _FAILURES as error:
        return _failed(provider, error)


@blueprint.get("/entrar/con/<key>/vuelta")
@public
@limiter.limit("20 per minute")
def back(key: str) -> ResponseReturnValue:
    """Take the provider's answer: sign in, or tie the account to the one who is signed in."""
    provider, ties, target = _provider(key), session.pop(TIES, None), session.pop(TARGET, None)
    try:
        told = told_by(provider, _claims(provider))
        return _tie(provider, told, ties) if ties else _enter(provider, told, target)
    except (BadInputError, ConflictError) as error:
        flash(say(error.message), "warning")
    except _FAILURES as error:
        return _failed(provider, error)
    return redirect(url("signin.account" if ties else "signin.form"))


def _enter(provider: Provider, told: Told, target: str | None) -> ResponseReturnValue:
    with guards.writing() as opened:
        hours = guards.home().settings.session_hours
        entered = outside.enter(opened, provider, told, hours=hours, device=guards.device())
    return enter(entered, target)


def _tie(provider: Provider, told: Told, ties: str) -> ResponseReturnValue:
    actor = optional_actor()
    if actor is None or str(actor.user_id) != ties:  # somebody else signed in meanwhile
        raise BadInputError(message("Your session has ended. Sign in again to go on."))
    with guards.writing() as opened:
        outside.tie(opened, provider, told, actor=actor)
    done = message("From now on you can sign in with %(provider)s.", provider=provider.label)
    flash(say(done), "done")
    return redirect(url("signin.account"))


# --- in one's own account -----------------------------------------------------------------------


@blueprint.post("/mi-cuenta/cuentas")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit("20 per hour")
def add() -> ResponseReturnValue:
    """Show the way to a provider whose account is to be tied to one's own.

    A link and no redirect: the policy of our pages lets forms lead to no other site.
    """
    provider = _provider(request.form.get("provider", ""))
    session[TIES] = str(current_actor().user_id)
    try:
        address = _way_to(provider)
    except _FAILURES as error:
        return _failed(provider, error)
    return render_template("signin/outside.html", provider=provider, address=address)


@blueprint.post("/mi-cuenta/cuentas/<uuid:account_id>/quitar")
@permission(Action.ACCOUNT_CHANGE)
def take_away(account_id: UUID) -> ResponseReturnValue:
    """Let one's account be entered no more by an account elsewhere."""
    with guards.writing() as opened:
        outside.untie(opened, account_id, actor=current_actor())
    flash(say(message("That account does not sign you in any more.")), "done")
    return redirect(url("signin.account"))


# --- the provider -------------------------------------------------------------------------------


def _provider(key: str) -> Provider:
    known: dict[str, Provider] = current_app.extensions[_EXTENSION][0]
    if key not in known:
        raise not_found()
    return known[key]


def _client(provider: Provider) -> Any:  # noqa: ANN401  # Authlib's, untyped
    return current_app.extensions[_EXTENSION][1].create_client(provider.key)


def _way_to(provider: Provider) -> str:
    """Return where to send the browser, which keeps what the answer must fit."""
    client, here = _client(provider), _here(provider)
    way = client.create_authorization_url(here)
    client.save_authorize_data(redirect_uri=here, **way)
    return str(way["url"])


def _claims(provider: Provider) -> dict[str, object]:
    client = _client(provider)
    token = client.authorize_access_token(
        claims_options={
            "iss": {"essential": True, "values": [client.load_server_metadata()["issuer"]]},
            "aud": {"essential": True, "values": [provider.client_id]},
            "sub": {"essential": True},
        }
    )
    return dict(token["userinfo"])


def _here(provider: Provider) -> str:
    path = url("outside.back", key=provider.key)
    return (guards.home().settings.public_url or request.host_url.rstrip("/")) + path


def _failed(provider: Provider, error: Exception) -> ResponseReturnValue:
    """Say that it did not work; the log learns of what kind the failure was, and no address."""
    log.warning("sign-in elsewhere failed", provider=provider.key, failure=type(error).__name__)
    told = message(
        "%(provider)s did not let you in. Try again, or sign in another way.",
        provider=provider.label,
    )
    flash(say(told), "warning")
    return redirect(url("signin.form"))
