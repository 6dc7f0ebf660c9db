"""The rubric language: frozen types for everything a pauta says, and its content hash.

Pure: a mapping in, a `Rubric` or the list of all its problems out. The file that people write is
described in `docs/rubrics.md`; `loader` reads it and says what is wrong with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict

LONGEST_TEXT = 4_000
MOST_DOMAINS = 20
MOST_DIMENSIONS = 80
MOST_BEHAVIOURS = 20
MOST_QUESTIONS = 6
MOST_ANSWERS = 6
MOST_SCALES = 20
LEAST_EDUCATORS = 5  # a rubric may ask for more, never for fewer
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Version = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){1,2}$")]
Sentence = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
]
BandName = Literal["low", "mid", "high"]
MarkRule = Literal["allowed", "note_required", "forbidden"]
Language = Literal["es", "en"]
PlaybackPolicy = Literal["straight_through", "pause_allowed", "free"]
YES: Final = "true"  # a file is read as words: a switch is on by this one
_SWITCH: Final = {YES: True, "false": False}
Switch = Annotated[
    bool,
    Strict(),
    BeforeValidator(lambda said: _SWITCH.get(said, said) if isinstance(said, str) else said),
]


class _Frozen(BaseModel):
    # The sentence below a field is what an editor shows of it: see `json_schema`.
    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True
    )


class Text(_Frozen):
    """The same words in the rubric's languages: in Spanish always, in English where it has them."""

    es: Sentence
    en: Sentence | None = None

    def in_language(self, locale: str) -> str:
        """Return the words in the language of `locale`; in Spanish where there are no others."""
        return self.en if locale.startswith("en") and self.en is not None else self.es


class Band(_Frozen):
    """A range of a scale, both ends included."""

    low: int
    high: int


class Bands(_Frozen):
    """The low, mid and high range of a scale."""

    low: Band
    mid: Band
    high: Band


class Scale(_Frozen):
    """Whole numbers from `min` to `max`, with words for some or all of them."""

    min: Annotated[int, Field(ge=0, le=10)]
    max: Annotated[int, Field(ge=1, le=10)]
    labels: dict[int, Text] = {}
    """Words for some or all of the numbers."""
    letters: dict[int, Text] = {}
    """What stands on the button instead of the number."""
    bands: Bands
    """Three ranges: no gap, no overlap, from the lowest number to the highest."""

    def values(self) -> range:
        """Return every number that can be given, from the lowest to the highest."""
        return range(self.min, self.max + 1)

    def band_of(self, value: int) -> BandName:
        """Return the range in which `value`, a number of this scale, lies."""
        if value <= self.bands.low.high:
            return "low"
        return "mid" if value <= self.bands.mid.high else "high"


class Domain(_Frozen):
    """A group of dimensions whose means are averaged."""

    id: Slug
    title: Text
    description: Text | None = None


class Descriptors(_Frozen):
    """What the low, mid and high range look and sound like."""

    low: Text
    mid: Text
    high: Text


class Wording(_Frozen):
    """Phrases and questions that the rubric offers for the feedback on a dimension."""

    strength: tuple[Text, ...] = ()
    priority: tuple[Text, ...] = ()
    questions: tuple[Text, ...] = ()


class Behaviour(_Frozen):
    """What is looked for under a dimension, with a row of its own; it enters no mean."""

    id: Slug
    title: Text
    description: Text | None = None
    scale: Slug
    """A scale of this file, such as 1–3 with the letters B, M, A."""
    not_observed: MarkRule = "forbidden"
    """May N/O be given?"""
    not_applicable: MarkRule = "forbidden"
    """May N/A be given?"""
    descriptors: Descriptors | None = None
    examples: tuple[Text, ...] = ()


class Dimension(_Frozen):
    """One row of the pauta: scored as a whole in every cycle.

    Only in a rubric of names alone may it lack description and descriptors: see `checks`.
    """

    id: Slug
    code: Annotated[str, Field(min_length=1, max_length=6, pattern=r"^\S*$")]
    """For narrow places; each dimension has its own."""
    title: Text
    domain: Slug | None
    """The id of its domain; null: it is in none."""
    scale: Slug = "main"
    """The name of its scale."""
    polarity: Literal["positive", "negative"] = "positive"
    """Negative: a low score is the favourable one."""
    not_observed: MarkRule = "allowed"
    """May N/O be given?"""
    not_applicable: MarkRule = "forbidden"
    """May N/A be given?"""
    description: Text | None = None
    """What is looked at; only a rubric of names_only may leave it out."""
    indicators: tuple[Text, ...] = ()
    """Things that are seen or heard."""
    descriptors: Descriptors | None = None
    """What each range looks and sounds like: how often, how deep, how many; only a rubric of
    names_only may leave it out.
    """
    examples: tuple[Text, ...] = ()
    behaviours: Annotated[tuple[Behaviour, ...], Field(max_length=MOST_BEHAVIOURS)] = ()
    """What is looked for under it; rows of their own that enter no mean."""
    feedback: Wording = Wording()
    """Offered to the observer, who edits it."""


@dataclass(frozen=True)
class Row:
    """A row of the sheet: a dimension, or one of its behaviours; `id` names its cell.

    The cell of a behaviour is `<dimension>.<behaviour>`.
    """

    id: str
    dimension: Dimension
    behaviour: Behaviour | None = None

    @property
    def of(self) -> Dimension | Behaviour:
        """What is scored in it: its title, its scale, and which marks it allows."""
        return self.behaviour or self.dimension


class Answer(_Frozen):
    """One of the answers to a question of a snapshot."""

    id: Slug
    title: Text


class Question(_Frozen):
    """A question of a snapshot, asked always or only after one answer to an earlier question."""

    id: Slug
    title: Text
    answers: Annotated[tuple[Answer, ...], Field(min_length=2, max_length=MOST_ANSWERS)]
    only_after: tuple[Slug, Slug] | None = None
    """An earlier question and one of its answers: asked only after that answer."""


class Snapshots(_Frozen):
    """Moments of a cycle at which the class is looked at for `look_ms` and questions are asked."""

    at_ms: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1, max_length=20)]
    """When in each cycle, in thousandths of a second."""
    look_ms: Annotated[int, Field(ge=1_000, le=60_000)] = 10_000
    """For how long, in thousandths of a second."""
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=MOST_QUESTIONS)]


class Protocol(_Frozen):
    """How a lesson is observed: cycles, their length, and what the player allows."""

    unit: Text | None = None
    """What one score speaks of, such as «the whole class, in one cycle»."""
    cycles: Annotated[int, Field(ge=1, le=40)]
    """How many cycles a lesson usually has."""
    cycle_ms: Annotated[int, Field(ge=1_000)]
    """Their length in thousandths of a second."""
    minimum_codable_ms: Annotated[int, Field(ge=1_000)]
    """A shorter cycle is taken with a warning; not more than cycle_ms."""
    order: Literal["as_filmed", "random"] = "as_filmed"
    """In which order a colleague gets the cycles."""
    playback_policy: PlaybackPolicy = "free"
    """straight_through: each cycle at once, at 1×, and once; pause_allowed: at 1×, nothing twice
    before the whole cycle was seen; free.
    """
    snapshots: Snapshots | None = None
    """Moments of each cycle at which the class is looked at, and what is asked then."""
    instructions: Text | None = None
    """How to decide between neighbouring scores, and when N/O is meant."""


class Reports(_Frozen):
    """What reports may show of it: no mean of fewer educators than this."""

    minimum_educators: Annotated[int, Field(ge=LEAST_EDUCATORS, le=100)] = LEAST_EDUCATORS
    """How many educators a mean needs before it is shown."""


class Rubric(_Frozen):
    """A whole pauta in one version."""

    schema_version: Annotated[int, Field(ge=1, le=1)]
    """The version of this file format; always 1."""
    id: Slug
    version: Version
    """Numbers with dots; 1.10 comes after 1.9."""
    title: Text
    summary: Text
    """What it looks at and for whom."""
    source: Text
    """Where the text comes from."""
    licence: Sentence
    credit: Text | None = None
    """A line of credit that the licence asks for."""
    disclaimers: tuple[Text, ...] = ()
    """Sentences that must be shown with it."""
    notes: Text | None = None
    """What is new in this version, and whom it is owed to."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("es", "en")
    """The languages in which every text is given; Spanish always."""
    names_only: Switch = False
    """The words of the dimensions are in a licensed manual that is not here."""
    reports: Reports = Reports()
    aggregation: Literal["mean_of_means", "holistic"] = "mean_of_means"
    """holistic: domains have no mean at all."""
    protocol: Protocol
    scales: Annotated[dict[Slug, Scale], Field(min_length=1, max_length=MOST_SCALES)]
    """By name; «main» is the scale of every dimension that names no other."""
    domains: Annotated[tuple[Domain, ...], Field(max_length=MOST_DOMAINS)]
    """May be empty: []."""
    dimensions: Annotated[tuple[Dimension, ...], Field(min_length=1, max_length=MOST_DIMENSIONS)]

    def has_dimension(self, dimension_id: str) -> bool:
        """Tell whether this pauta has a dimension of that id."""
        return any(dimension.id == dimension_id for dimension in self.dimensions)

    def dimension(self, dimension_id: str) -> Dimension:
        """Return the dimension of that id. Raises KeyError when there is none."""
        for dimension in self.dimensions:
            if dimension.id == dimension_id:
                return dimension
        raise KeyError(dimension_id)

    def scale_of(self, scored: Dimension | Behaviour) -> Scale:
        """Return the scale on which a dimension or a behaviour is scored."""
        return self.scales[scored.scale]

    def rows_of(self, dimension: Dimension) -> tuple[Row, ...]:
        """Return the rows of a dimension: its behaviours, then itself as the judgement of all."""
        under = (Row(f"{dimension.id}.{each.id}", dimension, each) for each in dimension.behaviours)
        return (*under, Row(dimension.id, dimension))

    def rows(self) -> tuple[Row, ...]:
        """Return every row of the sheet, in the order in which it is scored."""
        return tuple(
            row for _domain, dimensions in self.groups() for row in self.rows_in(dimensions)
        )

    def rows_in(self, dimensions: Iterable[Dimension]) -> tuple[Row, ...]:
        """Return the rows of these dimensions, in order."""
        return tuple(row for dimension in dimensions for row in self.rows_of(dimension))

    def row(self, row_id: str) -> Row | None:
        """Return the row whose cell is named so, or None."""
        return next((row for row in self.rows() if row.id == row_id), None)

    def domain(self, domain_id: str) -> Domain:
        """Return the domain of that id. Raises KeyError when there is none."""
        for domain in self.domains:
            if domain.id == domain_id:
                return domain
        raise KeyError(domain_id)

    def dimensions_in(self, domain_id: str | None) -> tuple[Dimension, ...]:
        """Return the dimensions of a domain (None: those outside every domain), in file order."""
        return tuple(dimension for dimension in self.dimensions if dimension.domain == domain_id)

    def groups(self) -> tuple[tuple[Domain | None, tuple[Dimension, ...]], ...]:
        """Return the domains in order with their dimensions, last (None) those outside any."""
        inside = [(domain, self.dimensions_in(domain.id)) for domain in self.domains]
        outside = self.dimensions_in(None)
        return (*inside, (None, outside)) if outside else tuple(inside)


def canonical(rubric: Rubric) -> str:
    """Return the one JSON text of what the file of `rubric` says.

    Only what was said is in it, never a default: a field that a later program adds with a default
    changes neither this text nor the hash of any older rubric.
    """
    said = rubric.model_dump(mode="json", exclude_unset=True)
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def content_hash(rubric: Rubric) -> str:
    """Return the sha256 (hexadecimal) of the canonical text: what an observation freezes."""
    return hash_of(canonical(rubric))


def hash_of(document: str) -> str:
    """Return the sha256 (hexadecimal) of a canonical text."""
    return hashlib.sha256(document.encode()).hexdigest()


def from_canonical(document: str) -> Rubric:
    """Return the rubric whose canonical text is `document`."""
    return Rubric.model_validate_json(document)
