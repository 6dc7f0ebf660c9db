"""Which dimensions could be the strength and the priority, and why; the observer decides. Pure.

The lowest raw score would be nearly the same dimension for everyone, because some dimensions run
low everywhere. So each dimension is compared with a reference: the cohort's mean of it, or, without
a cohort, the mean of the educator's own other dimensions. `docs/suggestion.md` has the formulas.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from babel.numbers import format_decimal

from observe.profile import DimensionResult, Profile, favourable, from_favourable
from observe.rubric.schema import Dimension, Rubric, Scale
from observe.text import Message, message

Basis = Literal["cohort", "profile", "none"]
_DIGITS: Final = 9  # differences below this are the rounding of the computer, not of the classroom


@dataclass(frozen=True)
class Candidate:
    """A dimension that could be chosen.

    `mean`, `se` and `reference` are on the dimension's own scale; `se` is of the cycles and, where
    others scored the lesson too, of the observers. `distance` is how much more (+)
    or less (−) favourable the mean is than the reference, as a share of the scale (−1 to 1);
    `distance_in_se` the same in standard errors of the mean. What cannot be computed is None.
    """

    dimension: str
    mean: float
    reference: float | None
    se: float | None
    distance: float | None
    distance_in_se: float | None
    evidence: int
    reason: Message
    remarks: tuple[Message, ...]  # what lifted it, and what else the observer should know


@dataclass(frozen=True)
class Known:
    """What is known beside the lesson itself; each part may be missing.

    `cohort` holds the mean of each dimension over educators, `observers` the means that other
    observers gave this lesson, both on the dimension's own scale. The network works on `focus`, the
    educator asked for `wish`, and `previous` was her priority before this lesson: dimensions.
    """

    cohort: Mapping[str, float] | None = None
    observers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    focus: Collection[str] = ()
    wish: str | None = None
    previous: str | None = None


NOTHING: Final = Known()


@dataclass(frozen=True)
class LeftOut:
    """A dimension that is not proposed, and why."""

    dimension: str
    reason: Message


@dataclass(frozen=True)
class Tie:
    """Whether the first two candidates are too close to be told apart: the observer chooses."""

    strength: bool
    priority: bool


@dataclass(frozen=True)
class Suggestion:
    """Candidates, the most fitting first; what they were compared with; what was left out."""

    strength: tuple[Candidate, ...]
    priority: tuple[Candidate, ...]
    tie: Tie
    basis: Basis
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class _Place:
    """A scored dimension on the common scale 0–1; `level` is what candidates are ranked by."""

    dimension: Dimension
    scale: Scale
    mean: float
    own_se: float | None  # in points of the dimension's own scale
    observers: int
    share: float
    reference: float | None
    level: float

    @property
    def se(self) -> float | None:
        """The standard error as a share of the scale."""
        return None if self.own_se is None else self.own_se * self.step

    @property
    def step(self) -> float:
        """One point of the scale, as a share of it."""
        return 1 / (self.scale.max - self.scale.min)

    @property
    def distance(self) -> float | None:
        """How much more favourable than the reference, as a share of the scale."""
        return None if self.reference is None else round(self.share - self.reference, _DIGITS)


@dataclass(frozen=True)
class _Figure:
    """A number with at most two decimals, as it is written in each language."""

    value: float

    def in_language(self, locale: str) -> str:
        return format_decimal(self.value, format="0.0#", locale=locale)


def suggest(
    profile: Profile,
    rubric: Rubric,
    evidence: Mapping[str, int],
    known: Known = NOTHING,
) -> Suggestion:
    """Return the candidates for strength and priority with their reasons.

    `evidence` counts the notes of each dimension; one without a note, or without a score, is not
    proposed. One above its reference is never a priority, one below never a strength, so either
    list may be empty. Unless the cohort has all scored dimensions it is not used, because two kinds
    of reference cannot be ranked together. What the network works on and what the educator asked
    for pass those before them in the list of priorities from which they cannot be told apart.
    """
    shares = _shares(profile, rubric)
    basis = _basis(shares, known.cohort)
    references = _references(shares, rubric, known.cohort if basis == "cohort" else None)
    places = [
        _place(result, result.mean, rubric, references[result.dimension], basis, known)
        for result in profile.dimensions
        if result.mean is not None
    ]
    proposed = [place for place in places if evidence.get(place.dimension.id, 0) > 0]
    strength = _strongest_first(_not_below(proposed), evidence)
    ranked = _weakest_first(_not_above(proposed), evidence, strength[:1])
    if strength == ranked and basis != "none":  # alone and at its reference: not first in both
        ranked = []
    # What begins the strengths is not lifted, or it could begin the priorities too.
    lifted = {*known.focus, known.wish} - {place.dimension.id for place in strength[:1]}
    priority = _lifted(ranked, lifted)
    remarks = _Remarks(known, before=ranked, after=priority, strongest=strength[:1])
    return Suggestion(
        strength=tuple(
            _candidate(each, evidence, basis, remarks.of_strength(each)) for each in strength
        ),
        priority=tuple(
            _candidate(each, evidence, basis, remarks.of_priority(each)) for each in priority
        ),
        tie=Tie(_is_tie(strength), _is_tie(priority)),
        basis=basis,
        left_out=tuple(_left_out(profile, rubric, evidence)),
    )


def _shares(profile: Profile, rubric: Rubric) -> dict[str, float]:
    shares = {}
    for result in profile.dimensions:
        if result.mean is not None:
            row = rubric.dimension(result.dimension)
            shares[row.id] = favourable(result.mean, row, rubric.scale_of(row))
    return shares


def _basis(shares: Mapping[str, float], cohort: Mapping[str, float] | None) -> Basis:
    if cohort and shares.keys() <= cohort.keys():
        return "cohort"
    return "profile" if len(shares) > 1 else "none"


def _references(
    shares: Mapping[str, float], rubric: Rubric, cohort: Mapping[str, float] | None
) -> dict[str, float | None]:
    """Return what each dimension is compared with, as a share of the scale."""
    if cohort is None:
        return {name: mean_of_others(shares, name) for name in shares}
    rows = [rubric.dimension(name) for name in shares]
    return {row.id: favourable(cohort[row.id], row, rubric.scale_of(row)) for row in rows}


def mean_of_others(shares: Mapping[str, float], name: str) -> float | None:
    """Return the mean of all shares but that of `name`; None when there is no other.

    >>> mean_of_others({"a": 0.9, "b": 0.5, "c": 0.25}, "a")
    0.375
    >>> mean_of_others({"a": 0.9}, "a") is None
    True
    """
    others = [share for other, share in shares.items() if other != name]
    return statistics.fmean(others) if others else None


def _place(
    result: DimensionResult,
    mean: float,
    rubric: Rubric,
    reference: float | None,
    basis: Basis,
    known: Known,
) -> _Place:
    row = rubric.dimension(result.dimension)
    scale = rubric.scale_of(row)
    share = favourable(mean, row, scale)
    others = known.observers.get(row.id, ())
    # Against the others of the same profile the order by distance is the order by the share itself,
    # and gaps between shares are not inflated by the reference that moves with each dimension.
    level = share - reference if basis == "cohort" and reference is not None else share
    return _Place(
        dimension=row,
        scale=scale,
        mean=mean,
        own_se=with_observers(result.se, [mean, *others]),
        observers=1 + len(others),
        share=share,
        reference=reference,
        level=round(level, _DIGITS),
    )


def with_observers(of_cycles: float | None, means: Sequence[float]) -> float | None:
    """Return the standard error of the cycles and, with two observers or more, of the observers.

    √(se² + s²/k), s the standard deviation (n − 1) of the k observers' means of the lesson. Their
    own cycles vary within s already, so the sum is rather too large than too small.

    >>> with_observers(0.3, [4.0])
    0.3
    >>> round(with_observers(0.3, [4.0, 5.0]), 3)
    0.583
    >>> with_observers(None, [4.0, 5.0])
    0.5
    """
    if len(means) < 2:
        return of_cycles
    return math.hypot(of_cycles or 0.0, statistics.stdev(means) / math.sqrt(len(means)))


def _not_below(places: Iterable[_Place]) -> list[_Place]:
    """Return what may be a strength; without a reference everything may."""
    return [place for place in places if place.distance is None or place.distance >= 0]


def _not_above(places: Iterable[_Place]) -> list[_Place]:
    """Return what may be a priority; without a reference everything may."""
    return [place for place in places if place.distance is None or place.distance <= 0]


def _strongest_first(places: Iterable[_Place], evidence: Mapping[str, int]) -> list[_Place]:
    """Order by level, among equals by evidence, then as the rubric does (sorting is stable)."""
    return sorted(places, key=lambda place: (-place.level, -evidence[place.dimension.id]))


def _weakest_first(
    places: Iterable[_Place], evidence: Mapping[str, int], strongest: Sequence[_Place]
) -> list[_Place]:
    """Order as above from the other end; the strongest is last among equals.

    Strength and priority are two dimensions: only with a single candidate both lists begin alike.
    """
    return sorted(
        places,
        key=lambda place: (place.level, place in strongest, -evidence[place.dimension.id]),
    )


def _lifted(ranked: Sequence[_Place], lifted: Collection[str | None]) -> list[_Place]:
    """Let who is lifted pass those before it from whom it cannot be told apart."""
    order = list(ranked)
    for place in ranked:
        at = order.index(place)
        while at > 0 and place.dimension.id in lifted and _may_pass(order[at - 1], place, lifted):
            order[at - 1 : at + 1] = [place, order[at - 1]]
            at -= 1
    return order


def _may_pass(before: _Place, place: _Place, lifted: Collection[str | None]) -> bool:
    return before.dimension.id not in lifted and _is_tie((before, place))


def _is_tie(ranked: Sequence[_Place]) -> bool:
    """Tell whether the gap of the first two is within one standard error of that gap."""
    if len(ranked) < 2:
        return False
    first, second = ranked[:2]
    return round(abs(first.level - second.level), _DIGITS) <= round(_margin(first, second), _DIGITS)


def _margin(first: _Place, second: _Place) -> float:
    """Return the gap, as a share of the scale, up to which two candidates are a tie.

    √(se₁² + se₂²); where one is unknown (a single cycle), one point of the scale, which is what two
    trained observers may differ by.
    """
    if first.se is None or second.se is None:
        return max(first.step, second.step)
    return math.hypot(first.se, second.se)


@dataclass(frozen=True)
class _Remarks:
    """What is said of a candidate beside its numbers; `before` and `after` the lift."""

    known: Known
    before: Sequence[_Place]
    after: Sequence[_Place]
    strongest: Sequence[_Place]

    def of_strength(self, place: _Place) -> Iterator[Message]:
        if place.dimension.id == self.known.previous:
            yield message("It was her priority before this lesson.")
        if place.dimension.id in self.known.focus:
            yield message("The network works on it.")

    def of_priority(self, place: _Place) -> Iterator[Message]:
        name = place.dimension.id
        if name == self.known.previous:
            yield message("It was her priority before this lesson: say what moved.")
        if name in self.known.focus:
            yield message("The network works on it.")
        if name == self.known.wish:
            yield message("She asked to be looked at in it.")
        passed = self.before.index(place) - self.after.index(place)
        if passed > 0:
            yield message(
                "Therefore it stands before others that cannot be told apart from it: %(count)s.",
                count=passed,
            )
        if place in self.strongest:
            yield message("It is the first candidate for the strength too, so it stands last here.")


def _candidate(
    place: _Place, evidence: Mapping[str, int], basis: Basis, remarks: Iterable[Message]
) -> Candidate:
    reference, count = place.reference, evidence[place.dimension.id]
    raw = None if reference is None else from_favourable(reference, place.dimension, place.scale)
    return Candidate(
        dimension=place.dimension.id,
        mean=place.mean,
        reference=raw,
        se=place.own_se,
        distance=place.distance,
        distance_in_se=_in_errors(place),
        evidence=count,
        reason=_reason(place, raw, count, basis),
        remarks=tuple(remarks),
    )


def _in_errors(place: _Place) -> float | None:
    if place.distance is None or not place.se:
        return None
    return place.distance / place.se


def _reason(place: _Place, reference: float | None, evidence: int, basis: Basis) -> Message:
    return message(
        "%(comparison)s %(steadiness)s Evidence notes: %(evidence)s.",
        comparison=_comparison(place, reference, basis),
        steadiness=_steadiness(place),
        evidence=evidence,
    )


def _comparison(place: _Place, reference: float | None, basis: Basis) -> Message:
    told = _told(place, reference, basis)
    if place.dimension.polarity == "positive":
        return told
    return message("%(comparison)s Here a low score is the favourable one.", comparison=told)


def _told(place: _Place, reference: float | None, basis: Basis) -> Message:
    values: dict[str, object] = {
        "title": place.dimension.title,
        "mean": _Figure(place.mean),
        "min": place.scale.min,
        "max": place.scale.max,
    }
    if reference is None:
        return message(
            "«%(title)s» has a mean of %(mean)s (scale %(min)s–%(max)s); there is no other scored "
            "dimension to compare it with.",
            **values,
        )
    values |= {"reference": _Figure(reference), "verdict": _verdict(place)}
    if basis == "cohort":
        return message(
            "«%(title)s» has a mean of %(mean)s (scale %(min)s–%(max)s) and its reference group "
            "one of %(reference)s: %(verdict)s.",
            **values,
        )
    return message(
        "«%(title)s» has a mean of %(mean)s (scale %(min)s–%(max)s) and the other dimensions of "
        "this lesson, brought to this scale, one of %(reference)s: %(verdict)s.",
        **values,
    )


def _verdict(place: _Place) -> Message:
    if not place.distance:
        return message("as favourable as the reference")
    if place.distance > 0:
        return message("more favourable than the reference")
    return message("less favourable than the reference")


def _steadiness(place: _Place) -> Message:
    errors = _in_errors(place)
    if errors == 0:
        return message("It varied between cycles.")
    if place.observers > 1 and errors is not None:
        return message(
            "The difference is %(errors)s times its standard error, over cycles and observers.",
            errors=_Figure(abs(errors)),
        )
    if place.se is None:
        return message("With only one scored cycle nothing can be said about how steady it is.")
    if place.se == 0:
        return message("It was scored alike in every cycle.")
    if errors is None:
        return message("It varied between cycles.")
    return message(
        "The difference is %(errors)s times its standard error.", errors=_Figure(abs(errors))
    )


def _left_out(profile: Profile, rubric: Rubric, evidence: Mapping[str, int]) -> Iterable[LeftOut]:
    for result in profile.dimensions:
        title = rubric.dimension(result.dimension).title
        if result.mean is None:
            yield LeftOut(
                result.dimension,
                message("«%(title)s» has no number in any cycle.", title=title),
            )
        elif evidence.get(result.dimension, 0) <= 0:
            yield LeftOut(
                result.dimension,
                message("«%(title)s» has no evidence notes, so it is not proposed.", title=title),
            )
