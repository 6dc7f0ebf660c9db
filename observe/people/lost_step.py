"""A second step that was lost: an administrator takes it away, and the person is told.

Who asks for it by telephone may be somebody else. So the administrator shows her own second step
where she has one, every session of the person ends, and it stands in her account until she has set
up another; where there is a mail server, a letter says so too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import mail
from observe.db import now
from observe.errors import BadInputError, ConflictError
from observe.ids import new_id
from observe.people import second_step, signin
from observe.people.access import Action, Actor
from observe.people.memberships import require_person
from observe.people.models import AuditEntry, SignInSession, User
from observe.settings import Settings
from observe.text import DEFAULT_LOCALE, message
from observe.vault import Vault

TOLD_FOR: Final = timedelta(days=30)


@dataclass(frozen=True)
class Taken:
    """Who took somebody's second step away, and when."""

    by: str
    at: datetime


def reset(
    session: Session,
    vault: Vault,
    shown: SignInSession,
    user_id: UUID,
    code: str,
    *,
    actor: Actor,
) -> User:
    """Take all second steps from a person who lost them, and end her sessions; return her.

    `shown` is the session of `actor`, and `code` one of hers: where she has a second step, she
    shows it.

    Raises:
        NotFoundError, NotAllowedError: the person is not hers to let in.
        BadInputError: she does not show her own second step.
        ConflictError: it is her own, or there is none.
    """
    user = require_person(session, user_id, Action.PERSON_LINK, actor)
    if user.id == actor.user_id:
        raise ConflictError(message("Your own second step you change in «My account»."))
    if not signin.has_second_step(session, user.id):
        raise ConflictError(message("She has no second step."))
    if signin.has_second_step(session, actor.user_id):
        second_step.prove(session, vault, shown, code)
    second_step.forget(session, user.id, actor=actor)
    return user


def taken_from(session: Session, user_id: UUID) -> Taken | None:
    """Return who took a person's second step away lately; None once she has another."""
    if signin.has_second_step(session, user_id):
        return None
    rows = (
        sa.select(AuditEntry.at, User.name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(
            AuditEntry.action == second_step.FORGOTTEN,
            AuditEntry.thing_id == user_id,
            AuditEntry.at > now() - TOLD_FOR,
        )
    )
    found = session.execute(rows.order_by(AuditEntry.number.desc()).limit(1)).first()
    return None if found is None else Taken(found.name or "", found.at)


def tell(settings: Settings, user: User, by: str) -> bool:
    """Tell the person by a letter; False where none could be sent, which hinders nothing."""
    if not user.email or not mail.is_set_up(settings):
        return False
    try:
        with mail.connected(settings) as post:
            return post.send(letter(user, by))
    except (mail.MailError, BadInputError):
        return False


def letter(user: User, by: str) -> mail.Letter:
    """Return the letter: what was done, by whom, and what to do if she did not ask for it."""
    locale = user.locale or DEFAULT_LOCALE
    lines = (
        message("Hello %(name)s.", name=user.name.split()[0]),
        message("%(name)s took the second step away from your account in observe.", name=by),
        message("You come in with your password alone, and can set up another in «My account»."),
        message("If you did not ask for this, tell your administrator today."),
    )
    subject = message("Your second step was taken away").in_language(locale)
    text = "\n\n".join(line.in_language(locale) for line in lines) + "\n"
    return mail.Letter(user.email or "", subject, text, f"second-step-{new_id()}")
