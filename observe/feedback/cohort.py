"""The cohort: the means of other educators, with which the scores of a lesson are compared.

Other educators means: at least five, besides the educator herself, of the same stage of schooling,
coded with the same version of a rubric. Their means are kept when an observation is submitted, so
that a suggestion costs the same with ten educators and with ten thousand.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding import beside
from observe.coding.models import Observation, ObservationState
from observe.coding.operations import latest_document
from observe.coding.rules import Document
from observe.db import Database, locked
from observe.feedback.models import CohortMean, LessonMean
from observe.jobs import before_work
from observe.people.levels import stage_of
from observe.profile import profile_of
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.settings import Settings


def keep_means(session: Session, observation: Observation, document: Document) -> None:
    """Keep the means of what was submitted, in place of those of an earlier revision."""
    # Whoever submits meanwhile is summed up after this.
    locked(session, RubricVersion, observation.rubric_version_id)
    _sum_up(session, *_put(session, observation, document))


beside.register("cohort", beside.Beside(submitted=keep_means))


def _put(session: Session, observation: Observation, document: Document) -> tuple[UUID, str]:
    """Write the means of an observation; return of which cohort they are."""
    recording, version = observation.recording, observation.rubric_version
    level = stage_of(recording.class_group.name) or ""
    session.execute(sa.delete(LessonMean).where(LessonMean.observation_id == observation.id))
    session.add_all(
        LessonMean(
            observation_id=observation.id,
            dimension=result.dimension,
            rubric_version_id=version.id,
            level=level,
            educator_id=recording.educator_id,
            mean=result.mean,
        )
        for result in profile_of(document, rubric_of(version)).dimensions
        if result.mean is not None
    )
    session.flush()
    return version.id, level


def _sum_up(session: Session, version_id: UUID, level: str) -> None:
    """Add up the educators' means: each counts once, however many lessons of hers were coded."""
    here = (LessonMean.rubric_version_id == version_id, LessonMean.level == level)
    each = (
        sa.select(LessonMean.dimension, sa.func.avg(LessonMean.mean).label("mean"))
        .where(*here)
        .group_by(LessonMean.dimension, LessonMean.educator_id)
        .subquery()
    )
    sums = session.execute(
        sa.select(each.c.dimension, sa.func.count(), sa.func.sum(each.c.mean)).group_by(
            each.c.dimension
        )
    ).all()
    session.execute(
        sa.delete(CohortMean).where(
            CohortMean.rubric_version_id == version_id, CohortMean.level == level
        )
    )
    session.add_all(
        CohortMean(
            rubric_version_id=version_id,
            level=level,
            dimension=dimension,
            educators=educators,
            total=total,
        )
        for dimension, educators, total in sums
    )
    session.flush()


def cohort_of(session: Session, observation: Observation) -> dict[str, float] | None:
    """Return the cohort's mean of each dimension, without the educator; None: there is no cohort.

    A dimension that fewer educators have than the rubric asks of a mean (five or more) is left out,
    and one in which fewer, but somebody, are not of this observer: she knows the numbers of hers
    and could take them away.
    """
    recording, version = observation.recording, observation.rubric_version
    level = stage_of(recording.class_group.name)
    if level is None:
        return None
    here = (LessonMean.rubric_version_id == version.id, LessonMean.level == level)
    rows = session.execute(
        sa.select(LessonMean.dimension, sa.func.avg(LessonMean.mean))
        .where(*here, LessonMean.educator_id == recording.educator_id)
        .group_by(LessonMean.dimension)
    )
    own = {row.dimension: float(row[1]) for row in rows}
    fewest = rubric_of(version).reports.minimum_educators
    sums = session.scalars(
        sa.select(CohortMean).where(
            CohortMean.rubric_version_id == version.id, CohortMean.level == level
        )
    )
    means = {}
    for row in sums:
        hers = own.get(row.dimension)
        others = row.educators - (hers is not None)
        if others >= fewest and _may_be_told(session, observation, row, fewest):
            means[row.dimension] = (row.total - (hers or 0.0)) / others
    return means or None


def _may_be_told(session: Session, observation: Observation, row: CohortMean, fewest: int) -> bool:
    """Tell whether those of the cohort whom this observer did not code are nobody, or enough."""
    not_hers = (
        sa.select(LessonMean.educator_id)
        .join(Observation, Observation.id == LessonMean.observation_id)
        .where(
            LessonMean.rubric_version_id == row.rubric_version_id,
            LessonMean.level == row.level,
            LessonMean.dimension == row.dimension,
            LessonMean.educator_id != observation.recording.educator_id,
            Observation.observer_id != observation.observer_id,
        )
        .distinct()
        .limit(fewest)  # it stops there: a cohort may be of thousands
    )
    return len(session.scalars(not_hers).all()) in (0, fewest)


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
        cohorts = {_put(session, each, latest_document(session, each)) for each in missing}
        for version_id, level in cohorts:
            _sum_up(session, version_id, level)
