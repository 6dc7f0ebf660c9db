"""A coded round: whose lesson waits for feedback, and who comes next."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from observe.feedback import operations as feedbacks
from observe.feedback import queue
from observe.video.models import Recording
from tests import factories
from tests.factories import Cast
from tests.feedback_cases import given, submitted


def lesson(session: Session, cast: Cast, day: int) -> Recording:
    row = factories.recording(session, cast)
    row.recorded_on = date(2026, 5, day)
    return row


def test_the_oldest_lesson_waits_first_and_what_was_given_waits_no_more(
    session: Session, cast: Cast
) -> None:
    later, earlier = (submitted(session, cast, lesson(session, cast, day)) for day in (9, 3))
    given(session, cast, date(2026, 5, 1), "Pregunta.")
    assert queue.waiting(session, actor=cast.observer) == [earlier, later]
    feedbacks.open_draft(session, earlier.id, actor=cast.observer)
    assert queue.waiting(session, actor=cast.observer) == [earlier, later], "a draft still waits"
    for actor in (*cast.outsiders, cast.utp_head, cast.educator, cast.network_lead):
        assert queue.waiting(session, actor=actor) == []


def test_what_was_withdrawn_waits_again(session: Session, cast: Cast) -> None:
    feedback = given(session, cast, date(2026, 5, 1), "Pregunta.")
    assert queue.waiting(session, actor=cast.observer) == []
    feedbacks.withdraw(session, feedback.id, "Otro momento.", actor=cast.observer)
    assert queue.waiting(session, actor=cast.observer) == [feedback.observation]


def test_after_the_last_one_comes_the_first_and_nobody_comes_after_herself(
    session: Session, cast: Cast
) -> None:
    rows = [submitted(session, cast, lesson(session, cast, day)) for day in (3, 4, 5)]
    turns = [queue.next_after(rows, row.id) for row in rows]
    assert turns == [rows[1], rows[2], rows[0]]
    assert queue.next_after(rows[:1], rows[0].id) is None
    assert queue.next_after(rows[1:], rows[0].id) == rows[1], "her own feedback was just given"
