"""Invitations: a link that lives for some days, handed over or sent by mail, and what became of it.

The link is never kept, only its hash; so asking again makes a new one and the one before it ends.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe import mail
from observe.db import Database, now
from observe.errors import BadInputError, ConflictError
from observe.people import attempts, invitations, signin
from observe.people.access import Action, Actor, not_found
from observe.people.memberships import require_person
from observe.people.models import Invitation, User
from observe.settings import Settings
from observe.text import DEFAULT_LOCALE, Message, message

DAYS: Final = 7
HOUR_S: Final = 3600
MOST_OF_ONE: Final = 5  # invitations of one person in an hour: her mailbox is not flooded
MOST_BY_ONE: Final = 500  # by one person in an hour: a whole territory, but no endless script


class State(enum.StrEnum):
    """What became of an invitation."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Invited:
    """An invitation just made; `secret` is in the link and nowhere else."""

    id: UUID
    user: User
    secret: str


def can_mail(settings: Settings) -> bool:
    """Tell whether invitations can be sent: by a mail server, to where people reach the pages."""
    return mail.is_set_up(settings) and bool(settings.public_url)


def invite(session: Session, user_id: UUID, *, by_mail: bool, actor: Actor) -> Invited:
    """Invite a person, and end the invitations before this one.

    Raises:
        ConflictError: she has left.
        BadInputError: it is to be sent, and she has no e-mail.
        TooOftenError: she was invited, or the actor invited, far too often in the last hour.
        NotFoundError, NotAllowedError: the actor does not administer all places where she works.
    """
    user = require_person(session, user_id, Action.PERSON_LINK, actor)
    if not user.active:
        raise ConflictError(message("She has left. Give her a role again first."))
    if by_mail and not user.email:
        raise BadInputError(message("There is no e-mail of hers on file."), field="email")
    _not_too_often(session, user.id, actor)
    for earlier in invitations.open_of(session, [user_id]):
        invitations.end(earlier)
    link, secret = signin.make_link(session, user, timedelta(days=DAYS))
    row = Invitation(
        user_id=user.id,
        link_id=link.id,
        by_id=actor.user_id,
        sent_to=(user.email or "") if by_mail else "",
    )
    session.add(row)
    session.flush()
    invitations.tell(session, "invitation.make", row, actor)
    return Invited(row.id, user, secret)


def _not_too_often(session: Session, user_id: UUID, actor: Actor) -> None:
    of_one = message(
        "She was invited several times in the last hour. Wait an hour, then try again."
    )
    by_one = message("You invited very many people in the last hour. Wait an hour, then go on.")
    for deed, most, told in (
        (f"invited:{user_id}", MOST_OF_ONE, of_one),
        (f"invites:{actor.user_id}", MOST_BY_ONE, by_one),
    ):
        attempts.allow(session, deed, most=most, seconds=HOUR_S, told=told)


def revoke(session: Session, invitation_id: UUID, *, actor: Actor) -> Invitation:
    """End an invitation: its link works no more.

    Raises:
        ConflictError: it was used, or has ended.
        NotFoundError, NotAllowedError: there is none, or it is not the actor's to end.
    """
    row = session.get(Invitation, invitation_id)
    if row is None:
        raise not_found()
    require_person(session, row.user_id, Action.PERSON_LINK, actor)
    if state_of(row, now()) is not State.OPEN:
        raise ConflictError(message("This invitation was used, or has ended."))
    invitations.end(row)
    session.flush()
    invitations.tell(session, "invitation.revoke", row, actor)
    return row


def state_of(row: Invitation, at: datetime) -> State:
    """Return what has become of an invitation by the moment `at`."""
    if row.link.used_at is not None:
        return State.USED
    if row.revoked_at is not None:
        return State.REVOKED
    return State.OPEN if at < row.link.expires_at else State.EXPIRED


def latest(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, Invitation]:
    """Return the last invitation of each of these people who has one."""
    rows = (
        sa.select(Invitation)
        .where(Invitation.user_id.in_(list(user_ids)))
        .options(joinedload(Invitation.by))
        .order_by(Invitation.made_at, Invitation.id)
    )
    return {row.user_id: row for row in session.scalars(rows)}


# --- by mail --------------------------------------------------------------------------------------


def letter(user: User, url: str, key: str) -> mail.Letter:
    """Return the letter that invites: who she is here, the link, until when."""
    locale = user.locale or DEFAULT_LOCALE
    lines: tuple[Message, ...] = (
        message("Hello %(name)s.", name=user.name.split()[0]),
        message(
            "You have been invited to observe, where lessons are looked at to learn from them."
        ),
        message("With this link you come in: %(url)s", url=url),
        message("It works once, within %(days)s days, and only for you.", days=DAYS),
    )
    subject = message("Your invitation to observe").in_language(locale)
    text = "\n\n".join(line.in_language(locale) for line in lines) + "\n"
    return mail.Letter(user.email or "", subject, text, key)


def send(settings: Settings, database: Database, invited: Invited, path: str) -> None:
    """Send an invitation whose link is the page at `path`; it goes out at most once.

    Raises:
        MailError: the server cannot be used, or does not take it.
    """
    url = f"{settings.public_url}{path}"
    with mail.connected(settings) as post:
        try:
            post.send(
                letter(invited.user, url, f"invitation-{invited.id}"),
                partial(_claim, database, invited.id),
            )
        except mail.RefusedError:
            with database.write() as session:
                session.get_one(Invitation, invited.id).sent_at = None
            raise


def _claim(database: Database, invitation_id: UUID) -> bool:
    """Put on file that the letter goes out; False: it did before."""
    with database.write() as session:
        row = session.get_one(Invitation, invitation_id)
        if row.sent_at is not None:
            return False
        row.sent_at = now()
    return True
