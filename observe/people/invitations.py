"""Invitations that still let somebody in, and the reasons for which they end by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.people import audit
from observe.people.access import Actor
from observe.people.models import Invitation, SignInLink, SignInSession, User

_AT_ONCE = 500  # people of one query


def open_of(session: Session, user_ids: Sequence[UUID]) -> list[Invitation]:
    """Return the invitations of these people that still work."""
    return _open(session, Invitation.user_id.in_(user_ids))


def end_sent_elsewhere(session: Session, user_ids: Sequence[UUID], *, actor: Actor) -> None:
    """End what was sent to an e-mail that is not hers any more: whoever reads it would come in.

    Most e-mails are corrected because a letter went to the wrong mailbox.
    """
    session.flush()
    hers = sa.select(sa.func.coalesce(User.email, "")).where(User.id == Invitation.user_id)
    elsewhere = sa.and_(Invitation.sent_to != "", Invitation.sent_to != hers.scalar_subquery())
    for start in range(0, len(user_ids), _AT_ONCE):
        some = Invitation.user_id.in_(user_ids[start : start + _AT_ONCE])
        for row in _open(session, some, elsewhere):
            end(row)
            session.flush()
            tell(session, "invitation.revoke", row, actor)


def end_everything(session: Session) -> None:
    """End all sessions, sign-in links and invitations of everybody: a backup was brought back.

    What let people in on that day may have been ended since; whoever calls puts on file why.
    """
    moment = now()
    for row in _open(session):
        end(row)
    for table, still, column in (
        (SignInSession, SignInSession.ended_at.is_(None), "ended_at"),
        (SignInLink, SignInLink.used_at.is_(None), "expires_at"),
    ):
        session.execute(
            sa.update(table)
            .where(still, table.expires_at > moment)
            .values({column: moment})
            .execution_options(synchronize_session=False)
        )


def end(row: Invitation) -> None:
    """Let an invitation let nobody in any more; whoever calls puts it on file."""
    row.revoked_at = row.link.expires_at = now()


def tell(session: Session, action: str, row: Invitation, actor: Actor) -> None:
    """Put on file what was done with an invitation."""
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=row.user_id,
        invitation=str(row.id),
        by_mail=bool(row.sent_to),
    )


def _open(session: Session, *which: sa.ColumnElement[bool]) -> list[Invitation]:
    query = sa.select(Invitation).join(SignInLink, SignInLink.id == Invitation.link_id)
    still = (
        Invitation.revoked_at.is_(None),
        SignInLink.used_at.is_(None),
        SignInLink.expires_at > now(),
    )
    return list(session.scalars(query.where(*which, *still)))
