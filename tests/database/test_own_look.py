"""How an educator sees her own lesson: before reading or after, and nobody else's to see."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.operations import latest_document
from observe.db import Database
from observe.errors import BadInputError, NotAllowedError, NotFoundError
from observe.feedback import numbers, openings, own_look
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FocusKind, SelfAssessment
from observe.feedback.ranges import ranges_of, words_for
from observe.people.access import ALLOWED, Action, Relation
from observe.people.models import AuditEntry
from observe.profile import profile_of
from observe.records.operations import export_of
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric
from observe.settings import Settings
from observe.video.store import Store
from tests.factories import Cast
from tests.feedback_cases import TODAY, cut_and_open, drafted, published
from tests.rubrics import described


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    return published(database, home, store, cast, small_video)


def rubric_for(session: Session, feedback_id: UUID) -> Rubric:
    return rubric_of(session.get_one(Feedback, feedback_id).observation.rubric_version)


def test_it_is_the_educators_alone(session: Session, cast: Cast, feedback_id: UUID) -> None:
    first = rubric_for(session, feedback_id).dimensions[0].id
    own_look.keep_look(session, feedback_id, {first: 4}, actor=cast.educator)
    assert ALLOWED[Action.FEEDBACK_LOOK] == {Relation.EDUCATOR}
    others = [*cast.outsiders, cast.observer, cast.second_educator, cast.utp_head]
    others += [cast.network_lead, cast.administrator]
    for actor in others:
        with pytest.raises((NotFoundError, NotAllowedError)):
            own_look.look_of(session, feedback_id, actor=actor)
        with pytest.raises((NotFoundError, NotAllowedError)):
            own_look.keep_look(session, feedback_id, {}, actor=actor)
    assert session.scalars(sa.select(SelfAssessment)).one().scores == {first: 4}


def test_what_is_on_file_tells_nothing_of_it(
    session: Session, cast: Cast, feedback_id: UUID
) -> None:
    names = [each.id for each in rubric_for(session, feedback_id).dimensions]
    before = export_of(session, actor=cast.observer)
    for value in (1, 2):
        own_look.keep_look(session, feedback_id, dict.fromkeys(names, value), actor=cast.educator)
    (entry,) = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "feedback.looked"))
    assert json.loads(entry.details) == {}
    assert export_of(session, actor=cast.observer) == before


def test_it_says_whether_she_had_read(session: Session, cast: Cast, feedback_id: UUID) -> None:
    first = rubric_for(session, feedback_id).dimensions[0].id
    look = own_look.keep_look(session, feedback_id, {first: 3}, actor=cast.educator)
    assert look is not None and look.before_reading
    openings.opened(session, session.get_one(Feedback, feedback_id), actor=cast.educator)
    again = own_look.keep_look(session, feedback_id, {first: 4}, actor=cast.educator)
    assert again is not None and again.id == look.id
    assert not again.before_reading, "changed after she read"


def test_nothing_chosen_forgets_it(session: Session, cast: Cast, feedback_id: UUID) -> None:
    first = rubric_for(session, feedback_id).dimensions[0].id
    assert own_look.keep_look(session, feedback_id, {}, actor=cast.educator) is None
    own_look.keep_look(session, feedback_id, {first: 3}, actor=cast.educator)
    assert own_look.keep_look(session, feedback_id, {}, actor=cast.educator) is None
    assert own_look.look_of(session, feedback_id, actor=cast.educator) is None


@pytest.mark.parametrize("wrong", [{"no-existe": 1}, {"": 1}, None])
def test_only_what_the_pauta_has_can_be_chosen(
    session: Session, cast: Cast, feedback_id: UUID, wrong: dict[str, int] | None
) -> None:
    rubric = rubric_for(session, feedback_id)
    first = rubric.dimensions[0]
    scores = wrong or {first.id: rubric.scale_of(first).max + 1}
    with pytest.raises(BadInputError):
        own_look.keep_look(session, feedback_id, scores, actor=cast.educator)


def test_it_stays_with_the_lesson_when_feedback_is_published_again(
    database: Database, home: Settings, cast: Cast, feedback_id: UUID
) -> None:
    with database.write() as session:
        first = rubric_for(session, feedback_id).dimensions[0].id
        own_look.keep_look(session, feedback_id, {first: 4}, actor=cast.educator)
        openings.opened(session, session.get_one(Feedback, feedback_id), actor=cast.educator)
        gone = feedbacks.withdraw(session, feedback_id, "Otra fecha", actor=cast.observer)
        session.flush()
        with pytest.raises(NotFoundError):
            own_look.look_of(session, feedback_id, actor=cast.educator)
        again = drafted(session, cast, gone.observation)
        feedbacks.publish(session, again, actor=cast.observer, today=TODAY)
    cut_and_open(database, home, again)
    with database.write() as session:
        look = own_look.look_of(session, again, actor=cast.educator)
        assert look is not None and look.scores == {first: 4}
        feedback = session.get_one(Feedback, again)
        openings.opened(session, feedback, actor=cast.educator)
        found = openings.openings_of(session, feedback)
        assert [(each.name, each.version) for each in found] == [
            ("Berta O'Brien", 2),
            ("Berta O'Brien", 1),
        ], "which version she saw"
        own_look.keep_look(session, again, {first: 3}, actor=cast.educator)
        assert session.scalars(sa.select(SelfAssessment)).one().scores == {first: 3}


def test_her_words_stand_beside_the_two_focuses(
    session: Session, cast: Cast, feedback_id: UUID
) -> None:
    rubric, feedback = rubric_for(session, feedback_id), session.get_one(Feedback, feedback_id)
    strength = feedback.focus(FocusKind.STRENGTH)
    assert strength is not None and strength.dimension is not None
    look = own_look.keep_look(session, feedback_id, {strength.dimension: 1}, actor=cast.educator)
    low = described(rubric.dimension(strength.dimension)).low.es
    assert own_look.own_words(feedback, look, "es_CL") == {"strength": low}
    assert own_look.own_words(feedback, None, "es_CL") == {}


def test_every_number_has_words_and_a_half_goes_up(session: Session, feedback_id: UUID) -> None:
    rubric = rubric_for(session, feedback_id)
    for dimension in rubric.dimensions:
        scale, told = rubric.scale_of(dimension), ranges_of(rubric, dimension.id, "es_CL")
        assert [value for each in told for value in each.values] == list(scale.values())
        low, mid = scale.bands.low.high, scale.bands.mid.low
        assert words_for(rubric, dimension.id, (low + mid) / 2, "es") == described(dimension).mid.es
        assert words_for(rubric, dimension.id, scale.max, "es") == described(dimension).high.es


def test_her_numbers_are_those_of_her_profile(session: Session, feedback_id: UUID) -> None:
    feedback, rubric = session.get_one(Feedback, feedback_id), rubric_for(session, feedback_id)
    profile = profile_of(latest_document(session, feedback.observation), rubric)
    found = numbers.numbers_of(session, feedback, locale="es_CL")
    assert [each.mean for each in found] == [each.mean for each in profile.dimensions]
    assert [each.dimension for each in found] == [each.title.es for each in rubric.dimensions]
    assert all(each.words for each in found)
