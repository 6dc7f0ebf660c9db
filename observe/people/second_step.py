"""The second step of signing in: codes of a program on the phone (TOTP), and codes on paper.

The program's secret is sealed (`observe.vault`), since it must be read again; of the codes on paper
only hashes are kept. A code is taken once. Keys (WebAuthn) are beside this, in `security_keys`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.errors import BadInputError, ConflictError
from observe.people import audit, signin
from observe.people.access import Action, Actor, Thing, require
from observe.people.directory import person_thing
from observe.people.models import CodeApp, RecoveryCode, SecurityKey, SignInSession, User
from observe.text import message
from observe.vault import Vault

NAME: Final = "observe"
PURPOSE: Final = "code app"  # what the seal is for
SECONDS: Final = 30
NEIGHBOURS: Final = 1  # clocks differ: the code before and the one after do too
RECOVERY_CODES: Final = 10
FORGOTTEN: Final = "second_step.forgotten"
RECENT: Final = timedelta(minutes=10)
_CODE_BYTES: Final = 10  # 80 bits: a plain hash cannot be searched
_PAPER_LETTERS: Final = 16
_WRONG: Final = message("This code is not right, or it was used before. Wait for the next one.")


@dataclass(frozen=True)
class Tied:
    """What a person has tied to her account."""

    app_since: datetime | None
    keys: tuple[SecurityKey, ...]
    codes_left: int

    @property
    def any(self) -> bool:
        """Whether there is a second step at all."""
        return self.app_since is not None or bool(self.keys)


@dataclass(frozen=True)
class Offered:
    """What the program of codes is to be told: `address` as a picture, or `secret` by hand."""

    secret: str
    address: str


def tied_to(session: Session, user_id: UUID, *, actor: Actor) -> Tied:
    """Return what a person has tied to her account.

    Raises:
        NotFoundError: it is not her own account.
    """
    user = signin.own_account(session, user_id, actor=actor)
    app = _app(session, user.id)
    keys = session.scalars(
        sa.select(SecurityKey).where(SecurityKey.user_id == user.id).order_by(SecurityKey.id)
    )
    left = sa.select(sa.func.count(RecoveryCode.id)).where(
        RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None)
    )
    return Tied(app.confirmed_at if app else None, tuple(keys), session.scalar(left) or 0)


# --- the program of codes -----------------------------------------------------------------------


def begin_app(session: Session, vault: Vault, user_id: UUID, *, actor: Actor) -> None:
    """Make a secret for a program of codes; until it is confirmed nobody is asked for its codes.

    Raises:
        ConflictError: there is one already.
        KeyMissingError: this home cannot seal.
    """
    user = signin.own_account(session, user_id, actor=actor)
    app = _app(session, user.id)
    if app is not None and app.confirmed_at is not None:
        raise ConflictError(message("There is a program of codes already. Take it away first."))
    if app is None:
        sealed = vault.seal(pyotp.random_base32().encode(), purpose=PURPOSE)
        session.add(CodeApp(user_id=user.id, sealed_secret=sealed))
        session.flush()


def offered(session: Session, vault: Vault, user_id: UUID, *, actor: Actor) -> Offered | None:
    """Return what to tell the program of codes, while that is not confirmed; else None."""
    user = signin.own_account(session, user_id, actor=actor)
    app = _app(session, user.id)
    if app is None or app.confirmed_at is not None:
        return None
    secret = _secret(vault, app)
    address = pyotp.TOTP(secret).provisioning_uri(name=user.email or user.name, issuer_name=NAME)
    return Offered(secret, address)


def confirm_app(
    session: Session, vault: Vault, user_id: UUID, code: str, *, secret: str, actor: Actor
) -> tuple[str, ...]:
    """Begin to ask for codes; return the codes on paper, which are not shown again.

    The session of `secret` counts as one that showed the second step.

    Raises:
        BadInputError: the code is not the program's.
        ConflictError: there is nothing to confirm.
    """
    user = signin.own_account(session, user_id, actor=actor)
    app = _app(session, user.id)
    if app is None or app.confirmed_at is not None:
        raise ConflictError(message("There is no program of codes to confirm. Begin again."))
    if not _takes(session, vault, app, code):
        raise BadInputError(_WRONG, field="code")
    app.confirmed_at = now()
    signin.second_step_shown(session, secret)
    _told(session, "second_step.app_added", user.id, actor)
    return new_codes(session, user.id, actor=actor)


def take_app_away(session: Session, user_id: UUID, *, actor: Actor) -> None:
    """Ask no more for the codes of the program, whose secret is forgotten.

    Raises:
        NotFoundError: it is not her own account.
    """
    user = signin.own_account(session, user_id, actor=actor)
    session.execute(sa.delete(CodeApp).where(CodeApp.user_id == user.id))
    _told(session, "second_step.app_removed", user.id, actor)
    drop_codes_without_step(session, user.id)


def new_codes(session: Session, user_id: UUID, *, actor: Actor) -> tuple[str, ...]:
    """Return new codes on paper; those of before work no more."""
    user = signin.own_account(session, user_id, actor=actor)
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = tuple(_new_code() for _ in range(RECOVERY_CODES))
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash(user.id, code)) for code in codes)
    _told(session, "second_step.codes_made", user.id, actor)
    return codes


def drop_codes_without_step(session: Session, user_id: UUID) -> None:
    """Forget the codes on paper of a person who has no second step left."""
    session.flush()
    if not signin.has_second_step(session, user_id):
        session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


# --- showing it ---------------------------------------------------------------------------------


def enter_with_code(
    session: Session, vault: Vault, secret: str, code: str, *, hours: int
) -> signin.SignedIn:
    """Return the session that follows the waiting one of `secret`, by a code.

    Raises:
        BadInputError: the code is not right, or nothing waits there any more.
    """
    waiting = signin.session_row(session, secret, waiting=True)
    proof = _proof(session, vault, waiting.user_id, code) if waiting else None
    if waiting is not None and proof is None:
        raise BadInputError(_WRONG, field="code")
    return signin.complete(session, secret, hours=hours, proof=proof or "")


def prove(session: Session, vault: Vault, row: SignInSession, code: str) -> None:
    """Return when the person of this session has just shown the second step, or does so by `code`.

    Raises:
        BadInputError: she does not.
    """
    if row.second_at is not None and row.second_at > now() - RECENT:
        return
    if _proof(session, vault, row.user_id, code) is None:
        raise BadInputError(
            message("Write a code of your program, or one of those on paper."), field="code"
        )


def _proof(session: Session, vault: Vault, user_id: UUID, code: str) -> str | None:
    """Use up a code and tell of which kind it was; None when it is not right."""
    # Those on paper serve also where the key that opens the program's secret is lost.
    if len(_written(code)) == _PAPER_LETTERS:
        return "paper" if _uses_up(session, user_id, code) else None
    app = _app(session, user_id)
    if app is None or app.confirmed_at is None:
        return None
    return "code" if _takes(session, vault, app, code) else None


def _takes(session: Session, vault: Vault, app: CodeApp, code: str) -> bool:
    """Tell whether `code` is one of now that was not taken yet, and take it."""
    programme = pyotp.TOTP(_secret(vault, app))
    here, typed = int(now().timestamp()) // SECONDS, _digits(code)
    steps = range(here - NEIGHBOURS, here + NEIGHBOURS + 1)
    # All are compared, so that the time it takes tells nothing.
    right = [step for step in steps if hmac.compare_digest(programme.at(step * SECONDS), typed)]
    return bool(right) and _moves_on(session, app, right[0])


def _moves_on(session: Session, app: CodeApp, step: int) -> bool:
    moved = session.execute(
        sa.update(CodeApp)
        .where(CodeApp.id == app.id, CodeApp.last_step < step)
        .values(last_step=step)
        .returning(CodeApp.id)
        .execution_options(synchronize_session=False)
    ).first()
    return moved is not None


def _uses_up(session: Session, user_id: UUID, code: str) -> bool:
    used = session.execute(
        sa.update(RecoveryCode)
        .where(RecoveryCode.code_hash == _hash(user_id, code), RecoveryCode.used_at.is_(None))
        .values(used_at=now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    ).first()
    return used is not None


# --- lost ---------------------------------------------------------------------------------------


def forget(session: Session, user_id: UUID, *, actor: Actor) -> None:
    """Take all second steps from a person who lost them, and end all her sessions.

    She enters with the first step alone, and sets up another.

    Raises:
        NotFoundError: the actor may not know of her.
        NotAllowedError: she has a role where the actor is no administrator.
    """
    user = session.get(User, user_id)
    require(actor, Action.PERSON_LINK, person_thing(user) if user else Thing("person"))
    for kind in (CodeApp, SecurityKey, RecoveryCode):
        session.execute(sa.delete(kind).where(kind.user_id == user_id))
    signin.end_all_sessions(session, user_id)
    _told(session, FORGOTTEN, user_id, actor)


def _app(session: Session, user_id: UUID) -> CodeApp | None:
    return session.scalars(sa.select(CodeApp).where(CodeApp.user_id == user_id)).one_or_none()


def _secret(vault: Vault, app: CodeApp) -> str:
    return vault.unseal(app.sealed_secret, purpose=PURPOSE).decode()


def _told(session: Session, action: str, user_id: UUID, actor: Actor) -> None:
    audit.record(session, action, actor_id=actor.user_id, thing_kind="person", thing_id=user_id)


def _new_code() -> str:
    # Letters and 2 to 7: no 0 or 1 that could be taken for a letter.
    letters = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _digits(code: str) -> str:
    return re.sub(r"\D", "", code, flags=re.ASCII)


def _hash(user_id: UUID, code: str) -> str:
    return hashlib.sha256(f"{user_id}:{_written(code)}".encode()).hexdigest()


def _written(code: str) -> str:
    return re.sub(r"\W", "", code).casefold()
