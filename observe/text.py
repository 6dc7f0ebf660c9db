"""Words for people: messages, their catalogues, Spanish (es-CL) first and English second.

Source strings are English. The Spanish ones live in `translations/es/*.po`, one file a room, read
as they are: there is no compiled file that could be out of date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from babel.messages.pofile import read_po
from babel.support import Translations

CATALOGUES = Path(__file__).parent / "translations"
LOCALES = ("es_CL", "en")
DEFAULT_LOCALE = "es_CL"


@runtime_checkable
class Spoken(Protocol):
    """Anything that has its words in each language, such as a message or a rubric's text."""

    def in_language(self, locale: str) -> str:
        """Return the words in `locale`."""


@dataclass(frozen=True)
class Message:
    """A sentence for a person: English source with `%(name)s` places, and what goes into them."""

    source: str
    values: Mapping[str, object] = field(default_factory=dict)

    def in_language(self, locale: str = DEFAULT_LOCALE) -> str:
        """Return the sentence in `locale`, with its values filled in."""
        values = {name: _spoken(value, locale) for name, value in self.values.items()}
        sentence = translations(locale).gettext(self.source)
        return sentence % values if values else sentence.replace("%%", "%")

    def __str__(self) -> str:
        return self.in_language("en")


def message(source: str, **values: object) -> Message:
    """Return the message `source`; the extractor collects `source` from each call of this name."""
    return Message(source, values)


def _spoken(value: object, locale: str) -> object:
    return value.in_language(locale) if isinstance(value, Spoken) else value


@cache
def translations(locale: str) -> NullTranslations:
    """Return the catalogue of `locale`'s language; English is the source and needs none."""
    language = locale.split("_")[0]
    paths = sorted((CATALOGUES / language).glob("*.po"))
    if not paths:
        return NullTranslations()
    return _Sentences(dict(_told(paths, language)))


class _Sentences(Translations):
    """Sentences by their source. They are not compiled: that took longer than reading them."""

    def __init__(self, told: Mapping[str, str]) -> None:
        super().__init__()
        self._told = told

    def gettext(self, message: str) -> str:
        """Return the sentence; one that is in no catalogue is its own source."""
        return self._told.get(message, message)

    ugettext = gettext


def _told(paths: list[Path], language: str) -> Iterator[tuple[str, str]]:
    for path in paths:
        with path.open("rb") as file:
            for entry in read_po(file, locale=language):
                if entry.id and entry.string and not entry.fuzzy:
                    yield str(entry.id), str(entry.string)


# --- words ---------------------------------------------------------------------------------------

WORD: Final = re.compile(r"[^\W\d_]+")


def plain(word: str) -> str:
    """Return a word as it is compared.

    >>> plain("Sofía") == plain("SOFIA")
    True
    """
    parts = unicodedata.normalize("NFD", word)
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()


def named(text: str, names: frozenset[str]) -> tuple[str, ...]:
    """Return the words of `text` that begin with a capital and are among `names`, once each.

    >>> named("Sofía ayuda a Tomás; sofia", frozenset({"sofia"}))
    ('Sofía',)
    """
    words = (word for word in WORD.findall(text) if word[0].isupper() and plain(word) in names)
    return tuple(dict.fromkeys(words))
