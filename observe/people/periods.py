"""The days on which a membership holds, and where: what may not meet, what is cut short. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """A school, a network, or (neither) the whole territory."""

    school_id: UUID | None = None
    network_id: UUID | None = None


@dataclass(frozen=True)
class Period:
    """Days from `starts` to `ends`, both included; None: since ever, for ever."""

    starts: date | None = None
    ends: date | None = None

    @property
    def possible(self) -> bool:
        """Whether there is a day in it at all."""
        return self.starts is None or self.ends is None or self.starts <= self.ends

    def holds(self, on: date) -> bool:
        """Tell whether the day is in it.

        >>> Period(date(2026, 3, 1), date(2026, 3, 1)).holds(date(2026, 3, 1))
        True
        """
        return (self.starts or date.min) <= on <= (self.ends or date.max)

    def meets(self, other: Period) -> bool:
        """Tell whether there is a day in both."""
        first = max(self.starts or date.min, other.starts or date.min)
        return first <= min(self.ends or date.max, other.ends or date.max)

    def is_over(self, on: date) -> bool:
        """Tell whether its last day is past."""
        return self.ends is not None and self.ends < on

    def until(self, last_day: date) -> Period | None:
        """Return it cut after `last_day`, or None where it would not have begun by then.

        >>> Period(date(2026, 3, 1)).until(date(2026, 2, 28)) is None
        True
        """
        if self.starts is not None and last_day < self.starts:
            return None
        return replace(self, ends=min(self.ends or date.max, last_day))


EVER: Final = Period()


def meeting(period: Period, others: Iterable[Period]) -> bool:
    """Tell whether `period` has a day in common with one of `others`."""
    return any(period.meets(other) for other in others)


def yesterday(today: date) -> date:
    """Return the last day of what ends at once."""
    return today - DAY
