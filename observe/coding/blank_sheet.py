"""The printed pauta as a table to type into: what `sheet` reads, with nothing filled in. Pure.

Rows stand as on the paper: cycle by cycle the questions of the snapshots, then each dimension with
its behaviours under it. The column `title` is for the person who types; the reader passes it over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from observe.coding.sheet_cells import Asked, questions_asked
from observe.csv_files import for_people
from observe.rubric.printing import language_of, rows_on_paper
from observe.rubric.schema import Language, Rubric
from observe.text import DEFAULT_LOCALE

COLUMNS: Final = ("cycle", "start", "end", "dimension", "title", "score", "note_at", "note")


def sheet_csv(rubric: Rubric, locale: str = DEFAULT_LOCALE, *, cycles: int | None = None) -> bytes:
    """Return an empty sheet for `cycles` cycles, else for as many as the protocol has."""
    cells = list(_cells(rubric, language_of(rubric, locale)))
    return for_people(
        COLUMNS,
        (
            (number, "", "", name, title, "", "", "")
            for number in range(1, (cycles or rubric.protocol.cycles) + 1)
            for name, title in cells
        ),
    )


def _cells(rubric: Rubric, language: Language) -> Iterator[tuple[str, str]]:
    """Yield the name and the title of every cell of one cycle."""
    for asked in questions_asked(rubric.protocol.snapshots):
        yield asked.name, _question(asked, language)
    for row in rows_on_paper(rubric):
        title = row.of.title.in_language(language)
        yield row.id, title if row.behaviour else f"{row.dimension.code} · {title}"


def _question(asked: Asked, language: Language) -> str:
    """Return the question with its moment and the numbers of its answers.

    That is: «4:00 · ¿Qué hace la mayoría? (1 Escuchan, 2 Conversan)».
    """
    answers = ", ".join(
        f"{place} {answer.title.in_language(language)}"
        for place, answer in enumerate(asked.question.answers, 1)
    )
    moment = f"{asked.at_ms // 60_000}:{asked.at_ms // 1000 % 60:02}"
    return f"{moment} · {asked.question.title.in_language(language)} ({answers})"
