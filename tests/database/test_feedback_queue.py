"""A coded round: whose feedback is still to be written, and who comes next."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from observe.feedback import operations as feedbacks
from observe.feedback.board import Column, next_after
from observe.feedback.waiting import board_of, feedback_queue
from observe.people.access import Actor
from observe.video.models import Recording
from tests import factories
from tests.factories import TODAY, Cast
from tests.feedback_cases import given, submitted


def lesson(session: Session, cast: Cast, day: int) -> Recording:
    row = factories.recording(session, cast)
    row.recorded_on = date(2026, 5, day)
    return row


def queue(session: Session, actor: Actor) -> list[UUID | None]:
    """Return the observations that wait; they are those of her board."""
    rows = feedback_queue(session, actor=actor, today=TODAY, days=10)
    board = board_of(session, actor=actor, today=TODAY, days=10)
    assert rows == board.column(Column.FEED_BACK)
    return [row.observation_id for row in rows]


def test_the_oldest_lesson_waits_first_and_what_was_given_waits_no_more(
    session: Session, cast: Cast
) -> None:
    later, earlier = (submitted(session, cast, lesson(session, cast, day)) for day in (9, 3))
    given(session, cast, date(2026, 5, 1), "Pregunta.")
    assert queue(session, cast.observer) == [earlier.id, later.id]
    feedbacks.open_draft(session, earlier.id, actor=cast.observer)
    assert queue(session, cast.observer) == [earlier.id, later.id], "a draft still waits"
    for actor in (*cast.outsiders, cast.utp_head, cast.educator, cast.network_lead):
        assert queue(session, actor) == []


def test_what_was_withdrawn_waits_again(session: Session, cast: Cast) -> None:
    feedback = given(session, cast, date(2026, 5, 1), "Pregunta.")
    assert queue(session, cast.observer) == []
    feedbacks.withdraw(session, feedback.id, "Otro momento.", actor=cast.observer)
    assert queue(session, cast.observer) == [feedback.observation_id]


def test_after_the_last_one_comes_the_first_and_nobody_comes_after_herself(
    session: Session, cast: Cast
) -> None:
    found = [submitted(session, cast, lesson(session, cast, day)) for day in (3, 4, 5)]
    rows = feedback_queue(session, actor=cast.observer, today=TODAY, days=10)
    turns = [next_after(rows, each.id) for each in found]
    assert turns == [rows[1], rows[2], rows[0]]
    assert next_after(rows[:1], found[0].id) is None
    assert next_after(rows[1:], found[0].id) == rows[1], "her own feedback was just given"
    assert next_after([], found[0].id) is None
