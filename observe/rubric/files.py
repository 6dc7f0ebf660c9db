"""A file in which somebody gives a rubric: text, as `docs/rubrics.md` tells, or a workbook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from observe.errors import BadInputError, InvalidError
from observe.rubric import content as contents
from observe.rubric import loader
from observe.rubric.checks import Finding
from observe.rubric.schema import Rubric
from observe.rubric.spreadsheet.unpacking import read_workbook
from observe.rubric.yamltext import Content
from observe.text import message
from observe.xlsx import is_workbook


@dataclass(frozen=True)
class Given:
    """What a file says; `refusal` tells what is wrong in it, together with what is found here."""

    content: Content
    has_problems: bool
    refusal: Callable[[list[Finding]], InvalidError]


def opened(file: bytes, filename: str) -> Given:
    """Return what a file says, whether it is a rubric or not yet; its bytes tell of which kind.

    Raises:
        BadInputError: it is neither text nor a workbook that can be read.
        InvalidError: it has no readable structure.
    """
    if is_workbook(file):
        sheets = read_workbook(file)
        return Given(sheets.content, bool(sheets.problems), partial(sheets.refusal, filename))
    try:
        text = file.decode()
    except UnicodeDecodeError as error:
        raise BadInputError(
            message("This is no file of a rubric: it must be a workbook (.xlsx) or text in UTF-8."),
            field="file",
        ) from error
    reading = loader.read_content(text, filename)
    return Given(
        reading.content, bool(reading.problems), partial(loader.refusal, filename, reading)
    )


def rubric_of_workbook(file: bytes, filename: str) -> Rubric:
    """Return the rubric in a workbook.

    Raises:
        BadInputError: it cannot be read.
        InvalidError: with every problem: sheet, row, column and the way out.
    """
    sheets = read_workbook(file)
    rubric, found = loader.checked(contents.finished(contents.adopted(sheets.content)))
    if rubric is None or found or sheets.problems:
        raise sheets.refusal(filename, found)
    return rubric
