"""What the tables of a workbook say, as the content of a rubric that may be incomplete. Pure.

Nothing is passed over in silence: what has no place in a rubric is told with its sheet, row and
column, all of it at once. What is merely wrong (a word where a number belongs, a domain without a
dimension) stays as it was typed; whoever reads the content finds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from observe.rubric import content as contents
from observe.rubric.content import DIMENSIONS, DOMAINS, Group
from observe.rubric.spreadsheet import called, rest
from observe.rubric.spreadsheet.columns import (
    BEHAVIOUR_COLUMNS,
    CODE,
    COLUMNS,
    DIMENSION_COLUMNS,
    DOMAIN,
    DOMAIN_COLUMNS,
    ID,
    IN_ENGLISH,
    NAMES,
    OF_DIMENSION,
    PLACE,
    SAYS,
    SCALE,
    VALUE,
    WHAT,
    Sheet,
    WhatRow,
    bare,
    in_all_languages,
    rubric_rows,
)
from observe.rubric.spreadsheet.gathering import SheetReading
from observe.rubric.spreadsheet.scales import USUAL, read_scales, scale_id
from observe.rubric.spreadsheet.tables import (
    Line,
    Lines,
    Page,
    Place,
    lines_of_page,
    nearest,
    sheet_of,
    unknown_sheet,
)
from observe.rubric.yamltext import FieldPath
from observe.text import Message, message

_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}|_\d{1,9}")  # the latter: in a draft
_NO_ID: Final = message(
    "must be lower-case letters a–z, digits, - or _, with a letter first: delete it, and one "
    "is made"
)


def read_pages(pages: Sequence[Page]) -> SheetReading:
    """Return what the sheets of a file say, and all that is no part of a rubric."""
    reading = SheetReading({"schema_version": "1", "domains": [], "dimensions": []})
    found: dict[Sheet, Lines] = {}
    for page in pages:
        sheet = sheet_of(page)
        if sheet is Sheet.CHOICES or (sheet is None and not page.rows):
            continue
        if sheet is None:
            reading.problems.append(unknown_sheet(page))
        elif sheet in found:
            what = message("is there twice: put both into one sheet")
            reading.tell(Place(page.title), what)
        else:
            found[sheet] = lines_of_page(page, COLUMNS[sheet])
            reading.problems += found[sheet].troubles
    _Reader(reading, found).read()
    return reading


class _Reader:
    """Puts what stands in the rows into one content."""

    def __init__(self, reading: SheetReading, sheets: dict[Sheet, Lines]) -> None:
        self._reading = reading
        self._content = reading.content
        self._sheets = sheets
        # New things are named so that they are in nobody's way, also of rows further down.
        self._ids = [line.words(ID) for sheet in sheets.values() for line in sheet.lines]

    def read(self) -> None:
        """Read sheet by sheet; what others speak of comes first."""
        self._whole()
        read_scales(self._lines(Sheet.SCALES), self._reading)
        self._domains()
        self._dimensions()
        self._behaviours()
        self._rest()
        self._languages()

    def _lines(self, sheet: Sheet) -> list[Line]:
        return self._sheets[sheet].lines if sheet in self._sheets else []

    # --- what the whole says ----------------------------------------------------------------------

    def _whole(self) -> None:
        rows = rubric_rows()
        taken: set[str] = set()
        for line in self._lines(Sheet.RUBRIC):
            name = _row_named(line.words(WHAT), rows)
            if name is None:
                self._reading.tell(line.at(WHAT), _no_row(line.words(WHAT), rows))
            elif name in taken:
                self._reading.tell(
                    line.at(WHAT), message("is said in two rows: keep one of the two")
                )
            else:
                taken.add(name)
                self._row(line, rows[name])

    def _row(self, line: Line, about: WhatRow) -> None:
        self._reading.take(line, SAYS, self._content, (), about[0])
        if len(about) > 1:
            self._reading.take(line, IN_ENGLISH, self._content, (), about[1])
        elif line.words(IN_ENGLISH):
            what = message("has no words in two languages: delete what stands here")
            self._reading.tell(line.at(IN_ENGLISH), what)

    def _languages(self) -> None:
        """Let a file without a place for English be in Spanish alone, unless it says otherwise."""
        columns = [each for sheet in self._sheets.values() for each in sheet.columns]
        if "languages" not in self._content and all(each.language != "en" for each in columns):
            self._content["languages"] = ["es"]

    # --- domains and dimensions -------------------------------------------------------------------

    def _domains(self) -> None:
        for line in self._lines(Sheet.DOMAINS):
            domain, path = self._thing(line, DOMAINS)
            for column in DOMAIN_COLUMNS:
                if column is not ID:
                    self._reading.take(line, column, domain, path, column)

    def _dimensions(self) -> None:
        without_code = []
        for line in self._lines(Sheet.DIMENSIONS):
            dimension, path = self._thing(line, DIMENSIONS)
            dimension["domain"] = self._domain(line)
            for column in DIMENSION_COLUMNS:
                if column not in (ID, DOMAIN):
                    self._reading.take(line, column, dimension, path, column)
            _settle_scale(dimension)
            if not line.words(ID) and not line.words(CODE):
                without_code.append(dimension)
        for dimension in without_code:
            dimension["code"] = contents.free_code(self._content)

    def _thing(self, line: Line, place: contents.Place) -> tuple[Group, FieldPath]:
        """Return the thing of a row, and its path: a row without an id is a new thing."""
        (kind,) = place
        said, known = line.words(ID), contents.things(self._content, kind)
        path = (kind, len(known))
        same = next((at for at, each in enumerate(known) if said and each["id"] == said), None)
        if same is not None:
            what = message(
                "is that of row %(row)s too: delete it in the row that is new",
                row=self._reading.places[(kind, same)].row,
            )
            self._reading.tell(line.at(ID), what)
        elif said and not _ID.fullmatch(said):
            self._reading.tell(line.at(ID), _NO_ID)
        name = contents.add(self._content, place, gone=self._ids)
        thing = contents.things(self._content, kind)[-1]
        thing.pop("code", None)
        thing["id"] = said if said and same is None else name
        self._reading.places[path] = line.place
        if said:
            self._reading.places[(*path, "id")] = line.at(ID)
        return thing, path

    def _domain(self, line: Line) -> str | None:
        """Return the id of the domain that a row names; a name that is new makes a domain."""
        said, known = line.words(DOMAIN), contents.things(self._content, "domains")
        if not said:
            return None
        found = called.find(said, known)
        if found is None and called.are_several(said, known):
            what = message("is the name of several domains: write its identifier here")
            self._reading.tell(line.at(DOMAIN), what)
            return None
        if found is None:
            contents.add(self._content, DOMAINS, gone=self._ids)
            found = contents.things(self._content, "domains")[-1]
            found["title"] = {"es": said}
            self._reading.places[("domains", len(known))] = line.at(DOMAIN)
        return str(found["id"])

    # --- behaviours -------------------------------------------------------------------------------

    def _behaviours(self) -> None:
        for line in self._lines(Sheet.BEHAVIOURS):
            dimensions = contents.things(self._content, "dimensions")
            dimension = called.find(line.words(OF_DIMENSION), dimensions)
            if dimension is None:
                self._reading.tell(line.at(OF_DIMENSION), _no_dimension(line.words(OF_DIMENSION)))
                dimension = {"id": ""}
            at = next((n for n, each in enumerate(dimensions) if each is dimension), -1)
            self._behaviour(line, dimension, ("dimensions", at))

    def _behaviour(self, line: Line, dimension: Group, around: FieldPath) -> None:
        listed = dimension.setdefault("behaviours", [])
        if not isinstance(listed, list):
            return
        path = (*around, "behaviours", len(listed))
        behaviour: Group = {}
        listed.append(behaviour)
        self._reading.places[path] = line.place
        for column in BEHAVIOUR_COLUMNS:
            if column is not OF_DIMENSION:
                self._reading.take(line, column, behaviour, path, column)
        behaviour.setdefault("scale", USUAL)
        _settle_scale(behaviour)
        if "id" not in behaviour:
            title = contents.inside(behaviour, ("title", "es"))
            used = [str(each.get("id")) for each in contents.things(dimension, "behaviours")]
            name = contents.slug(title if isinstance(title, str) else "") or "conducta"
            behaviour["id"] = contents.free_id(name, [*used, *self._ids])

    # --- the rest ---------------------------------------------------------------------------------

    def _rest(self) -> None:
        for line in self._lines(Sheet.REST):
            place, said = line.words(PLACE), line.words(VALUE)
            if said and rest.put(self._content, place, said):
                parts: FieldPath = tuple(part for part in place.split(".") if part[:1] != "#")
                for length in range(1, len(parts) + 1):
                    self._reading.places.setdefault(parts[:length], line.at(VALUE))
            else:
                what = message(
                    "has no place any more, or its column says something else: delete this row"
                )
                self._reading.tell(line.at(PLACE), what)


def _settle_scale(thing: Group) -> None:
    scale = thing.get(SCALE.name)
    if isinstance(scale, str):
        thing[SCALE.name] = scale_id(scale) or scale


def _row_named(said: str, rows: dict[str, WhatRow]) -> str | None:
    wanted = bare(said)
    known = (name for name, row in rows.items() if wanted in in_all_languages(row[0].label))
    return next(known, None)


def _no_row(said: str, rows: dict[str, WhatRow]) -> Message:
    if not said:
        return message("is empty: write here what the words beside it are")
    near = nearest(said, [row[0].label for row in rows.values()])
    if near is not None:
        return message(
            "«%(said)s» is not known: perhaps «%(near)s» was meant", said=said, near=near
        )
    return message("«%(said)s» is nothing that a rubric says: delete the row", said=said)


def _no_dimension(said: str) -> Message:
    if not said:
        return message("is empty: write the dimension to which the behaviour belongs")
    return message(
        "there is no dimension «%(said)s», or several: write the name or the code of one of the "
        "sheet «%(sheet)s»",
        said=said,
        sheet=NAMES[Sheet.DIMENSIONS],
    )
