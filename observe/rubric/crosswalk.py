"""Which dimension of one version may be compared with which of another: a person says so.

Nothing is compared silently: where nobody said that two dimensions are comparable, charts stop at
the one version and begin anew with the other, even where both have the same id.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked
from observe.errors import BadInputError
from observe.people import access, audit
from observe.people.access import RUBRICS, Action, Actor
from observe.rubric.models import RubricMatch, RubricVersion
from observe.rubric.operations import rubric_of, version_order
from observe.rubric.proposals import kept
from observe.text import message


def say(
    session: Session,
    one: tuple[UUID, str],
    other: tuple[UUID, str],
    *,
    comparable: bool,
    reason: str,
    actor: Actor,
) -> RubricMatch:
    """Say whether a dimension of a version is comparable with one of another version; return it.

    Each is named by its version and its id. What was said of the two before is replaced, and both
    are in the audit trail.

    Raises:
        NotFoundError, NotAllowedError: no such version or dimension, or not hers to say.
        BadInputError: both are of one version or of two rubrics, or no reason is given.
    """
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    reason = kept(reason, "reason")
    if not reason:
        raise BadInputError(message("Say why, for those who read the chart."), field="reason")
    (older, its), (newer, hers) = _in_order(session, one, other)
    if comparable and _scored(older, its) != _scored(newer, hers):
        raise BadInputError(
            message("They are scored on different scales: a chart cannot join them."),
            field="comparable",
        )
    locked(session, RubricVersion, newer.id)  # two who say something at once: one after the other
    row = _said(session, older.id, its, newer.id, hers)
    if row is None:
        row = RubricMatch(
            older_id=older.id, older_dimension=its, newer_id=newer.id, newer_dimension=hers
        )
        session.add(row)
    row.comparable, row.reason, row.by_id = comparable, reason, actor.user_id
    session.flush()
    audit.record(
        session,
        "rubric.compared",
        actor_id=actor.user_id,
        thing_kind="rubric",
        thing_id=newer.id,
        older=f"{older.version} {its}",
        newer=f"{newer.version} {hers}",
        comparable=comparable,
    )
    return row


def _in_order(
    session: Session, one: tuple[UUID, str], other: tuple[UUID, str]
) -> tuple[tuple[RubricVersion, str], tuple[RubricVersion, str]]:
    found = []
    for version_id, dimension in (one, other):
        row = session.get(RubricVersion, version_id)
        if row is None or not rubric_of(row).has_dimension(dimension):
            raise access.not_found()
        found.append((row, dimension))
    first, second = sorted(found, key=lambda each: version_order(each[0]))
    if first[0].id == second[0].id or first[0].rubric_id != second[0].rubric_id:
        raise BadInputError(message("Choose two versions of the same rubric."))
    return first, second


def _said(
    session: Session, older_id: UUID, its: str, newer_id: UUID, hers: str
) -> RubricMatch | None:
    rows = sa.select(RubricMatch).filter_by(
        older_id=older_id, older_dimension=its, newer_id=newer_id, newer_dimension=hers
    )
    return session.scalar(rows)


def said_of(session: Session, older_id: UUID, newer_id: UUID) -> list[RubricMatch]:
    """Return all that was said of two versions, the older one first."""
    rows = sa.select(RubricMatch).filter_by(older_id=older_id, newer_id=newer_id)
    return list(session.scalars(rows.order_by(RubricMatch.at, RubricMatch.id)))


def comparable_with(session: Session, version_id: UUID, dimension: str) -> set[tuple[UUID, str]]:
    """Return every dimension (version, id) that may stand in one line with this one, itself too.

    A line may pass through several versions; of each it has one dimension. What somebody said is
    not comparable with any of the line is not in it.
    """
    said: dict[frozenset[tuple[UUID, str]], bool] = {
        frozenset({(row.older_id, row.older_dimension), (row.newer_id, row.newer_dimension)}): (
            row.comparable
        )
        for row in session.scalars(sa.select(RubricMatch).order_by(RubricMatch.id))
    }
    line = [(version_id, dimension)]
    for here in line:  # it grows meanwhile
        for pair, comparable in said.items():
            if not comparable or here not in pair:
                continue
            (other,) = pair - {here}
            in_it = any(other[0] == each[0] for each in line)
            refused = any(said.get(frozenset({other, each}), True) is False for each in line)
            if not in_it and not refused:
                line.append(other)
    return set(line)


def _scored(version: RubricVersion, dimension: str) -> tuple[int, int, str]:
    """Return the ends of the scale of a dimension, and which of them is the favourable one."""
    rubric = rubric_of(version)
    row = rubric.dimension(dimension)
    scale = rubric.scale_of(row)
    return scale.min, scale.max, row.polarity
