"""What the network works on together: dimensions that its lead names, from a day to a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError
from observe.feedback.models import NetworkFocus
from observe.people import access, audit
from observe.people.access import RUBRICS, Action, Actor
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.text import message


@dataclass(frozen=True)
class Days:
    """From a day to a day, both included; without an end until somebody ends it."""

    starts_on: date
    ends_on: date | None = None


def name_focus(
    session: Session, version_id: UUID, dimension: str, days: Days, *, actor: Actor
) -> NetworkFocus:
    """Say that the network works on a dimension of a rubric, in all its versions that have it.

    Raises:
        NotFoundError, NotAllowedError: no such version, or not hers to say.
        BadInputError: no such dimension, or the days are the wrong way round.
        ConflictError: the network works on it already in these days.
    """
    access.require(actor, Action.NETWORK_FOCUS, RUBRICS)
    version = session.get(RubricVersion, version_id)
    if version is None:
        raise access.not_found()
    if not rubric_of(version).has_dimension(dimension):
        raise BadInputError(message("Choose a dimension of this rubric."), field="dimension")
    if days.ends_on is not None and days.ends_on < days.starts_on:
        raise BadInputError(message("The last day is before the first."), field="ends_on")
    for each in _of(session, version.rubric_id):
        if each.dimension == dimension and _meet(each, days):
            raise ConflictError(message("The network works on this already in these days."))
    focus = NetworkFocus(
        rubric_id=version.rubric_id,
        dimension=dimension,
        starts_on=days.starts_on,
        ends_on=days.ends_on,
        by_id=actor.user_id,
    )
    session.add(focus)
    session.flush()
    _told(session, "network_focus.name", focus, actor)
    return focus


def _meet(focus: NetworkFocus, days: Days) -> bool:
    after = focus.ends_on is not None and focus.ends_on < days.starts_on
    before = days.ends_on is not None and days.ends_on < focus.starts_on
    return not after and not before


def end_focus(session: Session, focus_id: UUID, last_day: date, *, actor: Actor) -> None:
    """Let the network's work on a dimension end with `last_day`; before it began: take it back.

    Raises:
        NotFoundError, NotAllowedError: no such focus, or not hers to say.
    """
    access.require(actor, Action.NETWORK_FOCUS, RUBRICS)
    focus = session.get(NetworkFocus, focus_id)
    if focus is None:
        raise access.not_found()
    _told(session, "network_focus.end", focus, actor)
    if last_day < focus.starts_on:
        session.delete(focus)
    elif focus.ends_on is None or last_day < focus.ends_on:
        focus.ends_on = last_day
    session.flush()


def focuses_of(session: Session, rubric_id: str, on: date) -> list[NetworkFocus]:
    """Return what the network works on, or will, of a rubric; what is over is left out."""
    return [each for each in _of(session, rubric_id) if each.ends_on is None or on <= each.ends_on]


def worked_on(session: Session, rubric_id: str, on: date) -> frozenset[str]:
    """Return the dimensions on which the network works on a day."""
    current = (each for each in focuses_of(session, rubric_id, on) if each.starts_on <= on)
    return frozenset(each.dimension for each in current)


def _of(session: Session, rubric_id: str) -> list[NetworkFocus]:
    rows = sa.select(NetworkFocus).filter_by(rubric_id=rubric_id)
    return list(session.scalars(rows.order_by(NetworkFocus.starts_on, NetworkFocus.id)))


def _told(session: Session, action: str, focus: NetworkFocus, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="network_focus",
        thing_id=focus.id,
        rubric=focus.rubric_id,
        dimension=focus.dimension,
    )
