"""The sheet of the scales, a number a row: where a scale and its ranges end is seen there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from observe.rubric import content as contents
from observe.rubric import fields
from observe.rubric.content import Group
from observe.rubric.fields import Field
from observe.rubric.spreadsheet.cells import Written, read, shown
from observe.rubric.spreadsheet.columns import (
    BAND,
    BANDS,
    LABELS,
    LETTERS,
    NUMBER,
    SCALE,
    SCALE_COLUMNS,
)
from observe.rubric.spreadsheet.gathering import SheetReading
from observe.rubric.spreadsheet.tables import Line
from observe.text import message

USUAL: Final = "main"  # the scale of all that name none: its name need not be written
_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def scale_id(word: str) -> str:
    """Return a scale's name as it is kept; empty when it has no letter."""
    return word if _ID.fullmatch(word) else contents.slug(word)


# --- to rows --------------------------------------------------------------------------------------


def scale_rows(content: Group, columns: tuple[Field, ...]) -> Iterator[tuple[Written, ...]]:
    """Yield a row for each number of each scale."""
    for name in contents.scale_names(content):
        scale = contents.inside(content, ("scales", name))
        if isinstance(scale, dict):
            for number in _numbers(scale):
                cells = _cells(name, scale, number)
                yield tuple(cells[column.name] for column in columns)


def _cells(name: str, scale: Group, number: int) -> dict[str, Written]:
    said: Group = {"number": str(number), "band": _band(scale, number)}
    for part in ("labels", "letters"):
        said[part] = contents.inside(scale, (part, str(number)))
    cells: dict[str, Written] = {each.name: shown(said, each) for each in SCALE_COLUMNS}
    return cells | {SCALE.name: None if name == USUAL else name}


def _numbers(scale: Group) -> list[int]:
    told = {number for number in fields.NUMBERS if _is_told(scale, number)}
    low, high = scale.get("min"), scale.get("max")
    if isinstance(low, str) and isinstance(high, str) and all(map(fields.is_number, (low, high))):
        told |= {number for number in fields.NUMBERS if int(low) <= number <= int(high)}
    return sorted(told)


def _is_told(scale: Group, number: int) -> bool:
    return any(contents.inside(scale, (part, str(number))) for part in ("labels", "letters"))


def _band(scale: Group, number: int) -> str | None:
    for name in BANDS:
        ends = [contents.inside(scale, ("bands", name, end)) for end in ("low", "high")]
        known = [int(end) for end in ends if isinstance(end, str) and fields.is_number(end)]
        if len(known) == len(ends) and known[0] <= number <= known[1]:
            return name
    return None


# --- from rows ------------------------------------------------------------------------------------


def read_scales(lines: list[Line], reading: SheetReading) -> None:
    """Let the content say the scales of these rows."""
    found: dict[str, dict[int, Line]] = {}
    for line in lines:
        said = line.words(SCALE)
        name = scale_id(said) if said else USUAL
        number = _number(line, reading)
        if not name:
            reading.tell(line.at(SCALE), message("must have a letter, such as «breve»"))
        elif number in found.setdefault(name, {}):
            what = message("is there twice on this scale: keep one of the two rows")
            reading.tell(line.at(NUMBER), what)
        elif number is not None:
            found[name][number] = line
    scales: Group = {name: _scale(name, rows, reading) for name, rows in found.items() if rows}
    if scales:
        reading.content["scales"] = scales


def _number(line: Line, reading: SheetReading) -> int | None:
    cell = line.cells.get(NUMBER.name)
    said = read(cell, NUMBER) if cell is not None else ""
    if isinstance(said, str) and fields.is_number(said) and int(said) in fields.NUMBERS:
        return int(said)
    what = message("must be a whole number from %(min)s to %(max)s", min=0, max=10)
    reading.tell(line.at(NUMBER), what)
    return None


def _scale(name: str, rows: Mapping[int, Line], reading: SheetReading) -> Group:
    path = ("scales", name)
    scale: Group = {"min": str(min(rows)), "max": str(max(rows))}
    last: dict[str, int] = {}  # number of each range
    before = 0
    for number, line in sorted(rows.items()):
        reading.places.setdefault(path, line.place)
        said: Group = {}
        reading.take(line, BAND, said, path, BAND)
        for each in (*LABELS, *LETTERS):
            part, language = each.path
            place = Field((part, str(number), language), each.label, each.form)
            reading.take(line, each, scale, path, place)
        if "band" in said:
            last[str(said["band"])] = number
            now = BANDS.index(str(said["band"]))
            if now < before:
                what = message("stands out of order: first the low range, then mid, then high")
                reading.tell(line.at(BAND), what)
            before = now
    scale["bands"] = {name: {"high": str(last[name])} for name in BANDS if name in last}
    fields.join_bands(scale)
    return scale
