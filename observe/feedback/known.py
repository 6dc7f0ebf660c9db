"""What is known of an educator beside the lesson itself, for the suggestion."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding import assigning
from observe.coding.models import Observation
from observe.feedback.cohort import cohort_of
from observe.feedback.models import (
    Answer,
    Feedback,
    FeedbackState,
    Focus,
    FocusKind,
    LessonMean,
)
from observe.feedback.network import worked_on
from observe.feedback.suggest import Known
from observe.people.access import Actor
from observe.rubric.models import RubricVersion
from observe.video.models import Recording


def known_of(session: Session, observation: Observation, *, on: date, actor: Actor) -> Known:
    """Return the cohort, other observers, the network's focus, her wish and her last priority."""
    previous, wished = previous_focus(session, observation), wish_before(session, observation)
    rubric_id = observation.rubric_version.rubric_id
    same = previous is not None and _rubric_of(previous) == rubric_id
    return Known(
        cohort=cohort_of(session, observation),
        observers=_other_observers(session, observation, actor),
        focus=worked_on(session, rubric_id, on),
        wish=wished.wish if wished is not None else None,
        previous=previous.dimension if previous is not None and same else None,
    )


def _rubric_of(focus: Focus) -> str:
    return focus.feedback.observation.rubric_version.rubric_id


def previous_focus(session: Session, observation: Observation) -> Focus | None:
    """Return the educator's last published priority from before the lesson observed, or None."""
    lesson = observation.recording
    return session.scalars(
        sa.select(Focus)
        .join(Focus.feedback)
        .join(Feedback.observation)
        .join(Observation.recording)
        .where(
            Focus.kind == FocusKind.PRIORITY,
            Feedback.state == FeedbackState.PUBLISHED,
            Recording.educator_id == lesson.educator_id,
            Recording.recorded_on < lesson.recorded_on,
            ~Recording.blocked,
        )
        .order_by(Recording.recorded_on.desc(), Feedback.published_at.desc(), Feedback.id.desc())
        .limit(1)
    ).first()


def _other_observers(
    session: Session, observation: Observation, actor: Actor
) -> dict[str, list[float]]:
    """Return what others who coded this lesson with this version found, unless it is hidden."""
    hidden = assigning.hidden_from(session, actor)
    rows = session.execute(
        sa.select(Observation, LessonMean.dimension, LessonMean.mean)
        .join(LessonMean, LessonMean.observation_id == Observation.id)
        .where(
            Observation.recording_id == observation.recording_id,
            Observation.rubric_version_id == observation.rubric_version_id,
            Observation.observer_id != observation.observer_id,
        )
        .order_by(Observation.id)
    )
    found = defaultdict(list)
    for other, dimension, mean in rows:
        if mean is not None and not hidden.hides(other):
            found[dimension].append(mean)
    return dict(found)


def wish_before(session: Session, observation: Observation) -> Answer | None:
    """Return her last answer with this rubric: in it stands what she asked to be looked at."""
    lesson = observation.recording
    return session.scalars(
        sa.select(Answer)
        .join(Feedback, Feedback.id == Answer.feedback_id)
        .join(Feedback.observation)
        .join(Observation.recording)
        .join(RubricVersion, RubricVersion.id == Observation.rubric_version_id)
        .where(
            Answer.sent_at.is_not(None),
            Answer.user_id == lesson.educator_id,
            Recording.educator_id == lesson.educator_id,
            Recording.recorded_on < lesson.recorded_on,
            ~Recording.blocked,
            RubricVersion.rubric_id == observation.rubric_version.rubric_id,
        )
        .order_by(Answer.sent_at.desc(), Answer.id.desc())
        .limit(1)
    ).first()
