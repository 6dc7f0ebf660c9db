"""What became of the previous priority: answered in the next observation, frozen with it.

The lesson's own observer answers before she can submit. A colleague who was asked to code the
lesson too sees the card and answers nothing: one voice says what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from observe.coding import beside
from observe.coding.models import Observation, ObservationState
from observe.coding.operations import only_sheet
from observe.db import locked, now
from observe.errors import BadInputError, ConflictError
from observe.feedback import openings
from observe.feedback.known import previous_focus
from observe.feedback.models import Feedback, FeedbackState, Focus, FocusKind, FollowUp, Outcome
from observe.feedback.operations import PreviousPriority, previous_priority, priority_before
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Text
from observe.text import Message, message
from observe.video.models import Recording

NOTE_MAX: Final = 500

WORDS: Final = {
    Outcome.MOVED: message("It moved"),
    Outcome.NOT_YET: message("Not yet"),
    Outcome.CHANGED_FOCUS: message("We changed the focus"),
}
_UNANSWERED: Final = message("Her previous priority: say what became of it.")


class StaleError(ConflictError):
    """Another window answered since this one looked; `card` is how it stands now."""

    def __init__(self, card: Card) -> None:
        super().__init__(
            message("This was answered in another window meanwhile: choose what is to stay.")
        )
        self.card = card


@dataclass(frozen=True)
class Answered:
    """What was answered, by whom and when."""

    outcome: Outcome
    note: str
    by_id: UUID
    at: datetime


@dataclass(frozen=True)
class Card:
    """The previous priority at the head of an observation, and what was answered, if anything."""

    previous: PreviousPriority
    asked: bool  # whether it is answered here
    answer: Answered | None

    @property
    def mark(self) -> str:
        """Return what tells this answer from a later one; '' where there is none."""
        return self.answer.at.isoformat() if self.answer is not None else ""

    @property
    def word(self) -> Message | None:
        """Return the answer in words."""
        return WORDS[self.answer.outcome] if self.answer is not None else None


def card_of(session: Session, observation: Observation, *, actor: Actor) -> Card | None:
    """Return the card that opens the observation; None: there is no previous priority.

    Raises:
        NotFoundError: the observation is not the actor's to code.
    """
    previous = previous_priority(session, observation, actor=actor)
    return _card(session, observation, previous) if previous is not None else None


def shows_anothers(session: Session, observation: Observation, *, actor: Actor) -> bool:
    """Tell whether the card shows what another observer gave, and she has not seen it lately."""
    focus = previous_focus(session, observation)
    if focus is None or focus.feedback.observation.observer_id == actor.user_id:
        return False
    feedback_id, action = focus.feedback_id, openings.PRIORITY
    return not audit.did_lately(session, action, actor_id=actor.user_id, thing_id=feedback_id)


def seen(session: Session, observation: Observation, *, actor: Actor) -> None:
    """Put on file that `actor` saw what another observer gave; the educator is shown that."""
    if shows_anothers(session, observation, actor=actor):
        focus = previous_focus(session, observation)
        if focus is not None:
            openings.opened(session, focus.feedback, actor=actor, action=openings.PRIORITY)


def _card(session: Session, observation: Observation, previous: PreviousPriority) -> Card:
    kept = _kept(session, observation)
    # One on a priority that was withdrawn since, and perhaps corrected, answers another question.
    answered = None
    if kept is not None and kept.focus_id == previous.focus_id:
        answered = Answered(kept.outcome, kept.note, kept.by_id, kept.at)
    return Card(previous, observation.assignment_id is None, answered)


def _kept(session: Session, observation: Observation) -> FollowUp | None:
    return session.scalars(sa.select(FollowUp).filter_by(observation_id=observation.id)).first()


def answer(
    session: Session,
    observation_id: UUID,
    outcome: str,
    note: str = "",
    *,
    seen: str | None = None,
    actor: Actor,
) -> Card:
    """Keep what became of the previous priority, as long as the observation is a draft.

    `seen`: the `Card.mark` that was looked at before; None: whatever was answered is replaced. Who
    brought in a colleague's sheet may answer for her, as she may submit it.

    Raises:
        NotFoundError: no such observation for this actor.
        ConflictError: it was submitted, a colleague codes it, or no priority comes before it.
        StaleError: it was answered otherwise since `seen`.
        BadInputError: no such outcome, or a long note.
    """
    observation = _answerable(session, observation_id, actor)
    previous = priority_before(session, observation)
    if previous is None:
        raise ConflictError(message("No earlier priority of this educator is published."))
    card = _card(session, observation, previous)
    chosen = _checked(outcome, note)
    if card.answer is not None and _same(card.answer, chosen, note):
        return card
    if seen is not None and seen != card.mark:
        raise StaleError(card)
    kept = _kept(session, observation)
    if kept is None:
        kept = FollowUp(observation_id=observation.id)
        session.add(kept)
    kept.focus_id, kept.outcome, kept.note = previous.focus_id, chosen, note.strip()
    kept.by_id, kept.at = actor.user_id, now()
    session.flush()
    return _card(session, observation, previous)


def _answerable(session: Session, observation_id: UUID, actor: Actor) -> Observation:
    observation = locked(session, Observation, observation_id)
    if observation is None:
        raise access.not_found()
    access.require(actor, Action.OBSERVATION_SUBMIT, observation.as_thing())
    if actor.user_id != observation.observer_id and not only_sheet(session, observation):
        raise access.not_found()
    if observation.state is not ObservationState.DRAFT:
        raise ConflictError(message("This observation was already submitted."))
    if observation.assignment_id is not None:
        raise ConflictError(
            message("The lesson's own observer says what became of the previous priority.")
        )
    return observation


def _checked(outcome: str, note: str) -> Outcome:
    if outcome not in set(Outcome):
        raise BadInputError(
            message("Choose what became of her previous priority."), field="outcome"
        )
    if len(note.strip()) > NOTE_MAX:
        raise BadInputError(
            message("Use at most %(limit)s characters.", limit=NOTE_MAX), field="note"
        )
    return Outcome(outcome)


def _same(kept: Answered, chosen: Outcome, note: str) -> bool:
    return (kept.outcome, kept.note) == (chosen, note.strip())


# --- what submitting asks -------------------------------------------------------------------------


def unanswered(session: Session, observation: Observation) -> tuple[Message, ...]:
    """Return what must be answered before the observation can be submitted; () is nothing."""
    if observation.assignment_id is not None:
        return ()
    previous = priority_before(session, observation)
    if previous is None or _card(session, observation, previous).answer is not None:
        return ()
    return (_UNANSWERED,)


def _move(session: Session, discarded: Observation, onto: Observation) -> None:
    """Give the answer of a discarded draft to the one that takes its place, if it has none."""
    kept = _kept(session, discarded)
    if kept is None:
        return
    if _kept(session, onto) is None:
        kept.observation_id = onto.id
    else:
        session.delete(kept)
    session.flush()


beside.register("follow-up", beside.Beside(missing=unanswered, move=_move))


# --- what is told of it later ---------------------------------------------------------------------


@dataclass(frozen=True)
class Became:
    """What the next observation said became of a priority."""

    outcome: Outcome
    note: str
    lesson_on: date  # of the next lesson

    @property
    def word(self) -> Message:
        """Return the outcome in an observer's words."""
        return WORDS[self.outcome]


def outcomes_of(session: Session, feedback_ids: Iterable[UUID]) -> dict[UUID, Became]:
    """Return by feedback what became of its priority, as far as a submitted observation says it.

    A feedback that was withdrawn and published again on the same dimension keeps it. A next lesson
    that is blocked says nothing. Who asks has checked that the feedback may be read.
    """
    given, hers, answered = aliased(Feedback), aliased(Focus), aliased(Focus)
    of, following = aliased(Feedback), aliased(Observation)
    rows = session.execute(
        sa.select(given.id, FollowUp.outcome, FollowUp.note, Recording.recorded_on)
        .join(hers, sa.and_(hers.feedback_id == given.id, hers.kind == FocusKind.PRIORITY))
        .join(of, of.observation_id == given.observation_id)
        .join(answered, sa.and_(answered.feedback_id == of.id, answered.kind == hers.kind))
        .join(FollowUp, FollowUp.focus_id == answered.id)
        .join(following, following.id == FollowUp.observation_id)
        .join(Recording, Recording.id == following.recording_id)
        .where(
            given.id.in_(tuple(feedback_ids)),
            answered.dimension == hers.dimension,
            following.state == ObservationState.SUBMITTED,
            ~Recording.blocked,
        )
        .order_by(Recording.recorded_on, following.submitted_at)
    )
    return {row[0]: Became(*row[1:]) for row in rows}


@dataclass(frozen=True)
class Said:
    """What an observation says of the priority before it."""

    dimension: Text
    next_step: str  # empty where that feedback was withdrawn since
    lesson_on: date  # of the earlier lesson
    outcome: Outcome
    note: str

    @property
    def word(self) -> Message:
        """Return the outcome in an observer's words."""
        return WORDS[self.outcome]


def said_in(session: Session, observation: Observation) -> Said | None:
    """Return what the observation says of the priority before it; None: nothing, or it is blocked.

    Who asks has checked that the observation may be read.
    """
    kept = _kept(session, observation)
    if kept is None or kept.focus.dimension is None:
        return None
    feedback = kept.focus.feedback
    earlier = feedback.observation
    if earlier.recording.blocked:
        return None
    published = feedback.state is FeedbackState.PUBLISHED
    return Said(
        dimension=rubric_of(earlier.rubric_version).dimension(kept.focus.dimension).title,
        next_step=kept.focus.next_step if published else "",
        lesson_on=earlier.recording.recorded_on,
        outcome=kept.outcome,
        note=kept.note,
    )
