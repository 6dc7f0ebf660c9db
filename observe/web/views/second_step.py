"""The second step: asked for on the way in, and set up in one's own account."""

from __future__ import annotations

import base64
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import StringField

from observe.errors import BadInputError
from observe.people import second_step, security_keys, signin
from observe.people.access import Action, not_found
from observe.people.security_keys import Asked, Site, site_at
from observe.text import Message, message
from observe.web import guards, qr
from observe.web.forms import Form, at_most, needed, sent_json
from observe.web.guards import current_actor, local_path, permission, public
from observe.web.throttle import limiter, person
from observe.web.views.signin import enter
from observe.web.words import say

blueprint = Blueprint("second_step", __name__)

CHALLENGE: Final = "challenge"  # in the browser's signed cookie, until it is answered
GUESSES: Final = "6 per minute; 30 per hour; 100 per day"


class CodeForm(Form):
    """A code of the program, or one on paper."""

    code = StringField(validators=[needed(), at_most(40)])


class AnyCodeForm(Form):
    """A code where one may be asked for."""

    code = StringField(validators=[at_most(40)])


# --- on the way in ------------------------------------------------------------------------------


@blueprint.get("/entrar/segundo-paso")
@public
def form() -> ResponseReturnValue:
    """Ask for the second step."""
    return _form_page(CodeForm(), 200)


@blueprint.post("/entrar/segundo-paso")
@public
@limiter.limit(GUESSES, key_func=person)
def show_code() -> ResponseReturnValue:
    """Take a code and let her in."""
    filled = CodeForm()
    if not filled.validate():
        return _form_page(filled, 400)
    try:
        with guards.writing() as opened:
            entered = second_step.enter_with_code(
                opened,
                guards.home().vault,
                guards.secret(),
                filled.code.data,
                hours=guards.home().settings.session_hours,
            )
    except BadInputError as error:
        filled.refuse("code", error.message)
        return _form_page(filled, 400)
    return enter(entered)


def _form_page(filled: CodeForm, status: int) -> ResponseReturnValue:
    target = local_path(request.values.get("siguiente"))
    with guards.reading() as opened:
        waiting = signin.session_row(opened, guards.secret(), waiting=True)
    if waiting is None:
        return redirect(url("signin.form", siguiente=target))
    page = render_template(
        "signin/second_step.html",
        form=filled,
        target=target,
        name=waiting.user.name,
        with_key=_site() is not None,
    )
    return page, status


@blueprint.post("/entrar/segundo-paso/llave/desafio")
@public
@limiter.limit("20 per minute", key_func=person)
def ask_for_key() -> ResponseReturnValue:
    """Say what the browser is to ask of the key."""
    site = _needed_site()
    with guards.reading() as opened:
        asked = security_keys.ask(opened, site, guards.secret())
    return _remembered(asked)


@blueprint.post("/entrar/segundo-paso/llave")
@public
@limiter.limit(GUESSES, key_func=person)
def show_key() -> ResponseReturnValue:
    """Take a key's answer and let her in."""
    site, challenge, answer = _needed_site(), _challenge(), _answer()
    with guards.writing() as opened:
        entered = security_keys.enter(
            opened,
            site,
            challenge,
            answer,
            secret=guards.secret(),
            hours=guards.home().settings.session_hours,
        )
    going = local_path(request.args.get("siguiente")) or url("signin.home")
    enter(entered)
    return jsonify(next=going)


# --- in one's own account -----------------------------------------------------------------------


@blueprint.get("/mi-cuenta/segundo-paso")
@permission(Action.ACCOUNT_CHANGE)
def account() -> ResponseReturnValue:
    """Show what is tied to one's own account."""
    return _account_page(AnyCodeForm(), 200)


@blueprint.post("/mi-cuenta/segundo-paso/programa")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit("20 per hour")
def begin_app() -> ResponseReturnValue:
    """Make a secret for a program of codes."""
    actor = current_actor()
    with guards.writing() as opened:
        second_step.begin_app(opened, guards.home().vault, actor.user_id, actor=actor)
    return redirect(url("second_step.account"))


@blueprint.post("/mi-cuenta/segundo-paso/programa/confirmar")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit(GUESSES, key_func=person)
def confirm_app() -> ResponseReturnValue:
    """Take the program's first code; show the codes on paper once."""
    actor, filled = current_actor(), CodeForm()
    if not filled.validate():
        return _account_page(filled, 400)
    try:
        with guards.writing() as opened:
            codes = second_step.confirm_app(
                opened,
                guards.home().vault,
                actor.user_id,
                filled.code.data,
                secret=guards.secret(),
                actor=actor,
            )
    except BadInputError as error:
        filled.refuse("code", error.message)
        return _account_page(filled, 400)
    return render_template("signin/codes.html", codes=codes)


@blueprint.post("/mi-cuenta/segundo-paso/programa/quitar")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit(GUESSES, key_func=person)
def take_app_away() -> ResponseReturnValue:
    """Ask no more for the codes of the program."""
    actor, filled = current_actor(), AnyCodeForm()
    try:
        with guards.writing() as opened:
            _prove(opened, filled)
            second_step.take_app_away(opened, actor.user_id, actor=actor)
    except BadInputError as error:
        return _refused(filled, error)
    return _done(message("Nobody asks you for its codes any more."))


@blueprint.post("/mi-cuenta/segundo-paso/codigos")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit(GUESSES, key_func=person)
def new_codes() -> ResponseReturnValue:
    """Make new codes on paper; show them once."""
    actor, filled = current_actor(), AnyCodeForm()
    try:
        with guards.writing() as opened:
            _prove(opened, filled)
            codes = second_step.new_codes(opened, actor.user_id, actor=actor)
    except BadInputError as error:
        return _refused(filled, error)
    return render_template("signin/codes.html", codes=codes)


@blueprint.post("/mi-cuenta/segundo-paso/llaves/desafio")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit("20 per minute", key_func=person)
def ask_for_new_key() -> ResponseReturnValue:
    """Say what the browser is to ask of a new key."""
    actor, site = current_actor(), _needed_site()
    with guards.reading() as opened:
        asked = security_keys.ask_for_new(opened, site, actor.user_id, actor=actor)
    return _remembered(asked)


@blueprint.post("/mi-cuenta/segundo-paso/llaves")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit("20 per hour", key_func=person)
def add_key() -> ResponseReturnValue:
    """Tie a new key to one's account."""
    actor, site, challenge, answer = current_actor(), _needed_site(), _challenge(), _answer()
    with guards.writing() as opened:
        security_keys.add(
            opened,
            site,
            challenge,
            answer,
            name=guards.device(),
            secret=guards.secret(),
            actor=actor,
        )
    flash(say(message("Your key is added. From now on it is asked for when you sign in.")), "done")
    return jsonify(next=url("second_step.account"))


@blueprint.post("/mi-cuenta/segundo-paso/llaves/<uuid:key_id>/quitar")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit(GUESSES, key_func=person)
def take_key_away(key_id: UUID) -> ResponseReturnValue:
    """Ask no more for a key."""
    actor, filled = current_actor(), AnyCodeForm()
    try:
        with guards.writing() as opened:
            security_keys.own_key(opened, key_id, actor=actor)
            _prove(opened, filled)
            security_keys.take_away(opened, key_id, actor=actor)
    except BadInputError as error:
        return _refused(filled, error)
    return _done(message("This key is not asked for any more."))


def _prove(opened: Session, filled: AnyCodeForm) -> None:
    row = guards.current_session()
    if row is None:
        raise not_found()
    second_step.prove(opened, guards.home().vault, row, filled.code.data or "")


def _refused(filled: Form, error: BadInputError) -> ResponseReturnValue:
    filled.refuse("code", error.message)
    return _account_page(filled, 400)


def _done(told: Message) -> ResponseReturnValue:
    flash(say(told), "done")
    return redirect(url("second_step.account"))


def _account_page(filled: Form, status: int) -> ResponseReturnValue:
    actor = current_actor()
    with guards.reading() as opened:
        tied = second_step.tied_to(opened, actor.user_id, actor=actor)
        offered = second_step.offered(opened, guards.home().vault, actor.user_id, actor=actor)
    page = render_template(
        "signin/second_step_account.html",
        form=filled,
        tied=tied,
        offered=offered,
        picture=qr.picture(offered.address) if offered else "",
        with_key=_site() is not None,
        owed=guards.owes_second_step(),
    )
    return page, status


# --- what the browser is asked ------------------------------------------------------------------


def _site() -> Site | None:
    return site_at(guards.home().settings.public_url or request.host_url)


def _needed_site() -> Site:
    site = _site()
    if site is None:
        raise not_found()
    return site


def _remembered(asked: Asked) -> ResponseReturnValue:
    session[CHALLENGE] = base64.b64encode(asked.challenge).decode("ascii")
    return jsonify(asked.options)


def _challenge() -> bytes:
    kept = session.pop(CHALLENGE, None)
    if not kept:
        raise BadInputError(message("The key did not answer as it should. Try again."))
    return base64.b64decode(kept)


def _answer() -> dict[str, Any]:
    sent = sent_json()
    return sent if isinstance(sent, dict) else {}
