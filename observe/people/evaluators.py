"""Who supports does not evaluate: who was said to do both, and the warning where it matters.

No register here knows who evaluates whom, so somebody says it: the person herself, the UTP head of
her school or an administrator. It forbids nothing; it is shown when she begins to observe that
educator and when she writes her feedback.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe.db import now
from observe.errors import BadInputError
from observe.people import audit
from observe.people.access import Action, Actor, can, not_found
from observe.people.directory import person_thing
from observe.people.memberships import require_person
from observe.people.models import Evaluator, Role, User
from observe.text import message


def evaluated_by(session: Session, user_id: UUID, *, actor: Actor) -> list[Evaluator]:
    """Return whom a person evaluates, as far as it was said and `actor` may see it, by name."""
    user = session.get(User, user_id)
    if user is None or not can(actor, Action.EVALUATOR_NOTE, person_thing(user)):
        return []
    rows = (
        sa.select(Evaluator)
        .join(Evaluator.educator)
        .where(Evaluator.evaluator_id == user_id, Evaluator.ended_at.is_(None))
        .options(joinedload(Evaluator.educator))
        .order_by(User.name, User.id)
    )
    return list(session.scalars(rows))


def also_evaluates(session: Session, observer_id: UUID, educator_id: UUID) -> bool:
    """Tell whether it was said that the observer evaluates this educator, too."""
    query = sa.select(Evaluator.id).where(
        Evaluator.evaluator_id == observer_id,
        Evaluator.educator_id == educator_id,
        Evaluator.ended_at.is_(None),
    )
    return session.scalar(query.limit(1)) is not None


def note(session: Session, user_id: UUID, educator_id: UUID, *, actor: Actor) -> None:
    """Write down that a person evaluates an educator; twice is once.

    Raises:
        BadInputError: she is no educator, or herself.
        NotFoundError, NotAllowedError: it is not the actor's to say.
    """
    user = require_person(session, user_id, Action.EVALUATOR_NOTE, actor)
    educator = require_person(session, educator_id, Action.PERSON_SEE, actor)
    teaches = any(row.role is Role.EDUCATOR for row in educator.memberships)
    if not teaches or educator.id == user.id:
        raise BadInputError(message("Choose an educator."), field="educator_id")
    if also_evaluates(session, user_id, educator_id):
        return
    session.add(Evaluator(evaluator_id=user_id, educator_id=educator_id, by_id=actor.user_id))
    session.flush()
    _tell(session, "evaluator.note", user_id, educator_id, actor)


def end(session: Session, evaluator_id: UUID, *, actor: Actor) -> UUID:
    """Write down that it is so no more; that it was stays on file. Return whose it was.

    Raises:
        NotFoundError, NotAllowedError: it is not the actor's to say.
    """
    row = session.get(Evaluator, evaluator_id)
    if row is None or row.ended_at is not None:
        raise not_found()
    require_person(session, row.evaluator_id, Action.EVALUATOR_NOTE, actor)
    row.ended_at = now()
    session.flush()
    _tell(session, "evaluator.end", row.evaluator_id, row.educator_id, actor)
    return row.evaluator_id


def _tell(
    session: Session, action: str, evaluator_id: UUID, educator_id: UUID, actor: Actor
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=evaluator_id,
        educator=str(educator_id),
    )
