"""After an older backup was brought back: what was shut since then is shut in it again.

Only shutting is repeated: what was opened since, whoever restored opens by hand. As deleting again,
it is done before the restored home takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, now, today
from observe.errors import ConflictError, ObserveError
from observe.feedback.models import Feedback, FeedbackState
from observe.people import audit, memberships
from observe.people.models import ClassGroup, User
from observe.people.periods import yesterday
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel, RightsRequest
from observe.privacy.shut import WITHDRAW, Deed, Shut, came_back, changed_at
from observe.text import DEFAULT_LOCALE, message


@dataclass(frozen=True)
class ShutAgain:
    """What was shut again, and what could not be."""

    done: tuple[Shut, ...] = ()
    failed: tuple[Shut, ...] = ()


def shut_again(database: Database, noted: Iterable[Shut]) -> ShutAgain:
    """Shut what these tell of and the backup brought back open, one transaction a thing.

    What is of another home, or was shut or opened in the backup later, is passed over. What cannot
    be shut keeps nobody from her data: it is told.
    """
    done, failed = [], []
    for each in noted:
        try:
            with database.write() as session:
                if each.deed in _VERBS and _VERBS[Deed(each.deed)](session, each):
                    done.append(each)
        except (ObserveError, sa.exc.SQLAlchemyError, KeyError, ValueError):
            failed.append(each)
    return ShutAgain(tuple(done), tuple(failed))


def _block(session: Session, told: Shut) -> bool:
    row = session.get(RightsRequest, UUID(told.thing_id)) or _asked_again(session, told)
    if row is None or ((changed := changed_at(row)) and changed >= told.moment):
        return False
    row.blocked_at, row.lifted_at, row.asks_block = told.moment, None, True
    session.flush()
    requests.block_changed(session, row)
    _record(session, "rights.blocked", "rights_request", row.id)
    return True


def _asked_again(session: Session, told: Shut) -> RightsRequest | None:
    """Return the request made anew that the backup does not know; None: it is of another home.

    Where the backup does not know who registered it either, it is in the name of whom it is about,
    or of nobody: then it cannot be made.
    """
    more = told.more
    person = session.get(User, UUID(more["user"])) if more["user"] else None
    group = session.get(ClassGroup, UUID(more["class"])) if more["class"] else None
    if person is None and group is None:
        return None
    by = session.get(User, UUID(more["by"])) or person
    if by is None:
        raise ConflictError(message("Nobody is known here who registered this request."))
    row = RightsRequest(
        id=UUID(told.thing_id),
        kind=RequestKind(more["kind"]),
        about=About(more["about"]),
        user=person,
        class_group=group,
        list_number=more["number"],
        received_on=date.fromisoformat(more["received"]),
        channel=Channel(more["channel"]),
        registered_by_id=by.id,
    )
    session.add(row)
    session.flush()
    _record(session, "rights.registered", "rights_request", row.id)
    return row


def _let_go(session: Session, told: Shut) -> bool:
    user = session.get(User, UUID(told.thing_id))
    if user is None or not user.active or came_back(session, user.id, told.moment):
        return False
    ends: dict[str, str] = told.more["ends"]
    for row in list(user.memberships):
        last_day = date.fromisoformat(ends[str(row.id)]) if str(row.id) in ends else today()
        memberships.cut(session, row, min(last_day, yesterday(today())))
    session.flush()
    memberships.settle(session, user)
    if not memberships.has_administrator(session):
        raise ConflictError(message("Nobody would administer the whole territory any more."))
    _record(session, "person.leave", "person", user.id)
    return True


def _withdraw(session: Session, told: Shut) -> bool:
    feedback = session.get(Feedback, UUID(told.thing_id))
    if feedback is not None and feedback.state is FeedbackState.PUBLISHING:
        feedback.state = FeedbackState.DRAFT  # it was published and withdrawn after the backup
        return True
    if feedback is None or feedback.state is not FeedbackState.PUBLISHED:
        return False
    feedback.state, feedback.withdrawn_at = FeedbackState.WITHDRAWN, told.moment
    feedback.withdrawal_reason = message(
        "It was withdrawn before, and a backup from before that was restored."
    ).in_language(DEFAULT_LOCALE)
    session.flush()
    _record(session, WITHDRAW, "feedback", feedback.id)
    return True


def _record(session: Session, action: str, kind: str, thing_id: UUID) -> None:
    audit.record(session, action, actor_id=None, thing_kind=kind, thing_id=thing_id, restored=now())


_VERBS: Final[dict[Deed, Callable[[Session, Shut], bool]]] = {
    Deed.BLOCKED: _block,
    Deed.LEFT: _let_go,
    Deed.WITHDRAWN: _withdraw,
}
