"""Where a version may be used: tried in some schools, published, retired; and who said so when.

A version itself never changes. What was begun with it goes on, whatever becomes of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked
from observe.errors import BadInputError, ConflictError
from observe.people import access, audit
from observe.people.access import RUBRICS, Action, Actor
from observe.people.models import School
from observe.rubric.models import RubricPilot, RubricStage, RubricVersion, Stage
from observe.rubric.operations import versions
from observe.text import message

_USING: Final = ("observation", "assignment")
# From where a version may go; back from retired too, since a mistake must be mendable.
_NEXT: Final = {
    Stage.PILOTED: {Stage.PILOTED, Stage.PUBLISHED, Stage.RETIRED},
    Stage.PUBLISHED: {Stage.RETIRED},
    Stage.RETIRED: {Stage.PUBLISHED},
}


def stage_of(session: Session, version_id: UUID) -> Stage:
    """Return the stage of a version: the last that was said, else published."""
    return stages(session, [version_id])[version_id]


def stages(session: Session, version_ids: Collection[UUID]) -> dict[UUID, Stage]:
    """Return the stage of each version."""
    said = sa.select(RubricStage).where(RubricStage.version_id.in_(version_ids))
    found = dict.fromkeys(version_ids, Stage.PUBLISHED)
    found |= {row.version_id: row.stage for row in session.scalars(said.order_by(RubricStage.id))}
    return found


@dataclass(frozen=True)
class Trial:
    """The schools in which a version is tried, from a day to a day, both included."""

    school_ids: Collection[UUID]
    starts_on: date
    ends_on: date | None = None


def pilot(session: Session, version_id: UUID, trial: Trial, *, actor: Actor) -> None:
    """Try a version in these schools on these days; a school named before gets these days.

    A published version is not tried any more: only one that nobody has begun to use goes back.

    Raises:
        NotFoundError, NotAllowedError: no such version or school, or not hers to say.
        BadInputError: the days are the wrong way round, or no school is named.
        ConflictError: the version is published and in use, or retired.
    """
    row = _locked(session, version_id, actor)
    if not trial.school_ids:
        raise BadInputError(message("Choose the schools in which it is tried."), field="schools")
    if trial.ends_on is not None and trial.ends_on < trial.starts_on:
        raise BadInputError(message("The last day lies before the first."), field="ends_on")
    if any(session.get(School, school_id) is None for school_id in trial.school_ids):
        raise access.not_found()
    _step(session, row, Stage.PILOTED, actor)
    known = {each.school_id: each for each in pilots(session, row.id)}
    for school_id in sorted(set(trial.school_ids)):
        each = known.get(school_id) or RubricPilot(version_id=row.id, school_id=school_id)
        each.starts_on, each.ends_on = trial.starts_on, trial.ends_on
        session.add(each)
    session.flush()


def publish(session: Session, version_id: UUID, *, actor: Actor) -> None:
    """Let a version be used in every school, from now on.

    Raises:
        NotFoundError, NotAllowedError: no such version, or not hers to say.
        ConflictError: it is published already.
    """
    _step(session, _locked(session, version_id, actor), Stage.PUBLISHED, actor)


def retire(session: Session, version_id: UUID, *, actor: Actor) -> None:
    """Let nothing new begin with a version; what was begun with it goes on and stays.

    Raises:
        NotFoundError, NotAllowedError: no such version, or not hers to say.
        ConflictError: it is retired already.
    """
    _step(session, _locked(session, version_id, actor), Stage.RETIRED, actor)


def _locked(session: Session, version_id: UUID, actor: Actor) -> RubricVersion:
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    row = locked(session, RubricVersion, version_id)
    if row is None:
        raise access.not_found()
    return row


def _step(session: Session, row: RubricVersion, to: Stage, actor: Actor) -> None:
    stage = stage_of(session, row.id)
    if to is stage is not Stage.PILOTED:
        raise ConflictError(message("This version is that already."))
    untried = stage is Stage.PUBLISHED and to is Stage.PILOTED and not _is_used(session, row.id)
    if to not in _NEXT[stage] and not untried:
        raise ConflictError(
            message("A version that is in use or retired is not tried: make a new version.")
        )
    if to is not stage:
        session.add(RubricStage(version_id=row.id, stage=to, by_id=actor.user_id))
        session.flush()
    audit.record(
        session,
        f"rubric.{to.value}",
        actor_id=actor.user_id,
        thing_kind="rubric",
        thing_id=row.id,
        rubric=row.rubric_id,
        version=row.version,
    )


def _is_used(session: Session, version_id: UUID) -> bool:
    """Tell whether a lesson is coded with it, or a colleague was asked to.

    Those tables lie in rooms above: by their names.
    """
    tables = (sa.table(name, sa.column("rubric_version_id", sa.Uuid())) for name in _USING)
    used = (sa.exists().where(table.c.rubric_version_id == version_id) for table in tables)
    return bool(session.scalar(sa.select(sa.or_(*used))))


def pilots(session: Session, version_id: UUID) -> list[RubricPilot]:
    """Return in which schools a version is or was tried, by the first day."""
    rows = sa.select(RubricPilot).where(RubricPilot.version_id == version_id)
    return list(session.scalars(rows.order_by(RubricPilot.starts_on, RubricPilot.id)))


# --- what may be begun with it --------------------------------------------------------------------


def offered(session: Session, school_id: UUID | None, on: date) -> list[RubricVersion]:
    """Return the newest version of each rubric with which a lesson of this day may be coded.

    Where the school is not known yet (None), what is tried anywhere is offered too.
    """
    rows = versions(session)
    stage = stages(session, [row.id for row in rows])
    tried = _tried(session, school_id, on)
    newest: dict[str, RubricVersion] = {}
    for row in rows:
        if stage[row.id] is Stage.PUBLISHED or (stage[row.id] is Stage.PILOTED and row.id in tried):
            newest.setdefault(row.rubric_id, row)
    return list(newest.values())


def _tried(session: Session, school_id: UUID | None, on: date) -> set[UUID]:
    rows = sa.select(RubricPilot.version_id).where(
        RubricPilot.starts_on <= on,
        sa.or_(RubricPilot.ends_on.is_(None), RubricPilot.ends_on >= on),
    )
    if school_id is not None:
        rows = rows.where(RubricPilot.school_id == school_id)
    return set(session.scalars(rows))


def require_usable(session: Session, version: RubricVersion, school_id: UUID, on: date) -> None:
    """Return when a lesson of this school and day may be coded with `version`.

    Raises:
        ConflictError: it is retired, or tried elsewhere or at another time.
    """
    stage = stage_of(session, version.id)
    if stage is Stage.RETIRED:
        raise ConflictError(
            message("This version of the rubric is retired: choose one that is in use.")
        )
    if stage is Stage.PILOTED and version.id not in _tried(session, school_id, on):
        raise ConflictError(
            message("This version is only being tried, in other schools or on other days.")
        )
