"""What waits for an observer and for a UTP head: each thing once, and nothing of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from observe.coding.assigning import Asking, assign
from observe.coding.models import Observation
from observe.coding.operations import start
from observe.db import Database, now
from observe.feedback import openings, waiting
from observe.feedback.board import Board, Kind
from observe.feedback.models import Answer, Feedback, FeedbackState
from observe.feedback.operations import open_draft
from observe.people.access import Actor
from observe.people.models import Role
from observe.rubric.models import RubricVersion
from observe.rubric.operations import version_for
from observe.video.models import Recording, RecordingState
from tests import factories
from tests.factories import TODAY, Cast, recording
from tests.feedback_cases import DUE, given, submitted


@dataclass
class Desk:
    """An observer's work, and what waits of it."""

    session: Session
    cast: Cast
    rubric: RubricVersion

    def kinds(self, today: date = TODAY, actor: Actor | None = None) -> list[Kind]:
        return [row.kind for row in self.board(today, actor).rows]

    def board(self, today: date = TODAY, actor: Actor | None = None) -> Board:
        who = actor or self.cast.observer
        found = waiting.board_of(self.session, actor=who, today=today, days=10)
        count = waiting.due_count(self.session, actor=who, today=today, days=10)
        assert count == len(found.due)
        return found

    def start(self, lesson: Recording) -> Observation:
        return start(self.session, lesson.id, self.rubric.id, actor=self.cast.observer)

    def answer(self, feedback: Feedback, **said: object) -> Answer:
        answer = Answer(
            feedback_id=feedback.id,
            user_id=self.cast.educator.user_id,
            text="Lo probé.",
            sent_at=now(),
            **said,
        )
        self.session.add(answer)
        self.session.flush()
        self.session.refresh(feedback)
        return answer


def desk_in(session: Session) -> Desk:
    cast = factories.cast(session)
    return Desk(session, cast, version_for(session, "aprendizaje-profundo"))


@pytest.fixture
def desk(both: Database) -> Iterator[Desk]:
    with both.write() as session:
        yield desk_in(session)


def test_a_lesson_goes_from_list_to_list_and_waits_once(desk: Desk) -> None:
    session, cast = desk.session, desk.cast
    assert desk.kinds() == []
    lesson = recording(session, cast)
    assert desk.kinds() == [Kind.CODE]
    lesson.consent_by_id = lesson.consent_at = None
    session.flush()
    assert desk.kinds() == [Kind.CONSENT]
    lesson.consent_by_id, lesson.consent_at = cast.observer.user_id, now()
    session.flush()
    draft = desk.start(lesson)
    (row,) = desk.board().rows
    assert (row.kind, row.observation_id, row.due_on) == (Kind.DRAFT, draft.id, None)
    observation = submitted(session, cast, lesson)
    assert observation.id == draft.id
    (row,) = desk.board().rows
    assert (row.kind, row.due_on) == (Kind.COMPOSE, date(2026, 5, 27))  # ten, and 21 May is free
    assert row.lesson.educator == "Berta O'Brien"
    open_draft(session, observation.id, actor=cast.observer)
    assert desk.kinds() == [Kind.COMPOSING]
    assert desk.board(date(2026, 5, 22)).due == []
    assert [each.kind for each in desk.board(date(2026, 5, 25)).due] == [Kind.COMPOSING]


def test_what_is_still_prepared_refused_or_seen_in_the_room_waits_for_nobody(desk: Desk) -> None:
    session, cast = desk.session, desk.cast
    for state in (RecordingState.RECEIVED, RecordingState.REFUSED):
        recording(session, cast).state = state
    live = recording(session, cast)
    live.state, live.live_started_at = RecordingState.LIVE, now()
    session.flush()
    submitted(session, cast, live)
    assert desk.kinds() == []


def test_published_feedback_is_followed_until_her_next_lesson_is_submitted(desk: Desk) -> None:
    session, cast = desk.session, desk.cast
    feedback = given(session, cast, TODAY, "Pregunta «¿por qué?».")
    assert desk.kinds(TODAY) == [Kind.OFFERED]
    assert desk.kinds(DUE - timedelta(days=8)) == [Kind.OFFERED]
    assert desk.kinds(DUE - timedelta(days=7)) == [Kind.STEP, Kind.OFFERED]
    (step,) = desk.board(DUE + timedelta(days=1)).rows
    assert (step.kind, step.step, step.own_step) == (Kind.STEP, "Pregunta «¿por qué?».", "")
    assert step.is_late(DUE + timedelta(days=1))
    desk.answer(feedback, own_step="Esperar tres segundos.")
    openings.answers_seen(session, feedback, actor=cast.observer)
    later = recording(session, cast)
    later.recorded_on = DUE + timedelta(days=1)
    session.flush()
    draft = desk.start(later)
    rows = {row.kind: row for row in desk.board(DUE + timedelta(days=1)).rows}
    assert rows.keys() == {Kind.STEP, Kind.DRAFT}
    assert rows[Kind.STEP].own_step == "Esperar tres segundos."
    assert rows[Kind.STEP].next_draft_id == draft.id
    submitted(session, cast, later)
    assert desk.kinds(DUE + timedelta(days=1)) == [Kind.COMPOSE]


def test_a_withdrawn_feedback_is_to_be_given_again(desk: Desk) -> None:
    feedback = given(desk.session, desk.cast, TODAY, "x")
    feedback.state, feedback.withdrawn_at, feedback.withdrawal_reason = (
        FeedbackState.WITHDRAWN,
        now(),
        "x",
    )
    desk.session.flush()
    assert desk.kinds() == [Kind.COMPOSE]


def test_an_answer_waits_until_it_was_looked_at_and_a_talk_until_its_day(desk: Desk) -> None:
    session, cast = desk.session, desk.cast
    feedback = given(session, cast, TODAY, "x")
    talk_on = TODAY + timedelta(days=3)
    answer = desk.answer(feedback, talk_on=talk_on)
    (row,) = desk.board().rows
    assert (row.kind, row.thing_id, row.due_on) == (Kind.ANSWERED, answer.id, talk_on)
    openings.answers_seen(session, feedback, actor=cast.utp_head)  # another's looking is not hers
    assert desk.kinds() == [Kind.ANSWERED]
    openings.answers_seen(session, feedback, actor=cast.observer)
    assert desk.kinds() == [Kind.TALK]
    assert desk.kinds(talk_on + timedelta(days=8)) == []
    desk.answer(feedback)
    assert desk.kinds(talk_on + timedelta(days=8)) == [Kind.ANSWERED]
    draft = Answer(feedback_id=feedback.id, user_id=cast.educator.user_id, text="aún no")
    session.add(draft)
    openings.answers_seen(session, feedback, actor=cast.observer)
    assert desk.kinds(talk_on + timedelta(days=8)) == []


def test_coded_with_two_rubrics_a_lesson_waits_once_and_is_done_with_one(desk: Desk) -> None:
    session, cast = desk.session, desk.cast
    lesson = recording(session, cast)
    first = submitted(session, cast, lesson)
    second = submitted(session, cast, lesson)
    assert first.id != second.id
    (row,) = desk.board().rows
    assert row.observation_id == second.id
    published = given(session, cast, TODAY, "x")
    published.observation.recording_id = lesson.id
    session.flush()
    assert Kind.COMPOSE not in desk.kinds()


def test_a_colleague_asked_sees_only_that_and_blind_nothing_about_the_educator(desk: Desk) -> None:
    session, cast = desk.session, desk.cast
    given(session, cast, TODAY - timedelta(days=60), "x")
    colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    own = recording(session, cast)
    own.observer_id = colleague.user_id
    session.flush()
    submitted(session, cast, own, actor=colleague)
    assert desk.kinds(actor=colleague) == [Kind.COMPOSE]
    lesson = recording(session, cast)
    assign(
        session,
        lesson.id,
        Asking(colleague.user_id, desk.rubric.id, due_on=TODAY),
        actor=cast.observer,
    )
    (row,) = desk.board(actor=colleague).rows
    assert (row.kind, row.due_on) == (Kind.ASKED, TODAY)
    hers = start(session, lesson.id, desk.rubric.id, actor=colleague)
    (row,) = desk.board(actor=colleague).rows
    assert (row.kind, row.due_on, row.observation_id) == (Kind.DRAFT, TODAY, hers.id)
    submitted(session, cast, lesson, actor=colleague)
    assert desk.kinds(actor=colleague) == [Kind.COMPOSE]  # of her own lesson, not of the asked one


def test_a_school_is_told_who_and_since_when_and_nothing_of_it(desk: Desk) -> None:
    session, cast = desk.session, desk.cast
    given(session, cast, TODAY - timedelta(days=60), "Pregunta «¿por qué?».")
    late = recording(session, cast)
    late.educator_id = cast.second_educator.user_id
    session.flush()
    waits = submitted(session, cast, late)
    desk.start(recording(session, cast))  # a draft is its observer's alone

    def school(actor: Actor) -> Board:
        return waiting.school_board_of(session, actor=actor, today=DUE, days=10)

    rows = school(cast.utp_head).rows
    assert [row.kind for row in rows] == [Kind.COMPOSE, Kind.STEP]
    assert rows[0].observation_id == waits.id
    assert {row.observer for row in rows} == {"Ana Peñailillo"}
    assert {(row.step, row.own_step) for row in rows} == {("", "")}
    everybody_else = (cast.observer, cast.educator, cast.network_lead, cast.administrator)
    for actor in (*everybody_else, *cast.outsiders):
        assert school(actor).rows == ()
    for actor in (cast.utp_head, cast.educator, cast.administrator, *cast.outsiders):
        assert desk.board(DUE, actor).rows == ()
