"""Tables in workbooks of Excel or LibreOffice (.xlsx): the first sheet, as text, both ways.

What a file may be before it is opened is looked at by `observe.xlsx`; formulas are not computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from io import BytesIO
from typing import Final
from xml.parsers import expat

import openpyxl
from openpyxl.styles import Font

from observe import xlsx
from observe.errors import InvalidError
from observe.text import message
from observe.xlsx import MOST_COLUMNS

LARGEST_UNPACKED: Final = 80 * 1024**2  # bytes: the Ministry's directory has 20 MB of XML
MOST_ROWS: Final = 50_000


def rows_of(content: bytes) -> list[list[str]]:
    """Return the first sheet as text, a list a line; days are written like 2026-05-31.

    Raises:
        InvalidError: it is no workbook that can be read, or far too large for a list.
    """
    try:
        _look(content)
        book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        found = list(_rows(sheet.iter_rows(values_only=True)))
    except xlsx.BROKEN as error:
        raise _refused() from error
    # Cells that are empty to the end of a line are not written down in every file.
    width = len(next((row for row in found if any(row)), ()))
    return [row + [""] * (width - len(row)) for row in found]


def _look(content: bytes) -> None:
    with xlsx.unpacked(content, largest=LARGEST_UNPACKED) as packed:
        for name in packed.namelist():
            with suppress(expat.ExpatError):  # a picture, or what openpyxl will not read either
                xlsx.parser().Parse(packed.read(name), True)


def _rows(found: Iterable[Sequence[object]]) -> Iterator[list[str]]:
    for number, cells in enumerate(found):
        if number >= MOST_ROWS or (len(cells) > MOST_COLUMNS and any(cells[MOST_COLUMNS:])):
            raise _refused()
        yield [_text(cell) for cell in cells[:MOST_COLUMNS]]


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _refused() -> InvalidError:
    return InvalidError(
        message(
            "This workbook cannot be read. Open it, save it again as .xlsx without a password, "
            "and try again."
        ),
        [],
    )


def write(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a workbook with one sheet; every cell is text, so none is a formula."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for line, cells in enumerate((columns, *rows), start=1):
        for place, text in enumerate(cells, start=1):
            cell = sheet.cell(line, place)
            cell.value, cell.data_type = text, "s"
            if line == 1:
                cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    file = BytesIO()
    book.save(file)
    return file.getvalue()
