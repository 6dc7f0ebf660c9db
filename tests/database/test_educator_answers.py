"""What an educator answers besides her words, and what is refused without losing anything."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, today
from observe.errors import BadInputError
from observe.feedback import operations as feedbacks
from observe.feedback.answers import OWN_STEP_MAX, TALK_WITHIN, Besides, talk_problem
from observe.feedback.models import Answer, Feedback
from observe.people.models import AuditEntry
from observe.rubric.operations import rubric_of
from observe.settings import Settings
from observe.video.store import Store
from tests.factories import Cast
from tests.feedback_cases import TODAY, cut_and_open, published


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    return published(database, home, store, cast, small_video)


def a_weekday() -> Besides:
    day = today() + timedelta(days=1)
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return Besides(talk_on=day)


def wish(session: Session, feedback_id: UUID) -> str:
    feedback = session.get_one(Feedback, feedback_id)
    return rubric_of(feedback.observation.rubric_version).dimensions[-1].id


@pytest.mark.parametrize("part", ["already_tried", "own_step", "talk_on", "wish"])
def test_each_part_alone_is_an_answer(
    session: Session, cast: Cast, feedback_id: UUID, part: str
) -> None:
    given = {
        "already_tried": Besides(already_tried=True),
        "own_step": Besides(own_step="Espero cinco segundos."),
        "talk_on": a_weekday(),
        "wish": Besides(wish=wish(session, feedback_id)),
    }[part]
    draft = feedbacks.save_answer(session, feedback_id, "", given, send=False, actor=cast.educator)
    assert draft is not None and draft.sent_at is None
    sent = feedbacks.save_answer(session, feedback_id, "", given, send=True, actor=cast.educator)
    assert sent is not None and sent.id == draft.id and sent.sent_at is not None
    assert getattr(sent, part) == getattr(given, part)
    (told,) = feedbacks.sent_answers(session, session.get_one(Feedback, feedback_id), "es_CL")
    assert told.besides == given
    assert bool(told.wish) is (part == "wish")


def test_what_she_said_and_had_begun_outlives_a_withdrawal(
    database: Database, home: Settings, cast: Cast, feedback_id: UUID
) -> None:
    own = Besides(own_step="Espero cinco segundos.")
    with database.write() as session:
        feedbacks.save_answer(session, feedback_id, "Gracias.", send=True, actor=cast.educator)
        feedbacks.save_answer(session, feedback_id, "Y", own, send=False, actor=cast.educator)
        gone = feedbacks.withdraw(session, feedback_id, "Otra fecha", actor=cast.observer)
        again = feedbacks.open_draft(session, gone.observation_id, actor=cast.observer).id
        feedbacks.publish(session, again, actor=cast.observer, today=TODAY)
    cut_and_open(database, home, again)
    with database.read() as session:
        feedback = session.get_one(Feedback, again)
        (told,) = feedbacks.sent_answers(session, feedback, "es_CL")
        begun = feedbacks.draft_answer(feedback, cast.educator)
        assert told.text == "Gracias."
        assert begun is not None and (begun.text, begun.own_step) == ("Y", own.own_step)


def test_what_was_sent_stays_and_sending_it_again_is_the_same_answer(
    session: Session, cast: Cast, feedback_id: UUID
) -> None:
    own = Besides(own_step="Espero cinco segundos.")
    first = feedbacks.save_answer(session, feedback_id, "Sí", own, send=True, actor=cast.educator)
    again = feedbacks.save_answer(session, feedback_id, "Sí ", own, send=True, actor=cast.educator)
    late = feedbacks.save_answer(session, feedback_id, "Sí", own, send=False, actor=cast.educator)
    assert first is not None and again is not None and first.id == again.id
    assert late is None, "an automatic save that arrives after the sending"
    other = Besides(own_step="Otro paso.")
    more = feedbacks.save_answer(session, feedback_id, "Sí", other, send=True, actor=cast.educator)
    assert more is not None and more.id != first.id
    assert first.own_step == own.own_step
    entries = sa.select(sa.func.count()).where(AuditEntry.action == "feedback.answer")
    assert session.execute(entries).scalar_one() == 2


def test_nothing_at_all_is_not_sent(session: Session, cast: Cast, feedback_id: UUID) -> None:
    with pytest.raises(BadInputError) as refused:
        feedbacks.save_answer(
            session, feedback_id, " ", Besides(own_step="\n"), send=True, actor=cast.educator
        )
    assert refused.value.field == "text"
    assert session.scalars(sa.select(Answer)).all() == []


@pytest.mark.parametrize(
    ("besides", "field"),
    [
        (Besides(own_step="x" * (OWN_STEP_MAX + 1)), "own_step"),
        (Besides(wish="no-existe"), "wish"),
    ],
)
def test_what_cannot_be_kept_says_where(
    session: Session, cast: Cast, feedback_id: UUID, besides: Besides, field: str
) -> None:
    with pytest.raises(BadInputError) as refused:
        feedbacks.save_answer(
            session, feedback_id, "Hola", besides, send=False, actor=cast.educator
        )
    assert refused.value.field == field


def test_a_day_that_passed_is_kept_in_the_draft_and_not_sent(
    session: Session, cast: Cast, feedback_id: UUID
) -> None:
    passed = Besides(talk_on=today())
    draft = feedbacks.save_answer(
        session, feedback_id, "Hola", passed, send=False, actor=cast.educator
    )
    assert draft is not None and draft.talk_on == today()
    with pytest.raises(BadInputError) as refused:
        feedbacks.save_answer(session, feedback_id, "Hola", passed, send=True, actor=cast.educator)
    assert refused.value.field == "talk_on"
    assert draft.sent_at is None


def test_only_school_days_soon_are_days_to_talk() -> None:
    monday = today() - timedelta(days=today().isoweekday() - 1)
    for days, fits in ((0, False), (1, True), (4, True), (5, False), (6, False), (7, True)):
        assert (talk_problem(monday + timedelta(days=days), monday) is None) is fits, days
    far = monday + TALK_WITHIN
    assert talk_problem(far + timedelta(days=7), monday) is not None
    assert talk_problem(None, monday) is None
