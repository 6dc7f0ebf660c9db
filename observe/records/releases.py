"""Giving out averages: a network lead cuts what has come in since, and it stays as it was given.

What a release says is kept as it was: a correction, a deletion or another lesson changes it no
more, because two states of one average could be subtracted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from observe.coding.models import Observation, ObservationState
from observe.errors import ConflictError
from observe.feedback.models import LessonMean
from observe.people import access, audit
from observe.people.access import Action, Actor, Thing
from observe.people.models import ClassGroup, Role, School
from observe.records.aggregates import Cell, Contribution, Mean, Rule, cut
from observe.records.models import AverageRelease, ReleasedObservation
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric
from observe.text import message
from observe.video.models import Recording

NETWORK = Thing("averages", in_territory=True)


@dataclass(frozen=True)
class Table:
    """The averages of one version of a rubric in a release.

    `own` are the cells that may be seen, by school; `everybody` all of them, to add up. `missing`:
    a school of hers is in no cell of its own.
    """

    rubric: Rubric
    own: tuple[tuple[str, Cell], ...]
    everybody: tuple[Cell, ...]
    missing: bool


@dataclass(frozen=True)
class Release:
    """What was given out once."""

    id: UUID
    number: int
    at: datetime
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Waiting:
    """What a release would give out now, in numbers of schools and educators alone."""

    rubric: Rubric
    educators: int
    schools: int
    shown_schools: int
    pooled: bool


# --- giving out ----------------------------------------------------------------------------------


def release(session: Session, *, actor: Actor) -> AverageRelease:
    """Give out the averages of everything coded and not given out before.

    Raises:
        NotFoundError, NotAllowedError: she leads no network.
        ConflictError: no cell has enough educators, or somebody gave them out at the same moment.
    """
    access.require(actor, Action.AVERAGES_SEE_ALL, NETWORK)
    batch = cut(_unreleased(session), _rules(session))
    if not batch.cells:
        raise ConflictError(
            message("No group has five educators yet: nothing can be shown without showing one.")
        )
    last = session.scalar(sa.select(sa.func.max(AverageRelease.number))) or 0
    made = AverageRelease(number=last + 1, by_id=actor.user_id, document=_written(batch.cells))
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
            session.add_all(
                ReleasedObservation(observation_id=each, release_id=made.id)
                for each in batch.observation_ids
            )
            session.flush()
    except IntegrityError as error:  # two at once: each observation enters one release
        raise ConflictError(message("Somebody gave them out at this moment. Look anew.")) from error
    audit.record(
        session,
        "averages.release",
        actor_id=actor.user_id,
        thing_kind="averages",
        thing_id=made.id,
        cells=len(batch.cells),
    )
    return made


def waiting(session: Session, *, actor: Actor) -> list[Waiting]:
    """Return what a release would give out now, by rubric; nothing for who may not.

    No mean is in it, and nothing of a school by its name.
    """
    if not access.can(actor, Action.AVERAGES_SEE_ALL, NETWORK):
        return []
    found, rules = _unreleased(session), _rules(session)
    by_version: dict[UUID, list[Contribution]] = defaultdict(list)
    for each in found:
        by_version[each.version_id].append(each)
    return [_waiting(session, key, rows, rules) for key, rows in sorted(by_version.items())]


def _waiting(
    session: Session, version_id: UUID, rows: list[Contribution], rules: Mapping[UUID, Rule]
) -> Waiting:
    cells = cut(rows, rules).cells
    return Waiting(
        rubric=rubric_of(session.get_one(RubricVersion, version_id)),
        educators=len({each.educator_id for each in rows}),
        schools=len({each.school_id for each in rows}),
        shown_schools=sum(len(cell.school_ids) == 1 for cell in cells),
        pooled=any(len(cell.school_ids) > 1 for cell in cells),
    )


def _unreleased(session: Session) -> list[Contribution]:
    given = sa.select(ReleasedObservation.observation_id)
    rows = session.execute(
        sa.select(
            LessonMean.observation_id,
            Observation.recording_id,
            LessonMean.educator_id,
            ClassGroup.school_id,
            LessonMean.rubric_version_id,
            Recording.selection,
            LessonMean.dimension,
            LessonMean.mean,
        )
        .join(Observation, Observation.id == LessonMean.observation_id)
        .join(Recording, Recording.id == Observation.recording_id)
        .join(ClassGroup, ClassGroup.id == Recording.class_group_id)
        .where(
            Observation.state == ObservationState.SUBMITTED,
            LessonMean.observation_id.not_in(given),
            LessonMean.mean.is_not(None),
            ~Recording.blocked,  # it waits for a later release
        )
        .order_by(LessonMean.observation_id)
    )
    means: dict[UUID, dict[str, float]] = defaultdict(dict)
    about: dict[UUID, Any] = {}
    for row in rows:
        means[row.observation_id][row.dimension] = row.mean
        about[row.observation_id] = row
    return [
        Contribution(
            observation_id=key,
            recording_id=row.recording_id,
            educator_id=row.educator_id,
            school_id=row.school_id,
            version_id=row.rubric_version_id,
            selection=row.selection.value,
            means=means[key],
        )
        for key, row in about.items()
    ]


def _rules(session: Session) -> dict[UUID, Rule]:
    rules = {}
    for version in session.scalars(sa.select(RubricVersion)):
        rubric = rubric_of(version)
        ends = {row.id: rubric.scale_of(row) for row in rubric.dimensions}
        rules[version.id] = Rule(
            rubric.reports.minimum_educators,
            {name: (scale.min, scale.max) for name, scale in ends.items()},
        )
    return rules


# --- seeing --------------------------------------------------------------------------------------


def releases_for(session: Session, *, actor: Actor) -> list[Release]:
    """Return what was given out, as far as `actor` may see it, the newest first.

    A network lead, and a reader, sees every cell of schools that are all hers; a UTP head the cell
    of her school. Each sees the mean of all that was given out. Where a UTP head's school was in a
    cell with others, she sees that it is, not the cell.
    """
    seen = _Seen(
        alone=_schools_as(session, actor, Role.UTP_HEAD),
        together=_schools_as(session, actor, Role.NETWORK_LEAD, Role.READER),
    )
    if not seen.alone and not seen.together:
        return []
    rows = session.scalars(sa.select(AverageRelease).order_by(AverageRelease.number.desc()))
    names = {row.id: row.name for row in session.scalars(sa.select(School))}
    return [
        Release(
            row.id,
            row.number,
            row.at,
            tuple(_tables(session, _read(row.document), names, seen)),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class _Seen:
    """Of which schools somebody sees cells: of one school alone, or of several together."""

    alone: set[UUID]
    together: set[UUID]

    def holds(self, cell: Cell) -> bool:
        """Tell whether she sees this cell."""
        single = len(cell.school_ids) == 1 and cell.school_ids <= self.alone
        return single or cell.school_ids <= self.together


def _schools_as(session: Session, actor: Actor, *roles: Role) -> set[UUID]:
    held = {each.school_id for each in actor.standings if each.role in roles}
    every = session.scalars(sa.select(School.id))
    return {
        each
        for each in (every if None in held else held)
        if each is not None
        and access.can(actor, Action.AVERAGES_SEE, Thing("averages", school_ids=frozenset({each})))
    }


def _tables(
    session: Session, cells: Iterable[Cell], names: Mapping[UUID, str], sees: _Seen
) -> Iterable[Table]:
    by_version: dict[UUID, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_version[cell.version_id].append(cell)
    for version_id, found in sorted(by_version.items()):
        seen = [each for each in found if sees.holds(each)]
        covered = {next(iter(each.school_ids)) for each in seen if len(each.school_ids) == 1}
        yield Table(
            rubric=rubric_of(session.get_one(RubricVersion, version_id)),
            own=tuple(sorted(((_name(each, names), each) for each in seen), key=_by_name)),
            everybody=tuple(found),
            missing=bool(sees.alone - covered),
        )


def _name(cell: Cell, names: Mapping[UUID, str]) -> str:
    return ", ".join(sorted(names.get(each, "–") for each in cell.school_ids))


def _by_name(row: tuple[str, Cell]) -> tuple[bool, str]:
    name, cell = row
    return len(cell.school_ids) > 1, name  # small schools together stand last


# --- keeping -------------------------------------------------------------------------------------


def _written(cells: Iterable[Cell]) -> str:
    told = [
        {
            "version": str(cell.version_id),
            "schools": sorted(map(str, cell.school_ids)),
            "educators": cell.educators,
            "lessons": cell.lessons,
            "selections": cell.selections,
            "means": {name: [each.mean, each.educators] for name, each in cell.means.items()},
        }
        for cell in cells
    ]
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _read(document: str) -> list[Cell]:
    return [
        Cell(
            version_id=UUID(each["version"]),
            school_ids=frozenset(map(UUID, each["schools"])),
            educators=each["educators"],
            lessons=each["lessons"],
            selections=tuple(each["selections"]),
            means={name: Mean(*told) for name, told in each["means"].items()},
        )
        for each in json.loads(document)
    ]
