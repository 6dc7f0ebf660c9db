"""What waits for a person, read from the database: the rows of the board.

Only columns are read, never the texts of notes or scores, and only what still waits: a year's
work behind it costs little. While she codes an educator blind, nothing about her is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from observe.coding.assigning import hidden_from
from observe.coding.models import (
    Correction,
    CorrectionState,
    Observation,
    ObservationState,
)
from observe.feedback import board, openings
from observe.feedback.board import Board, Kind, Lesson, Row
from observe.feedback.models import Answer, Feedback, FeedbackState, Focus, FocusKind
from observe.people import access
from observe.people.access import Action, Actor, Thing
from observe.people.models import AuditEntry, ClassGroup, Role, School, User
from observe.video.models import Assignment, Recording, RecordingState

# Written into the statement as it is: only so SQLite sees that its index of open feedback serves.
_NOT_WITHDRAWN = Feedback.state != sa.literal_column("'withdrawn'")
_LESSON = (
    Recording.id,
    Recording.educator_id,
    User.name,
    ClassGroup.name,
    Recording.subject,
    School.id,
    School.name,
    Recording.recorded_on,
)
_WIDTH = len(_LESSON)
Found = Iterator[tuple[Lesson, Sequence[Any]]]


def board_of(session: Session, *, actor: Actor, today: date, days: int) -> Board:
    """Return what waits for `actor` as an observer; feedback is due `days` school days after."""
    if not actor.has(Role.OBSERVER):
        return Board(today, ())
    rows = [
        *_lessons(session, actor),
        *_with_own_steps(session, _pressing(session, actor, today, days)),
        *_offered(session, actor, today),
    ]
    return Board(today, tuple(_allowed(session, actor, _led_on(rows))))


def due_count(session: Session, *, actor: Actor, today: date, days: int) -> int:
    """Return how much of `board_of` asks for attention today."""
    if not actor.has(Role.OBSERVER):
        return 0
    due = (row for row in _pressing(session, actor, today, days) if row.is_due(today))
    return len(_allowed(session, actor, due))


def _pressing(session: Session, actor: Actor, today: date, days: int) -> Iterator[Row]:
    """Yield what may have a day until which it should be done, and answers."""
    yield from _asked(session, actor)
    yield from _corrections(session, actor)
    yield from _drafts(session, actor)
    yield from _to_feed_back(session, _own(actor), days)
    yield from _answered(session, actor, today)
    yield from _steps(session, _own(actor), today)


def feedback_queue(session: Session, *, actor: Actor, today: date, days: int) -> list[Row]:
    """Return whose feedback `actor` has still to write, in the order of her board."""
    if not actor.has(Role.OBSERVER):
        return []
    rows = _to_feed_back(session, _own(actor), days)
    return _allowed(session, actor, (row for row in rows if row.kind is not Kind.PUBLISHING))


def school_board_of(session: Session, *, actor: Actor, today: date, days: int) -> Board:
    """Return what is late or due in the schools of a UTP head: who and since when, no content."""
    schools = {each.school_id for each in actor.standings if each.role is Role.UTP_HEAD}
    if not schools:
        return Board(today, ())
    here = sa.true() if None in schools else ClassGroup.school_id.in_(schools)
    rows = [*_to_feed_back(session, here, days), *_steps(session, here, today)]
    bare = (replace(row, step="", own_step="") for row in rows)
    return Board(today, tuple(_allowed(session, actor, bare, record=True)))


def _own(actor: Actor) -> sa.ColumnElement[bool]:
    return Observation.observer_id == actor.user_id


def _allowed(
    session: Session, actor: Actor, rows: Iterable[Row], *, record: bool = False
) -> list[Row]:
    """Return the rows that the policy lets her see, in order."""
    hidden = hidden_from(session, actor).educator_ids
    return board.ordered(
        row
        for row in rows
        if (row.kind in _SHOWN_BLIND or row.lesson.educator_id not in hidden)
        and access.can(actor, Action.FOLLOWUP_SEE, _thing(row, actor, record=record))
    )


# What she is to code is no secret of what was coded.
_SHOWN_BLIND = frozenset({Kind.ASKED, Kind.DRAFT, Kind.CONSENT, Kind.CODE})


def _thing(row: Row, actor: Actor, *, record: bool) -> Thing:
    schools = frozenset({row.lesson.school_id})
    own = None if record else actor.user_id  # each statement asks for what is her own
    return Thing("followup", school_ids=schools, observer_id=own, made_in=row.lesson.school_id)


def _read(session: Session, query: sa.Select[Any]) -> Found:
    """Yield the lesson of each row of a query that begins with `_LESSON`, and what is behind it."""
    for row in session.execute(query):
        yield Lesson(*row[:_WIDTH]), row[_WIDTH:]


def _of_recordings(*columns: Any) -> sa.Select[Any]:  # noqa: ANN401  # whatever is selected
    return (
        sa.select(*_LESSON, *columns)
        .select_from(Recording)
        .join(User, User.id == Recording.educator_id)
        .join(ClassGroup, ClassGroup.id == Recording.class_group_id)
        .join(School, School.id == ClassGroup.school_id)
        .where(~Recording.blocked)
    )


def _of_observations(*columns: Any) -> sa.Select[Any]:  # noqa: ANN401
    return _of_recordings(*columns).join(Observation, Observation.recording_id == Recording.id)


# --- to observe -----------------------------------------------------------------------------------


def _lessons(session: Session, actor: Actor) -> Iterator[Row]:
    begun = sa.exists().where(
        Observation.recording_id == Recording.id,
        sa.or_(_own(actor), Observation.begun_by_id == actor.user_id),
    )
    query = _of_recordings(Recording.consent_at, Recording.lock).where(
        Recording.observer_id == actor.user_id,
        Recording.state == RecordingState.READY,
        Recording.erased_at.is_(None),
        ~begun,
    )
    for lesson, (consent_at, lock) in _read(session, query):
        kind = Kind.CODE if consent_at and not lock else Kind.CONSENT
        yield Row(kind, lesson.recording_id, lesson)


def _asked(session: Session, actor: Actor) -> Iterator[Row]:
    begun = sa.exists().where(
        Observation.recording_id == Assignment.recording_id,
        Observation.rubric_version_id == Assignment.rubric_version_id,
        Observation.observer_id == actor.user_id,
    )
    query = (
        _of_recordings(Assignment.id, Assignment.due_on)
        .join(Assignment, Assignment.recording_id == Recording.id)
        .where(
            Assignment.observer_id == actor.user_id,
            Recording.state == RecordingState.READY,
            Recording.consent_at.is_not(None),
            Recording.lock.is_(None),
            Recording.erased_at.is_(None),
            ~begun,
        )
    )
    for lesson, (assignment_id, due_on) in _read(session, query):
        yield Row(Kind.ASKED, assignment_id, lesson, due_on)


def _drafts(session: Session, actor: Actor) -> Iterator[Row]:
    query = (
        _of_observations(Observation.id, Assignment.due_on)
        .outerjoin(Assignment, Assignment.id == Observation.assignment_id)
        .where(_own(actor), Observation.state == ObservationState.DRAFT)
    )
    for lesson, (observation_id, due_on) in _read(session, query):
        yield Row(Kind.DRAFT, observation_id, lesson, due_on, observation_id)


def _corrections(session: Session, actor: Actor) -> Iterator[Row]:
    """Yield what she is asked to put right, until she has it open: then it is a draft."""
    query = (
        _of_observations(Observation.id, Correction.id)
        .join(Correction, Correction.observation_id == Observation.id)
        .where(_own(actor), Correction.state == CorrectionState.OPEN)
    )
    for lesson, (observation_id, correction_id) in _read(session, query):
        yield Row(Kind.CORRECTION, correction_id, lesson, None, observation_id)


# --- to feed back ---------------------------------------------------------------------------------


def _to_feed_back(session: Session, whose: sa.ColumnElement[bool], days: int) -> Iterator[Row]:
    """Yield the lessons with a film, submitted by their own observer, without published feedback.

    One that was coded twice by the same observer waits once: with what she submitted last.
    """
    observer = aliased(User)
    query = (
        _of_observations(Observation.id, Observation.observer_id, Feedback.state, observer.name)
        .join(observer, observer.id == Observation.observer_id)
        .outerjoin(Feedback, sa.and_(Feedback.observation_id == Observation.id, _NOT_WITHDRAWN))
        .where(
            whose,
            Observation.state == ObservationState.SUBMITTED,
            Observation.assignment_id.is_(None),
            Recording.state != RecordingState.LIVE,
            sa.or_(Feedback.state.is_(None), Feedback.state != FeedbackState.PUBLISHED),
        )
        .order_by(Observation.submitted_at)
    )
    waiting = {}
    for lesson, (observation_id, observer_id, state, name) in _read(session, query):
        due_on = board.feedback_due(lesson.recorded_on, days)
        row = Row(_FEEDBACK_KINDS[state], observation_id, lesson, due_on, observation_id, name)
        waiting[lesson.recording_id, observer_id] = row
    done = _fed_back(session, {recording_id for recording_id, _observer in waiting})
    yield from (row for key, row in waiting.items() if key not in done)


_FEEDBACK_KINDS = {
    None: Kind.COMPOSE,
    FeedbackState.DRAFT: Kind.COMPOSING,
    FeedbackState.PUBLISHING: Kind.PUBLISHING,
}


def _fed_back(session: Session, recording_ids: set[UUID]) -> set[tuple[UUID, UUID]]:
    """Return the lessons, with their observer, of which she published feedback all the same.

    That is with another rubric.
    """
    query = (
        sa.select(Observation.recording_id, Observation.observer_id)
        .join(Feedback, sa.and_(Feedback.observation_id == Observation.id, _NOT_WITHDRAWN))
        .where(
            Observation.recording_id.in_(recording_ids), Feedback.state == FeedbackState.PUBLISHED
        )
    )
    return {(row[0], row[1]) for row in session.execute(query)} if recording_ids else set()


# --- to talk --------------------------------------------------------------------------------------


def _published(*columns: Any) -> sa.Select[Any]:  # noqa: ANN401
    return (
        _of_observations(Observation.id, Feedback.id, *columns)
        .join(Feedback, sa.and_(Feedback.observation_id == Observation.id, _NOT_WITHDRAWN))
        .where(Feedback.state == FeedbackState.PUBLISHED)
    )


def _answered(session: Session, actor: Actor, today: date) -> Iterator[Row]:
    """Yield what educators answered that she has not looked at, and when they would like to talk.

    One row a feedback: with the last of them.
    """
    seen = (
        sa.select(sa.func.max(AuditEntry.at))
        .where(
            AuditEntry.thing_id == Feedback.id,
            AuditEntry.actor_id == actor.user_id,
            AuditEntry.action == openings.ANSWERS,
        )
        .scalar_subquery()
    )
    query = (
        _published(Answer.id, Answer.sent_at, Answer.talk_on, seen)
        .join(Answer, Answer.feedback_id == Feedback.id)
        .where(
            _own(actor),
            Answer.sent_at.is_not(None),
            sa.or_(
                seen.is_(None), seen < Answer.sent_at, Answer.talk_on >= today - board.TALK_KEPT
            ),
        )
        .order_by(Answer.sent_at)
    )
    last: dict[UUID, Row] = {}
    for lesson, (observation_id, feedback_id, answer_id, *told) in _read(session, query):
        sent_at, talk_on, seen_at = told
        kind = Kind.TALK if seen_at is not None and seen_at >= sent_at else Kind.ANSWERED
        last[feedback_id] = Row(kind, answer_id, lesson, talk_on, observation_id)
    yield from last.values()


def _offered(session: Session, actor: Actor, today: date) -> Iterator[Row]:
    """Yield where she offered to talk and nothing was answered, until the next step's day."""
    answered = sa.exists().where(Answer.feedback_id == Feedback.id, Answer.sent_at.is_not(None))
    query = (
        _published()
        .join(Focus, sa.and_(Focus.feedback_id == Feedback.id, Focus.kind == FocusKind.PRIORITY))
        .where(_own(actor), Feedback.offers_talk, Focus.due_on >= today, ~answered)
    )
    for lesson, (observation_id, feedback_id) in _read(session, query):
        yield Row(Kind.OFFERED, feedback_id, lesson, None, observation_id)


# --- to follow up ---------------------------------------------------------------------------------


def _steps(session: Session, whose: sa.ColumnElement[bool], today: date) -> Iterator[Row]:
    """Yield the next steps that are due soon or past, until a later lesson was submitted."""
    later, after = aliased(Recording), aliased(Observation)
    followed = (
        sa.select(after.id)
        .join(later, later.id == after.recording_id)
        .where(
            later.educator_id == Recording.educator_id,
            later.recorded_on > Recording.recorded_on,
            after.state == ObservationState.SUBMITTED,
            after.assignment_id.is_(None),
        )
        .correlate(Recording)
    )
    observer = aliased(User)
    query = (
        _published(Focus.id, Focus.due_on, Focus.next_step, observer.name)
        .join(observer, observer.id == Observation.observer_id)
        .join(Focus, sa.and_(Focus.feedback_id == Feedback.id, Focus.kind == FocusKind.PRIORITY))
        .where(whose, Focus.due_on <= today + board.STEP_AHEAD, ~followed.exists())
    )
    for lesson, told in _read(session, query):
        observation_id, feedback_id, focus_id, due_on, step, name = told
        yield Row(
            Kind.STEP,
            focus_id,
            lesson,
            due_on,
            observation_id,
            name,
            step,
            feedback_id=feedback_id,
        )


def _with_own_steps(session: Session, rows: Iterable[Row]) -> list[Row]:
    """Return the rows, each next step with what the educator herself wanted to try."""
    found = list(rows)
    steps = {row.observation_id for row in found if row.kind is Kind.STEP}
    query = (
        sa.select(Feedback.observation_id, Answer.own_step)
        .join(Answer, Answer.feedback_id == Feedback.id)
        .where(
            Feedback.observation_id.in_(steps),
            _NOT_WITHDRAWN,
            Answer.sent_at.is_not(None),
            Answer.own_step != "",
        )
        .order_by(Answer.sent_at)
    )
    own: dict[UUID | None, str] = {}
    if steps:
        own = {row[0]: row[1] for row in session.execute(query)}
    return [
        replace(row, own_step=own.get(row.observation_id, "")) if row.kind is Kind.STEP else row
        for row in found
    ]


def _led_on(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows, each next step with the draft of a later lesson, which asks about it."""
    begun = {row.lesson.educator_id: row for row in rows if row.kind is Kind.DRAFT}
    for row in rows:
        draft = begun.get(row.lesson.educator_id) if row.kind is Kind.STEP else None
        later = draft is not None and draft.lesson.recorded_on > row.lesson.recorded_on
        yield replace(row, next_draft_id=draft.thing_id) if draft and later else row
