"""The laptop's owner: the person who installed it, made before anybody could have asked for her."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.people import audit
from observe.people.models import Membership, Role, User

OWNER: Final = "owner"  # her reference
ROLES: Final = (Role.ADMINISTRATOR, Role.OBSERVER)


def owner(session: Session) -> User | None:
    """Return the owner of this home, or None where nobody is (a hub, a home not made yet)."""
    return session.scalars(sa.select(User).where(User.reference == OWNER)).one_or_none()


def make_owner(session: Session, name: str) -> User:
    """Return the owner, made with the name given when there is none yet.

    She administers this home and observes in all its schools.
    """
    known = owner(session)
    if known is not None:
        return known
    user = User(reference=OWNER, name=name)
    user.memberships = [Membership(role=role) for role in ROLES]
    session.add(user)
    session.flush()
    audit.record(
        session,
        "owner.make",
        actor_id=user.id,
        thing_kind="person",
        thing_id=user.id,
        roles=[role.value for role in ROLES],
    )
    return user
