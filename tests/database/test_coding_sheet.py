"""A sheet coded elsewhere: taken whole, or refused with every problem and its line."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.changes import Change
from observe.coding.models import Observation, Operation
from observe.coding.operations import apply, document_of, log_of, start, submit
from observe.coding.rules import Document
from observe.coding.sheet import Imported, import_sheet
from observe.db import Database
from observe.errors import ConflictError, InvalidError, NotFoundError
from observe.ids import new_id
from observe.people.models import AuditEntry, Role
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of, version_for
from observe.video.models import Recording
from tests import factories

HEADER = "cycle,start,end,dimension,score,note_at,note"


@pytest.fixture
def recording(session: Session, cast: factories.Cast) -> Recording:
    return factories.recording(session, cast)


@pytest.fixture
def rows(rubric_version: RubricVersion) -> list[str]:
    return [dimension.id for dimension in rubric_of(rubric_version).dimensions]


class Desk:
    """One recording and rubric, on which sheets are tried."""

    def __init__(
        self, session: Session, cast: factories.Cast, recording: Recording, rubric: RubricVersion
    ) -> None:
        self.session, self.cast, self.recording, self.rubric = session, cast, recording, rubric

    def take(self, *lines: str, header: str = HEADER) -> Imported:
        return import_sheet(
            self.session,
            "\n".join((header, *lines)),
            self.recording.id,
            self.rubric.id,
            actor=self.cast.observer,
        )

    def document(self, imported: Imported) -> Document:
        observation = self.session.get_one(Observation, imported.observation_id)
        return document_of(self.session, observation)

    def problems(self, *lines: str, header: str = HEADER) -> list[str]:
        with pytest.raises(InvalidError) as refusal:
            self.take(*lines, header=header)
        observations = sa.select(sa.func.count()).select_from(Observation)
        assert self.session.scalar(observations) == 0
        assert self.session.scalar(sa.select(sa.func.count()).select_from(Operation)) == 0
        return [str(problem) for problem in refusal.value.problems]


@pytest.fixture
def desk(
    session: Session, cast: factories.Cast, recording: Recording, rubric_version: RubricVersion
) -> Desk:
    return Desk(session, cast, recording, rubric_version)


def test_a_sheet_becomes_a_draft(desk: Desk, rows: list[str]) -> None:
    done = desk.take(
        f"1,00:00:00,00:15:00,{rows[0]},3,00:01:02.5,Explican cómo lo saben",
        f"1,,,{rows[1]},N/O,,",
        f"2,15:00,30:00,{rows[0]},2,,",
        f"2,15:00,30:00,{rows[0]},,16:00,Otra nota",
        ",,,,,29:00,Sin ciclo ni dimensión",
    )
    assert (done.cycles, done.scores, done.notes, done.warnings) == (2, 3, 3, ())
    said = desk.document(done)
    assert [(cycle.start_ms, cycle.end_ms) for cycle in said.cycles] == [
        (0, 900_000),
        (900_000, 1_800_000),
    ]
    marks = {score.dimension: (score.value, score.mark) for score in said.cycles[0].scores}
    assert marks == {rows[0]: (3, None), rows[1]: (None, "not_observed")}
    assert [(note.at_ms, note.dimension) for note in said.notes] == [
        (62_500, rows[0]),
        (960_000, rows[0]),
        (1_740_000, None),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_separators_marks_and_names_as_spreadsheets_write_them(
    desk: Desk, delimiter: str, newline: str
) -> None:
    row = rubric_of(desk.rubric).dimensions[0]
    cells = ["1", '"00:00:00,0"', '"15:00,5"', row.title.es.upper(), '"2,0"', "", '"Dice ""sí"""']
    header = HEADER.title().replace(",", delimiter)
    text = "\ufeff" + newline.join((header, delimiter.join(cells), delimiter * 6, ""))
    done = import_sheet(
        desk.session, text, desk.recording.id, desk.rubric.id, actor=desk.cast.observer
    )
    said = desk.document(done)
    assert said.cycles[0].end_ms == 900_500
    assert said.cycles[0].scores[0].value == 2
    assert said.notes[0].text == 'Dice "sí"'
    assert len(done.warnings) == 1  # the note names no moment


def test_all_problems_are_told_with_their_lines_and_nothing_is_kept(
    desk: Desk, rows: list[str]
) -> None:
    problems = desk.problems(
        f"1,00:00,15:00,{rows[0]},9,,",
        f"1,00:00,15:00,{rows[1]},x,,",
        "1,00:00,15:00,unknown,3,,",
        f"1,00:00,16:00,{rows[2]},3,,",
        f"2,14:00,20:00,{rows[0]},3,,",
        f"3,soon,later,{rows[0]},3,,",
        f"3,,,{rows[1]},3,,",
        f"4,25:00,45:00,{rows[0]},3,,",
        f"1,,,{rows[4]},3,40:00,tarde",
        f"1,,,{rows[4]},3,,",
        f",,,{rows[0]},3,,",
        "1,,,,3,,",
        f"1,,,{rows[5]},,10:00,",
        f"1,,,{rows[5]},3,10:00,una nota, con coma",
        ",,,,,,Una nota de ninguna parte",
    )
    lines = [problem.split(":")[0] for problem in problems]
    assert sorted(set(lines), key=lambda line: int(line.split()[1])) == [
        f"Line {number}" for number in (2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16)
    ]


@pytest.mark.parametrize("header", ["", "cycle;start", "a,b,c", "cycle,start,end,dimension", '"'])
def test_a_sheet_without_its_columns_or_rows_is_refused(desk: Desk, header: str) -> None:
    assert desk.problems(header=header)
    assert desk.problems()


def test_a_note_of_several_lines_keeps_the_count_of_lines(desk: Desk, rows: list[str]) -> None:
    problems = desk.problems(
        f'1,0:00,15:00,{rows[0]},3,1:00,"uno', 'dos"', f"1,0:00,15:00,{rows[1]},99,,"
    )
    assert problems[0].startswith("Line 4:")


def test_a_short_cycle_and_a_rounded_end_are_taken_with_a_warning(
    desk: Desk, rows: list[str]
) -> None:
    desk.recording.duration_ms = 1_799_960
    done = desk.take(f"1,0:00,1:00,{rows[0]},3,,", f"2,15:00,30:00,{rows[0]},3,,")
    assert desk.document(done).cycles[1].end_ms == 1_799_960
    assert len(done.warnings) == 2
    assert any("1:00" in str(warning) for warning in done.warnings)


def test_a_draft_with_work_in_it_is_not_touched(desk: Desk, rows: list[str]) -> None:
    first = desk.take(f"1,0:00,15:00,{rows[0]},3,,")
    cycle = desk.document(first).cycles[0].id
    touched = Change(new_id(), "score.put", {"cycle": str(cycle), "dimension": rows[1], "value": 2})
    apply(
        desk.session,
        first.observation_id,
        [touched],
        window="a-window",
        base_version=99,
        actor=desk.cast.observer,
    )
    with pytest.raises(ConflictError):
        desk.take(f"1,0:00,15:00,{rows[0]},1,,")
    scores = desk.document(first).cycles[0].scores
    assert {score.dimension: score.value for score in scores} == {rows[0]: 3, rows[1]: 2}


def test_a_corrected_sheet_replaces_the_first(desk: Desk, rows: list[str]) -> None:
    first = desk.take(f"1,0:00,15:00,{rows[0]},3,,una nota", f"2,15:00,29:00,{rows[0]},3,,")
    again = desk.take(f"1,0:00,15:00,{rows[0]},1,,otra nota")
    assert again.observation_id == first.observation_id
    document = desk.document(again)
    assert [cycle.scores[0].value for cycle in document.cycles] == [1]
    assert [note.text for note in document.notes] == ["otra nota"]


def test_a_whole_sheet_can_be_submitted(desk: Desk, rows: list[str]) -> None:
    done = desk.take(*(f"1,0:00,15:00,{row},3,,nota" for row in rows))
    assert submit(desk.session, done.observation_id, actor=desk.cast.observer).number == 1


def test_reverse_rows_and_codes_of_the_other_pauta_are_understood(
    session: Session, cast: factories.Cast, recording: Recording
) -> None:
    version = version_for(session, "interacciones-aula-basica")
    dimensions = rubric_of(version).dimensions
    lines = [f"1,0:00,20:00,{row.code},4,," for row in dimensions]
    done = import_sheet(
        session, "\n".join((HEADER, *lines)), recording.id, version.id, actor=cast.observer
    )
    assert done.scores == len(dimensions)


def test_others_cannot_import_and_learn_nothing(
    database: Database, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    with database.write() as session:
        recording = factories.recording(session, cast)
    for actor in (cast.educator, cast.utp_head, *cast.outsiders):
        with database.write() as session, pytest.raises(NotFoundError):
            import_sheet(session, "", recording.id, rubric_version.id, actor=actor)


def test_who_recorded_submits_a_colleagues_sheet_but_not_her_work(
    session: Session, cast: factories.Cast, recording: Recording, rubric_version: RubricVersion
) -> None:
    colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    dimensions = rubric_of(rubric_version).dimensions
    lines = "\n".join((HEADER, *(f"1,0:00,20:00,{row.id},3,,nota" for row in dimensions)))
    done = import_sheet(
        session, lines, recording.id, rubric_version.id, actor=cast.observer, observer=colleague
    )
    note = {"note": str(new_id()), "at_ms": 5, "text": "mía"}
    with session.begin_nested() as tried:
        change = Change(new_id(), "note.put", note)
        apply(session, done.observation_id, [change], window="w", base_version=99, actor=colleague)
        with pytest.raises(NotFoundError):
            submit(session, done.observation_id, actor=cast.observer)
        tried.rollback()
    assert submit(session, done.observation_id, actor=cast.observer).number == 1


def test_who_imported_a_colleagues_sheet_is_on_file(
    session: Session, cast: factories.Cast, recording: Recording, rubric_version: RubricVersion
) -> None:
    colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    row = rubric_of(rubric_version).dimensions[0].id
    draft = start(session, recording.id, rubric_version.id, actor=cast.observer, observer=colleague)
    for score in (2, 3):
        import_sheet(
            session,
            f"{HEADER}\n1,0:00,20:00,{row},{score},1:00,nota",
            recording.id,
            rubric_version.id,
            actor=cast.observer,
            observer=colleague,
        )
    operations = session.scalars(sa.select(Operation).where(Operation.observation_id == draft.id))
    assert {each.actor_id for each in operations} == {cast.observer.user_id}
    assert {each.who for each in log_of(session, draft)} == {cast.observer.name}
    imports = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "observation.import")
    )
    facts = {"cycles": 1, "notes": 1, "observer": str(colleague.user_id)}
    assert [(each.actor_id, each.thing_id, json.loads(each.details)) for each in imports] == [
        (cast.observer.user_id, draft.id, facts)
    ] * 2


def test_a_cycle_ends_before_its_end(desk: Desk, rows: list[str]) -> None:
    done = desk.take(
        f"1,0:00,15:00,{rows[0]},3,15:00,Ya en el siguiente",
        f"2,15:00,30:00,{rows[0]},3,30:00,Al final de todo",
    )
    assert len(done.warnings) == 1
    assert "outside its cycle" in str(done.warnings[0])
    assert [note.at_ms for note in desk.document(done).notes] == [900_000, 1_799_999]
