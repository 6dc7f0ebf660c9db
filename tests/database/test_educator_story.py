"""Her story: earlier feedback, her answers, and what became of a priority, told kindly."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from observe.coding.operations import start
from observe.db import now
from observe.feedback import openings
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FocusKind, FollowUp, Outcome
from observe.feedback.story import OUTCOMES, story_of
from observe.rubric.operations import version_for
from tests.factories import Cast, recording
from tests.feedback_cases import given, submitted
from tests.feedback_cases import given_for as opened_for_her


def test_outsiders_have_no_story_of_hers(session: Session, cast: Cast) -> None:
    given(session, cast, date(2026, 3, 10), "Primer paso")
    for actor in (*cast.outsiders, cast.second_educator, cast.observer, cast.utp_head):
        assert story_of(session, actor=actor, locale="es_CL") == ()


def test_the_newest_comes_first_with_what_she_sent(session: Session, cast: Cast) -> None:
    first = given(session, cast, date(2026, 3, 10), "Primer paso")
    second = given(session, cast, date(2026, 4, 14), "Segundo paso")
    feedbacks.save_answer(session, first.id, "Gracias.", send=True, actor=cast.educator)
    feedbacks.save_answer(session, second.id, "Sin enviar", send=False, actor=cast.educator)
    openings.opened(session, first, actor=cast.educator)
    newer, older = story_of(session, actor=cast.educator, locale="es_CL")
    assert (newer.page.next_step, newer.opened, newer.sent) == ("Segundo paso", False, ())
    assert (older.page.next_step, older.opened) == ("Primer paso", True)
    assert [answer.text for answer in older.sent] == ["Gracias."]
    assert (newer.outcome, newer.became) == (None, None)
    assert older.outcome is Outcome.NOT_YET, "as the second lesson says, of which she has read"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_became_of_a_priority_comes_with_the_next_feedback(
    session: Session, cast: Cast, outcome: Outcome
) -> None:
    first = given(session, cast, date(2026, 3, 10), "Primer paso")
    lesson = recording(session, cast)
    lesson.recorded_on = date(2026, 4, 14)
    version = version_for(session, "aprendizaje-profundo")
    draft = start(session, lesson.id, version.id, actor=cast.observer)
    session.add(_follow_up(cast, first, draft.id, outcome))
    session.flush()
    observation = submitted(session, cast, lesson)
    assert observation.id == draft.id
    (only,) = story_of(session, actor=cast.educator, locale="es_CL")
    assert only.became is None, "nobody has talked with her about that lesson yet"
    opened_for_her(session, cast, observation)
    newer, older = story_of(session, actor=cast.educator, locale="es_CL")
    assert (newer.outcome, older.outcome) == (None, outcome)
    assert older.became == OUTCOMES[outcome]
    assert older.outcome_note == "Esperó tres segundos.", "as she who wrote it was promised"


def _follow_up(cast: Cast, first: Feedback, observation_id: object, outcome: Outcome) -> FollowUp:
    focus = first.focus(FocusKind.PRIORITY)
    assert focus is not None
    return FollowUp(
        observation_id=observation_id,
        focus_id=focus.id,
        outcome=outcome,
        note="Esperó tres segundos.",
        by_id=cast.observer.user_id,
        at=now(),
    )


def test_no_outcome_says_late_or_failed() -> None:
    told = " ".join(each.in_language("es_CL").casefold() for each in OUTCOMES.values())
    for word in ("tarde", "atras", "vencid", "incumpl", "fall", "no lograd", "todavía no"):
        assert word not in told
