"""The register of breaches: what happened, whom it touches, who must be told and was.

What a breach demands is told by pure rules (`notices`); this keeps what a person knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked, now
from observe.errors import BadInputError, ConflictError
from observe.people import access, audit
from observe.people.access import Action, Actor, Thing
from observe.privacy.notices import NoticeKind, demanded
from observe.privacy.request_models import Breach, BreachNotice
from observe.text import message

WORDS_MAX: Final = 4_000
REGISTER: Final = Thing("breach", in_territory=True)

NOTICES: Final = {
    NoticeKind.PROVIDER: message("Whoever answers for the data at your provider"),
    NoticeKind.CSIRT: message("The national CSIRT: early warning"),
    NoticeKind.CSIRT_UPDATE: message("The national CSIRT: update"),
    NoticeKind.AGENCY: message("The data protection agency"),
    NoticeKind.PEOPLE: message("The people whose data they are"),
    NoticeKind.FAMILIES: message("The families of the children under 14"),
}


@dataclass(frozen=True)
class Told:
    """What is known of a breach."""

    discovered_at: datetime
    happened: str
    whose: str = ""
    measures: str = ""
    risk: bool = True
    young_children: bool = False
    sensitive: bool = False
    of_state: bool = False


@dataclass(frozen=True)
class Due:
    """A notice that a breach demands, and whether it was given."""

    kind: NoticeKind
    due_at: datetime
    done: BreachNotice | None
    at: datetime  # as seen now

    @property
    def late(self) -> bool:
        """Whether it was given too late, or is late and still waits."""
        return (self.done.done_at if self.done else self.at) > self.due_at


def breaches(session: Session, *, actor: Actor) -> list[Breach]:
    """Return the register, the last discovered first.

    Raises:
        NotFoundError: it is not hers to see.
    """
    access.require(actor, Action.BREACH, REGISTER)
    rows = sa.select(Breach).order_by(Breach.discovered_at.desc(), Breach.id.desc())
    return list(session.scalars(rows))


def breach_for(session: Session, breach_id: UUID, *, actor: Actor) -> Breach:
    """Return a breach; raises `NotFoundError`."""
    access.require(actor, Action.BREACH, REGISTER)
    breach = session.get(Breach, breach_id)
    if breach is None:
        raise access.not_found()
    return breach


def due_of(breach: Breach, *, new_law_from: date) -> tuple[Due, ...]:
    """Return the notices that a breach demands, and those that were given all the same."""
    done = {notice.kind: notice for notice in breach.notices}
    asked = demanded(breach.facts, new_law_from)
    rows = [Due(each.kind, each.due_at, done.get(each.kind), now()) for each in asked]
    named = {each.kind for each in asked}
    besides = (notice for kind, notice in done.items() if kind not in named)
    return (*rows, *(Due(each.kind, each.done_at, each, now()) for each in besides))


def late_count(session: Session, *, actor: Actor, new_law_from: date) -> int:
    """Return how many notices of the breaches that `actor` sees are late and still wait."""
    if not access.can(actor, Action.BREACH, REGISTER):
        return 0
    rows = (row for row in breaches(session, actor=actor) if row.closed_on is None)
    due = (each for row in rows for each in due_of(row, new_law_from=new_law_from))
    return sum(each.late and each.done is None for each in due)


def register(session: Session, told: Told, *, actor: Actor) -> Breach:
    """Put a breach on file.

    Raises:
        NotFoundError: the register is not hers.
        BadInputError: what happened is missing, or it was discovered later than now.
    """
    access.require(actor, Action.BREACH, REGISTER)
    _check(told)
    breach = Breach(registered_by_id=actor.user_id, **_columns(told))
    session.add(breach)
    session.flush()
    _on_file(session, "breach.registered", breach, actor)
    return breach


def correct(session: Session, breach_id: UUID, told: Told, *, actor: Actor) -> Breach:
    """Keep what is known of a breach by now; which notices it demands may change with it.

    Raises:
        NotFoundError: it is not hers. ConflictError: it was closed. BadInputError: as `register`.
    """
    breach = _open(session, breach_id, actor)
    _check(told)
    before = breach.facts
    for name, value in _columns(told).items():
        setattr(breach, name, value)
    session.flush()
    _on_file(
        session,
        "breach.corrected",
        breach,
        actor,
        **{f"was_{name}": value for name, value in vars(before).items()},
    )
    return breach


def _columns(told: Told) -> dict[str, object]:
    words = ("happened", "whose", "measures")
    return {
        name: value.strip() if name in words and isinstance(value, str) else value
        for name, value in vars(told).items()
    }


def _check(told: Told) -> None:
    if not told.happened.strip():
        raise BadInputError(message("Write what happened."), field="happened")
    if told.discovered_at > now():
        raise BadInputError(
            message("It cannot have been discovered later than now."), field="discovered_at"
        )
    for field in ("happened", "whose", "measures"):
        if len(getattr(told, field)) > WORDS_MAX:
            raise BadInputError(
                message("Use at most %(limit)s characters.", limit=WORDS_MAX), field=field
            )


def tell(
    session: Session,
    breach_id: UUID,
    kind: NoticeKind,
    how: str,
    *,
    at: datetime | None = None,
    actor: Actor,
) -> BreachNotice:
    """Put on file that a notice was given: when, and how.

    Raises:
        NotFoundError: it is not hers. ConflictError: it was closed, or is on file already.
        BadInputError: how is missing, or it was given later than now.
    """
    breach = _open(session, breach_id, actor)
    if any(notice.kind is kind for notice in breach.notices):
        raise ConflictError(message("This notice is on file already."))
    if not how.strip():
        raise BadInputError(message("Write how they were told."), field="how")
    done_at = at or now()
    if done_at > now():
        raise BadInputError(message("It cannot have been given later than now."), field="done_at")
    notice = BreachNotice(
        breach_id=breach.id, kind=kind, done_at=done_at, how=how.strip(), by_id=actor.user_id
    )
    breach.notices.append(notice)
    session.flush()
    _on_file(session, "breach.told", breach, actor, notice=kind.value, at=done_at)
    return notice


def close(
    session: Session, breach_id: UUID, *, today: date, new_law_from: date, actor: Actor
) -> Breach:
    """Close the breach: nothing is to be done any more.

    Raises:
        NotFoundError: it is not hers. ConflictError: it was closed, or a notice still waits.
    """
    breach = _open(session, breach_id, actor)
    if any(each.done is None for each in due_of(breach, new_law_from=new_law_from)):
        raise ConflictError(message("A notice still waits: give it, then close."))
    breach.closed_on = today
    session.flush()
    _on_file(session, "breach.closed", breach, actor)
    return breach


def _open(session: Session, breach_id: UUID, actor: Actor) -> Breach:
    access.require(actor, Action.BREACH, REGISTER)
    breach = locked(session, Breach, breach_id)
    if breach is None:
        raise access.not_found()
    if breach.closed_on is not None:
        raise ConflictError(message("This breach was closed and stays as it was."))
    return breach


def _on_file(
    session: Session, action: str, breach: Breach, actor: Actor, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="breach",
        thing_id=breach.id,
        **details,
    )
