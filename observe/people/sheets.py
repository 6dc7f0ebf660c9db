"""Reading tables that people made elsewhere: any encoding and delimiter that Excel writes."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from observe.csv_files import separator_of, unmarked
from observe.errors import InvalidError
from observe.people import workbooks
from observe.text import Message, message
from observe.xlsx import is_workbook

LONGEST_CELL: Final = 500
_DAY_FORMS: Final = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y")
_DELIMITER_TOLD = re.compile(r"\A\ufeff?sep=.\r?\n", re.IGNORECASE)  # a first line for Excel
_BLANKS = re.compile(r"\s+")


class _Lines(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True)
class Row:
    """One row: its line in the file (the header is line 1) and its cells by column name."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """A table: its column names and its rows; empty lines are left out."""

    columns: frozenset[str]
    rows: tuple[Row, ...]


def read_sheet(content: bytes | str) -> Sheet:
    """Return the table in `content`, cells cleaned of blanks and unprintable letters.

    Raises:
        InvalidError: there is no table, or rows do not fit its header; every problem is listed.
    """
    if isinstance(content, bytes) and is_workbook(content):
        return _sheet(enumerate(workbooks.rows_of(content), start=1))
    text = content if isinstance(content, str) else decode(content)
    text = _DELIMITER_TOLD.sub("", text)
    names = next((line for line in text.splitlines() if line.strip()), "")
    if not names:
        raise InvalidError(message("The file is empty. Its first line must name the columns."), [])
    delimiter = separator_of(names)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return _sheet((reader.line_num, cells) for cells in _told(reader))


def _told(reader: _Lines) -> Iterator[list[str]]:
    """Yield what `reader` reads; what it cannot read is told with its line."""
    try:
        yield from reader
    except csv.Error as error:
        problem = message(
            "Line %(line)s: a quotation mark is out of place, or a cell is too long.",
            line=reader.line_num,
        )
        raise refused([problem]) from error


def _sheet(lines: Iterable[tuple[int, list[str]]]) -> Sheet:
    """Return the lines as a table: the first that says something names the columns."""
    told = ((line, cells) for line, cells in lines if any(cell.strip() for cell in cells))
    _line, names = next(told, (1, []))
    header = [clean(name).lstrip("\ufeff").casefold() for name in names]
    while header and not header[-1]:
        header.pop()
    rows: list[Row] = []
    problems: list[Message] = []
    for number, (line, cells) in enumerate(told):
        if number == workbooks.MOST_ROWS:
            raise InvalidError(message("This table is far too long for a list."), [])
        _take(line, header, cells, rows, problems)
    if problems:
        raise refused(problems)
    return Sheet(frozenset(header), tuple(rows))


def _take(
    line: int, header: list[str], cells: list[str], rows: list[Row], problems: list[Message]
) -> None:
    while len(cells) > len(header) and not cells[-1].strip():
        cells = cells[:-1]  # spreadsheets write the empty columns of a wider sheet
    if len(cells) != len(header):
        problems.append(
            message(
                "Line %(line)s: it has %(found)s cells where the header has %(needed)s.",
                line=line,
                found=len(cells),
                needed=len(header),
            )
        )
        return
    cleaned = [unmarked(clean(cell)) for cell in cells]
    if any(len(cell) > LONGEST_CELL for cell in cleaned):
        problems.append(message("Line %(line)s: a cell is longer than a page.", line=line))
        return
    rows.append(Row(line, dict(zip(header, cleaned, strict=True))))


def decode(content: bytes) -> str:
    """Return the text in `content`: UTF-16 or UTF-8, and each line that is neither as Latin-1.

    Files that were put together from several sources mix both.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return "\n".join(_decode_line(line) for line in lines)


def as_text(content: bytes) -> str:
    """Return the table in `content` as text that `read_sheet` reads: a workbook's sheet as CSV.

    Raises:
        InvalidError: it is a workbook that cannot be read.
    """
    if not is_workbook(content):
        return decode(content)
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows(workbooks.rows_of(content))
    return written.getvalue()


def _decode_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def clean(cell: str) -> str:
    """Return `cell` composed (NFC), with single blanks and without unprintable letters."""
    text = _BLANKS.sub(" ", unicodedata.normalize("NFC", cell)).strip()
    if text.isprintable():  # nearly every cell of the half a million of a table of schools
        return text
    return "".join(letter for letter in text if unicodedata.category(letter)[0] != "C")


def day_in(cell: str) -> date:
    """Return the day that a cell says, also as spreadsheets in Chile write it.

    Raises:
        ValueError: it is none.

    >>> day_in("31-05-2026") == day_in("31/05/2026") == day_in("2026-05-31")
    True
    """
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(cell, form).date()  # noqa: DTZ007  # a day
        except ValueError:
            continue
    raise ValueError(cell)


def need_columns(sheet: Sheet, names: Sequence[str]) -> None:
    """Return when `sheet` has all columns in `names`.

    Raises:
        InvalidError: some are missing; each is named.
    """
    missing = [name for name in names if name not in sheet.columns]
    if missing:
        raise refused([message("The column «%(name)s» is missing.", name=n) for n in missing])


def refused(problems: list[Message]) -> InvalidError:
    """Return the error that tells all problems of a file of which nothing was taken."""
    return InvalidError(
        message(
            "Nothing was imported: %(count)s problems in the file. Correct them and try again.",
            count=len(problems),
        ),
        problems,
    )
