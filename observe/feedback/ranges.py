"""The ranges of a pauta's scales in its own words: what a number looks and sounds like. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from observe.errors import BadInputError
from observe.rubric.schema import BandName, Rubric
from observe.text import Message, Spoken, message

# Of a rubric of names alone: where on the scale, and no word that praises or blames.
_BY_NUMBERS: Final[dict[BandName, Message]] = {
    "low": message("The first numbers of the scale."),
    "mid": message("The numbers in the middle of the scale."),
    "high": message("The last numbers of the scale."),
}


@dataclass(frozen=True)
class Range:
    """A range of a dimension's scale: its numbers, and what it looks and sounds like."""

    name: BandName
    values: tuple[int, ...]
    words: str


def ranges_of(rubric: Rubric, dimension_id: str, locale: str) -> tuple[Range, ...]:
    """Return the low, mid and high range of a dimension. Raises KeyError for an unknown one.

    A rubric of names alone has no words for them but where they lie on the scale.
    """
    dimension = rubric.dimension(dimension_id)
    scale, told = rubric.scale_of(dimension), dimension.descriptors
    names: tuple[BandName, ...] = ("low", "mid", "high")
    words: dict[BandName, Spoken] = {
        name: getattr(told, name) if told is not None else _BY_NUMBERS[name] for name in names
    }
    return tuple(
        Range(
            name,
            tuple(value for value in scale.values() if scale.band_of(value) == name),
            text.in_language(locale),
        )
        for name, text in words.items()
    )


def words_for(rubric: Rubric, dimension_id: str, value: float, locale: str) -> str:
    """Return the pauta's words for the range of `value`; between two numbers the nearer counts.

    A half goes up, as one learns at school: 2.5 is read as 3.
    """
    whole = int(value + 0.5)
    found = next(each for each in ranges_of(rubric, dimension_id, locale) if whole in each.values)
    return found.words


def check_scores(rubric: Rubric, scores: Mapping[str, int]) -> None:
    """Return when each is a number of its dimension's scale; raises BadInputError otherwise."""
    for dimension_id, value in scores.items():
        if not rubric.has_dimension(dimension_id):
            raise BadInputError(message("This dimension is not in the rubric."), field=dimension_id)
        if value not in rubric.scale_of(rubric.dimension(dimension_id)).values():
            raise BadInputError(
                message("Choose one of the numbers of the rubric."), field=dimension_id
            )
