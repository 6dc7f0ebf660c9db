"""What people call the things of a rubric, its fields and what they may say. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from observe.rubric.schema import Answer, Behaviour, Dimension, Domain, Question, Text
from observe.text import Message, Spoken, message

Words = Spoken | str
Thing = Domain | Dimension | Behaviour | Question | Answer


@dataclass(frozen=True)
class Listed:
    """Several words in one line."""

    words: tuple[Words, ...]

    def in_language(self, locale: str) -> str:
        """Return the words in `locale`, with commas."""
        return ", ".join(
            each if isinstance(each, str) else each.in_language(locale) for each in self.words
        )


WHOLE: Final = message("The whole rubric")
PARTS: Final[Mapping[str, Message]] = {
    "title": message("Name"),
    "summary": message("Summary"),
    "source": message("Where the text comes from"),
    "licence": message("Licence"),
    "credit": message("Credit"),
    "disclaimers": message("Disclaimer"),
    "languages": message("Languages"),
    "names_only": message("Words of the dimensions"),
    "minimum_educators": message("Fewest educators in a mean of a report"),
    "aggregation": message("Result of a domain"),
    "unit": message("What one score speaks of"),
    "cycles": message("Cycles in a lesson"),
    "cycle_ms": message("Length of a cycle"),
    "minimum_codable_ms": message("Length below which a cycle is short"),
    "order": message("Order of the cycles for a colleague"),
    "playback_policy": message("How the video may be played"),
    "snapshots": message("Look at the class at fixed moments"),
    "at_ms": message("Moments of a look at the class"),
    "look_ms": message("Length of a look at the class"),
    "only_after": message("When it is asked"),
    "instructions": message("Instructions"),
    "min": message("Lowest score"),
    "max": message("Highest score"),
    "labels": message("Words"),
    "letters": message("Letter"),
    "bands": message("Ranges"),
    "scale": message("Scale"),
    "code": message("Code"),
    "polarity": message("Favourable score"),
    "not_observed": message("N/O"),
    "not_applicable": message("N/A"),
    "description": message("Description"),
    "indicators": message("Indicator"),
    "descriptors": message("Description of the ranges"),
    "low": message("Low range"),
    "mid": message("Mid range"),
    "high": message("High range"),
    "examples": message("Example"),
    "strength": message("Phrase for a strength"),
    "priority": message("Phrase for a priority"),
    "questions": message("Question to think about"),
}
CHOICES: Final[Mapping[str, Message]] = {
    "es": message("Spanish"),
    "en": message("English"),
    "false": message("written here"),
    "true": message("in a licensed manual that is not here"),
    "mean_of_means": message("the mean of its dimensions"),
    "holistic": message("none"),
    "as_filmed": message("as filmed"),
    "random": message("drawn by lot"),
    "straight_through": message("each cycle at once, and once"),
    "pause_allowed": message("with pauses"),
    "free": message("freely"),
    "positive": message("a high one"),
    "negative": message("a low one"),
    "allowed": message("allowed"),
    "note_required": message("allowed with a note"),
    "forbidden": message("not allowed"),
}


_ANY_WORD: Final = frozenset({"code", "licence"})  # what is written there is no choice


def value_of(name: str, value: object) -> Words:
    """Return what a field without words of its own says, for people."""
    if isinstance(value, tuple):
        return Listed(tuple(value_of(name, each) for each in value))
    if isinstance(value, int) and name.endswith("_ms"):
        return _length(value)
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return written if name in _ANY_WORD else CHOICES.get(written, written)


def _length(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    parts = [f"{minutes} min"] if minutes else []
    parts += [f"{rest / 1000:g} s"] if rest or not minutes else []
    return " ".join(parts)


def called(thing: Thing, around: Text | None) -> Message:
    """Return what a thing is called, `around` being the title of the thing that it is in."""
    if isinstance(thing, Domain):
        return message("Domain «%(title)s»", title=thing.title)
    if isinstance(thing, Dimension):
        return message("Dimension «%(title)s»", title=thing.title)
    if isinstance(thing, Question):
        return message("Question «%(title)s»", title=thing.title)
    if isinstance(thing, Answer):
        return message("Answer «%(title)s» to «%(asked)s»", title=thing.title, asked=around)
    return message("Behaviour «%(title)s» of «%(of)s»", title=thing.title, of=around)
