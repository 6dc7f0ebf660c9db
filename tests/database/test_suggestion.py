"""What the suggestion knows beside the lesson: a cohort, observers, the network, wish, priority."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.assigning import Asking, assign
from observe.coding.changes import Change
from observe.coding.models import Observation
from observe.coding.operations import apply, latest_document, start, submit
from observe.db import Database, day_of, now
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.feedback import followup, network
from observe.feedback import operations as feedbacks
from observe.feedback.cohort import cohort_of, keep_means, keep_missing
from observe.feedback.models import Answer, CohortMean, LessonMean
from observe.feedback.network import Days
from observe.feedback.suggest import Candidate
from observe.ids import new_id
from observe.people.access import Actor
from observe.people.levels import stage_of
from observe.people.models import AuditEntry, ClassGroup, Role
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel
from observe.privacy.requests import Asked
from observe.rubric.operations import rubric_of, version_for
from observe.settings import Settings
from tests import factories
from tests.factories import Cast
from tests.feedback_cases import given

FIRST = date(2026, 3, 2)


def coded(
    session: Session,
    cast: Cast,
    educator: Actor,
    scores: Sequence[int],
    *,
    group: ClassGroup | None = None,
    observer: Actor | None = None,
) -> Observation:
    """Submit a lesson of `educator`: each dimension scored and noted alike, a cycle a score."""
    lesson = factories.recording(session, cast)
    lesson.educator_id = educator.user_id
    if group is not None:
        lesson.class_group = group
    return coded_too(session, lesson.id, scores, observer or cast.observer)


def coded_too(
    session: Session, recording_id: object, scores: Sequence[int], observer: Actor
) -> Observation:
    version = version_for(session, "aprendizaje-profundo")
    observation = start(session, recording_id, version.id, actor=observer)  # type: ignore[arg-type]
    dimensions = [each.id for each in rubric_of(version).dimensions]
    length = (observation.recording.duration_ms or 0) // len(scores)
    cycles = [
        {
            "cycle": str(new_id()),
            "start_ms": number * length,
            "end_ms": (number + 1) * length,
            "scores": [{"dimension": each, "value": score} for each in dimensions],
        }
        for number, score in enumerate(scores)
    ]
    changes = [Change(new_id(), "plan", {"cycles": cycles})]
    changes += [
        Change(
            new_id(),
            "note.put",
            {
                "note": str(new_id()),
                "at_ms": 6_000,
                "dimension": each,
                "text": "Una niña explica cómo lo sabe.",
                "polarity": 1,
            },
        )
        for each in dimensions
    ]
    apply(
        session,
        observation.id,
        changes,
        window="t",
        base_version=observation.version,
        actor=observer,
    )
    if followup.unanswered(session, observation):
        followup.answer(session, observation.id, "moved", actor=observer)
    submit(session, observation.id, actor=observer)
    return observation


def educators(session: Session, cast: Cast, count: int) -> list[Actor]:
    return [
        factories.person(session, f"Educadora {number}", Role.EDUCATOR, cast.school)
        for number in range(count)
    ]


def first_mean(session: Session, observation: Observation) -> float | None:
    found = cohort_of(session, observation)
    return None if found is None else next(iter(found.values()))


# --- the cohort -----------------------------------------------------------------------------------


def test_five_other_educators_are_a_cohort_and_four_are_none(session: Session, cast: Cast) -> None:
    hers = coded(session, cast, cast.educator, [4, 4])
    others = educators(session, cast, 5)
    for number, other in enumerate(others[:4]):
        coded(session, cast, other, [1 + number % 2, 2])
    assert cohort_of(session, hers) is None, "four others"
    assert feedbacks.suggestion_for(session, hers.id, actor=cast.observer).basis == "profile"
    coded(session, cast, others[4], [3, 3])
    # Six means: her own 4, and 1.5, 2, 1.5, 2 and 3.
    assert first_mean(session, hers) == pytest.approx(14 / 6)
    assert feedbacks.suggestion_for(session, hers.id, actor=cast.observer).basis == "cohort"


def test_one_submission_moves_nothing_that_can_be_read_and_six_do(
    session: Session, cast: Cast
) -> None:
    hers = coded(session, cast, cast.educator, [2])
    people = educators(session, cast, 10)
    first, later = people[:5], people[5:]
    for other in first:
        coded(session, cast, other, [2])
    assert first_mean(session, hers) == 2.0
    again = coded(session, cast, first[0], [4])  # her mean is 3 now: each educator counts once
    for number, other in enumerate(later):
        assert first_mean(session, hers) == 2.0, number
        coded(session, cast, other, [4])
    assert first_mean(session, hers) == pytest.approx((5 * 2 + 3 + 5 * 4) / 11)
    assert first_mean(session, again) == first_mean(session, hers), "the same for whoever reads"


def test_whoever_coded_some_of_them_is_not_told_of_a_few_others(
    session: Session, cast: Cast
) -> None:
    colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    people = educators(session, cast, 15)
    hers = coded(session, cast, cast.educator, [4, 4])
    for number, each in enumerate(people[:4]):
        _of_colleague(session, cast, each, colleague)
        coded(session, cast, people[5 + number], [2, 2])
        assert cohort_of(session, hers) is None, number
    coded(session, cast, people[9], [2, 2])  # the sixth of her own: they may, and no one else
    assert first_mean(session, hers) == pytest.approx((4 + 5 * 2) / 6)
    for each in people[10:15]:
        coded(session, cast, each, [4, 4])
    _of_colleague(session, cast, people[4], colleague)
    assert first_mean(session, hers) == pytest.approx((4 + 5 * 2 + 5 * 3 + 5 * 4) / 16)


def test_a_blocked_lesson_leaves_with_others(session: Session, cast: Cast) -> None:
    hers = coded(session, cast, cast.educator, [4])
    people = educators(session, cast, 10)
    for each in people[:5]:
        coded(session, cast, each, [2])
    today = now().date()
    asked = Asked(
        RequestKind.ACCESS, About.PERSON, today, Channel.LETTER, user_id=people[0].user_id
    )
    request = requests.register(session, asked, today=today, actor=cast.administrator)
    requests.block(session, request.id, actor=cast.administrator)
    for each in people[5:]:
        assert first_mean(session, hers) == pytest.approx(14 / 6), "alone she would be told"
        coded(session, cast, each, [2])
    assert first_mean(session, hers) == pytest.approx((4 + 9 * 2) / 10)


def test_a_lesson_whose_class_was_put_right_stays_where_it_is_counted(
    session: Session, cast: Cast
) -> None:
    hers = coded(session, cast, cast.educator, [4])
    people = educators(session, cast, 5)
    lessons = [coded(session, cast, each, [2]) for each in people]
    moved = lessons[0]
    moved.recording.class_group = ClassGroup(school=cast.school, name="II medio A", year=2026)
    session.flush()
    keep_means(session, moved, latest_document(session, moved))
    for row in session.scalars(sa.select(CohortMean)):
        assert (row.educators, row.total) == (6, 14.0)
    rows = session.scalars(sa.select(LessonMean).filter_by(observation_id=moved.id)).all()
    assert {row.level for row in rows} == {stage_of(hers.recording.class_group.name)}


def _of_colleague(session: Session, cast: Cast, educator: Actor, colleague: Actor) -> None:
    lesson = factories.recording(session, cast)
    lesson.educator_id, lesson.observer_id = educator.user_id, colleague.user_id
    session.flush()
    session.expire(lesson)
    coded_too(session, lesson.id, [3, 3], colleague)


def test_a_cohort_is_of_one_stage_of_schooling(session: Session, cast: Cast) -> None:
    late = ClassGroup(school=cast.school, name="II medio A", year=2026)
    odd = ClassGroup(school=cast.school, name="Taller", year=2026)
    session.add_all([late, odd])
    hers = coded(session, cast, cast.educator, [4])
    for other in educators(session, cast, 5):
        coded(session, cast, other, [2], group=late)
        coded(session, cast, other, [3], group=odd)
    assert cohort_of(session, hers) is None
    unknown = coded(session, cast, cast.educator, [4], group=odd)
    assert cohort_of(session, unknown) is None, "whoever is not known is not compared"
    hers = coded(session, cast, cast.educator, [4], group=late)
    assert first_mean(session, hers) == pytest.approx(14 / 6)


def test_a_dimension_that_few_have_is_no_reference(session: Session, cast: Cast) -> None:
    hers = coded(session, cast, cast.educator, [4])
    for other in educators(session, cast, 5):
        coded(session, cast, other, [2])
    whole = cohort_of(session, hers)
    assert whole is not None
    row = session.scalars(sa.select(CohortMean)).first()
    assert row is not None
    row.educators -= 1
    session.flush()
    assert whole.keys() - (cohort_of(session, hers) or {}).keys() == {row.dimension}
    assert feedbacks.suggestion_for(session, hers.id, actor=cast.observer).basis == "profile"


def test_what_an_older_program_submitted_is_kept_when_the_worker_starts(
    database: Database, home: Settings, cast: Cast
) -> None:
    with database.write() as session:
        hers = coded(session, cast, cast.educator, [4])
        for other in educators(session, cast, 5):
            coded(session, cast, other, [2])
        session.execute(sa.delete(LessonMean))
        session.execute(sa.delete(CohortMean))
    for _again in range(2):
        keep_missing(home, database)
    with database.read() as session:
        assert first_mean(session, session.get_one(Observation, hers.id)) == pytest.approx(14 / 6)


# --- the others -----------------------------------------------------------------------------------


def of_dimension(session: Session, cast: Cast, observation: Observation) -> Candidate:
    found = feedbacks.suggestion_for(session, observation.id, actor=cast.observer)
    return (*found.priority, *found.strength)[0]


def test_another_observer_of_the_lesson_widens_the_error_once_she_is_not_hidden(
    session: Session, cast: Cast
) -> None:
    hers = coded(session, cast, cast.educator, [2, 2])
    assert of_dimension(session, cast, hers).se == 0.0
    colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    assign(
        session,
        hers.recording_id,
        Asking(colleague.user_id, hers.rubric_version_id),
        actor=cast.observer,
    )
    coded_too(session, hers.recording_id, [4, 4], colleague)
    assert of_dimension(session, cast, hers).se == pytest.approx(1.0)


def remarks(candidate: Candidate) -> str:
    return " ".join(each.in_language("en") for each in candidate.remarks)


def test_the_priority_before_and_her_wish_are_remembered(session: Session, cast: Cast) -> None:
    before = given(session, cast, FIRST, "Pregunta «¿por qué?».")
    dimensions = [each.id for each in rubric_of(before.observation.rubric_version).dimensions]
    hers = coded(session, cast, cast.educator, [2, 3])
    said = {
        each.dimension: remarks(each)
        for each in feedbacks.suggestion_for(session, hers.id, actor=cast.observer).priority
    }
    assert "It was her priority before this lesson" in said[dimensions[1]]
    answer = Answer(user_id=cast.educator.user_id, text="Mira esto.", wish=dimensions[4])
    before.answers.append(answer)
    session.flush()
    first = feedbacks.suggestion_for(session, hers.id, actor=cast.observer).priority[0]
    assert first.dimension != dimensions[4], "a draft of an answer is hers alone"
    answer.sent_at = now()
    session.flush()
    first = feedbacks.suggestion_for(session, hers.id, actor=cast.observer).priority[0]
    assert first.dimension == dimensions[4]
    assert "She asked to be looked at in it." in remarks(first)


def test_what_the_network_works_on_is_lifted_in_its_days(session: Session, cast: Cast) -> None:
    hers = coded(session, cast, cast.educator, [2, 3])
    version = hers.rubric_version
    last = rubric_of(version).dimensions[5].id
    today = day_of(now())

    def first() -> str:
        found = feedbacks.suggestion_for(session, hers.id, actor=cast.observer)
        return found.priority[0].dimension

    assert first() != last
    days = Days(today, today + timedelta(days=30))
    focus = network.name_focus(session, version.id, last, days, actor=cast.network_lead)
    assert first() == last
    with pytest.raises(ConflictError):
        network.name_focus(session, version.id, last, Days(today), actor=cast.network_lead)
    network.end_focus(session, focus.id, today - timedelta(days=1), actor=cast.administrator)
    assert first() != last
    later = Days(today + timedelta(days=1))
    network.name_focus(session, version.id, last, later, actor=cast.network_lead)
    assert first() != last, "not before its first day"
    actions = sa.select(AuditEntry.action).where(AuditEntry.action.startswith("network_focus"))
    assert list(session.scalars(actions.order_by(AuditEntry.number))) == [
        "network_focus.name",
        "network_focus.end",
        "network_focus.name",
    ]


def test_only_the_territory_says_what_the_network_works_on(session: Session, cast: Cast) -> None:
    version = version_for(session, "aprendizaje-profundo")
    dimension = rubric_of(version).dimensions[0].id
    focus = network.name_focus(session, version.id, dimension, Days(FIRST), actor=cast.network_lead)
    for actor in (cast.observer, cast.utp_head, cast.educator, *cast.outsiders):
        with pytest.raises((NotFoundError, NotAllowedError)):
            network.name_focus(session, version.id, dimension, Days(FIRST), actor=actor)
        with pytest.raises((NotFoundError, NotAllowedError)):
            network.end_focus(session, focus.id, FIRST, actor=actor)
    for wrong, days in ((dimension, Days(FIRST, date(2026, 3, 1))), ("nada", Days(FIRST))):
        with pytest.raises(BadInputError):
            network.name_focus(session, version.id, wrong, days, actor=cast.network_lead)


def test_the_means_kept_are_those_of_the_profile(session: Session, cast: Cast) -> None:
    hers = coded(session, cast, cast.educator, [2, 3])
    rows = session.scalars(sa.select(LessonMean).filter_by(observation_id=hers.id))
    kept = {row.dimension: row.mean for row in rows}
    found = feedbacks.suggestion_for(session, hers.id, actor=cast.observer)
    for candidate in (*found.strength, *found.priority):
        assert kept.pop(candidate.dimension, candidate.mean) == candidate.mean
    assert kept == {}, "each was proposed"
