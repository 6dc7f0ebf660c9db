"""Double coding: who may be asked, with which segments she begins, and what blind hides."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding import assigning, history
from observe.coding.changes import Change, StepRole
from observe.coding.models import Observation, Operation
from observe.coding.operations import (
    apply,
    document_of,
    log_of,
    observation_for,
    start,
    steps_of,
    submit,
)
from observe.db import now
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.feedback import operations as feedbacks
from observe.feedback.models import FeedbackState
from observe.ids import new_id
from observe.people.access import Action, Actor
from observe.people.models import AuditEntry, Role
from observe.records import operations as records
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of, version_for
from observe.video.models import Assignment, Recording, RecordingState
from observe.video.operations import confirm_consent, recordings_of
from tests.database.coding import change
from tests.factories import TODAY, Cast, person, recording
from tests.feedback_cases import given, submitted

MINUTE = 60_000


@pytest.fixture
def colleague(session: Session, cast: Cast) -> Actor:
    return person(session, "Julia Paz", Role.OBSERVER, cast.school)


@pytest.fixture
def lesson(session: Session, cast: Cast) -> Recording:
    return recording(session, cast)


def ask(
    session: Session,
    lesson: Recording,
    colleague: Actor,
    rubric: RubricVersion,
    *,
    actor: Actor,
    blind: bool = True,
    random_order: bool = False,
) -> Assignment:
    return assigning.assign(
        session,
        lesson.id,
        assigning.Asking(
            colleague.user_id,
            rubric.id,
            blind=blind,
            random_order=random_order,
            due_on=date(2026, 6, 1),
        ),
        actor=actor,
    )


def code_all(session: Session, observation: Observation, actor: Actor) -> None:
    """Score every cell of the cycles there are and submit."""
    rows = [row.id for row in rubric_of(observation.rubric_version).rows()]
    changes = [
        change("score.put", cycle=cycle.id, dimension=row, value=2)
        for cycle in document_of(session, observation).cycles
        for row in rows
    ]
    apply(
        session,
        observation.id,
        changes,
        window="w",
        base_version=observation.version,
        actor=actor,
    )
    submit(session, observation.id, actor=actor)


# --- asking --------------------------------------------------------------------------------------


def test_a_colleague_who_was_asked_may_code_and_nothing_else(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    assert recordings_of(session, actor=colleague) == []
    with pytest.raises(NotFoundError):
        start(session, lesson.id, rubric_version.id, actor=colleague)
    made = ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    assert [each.id for each in recordings_of(session, actor=colleague)] == [lesson.id]
    observation = start(session, lesson.id, rubric_version.id, actor=colleague)
    assert observation.assignment_id == made.id
    with pytest.raises(NotAllowedError):
        confirm_consent(session, lesson.id, actor=colleague)
    with pytest.raises(NotAllowedError):
        ask(session, lesson, cast.utp_head, rubric_version, actor=colleague)
    told = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.number)).all()
    assert "recording.assign" in told


def test_only_the_observer_of_the_lesson_asks(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    for actor in (*cast.outsiders, cast.educator, cast.utp_head, cast.administrator, colleague):
        with pytest.raises(NotFoundError):
            ask(session, lesson, colleague, rubric_version, actor=actor)


def test_who_cannot_be_asked(
    session: Session, cast: Cast, lesson: Recording, rubric_version: RubricVersion
) -> None:
    for own in (cast.observer, cast.educator):
        with pytest.raises(BadInputError):
            ask(session, lesson, own, rubric_version, actor=cast.observer)
    for other in (cast.outsider_observer, cast.utp_head):
        with pytest.raises(NotAllowedError) as refused:
            ask(session, lesson, other, rubric_version, actor=cast.observer)
        assert other.name not in str(refused.value)
    lesson.state, lesson.refusal = RecordingState.REFUSED, "broken"
    with pytest.raises(ConflictError):
        ask(session, lesson, cast.observer, rubric_version, actor=cast.observer)


def test_those_who_could_be_asked_are_the_other_observers_of_the_school(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor
) -> None:
    everywhere = person(session, "Zoila Ríos", Role.OBSERVER, None)
    found = assigning.colleagues_for(session, lesson, actor=cast.observer)
    assert [each.id for each in found] == [colleague.user_id, everywhere.user_id]
    assert assigning.colleagues_for(session, lesson, actor=colleague) == []


def test_she_is_asked_once_with_a_rubric_and_no_more_before_she_begins(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    made = ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    with pytest.raises(ConflictError):
        ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    with pytest.raises(NotAllowedError):
        assigning.unassign(session, made.id, actor=colleague)
    assigning.unassign(session, made.id, actor=cast.observer)
    assert recordings_of(session, actor=colleague) == []
    again = ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    start(session, lesson.id, rubric_version.id, actor=colleague)
    with pytest.raises(ConflictError):
        assigning.unassign(session, again.id, actor=cast.observer)


def test_she_codes_with_the_rubric_that_was_asked_for(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    other = version_for(session, "interacciones-aula-basica")
    with pytest.raises(NotAllowedError):
        start(session, lesson.id, other.id, actor=colleague)


def test_the_order_is_drawn_once_and_only_when_asked_for(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    other = version_for(session, "interacciones-aula-basica")
    drawn = ask(session, lesson, colleague, rubric_version, actor=cast.observer, random_order=True)
    plain = ask(session, lesson, colleague, other, actor=cast.observer)
    assert drawn.order_seed is not None
    assert plain.order_seed is None


# --- beginning -----------------------------------------------------------------------------------


def test_her_cycles_are_planned_by_a_change_that_can_be_undone(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    observation = start(session, lesson.id, rubric_version.id, actor=colleague)
    protocol = rubric_of(rubric_version).protocol
    cycles = document_of(session, observation).cycles
    assert len(cycles) == protocol.cycles
    assert cycles[0].start_ms == 0
    assert all(each.end_ms - each.start_ms <= protocol.cycle_ms for each in cycles)
    (step,) = steps_of(session, observation, observation.version).done
    assert [(act.kind, act.payload) for act in step.undo] == [("plan", {"cycles": []})]
    (operation,) = session.scalars(
        sa.select(Operation).where(Operation.observation_id == observation.id)
    )
    assert operation.actor_id == colleague.user_id
    again = start(session, lesson.id, rubric_version.id, actor=colleague)
    assert (again.id, again.version) == (observation.id, 1)


@pytest.mark.parametrize("finished", [True, False])
def test_both_code_the_same_segments_and_she_gets_no_score(
    session: Session,
    cast: Cast,
    lesson: Recording,
    colleague: Actor,
    rubric_version: RubricVersion,
    finished: bool,
) -> None:
    own = start(session, lesson.id, rubric_version.id, actor=cast.observer)
    spans = ((0, 7 * MINUTE), (8 * MINUTE, 20 * MINUTE))
    plan = [{"cycle": str(new_id()), "start_ms": a, "end_ms": b} for a, b in spans]
    changes = [change("plan", cycles=plan)]
    changes += [change("note.put", note=new_id(), at_ms=5, text="Se ríen")]
    apply(session, own.id, changes, window="w", base_version=0, actor=cast.observer)
    if finished:
        code_all(session, own, cast.observer)
    ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    hers = document_of(session, start(session, lesson.id, rubric_version.id, actor=colleague))
    assert tuple((each.start_ms, each.end_ms) for each in hers.cycles) == spans
    assert not any(each.scores for each in hers.cycles)
    assert hers.notes == ()
    theirs = {each.id for each in document_of(session, own).cycles}
    assert theirs.isdisjoint(each.id for each in hers.cycles)


# --- blind ---------------------------------------------------------------------------------------


def seen(session: Session, actor: Actor) -> set[UUID]:
    """Return the observations whose records and feedback `actor` finds, by every way there is."""
    listed = {row.observation.id for row in records.records_of(session, actor=actor)}
    exported = set(records.export_of(session, actor=actor).observation_ids)
    opened = set()
    done = sa.select(Observation).where(Observation.submitted_at.is_not(None))
    for observation in session.scalars(done):
        try:
            records.record_for(session, observation.id, actor=actor)
        except NotFoundError:
            for refused in (_code, feedbacks.composable, _comment):
                with pytest.raises(NotFoundError):
                    refused(session, observation.id, actor=actor)
        else:
            opened.add(observation.id)
    assert listed == exported == opened
    return listed


def _code(session: Session, observation_id: UUID, *, actor: Actor) -> object:
    return observation_for(session, observation_id, actor=actor, action=Action.OBSERVATION_CODE)


def _comment(session: Session, observation_id: UUID, *, actor: Actor) -> object:
    return records.comment(session, observation_id, "x", actor=actor)


def test_blind_hides_what_is_known_of_the_educator_until_she_submits(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    """She is UTP head as well, so she would see every record of the school."""
    feedback = given(session, cast, TODAY - timedelta(days=30), "¿Por qué?")
    earlier, feedback_id = feedback.observation, feedback.id
    own = submitted(session, cast, lesson)
    other = recording(session, cast)
    other.educator_id = cast.second_educator.user_id
    unrelated = submitted(session, cast, other)
    both = Actor(colleague.user_id, colleague.name, colleague.standings | cast.utp_head.standings)
    assert seen(session, both) == {earlier.id, own.id, unrelated.id}

    ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    observation = start(session, lesson.id, rubric_version.id, actor=colleague)
    assert seen(session, both) == {unrelated.id}
    with pytest.raises(NotFoundError):
        feedbacks.feedback_for(session, feedback_id, actor=both, action=Action.FEEDBACK_READ)
    assert seen(session, cast.utp_head) == {earlier.id, own.id, unrelated.id}
    assert assigning.is_blind(observation)

    code_all(session, observation, colleague)
    assert seen(session, both) == {earlier.id, own.id, unrelated.id, observation.id}
    assert feedbacks.feedback_for(session, feedback_id, actor=both, action=Action.FEEDBACK_READ)


def test_blind_hides_her_own_earlier_scores_of_that_educator(
    session: Session, cast: Cast, colleague: Actor, rubric_version: RubricVersion, lesson: Recording
) -> None:
    hers = recording(session, cast)
    hers.observer_id = colleague.user_id
    session.flush()
    earlier = submitted(session, cast, hers, actor=colleague)
    ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    assert seen(session, colleague) == set()
    observation = start(session, lesson.id, rubric_version.id, actor=colleague)
    assert observation_for(session, observation.id, actor=colleague, action=Action.OBSERVATION_CODE)
    code_all(session, observation, colleague)
    assert seen(session, colleague) == {earlier.id, observation.id}


def test_who_asked_is_blind_to_the_colleague_until_she_submits_hers(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    earlier = submitted(session, cast, recording(session, cast))
    ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    hers = start(session, lesson.id, rubric_version.id, actor=colleague)
    code_all(session, hers, colleague)
    assert seen(session, cast.observer) == {earlier.id}
    (asked,) = assigning.asked_for(session, lesson, actor=cast.observer)
    assert (asked.observation, asked.visible) == (hers, False)
    own = submitted(session, cast, lesson)
    assert seen(session, cast.observer) == {earlier.id, own.id, hers.id}
    (asked,) = assigning.asked_for(session, lesson, actor=cast.observer)
    assert asked.visible
    assert assigning.asked_for(session, lesson, actor=colleague) == []


def test_what_is_not_blind_hides_nothing(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    ask(session, lesson, colleague, rubric_version, actor=cast.observer, blind=False)
    hers = start(session, lesson.id, rubric_version.id, actor=colleague)
    code_all(session, hers, colleague)
    assert seen(session, cast.observer) == {hers.id}
    assert not assigning.is_blind(hers)


# --- the opening card ----------------------------------------------------------------------------


def test_the_last_published_priority_opens_the_next_observation_also_a_blind_one(
    session: Session, cast: Cast, lesson: Recording, colleague: Actor, rubric_version: RubricVersion
) -> None:
    ask(session, lesson, colleague, rubric_version, actor=cast.observer)
    observation = start(session, lesson.id, rubric_version.id, actor=colleague)
    assert feedbacks.previous_priority(session, observation, actor=colleague) is None
    given(session, cast, TODAY - timedelta(days=60), "el primero")
    last = given(session, cast, TODAY - timedelta(days=30), "¿Cómo lo sabes?")
    given(session, cast, TODAY + timedelta(days=1), "uno posterior")
    card = feedbacks.previous_priority(session, observation, actor=colleague)
    assert card is not None
    assert (card.next_step, card.lesson_on) == ("¿Cómo lo sabes?", TODAY - timedelta(days=30))
    assert card.dimension == rubric_of(rubric_version).dimensions[1].title
    last.state, last.withdrawn_at, last.withdrawal_reason = FeedbackState.WITHDRAWN, now(), "x"
    session.flush()
    card = feedbacks.previous_priority(session, observation, actor=colleague)
    assert card is not None
    assert card.next_step == "el primero"
    with pytest.raises(NotFoundError):
        feedbacks.previous_priority(session, observation, actor=cast.observer)


# --- history -------------------------------------------------------------------------------------


def test_the_history_tells_who_changed_what(
    session: Session, cast: Cast, lesson: Recording, rubric_version: RubricVersion
) -> None:
    observation = start(session, lesson.id, rubric_version.id, actor=cast.observer)
    one, two, note, step = new_id(), new_id(), new_id(), new_id()
    row = rubric_of(rubric_version).dimensions[0]
    cell = {"cycle": str(two), "dimension": row.id}
    watched = {"start_ms": 0, "end_ms": 9_000, "rate": 1, "at": now().isoformat()}
    spans = ((one, 0, MINUTE), (two, MINUTE, 2 * MINUTE))
    plan = [{"cycle": str(key), "start_ms": a, "end_ms": b} for key, a, b in spans]
    changes = [
        change("plan", cycles=plan),
        change("score.put", **cell, value=3),
        change("score.put", **cell, value=4),
        Change(new_id(), "note.put", {"note": str(note), "at_ms": 5, "text": "Se"}, step),
        Change(new_id(), "note.put", {"note": str(note), "at_ms": 5, "text": "Se ríen"}, step),
        change("watched", watched=new_id(), **watched),
        change("watched", watched=new_id(), **watched | {"start_ms": 9_000, "end_ms": 20_000}),
        Change(new_id(), "note.delete", {"note": str(note)}, step, StepRole.UNDO),
        change("cycle.delete", cycle=one),
        change("score.clear", **cell),
    ]
    done = apply(session, observation.id, changes, window="w", base_version=0, actor=cast.observer)
    assert len(done.acknowledged) == len(changes)
    rubric = rubric_of(rubric_version)
    found = history.entries(log_of(session, observation), rubric)
    assert [[str(line.sentence) for line in entry.lines] for entry in found] == [
        [f"Cycle 1, {row.title.en}: 4 → no score"],
        ["Cycle 1 removed, with its scores: 0"],
        ["Note at 00:00:00 removed: “Se ríen”"],
        ["New note at 00:00:00, no dimension (·): “Se ríen”"],
        [f"Cycle 2, {row.title.en}: 3 → 4"],
        [f"Cycle 2, {row.title.en}: no score → 3"],
        ["Cycles planned: 2"],
    ]
    assert {entry.who for entry in found} == {cast.observer.name}
    assert [entry.role for entry in found][2] is StepRole.UNDO
    assert len(history.about(found, cycle=two)) == 4
    assert len(history.about(found, cycle=one)) == 4
    assert len(history.about(found, row=row.id)) == 3
    assert history.about(found, cycle=one, row=row.id) == []
