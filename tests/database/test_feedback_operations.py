"""Composing, publishing and withdrawing feedback, and who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Observation
from observe.coding.operations import latest_document
from observe.db import Database
from observe.errors import (
    BadInputError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from observe.feedback import operations as feedbacks
from observe.feedback.checks import STEP_MAX, FocusInput, input_of, problems_of
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.feedback.openings import opened, openings_of
from observe.feedback.report import page_of
from observe.people.access import Action
from observe.people.models import AuditEntry
from observe.rubric.operations import rubric_of
from observe.settings import Settings
from observe.video.store import Store
from tests.factories import Cast, recording
from tests.feedback_cases import (
    DUE,
    TODAY,
    drafted,
    focuses,
    published,
    published_without_film,
    submitted,
)

STRENGTH, PRIORITY = FocusKind.STRENGTH, FocusKind.PRIORITY


def told(session: Session, feedback_id: UUID) -> list[str]:
    feedback = session.get_one(Feedback, feedback_id)
    return [str(each) for each in feedbacks.problems(session, feedback, today=TODAY)]


def test_an_empty_draft_says_everything_that_is_missing(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    draft = feedbacks.open_draft(session, observation.id, actor=cast.observer)
    assert told(session, draft.id) == [
        "Strength: choose its dimension.",
        "Strength: choose the moment of the video, from and to.",
        "Strength: write what was seen in the moment.",
        "Priority: choose its dimension.",
        "Priority: choose the moment of the video, from and to.",
        "Priority: write what was seen in the moment.",
        "Priority: write one next step.",
        "Priority: choose a date for the next step.",
    ]
    with pytest.raises(InvalidError) as refused:
        feedbacks.publish(session, draft.id, actor=cast.observer, today=TODAY)
    assert len(refused.value.problems) == 8


def test_a_complete_draft_lacks_nothing_and_is_one(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    assert told(session, feedback_id) == []
    again = feedbacks.open_draft(session, observation.id, actor=cast.observer)
    assert again.id == feedback_id


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        (STRENGTH, {"end_ms": 14_999}, "Strength: the moment lasts 14 s; it needs 15 to 120 s."),
        (STRENGTH, {"end_ms": 120_001}, "Strength: the moment lasts 121 s; it needs 15 to 120 s."),
        (
            PRIORITY,
            {"start_ms": 1_790_000, "end_ms": 1_810_000},
            "Priority: the moment ends after the video, which lasts 00:30:00.",
        ),
        (STRENGTH, {"note": " \n"}, "Strength: write what was seen in the moment."),
        (PRIORITY, {"next_step": ""}, "Priority: write one next step."),
        (
            PRIORITY,
            {"next_step": "x" * (STEP_MAX + 1)},
            "Priority: the next step is longer than 400 characters; shorten it.",
        ),
        (PRIORITY, {"due_on": None}, "Priority: choose a date for the next step."),
        (
            PRIORITY,
            {"due_on": date(2026, 5, 11)},
            "Priority: the date has already passed; choose a later one.",
        ),
    ],
)
def test_each_rule_has_its_sentence(
    session: Session, cast: Cast, kind: FocusKind, change: dict[str, object], sentence: str
) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    given = replace(focuses(observation)[kind], **change)  # type: ignore[arg-type]
    feedbacks.save_focuses(session, feedback_id, {kind: given}, actor=cast.observer)
    assert told(session, feedback_id) == [sentence]


def test_the_last_day_allowed_is_today(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    given = replace(focuses(observation)[PRIORITY], due_on=TODAY)
    feedbacks.save_focuses(session, feedback_id, {PRIORITY: given}, actor=cast.observer)
    assert told(session, feedback_id) == []


def test_dimensions_can_be_exchanged_but_not_shared(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    given = focuses(observation)
    one, two = given[STRENGTH].dimension, given[PRIORITY].dimension
    with pytest.raises(BadInputError, match="two different dimensions"):
        shared = replace(given[PRIORITY], dimension=one)
        feedbacks.save_focuses(session, feedback_id, {PRIORITY: shared}, actor=cast.observer)
    exchanged = {
        STRENGTH: replace(given[STRENGTH], dimension=two),
        PRIORITY: replace(given[PRIORITY], dimension=one),
    }
    kept = feedbacks.save_focuses(session, feedback_id, exchanged, actor=cast.observer)
    assert [focus.dimension for kind in FocusKind if (focus := kept.focus(kind))] == [two, one]


@pytest.mark.parametrize(
    "given",
    [
        FocusInput(dimension="no-such"),
        FocusInput(start_ms=20_000, end_ms=20_000),
        FocusInput(start_ms=-1),
    ],
)
def test_what_cannot_be_is_refused_even_in_a_draft(
    session: Session, cast: Cast, given: FocusInput
) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    with pytest.raises(BadInputError):
        feedbacks.save_focuses(session, feedback_id, {STRENGTH: given}, actor=cast.observer)


def test_half_a_draft_is_kept(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    draft = feedbacks.open_draft(session, observation.id, actor=cast.observer)
    half = {PRIORITY: FocusInput(start_ms=5_000, note="Hay")}
    focus = feedbacks.save_focuses(session, draft.id, half, actor=cast.observer).focus(PRIORITY)
    assert focus is not None
    assert (focus.start_ms, focus.end_ms, focus.note, focus.dimension) == (5_000, None, "Hay", None)


def test_a_dimension_without_score_or_note_cannot_be_published(
    session: Session, cast: Cast
) -> None:
    observation = submitted(session, cast, recording(session, cast))
    document = latest_document(session, observation)
    dimension = focuses(observation)[STRENGTH].dimension
    bare = document.model_copy(
        update={
            "cycles": tuple(
                cycle.model_copy(
                    update={
                        "scores": tuple(
                            each for each in cycle.scores if each.dimension != dimension
                        )
                    }
                )
                for cycle in document.cycles
            ),
            "notes": tuple(note for note in document.notes if note.dimension != dimension),
        }
    )
    rubric = rubric_of(observation.rubric_version)
    found = problems_of(focuses(observation), rubric, bare, today=TODAY)
    assert [str(each) for each in found] == [
        "Strength: nothing was scored or noted for this dimension in the lesson; "
        "choose one with evidence."
    ]


def test_without_consent_nothing_is_published(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    observation.recording.consent_by_id = observation.recording.consent_at = None
    session.flush()
    assert told(session, feedback_id) == [
        "Consents are not on file for this video: it cannot be shared."
    ]


def test_publishing_waits_and_cannot_be_edited(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    feedback = feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
    assert feedback.state is FeedbackState.PUBLISHING
    with pytest.raises(ConflictError):
        given = focuses(observation)[STRENGTH]
        feedbacks.save_focuses(session, feedback_id, {STRENGTH: given}, actor=cast.observer)
    with pytest.raises(NotFoundError):
        feedbacks.feedback_for(
            session, feedback_id, actor=cast.educator, action=Action.FEEDBACK_SEE
        )
    assert feedbacks.take_back(session, feedback_id, actor=cast.observer).state is (
        FeedbackState.DRAFT
    )


def test_an_observation_not_submitted_has_no_feedback(session: Session, cast: Cast) -> None:
    lesson = recording(session, cast)
    rubric = submitted(session, cast, recording(session, cast)).rubric_version_id
    draft = Observation(
        recording_id=lesson.id,
        observer_id=cast.observer.user_id,
        begun_by_id=cast.observer.user_id,
        rubric_version_id=rubric,
    )
    session.add(draft)
    session.flush()
    with pytest.raises(ConflictError):
        feedbacks.open_draft(session, draft.id, actor=cast.observer)


def test_only_its_observer_composes(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    given = focuses(observation)[STRENGTH]
    others = [*cast.outsiders, cast.educator, cast.second_educator, cast.utp_head]
    others += [cast.network_lead, cast.administrator]
    for actor in others:
        for refused in (
            lambda actor=actor: feedbacks.open_draft(session, observation.id, actor=actor),
            lambda actor=actor: feedbacks.suggestion_for(session, observation.id, actor=actor),
            lambda actor=actor: feedbacks.save_focuses(
                session, feedback_id, {STRENGTH: given}, actor=actor
            ),
            lambda actor=actor: feedbacks.publish(session, feedback_id, actor=actor, today=TODAY),
            lambda actor=actor: feedbacks.withdraw(session, feedback_id, "x", actor=actor),
            lambda actor=actor: feedbacks.take_back(session, feedback_id, actor=actor),
            lambda actor=actor: feedbacks.save_answer(
                session, feedback_id, "x", send=True, actor=actor
            ),
        ):
            with pytest.raises(NotFoundError):
                refused()


def test_the_suggestion_comes_with_reasons(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    found = feedbacks.suggestion_for(session, observation.id, actor=cast.observer)
    assert found.strength and found.priority
    assert all(candidate.evidence == 1 for candidate in found.strength)
    assert found.strength[0].dimension != found.priority[0].dimension


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    """Feedback published for the educator."""
    return published(database, home, store, cast, small_video)


def test_withdrawn_is_gone_for_the_educator_and_stays_on_file(
    session: Session, cast: Cast, feedback_id: UUID
) -> None:
    assert len(feedbacks.feedbacks_of(session, actor=cast.educator)) == 1
    with pytest.raises(BadInputError):
        feedbacks.withdraw(session, feedback_id, "  ", actor=cast.observer)
    gone = feedbacks.withdraw(session, feedback_id, " Otro niño ", actor=cast.observer)
    assert (gone.state, gone.withdrawal_reason) == (FeedbackState.WITHDRAWN, "Otro niño")
    assert feedbacks.feedbacks_of(session, actor=cast.educator) == []
    for action in (Action.FEEDBACK_SEE, Action.FEEDBACK_WATCH, Action.FEEDBACK_ANSWER):
        with pytest.raises(NotFoundError):
            feedbacks.feedback_for(session, feedback_id, actor=cast.educator, action=action)
    session.flush()
    said = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.thing_id == feedback_id))
    assert list(said) == [
        "feedback.drafted",
        "feedback.publish",
        "feedback.published",
        "feedback.withdraw",
    ]


def test_a_new_draft_begins_with_what_was_withdrawn(
    session: Session, cast: Cast, feedback_id: UUID
) -> None:
    gone = feedbacks.withdraw(session, feedback_id, "Otra fecha", actor=cast.observer)
    session.flush()
    draft = feedbacks.open_draft(session, gone.observation_id, actor=cast.observer)
    assert draft.id != feedback_id
    priority = draft.focus(PRIORITY)
    assert priority is not None
    assert (priority.note, priority.due_on) == ("Aquí cabe otra pregunta.", DUE)
    assert priority.clip_id is None


def test_the_offer_to_talk_stays_as_it_was_for_who_does_not_say(
    session: Session, cast: Cast
) -> None:
    observation = submitted(session, cast, recording(session, cast))
    draft = feedbacks.open_draft(session, observation.id, actor=cast.observer)
    session.flush()
    assert draft.offers_talk  # unless she says otherwise
    chosen = focuses(observation)
    feedbacks.save_focuses(session, draft.id, chosen, actor=cast.observer, offers_talk=False)
    feedbacks.save_focuses(session, draft.id, chosen, actor=cast.observer)
    assert not draft.offers_talk


def test_why_she_chose_it_is_not_in_what_the_educator_reads(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    written = replace(
        focuses(observation)[STRENGTH],
        phrase="Das tiempo.",
        questions="¿Qué viste?\n\n ¿Por qué? ",
        why="La más clara",
    )
    feedbacks.save_focuses(session, feedback_id, {STRENGTH: written}, actor=cast.observer)
    page = page_of(session.get_one(Feedback, feedback_id))
    assert (page.strength.phrase, page.strength.questions) == (
        "Das tiempo.",
        ("¿Qué viste?", "¿Por qué?"),
    )
    assert page.offers_talk
    assert "La más clara" not in repr(page)


def test_a_new_draft_takes_over_words_and_the_offer(session: Session, cast: Cast) -> None:
    observation = submitted(session, cast, recording(session, cast))
    draft = feedbacks.open_draft(session, observation.id, actor=cast.observer)
    chosen = focuses(observation)
    chosen[PRIORITY] = replace(
        chosen[PRIORITY], phrase="Prueba esperar.", questions="¿Qué pasaría?", why="Se repite"
    )
    feedbacks.save_focuses(session, draft.id, chosen, actor=cast.observer, offers_talk=False)
    published_without_film(session, draft)
    feedbacks.withdraw(session, draft.id, "Otra fecha", actor=cast.observer)
    session.flush()
    again = feedbacks.open_draft(session, observation.id, actor=cast.observer)
    assert again.id != draft.id
    assert input_of(again.focus(PRIORITY)) == chosen[PRIORITY]
    assert not again.offers_talk


def test_too_many_words_are_kept_in_the_draft_and_stop_publishing(
    session: Session, cast: Cast
) -> None:
    observation = submitted(session, cast, recording(session, cast))
    feedback_id = drafted(session, cast, observation)
    long = replace(
        focuses(observation)[STRENGTH], phrase="x" * 401, questions="x" * 601, why="x" * 501
    )
    kept = feedbacks.save_focuses(
        session, feedback_id, {STRENGTH: long}, actor=cast.observer
    ).focus(STRENGTH)
    assert kept is not None
    assert len(kept.questions) == 601
    assert told(session, feedback_id) == [
        "Strength: the phrase for her is longer than 400 characters; shorten it.",
        "Strength: the questions are longer than 600 characters; leave the best ones.",
        "Strength: why you chose it is longer than 500 characters; shorten it.",
    ]


def test_the_answer_is_hers_until_she_sends_it(
    session: Session, cast: Cast, feedback_id: UUID
) -> None:
    nothing = feedbacks.save_answer(session, feedback_id, " ", send=False, actor=cast.educator)
    assert nothing is None
    first = feedbacks.save_answer(session, feedback_id, "Voy a", send=False, actor=cast.educator)
    again = feedbacks.save_answer(
        session, feedback_id, "Voy a probar", send=False, actor=cast.educator
    )
    assert first is not None and again is not None and first.id == again.id
    with pytest.raises(BadInputError):
        feedbacks.save_answer(session, feedback_id, "", send=True, actor=cast.educator)
    feedbacks.save_answer(session, feedback_id, "Voy a probar.", send=True, actor=cast.educator)
    late = feedbacks.save_answer(
        session, feedback_id, "Voy a probar.", send=False, actor=cast.educator
    )
    assert late is None  # an automatic save that was overtaken by the sending
    more = feedbacks.save_answer(session, feedback_id, "Y más.", send=False, actor=cast.educator)
    assert more is not None and more.id != again.id
    feedback = session.get_one(Feedback, feedback_id)
    assert [answer.text for answer in feedback.answers if answer.sent_at] == ["Voy a probar."]


def test_the_observer_cannot_answer_for_her(
    session: Session, cast: Cast, feedback_id: UUID
) -> None:
    with pytest.raises(NotAllowedError):
        feedbacks.save_answer(session, feedback_id, "x", send=True, actor=cast.observer)


def test_who_opened_it_is_on_file(session: Session, cast: Cast, feedback_id: UUID) -> None:
    feedback = session.get_one(Feedback, feedback_id)
    for _ in range(2):
        opened(session, feedback, actor=cast.educator)
    found = openings_of(session, feedback)
    assert [(each.name, each.times, each.own) for each in found] == [("Berta O'Brien", 2, True)]
    assert found[0].at.tzinfo is not None
