"""Tables in workbooks of Excel or LibreOffice (.xlsx): the first sheet, as text, both ways.

Files come from people, so they are read as hostile: how large one becomes is looked at before it is
opened, parts that declare entities are refused, formulas are not computed.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException

from observe.errors import InvalidError
from observe.text import message

LARGEST_UNPACKED: Final = 80 * 1024**2  # bytes: the Ministry's directory has 20 MB of XML
MOST_PARTS: Final = 300
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 100
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OLD: Final = b"\xd0\xcf\x11\xe0"  # before 2007, or with a password
# What openpyxl raises for files that are broken or made up.
_BROKEN: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    InvalidFileException,
    LookupError,
    NotImplementedError,
    OSError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def is_workbook(content: bytes) -> bool:
    """Tell whether a file is a workbook, or looks like one."""
    return content.startswith((*_ZIPS, _OLD))


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
    except _BROKEN as error:
        raise _refused() from error
    # Cells that are empty to the end of a line are not written down in every file.
    width = len(next((row for row in found if any(row)), ()))
    return [row + [""] * (width - len(row)) for row in found]


def _look(content: bytes) -> None:
    with zipfile.ZipFile(BytesIO(content)) as packed:
        parts = packed.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
            raise zipfile.BadZipFile
        for part in parts:
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile
            if part.filename.endswith((".xml", ".rels")) and _declares(packed, part):
                raise zipfile.BadZipFile


def _declares(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Tell whether a part has a document type, where entities are declared; ours never have."""
    with packed.open(part) as file:
        start = file.read(4_096).replace(b"\x00", b"")
    return b"<!doctype" in start.lower()


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
