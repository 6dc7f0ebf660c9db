"""Signing in: passwords (argon2id), links that work once, and sessions that end.

Of each secret only a hash is kept, so whoever reads the database can sign in as nobody.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session, joinedload

from observe.db import now
from observe.errors import BadInputError
from observe.people import audit
from observe.people.access import Action, Actor, Thing, require
from observe.people.directory import person_thing
from observe.people.models import Membership, SignInLink, SignInSession, User
from observe.text import message

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200  # argon2 works on all of it
_hasher = PasswordHasher()


@dataclass(frozen=True)
class SignedIn:
    """A new session: `secret` goes to the browser and is not kept here."""

    user: User
    secret: str


# --- passwords ----------------------------------------------------------------------------------


def hash_password(password: str) -> str:
    """Return the argon2id hash of `password`.

    Raises:
        BadInputError: it is too short or too long.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInputError(
            message(
                "Use a password of %(low)s to %(high)s letters; a short sentence is easy to keep.",
                low=SHORTEST_PASSWORD,
                high=LONGEST_PASSWORD,
            ),
            field="new_password",
        )
    return _hasher.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` is the one; without a hash the answer is no and takes as long."""
    try:
        matches = _hasher.verify(password_hash or _nobodys_hash(), password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def sign_in(session: Session, email: str, password: str, *, hours: int) -> SignedIn:
    """Open a session of `hours` for the person with this e-mail and password.

    Raises:
        BadInputError: they do not fit; the same answer whoever exists.
    """
    address = email.strip().casefold()
    user = session.scalars(sa.select(User).where(sa.func.lower(User.email) == address)).first()
    if not verify_password(user.password_hash if user else None, password):
        user = None
    if user is None or not user.active:
        raise BadInputError(
            message("The e-mail or the password is not right. Try again, or ask for a link.")
        )
    return _open(session, user, hours, "password")


def set_password(session: Session, user_id: UUID, password: str, *, actor: Actor) -> None:
    """Give a person a new password; all her other sessions stay as they are.

    Raises:
        BadInputError: the password is too short.
        NotFoundError: it is not her own account.
    """
    user = _user_for(session, user_id, Action.ACCOUNT_CHANGE, actor)
    user.password_hash = hash_password(password)
    audit.record(
        session,
        "password.set",
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=user.id,
    )


# --- links --------------------------------------------------------------------------------------


def create_link(session: Session, user_id: UUID, *, minutes: int, actor: Actor) -> str:
    """Return the secret of a new link that signs the person in once, within `minutes`.

    Raises:
        NotFoundError: the actor may not know of her.
        NotAllowedError: she has a role where the actor is no administrator.
    """
    user = _user_for(session, user_id, Action.PERSON_LINK, actor)
    _link, secret = make_link(session, user, timedelta(minutes=minutes))
    audit.record(
        session,
        "link.created",
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=user.id,
        minutes=minutes,
    )
    return secret


def make_link(session: Session, user: User, lifetime: timedelta) -> tuple[SignInLink, str]:
    """Return a new link for somebody and its secret. Whoever asks was allowed to by its caller."""
    secret = secrets.token_urlsafe(32)
    link = SignInLink(user_id=user.id, secret_hash=_hash(secret), expires_at=now() + lifetime)
    session.add(link)
    session.flush()
    return link, secret


def link_user(session: Session, secret: str) -> User | None:
    """Return whom the link would sign in, without using it up; None when it does not work."""
    return session.scalars(
        sa.select(User)
        .join(SignInLink, SignInLink.user_id == User.id)
        .where(*_usable(secret), User.active.is_(True))
    ).first()


def use_link(session: Session, secret: str, *, hours: int) -> SignedIn:
    """Use the link up and open a session of `hours`.

    Raises:
        BadInputError: it was used before, is too old, or never was.
    """
    user = link_user(session, secret)
    used = session.execute(
        sa.update(SignInLink)
        .where(*_usable(secret))
        .values(used_at=now())
        .returning(SignInLink.id)
        .execution_options(synchronize_session=False)
    ).first()
    if user is None or used is None:
        raise BadInputError(
            message("This link was used before or is too old. Ask for a new one, or sign in below.")
        )
    return _open(session, user, hours, "link")


def _usable(secret: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SignInLink.secret_hash == _hash(secret),
        SignInLink.used_at.is_(None),
        SignInLink.expires_at > now(),
    )


# --- sessions -----------------------------------------------------------------------------------


def _open(session: Session, user: User, hours: int, how: str) -> SignedIn:
    secret = secrets.token_urlsafe(32)
    row = SignInSession(
        user_id=user.id, secret_hash=_hash(secret), expires_at=now() + timedelta(hours=hours)
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        "session.opened",
        actor_id=user.id,
        thing_kind="session",
        thing_id=row.id,
        how=how,
    )
    return SignedIn(user, secret)


def session_user(session: Session, secret: str) -> User | None:
    """Return who is signed in by `secret`, with her memberships; None when that has ended."""
    return session.scalars(
        sa.select(User)
        .join(SignInSession, SignInSession.user_id == User.id)
        .where(*_open_by(secret), User.active.is_(True))
        .options(joinedload(User.memberships).joinedload(Membership.school))
    ).first()


def end_session(session: Session, secret: str) -> None:
    """End the session of `secret`; one that has ended stays so."""
    ended = session.execute(
        sa.update(SignInSession)
        .where(*_open_by(secret))
        .values(ended_at=now())
        .returning(SignInSession.id, SignInSession.user_id)
        .execution_options(synchronize_session=False)
    ).first()
    if ended:
        audit.record(
            session,
            "session.ended",
            actor_id=ended.user_id,
            thing_kind="session",
            thing_id=ended.id,
        )


def end_other_sessions(session: Session, user_id: UUID, secret: str, *, actor: Actor) -> int:
    """End all sessions of a person but the one of `secret`; return how many."""
    user = _user_for(session, user_id, Action.ACCOUNT_CHANGE, actor)
    ended = session.execute(
        sa.update(SignInSession)
        .where(
            SignInSession.user_id == user.id,
            SignInSession.secret_hash != _hash(secret),
            SignInSession.ended_at.is_(None),
            SignInSession.expires_at > now(),
        )
        .values(ended_at=now())
        .returning(SignInSession.id)
        .execution_options(synchronize_session=False)
    ).all()
    audit.record(
        session,
        "session.others_ended",
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=user.id,
        count=len(ended),
    )
    return len(ended)


def choose_language(session: Session, user_id: UUID, locale: str, *, actor: Actor) -> None:
    """Keep the language in which a person reads."""
    _user_for(session, user_id, Action.ACCOUNT_CHANGE, actor).locale = locale


def _open_by(secret: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SignInSession.secret_hash == _hash(secret),
        SignInSession.ended_at.is_(None),
        SignInSession.expires_at > now(),
    )


def _user_for(session: Session, user_id: UUID, action: Action, actor: Actor) -> User:
    user = session.get(User, user_id)
    require(actor, action, person_thing(user) if user else Thing("person"))
    return session.get_one(User, user_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
