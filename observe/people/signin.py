"""Signing in: passwords (argon2id), links that work once, and sessions that end.

Of each secret only a hash is kept, so whoever reads the database can sign in as nobody. Who has a
second step (`second_step`) gets a session that waits for it and opens nothing until then.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session, joinedload

from observe.db import now
from observe.errors import BadInputError
from observe.people import audit, passwords
from observe.people.access import Action, Actor, not_found, require
from observe.people.directory import person_thing
from observe.people.memberships import require_named
from observe.people.models import (
    CodeApp,
    Membership,
    SecurityKey,
    SignInLink,
    SignInSession,
    User,
)
from observe.text import message

WAITING: Final = timedelta(minutes=15)  # for the second step
SEEN_EVERY: Final = timedelta(minutes=5)
_hasher = PasswordHasher()
_NOT_RIGHT: Final = message(
    "The e-mail or the password is not right. Try again, or ask for a link."
)


@dataclass(frozen=True)
class SignedIn:
    """A new session: `secret` goes to the browser and is not kept here."""

    user: User
    secret: str
    waiting: bool = False  # for the second step


@dataclass(frozen=True)
class OpenSession:
    """A browser in which a person is signed in, as she may want to know of it."""

    id: UUID
    device: str
    since: datetime
    seen_at: datetime
    here: bool


# --- passwords ----------------------------------------------------------------------------------


def hash_password(password: str, about: Iterable[str] = ()) -> str:
    """Return the argon2id hash of a new password; `about` is what is known of its owner.

    Raises:
        BadInputError: it is too short, too long, or among the first that somebody would try.
    """
    problem = passwords.problem_of(password, about)
    if problem is not None:
        raise BadInputError(problem, field="new_password")
    return _hasher.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` is the one; without a hash the answer is no and takes as long."""
    try:
        matches = _hasher.verify(
            password_hash or _nobodys_hash(), password[: passwords.LONGEST_TYPED]
        )
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def who_enters(session: Session, email: str, password: str) -> User:
    """Return the person with this e-mail and password; `sign_in` lets her in.

    To compare a password is slow on purpose, so it is done where nobody waits to write.

    Raises:
        BadInputError: they do not fit; the same answer whoever exists.
    """
    address = email.strip().casefold()
    user = session.scalars(sa.select(User).where(sa.func.lower(User.email) == address)).first()
    if not verify_password(user.password_hash if user else None, password):
        user = None
    if user is None or not user.active:
        raise BadInputError(_NOT_RIGHT)
    return user


def sign_in(session: Session, proven: User, *, hours: int, device: str = "") -> SignedIn:
    """Open a session of `hours` for the person whom `who_enters` found.

    Raises:
        BadInputError: she left meanwhile, or her password is another one.
    """
    user = session.get(User, proven.id, populate_existing=True)
    if user is None or not user.active or user.password_hash != proven.password_hash:
        raise BadInputError(_NOT_RIGHT)
    return open_session(session, user, hours=hours, how="password", device=device)


def change_password(
    session: Session, user_id: UUID, old: str, new: str, *, secret: str, actor: Actor
) -> None:
    """Give one's own account a new password, from the session of `secret`.

    The old one is asked for where she came in with it: a computer left open changes nothing. Who
    came in by a link may have forgotten it.

    Raises:
        BadInputError: the old one is not right, or the new one will not do.
    """
    if asks_for_old_password(session, secret):
        user = session.get_one(User, user_id)
        if not verify_password(user.password_hash, old):
            raise BadInputError(message("This is not your password."), field="old_password")
    set_password(session, user_id, new, actor=actor)


def asks_for_old_password(session: Session, secret: str) -> bool:
    """Tell whether a new password needs the old one in the session of `secret`."""
    row = session_row(session, secret)
    return row is not None and row.user.password_hash is not None and row.how != "link"


def set_password(session: Session, user_id: UUID, password: str, *, actor: Actor) -> None:
    """Give a person a new password; all her other sessions stay as they are.

    Raises:
        BadInputError: the password is too short, or among the first that somebody would try.
        NotFoundError: it is not her own account.
    """
    user = own_account(session, user_id, actor=actor)
    schools = (row.school for row in user.memberships if row.school)
    places = (word for school in schools for word in (school.name, school.commune))
    user.password_hash = hash_password(password, (user.name, user.email or "", *places))
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
        ConflictError: a pseudonym stands in the place of her name.
    """
    user = _user_for(session, user_id, Action.PERSON_LINK, actor)
    require_named(user)
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


def use_link(session: Session, secret: str, *, hours: int, device: str = "") -> SignedIn:
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
    return open_session(session, user, hours=hours, how="link", device=device)


def _usable(secret: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SignInLink.secret_hash == _hash(secret),
        SignInLink.used_at.is_(None),
        SignInLink.expires_at > now(),
    )


# --- sessions -----------------------------------------------------------------------------------


def open_session(
    session: Session, user: User, *, hours: int, how: str, device: str = ""
) -> SignedIn:
    """Open a session for a person who has shown who she is; it may wait for her second step."""
    waiting = has_second_step(session, user.id)
    lasting = WAITING if waiting else timedelta(hours=hours)
    secret, row = _new_session(session, user, lasting, how=how, device=device)
    row.waiting = waiting
    _opened(session, row, "session.first_step" if waiting else "session.opened", how=how)
    return SignedIn(user, secret, waiting)


def complete(session: Session, secret: str, *, hours: int, proof: str) -> SignedIn:
    """Return the session that follows a waiting one, once its second step was shown by `proof`.

    Raises:
        BadInputError: no session waits there any more.
    """
    ended = _end(session, secret, waiting=True)
    if ended is None:
        raise BadInputError(message("This took too long. Sign in again."))
    user = session.get_one(User, ended.user_id)
    lasting = timedelta(hours=hours)
    fresh, row = _new_session(session, user, lasting, how=ended.how, device=ended.device)
    row.second_at = now()
    _opened(session, row, "session.opened", how=ended.how, second=proof)
    return SignedIn(user, fresh)


def _new_session(
    session: Session, user: User, lasting: timedelta, *, how: str, device: str
) -> tuple[str, SignInSession]:
    secret = secrets.token_urlsafe(32)
    row = SignInSession(
        user_id=user.id,
        secret_hash=_hash(secret),
        expires_at=now() + lasting,
        seen_at=now(),
        how=how,
        device=device,
    )
    session.add(row)
    session.flush()
    return secret, row


def _opened(session: Session, row: SignInSession, action: str, **details: object) -> None:
    audit.record(
        session,
        action,
        actor_id=row.user_id,
        thing_kind="session",
        thing_id=row.id,
        **details,
    )


def has_second_step(session: Session, user_id: UUID) -> bool:
    """Tell whether a person has tied something to her account that is asked for when she enters."""
    app = sa.select(CodeApp.id).where(CodeApp.user_id == user_id, CodeApp.confirmed_at.is_not(None))
    key = sa.select(SecurityKey.id).where(SecurityKey.user_id == user_id)
    return session.execute(sa.union_all(app, key).limit(1)).first() is not None


def session_row(session: Session, secret: str, *, waiting: bool = False) -> SignInSession | None:
    """Return the session of `secret` with its person and her memberships; None when it has ended.

    One that waits for the second step is found by those only who ask for it (`waiting`).
    """
    given = {"hash": _hash(secret), "waiting": waiting, "now": now()}
    return session.scalars(_session_of(), given).unique().first()


@cache
def _session_of() -> sa.Select[SignInSession]:
    """Return the query of every request, put together once."""
    return (
        sa.select(SignInSession)
        .join(User, SignInSession.user_id == User.id)
        .where(
            SignInSession.secret_hash == sa.bindparam("hash"),
            SignInSession.waiting == sa.bindparam("waiting"),
            SignInSession.ended_at.is_(None),
            SignInSession.expires_at > sa.bindparam("now"),
            User.active.is_(True),
        )
        .options(
            joinedload(SignInSession.user)
            .joinedload(User.memberships)
            .joinedload(Membership.school)
        )
    )


def seen_long_ago(row: SignInSession) -> bool:
    """Tell whether `seen` would note anything new."""
    return row.seen_at is None or row.seen_at < now() - SEEN_EVERY


def seen(session: Session, row_id: UUID) -> None:
    """Note that a session was used just now."""
    session.execute(
        sa.update(SignInSession)
        .where(SignInSession.id == row_id)
        .values(seen_at=now())
        .execution_options(synchronize_session=False)
    )


def second_step_shown(session: Session, secret: str) -> None:
    """Note in the session of `secret` that the second step was shown in it now."""
    session.execute(
        sa.update(SignInSession)
        .where(*_open_by(secret))
        .values(second_at=now())
        .execution_options(synchronize_session=False)
    )


def sessions_of(
    session: Session, user_id: UUID, secret: str, *, actor: Actor
) -> tuple[OpenSession, ...]:
    """Return where a person is signed in: here first, then the one used last.

    Raises:
        NotFoundError: it is not her own account.
    """
    user = own_account(session, user_id, actor=actor)
    rows = session.scalars(
        sa.select(SignInSession).where(
            SignInSession.user_id == user.id, SignInSession.waiting.is_(False), *_still_open()
        )
    )
    here = _hash(secret)
    found = (
        OpenSession(
            row.id,
            row.device,
            row.created_at,
            row.seen_at or row.created_at,
            row.secret_hash == here,
        )
        for row in rows
    )
    return tuple(sorted(found, key=lambda each: (each.here, each.seen_at), reverse=True))


def end_one_session(session: Session, user_id: UUID, session_id: UUID, *, actor: Actor) -> None:
    """End one session of a person, wherever it is open.

    Raises:
        NotFoundError: it is not her own account, or she has no such session.
    """
    user = own_account(session, user_id, actor=actor)
    ended = session.execute(
        sa.update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.user_id == user.id, *_still_open())
        .values(ended_at=now())
        .returning(SignInSession.id)
        .execution_options(synchronize_session=False)
    ).first()
    if ended is None:
        raise not_found()
    audit.record(
        session,
        "session.ended",
        actor_id=actor.user_id,
        thing_kind="session",
        thing_id=session_id,
    )


def end_session(session: Session, secret: str) -> None:
    """End the session of `secret`; one that has ended stays so."""
    ended = _end(session, secret)
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
    user = own_account(session, user_id, actor=actor)
    ended = session.execute(
        sa.update(SignInSession)
        .where(
            SignInSession.user_id == user.id,
            SignInSession.secret_hash != _hash(secret),
            *_still_open(),
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


def end_all_sessions(session: Session, user_id: UUID) -> None:
    """End every session of a person; whoever calls has asked access and puts on file why."""
    session.execute(
        sa.update(SignInSession)
        .where(SignInSession.user_id == user_id, *_still_open())
        .values(ended_at=now())
        .execution_options(synchronize_session=False)
    )


def choose_language(session: Session, user_id: UUID, locale: str, *, actor: Actor) -> None:
    """Keep the language in which a person reads."""
    own_account(session, user_id, actor=actor).locale = locale


def _end(
    session: Session, secret: str, *, waiting: bool | None = None
) -> sa.Row[UUID, UUID, str, str] | None:
    only = () if waiting is None else (SignInSession.waiting.is_(waiting),)
    return session.execute(
        sa.update(SignInSession)
        .where(*_open_by(secret), *only)
        .values(ended_at=now())
        .returning(SignInSession.id, SignInSession.user_id, SignInSession.how, SignInSession.device)
        .execution_options(synchronize_session=False)
    ).first()


def _open_by(secret: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (SignInSession.secret_hash == _hash(secret), *_still_open())


def _still_open() -> tuple[sa.ColumnElement[bool], ...]:
    return (SignInSession.ended_at.is_(None), SignInSession.expires_at > now())


def own_account(session: Session, user_id: UUID, *, actor: Actor) -> User:
    """Return the person whose account it is, when the actor may change it.

    Raises:
        NotFoundError: it is not her own.
    """
    return _user_for(session, user_id, Action.ACCOUNT_CHANGE, actor)


def _user_for(session: Session, user_id: UUID, action: Action, actor: Actor) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise not_found()
    require(actor, action, person_thing(user))
    return user


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
