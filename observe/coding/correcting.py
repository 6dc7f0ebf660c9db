"""A submitted observation is put right: somebody asks with a reason, its observer answers.

She answers by a new revision, which begins with what she submitted and is coded and finished as
ever, or by saying why it stays as it is. What she has begun she may give up. Until the new revision
is submitted the record shows the one before; every revision is kept.

Two halves of a blind double coding are never corrected: by then each observer may know the other's
scores, and what would be measured is no longer their agreement.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.assigning import is_blind
from observe.coding.changes import Change
from observe.coding.models import (
    Correction,
    CorrectionState,
    Observation,
    ObservationState,
    Revision,
)
from observe.coding.operations import (
    apply,
    check_codable,
    document_of,
    latest_document,
    observation_for,
)
from observe.coding.restoring import back_to
from observe.db import locked, now
from observe.errors import BadInputError, ConflictError, NotAllowedError
from observe.ids import new_id
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.text import message

TEXT_MAX = 2_000
GIVEN_UP_WINDOW = "given-up"  # the window that changes back to what was submitted come from


def ask(session: Session, observation_id: UUID, reason: str, *, actor: Actor) -> Correction:
    """Ask the record's observer to put something right in what was submitted last.

    Raises:
        NotFoundError, NotAllowedError: no such record for her, or not hers to ask.
        BadInputError: no reason is given, or it is too long.
        ConflictError: something is asked for already, or it is half of a blind double coding.
    """
    observation = reviewable(session, observation_id, actor=actor)
    reason = _written(reason, "reason")
    if open_of(session, observation.id) is not None:
        raise ConflictError(message("A correction was already asked for: it waits for its answer."))
    if is_blind(observation):
        raise ConflictError(
            message(
                "This lesson was coded blind by two people, so its scores stay as they are. "
                "Write a comment instead."
            )
        )
    asked = Correction(
        observation_id=observation.id,
        revision_number=last_revision(session, observation.id),
        reason=reason,
        asked_by_id=actor.user_id,
    )
    session.add(asked)
    session.flush()
    _told(session, "correction.ask", asked, actor)
    return asked


def reviewable(session: Session, observation_id: UUID, *, actor: Actor) -> Observation:
    """Return the record, held, when `actor` may review it: never her own coding or lesson.

    Raises:
        NotFoundError, NotAllowedError: there is none for her, or it is not hers to review.
    """
    locked(session, Observation, observation_id)
    observation = observation_for(session, observation_id, actor=actor, action=Action.RECORD_REVIEW)
    if observation.observer_id == actor.user_id:
        raise NotAllowedError(message("Somebody else reviews what you coded yourself."))
    if observation.recording.educator_id == actor.user_id:
        raise NotAllowedError(message("Somebody else reviews the record of your own lesson."))
    return observation


def reviews(observation: Observation, *, actor: Actor) -> bool:
    """Tell whether a record is the actor's to review, which her own lesson's never is."""
    own = actor.user_id in (observation.observer_id, observation.recording.educator_id)
    return access.can(actor, Action.RECORD_REVIEW, observation.as_record()) and not own


def begin(session: Session, observation_id: UUID, *, actor: Actor) -> Observation:
    """Open a submitted observation again for its observer, of whom a correction was asked.

    Raises:
        NotFoundError, NotAllowedError: there is none, or it is not hers.
        ConflictError: nothing is asked for, or its video may not be coded (any more).
    """
    asked = _of_hers(session, observation_id, actor)
    observation = asked.observation
    if observation.state is ObservationState.DRAFT:
        return observation
    check_codable(observation.recording)  # what could not be finished again is not opened
    observation.state = ObservationState.DRAFT
    asked.state = CorrectionState.BEGUN
    session.flush()
    _told(session, "correction.begin", asked, actor)
    return observation


def give_up(session: Session, observation_id: UUID, *, actor: Actor) -> Correction:
    """Close a correction that was begun without a new revision: it is asked for as before.

    The observation says again what was submitted last, by changes of one step like any other: what
    she had typed stays in its history, and undo brings it back where she opens it again.

    Raises:
        NotFoundError, NotAllowedError: there is none, or it is not hers.
        ConflictError: nothing is asked for, or she has not begun.
    """
    asked = _of_hers(session, observation_id, actor)
    observation = asked.observation
    if asked.state is not CorrectionState.BEGUN:
        raise ConflictError(message("You have not opened it for the correction."))
    acts = back_to(latest_document(session, observation), document_of(session, observation))
    step = new_id()
    applied = apply(
        session,
        observation.id,
        [Change(new_id(), act.kind, act.payload, step) for act in acts],
        window=GIVEN_UP_WINDOW,
        base_version=observation.version,
        actor=actor,
    )
    for told in applied.refused:
        raise ConflictError(told.message)  # nothing is kept of a way back that is not whole
    observation.state, asked.state = ObservationState.SUBMITTED, CorrectionState.OPEN
    session.flush()
    _told(session, "correction.give_up", asked, actor)
    return asked


def keep(session: Session, observation_id: UUID, answer: str, *, actor: Actor) -> Correction:
    """Answer that what was submitted stays as it is, and why.

    Raises:
        NotFoundError, NotAllowedError: there is none, or it is not hers.
        BadInputError: no reason is given, or it is too long.
        ConflictError: nothing is asked for, or the correction was begun.
    """
    asked = _of_hers(session, observation_id, actor)
    if asked.state is CorrectionState.BEGUN:
        raise ConflictError(
            message("You opened it for the correction: finish it again, or give that up first.")
        )
    _close(session, asked, CorrectionState.KEPT, _written(answer, "answer"))
    _told(session, "correction.keep", asked, actor)
    return asked


def take_back(session: Session, observation_id: UUID, *, actor: Actor) -> None:
    """Take back a wish that its observer has not begun to answer.

    Raises:
        NotFoundError, NotAllowedError: no such record for her, or she did not ask.
        ConflictError: nothing is asked for, or she has begun.
    """
    observation = reviewable(session, observation_id, actor=actor)
    asked = open_of(session, observation.id)
    if asked is None or asked.state is CorrectionState.BEGUN:
        raise ConflictError(message("There is nothing to take back any more."))
    if asked.asked_by_id != actor.user_id:
        raise NotAllowedError(message("Only who asked for the correction takes it back."))
    _close(session, asked, CorrectionState.TAKEN_BACK, "")
    _told(session, "correction.take_back", asked, actor)


# --- reading -------------------------------------------------------------------------------------


def open_of(session: Session, observation_id: UUID) -> Correction | None:
    """Return the correction of an observation that waits for its answer."""
    rows = sa.select(Correction).filter_by(observation_id=observation_id, answered_at=None)
    return session.scalar(rows)


def corrections_of(session: Session, observation_ids: Iterable[UUID]) -> list[Correction]:
    """Return every correction asked for in these observations, the first first."""
    rows = sa.select(Correction).where(Correction.observation_id.in_(list(observation_ids)))
    return list(session.scalars(rows.order_by(Correction.asked_at, Correction.id)))


def last_revision(session: Session, observation_id: UUID) -> int:
    """Return the number of what was submitted last; 0: nothing was."""
    last = sa.select(sa.func.max(Revision.number)).filter_by(observation_id=observation_id)
    return session.scalar(last) or 0


# --- inside --------------------------------------------------------------------------------------


def _of_hers(session: Session, observation_id: UUID, actor: Actor) -> Correction:
    locked(session, Observation, observation_id)
    observation = observation_for(session, observation_id, actor=actor, action=Action.RECORD_ANSWER)
    asked = open_of(session, observation.id)
    if asked is None:
        raise ConflictError(message("No correction is asked for here."))
    return asked


def _written(text: str, field: str) -> str:
    if not text.strip():
        raise BadInputError(
            message("Write why, so that the other person understands."), field=field
        )
    if len(text) > TEXT_MAX:
        raise BadInputError(
            message("Use at most %(limit)s characters.", limit=TEXT_MAX), field=field
        )
    return text.strip()


def _close(session: Session, asked: Correction, state: CorrectionState, answer: str) -> None:
    asked.state, asked.answer, asked.answered_at = state, answer, now()
    session.flush()


def _told(session: Session, action: str, asked: Correction, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="record",
        thing_id=asked.observation_id,
        correction=asked.id,
        revision=asked.revision_number,
    )
