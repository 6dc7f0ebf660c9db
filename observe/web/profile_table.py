"""A profile as pages show it: a row a dimension, its mean with the uncertainty always drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from observe.profile import DimensionResult, DomainResult, Profile
from observe.rubric.schema import Dimension, Rubric, Scale
from observe.text import Message, message

WIDTH: Final = 220  # of the drawn scale, in its own units
EDGE: Final = 10


@dataclass(frozen=True)
class Row:
    """One dimension: its numbers, and where they stand on the drawn scale."""

    dimension: Dimension
    scale: Scale
    result: DimensionResult

    @property
    def ticks(self) -> list[float]:
        """Return where each whole number of the scale stands."""
        return [self.x(value) for value in range(self.scale.min, self.scale.max + 1)]

    @property
    def whisker(self) -> tuple[float, float] | None:
        """Return from where to where one standard error reaches on both sides, when known."""
        if self.result.mean is None or not self.result.se:
            return None
        low = max(self.scale.min, self.result.mean - self.result.se)
        high = min(self.scale.max, self.result.mean + self.result.se)
        return self.x(low), self.x(high)

    def x(self, value: float) -> float:
        """Return where `value` stands, from `EDGE` to `WIDTH - EDGE`."""
        share = (value - self.scale.min) / (self.scale.max - self.scale.min)
        return round(EDGE + share * (WIDTH - 2 * EDGE), 1)

    @property
    def steadiness(self) -> Message:
        """Return a word for how much it varied between the cycles of this lesson."""
        return steadiness(self.result.n, self.result.se)


@dataclass(frozen=True)
class Group:
    """A domain (or None: dimensions outside any) with its result and its rows."""

    title: str
    result: DomainResult | None
    rows: tuple[Row, ...]


def table_of(profile: Profile, rubric: Rubric, locale: str) -> tuple[Group, ...]:
    """Return the profile in the order of the rubric, titles in `locale`."""
    domains = {result.domain: result for result in profile.domains}
    return tuple(
        Group(
            title=domain.title.in_language(locale) if domain else "",
            result=domains.get(domain.id) if domain else None,
            rows=tuple(
                Row(dimension, rubric.scale_of(dimension), profile.dimension(dimension.id))
                for dimension in dimensions
            ),
        )
        for domain, dimensions in rubric.groups()
    )


def steadiness(n: int, se: float | None) -> Message:
    """Return a word for a standard error in points of the scale."""
    if n == 0:
        return message("no number")
    if se is None:
        return message("one cycle only")
    if se == 0:
        return message("alike in every cycle")
    if se < 0.5:
        return message("fairly steady")
    return message("varies") if se < 1 else message("varies a lot")
