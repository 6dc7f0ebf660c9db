"""The printed pauta as a table: filled in by hand it becomes the observation that it says."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from sqlalchemy.orm import Session

from observe.coding.blank_sheet import COLUMNS, sheet_csv
from observe.coding.models import Observation
from observe.coding.operations import document_of, submit
from observe.coding.rules import Document
from observe.coding.sheet import Imported, import_sheet, read_sheet
from observe.errors import InvalidError
from observe.rubric.loader import read_rubric
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load, rubric_of, version_for
from observe.rubric.printing import rows_on_paper
from observe.rubric.schema import Language, Rubric
from observe.video.models import Recording
from tests import factories
from tests.rubrics import timed
from tests.unit.test_rubric_shipped import NAMES

Line = dict[str, str]
LANGUAGES = get_args(Language)


def lines_of(content: bytes) -> list[Line]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def typed(lines: list[Line], delimiter: str = ";") -> str:
    """Return the table as a spreadsheet saves it."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


@pytest.fixture
def recording(session: Session, cast: factories.Cast) -> Recording:
    return factories.recording(session, cast)


Import = Callable[[str, RubricVersion], Imported]


@pytest.fixture
def bring(session: Session, cast: factories.Cast, recording: Recording) -> Import:
    def bring(text: str, version: RubricVersion) -> Imported:
        return import_sheet(session, text, recording.id, version.id, actor=cast.observer)

    return bring


def document(session: Session, done: Imported) -> Document:
    return document_of(session, session.get_one(Observation, done.observation_id))


def with_times(lines: list[Line], minutes: int = 15) -> None:
    """Write each cycle's times into its first row, as the guide says."""
    for number in dict.fromkeys(line["cycle"] for line in lines):
        first = next(line for line in lines if line["cycle"] == number)
        first["start"] = f"{(int(number) - 1) * minutes}:00"
        first["end"] = f"{int(number) * minutes}:00"


def filled(rubric: Rubric, lines: list[Line]) -> Iterator[tuple[int, str, int]]:
    """Type a score into every row, N/O nowhere; yield cycle, row and the number it stands for."""
    with_times(lines)
    for place, line in enumerate(line for line in lines if "@" not in line["dimension"]):
        row = rubric.row(line["dimension"])
        assert row is not None
        scale = rubric.scale_of(row.of)
        value = scale.min + place % len(scale.values())
        letter = scale.letters.get(value)
        line["score"] = letter.es if letter else str(value)
        yield int(line["cycle"]), row.id, value


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_what_was_typed_is_what_the_observation_says(
    session: Session, cast: factories.Cast, bring: Import, name: str, language: str
) -> None:
    version = version_for(session, name)
    rubric = rubric_of(version)
    lines = lines_of(sheet_csv(rubric, language, cycles=2))
    expected = set(filled(rubric, lines))
    for line in lines:
        if line["dimension"].startswith("actividad@"):
            line["score"] = "2"  # No, and so the other question is not asked
    done = bring(typed(lines, {"es": ";", "en": ","}[language]), version)
    said = document(session, done)
    scores = {
        (cycle.number, score.dimension, score.value)
        for cycle in said.cycles
        for score in cycle.scores
    }
    assert scores == expected
    assert len(expected) == 2 * len(rubric.rows())
    assert submit(session, done.observation_id, actor=cast.observer).number == 1


@pytest.mark.parametrize("name", NAMES)
def test_its_rows_stand_as_on_the_paper(session: Session, name: str) -> None:
    rubric = rubric_of(version_for(session, name))
    lines = lines_of(sheet_csv(rubric))
    assert len({line["cycle"] for line in lines}) == rubric.protocol.cycles
    first = [line for line in lines if line["cycle"] == "1" and "@" not in line["dimension"]]
    assert [line["dimension"] for line in first] == [row.id for row in rows_on_paper(rubric)]
    for line, row in zip(first, rows_on_paper(rubric), strict=True):
        assert line["title"].endswith(row.of.title.es)
        assert not any(line[column] for column in ("start", "end", "score", "note_at", "note"))


def test_rows_and_cycles_left_empty_say_nothing(
    session: Session, bring: Import, rubric_version: RubricVersion
) -> None:
    lines = lines_of(sheet_csv(rubric_of(rubric_version)))
    lines[0] |= {"start": "0:00", "end": "15:00"}
    lines[1] |= {"score": "n/o", "note_at": "3:20", "note": "No se oye"}
    said = document(session, bring(typed(lines), rubric_version))
    assert [(cycle.start_ms, cycle.end_ms) for cycle in said.cycles] == [(0, 900_000)]
    (score,) = said.cycles[0].scores
    assert (score.dimension, score.mark) == (lines[1]["dimension"], "not_observed")
    assert [(note.at_ms, note.dimension) for note in said.notes] == [(200_000, score.dimension)]


def test_a_table_with_nothing_in_it_is_refused(
    bring: Import, rubric_version: RubricVersion
) -> None:
    with pytest.raises(InvalidError) as refusal:
        bring(sheet_csv(rubric_of(rubric_version)).decode("utf-8-sig"), rubric_version)
    assert [str(problem) for problem in refusal.value.problems] == [
        "Nothing is filled in under the names of the columns."
    ]


# --- snapshots ------------------------------------------------------------------------------------


@pytest.fixture
def asking(session: Session, cast: factories.Cast) -> RubricVersion:
    """A rubric with two snapshots of two questions, the second only after one answer."""
    return load(session, timed(), "prueba.yaml", actor=None)


def snapshot_lines(asking: RubricVersion) -> list[Line]:
    lines = lines_of(sheet_csv(rubric_of(asking), cycles=1))
    lines[0] |= {"start": "0:00", "end": "0:20"}
    return lines


def test_answers_are_given_by_number_title_or_id(
    session: Session, bring: Import, asking: RubricVersion
) -> None:
    lines = snapshot_lines(asking)
    assert [line["dimension"] for line in lines[:4]] == [
        "trabajo@1", "entre@1", "trabajo@2", "entre@2",
    ]  # fmt: skip
    assert lines[0]["title"] == "0:03 · ¿Qué hace la mayoría? (1 Escuchan, 2 Conversan)"
    for line, answer in zip(lines, ("2", "EN PAREJAS", "escuchan"), strict=False):
        line["score"] = answer
    (cycle,) = document(session, bring(typed(lines), asking)).cycles
    assert [(each.number, each.answers) for each in cycle.snapshots] == [
        (1, {"trabajo": "conversan", "entre": "parejas"}),
        (2, {"trabajo": "escuchan"}),
    ]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("3",), "Line 2: “3” is no answer to “¿Qué hace la mayoría?”: write its number, 1 to 2."),
        (("2",), "Line 2: “Between whom?” has no answer."),
        (("1", "1"), "Line 2: An answer belongs to no question here."),
    ],
)
def test_answers_that_do_not_fit_are_told_with_their_line(
    bring: Import, asking: RubricVersion, answers: tuple[str, ...], said: str
) -> None:
    lines = snapshot_lines(asking)
    for line, answer in zip(lines, answers, strict=False):
        line["score"] = answer
    with pytest.raises(InvalidError) as refusal:
        bring(typed(lines), asking)
    assert [str(problem) for problem in refusal.value.problems] == [
        said.replace("¿Qué hace la mayoría?", "What do most do?")
    ]


def test_an_answer_given_twice_is_refused(bring: Import, asking: RubricVersion) -> None:
    lines = snapshot_lines(asking)
    lines[0]["score"] = "1"
    again = {**lines[0], "start": "", "end": ""}
    with pytest.raises(InvalidError) as refusal:
        bring(typed([lines[0], again]), asking)
    assert [str(problem) for problem in refusal.value.problems] == [
        "Line 3: This cell already has a score on an earlier line."
    ]


# --- names ----------------------------------------------------------------------------------------


def lettered(**changed: Any) -> Rubric:
    """A rubric of two rows whose scale has letters, and whose titles are told."""
    plain = read_rubric(timed(snapshots=None), "prueba.yaml").model_dump(exclude_unset=True)
    letters = {1: {"es": "No", "en": "No"}, 2: {"es": "A", "en": "M"}, 3: {"es": "M", "en": "H"}}
    plain["scales"]["main"]["letters"] = letters
    for row in plain["dimensions"]:
        row |= changed
    return Rubric.model_validate(plain)


def problems_of(rubric: Rubric, *lines: str) -> list[str]:
    text = "\n".join(("cycle,start,end,dimension,score", *lines))
    try:
        read_sheet(text, rubric, 1_800_000)
    except InvalidError as refusal:
        return [str(problem) for problem in refusal.problems]
    return []


@pytest.mark.parametrize(
    ("typed_in", "value"), [("A", 2), ("h", 3), ("No", 1), ("n/o", None), ("4", 4)]
)
def test_a_letter_stands_for_its_number(typed_in: str, value: int | None) -> None:
    text = f"cycle,start,end,dimension,score\n1,0:00,15:00,P1,{typed_in}"
    (score,) = read_sheet(text, lettered(), 1_800_000).plan.cycles[0].scores
    assert score.value == value


def test_what_has_two_meanings_is_not_guessed() -> None:
    (two_numbers,) = problems_of(lettered(), "1,0:00,15:00,P1,M")
    assert "“M” is no score" in two_numbers
    same = lettered(title={"es": "Igual", "en": "Same"})
    (two_rows,) = problems_of(same, "1,0:00,15:00,igual,3")
    assert "no dimension “igual”" in two_rows
    assert problems_of(same, "1,0:00,15:00,preguntas,3") == []


def test_no_title_is_a_formula_and_a_name_keeps_its_apostrophe() -> None:
    rubric = lettered(title={"es": 'Escuela O\'Higgins; «así», "sí"'}, code="=1+1")
    assert [line["title"] for line in lines_of(sheet_csv(rubric, cycles=1))] == [
        "'=1+1 · Escuela O'Higgins; «así», \"sí\""
    ] * 2
