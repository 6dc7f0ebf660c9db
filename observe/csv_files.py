"""Tables as CSV files, of two kinds; no cell of either is a formula for a spreadsheet.

What people open by a double click is written for a spreadsheet set to Chile: semicolons between the
cells, a decimal comma, and the mark of UTF-8 (BOM) by which Excel knows the accents. That is so in
every language of the screens, since a spreadsheet follows the computer, not the page. What programs
read (pandas, R) has commas and a decimal point.

What people bring is read with any of the `SEPARATORS`: see `separator_of`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

Cell = str | int | float | None
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
SEPARATORS: Final = ";,\t"  # the first counts where a table has one column only


def for_people(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    r"""Return a table that Excel shows in columns when it is opened by a double click.

    >>> for_people(("name", "mean"), [("Ana; =1", 3.5)]).decode("utf-8-sig")
    'name;mean\r\n"Ana; =1";3,5\r\n'
    """
    return _written(columns, rows, separator=";", decimal=",")


def for_programs(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    r"""Return a table that pandas and R read as it is.

    >>> for_programs(("name", "mean"), [("Ana", 3.5)]).decode("utf-8-sig")
    'name,mean\r\nAna,3.5\r\n'
    """
    return _written(columns, rows, separator=",", decimal=".")


def separator_of(header: str) -> str:
    r"""Return what stands between the cells of a table, told by the line that names its columns.

    >>> separator_of("id,name"), separator_of("id;name"), separator_of("id\tname")
    (',', ';', '\t')
    """
    return max(SEPARATORS, key=header.count)


def harmless(cell: Cell) -> Cell:
    """Return `cell` so that a spreadsheet shows it and never runs it.

    >>> harmless("=HYPERLINK(1)"), harmless("Berta"), harmless(4)
    ("'=HYPERLINK(1)", 'Berta', 4)
    """
    if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell


def unmarked(cell: str) -> str:
    """Return what a cell said before it was made `harmless`.

    >>> unmarked("'=HYPERLINK(1)"), unmarked("'tis")
    ('=HYPERLINK(1)', "'tis")
    """
    return cell[1:] if cell[:1] == "'" and harmless(cell[1:]) != cell[1:] else cell


def _written(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, separator: str, decimal: str
) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(cell, decimal) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def _cell(cell: Cell, decimal: str) -> Cell:
    return repr(cell).replace(".", decimal) if isinstance(cell, float) else harmless(cell)
