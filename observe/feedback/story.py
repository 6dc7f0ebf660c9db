"""An educator's feedback over time: what she got, what she answered, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from observe.coding.models import Observation, ObservationState
from observe.feedback import openings, own_look
from observe.feedback.answers import SentAnswer
from observe.feedback.models import (
    Feedback,
    FeedbackState,
    Focus,
    FocusKind,
    FollowUp,
    Outcome,
)
from observe.feedback.operations import feedbacks_of, sent_answers
from observe.feedback.report import FeedbackPage, page_of
from observe.people.access import Actor
from observe.text import Message, message
from observe.video.models import Recording

# Nothing is late and nothing failed: a step takes the time that it takes.
OUTCOMES: Final[dict[Outcome, Message]] = {
    Outcome.MOVED: message("In the lesson after it, this could already be seen."),
    Outcome.NOT_YET: message("It is on its way: a change takes its time."),
    Outcome.CHANGED_FOCUS: message("After it, you two chose to look at something else."),
}


@dataclass(frozen=True)
class Chapter:
    """One feedback: what is in it, whether she opened it, her answers, and what came after."""

    page: FeedbackPage
    opened: bool
    looked: bool  # at her own lesson, with the pauta
    sent: tuple[SentAnswer, ...]
    outcome: Outcome | None
    outcome_note: str = ""  # what her observer wrote to her about it

    @property
    def became(self) -> Message | None:
        """Return what became of the priority, in a kind sentence; None is not known yet."""
        return OUTCOMES[self.outcome] if self.outcome else None


def story_of(session: Session, *, actor: Actor, locale: str) -> tuple[Chapter, ...]:
    """Return the chapters of `actor`'s own story, the newest first."""
    found = feedbacks_of(session, actor=actor)
    opened = openings.opened_by(session, actor, (each.id for each in found))
    looked = own_look.looked_at(session, actor, found)
    outcomes = _outcomes(session, found)
    return tuple(
        Chapter(
            page=page_of(feedback, locale=locale),
            opened=feedback.id in opened,
            looked=feedback.observation_id in looked,
            sent=sent_answers(session, feedback, locale),
            outcome=outcome,
            outcome_note=note,
        )
        for feedback in found
        for outcome, note in [outcomes.get(feedback.observation_id, (None, ""))]
    )


def _outcomes(session: Session, feedbacks: Sequence[Feedback]) -> dict[UUID, tuple[Outcome, str]]:
    """Return what became of the priority of each observation, and what was written about it.

    Only what a later feedback of hers has brought: she hears of it in a conversation, never from a
    lesson that nobody has talked about with her. The last one counts.
    """
    after = aliased(Feedback)
    rows = session.execute(
        sa.select(Feedback.observation_id, FollowUp.outcome, FollowUp.note)
        .join(Focus, Focus.feedback_id == Feedback.id)
        .join(FollowUp, FollowUp.focus_id == Focus.id)
        .join(Observation, Observation.id == FollowUp.observation_id)
        .join(Observation.recording)
        .join(after, after.observation_id == Observation.id)
        .where(
            Feedback.observation_id.in_([each.observation_id for each in feedbacks]),
            Focus.kind == FocusKind.PRIORITY,
            Observation.state == ObservationState.SUBMITTED,
            after.state == FeedbackState.PUBLISHED,
            ~Recording.blocked,
        )
        .order_by(FollowUp.at)
    )
    return {observation_id: (outcome, note) for observation_id, outcome, note in rows}
