"""Signing in and out, one's own account, the language, and the first page of each role."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, session
from flask import url_for as url
from flask.typing import ResponseReturnValue
from wtforms import PasswordField, StringField

from observe.errors import BadInputError
from observe.people import lost_step, outside, passwords, second_step, signin
from observe.people.access import Action
from observe.text import LOCALES, message
from observe.web import guards, navigation
from observe.web.forms import Form, at_most, needed
from observe.web.guards import current_actor, local_path, optional_actor, permission, public
from observe.web.throttle import account as account_key
from observe.web.throttle import limiter
from observe.web.words import COOKIE_KEY as LOCALE_KEY
from observe.web.words import say

blueprint = Blueprint("signin", __name__)


@blueprint.app_template_global()
def page_address() -> str:
    """Return an address that shows this page, or after a form its empty one, or the first page."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    addresses = current_app.create_url_adapter(request)
    shown = addresses is not None and addresses.test(method="GET")
    return request.path if shown else url("signin.home")


@blueprint.app_template_global()
def on_laptop() -> bool:
    """Tell whether this home is one person's computer, which no other can reach."""
    return guards.home().settings.mode == "laptop"


class SignInForm(Form):
    """E-mail and password."""

    email = StringField(validators=[needed(), at_most(320)])
    password = PasswordField(validators=[needed(), at_most(passwords.LONGEST_TYPED)])


class PasswordForm(Form):
    """A new password for one's own account; the old one where it is asked for."""

    old_password = PasswordField(validators=[at_most(passwords.LONGEST_TYPED)])
    new_password = PasswordField(validators=[needed()])


@blueprint.get("/")
@permission(Action.HOME_SEE)
def home() -> ResponseReturnValue:
    """Lead to where this person's work waits."""
    return redirect(navigation.first_page())


@blueprint.get("/entrar")
@public
def form() -> ResponseReturnValue:
    """Show the sign-in form; who is signed in goes on."""
    if optional_actor() is not None:
        return redirect(local_path(request.args.get("siguiente")) or url("signin.home"))
    return _sign_in_page(SignInForm(), 200)


@blueprint.post("/entrar")
@public
@limiter.limit("20 per minute; 100 per hour")
@limiter.limit("8 per minute; 40 per hour", key_func=account_key)
def sign_in() -> ResponseReturnValue:
    """Sign in with e-mail and password."""
    filled = SignInForm()
    if not filled.validate():
        return _sign_in_page(filled, 400)
    try:
        with guards.reading() as opened:
            user = signin.who_enters(opened, filled.email.data, filled.password.data)
        with guards.writing() as opened:
            entered = signin.sign_in(
                opened,
                user,
                hours=guards.home().settings.session_hours,
                device=guards.device(),
            )
    except BadInputError as error:
        filled.refuse("password", error.message)
        return _sign_in_page(filled, 400)
    return enter(entered)


def _sign_in_page(filled: SignInForm, status: int) -> ResponseReturnValue:
    target = local_path(request.values.get("siguiente"))
    return render_template("signin/form.html", form=filled, target=target), status


def enter(entered: signin.SignedIn, target: str | None = None) -> ResponseReturnValue:
    """Bind the new session to this browser; nothing of an earlier one is kept (fixation)."""
    chosen = session.get(LOCALE_KEY)
    session.clear()
    session[guards.COOKIE_KEY] = entered.secret
    if chosen:
        session[LOCALE_KEY] = chosen
    going = local_path(target or request.form.get("siguiente"))
    if entered.waiting:
        return redirect(url("second_step.form", siguiente=going))
    return redirect(going or url("signin.home"))


@blueprint.get("/entrar/enlace/<secret>")
@public
@limiter.limit("60 per minute")
def link(secret: str) -> ResponseReturnValue:
    """Ask before the link is used: previews of chats and mail programs only look."""
    with guards.reading() as opened:
        user = signin.link_user(opened, secret)
    status = 200 if user else 400
    return render_template("signin/link.html", user=user, secret=secret), status


@blueprint.post("/entrar/enlace/<secret>")
@public
@limiter.limit("20 per minute")
def use_link(secret: str) -> ResponseReturnValue:
    """Use the link up and sign in."""
    try:
        with guards.writing() as opened:
            hours = guards.home().settings.session_hours
            entered = signin.use_link(opened, secret, hours=hours, device=guards.device())
    except BadInputError:
        return render_template("signin/link.html", user=None, secret=secret), 400
    return enter(entered)


@blueprint.post("/salir")
@public
def sign_out() -> ResponseReturnValue:
    """End the session, in the database and in the browser."""
    secret = session.get(guards.COOKIE_KEY)
    if secret:
        with guards.writing() as opened:
            signin.end_session(opened, secret)
    chosen = session.get(LOCALE_KEY)
    session.clear()
    if chosen:
        session[LOCALE_KEY] = chosen
    flash(say(message("You have signed out.")), "done")
    answer = redirect(url("signin.form"))
    answer.headers["Clear-Site-Data"] = '"cache"'  # pictures and films that the browser kept
    return answer


@blueprint.post("/idioma")
@public
def choose_language() -> ResponseReturnValue:
    """Show everything in the language chosen, in this browser and for this account."""
    chosen = request.form.get("locale")
    if chosen in LOCALES:
        session[LOCALE_KEY] = chosen
        actor = optional_actor()
        if actor is not None:
            with guards.writing() as opened:
                signin.choose_language(opened, actor.user_id, chosen, actor=actor)
    return redirect(local_path(request.form.get("siguiente")) or url("signin.home"))


@blueprint.get("/mi-cuenta")
@permission(Action.ACCOUNT_CHANGE)
def account() -> ResponseReturnValue:
    """Show one's own account."""
    return _account_page(PasswordForm(), 200)


@blueprint.post("/mi-cuenta/clave")
@permission(Action.ACCOUNT_CHANGE)
@limiter.limit("20 per hour")
def set_password() -> ResponseReturnValue:
    """Give one's own account a new password."""
    actor, filled = current_actor(), PasswordForm()
    if not filled.validate():
        return _account_page(filled, 400)
    try:
        with guards.writing() as opened:
            signin.change_password(
                opened,
                actor.user_id,
                filled.old_password.data or "",
                filled.new_password.data,
                secret=guards.secret(),
                actor=actor,
            )
    except BadInputError as error:
        filled.refuse(error.field or "new_password", error.message)
        return _account_page(filled, 400)
    told = message("Your password has been changed. Below you can close your other sessions.")
    flash(say(told), "done")
    return redirect(url("signin.account"))


@blueprint.post("/mi-cuenta/sesiones/cerrar")
@permission(Action.ACCOUNT_CHANGE)
def end_other_sessions() -> ResponseReturnValue:
    """End one's sessions on all other computers and phones."""
    actor = current_actor()
    with guards.writing() as opened:
        count = signin.end_other_sessions(opened, actor.user_id, guards.secret(), actor=actor)
    flash(say(message("Sessions closed elsewhere: %(count)s.", count=count)), "done")
    return redirect(url("signin.account"))


@blueprint.post("/mi-cuenta/sesiones/<uuid:session_id>/cerrar")
@permission(Action.ACCOUNT_CHANGE)
def end_one_session(session_id: UUID) -> ResponseReturnValue:
    """End one's session on another computer or phone."""
    actor = current_actor()
    with guards.writing() as opened:
        signin.end_one_session(opened, actor.user_id, session_id, actor=actor)
    flash(say(message("That session is closed.")), "done")
    return redirect(url("signin.account"))


def _account_page(filled: PasswordForm, status: int) -> ResponseReturnValue:
    actor, secret = current_actor(), guards.secret()
    with guards.reading() as opened:
        page = render_template(
            "signin/account.html",
            form=filled,
            user=guards.current_user(),
            asks_old=signin.asks_for_old_password(opened, secret),
            sessions=signin.sessions_of(opened, actor.user_id, secret, actor=actor),
            tied=second_step.tied_to(opened, actor.user_id, actor=actor),
            taken=lost_step.taken_from(opened, actor.user_id),
            accounts=outside.accounts_of(opened, actor.user_id, actor=actor),
        )
    return page, status
