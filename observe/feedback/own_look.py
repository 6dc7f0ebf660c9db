"""How an educator sees her own lesson, with the pauta it was coded with. Hers alone.

No page, command or export shows it to anybody else, and what is on file says only that she looked.
She may look before she reads the feedback, or after, or never; one look belongs to the lesson and
stays when the feedback is published again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.feedback import openings
from observe.feedback.models import Feedback, FocusKind, SelfAssessment
from observe.feedback.operations import feedback_for
from observe.feedback.ranges import check_scores, words_for
from observe.people import audit
from observe.people.access import Action, Actor
from observe.rubric.operations import rubric_of


def look_of(session: Session, feedback_id: UUID, *, actor: Actor) -> SelfAssessment | None:
    """Return how she saw this lesson herself, when she did.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
    """
    feedback = feedback_for(session, feedback_id, actor=actor, action=Action.FEEDBACK_LOOK)
    return _look(session, feedback, actor)


def _look(session: Session, feedback: Feedback, actor: Actor) -> SelfAssessment | None:
    return session.scalars(
        sa.select(SelfAssessment)
        .join(Feedback, Feedback.id == SelfAssessment.feedback_id)
        .where(
            Feedback.observation_id == feedback.observation_id,
            SelfAssessment.user_id == actor.user_id,
        )
        .order_by(SelfAssessment.changed_at.desc())
        .limit(1)
    ).first()


def keep_look(
    session: Session, feedback_id: UUID, scores: Mapping[str, int], *, actor: Actor
) -> SelfAssessment | None:
    """Keep how she sees her lesson; a dimension left out was not seen. Nothing at all forgets it.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        BadInputError: a dimension or a number that the pauta does not have.
    """
    feedback = feedback_for(
        session, feedback_id, actor=actor, action=Action.FEEDBACK_LOOK, lock=True
    )
    check_scores(rubric_of(feedback.observation.rubric_version), scores)
    look = _look(session, feedback, actor)
    if not scores:
        _forget(session, look)
        return None
    before = not openings.opened_by(
        session, actor, openings.versions_of(session, feedback.observation_id)
    )
    if look is None:
        look = SelfAssessment(
            feedback_id=feedback.id, user_id=actor.user_id, scores={}, before_reading=before
        )
        session.add(look)
        _on_file(session, feedback, actor)
    look.scores, look.changed_at = dict(scores), now()
    look.before_reading = look.before_reading and before
    session.flush()
    return look


def _forget(session: Session, look: SelfAssessment | None) -> None:
    if look is not None:
        session.delete(look)
        session.flush()


def _on_file(session: Session, feedback: Feedback, actor: Actor) -> None:
    audit.record(
        session,
        "feedback.looked",
        actor_id=actor.user_id,
        thing_kind="feedback",
        thing_id=feedback.id,
    )


def looked_at(session: Session, actor: Actor, feedbacks: Iterable[Feedback]) -> set[UUID]:
    """Return the observations, of those of these feedbacks, at which she looked herself."""
    ids = [feedback.observation_id for feedback in feedbacks]
    rows = (
        sa.select(Feedback.observation_id)
        .join(SelfAssessment, SelfAssessment.feedback_id == Feedback.id)
        .where(Feedback.observation_id.in_(ids), SelfAssessment.user_id == actor.user_id)
    )
    return set(session.scalars(rows))


def own_words(feedback: Feedback, look: SelfAssessment | None, locale: str) -> dict[str, str]:
    """Return, by kind of focus, the pauta's words for how she saw that dimension herself."""
    if look is None:
        return {}
    rubric = rubric_of(feedback.observation.rubric_version)
    found = {}
    for kind in FocusKind:
        focus = feedback.focus(kind)
        if focus is not None and focus.dimension in look.scores:
            value = look.scores[focus.dimension]
            found[kind.value] = words_for(rubric, focus.dimension, value, locale)
    return found
