"""How long each kind of data is kept: days after a moment of its own, 365 a year. Pure.

A day that is None has not come: nothing goes before what it waits for has happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from observe.privacy.kinds import Kept
from observe.text import Message, message

YEAR: Final = 365
FIVE_YEARS: Final = 5 * YEAR
LONGEST_DAYS: Final = 20 * YEAR
DEFAULTS: Final[dict[Kept, int]] = {
    Kept.VIDEO: 90,
    Kept.UNUSED_VIDEO: 365,
    Kept.CLIPS: 0,
    Kept.NAMES: FIVE_YEARS,
    Kept.EDUCATORS: FIVE_YEARS,
    Kept.COPIES: 90,
}
NAMES: Final[dict[Kept, Message]] = {
    Kept.VIDEO: message("The whole video of a lesson"),
    Kept.UNUSED_VIDEO: message("A video whose feedback was never published"),
    Kept.CLIPS: message("The clips of a feedback"),
    Kept.NAMES: message("The names of children in class lists, and the scans of papers"),
    Kept.EDUCATORS: message("The name of an educator who left, and all that lets her in"),
    Kept.COPIES: message("Copies of the database made before an upgrade"),
}
SINCE: Final[dict[Kept, Message]] = {
    Kept.VIDEO: message("Days after the feedback is closed"),
    Kept.UNUSED_VIDEO: message("Days after the lesson"),
    Kept.CLIPS: message("Days after the end of the school year (31 December)"),
    Kept.NAMES: message("Days after the end of the school year (31 December)"),
    Kept.EDUCATORS: message("Days after the end of the school year in which she was last here"),
    Kept.COPIES: message("Days after the copy"),
}


REQUESTED: Final = message("kept: a request is open")


@dataclass(frozen=True)
class Rule:
    """How long a kind is kept, and whether that is done by itself each day."""

    kind: Kept
    days: int
    applied: bool = False


@dataclass(frozen=True)
class Due:
    """A thing that goes on a day; `held` says why it does not."""

    kind: Kept
    on: date
    title: str
    thing_id: UUID | None = None
    name: str = ""  # of a file, where it is no thing with an id
    held: str | Message = ""  # a person's words, or ours

    def is_due(self, today: date) -> bool:
        """Tell whether its day has come and nothing holds it."""
        return self.on <= today and not self.held


def school_year_ends(year: int) -> date:
    """Return the last day of a school year: in Chile it is that of the calendar.

    >>> school_year_ends(2026)
    datetime.date(2026, 12, 31)
    """
    return date(year, 12, 31)


def feedback_closed(published: date, next_step_due: date | None) -> date:
    """Return the day on which a feedback is closed: the later of its publishing and its next step.

    >>> feedback_closed(date(2026, 5, 12), date(2026, 6, 1))
    datetime.date(2026, 6, 1)
    """
    return max(published, next_step_due or published)


def goes_on(since: date, rule: Rule) -> date:
    """Return the day on which what has been kept `since` goes.

    365 days are a year of the calendar, its leap day too: five years are never a day less.

    >>> goes_on(date(2026, 12, 31), Rule(Kept.NAMES, FIVE_YEARS))
    datetime.date(2031, 12, 31)
    >>> goes_on(date(2024, 2, 29), Rule(Kept.UNUSED_VIDEO, 365 + 30))
    datetime.date(2025, 3, 31)
    """
    years, days = divmod(rule.days, YEAR)
    return _same_day(since, since.year + years) + timedelta(days=days)


def _same_day(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:  # the 29th of February in a year without one
        return date(year, 3, 1)
