"""Double coding: a colleague is asked to code a lesson too, and what stays hidden meanwhile."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from observe.coding import cycles
from observe.coding.models import Cycle, Observation, ObservationState
from observe.db import locked, today
from observe.errors import BadInputError, ConflictError, NotAllowedError
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.people.models import Membership, Role, User
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.rubric.versions import require_usable
from observe.text import message
from observe.video.models import Assignment, Recording, RecordingState
from observe.video.timecode import Span

_SEEDS: Final = 2**31  # what the column keeps
_NO_FILM: Final = frozenset({RecordingState.LIVE, RecordingState.REFUSED})


@dataclass(frozen=True)
class Asked:
    """A colleague who was asked, and how far she is; None: she has not begun."""

    assignment: Assignment
    observation: Observation | None
    visible: bool = False  # submitted, and not hidden from the one who asked


# --- asking --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asking:
    """Whom to ask for a second coding, with which rubric, and how.

    `blind`: she does not see what others coded of it. `random_order`: the order in which the
    segments come to her is drawn, once.
    """

    observer_id: UUID
    rubric_version_id: UUID
    blind: bool = True
    random_order: bool = False
    due_on: date | None = None


def assign(session: Session, recording_id: UUID, asking: Asking, *, actor: Actor) -> Assignment:
    """Ask a colleague to code the recording too.

    Raises:
        NotFoundError, NotAllowedError: the recording is not the actor's, or there is no such
            rubric; or the colleague does not observe in its school.
        BadInputError: it is the actor herself, or the educator of the lesson.
        ConflictError: the colleague was asked before, or codes it already; or there is no video; or
            the rubric's version is retired, or only tried elsewhere.
    """
    recording = locked(session, Recording, recording_id)
    if recording is None:
        raise access.not_found()
    access.require(actor, Action.RECORDING_ASSIGN, recording.as_thing())
    version = session.get(RubricVersion, asking.rubric_version_id)
    if version is None:
        raise access.not_found()
    require_usable(session, version, recording.class_group.school_id, recording.recorded_on)
    _check_recording(recording)
    _check_colleague(session, recording, asking.observer_id)
    _check_new(session, recording, asking.observer_id, asking.rubric_version_id)
    assignment = Assignment(
        recording_id=recording.id,
        observer_id=asking.observer_id,
        rubric_version_id=asking.rubric_version_id,
        asked_by_id=actor.user_id,
        due_on=asking.due_on,
        blind=asking.blind,
        order_seed=secrets.randbelow(_SEEDS) if asking.random_order else None,
    )
    recording.assignments.append(assignment)
    session.flush()
    how = {"blind": asking.blind, "random_order": asking.random_order}
    _told(session, "recording.assign", assignment, actor, **how)
    return assignment


def _check_recording(recording: Recording) -> None:
    if recording.state in _NO_FILM:
        raise ConflictError(
            message("There is no video of this lesson that a colleague could code.")
        )


def _check_colleague(session: Session, recording: Recording, observer_id: UUID) -> None:
    if observer_id in (recording.observer_id, recording.educator_id):
        raise BadInputError(
            message("Choose a colleague: neither yourself nor the educator of the lesson."),
            field="observer",
        )
    colleague = session.get(User, observer_id)
    if colleague is None or not _observes(colleague, recording):
        raise NotAllowedError(message("This person does not observe in the school of this lesson."))


def _observes(user: User, recording: Recording) -> bool:
    actor = access.actor_of(user, today())
    return access.can(actor, Action.RECORDING_ADD, recording.as_thing())


def _check_new(session: Session, recording: Recording, observer_id: UUID, version_id: UUID) -> None:
    if assignment_of(recording, observer_id, version_id) is not None:
        raise ConflictError(message("She was already asked to code it with this rubric."))
    if _hers(session, recording.id, observer_id, version_id):
        raise ConflictError(message("She already codes it with this rubric."))


def _hers(
    session: Session, recording_id: UUID, observer_id: UUID, version_id: UUID
) -> list[Observation]:
    """Return an observer's observations with a rubric: those submitted first, the newest first."""
    rows = sa.select(Observation).where(
        Observation.recording_id == recording_id,
        Observation.observer_id == observer_id,
        Observation.rubric_version_id == version_id,
    )
    submitted = Observation.state == ObservationState.SUBMITTED
    return list(session.scalars(rows.order_by(submitted.desc(), Observation.id.desc())))


def unassign(session: Session, assignment_id: UUID, *, actor: Actor) -> None:
    """Ask the colleague no more.

    Raises:
        NotFoundError, NotAllowedError: the recording is not the actor's.
        ConflictError: the colleague has begun.
    """
    recording = asked_recording(session, assignment_id, actor=actor)
    assignment = locked(session, Assignment, assignment_id)
    if assignment is None:
        raise access.not_found()
    if _of_assignment(session, assignment) is not None:
        raise ConflictError(message("She has begun to code it: her work stays."))
    _told(session, "recording.unassign", assignment, actor)
    recording.assignments.remove(assignment)
    session.delete(assignment)
    session.flush()


def asked_recording(session: Session, assignment_id: UUID, *, actor: Actor) -> Recording:
    """Return the recording that a colleague was asked to code, when `actor` may ask for that.

    Raises:
        NotFoundError, NotAllowedError: it is not the actor's.
    """
    assignment = session.get(Assignment, assignment_id)
    if assignment is None:
        raise access.not_found()
    recording = session.get_one(Recording, assignment.recording_id)
    access.require(actor, Action.RECORDING_ASSIGN, recording.as_thing())
    return recording


def _told(
    session: Session, action: str, assignment: Assignment, actor: Actor, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=assignment.recording_id,
        observer=assignment.observer_id,
        rubric=assignment.rubric_version_id,
        **details,
    )


# --- who was asked, and could be -----------------------------------------------------------------


def assignment_of(recording: Recording, observer_id: UUID, version_id: UUID) -> Assignment | None:
    """Return how an observer was asked to code the recording with a rubric, or None."""
    wanted = (observer_id, version_id)
    return next(
        (a for a in recording.assignments if (a.observer_id, a.rubric_version_id) == wanted), None
    )


def asked_for(session: Session, recording: Recording, *, actor: Actor) -> list[Asked]:
    """Return who was asked to code the recording too, the first first; nobody for others."""
    if not access.can(actor, Action.RECORDING_ASSIGN, recording.as_thing()):
        return []
    hidden = hidden_from(session, actor)
    found = ((each, _of_assignment(session, each)) for each in recording.assignments)
    return [Asked(each, hers, _visible(hers, hidden)) for each, hers in found]


def _visible(observation: Observation | None, hidden: Hidden) -> bool:
    return (
        observation is not None
        and observation.state is ObservationState.SUBMITTED
        and not hidden.hides(observation)
    )


def _of_assignment(session: Session, assignment: Assignment) -> Observation | None:
    found = _hers(
        session, assignment.recording_id, assignment.observer_id, assignment.rubric_version_id
    )
    return found[0] if found else None


def colleagues_for(session: Session, recording: Recording, *, actor: Actor) -> list[User]:
    """Return the people who could be asked to code the recording too, by name."""
    if not access.can(actor, Action.RECORDING_ASSIGN, recording.as_thing()):
        return []
    own = (recording.observer_id, recording.educator_id)
    observers = sa.select(Membership.user_id).where(Membership.role == Role.OBSERVER)
    users = sa.select(User).where(User.id.in_(observers), User.id.not_in(own))
    found = session.scalars(
        users.options(selectinload(User.memberships)).order_by(User.name, User.id)
    )
    return [user for user in found if _observes(user, recording)]


# --- beginning -----------------------------------------------------------------------------------


def first_spans(session: Session, observation: Observation) -> tuple[Span, ...]:
    """Return the segments with which an observation that was asked for begins.

    Those of the recording's own observer with the same rubric, so that both code the same; before
    she has any, those that the rubric's protocol plans.
    """
    return _spans_of_twin(session, observation) or _planned(observation)


def _spans_of_twin(session: Session, observation: Observation) -> tuple[Span, ...]:
    """Return only from when to when: scores and notes are not read."""
    recording = observation.recording
    twins = _hers(session, recording.id, recording.observer_id, observation.rubric_version_id)
    for twin in twins:
        rows = sa.select(Cycle.start_ms, Cycle.end_ms).where(Cycle.observation_id == twin.id)
        spans = tuple(Span(*row) for row in session.execute(rows.order_by(Cycle.start_ms)))
        if spans:
            return spans
    return ()


def _planned(observation: Observation) -> tuple[Span, ...]:
    """Return what the screen would suggest: a shorter lesson is shared out among the cycles."""
    protocol = rubric_of(observation.rubric_version).protocol
    length_ms = observation.recording.length_ms()
    share = max(1_000, length_ms // protocol.cycles)
    return cycles.plan(length_ms, protocol.cycles, min(protocol.cycle_ms, share))


# --- blind ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hidden:
    """What someone may not see before she has submitted her own coding.

    While she codes blind: everything submitted about the educator, also by herself. While a
    colleague does, whom she asked: that colleague's observation.
    """

    educator_ids: frozenset[UUID] = frozenset()
    asked: frozenset[tuple[UUID, UUID, UUID]] = frozenset()  # recording, observer, rubric version

    def hides(self, observation: Observation) -> bool:
        """Tell whether the observation and what came of it is hidden."""
        own = (observation.recording_id, observation.observer_id, observation.rubric_version_id)
        return observation.recording.educator_id in self.educator_ids or own in self.asked


def hidden_from(session: Session, actor: Actor) -> Hidden:
    """Return what answers `actor` as if it were not there, because she codes blind."""
    if not actor.has(Role.OBSERVER):
        return Hidden()
    open_ones = _blind_and_open(session, actor)
    return Hidden(
        frozenset(
            recording.educator_id
            for assignment, recording in open_ones
            if assignment.observer_id == actor.user_id
        ),
        frozenset(
            (assignment.recording_id, assignment.observer_id, assignment.rubric_version_id)
            for assignment, _recording in open_ones
            if assignment.observer_id != actor.user_id
        ),
    )


def _blind_and_open(session: Session, actor: Actor) -> list[tuple[Assignment, Recording]]:
    """Return the blind assignments of and by `actor` for which she has submitted nothing yet."""
    submitted = sa.exists().where(
        Observation.recording_id == Assignment.recording_id,
        Observation.rubric_version_id == Assignment.rubric_version_id,
        Observation.observer_id == actor.user_id,
        Observation.state == ObservationState.SUBMITTED,
    )
    rows = (
        sa.select(Assignment, Recording)
        .join(Recording, Recording.id == Assignment.recording_id)
        .where(
            Assignment.blind.is_(True),
            sa.or_(Assignment.observer_id == actor.user_id, Recording.observer_id == actor.user_id),
            ~submitted,
        )
    )
    return [(row[0], row[1]) for row in session.execute(rows)]


def is_blind(observation: Observation) -> bool:
    """Tell whether an observation is coded blind: as it was asked for, or as a colleague's is."""
    return any(
        each.blind
        for each in _of_lesson(observation)
        if observation.observer_id in (each.observer_id, observation.recording.observer_id)
    )


def _of_lesson(observation: Observation) -> Iterable[Assignment]:
    """Return the assignments of the observation's recording with its rubric."""
    return (
        each
        for each in observation.recording.assignments
        if each.rubric_version_id == observation.rubric_version_id
    )
