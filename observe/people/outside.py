"""Signing in by an account elsewhere: to whom of ours it belongs, tied once, never made by itself.

An account is known by issuer and subject, which do not change. The first time it may name a person
of ours by her e-mail, where the provider vouches for that; later the e-mail does not count.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe.errors import BadInputError, ConflictError
from observe.people import audit, signin
from observe.people.access import Actor, not_found
from observe.people.models import OutsideAccount, User
from observe.people.providers import Provider, Told
from observe.text import message


def enter(
    session: Session, provider: Provider, told: Told, *, hours: int, device: str = ""
) -> signin.SignedIn:
    """Open a session for the person to whom the account belongs.

    Raises:
        BadInputError: it belongs to nobody here, or she has left.
    """
    user = _tied(session, told) or _named(session, provider, told)
    if user is None or not user.active:
        raise BadInputError(
            message(
                "Nobody here has this account of %(provider)s. Sign in another way and add it in "
                "«My account», or ask your administrator.",
                provider=provider.label,
            )
        )
    return signin.open_session(session, user, hours=hours, how="outside", device=device)


def tie(session: Session, provider: Provider, told: Told, *, actor: Actor) -> None:
    """Tie the account to the actor's own; one tied to her already stays so.

    Raises:
        ConflictError: it is tied to another person.
    """
    user = signin.own_account(session, actor.user_id, actor=actor)
    owner = _tied(session, told)
    if owner is not None and owner.id != user.id:
        raise ConflictError(message("This account is tied to another person here."))
    if owner is None:
        _add(session, provider, told, user, actor_id=actor.user_id)


def accounts_of(session: Session, user_id: UUID, *, actor: Actor) -> tuple[OutsideAccount, ...]:
    """Return the accounts elsewhere that are tied to a person.

    Raises:
        NotFoundError: it is not her own account.
    """
    user = signin.own_account(session, user_id, actor=actor)
    rows = sa.select(OutsideAccount).where(OutsideAccount.user_id == user.id)
    return tuple(session.scalars(rows.order_by(OutsideAccount.id)))


def untie(session: Session, account_id: UUID, *, actor: Actor) -> None:
    """Let the actor's own account be entered no more by this account elsewhere.

    Raises:
        NotFoundError: she has no such account.
    """
    row = session.get(OutsideAccount, account_id)
    if row is None or row.user_id != actor.user_id:
        raise not_found()
    user = signin.own_account(session, row.user_id, actor=actor)
    session.delete(row)
    audit.record(
        session,
        "outside.untied",
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=user.id,
        provider=row.provider,
    )


def _tied(session: Session, told: Told) -> User | None:
    row = session.scalars(
        sa.select(OutsideAccount)
        .where(OutsideAccount.issuer == told.issuer, OutsideAccount.subject == told.subject)
        .options(joinedload(OutsideAccount.user))
    ).one_or_none()
    return row.user if row else None


def _named(session: Session, provider: Provider, told: Told) -> User | None:
    """Return whom the e-mail names, tied now; nobody who has another account of that issuer.

    An address may be given to somebody new when its owner leaves.
    """
    if not told.email:
        return None
    other = sa.select(OutsideAccount.user_id).where(OutsideAccount.issuer == told.issuer)
    user = session.scalars(
        sa.select(User).where(sa.func.lower(User.email) == told.email, User.id.not_in(other))
    ).one_or_none()
    if user is not None and user.active:
        _add(session, provider, told, user, actor_id=user.id)
    return user


def _add(session: Session, provider: Provider, told: Told, user: User, *, actor_id: UUID) -> None:
    session.add(
        OutsideAccount(
            user_id=user.id, issuer=told.issuer, subject=told.subject, provider=provider.label
        )
    )
    session.flush()
    audit.record(
        session,
        "outside.tied",
        actor_id=actor_id,
        thing_kind="person",
        thing_id=user.id,
        provider=provider.key,
    )
