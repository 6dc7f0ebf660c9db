"""Of a person's copy: the feedback that she was given, what she said to it, what became of it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from observe.coding.models import Observation, ObservationState
from observe.feedback import story
from observe.feedback.models import Answer, Feedback, FocusKind, FollowUp, SelfAssessment
from observe.feedback.publishing import STATES
from observe.feedback.report import FOCUS_TITLES
from observe.privacy.personal_export import Section
from observe.records.personal.gathering import LESSON, Gathering, Row, of_lesson
from observe.rubric.operations import rubric_of
from observe.text import message
from observe.video.models import Recording


def feedback(it: Gathering) -> Section:
    """Return what was published for her."""
    return Section(
        "feedback",
        message("Feedback that you were given"),
        LESSON
        | {
            "observer": message("Observer"),
            "state": message("State"),
            "published_at": message("Published on"),
            "withdrawn_at": message("Withdrawn on"),
            "kind": message("What for"),
            "dimension": message("Dimension"),
            "moment_s": message("Second of the video"),
            "note": message("Note"),
            "phrase": message("To you"),
            "questions": message("To think about"),
            "next_step": message("Next step"),
            "due_on": message("Until"),
        },
        tuple(row for each in it.feedbacks() for row in _focuses(it, each)),
    )


def _focuses(it: Gathering, feedback: Feedback) -> Iterator[Row]:
    lesson, rubric = feedback.observation.recording, rubric_of(feedback.observation.rubric_version)
    for kind in FocusKind:
        focus = feedback.focus(kind)
        if focus is None or focus.dimension is None:
            continue
        yield of_lesson(lesson) | {
            "observer": feedback.observation.observer.name,
            "state": it.say(STATES[feedback.state]),
            "published_at": feedback.published_at,
            "withdrawn_at": feedback.withdrawn_at,
            "kind": it.say(FOCUS_TITLES[kind]),
            "dimension": rubric.dimension(focus.dimension).title.in_language(it.locale),
            "moment_s": None if focus.start_ms is None else focus.start_ms // 1000,
            "note": it.clean(focus.note, lesson),
            "phrase": it.clean(focus.phrase, lesson),
            "questions": it.clean(focus.questions, lesson),
            "next_step": it.clean(focus.next_step, lesson),
            "due_on": focus.due_on,
        }


def answers(it: Gathering) -> Section:
    """Return her answers; what she did not send only where the copy is her own."""
    rows = it.session.execute(
        sa.select(Answer, Recording)
        .join(Feedback, Feedback.id == Answer.feedback_id)
        .join(Feedback.observation)
        .join(Observation.recording)
        .where(Answer.user_id == it.user.id)
        .where(sa.true() if it.is_own else Answer.sent_at.is_not(None))
        .order_by(Answer.changed_at)
    )
    return Section(
        "answers",
        message("What you answered"),
        LESSON
        | {
            "sent_at": message("Sent on"),
            "text": message("Answer"),
            "own_step": message("My own step"),
            "talk_on": message("A day to talk"),
            "already_tried": message("Already tried"),
        },
        tuple(
            of_lesson(lesson)
            | {
                "sent_at": each.sent_at,
                "text": each.text,
                "own_step": each.own_step,
                "talk_on": each.talk_on,
                "already_tried": each.already_tried,
            }
            for each, lesson in rows
        ),
        message("Without a day on which it was sent, it is a draft that only you see."),
    )


def looks(it: Gathering) -> Section:
    """Return how she saw her lessons herself; for her own copy alone."""
    rows = it.session.execute(
        sa.select(SelfAssessment, Feedback)
        .join(Feedback, Feedback.id == SelfAssessment.feedback_id)
        .where(SelfAssessment.user_id == it.user.id)
        .order_by(SelfAssessment.changed_at)
    )
    return Section(
        "own_look",
        message("How you saw your lessons yourself"),
        LESSON | {"dimension": message("Dimension"), "value": message("Number")},
        tuple(row for look, feedback in rows for row in _looked(it, look, feedback)),
        message("Only you see this, and only your own copy has it."),
    )


def _looked(it: Gathering, look: SelfAssessment, feedback: Feedback) -> Iterator[Row]:
    rubric = rubric_of(feedback.observation.rubric_version)
    for dimension, value in look.scores.items():
        title = rubric.dimension(dimension).title.in_language(it.locale)
        yield of_lesson(feedback.observation.recording) | {"dimension": title, "value": value}


def followups(it: Gathering) -> Section:
    """Return what became of her next steps."""
    given = {focus.id for each in it.feedbacks() for focus in each.focuses}
    rows = it.session.execute(
        sa.select(FollowUp, Recording)
        .join(Observation, Observation.id == FollowUp.observation_id)
        .join(Observation.recording)
        .where(FollowUp.focus_id.in_(given), Observation.state == ObservationState.SUBMITTED)
        .order_by(FollowUp.at)
    )
    return Section(
        "followups",
        message("What became of your next steps"),
        LESSON | {"outcome": message("What became of it?"), "note": message("Note")},
        tuple(
            of_lesson(lesson)
            | {
                "outcome": it.say(story.OUTCOMES[each.outcome]),
                "note": it.clean(each.note, lesson),
            }
            for each, lesson in rows
        ),
    )
