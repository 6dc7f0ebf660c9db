"""The tables of a workbook, made of what a rubric or a draft says. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from observe.rubric import content as contents
from observe.rubric.content import Group
from observe.rubric.fields import Field, languages_of
from observe.rubric.spreadsheet import called, rest
from observe.rubric.spreadsheet.cells import Cell, Written, shown
from observe.rubric.spreadsheet.columns import (
    COLUMNS,
    DOMAIN,
    NAMES,
    OF_DIMENSION,
    SCALE,
    Sheet,
    WhatRow,
    heading,
    rubric_rows,
)
from observe.rubric.spreadsheet.reading import read_pages
from observe.rubric.spreadsheet.scales import USUAL, scale_rows
from observe.rubric.spreadsheet.tables import Page
from observe.text import DEFAULT_LOCALE, Spoken


@dataclass(frozen=True)
class Table:
    """A sheet: its columns, and the cells of each row below them.

    On the first sheet `about` is what each row is about.
    """

    sheet: Sheet
    columns: tuple[Field, ...]
    rows: tuple[tuple[Written, ...], ...]
    about: tuple[Field, ...] = ()


def tables_of(content: Group) -> list[Table]:
    """Return the sheets of a rubric, complete or not: `reading` makes the same content of them."""
    whole = contents.without_empties(content)
    tables = [_rubric(whole), *(_table(sheet, whole) for sheet in _OF_THINGS)]
    left = _rest(whole, tables)
    return [*tables, Table(Sheet.REST, COLUMNS[Sheet.REST], left)] if left else tables


_OF_THINGS: Final = (Sheet.DIMENSIONS, Sheet.BEHAVIOURS, Sheet.DOMAINS, Sheet.SCALES)


def page_of(table: Table, locale: str = DEFAULT_LOCALE) -> Page:
    """Return a table in the words of a language, headings first."""
    above = tuple(heading(column).in_language(locale) for column in table.columns)
    rows = [above, *(tuple(_spoken(cell, locale) for cell in row) for row in table.rows)]
    title = NAMES[table.sheet].in_language(locale)
    return Page(title, tuple(enumerate(rows, start=1)))


def _spoken(cell: Written, locale: str) -> Cell:
    return cell.in_language(locale) if isinstance(cell, Spoken) else cell


# --- sheet by sheet -------------------------------------------------------------------------------


def _columns(sheet: Sheet, content: Group) -> tuple[Field, ...]:
    """Return the columns of a sheet, English ones only for a rubric that has English."""
    english = "en" in languages_of(content) or any(
        place.endswith(".en") for place, _words in rest.leaves(content)
    )
    return tuple(each for each in COLUMNS[sheet] if english or each.language != "en")


def _rubric(content: Group) -> Table:
    columns = _columns(Sheet.RUBRIC, content)
    known = tuple(rubric_rows().values())
    rows = tuple(_rubric_row(content, row)[: len(columns)] for row in known)
    return Table(Sheet.RUBRIC, columns, rows, tuple(row[0] for row in known))


def _rubric_row(content: Group, row: WhatRow) -> tuple[Written, ...]:
    cells = [shown(content, each) for each in row]
    return (row[0].label, *cells, *([None] if len(cells) == 1 else []))


def _table(sheet: Sheet, content: Group) -> Table:
    columns = _columns(sheet, content)
    if sheet is Sheet.SCALES:
        return Table(sheet, columns, tuple(scale_rows(content, columns)))
    rows = (
        tuple(_cell(content, thing, around, column) for column in columns)
        for thing, around in _things(sheet, content)
    )
    return Table(sheet, columns, tuple(rows))


def _things(sheet: Sheet, content: Group) -> Iterator[tuple[Group, Group | None]]:
    """Yield what stands in the rows of a sheet, behaviours with their dimension."""
    if sheet is not Sheet.BEHAVIOURS:
        yield from ((each, None) for each in contents.things(content, sheet.value))
        return
    for dimension in contents.things(content, "dimensions"):
        for behaviour in contents.things(dimension, "behaviours"):
            yield behaviour, dimension


def _cell(content: Group, thing: Group, around: Group | None, column: Field) -> Written:
    if column is OF_DIMENSION and around is not None:
        return called.word_for(around, contents.things(content, "dimensions"))
    if column is DOMAIN:
        return _domain(content, thing)
    said = shown(thing, column)
    # A behaviour always names its scale; of a dimension only what it says itself is kept.
    return None if column is SCALE and around is not None and said == USUAL else said


def _domain(content: Group, dimension: Group) -> str | None:
    """Return what the domain is called; one that was dropped is left to the last sheet."""
    named, domains = dimension.get("domain"), contents.things(content, "domains")
    found = next((each for each in domains if each.get("id") == named), None)
    return called.word_for(found, domains) if found else None


# --- the rest -------------------------------------------------------------------------------------


def _rest(content: Group, tables: list[Table]) -> tuple[tuple[Written, ...], ...]:
    """Return what the tables do not say when they are read."""
    read = dict(rest.leaves(read_pages([page_of(each) for each in tables]).content))
    return tuple(
        (place, words)
        for place, words in rest.leaves(content)
        if read.get(place) != unicodedata.normalize("NFC", words)
    )
