"""From cells to dimension and domain results: the one place where scores become means. Pure.

A dimension's mean is over its scored cycles; a domain's is the mean of its dimension means, after
reversing the dimensions where a low score is the favourable one. With empty cells that differs
from the mean of all cells, so a domain in which a dimension has no score is not published.

The standard error says how steady a score was over the cycles of *this* lesson. Cycles of one
lesson are not lessons: it is a mirror, not a measurement.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from observe.coding.rules import CellScore, Document, DocumentCycle
from observe.rubric.schema import Dimension, Domain, Rubric, Scale
from observe.text import Message, message

FEWEST_FOR_ERROR: Final = 2  # cycles; one alone does not vary


@dataclass(frozen=True)
class DimensionResult:
    """One dimension over the cycles: raw, as it was scored, also where a low score is favourable.

    `values` are its numbers in order of time, `n` how many; `missing` counts empty cells.
    `why_undefined` tells why `mean` or `se` is None.
    """

    dimension: str
    mean: float | None
    se: float | None
    n: int
    values: tuple[int, ...]
    not_observed: int
    not_applicable: int
    missing: int
    why_undefined: Message | None


@dataclass(frozen=True)
class DomainResult:
    """One domain: the mean of its dimension means, reversed ones reversed.

    `se` is over the cycles' own domain means, so it needs two cycles with a number in every cell.
    `why_undefined` tells why `mean` or `se` is None.
    """

    domain: str
    mean: float | None
    se: float | None
    n: int
    why_undefined: Message | None


@dataclass(frozen=True)
class Profile:
    """All dimensions and domains of an observation, in the order of the rubric."""

    dimensions: tuple[DimensionResult, ...]
    domains: tuple[DomainResult, ...]

    def dimension(self, dimension_id: str) -> DimensionResult:
        """Return the result of that dimension. Raises KeyError when the rubric has none such."""
        for result in self.dimensions:
            if result.dimension == dimension_id:
                return result
        raise KeyError(dimension_id)


def mean_of(values: Sequence[float]) -> float | None:
    """Return the mean, None when there is nothing to average.

    >>> mean_of([2, 3, 3, 4])
    3.0
    >>> mean_of([]) is None
    True
    """
    return statistics.fmean(values) if values else None


def standard_error(values: Sequence[float]) -> float | None:
    """Return sd / √n with n−1 below the sum of squares; None for fewer than two values.

    2, 3, 3, 4: squares about the mean 3 add up to 2, so sd = √(2/3) = 0.816 and, over √4, 0.408.

    >>> round(standard_error([2, 3, 3, 4]), 3)
    0.408
    >>> standard_error([3, 3])
    0.0
    >>> standard_error([3]) is None
    True
    """
    if len(values) < FEWEST_FOR_ERROR:
        return None
    return statistics.stdev(values) / math.sqrt(len(values))


def in_domain(value: float, dimension: Dimension, scale: Scale) -> float:
    """Return `value` as it enters the domain mean: min + max − value where low is favourable.

    On 1–7 a raw 2 of a negative dimension enters as 6.
    """
    return scale.min + scale.max - value if dimension.polarity == "negative" else value


def favourable(value: float, dimension: Dimension, scale: Scale) -> float:
    """Return `value` as a share from 0 (least favourable) to 1 (most favourable).

    So dimensions of different scales and polarities can stand side by side: 5.5 on 1–7 is 0.75; a
    raw 2.5 on 1–7 of a negative dimension is 0.75 as well.
    """
    return (in_domain(value, dimension, scale) - scale.min) / (scale.max - scale.min)


def from_favourable(share: float, dimension: Dimension, scale: Scale) -> float:
    """Return the raw score of `dimension` that `share` (0–1) stands for; undoes `favourable`."""
    return in_domain(scale.min + share * (scale.max - scale.min), dimension, scale)


def profile_of(document: Document, rubric: Rubric) -> Profile:
    """Return the profile of an observation; the order in which cycles are listed is no matter."""
    cycles = sorted(document.cycles, key=lambda cycle: (cycle.start_ms, cycle.end_ms, cycle.id))
    dimensions = tuple(_dimension(dimension, cycles) for dimension in rubric.dimensions)
    means = {result.dimension: result.mean for result in dimensions}
    domains = tuple(_domain(domain, rubric, means, cycles) for domain in rubric.domains)
    return Profile(dimensions, domains)


def _cell(cycle: DocumentCycle, dimension: Dimension) -> CellScore | None:
    return next((cell for cell in cycle.scores if cell.dimension == dimension.id), None)


def _dimension(dimension: Dimension, cycles: Sequence[DocumentCycle]) -> DimensionResult:
    cells = [cell for cycle in cycles if (cell := _cell(cycle, dimension))]
    values = tuple(cell.value for cell in cells if cell.value is not None)
    marks = [cell.mark for cell in cells if cell.value is None]
    not_observed, not_applicable = marks.count("not_observed"), marks.count("not_applicable")
    missing = len(cycles) - len(values) - not_observed - not_applicable
    return DimensionResult(
        dimension=dimension.id,
        mean=mean_of(values),
        se=standard_error(values),
        n=len(values),
        values=values,
        not_observed=not_observed,
        not_applicable=not_applicable,
        missing=missing,
        why_undefined=_why_undefined(len(values), not_observed, not_applicable, missing),
    )


def _why_undefined(
    scored: int, not_observed: int, not_applicable: int, missing: int
) -> Message | None:
    if scored == 0:
        return message(
            "No cycle has a number here (not observed: %(not_observed)s, not applicable: "
            "%(not_applicable)s, empty: %(missing)s).",
            not_observed=not_observed,
            not_applicable=not_applicable,
            missing=missing,
        )
    return _ONE_CYCLE if scored < FEWEST_FOR_ERROR else None


_ONE_CYCLE: Final = message(
    "Only one cycle has a number here, so nothing can be said about how steady it is."
)


def _domain(
    domain: Domain,
    rubric: Rubric,
    means: dict[str, float | None],
    cycles: Sequence[DocumentCycle],
) -> DomainResult:
    rows = rubric.dimensions_in(domain.id)
    reason = _why_no_domain(rubric, rows, means)
    if reason is not None:
        return DomainResult(domain.id, None, None, 0, reason)
    reversed_means = [
        in_domain(mean, row, rubric.scale_of(row))
        for row in rows
        if (mean := means[row.id]) is not None
    ]
    of_cycles = _means_of_full_cycles(rubric, rows, cycles)
    # A cycle with holes averages other dimensions: better no error than a wrong one.
    error = standard_error(of_cycles) if len(of_cycles) == len(cycles) else None
    return DomainResult(
        domain.id,
        mean_of(reversed_means),
        error,
        len(of_cycles),
        _why_no_error(len(of_cycles), len(cycles)),
    )


def _why_no_domain(
    rubric: Rubric, rows: Sequence[Dimension], means: dict[str, float | None]
) -> Message | None:
    if rubric.aggregation == "holistic":
        return message("This rubric is read dimension by dimension: its domains have no mean.")
    if not rows:
        return message("No dimension belongs to this domain.")
    if len({(scale.min, scale.max) for scale in map(rubric.scale_of, rows)}) > 1:
        return message("Its dimensions have different scales, so they have no common mean.")
    unscored = [row.code for row in rows if means[row.id] is None]
    if unscored:
        return message(
            "Not shown, because these dimensions have no number in any cycle: %(codes)s.",
            codes=", ".join(unscored),
        )
    return None


def _means_of_full_cycles(
    rubric: Rubric, rows: Sequence[Dimension], cycles: Sequence[DocumentCycle]
) -> list[float]:
    """Return the domain means of those cycles that have a number in each of `rows`."""
    means = []
    for cycle in cycles:
        cells = [(_cell(cycle, row), row) for row in rows]
        values = [
            in_domain(cell.value, row, rubric.scale_of(row))
            for cell, row in cells
            if cell and cell.value is not None
        ]
        if len(values) == len(rows):
            means.append(statistics.fmean(values))
    return means


def _why_no_error(full: int, cycles: int) -> Message | None:
    if full < cycles:
        return message(
            "Some cells of this domain have no number, so nothing is said about how steady it is."
        )
    return _ONE_CYCLE if full < FEWEST_FOR_ERROR else None
