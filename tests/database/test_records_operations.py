"""Shared records: who sees which, comments, and the table whose numbers are those of the page."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from uuid import UUID

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Observation
from observe.coding.operations import latest_document, start
from observe.csv_files import harmless
from observe.errors import BadInputError, NotFoundError
from observe.feedback.models import Feedback, FeedbackState
from observe.people.models import AuditEntry, Role, User
from observe.profile import profile_of
from observe.records import operations as records
from observe.records.operations import RecordFilter
from observe.rubric.operations import rubric_of
from tests.factories import TODAY, Cast, person, recording
from tests.feedback_cases import drafted, submitted


@pytest.fixture
def observation(session: Session, cast: Cast) -> Observation:
    """A submitted observation of the school."""
    return submitted(session, cast, recording(session, cast))


def test_the_school_sees_its_records_and_no_draft(
    session: Session, cast: Cast, observation: Observation
) -> None:
    lesson = recording(session, cast)
    start(session, lesson.id, observation.rubric_version_id, actor=cast.observer)
    for actor in (cast.utp_head, cast.observer):
        (row,) = records.records_of(session, actor=actor)
        assert (row.observation.id, row.feedback) == (observation.id, None)
        assert row.rubric_name == "aprendizaje-profundo@1.0"


def test_nobody_else_sees_them(session: Session, cast: Cast, observation: Observation) -> None:
    others = [*cast.outsiders, cast.educator, cast.second_educator]
    others += [cast.network_lead, cast.administrator]
    for actor in others:
        assert records.records_of(session, actor=actor) == []
        with pytest.raises(NotFoundError):
            records.record_for(session, observation.id, actor=actor)
        with pytest.raises(NotFoundError):
            records.comment(session, observation.id, "x", actor=actor)
        assert observation.id not in records.export_of(session, actor=actor).observation_ids


def test_a_colleague_of_the_school_is_not_its_observer(
    session: Session, cast: Cast, observation: Observation
) -> None:
    colleague = person(session, "Julia Paz", Role.OBSERVER, cast.school)
    assert records.records_of(session, actor=colleague) == []


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (RecordFilter(text="o'brien"), 1),
        (RecordFilter(text="1° b"), 1),
        (RecordFilter(text="peñailillo"), 1),
        (RecordFilter(text="nadie"), 0),
        (RecordFilter(rubric="aprendizaje-profundo@1.0"), 1),
        (RecordFilter(rubric="aprendizaje-profundo@2.0"), 0),
        (RecordFilter(feedback="none"), 0),
        (RecordFilter(feedback="draft"), 1),
        (RecordFilter(since=TODAY, until=TODAY), 1),
        (RecordFilter(since=TODAY + timedelta(days=1)), 0),
        (RecordFilter(until=TODAY - timedelta(days=1)), 0),
        (RecordFilter(school_id=UUID(int=0)), 0),
    ],
)
def test_the_list_can_be_narrowed(
    session: Session, cast: Cast, observation: Observation, where: RecordFilter, found: int
) -> None:
    drafted(session, cast, observation)
    session.flush()
    assert len(records.records_of(session, actor=cast.utp_head, where=where)) == found


def test_opening_a_record_is_on_file(
    session: Session, cast: Cast, observation: Observation
) -> None:
    record = records.record_for(session, observation.id, actor=cast.utp_head)
    assert record.profile == profile_of(record.document, record.rubric)
    (entry,) = session.scalars(sa.select(AuditEntry).filter_by(action="record.opened"))
    assert (entry.actor_id, entry.thing_id) == (cast.utp_head.user_id, observation.id)


def test_comments_are_kept_in_order(session: Session, cast: Cast, observation: Observation) -> None:
    for actor, text in ((cast.utp_head, " ¿Y el grupo de atrás? "), (cast.observer, "Lo veo.")):
        records.comment(session, observation.id, text, actor=actor)
    record = records.record_for(session, observation.id, actor=cast.observer)
    assert [each.text for each in record.comments] == ["¿Y el grupo de atrás?", "Lo veo."]
    for text in (" ", "x" * (records.COMMENT_MAX + 1)):
        with pytest.raises(BadInputError):
            records.comment(session, observation.id, text, actor=cast.utp_head)
    details = session.scalars(sa.select(AuditEntry.details)).all()
    assert not any("grupo" in each for each in details)


def test_the_table_has_the_numbers_of_the_page(
    session: Session, cast: Cast, observation: Observation
) -> None:
    found = records.export_of(session, actor=cast.utp_head).scores
    as_text = {"rubric_version": str}
    table = pd.read_csv(io.BytesIO(found.for_programs()), dtype=as_text)
    same = pd.read_csv(io.BytesIO(found.for_people()), sep=";", decimal=",", dtype=as_text)
    pd.testing.assert_frame_equal(same, table)
    document, rubric = latest_document(session, observation), rubric_of(observation.rubric_version)
    assert len(table) == len(document.cycles) * len(rubric.dimensions)
    assert set(table["rubric_version"]) == {"1.0"}
    assert table["score"].dtype.kind in "if"
    profile = profile_of(document, rubric)
    for result in profile.dimensions:
        rows = table[table["dimension"] == result.dimension]
        assert tuple(rows["score"]) == result.values
        assert rows["score"].mean() == pytest.approx(result.mean)
        assert set(rows["dimension_mean"]) == {result.mean}
        assert set(rows["dimension_se"]) == {result.se}
    for whole in profile.domains:
        assert set(table[table["domain"] == whole.domain]["domain_mean"]) == {whole.mean}


def test_names_are_shown_and_never_run(
    session: Session, cast: Cast, observation: Observation
) -> None:
    educator = session.get_one(User, cast.educator.user_id)
    educator.name = '=HYPERLINK("http://x","Berta, O\'Brien")'
    observation.recording.subject = "@SUM(1)"
    observation.recording.class_group.name = "-1° B"
    session.flush()
    found = records.export_of(session, actor=cast.utp_head).scores
    table = pd.read_csv(io.BytesIO(found.for_people()), sep=";", decimal=",")
    assert set(table["educator_name"]) == {"'" + educator.name}
    assert set(table["subject"]) == {"'@SUM(1)"}
    assert set(table["class_group"]) == {"'-1° B"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "  ="])
def test_whatever_a_spreadsheet_would_run_is_text(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("cell", ["Berta", "O'Brien", "1° B", "", 4, -2, 3.5, None])
def test_all_else_stays_as_it_is(cell: str | float | None) -> None:
    assert harmless(cell) == cell


def test_the_school_reads_no_feedback_before_it_is_published(
    session: Session, cast: Cast, observation: Observation
) -> None:
    feedback = session.get_one(Feedback, drafted(session, cast, observation))
    with session.no_autoflush:  # as if its clips were cut
        for state in FeedbackState:
            feedback.state = state
            head = records.read(session, observation.id, actor=cast.utp_head)
            assert (head.feedback is not None) is (state is FeedbackState.PUBLISHED)
            assert head.feedback_state is state
            assert records.read(session, observation.id, actor=cast.observer).feedback is feedback
        session.expire(feedback)


def test_the_trail_says_which_records_were_taken_away(
    session: Session, cast: Cast, observation: Observation
) -> None:
    found = records.export_of(session, actor=cast.utp_head)
    records.exported(session, found, actor=cast.utp_head)
    (entry,) = session.scalars(sa.select(AuditEntry).filter_by(action="record.export"))
    assert json.loads(entry.details) == {"observations": [str(observation.id)], "records": 1}
