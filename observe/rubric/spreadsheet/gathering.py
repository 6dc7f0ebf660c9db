"""What was read of a workbook: the content, where each field stands, the problems. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from observe.errors import InvalidError
from observe.rubric import loader
from observe.rubric.checks import Finding
from observe.rubric.content import Group
from observe.rubric.fields import Field, Form
from observe.rubric.spreadsheet.cells import lines_of, read
from observe.rubric.spreadsheet.tables import Line, Place, Trouble
from observe.rubric.yamltext import Content, FieldPath
from observe.text import Message, message

_THINGS: Final = frozenset({"domains", "dimensions", "behaviours"})


@dataclass
class SheetReading:
    """What a workbook says, where each field of it stands, and the problems found on the way."""

    content: Group = field(default_factory=dict)
    places: dict[FieldPath, Place] = field(default_factory=dict)
    problems: list[Trouble] = field(default_factory=list)

    def tell(self, place: Place, what: Message) -> None:
        """Note a problem."""
        self.problems.append(Trouble(place, what))

    def take(self, line: Line, column: Field, thing: Group, path: FieldPath, of: Field) -> None:
        """Let `thing`, which stands at `path`, say in the field `of` what is under a column."""
        cell = line.cells.get(column.name)
        if cell is None:
            return
        self.places[(*path, *of.path)] = line.at(column)
        said = read(cell, of)
        if isinstance(said, Message):
            self.tell(line.at(column), said)
        else:
            _put(thing, of, said)

    def refusal(self, filename: str, found: Iterable[Finding]) -> InvalidError:
        """Return the refusal of the file: what was in the way, and what was found in it."""
        told = [*self.problems, *(Trouble(self._place(path), what) for path, what in found)]
        return loader.refused(filename, [_sentence(filename, each) for each in told])

    def _place(self, path: FieldPath) -> Place:
        """Return where a field stands, or the nearest thing around it that does."""
        key = _without_entries(path)
        near = (key[:length] for length in range(len(key), 0, -1))
        return next((self.places[each] for each in near if each in self.places), Place(""))


def _without_entries(path: FieldPath) -> FieldPath:
    """Return a path without the numbers of entries: those of a list share a cell."""
    return tuple(
        part for at, part in enumerate(path) if isinstance(part, str) or path[at - 1] in _THINGS
    )


def _sentence(filename: str, told: Trouble) -> Message:
    place = told.place
    values: dict[str, object] = {"file": filename, "what": told.what}
    if not place.sheet:
        return message("%(file)s: %(what)s.", **values)
    values["sheet"] = place.sheet
    if place.row is None:
        return message("%(file)s, sheet «%(sheet)s»: %(what)s.", **values)
    values["row"] = place.row
    if not place.column:
        return message("%(file)s, sheet «%(sheet)s», row %(row)s: %(what)s.", **values)
    return message(
        "%(file)s, sheet «%(sheet)s», row %(row)s, column «%(column)s»: %(what)s.",
        column=place.column,
        **values,
    )


def _put(thing: Group, of: Field, said: str) -> None:
    *around, last = of.path[:-1] if of.form is Form.LINES else of.path
    for part in around:
        inside = thing.setdefault(part, {})
        thing = inside if isinstance(inside, dict) else {}
    if of.form is Form.LINES:
        listed = thing.setdefault(last, [])
        if isinstance(listed, list):
            _put_lines(listed, of.language, said)
    else:
        thing[last] = [*said.split()] if of.form is Form.LANGUAGES else said


def _put_lines(listed: list[Content], language: str, said: str) -> None:
    for number, words in enumerate(lines_of(said)):
        if number == len(listed):
            listed.append({})
        entry = listed[number]
        if words and isinstance(entry, dict):
            entry[language] = words
