"""What the rules of this home delete of lessons, and when: of all of them, or of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from observe.coding.models import Observation, ObservationState
from observe.db import day_of
from observe.feedback.models import Feedback, FeedbackState, Focus, FocusKind
from observe.people.models import ClassGroup
from observe.privacy import reach, retention
from observe.privacy.kinds import Kept
from observe.privacy.models import Hold
from observe.privacy.reach import Waiting
from observe.privacy.retention import REQUESTED, Due, Rule
from observe.text import Message, message
from observe.video.erasing import CLIPS
from observe.video.models import DerivedFile, Recording

CODED: Final = message("kept: somebody is coding it")


def videos(session: Session, closed: Rule, unused: Rule, only: UUID | None = None) -> Iterator[Due]:
    """Yield each lesson with a video (or `only` this one), with the day on which that goes.

    `closed` is the rule once a feedback on it was published, and it waits while somebody codes the
    lesson anew; `unused` is the rule of a lesson without any.
    """
    here = sa.and_(Recording.erased_at.is_(None), Recording.live_started_at.is_(None))
    lessons = _lessons(session, here, only)
    holding, closings, drafted = _holding(session), _closings(session, only), _drafted(session)
    for lesson in lessons:
        closed_on = closings.get(lesson.id)
        if closed_on is None:
            yield _due(unused.kind, lesson, retention.goes_on(lesson.recorded_on, unused), holding)
            continue
        due = _due(closed.kind, lesson, retention.goes_on(closed_on, closed), holding)
        waits = not due.held and lesson.id in drafted
        yield replace(due, held=CODED) if waits else due


def clips(session: Session, rule: Rule, only: UUID | None = None) -> Iterator[Due]:
    """Yield each lesson with clips (or `only` this one), with the day on which they go."""
    with_clips = sa.select(DerivedFile.recording_id).where(DerivedFile.kind.in_(CLIPS))
    lessons = _lessons(session, Recording.id.in_(with_clips), only)
    holding = _holding(session)
    for lesson in lessons:
        ends = retention.school_year_ends(lesson.class_group.year)
        yield _due(rule.kind, lesson, retention.goes_on(ends, rule), holding)


def _lessons(session: Session, which: sa.ColumnElement[bool], only: UUID | None) -> list[Recording]:
    rows = sa.select(Recording).where(which, *_of(only, Recording.id))
    with_school = joinedload(Recording.class_group).joinedload(ClassGroup.school)
    return list(session.scalars(rows.options(with_school).order_by(Recording.id)))


def _of(only: UUID | None, column: InstrumentedAttribute[UUID]) -> list[sa.ColumnElement[bool]]:
    return [] if only is None else [column == only]


def _closings(session: Session, only: UUID | None) -> dict[UUID, date]:
    """Return when the last feedback on each lesson was closed; none where none was published.

    A colleague's coding that was asked for gets no feedback of its own.
    """
    rows = (
        sa.select(Observation.recording_id, Feedback.published_at, Focus.due_on)
        .join(Feedback, Feedback.observation_id == Observation.id)
        .outerjoin(
            Focus, sa.and_(Focus.feedback_id == Feedback.id, Focus.kind == FocusKind.PRIORITY)
        )
        .where(
            Feedback.state == FeedbackState.PUBLISHED,
            *_of(only, Observation.recording_id),
        )
    )
    found: dict[UUID, date] = {}
    for recording_id, published_at, due_on in session.execute(rows):
        if published_at is None:
            continue
        day = retention.feedback_closed(day_of(published_at), due_on)
        found[recording_id] = max(day, found.get(recording_id, day))
    return found


def _drafted(session: Session) -> set[UUID]:
    draft = Observation.state == ObservationState.DRAFT
    return set(session.scalars(sa.select(Observation.recording_id).where(draft)))


# --- what keeps them ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Holding:
    """What lessons a person holds, with why, and whom an open request reaches."""

    reasons: dict[UUID, str]
    waiting: Waiting

    def why(self, lesson: Recording) -> str | Message:
        """Return why nothing of a lesson goes by itself; empty where it may."""
        if lesson.id in self.reasons:
            return self.reasons[lesson.id]
        asked = self.waiting.reaches(lesson.educator_id, lesson.class_group_id)
        return REQUESTED if asked else ""


def _holding(session: Session) -> _Holding:
    rows = sa.select(Hold.recording_id, Hold.reason).where(Hold.lifted_at.is_(None))
    found = session.execute(rows.order_by(Hold.id.desc())).all()  # the first of several is told
    reasons = {recording_id: reason for recording_id, reason in found}  # noqa: C416  # rows, typed
    return _Holding(reasons, reach.waiting(session))


def _due(kind: Kept, lesson: Recording, on: date, holding: _Holding) -> Due:
    group = lesson.class_group
    title = f"{group.name} · {lesson.recorded_on.isoformat()} · {group.school.name}"
    return Due(kind, on, title, lesson.id, held=holding.why(lesson))
