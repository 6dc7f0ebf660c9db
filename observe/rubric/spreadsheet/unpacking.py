"""A file of Excel or LibreOffice (.xlsx) as plain rows: the way in, with `layout` as the way out.

What it may be before it is opened is looked at by `observe.xlsx`, as with every workbook; here is
what a rubric may be. Formulas are not computed and links are not followed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, time, timedelta
from io import BytesIO
from typing import Any, Final
from xml.parsers import expat

import openpyxl
from openpyxl.utils import coordinate_to_tuple, range_boundaries

from observe import xlsx
from observe.errors import BadInputError
from observe.rubric.spreadsheet.cells import Cell, Odd
from observe.rubric.spreadsheet.gathering import SheetReading
from observe.rubric.spreadsheet.reading import read_pages
from observe.rubric.spreadsheet.tables import Page
from observe.text import message
from observe.xlsx import MOST_COLUMNS

LARGEST_WORKBOOK: Final = 2 * 1024**2  # bytes; a pauta of 40 rows in two languages has 100,000
LARGEST_UNPACKED: Final = 6 * 1024**2  # bytes of all its parts, with a picture or two
MOST_SHEETS: Final = 20
MOST_ROWS: Final = 1_000  # of a sheet, that say something
LAST_ROW: Final = 1_048_576
MOST_ELEMENTS: Final = 100_000  # of all parts; the longest rubric has about 10,000
MOST_MERGED: Final = 1_000  # ranges of a sheet
Merged = dict[str, list[str]]  # ranges of cells, by the part in which a sheet is kept


def read_workbook(file: bytes) -> SheetReading:
    """Return what a workbook says.

    Raises:
        BadInputError: it is no workbook that can be read, or too large to be a rubric.
    """
    if file.startswith(xlsx.OLD):
        raise BadInputError(
            message(
                "This workbook is of the old kind (.xls) or has a password: save it as .xlsx, "
                "without a password."
            )
        )
    if len(file) > LARGEST_WORKBOOK:
        raise _too_large()
    try:
        return read_pages(_pages(file, _merged_in(file)))
    except xlsx.TooLargeError as error:
        raise _too_large() from error
    except xlsx.BROKEN as error:
        raise BadInputError(
            message("This workbook cannot be read: open it, save it again as .xlsx and try again.")
        ) from error


def _too_large() -> BadInputError:
    return BadInputError(
        message(
            "This workbook is too large to be a rubric: take pictures and other sheets out, or "
            "copy the rows into a workbook exported from here."
        )
    )


# --- before it is opened --------------------------------------------------------------------------


def _merged_in(file: bytes) -> Merged:
    """Return which cells are merged in each part, all of which are small and without entities."""
    with xlsx.unpacked(file, largest=LARGEST_UNPACKED) as packed:
        names = packed.namelist()
        _require_kind(set(names))
        look = _Look()
        return {each: look.through(packed.read(each)) for each in names}


def _require_kind(names: set[str]) -> None:
    if any(name.endswith("vbaProject.bin") for name in names):
        raise BadInputError(message("This workbook has macros: save it as .xlsx, without them."))
    if "xl/workbook.xml" not in names:
        raise BadInputError(
            message("This is no workbook of Excel: save it as .xlsx, or export one from here.")
        )


class _Look:
    """Goes through the parts of a file, and stops at what openpyxl takes long over, or passes over.

    `merged` are the merged cells of the last part.
    """

    def __init__(self) -> None:
        self.merged: list[str] = []
        self._elements = 0
        self._column = 0

    def through(self, part: bytes) -> list[str]:
        """Return the merged cells of a part; what is no XML, such as a picture, has none."""
        self.merged = []
        parser = xlsx.parser()
        parser.StartElementHandler = self._begin
        with suppress(expat.ExpatError):  # where this parser stops, that of openpyxl stops too
            parser.Parse(part, True)
        return self.merged

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        match name.rpartition(" ")[2]:
            case "mergeCell":
                self.merged.append(attributes.get("ref", ""))
            case "row":
                self._column = 0
            case "c":
                place = attributes.get("r")
                self._column = coordinate_to_tuple(place)[1] if place else self._column + 1
            case "v" | "is" if self._column > MOST_COLUMNS:
                raise _too_large()
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self.merged) > MOST_MERGED:
            raise _too_large()


# --- sheets ---------------------------------------------------------------------------------------


def _pages(file: bytes, merged: Merged) -> list[Page]:
    book = openpyxl.load_workbook(BytesIO(file), read_only=True, keep_links=False)
    try:
        if len(book.worksheets) > MOST_SHEETS:
            raise _too_large()
        return [_page(sheet, merged) for sheet in book.worksheets]
    finally:
        book.close()


def _page(sheet: Any, merged: Merged) -> Page:  # noqa: ANN401  # openpyxl is not typed
    rows = _rows(sheet)
    _spread(rows, merged.get(sheet._worksheet_path.lstrip("/"), []))
    return Page(str(sheet.title), tuple((number, tuple(cells)) for number, cells in rows.items()))


def _rows(sheet: Any) -> dict[int, list[Cell]]:  # noqa: ANN401
    """Return the rows that say something."""
    sheet.reset_dimensions()  # what a file says of its size need not be so
    rows: dict[int, list[Cell]] = {}
    before = None
    for number, row in enumerate(sheet.iter_rows(max_row=LAST_ROW, max_col=MOST_COLUMNS), start=1):
        if row is before:
            continue  # rows that a file passes over, up to a million: openpyxl repeats an empty one
        before, cells = row, [_cell(each) for each in row]
        if any(each is not None for each in cells):
            rows[number] = cells
        if len(rows) > MOST_ROWS:
            raise _too_large()
    return rows


def _cell(cell: Any) -> Cell:  # noqa: ANN401
    value, kind = cell.value, cell.data_type
    match value:
        case None:
            return None
        case _ if kind == "f":
            return Odd.FORMULA
        case _ if kind == "e":
            return Odd.ERROR
        case bool():
            return Odd.BOOLEAN
        case date() | time() | timedelta():
            return Odd.DATE
        case int() | float():
            return value if math.isfinite(value) else Odd.ERROR
        case _:
            return _unescaped(str(value)) or None


def _unescaped(words: str) -> str:
    """Return words without the marks that Excel writes for signs that XML cannot hold."""
    return re.sub(
        r"_x005F_(?=x[0-9A-Fa-f]{4}_)|_x000D_", lambda m: "_" if "5F" in m[0] else "", words
    )


def _spread(rows: dict[int, list[Cell]], merged: list[str]) -> None:
    """Let what stands in merged cells stand in each of their rows that says anything."""
    for ref in merged:
        column, first, _last_column, last = range_boundaries(ref)
        said = rows.get(first, [])[column - 1 : column]
        for number in rows:
            if said and first < number <= last:
                cells = rows[number]
                cells += [None] * (column - len(cells))
                cells[column - 1] = said[0]
