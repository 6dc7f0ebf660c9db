"""What stands in a cell, made of what a field says, and the other way round. Pure."""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import Final

from observe.rubric import content as contents
from observe.rubric import fields
from observe.rubric.content import Group
from observe.rubric.fields import MINUTE_MS, Field, Form
from observe.rubric.naming import Listed
from observe.rubric.spreadsheet.columns import LINE_BREAK, bare, in_all_languages
from observe.rubric.yamltext import Content
from observe.text import Message, Spoken, message

LONGEST_CELL: Final = 32_767  # characters: what Excel takes
MOST_MINUTES: Final = 1_000_000


class Odd(enum.Enum):
    """What a spreadsheet makes of something that was meant as words."""

    DATE = "date"
    BOOLEAN = "boolean"
    FORMULA = "formula"
    ERROR = "error"


Number = int | float
Cell = str | Number | Odd | None  # as it is read
Written = str | Number | Spoken | None  # as it is to be written; what is spoken, in one language

ODDITIES: Final = {
    Odd.DATE: message(
        "holds a date: give the cell the format Text, and type again what belongs here"
    ),
    Odd.BOOLEAN: message(
        "holds TRUE or FALSE: give the cell the format Text, and type again what belongs here"
    ),
    Odd.FORMULA: message(
        "holds a formula: copy the cell and paste it as a value, or begin the text with another "
        "sign than ="
    ),
    Odd.ERROR: message(
        "holds an error of the spreadsheet, such as #NAME?: give the cell the format Text, and "
        "type again what belongs here"
    ),
}


# --- to a cell ------------------------------------------------------------------------------------


def shown(thing: Group, field: Field) -> Written:
    """Return what stands in the cell of a field; None: nothing is said, or nothing that fits."""
    if field.form is Form.LINES:
        return _fitting(_lines(contents.inside(thing, field.path[:-1]), field.language))
    said = contents.inside(thing, field.path)
    if field.form is Form.LANGUAGES and isinstance(said, list):
        said = " ".join(str(each) for each in said)
    if not isinstance(said, str):
        return None
    if field.choices:
        return dict(field.choices).get(said, said)
    number = _number(said, field.form)
    return _fitting(said) if number is None else number


def _lines(entries: Content, language: str) -> str:
    listed = entries if isinstance(entries, list) else []
    said = (each.get(language) if isinstance(each, dict) else None for each in listed)
    lines = (each.replace("\n", LINE_BREAK) if isinstance(each, str) else "" for each in said)
    return "\n".join(lines).rstrip("\n")


def _fitting(words: str) -> str | None:
    return words if 0 < len(words) <= LONGEST_CELL else None


def _number(said: str, form: Form) -> Number | None:
    """Return a number that is read as just this; None: it is none, or not of a number's field."""
    if not fields.is_number(said) or said != str(int(said)):
        return None
    if form is Form.MINUTES:
        minutes = int(said) / MINUTE_MS
        return int(minutes) if minutes.is_integer() else minutes
    return int(said) if form is Form.NUMBER else None


# --- from a cell ----------------------------------------------------------------------------------


def words_of(cell: str | Number) -> str:
    """Return a cell as words: 1, 1.0 and «1» are the same.

    >>> words_of(1.0), words_of(7.5), words_of(" Escucha ")
    ('1', '7.5', 'Escucha')
    """
    if isinstance(cell, str):
        return _composed(cell).strip()
    return str(int(cell)) if float(cell).is_integer() else repr(cell)


def _composed(words: str) -> str:
    return unicodedata.normalize("NFC", words.replace("\r\n", "\n").replace("\r", "\n"))


def read(cell: str | Number, field: Field) -> str | Message:
    """Return what a field says that stands so in a cell; a message: that it cannot be used."""
    if field.form is Form.LINES and isinstance(cell, str):
        return _composed(cell).rstrip()  # a first line that is empty is an entry too
    words = words_of(cell)
    if field.choices:
        return _chosen(words, field)
    if field.form is Form.MINUTES:
        return _milliseconds(cell, words)
    if field.form is Form.NUMBER:
        return re.sub(r"(?<=\d)[.,]0+$", "", words)
    if field.path == ("version",) and not isinstance(cell, str) and words.isdecimal():
        return f"{words}.0"
    return words


def _chosen(words: str, field: Field) -> str | Message:
    for value, word in field.choices:
        if words == value or bare(words) in in_all_languages(word):
            return value
    known = Listed(tuple(word for _value, word in field.choices))
    return message("«%(said)s» is none of these: %(known)s", said=words, known=known)


def _milliseconds(cell: str | Number, words: str) -> str:
    if isinstance(cell, str):
        return fields.milliseconds(words)
    return str(round(cell * MINUTE_MS)) if abs(cell) < MOST_MINUTES else words


def lines_of(words: str) -> list[str]:
    r"""Return the entries of a list: a line each; one that is empty has no words in this language.

    >>> lines_of("Escucha⏎y espera\n\n Pregunta")
    ['Escucha\ny espera', '', 'Pregunta']
    """
    return [line.strip().replace(LINE_BREAK, "\n") for line in words.split("\n")]
