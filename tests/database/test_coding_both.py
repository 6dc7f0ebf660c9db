"""Coding from the first change to the revision, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

from observe.coding.assigning import Asking, asked_for, assign, hidden_from
from observe.coding.history import entries
from observe.coding.models import Observation
from observe.coding.operations import latest_document, log_of, start, submit
from observe.db import Database
from observe.ids import new_id
from observe.people.models import Role, School
from observe.rubric.operations import rubric_of, version_for
from tests import factories
from tests.database.coding import change, cycle, observation, send

MINUTE = 60_000


def test_a_lesson_is_coded_changed_back_and_submitted(both: Database) -> None:
    one = new_id()
    with both.write() as session:
        cast = factories.cast(session)
        rubric = version_for(session, "aprendizaje-profundo")
        draft_id = observation(session, cast, rubric).id
    rows = [row.id for row in rubric_of(rubric).dimensions]
    scores = [{"dimension": row, "value": 2, "mark": None} for row in rows]
    for made in (
        cycle(0, 15 * MINUTE, one, scores=scores),
        change("score.put", cycle=one, dimension=rows[0], value=99),
        change("score.put", cycle=one, dimension=rows[0], value=4),
        change("score.clear", cycle=one, dimension=rows[1]),
        change("score.put", cycle=one, dimension=rows[1], value=1),
        change("plan", cycles=[{"cycle": str(one), "start_ms": 5, "end_ms": 9, "scores": scores}]),
        change("note.put", note=new_id(), at_ms=7, text="Se escuchan", dimension=rows[0]),
    ):
        with both.write() as session:
            send(session, cast, session.get_one(Observation, draft_id), made)
    with both.write() as session:
        submit(session, draft_id, actor=cast.observer)
    with both.read() as session:
        said = latest_document(session, session.get_one(Observation, draft_id))
    assert [(each.start_ms, len(each.scores)) for each in said.cycles] == [(5, len(rows))]
    assert said.notes[0].text == "Se escuchan"


def test_a_reading_session_sees_one_state(both: Database) -> None:
    with both.write() as session:
        school = factories.cast(session).school
    name = sa.select(School.name).where(School.id == school.id)
    with both.read() as session:
        assert session.scalar(name) == "Escuela Los Aromos"
        with both.write() as other:
            other.get_one(School, school.id).name = "Escuela Los Maitenes"
        assert session.scalar(name) == "Escuela Los Aromos"
    with both.read() as session:
        assert session.scalar(name) == "Escuela Los Maitenes"


def test_a_colleague_codes_blind_and_the_log_tells_it(both: Database) -> None:
    with both.write() as session:
        cast = factories.cast(session)
        rubric = version_for(session, "aprendizaje-profundo")
        colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
        lesson = factories.recording(session, cast)
        assign(
            session,
            lesson.id,
            Asking(colleague.user_id, rubric.id, random_order=True, due_on=factories.TODAY),
            actor=cast.observer,
        )
        draft = start(session, lesson.id, rubric.id, actor=colleague)
        assert hidden_from(session, colleague).educator_ids == {cast.educator.user_id}
        assert hidden_from(session, cast.observer).hides(draft)
        (asked,) = asked_for(session, lesson, actor=cast.observer)
        assert (asked.observation, asked.visible) == (draft, False)
        (entry,) = entries(log_of(session, draft), rubric_of(rubric))
        assert entry.who == "Julia Paz"
