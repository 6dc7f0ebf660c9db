"""The sheets of a workbook and their columns. Pure.

The words of sheets, columns and choices are what a file is read by, in either language: people
keep files for years. Add words; where one must change, go on reading the old one.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterator
from typing import Final

from observe.rubric import fields
from observe.rubric.fields import Field, Form
from observe.rubric.naming import PARTS
from observe.text import LOCALES, Message, Spoken, message, plain

LINE_BREAK: Final = "⏎"  # where an entry of a list, one a line, has a line break of its own
Word = Spoken | str


class Sheet(enum.StrEnum):
    """What a sheet holds."""

    RUBRIC = "rubric"
    DIMENSIONS = "dimensions"
    BEHAVIOURS = "behaviours"
    DOMAINS = "domains"
    SCALES = "scales"
    REST = "rest"
    CHOICES = "choices"  # hidden: what the cells of the others offer


NAMES: Final = {
    Sheet.RUBRIC: message("Rubric"),
    Sheet.DIMENSIONS: message("Dimensions"),
    Sheet.BEHAVIOURS: message("Behaviours"),
    Sheet.DOMAINS: message("Domains"),
    Sheet.SCALES: message("Scales"),
    Sheet.REST: message("Other data"),
    Sheet.CHOICES: message("Choices"),
}

ID: Final = Field(("id",), message("Identifier"))
# --- the sheet on which each row is one field -----------------------------------------------------

WHAT: Final = Field(("what",), message("What"))
SAYS: Final = Field(("es",), message("What it says"), Form.WORDS)
IN_ENGLISH: Final = Field(("en",), message("In English"), Form.WORDS)
RUBRIC_COLUMNS: Final = (WHAT, SAYS, IN_ENGLISH)
WhatRow = tuple[Field, ...]  # the Spanish words and the English ones, or a field without language


def rubric_rows() -> dict[str, WhatRow]:
    """Return what each row of the first sheet says, by the place of it."""
    known = [*fields.opening(), *fields.protocol(), *fields.origin(), ID]
    rows: dict[str, WhatRow] = {}
    for each in known:
        place = each.path[:-1] if each.language else each.path
        rows[".".join(place)] = (*rows.get(".".join(place), ()), each)
    return rows


# --- the sheets on which each row is a thing ------------------------------------------------------


def _texts(*path: str, label: Message, form: Form = Form.WORDS) -> tuple[Field, ...]:
    return tuple(Field((*path, language), label, form) for language in fields.LANGUAGES)


def _spanish_first(*texts: tuple[Field, ...], rules: tuple[Field, ...] = ()) -> tuple[Field, ...]:
    """Return Spanish words, rules and English words: most people fill in nothing behind the rules.

    The identifier is last: nobody has to fill it in.
    """
    spanish, english = zip(*texts, strict=True)
    return (*spanish, *rules, *english, ID)


_BANDS: Final = (("low", message("Low")), ("mid", message("Mid")), ("high", message("High")))
_DOMAIN: Final = message("Domain")
_DIMENSION: Final = message("Dimension")
_SCALE: Final = PARTS["scale"]
_EXAMPLES: Final = message("Examples")
CODE: Final = Field(("code",), PARTS["code"])
DOMAIN: Final = Field(("domain",), _DOMAIN, Form.DOMAIN)
SCALE: Final = Field(("scale",), _SCALE)
OF_DIMENSION: Final = Field(("dimension",), _DIMENSION)


def _ranges() -> tuple[tuple[Field, ...], ...]:
    return tuple(_texts("descriptors", band, label=label) for band, label in _BANDS)


def _marks() -> tuple[Field, ...]:
    names = ("not_observed", "not_applicable")
    return tuple(fields.choice((name,), fields.MARKS) for name in names)


DOMAIN_COLUMNS: Final = _spanish_first(
    _texts("title", label=_DOMAIN, form=Form.LINE),
    _texts("description", label=PARTS["description"]),
)
DIMENSION_COLUMNS: Final = (
    CODE,
    DOMAIN,
    *_spanish_first(
        _texts("title", label=_DIMENSION, form=Form.LINE),
        _texts("description", label=message("What is looked at")),
        *_ranges(),
        _texts("indicators", label=message("Look for"), form=Form.LINES),
        _texts("examples", label=_EXAMPLES, form=Form.LINES),
        _texts("feedback", "strength", label=message("Phrases for a strength"), form=Form.LINES),
        _texts("feedback", "priority", label=message("Phrases for a priority"), form=Form.LINES),
        _texts("feedback", "questions", label=message("Questions to think about"), form=Form.LINES),
        rules=(SCALE, fields.choice(("polarity",), ("positive", "negative")), *_marks()),
    ),
)
BEHAVIOUR_COLUMNS: Final = (
    OF_DIMENSION,
    *_spanish_first(
        _texts("title", label=message("Behaviour"), form=Form.LINE),
        _texts("description", label=message("What is looked at")),
        *_ranges(),
        _texts("examples", label=_EXAMPLES, form=Form.LINES),
        rules=(SCALE, *_marks()),
    ),
)
BANDS: Final = tuple(name for name, _label in _BANDS)
NUMBER: Final = Field(("number",), message("Number"), Form.NUMBER)
BAND: Final = Field(
    ("band",),
    message("Range"),
    Form.CHOICE,
    _BANDS,
)
LABELS: Final = _texts("labels", label=PARTS["labels"])
LETTERS: Final = _texts("letters", label=PARTS["letters"], form=Form.LINE)
SCALE_COLUMNS: Final = (SCALE, NUMBER, BAND, LABELS[0], LETTERS[0], LABELS[1], LETTERS[1])
PLACE: Final = Field(("place",), message("Field"))
VALUE: Final = Field(("value",), message("Value"), Form.WORDS)

COLUMNS: Final[dict[Sheet, tuple[Field, ...]]] = {
    Sheet.RUBRIC: RUBRIC_COLUMNS,
    Sheet.DIMENSIONS: DIMENSION_COLUMNS,
    Sheet.BEHAVIOURS: BEHAVIOUR_COLUMNS,
    Sheet.DOMAINS: DOMAIN_COLUMNS,
    Sheet.SCALES: SCALE_COLUMNS,
    Sheet.REST: (PLACE, VALUE),
}


def heading(column: Field) -> Message:
    """Return what stands above a column."""
    if column.language == "en" and column is not IN_ENGLISH:
        return message("%(field)s (English)", field=column.label)
    return column.label


# --- how a word is found again --------------------------------------------------------------------


def bare(word: str) -> str:
    """Return a word as it is compared: without accents, capitals, marks at its end and blanks.

    >>> bare("  Qué se MIRA: ")
    'que se mira'
    """
    return " ".join(plain(unicodedata.normalize("NFC", word)).split()).rstrip(" :*.")


def in_all_languages(word: Word) -> Iterator[str]:
    """Yield a word as it may stand in a file, whichever language that was written in."""
    if isinstance(word, str):
        yield bare(word)
    else:
        yield from dict.fromkeys(bare(word.in_language(locale)) for locale in LOCALES)
