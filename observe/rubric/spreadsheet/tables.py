"""Sheets as they are read: rows with their cells under the columns that are known. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from observe.rubric.fields import Field
from observe.rubric.naming import Listed
from observe.rubric.spreadsheet.cells import ODDITIES, Cell, Number, Odd, words_of
from observe.rubric.spreadsheet.columns import NAMES, Sheet, Word, bare, heading, in_all_languages
from observe.text import Message, message

NEAR: Final = 0.7
_Known = TypeVar("_Known")


@dataclass(frozen=True)
class Page:
    """A sheet of a file: its name, and its rows with their numbers, cells from column A on."""

    title: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Place:
    """Where something stands, as a person finds it."""

    sheet: str
    row: int | None = None
    column: str = ""


@dataclass(frozen=True)
class Trouble:
    """Something that cannot be used: where, what, and the way out."""

    place: Place
    what: Message


@dataclass(frozen=True)
class Line:
    """A row: what stands in it, by the names of columns, and what is written above each."""

    place: Place
    cells: Mapping[str, str | Number]
    headings: Mapping[str, str]

    def words(self, column: Field) -> str:
        """Return what stands under a column; empty: nothing."""
        cell = self.cells.get(column.name)
        return "" if cell is None else words_of(cell)

    def at(self, column: Field) -> Place:
        """Return where that is."""
        heard = self.headings.get(column.name, "")
        return Place(self.place.sheet, self.place.row, heard)


@dataclass
class Lines:
    """What stands on a sheet, which columns it has, and what is no part of a rubric there."""

    lines: list[Line] = field(default_factory=list)
    columns: list[Field] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def sheet_of(page: Page) -> Sheet | None:
    """Return which sheet this is by its name; None: no sheet of a rubric."""
    return _found(page.title, {sheet: NAMES[sheet] for sheet in Sheet})


def unknown_sheet(page: Page) -> Trouble:
    """Return what is said of a sheet that is none of a rubric."""
    known = [NAMES[sheet] for sheet in Sheet if sheet is not Sheet.CHOICES]
    return Trouble(Place(page.title), _no_such(page.title, known))


def lines_of_page(page: Page, columns: tuple[Field, ...]) -> Lines:
    """Return the rows of a sheet below its first one, which names the columns."""
    read = Lines()
    if not page.rows:
        return read
    (number, above), *below = page.rows
    known = dict(_columns(page, number, above, columns, read))
    read.columns = list(known.values())
    if known:
        read.lines = [line for row in below if (line := _line(page, row, above, known, read)).cells]
    return read


def _columns(
    page: Page, number: int, above: tuple[Cell, ...], columns: tuple[Field, ...], read: Lines
) -> Iterator[tuple[int, Field]]:
    known = {column.name: column for column in columns}
    words = {name: heading(column) for name, column in known.items()}
    taken: set[str] = set()
    for place, cell in enumerate(above):
        said = _said(cell)
        if not said:
            continue
        name = _found(said, words)
        if name is None:
            what = _no_such(said, list(words.values()))
        elif name in taken:
            what = message("stands above two columns: keep one of the two")
        else:
            taken.add(name)
            yield place, known[name]
            continue
        read.troubles.append(Trouble(Place(page.title, number, said), what))


def _line(
    page: Page,
    row: tuple[int, tuple[Cell, ...]],
    above: tuple[Cell, ...],
    known: Mapping[int, Field],
    read: Lines,
) -> Line:
    number, cells = row
    found = {}
    for place, cell in enumerate(cells):
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        named = _said(above[place]) if place < len(above) else ""
        here = Place(page.title, number, named or _letter(place))
        if isinstance(cell, Odd):
            read.troubles.append(Trouble(here, ODDITIES[cell]))
        elif place in known:
            found[known[place].name] = cell
        elif not named:
            what = message("stands under no heading: write one in the first row, or delete it")
            read.troubles.append(Trouble(here, what))
    headings = {column.name: _said(above[place]) for place, column in known.items()}
    return Line(Place(page.title, number), found, headings)


def _said(cell: Cell) -> str:
    return " ".join(words_of(cell).split()) if isinstance(cell, str | int | float) else ""


def _letter(place: int) -> str:
    before, last = divmod(place, 26)
    return (_letter(before - 1) if before else "") + chr(ord("A") + last)


def _found(said: str, words: Mapping[_Known, Word]) -> _Known | None:
    wanted = bare(said)
    return next((one for one, word in words.items() if wanted in in_all_languages(word)), None)


def _no_such(said: str, known: list[Message]) -> Message:
    near = nearest(said, known)
    if near is not None:
        return message("is not known: perhaps «%(near)s» was meant", near=near)
    return message(
        "is not known: delete it, or give it one of these names: %(known)s",
        known=Listed(tuple(known)),
    )


def nearest(said: str, known: list[Message]) -> Message | None:
    """Return the word that was probably meant, or None."""
    words = {each: word for word in known for each in in_all_languages(word)}
    near = difflib.get_close_matches(bare(said), list(words), n=1, cutoff=NEAR)
    return words[near[0]] if near else None
