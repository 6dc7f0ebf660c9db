"""Working days in Chile: Monday to Friday, without the national holidays. Pure.

The law's *días hábiles* are these, and so are the days on which there may be school.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from functools import cache

import holidays


@cache
def _weekday_holidays(first: int, last: int) -> tuple[int, ...]:
    """Return the holidays from Monday to Friday of the years `first` to `last`, as ordinals."""
    days = holidays.country_holidays("CL", years=range(first, last + 1))
    return tuple(sorted(day.toordinal() for day in days if day.weekday() < 5))


def _weekdays(day: date) -> int:
    """Return how many days from Monday to Friday there were since the calendar's first Monday."""
    weeks, rest = divmod(day.toordinal(), 7)
    return weeks * 5 + min(rest, 5)


def is_workday(day: date) -> bool:
    """Tell whether `day` is a working day.

    >>> is_workday(date(2026, 9, 17)), is_workday(date(2026, 9, 18))
    (True, False)
    """
    return day.weekday() < 5 and day.toordinal() not in _weekday_holidays(day.year, day.year)


def between(after: date, until: date) -> int:
    """Return how many working days come after `after`, up to and with `until`; below 0: before it.

    From Wednesday 13 May to Friday 22 May 2026 there are six: Thursday 21 is a holiday.

    >>> between(date(2026, 5, 13), date(2026, 5, 22)), between(date(2026, 5, 22), date(2026, 5, 13))
    (6, -6)
    >>> between(date(2026, 5, 13), date(2026, 5, 13)), between(date(2026, 5, 15), date(2026, 5, 17))
    (0, 0)
    """
    free = _weekday_holidays(min(after.year, until.year), max(after.year, until.year))
    off = bisect_right(free, until.toordinal()) - bisect_right(free, after.toordinal())
    return _weekdays(until) - _weekdays(after) - off


def shifted(day: date, days: int) -> date:
    """Return the `days`th working day after `day`; with 0 the day itself.

    Ten after Wednesday 13 May 2026 is Thursday 28, because of the holiday on the 21st.

    >>> shifted(date(2026, 5, 13), 10)
    datetime.date(2026, 5, 28)
    >>> shifted(date(2026, 5, 16), 1)  # from a Saturday: the next Monday
    datetime.date(2026, 5, 18)
    """
    while days > 0:
        day += timedelta(days=1)
        days -= is_workday(day)
    return day
