"""A rubric as a file of Excel or LibreOffice (.xlsx): how it looks, and what its cells offer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from observe.csv_files import FORMULA_STARTS
from observe.errors import BadInputError
from observe.rubric.content import Group
from observe.rubric.fields import Field, Form
from observe.rubric.spreadsheet.cells import LONGEST_CELL, Cell
from observe.rubric.spreadsheet.columns import (
    CODE,
    COLUMNS,
    DOMAIN,
    ID,
    NAMES,
    OF_DIMENSION,
    SCALE,
    WHAT,
    Sheet,
)
from observe.rubric.spreadsheet.writing import Table, page_of, tables_of
from observe.text import DEFAULT_LOCALE, Message, message

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PREPARED_ROWS: Final = 200  # offered choices and hints also below what is there
_TEXT: Final = "@"  # so that «1.10», «3/4» and «- a line» stay what was typed
_WIDTHS: Final = {
    Form.WORDS: 46,
    Form.LINES: 46,
    Form.CHOICE: 20,
    Form.NUMBER: 10,
    Form.MINUTES: 10,
}
_WIDTH: Final = 26
_OWN_WIDTHS: Final = {CODE.name: 9, WHAT.name: 40, SCALE.name: 12, ID.name: 24}
_FIRST_SHEET_WIDTH: Final = 70
_FROZEN: Final = {Sheet.RUBRIC: "B2", Sheet.DIMENSIONS: "D2", Sheet.BEHAVIOURS: "C2"}
_HEADING: Final = PatternFill("solid", fgColor="DDE7F2")
_QUIET: Final = Font(color="8A929C")
_WRAPPED: Final = Alignment(wrap_text=True, vertical="top", horizontal="left")
_HINTS: Final = {
    Form.LINES: message("One a line: Alt + Enter (in LibreOffice, Ctrl + Enter)."),
    DOMAIN.name: message("Choose one, or write a new one."),
    ID.name: message("Leave it as it is; in a new row, empty."),
    SCALE.name: message("Empty: the usual scale."),
}
# What XML cannot hold, and what Excel would take for its own mark of such a sign.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
_MARK: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def xlsx_of(content: Group, locale: str = DEFAULT_LOCALE) -> bytes:
    """Return the workbook of a rubric, complete or not, with headings in the language of `locale`.

    Raises:
        BadInputError: a text is longer than a cell can be.
    """
    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "observe"
    offers = _Offers(locale)
    for table in tables_of(content):
        _lay_out(book, table, offers)
    offers.write(book)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


class _Offers:
    """The choices that cells offer, on a hidden sheet: in a cell's own list no word has a comma."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._lists: list[tuple[str, ...]] = []

    @property
    def title(self) -> str:
        """What the hidden sheet is called."""
        return NAMES[Sheet.CHOICES].in_language(self.locale)

    def range_of(self, field: Field) -> str:
        """Return the cells in which the choices of a field are listed."""
        words = tuple(self.say(word) for _value, word in field.choices)
        if words not in self._lists:
            self._lists.append(words)
        letter = get_column_letter(self._lists.index(words) + 1)
        return f"'{self.title}'!${letter}$1:${letter}${len(words)}"

    def say(self, word: Message | str) -> str:
        """Return a word in the language of the workbook."""
        return word if isinstance(word, str) else word.in_language(self.locale)

    def write(self, book: Workbook) -> None:
        """Add the hidden sheet."""
        sheet = book.create_sheet(self.title)
        sheet.sheet_state = "hidden"
        for column, words in enumerate(self._lists, start=1):
            for row, word in enumerate(words, start=1):
                sheet.cell(row, column, word)


def _lay_out(book: Workbook, table: Table, offers: _Offers) -> None:
    page = page_of(table, offers.locale)
    sheet = book.create_sheet(page.title)
    sheet.freeze_panes = _FROZEN.get(table.sheet, "A2")
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for number, column in enumerate(table.columns, start=1):
        _prepare(sheet.column_dimensions[get_column_letter(number)], table, column)
    for number, cells in page.rows:
        for place, (column, cell) in enumerate(zip(table.columns, cells, strict=True), start=1):
            _write(sheet.cell(number, place), cell, quiet=_is_quiet(table, column))
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), _HEADING
    for where, validation in _validations(table, offers):
        sheet.add_data_validation(validation)
        validation.add(where)


def _prepare(dimension: Any, table: Table, column: Field) -> None:  # noqa: ANN401
    """Give a column its width, and rows that are added later the format of the others."""
    first = table.sheet is Sheet.RUBRIC and column is not WHAT
    usual = _FIRST_SHEET_WIDTH if first else _WIDTHS.get(column.form, _WIDTH)
    dimension.width = _OWN_WIDTHS.get(column.name, usual)
    dimension.alignment = _WRAPPED
    if column.form not in (Form.NUMBER, Form.MINUTES):
        dimension.number_format = _TEXT
    if _is_quiet(table, column):
        dimension.font = _QUIET


def _is_quiet(table: Table, column: Field) -> bool:
    return column is ID or table.sheet is Sheet.REST


def _write(cell: Any, said: Cell, *, quiet: bool) -> None:  # noqa: ANN401
    cell.alignment = _WRAPPED
    if quiet:
        cell.font = _QUIET
    if isinstance(said, int | float):
        cell.value = said
    elif isinstance(said, str):
        cell.number_format = _TEXT
        cell.value = _writable(said)
        cell.data_type = "s"  # whatever it begins with
        cell.quotePrefix = said.startswith(FORMULA_STARTS)  # and when somebody edits it


def _writable(words: str) -> str:
    """Return words as XML can hold them."""
    written = _MARK.sub("_x005F_", _UNWRITABLE.sub("\ufffd", words))
    if len(written) > LONGEST_CELL:
        raise BadInputError(
            message(
                "A text is longer than a cell of a workbook can be (%(most)s characters): "
                "shorten it, or export YAML.",
                most=LONGEST_CELL,
            )
        )
    return written


# --- what cells offer -----------------------------------------------------------------------------


def _validations(table: Table, offers: _Offers) -> Iterator[tuple[str, DataValidation]]:
    """Yield cells with what they offer, or with a hint how they are filled in."""
    for number, field in enumerate(table.about, start=2):
        if field.choices:
            yield f"B{number}", _listed(offers.range_of(field))
    for number, column in enumerate(table.columns, start=1):
        letter = get_column_letter(number)
        cells = f"{letter}2:{letter}{PREPARED_ROWS}"
        hint = _HINTS.get(column.name) or _HINTS.get(column.form)
        if column.choices:
            yield cells, _listed(offers.range_of(column))
        elif column in (DOMAIN, OF_DIMENSION):
            validation = _listed(_titles(column, offers))
            validation.showErrorMessage = False  # another name may be a new one
            yield cells, _hinting(validation, hint, offers)
        elif hint is not None:
            yield cells, _hinting(DataValidation(), hint, offers)


def _titles(column: Field, offers: _Offers) -> str:
    """Return the cells in which the titles stand of what a column names."""
    sheet = Sheet.DOMAINS if column is DOMAIN else Sheet.DIMENSIONS
    names = [each.name for each in COLUMNS[sheet]]
    letter = get_column_letter(names.index("title.es") + 1)
    return f"'{offers.say(NAMES[sheet])}'!${letter}$2:${letter}${PREPARED_ROWS}"


def _listed(cells: str) -> DataValidation:
    return DataValidation(
        type="list", formula1=cells, allow_blank=True, showErrorMessage=True, errorStyle="warning"
    )


def _hinting(validation: DataValidation, hint: Message | None, offers: _Offers) -> DataValidation:
    if hint is not None:
        validation.prompt, validation.showInputMessage = offers.say(hint), True
    return validation
