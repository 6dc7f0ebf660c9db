"""A pseudonym in the place of all that tells who a person was; what she did stays, under it.

It is drawn at random: nothing leads from it to her name. Rooms above that keep something of her own
let go of it in the same transaction (`when_replaced`). Words that people wrote stay as they are;
where her name stands in them, the certificate says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.people.importing import forget_old
from observe.people.models import (
    CodeApp,
    Invitation,
    OutsideAccount,
    RecoveryCode,
    SecurityKey,
    SignInLink,
    SignInSession,
    User,
)
from observe.privacy import certificates, mentions
from observe.privacy.certificates import Told
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate, Consent
from observe.privacy.names import drop_scans

LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is read as another
LENGTH: Final = 4
# Invitations first: they name the links.
_HERS: Final = (
    *(Invitation, SignInLink, SignInSession, CodeApp, RecoveryCode, SecurityKey, OutsideAccount),
)
Replaced = Callable[[Session, UUID], int]
_listeners: dict[str, Replaced] = {}


def when_replaced(name: str) -> Callable[[Replaced], Replaced]:
    """Mark a function of a room above that deletes what is a person's alone; it returns how much.

    `name` is what the certificate calls it.
    """

    def register(function: Replaced) -> Replaced:
        _listeners[name] = function
        return function

    return register


def draw(session: Session) -> str:
    """Return a pseudonym that nobody here has."""
    while True:
        name = f"Docente {''.join(secrets.choice(LETTERS) for _ in range(LENGTH))}"
        if session.scalar(sa.select(User.id).where(User.name == name).limit(1)) is None:
            return name


def replace(
    session: Session, user: User, school_id: UUID | None, *, reason: str, pseudonym: str = ""
) -> Certificate:
    """Put a pseudonym in the place of a person's name and delete what lets her in; certify it.

    The certificate lists the scans that went, whose files the caller deletes. `pseudonym`: the one
    she had before a backup brought her name back.
    """
    needles = {each for each in (user.name, user.email, user.reference) if each}
    forget_old(session)
    files = drop_scans(session, Consent.educator_id == user.id)
    removed = {kind.__tablename__: _delete(session, kind, user.id) for kind in _HERS}
    removed |= {name: let_go(session, user.id) for name, let_go in sorted(_listeners.items())}
    user.name = pseudonym or draw(session)
    user.email = user.reference = user.password_hash = user.locale = None
    user.active, user.pseudonymised_at = False, now()
    session.flush()
    what: dict[str, Any] = {
        "pseudonym": user.name,
        "removed": {name: count for name, count in removed.items() if count},
        "files": files,
        "mentions": mentions.count(session, needles),
    }
    told = Told(CertificateKind.PSEUDONYMISED, "person", user.id, school_id, what, reason)
    return certificates.issue(session, told, by_id=None)


def _delete(session: Session, kind: Any, user_id: UUID) -> int:  # noqa: ANN401  # of `_HERS`
    rows = session.scalars(sa.select(kind).where(kind.user_id == user_id)).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)
