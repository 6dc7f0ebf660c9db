"""The cohort: the means of educators, with which the scores of a lesson are compared.

Of the same stage of schooling and coded with the same version of a rubric; whoever is compared has
at least five others in it. The sums are kept, so that a suggestion costs the same with ten
educators and with ten thousand. They move when enough educators have something new (`counting`),
and are the same for whoever reads them: nothing can be learned by reading twice.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding import beside
from observe.coding.models import Observation, ObservationState
from observe.coding.operations import latest_document
from observe.coding.rules import Document
from observe.db import Database, locked
from observe.feedback.counting import entering
from observe.feedback.models import CohortMean, LessonMean
from observe.jobs import before_work
from observe.people.levels import stage_of
from observe.profile import profile_of
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.settings import Settings
from observe.video.models import Recording


def keep_means(session: Session, observation: Observation, document: Document) -> None:
    """Keep the means of what was submitted, in place of those of an earlier revision."""
    # Whoever submits meanwhile is counted after this.
    locked(session, RubricVersion, observation.rubric_version_id)
    _count(session, observation.rubric_version, _put(session, observation, document))


beside.register("cohort", beside.Beside(submitted=keep_means))


def _level_of(observation: Observation) -> str:
    return stage_of(observation.recording.class_group.name) or ""


def _put(session: Session, observation: Observation, document: Document) -> str:
    """Write the means of an observation; return the level of its cohort.

    What of it is counted stays so until the cohort moves, and in that cohort, though its class be
    put right: it would take a number with it that only moves together with others.
    """
    version = observation.rubric_version
    hers = LessonMean.observation_id == observation.id
    before = session.scalars(sa.select(LessonMean).where(hers)).all()
    counted = {row.dimension: row.counted for row in before if row.counted is not None}
    level = before[0].level if counted else _level_of(observation)
    educator_id = observation.recording.educator_id
    session.execute(sa.delete(LessonMean).where(hers))
    means = {
        result.dimension: result.mean
        for result in profile_of(document, rubric_of(version)).dimensions
    }
    session.add_all(
        LessonMean(
            observation_id=observation.id,
            dimension=dimension,
            rubric_version_id=version.id,
            level=level,
            educator_id=educator_id,
            mean=mean,
            counted=counted.get(dimension),
        )
        for dimension, mean in means.items()
        if mean is not None or dimension in counted
    )
    session.flush()
    return level


class _Brought(NamedTuple):
    """What a lesson of an educator who waits brings into the cohort."""

    row: LessonMean
    observer_id: UUID
    blocked: bool  # kept from use, as its educator or a family asked

    @property
    def mean(self) -> float | None:
        return None if self.blocked else self.row.mean


def _count(session: Session, version: RubricVersion, level: str) -> None:
    """Let those enter the cohort's means who may."""
    fewest = rubric_of(version).reports.minimum_educators
    for dimension, waiting in _waiting(session, version.id, level).items():
        coded_by = {
            educator_id: {each.observer_id for each in lessons}
            for educator_id, lessons in waiting.items()
        }
        if educators := entering(coded_by, fewest):
            _move(session, (version.id, level, dimension), [waiting[each] for each in educators])


def _waiting(
    session: Session, version_id: UUID, level: str
) -> dict[str, dict[UUID, list[_Brought]]]:
    """Return, by dimension and educator, the lessons of those whose mean is not the one counted."""
    here = (LessonMean.rubric_version_id == version_id, LessonMean.level == level)
    mean = sa.case((Recording.blocked, sa.null()), else_=LessonMean.mean)
    changed = (
        sa.select(LessonMean.dimension, LessonMean.educator_id)
        .join(Observation, Observation.id == LessonMean.observation_id)
        .join(Observation.recording)
        .where(*here, LessonMean.counted.is_distinct_from(mean))
        .distinct()
        .subquery()
    )
    rows = session.execute(
        sa.select(LessonMean, Observation.observer_id, Recording.blocked)
        .join(
            changed,
            sa.and_(
                changed.c.dimension == LessonMean.dimension,
                changed.c.educator_id == LessonMean.educator_id,
            ),
        )
        .join(Observation, Observation.id == LessonMean.observation_id)
        .join(Observation.recording)
        .where(*here)
    )
    found: dict[str, dict[UUID, list[_Brought]]] = defaultdict(lambda: defaultdict(list))
    for each in rows:
        brought = _Brought(*each)
        found[brought.row.dimension][brought.row.educator_id].append(brought)
    return found


def _move(
    session: Session, cohort: tuple[UUID, str, str], coming: Sequence[Sequence[_Brought]]
) -> None:
    """Count these educators as they are now: each counts once, with all her lessons.

    What they had brought before is taken out and what they bring now put in. Adding up anew would
    also let go what went in the meantime, perhaps of one educator alone.
    """
    version_id, level, dimension = cohort
    before = [
        mean for each in coming if (mean := _mean(row.counted for row, *_ in each)) is not None
    ]
    after = [mean for each in coming if (mean := _mean(lesson.mean for lesson in each)) is not None]
    kept = session.get(CohortMean, cohort)
    if kept is None:
        kept = CohortMean(
            rubric_version_id=version_id, level=level, dimension=dimension, educators=0, total=0.0
        )
        session.add(kept)
    kept.educators += len(after) - len(before)
    kept.total += math.fsum(after) - math.fsum(before)
    for lesson in (lesson for lessons in coming for lesson in lessons):
        lesson.row.counted = lesson.mean
    session.flush()


def _mean(numbers: Iterable[float | None]) -> float | None:
    present = [number for number in numbers if number is not None]
    return statistics.fmean(present) if present else None


def cohort_of(session: Session, observation: Observation) -> dict[str, float] | None:
    """Return the cohort's mean of each dimension; None: there is no cohort.

    She may be among its educators. A dimension in which fewer others are than the rubric asks of a
    mean (five or more) is left out.
    """
    recording, version = observation.recording, observation.rubric_version
    level = stage_of(recording.class_group.name)
    if level is None:
        return None
    counted = set(
        session.scalars(
            sa.select(LessonMean.dimension).where(
                LessonMean.rubric_version_id == version.id,
                LessonMean.level == level,
                LessonMean.educator_id == recording.educator_id,
                LessonMean.counted.is_not(None),
            )
        )
    )
    fewest = rubric_of(version).reports.minimum_educators
    rows = session.scalars(
        sa.select(CohortMean).where(
            CohortMean.rubric_version_id == version.id, CohortMean.level == level
        )
    )
    means = {
        row.dimension: row.total / row.educators
        for row in rows
        if row.educators - (row.dimension in counted) >= fewest
    }
    return means or None


@before_work
def keep_missing(_settings: Settings, database: Database) -> None:
    """Keep the means of observations that an older program submitted."""
    kept = sa.select(LessonMean.observation_id)
    with database.write() as session:
        missing = session.scalars(
            sa.select(Observation).where(
                Observation.state == ObservationState.SUBMITTED, Observation.id.not_in(kept)
            )
        ).all()
        for version_id in {each.rubric_version_id for each in missing}:
            locked(session, RubricVersion, version_id)
        cohorts = {
            (each.rubric_version, _put(session, each, latest_document(session, each)))
            for each in missing
        }
        for version, level in cohorts:
            _count(session, version, level)
