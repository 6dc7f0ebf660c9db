"""By which names a sheet may call the rows of a rubric."""

from __future__ import annotations

import pytest

from observe.coding.sheet_cells import RowNames, answer_in
from observe.errors import BadInputError
from observe.rubric.loader import read_rubric
from observe.rubric.schema import Answer, Question, Text
from tests.unit.test_rubric_loader import GOOD


def names(*changes: tuple[str, str]) -> RowNames:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return RowNames(read_rubric(text, "p.yaml"))


def test_ids_codes_and_titles_name_a_row_whatever_their_capitals() -> None:
    found = names()
    for name in ("preguntas", "PREGUNTAS", "p1", "P1", "Questions"):
        assert found.find(name) == "preguntas", name
    assert found.find("nada") is None


def test_the_title_of_one_row_is_not_taken_for_the_old_id_of_another() -> None:
    found = names(
        ("title: {es: Preguntas, en: Questions}", "title: {es: Diálogo, en: Dialogue}"),
        ("title: {es: Razones, en: Reasons}", "title: {es: Preguntas, en: Questions}"),
    )
    assert found.find("Preguntas") is None, "either of two: it is refused"
    assert found.find("preguntas") == "preguntas", "as printed sheets write it"
    assert found.find("Diálogo") == "preguntas"
    assert found.find("Questions") == "razones"


@pytest.mark.parametrize(("text", "answer"), [("uno", "uno"), ("Lunes", "dos")])
def test_an_answer_is_found_by_id_or_title(text: str, answer: str) -> None:
    assert answer_in(text, _question("Martes", "Lunes")) == answer


def test_titles_that_are_numbers_are_no_places() -> None:
    with pytest.raises(BadInputError, match="is no answer"):
        answer_in("1", _question("2", "1"))


def _question(first: str, second: str) -> Question:
    answers = tuple(
        Answer(id=name, title=Text(es=title, en=title))
        for name, title in (("uno", first), ("dos", second))
    )
    return Question(id="dia", title=Text(es="¿Qué?", en="What?"), answers=answers)
