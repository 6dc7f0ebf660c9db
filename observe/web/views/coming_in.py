"""How a person comes in: a link, an invitation, a second step that she lost."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import BadInputError, ConflictError
from observe.mail import MailError
from observe.people import inviting, lost_step, signin
from observe.people.access import Action, not_found
from observe.people.directory import user_for
from observe.people.models import User
from observe.text import Message, message
from observe.web.guards import (
    current_actor,
    current_session,
    home,
    permission,
    writing,
)
from observe.web.throttle import limiter
from observe.web.throttle import person as whose
from observe.web.views.people import done, page
from observe.web.views.second_step import GUESSES

blueprint = Blueprint("coming_in", __name__)


@blueprint.post("/personas/<uuid:user_id>/enlace")
@permission(Action.PERSON_LINK)
def link(user_id: UUID) -> ResponseReturnValue:
    """Make a link that signs the person in once; it is shown this one time."""
    actor, minutes = current_actor(), home().settings.link_minutes
    try:
        with writing() as session:
            user = user_for(session, str(user_id), actor=actor)
            secret = signin.create_link(session, user.id, minutes=minutes, actor=actor)
    except ConflictError as error:
        return page(user_id, error.message), error.status
    within = message("%(count)s minutes", count=minutes)
    return _link_page(user, url("signin.link", secret=secret, _external=True), within)


@blueprint.post("/personas/<uuid:user_id>/invitar")
@permission(Action.PERSON_LINK)
def invite(user_id: UUID) -> ResponseReturnValue:
    """Invite the person for some days: by mail, or with a link that is shown this one time."""
    by_mail = request.form.get("how") == "mail" and inviting.can_mail(home().settings)
    try:
        with writing() as session:
            invited = inviting.invite(session, user_id, by_mail=by_mail, actor=current_actor())
    except (BadInputError, ConflictError) as error:
        return page(user_id, error.message), error.status
    refused: Message | None = None
    if by_mail:
        refused = _mailed(invited)
        if refused is None:
            told = message("The invitation went to %(email)s.", email=invited.user.email)
            return done(user_id, told)
    address = url("signin.link", secret=invited.secret, _external=True)
    within = message("%(count)s days", count=inviting.DAYS)
    return _link_page(invited.user, address, within, refused)


def _mailed(invited: inviting.Invited) -> Message | None:
    """Send an invitation; return what went wrong, None where nothing did."""
    try:
        path = url("signin.link", secret=invited.secret)
        inviting.send(home().settings, home().database, invited, path)
    except (MailError, BadInputError) as error:
        return error.message
    return None


def _link_page(
    user: User, address: str, within: Message, refused: Message | None = None
) -> ResponseReturnValue:
    return render_template(
        "people/link.html", user=user, address=address, within=within, refused=refused
    )


@blueprint.post("/personas/invitaciones/<uuid:invitation_id>/anular")
@permission(Action.PERSON_LINK)
def revoke(invitation_id: UUID) -> ResponseReturnValue:
    """Take an invitation back."""
    with writing() as session:
        row = inviting.revoke(session, invitation_id, actor=current_actor())
    return done(row.user_id, message("The invitation was taken back: its link works no more."))


@blueprint.post("/personas/<uuid:user_id>/segundo-paso")
@permission(Action.PERSON_LINK)
@limiter.limit(GUESSES, key_func=whose)
def reset_second_step(user_id: UUID) -> ResponseReturnValue:
    """Take the second step from a person who lost it; she is told, and her sessions end."""
    actor, shown = current_actor(), current_session()
    if shown is None:
        raise not_found()
    code = request.form.get("code", "")
    try:
        with writing() as session:
            user = lost_step.reset(session, home().vault, shown, user_id, code, actor=actor)
    except (BadInputError, ConflictError) as error:
        return page(user_id, error.message), error.status
    if lost_step.tell(home().settings, user, actor.name):
        return done(user_id, message("Taken away. A letter tells her, and her account does too."))
    return done(user_id, message("Taken away. Her account tells her; tell her yourself, too."))
