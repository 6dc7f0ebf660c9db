"""A record is reviewed: agreed with, or put right by a new revision; every revision stays."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding import correcting
from observe.coding.assigning import Asking, assign
from observe.coding.changes import Change, StepRole
from observe.coding.models import (
    Correction,
    CorrectionState,
    Observation,
    ObservationState,
    Revision,
)
from observe.coding.operations import (
    apply,
    document_of,
    latest_document,
    log_of,
    steps_of,
    submit,
)
from observe.db import Database
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.feedback import waiting
from observe.feedback.board import Kind
from observe.ids import new_id
from observe.people.models import AuditEntry, Membership, Role, User
from observe.records import operations as records
from observe.records import review
from observe.records.review import ReviewState
from tests.factories import Cast, actor_named, person, recording
from tests.feedback_cases import submitted

TODAY = date(2026, 5, 13)


@pytest.fixture
def observation(session: Session, cast: Cast) -> Observation:
    """A submitted observation of the school."""
    return submitted(session, cast, recording(session, cast))


def state(session: Session, cast: Cast, observation: Observation) -> ReviewState:
    (row,) = records.records_of(session, actor=cast.utp_head)
    shown = records.read(session, observation.id, actor=cast.utp_head).review.state
    assert row.review.state is shown
    return shown


def kinds(session: Session, cast: Cast) -> set[Kind]:
    board = waiting.board_of(session, actor=cast.observer, today=TODAY, days=10)
    return {row.kind for row in board.rows}


def change_a_score(session: Session, cast: Cast, observation: Observation) -> None:
    cycle = latest_document(session, observation).cycles[0]
    score = cycle.scores[0]
    change = Change(
        new_id(),
        "score.put",
        {"cycle": str(cycle.id), "dimension": score.dimension, "value": 1},
    )
    applied = apply(
        session,
        observation.id,
        [change],
        window="w",
        base_version=observation.version,
        actor=cast.observer,
    )
    assert applied.acknowledged == (change.id,), applied


def test_she_agrees_with_a_revision_and_takes_it_back(
    session: Session, cast: Cast, observation: Observation
) -> None:
    assert state(session, cast, observation) is ReviewState.OPEN
    for _twice in range(2):
        review.agree(session, observation.id, 1, actor=cast.utp_head)
    assert state(session, cast, observation) is ReviewState.AGREED
    assert len(review.review_of(session, observation.id).agreed) == 1
    review.agree_no_more(session, observation.id, actor=cast.utp_head)
    assert state(session, cast, observation) is ReviewState.OPEN


def test_a_correction_is_answered_by_a_new_revision(
    session: Session, cast: Cast, observation: Observation
) -> None:
    review.agree(session, observation.id, 1, actor=cast.utp_head)
    before = latest_document(session, observation)
    asked = correcting.ask(session, observation.id, " El ciclo 1. ", actor=cast.utp_head)
    assert (asked.reason, asked.revision_number) == ("El ciclo 1.", 1)
    assert state(session, cast, observation) is ReviewState.ASKED
    assert Kind.CORRECTION in kinds(session, cast)
    assert waiting.due_count(session, actor=cast.observer, today=TODAY, days=10) == 1
    correcting.begin(session, observation.id, actor=cast.observer)
    assert correcting.begin(session, observation.id, actor=cast.observer) is observation
    assert state(session, cast, observation) is ReviewState.BEGUN
    assert kinds(session, cast) >= {Kind.DRAFT}
    change_a_score(session, cast, observation)
    shown = records.read(session, observation.id, actor=cast.utp_head)
    assert shown.document == before, "until she finishes the record is what it was"
    revision = submit(session, observation.id, actor=cast.observer)
    assert revision.number == 2
    assert state(session, cast, observation) is ReviewState.CORRECTED
    assert (asked.state, asked.new_revision) == (CorrectionState.CORRECTED, 2)
    after = records.read(session, observation.id, actor=cast.utp_head).document
    assert after.cycles[0].scores[0].value == 1
    kept = session.scalars(sa.select(Revision.document).order_by(Revision.number)).all()
    assert json.loads(kept[0]) == before.model_dump(mode="json")
    trail = session.scalars(sa.select(AuditEntry.details)).all()
    assert not any("ciclo 1" in each for each in trail)
    with pytest.raises(ConflictError, match="Revision 2"):  # an open page shows what was before
        review.agree(session, observation.id, 1, actor=cast.utp_head)
    review.agree(session, observation.id, 2, actor=cast.utp_head)
    assert state(session, cast, observation) is ReviewState.AGREED


def test_what_she_began_she_gives_up_and_nothing_typed_is_lost(
    session: Session, cast: Cast, observation: Observation
) -> None:
    before = latest_document(session, observation)
    correcting.ask(session, observation.id, "El ciclo 1.", actor=cast.utp_head)
    with pytest.raises(ConflictError):
        correcting.give_up(session, observation.id, actor=cast.observer)
    correcting.begin(session, observation.id, actor=cast.observer)
    change_a_score(session, cast, observation)
    note, gone = new_id(), before.notes[0].id
    written = {"note": str(note), "at_ms": 5_000, "text": "Lo que vi después."}
    cycle = before.cycles[1]
    shorter = {"cycle": str(cycle.id), "start_ms": cycle.start_ms + 1_000, "end_ms": cycle.end_ms}
    applied = apply(
        session,
        observation.id,
        [
            Change(new_id(), "note.put", written),
            Change(new_id(), "note.delete", {"note": str(gone)}),
            Change(new_id(), "cycle.put", shorter),
            Change(
                new_id(),
                "stretch.put",
                {
                    "stretch": str(new_id()),
                    "start_ms": cycle.start_ms,
                    "end_ms": cycle.start_ms + 1_000,
                    "reason": "patio",
                },
            ),
        ],
        window="w",
        base_version=observation.version,
        actor=cast.observer,
    )
    assert len(applied.acknowledged) == 4, applied
    typed = document_of(session, observation)
    for actor in (cast.utp_head, *cast.outsiders):
        with pytest.raises((NotFoundError, NotAllowedError)):
            correcting.give_up(session, observation.id, actor=actor)
    asked = correcting.give_up(session, observation.id, actor=cast.observer)
    assert (asked.state, observation.state) == (CorrectionState.OPEN, ObservationState.SUBMITTED)
    assert state(session, cast, observation) is ReviewState.ASKED
    assert document_of(session, observation) == before
    assert correcting.last_revision(session, observation.id) == 1
    log = log_of(session, observation)
    assert any(each.change.payload.get("text") == written["text"] for each in log)

    # Opened again, undo brings back all she had typed, at once.
    correcting.begin(session, observation.id, actor=cast.observer)
    step = steps_of(session, observation, observation.version).done[-1]
    undo = [Change(new_id(), each.kind, each.payload, step.id, StepRole.UNDO) for each in step.undo]
    applied = apply(
        session,
        observation.id,
        undo,
        window="w",
        base_version=observation.version,
        actor=cast.observer,
    )
    assert (applied.refused, applied.conflicts) == ((), ())
    assert document_of(session, observation) == typed
    correcting.give_up(session, observation.id, actor=cast.observer)
    kept = correcting.keep(session, observation.id, "Lo vi dos veces.", actor=cast.observer)
    assert kept.state is CorrectionState.KEPT


def test_she_may_leave_it_as_it_is_and_says_why(
    session: Session, cast: Cast, observation: Observation
) -> None:
    correcting.ask(session, observation.id, "¿Seguro?", actor=cast.utp_head)
    with pytest.raises(BadInputError):
        correcting.keep(session, observation.id, "  ", actor=cast.observer)
    kept = correcting.keep(session, observation.id, "Lo vi dos veces.", actor=cast.observer)
    assert (kept.state, kept.answer) == (CorrectionState.KEPT, "Lo vi dos veces.")
    assert state(session, cast, observation) is ReviewState.KEPT
    assert Kind.CORRECTION not in kinds(session, cast)
    with pytest.raises(ConflictError):
        correcting.begin(session, observation.id, actor=cast.observer)


def test_one_waits_at_a_time_and_can_be_taken_back_until_it_is_begun(
    session: Session, cast: Cast, observation: Observation
) -> None:
    correcting.ask(session, observation.id, "Uno.", actor=cast.utp_head)
    for verb in (
        lambda: correcting.ask(session, observation.id, "Dos.", actor=cast.utp_head),
        lambda: review.agree(session, observation.id, 1, actor=cast.utp_head),
    ):
        with pytest.raises(ConflictError):
            verb()
    correcting.take_back(session, observation.id, actor=cast.utp_head)
    assert state(session, cast, observation) is ReviewState.OPEN
    correcting.ask(session, observation.id, "Tres.", actor=cast.utp_head)
    correcting.begin(session, observation.id, actor=cast.observer)
    with pytest.raises(ConflictError):
        correcting.take_back(session, observation.id, actor=cast.utp_head)
    with pytest.raises(ConflictError):
        correcting.keep(session, observation.id, "Así queda.", actor=cast.observer)


def test_only_the_school_reviews_and_only_its_observer_answers(
    session: Session, cast: Cast, observation: Observation
) -> None:
    colleague = person(session, "Julia Paz", Role.OBSERVER, cast.school)
    strangers = [*cast.outsiders, cast.educator, cast.network_lead, cast.administrator, colleague]
    for actor in strangers:
        for verb in (correcting.ask, correcting.keep):
            with pytest.raises(NotFoundError):
                verb(session, observation.id, "x", actor=actor)
        for other in (review.agree_no_more, correcting.begin, correcting.take_back):
            with pytest.raises(NotFoundError):
                other(session, observation.id, actor=actor)
        with pytest.raises(NotFoundError):
            review.agree(session, observation.id, 1, actor=actor)
    with pytest.raises(NotAllowedError):
        correcting.ask(session, observation.id, "x", actor=cast.observer)
    with pytest.raises(NotAllowedError):
        correcting.begin(session, observation.id, actor=cast.utp_head)


def test_what_could_not_be_finished_again_is_not_opened(
    session: Session, cast: Cast, observation: Observation
) -> None:
    correcting.ask(session, observation.id, "El ciclo 1.", actor=cast.utp_head)
    observation.recording.consent_by_id = observation.recording.consent_at = None
    session.flush()
    with pytest.raises(ConflictError, match="locked"):
        correcting.begin(session, observation.id, actor=cast.observer)
    assert state(session, cast, observation) is ReviewState.ASKED


def test_nobody_reviews_her_own_coding(
    session: Session, cast: Cast, observation: Observation
) -> None:
    session.add(
        Membership(user_id=cast.observer.user_id, role=Role.UTP_HEAD, school_id=cast.school.id)
    )
    session.flush()
    session.expire(session.get_one(User, cast.observer.user_id), ["memberships"])
    both = actor_named(session, cast.observer.user_id)
    with pytest.raises(NotAllowedError):
        review.agree(session, observation.id, 1, actor=both)


def test_nobody_reviews_the_record_of_her_own_lesson(
    session: Session, cast: Cast, observation: Observation
) -> None:
    hers = cast.educator.user_id
    session.add(Membership(user_id=hers, role=Role.UTP_HEAD, school_id=cast.school.id))
    session.flush()
    session.expire(session.get_one(User, hers), ["memberships"])
    both = actor_named(session, hers)
    for deed in (
        lambda: review.agree(session, observation.id, 1, actor=both),
        lambda: correcting.ask(session, observation.id, "Más alto.", actor=both),
    ):
        with pytest.raises(NotAllowedError, match="own lesson"):
            deed()


def test_what_two_coded_blind_is_not_corrected(
    session: Session, cast: Cast, observation: Observation
) -> None:
    colleague = person(session, "Julia Paz", Role.OBSERVER, cast.school)
    assign(
        session,
        observation.recording_id,
        Asking(colleague.user_id, observation.rubric_version_id),
        actor=cast.observer,
    )
    with pytest.raises(ConflictError, match="blind"):
        correcting.ask(session, observation.id, "x", actor=cast.utp_head)


def test_an_answer_stays_as_it_is(database: Database, cast: Cast) -> None:
    with database.write() as session:
        observation_id = submitted(session, cast, recording(session, cast)).id
        correcting.ask(session, observation_id, "x", actor=cast.utp_head)
        correction_id: UUID = correcting.keep(
            session, observation_id, "Así queda.", actor=cast.observer
        ).id
    with pytest.raises(sa.exc.DBAPIError, match="stays as it is"), database.write() as session:
        session.get_one(Correction, correction_id).answer = "otra"
