"""School days in Chile: Monday to Friday, without the national holidays. Pure.

Vacations are not in it: they differ by region and year, and a home does not know its calendar.
Where days are counted people are told so.
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


def is_school_day(day: date) -> bool:
    """Tell whether children may be at school on `day`.

    >>> is_school_day(date(2026, 9, 17)), is_school_day(date(2026, 9, 18))
    (True, False)
    """
    return day.weekday() < 5 and day.toordinal() not in _weekday_holidays(day.year, day.year)


def between(after: date, until: date) -> int:
    """Return how many school days come after `after`, up to and with `until`; below 0: before it.

    From Wednesday 13 May to Friday 22 May 2026 there are six: Thursday 21 is a holiday.

    >>> between(date(2026, 5, 13), date(2026, 5, 22)), between(date(2026, 5, 22), date(2026, 5, 13))
    (6, -6)
    >>> between(date(2026, 5, 13), date(2026, 5, 13)), between(date(2026, 5, 15), date(2026, 5, 17))
    (0, 0)
    """
    free = _weekday_holidays(min(after.year, until.year), max(after.year, until.year))
    off = bisect_right(free, until.toordinal()) - bisect_right(free, after.toordinal())
    return _weekdays(until) - _weekdays(after) - off


def due_days(today: date) -> tuple[date, date, date]:
    """Return the school days one, two and four weeks from `today`; of a day off, the next one.

    >>> [str(day) for day in due_days(date(2026, 5, 14))]  # the 21st is a holiday
    ['2026-05-22', '2026-05-28', '2026-06-11']
    """
    one, two, four = (shifted(today + timedelta(weeks=n, days=-1), 1) for n in (1, 2, 4))
    return one, two, four


def shifted(day: date, days: int) -> date:
    """Return the `days`th school day after `day`; with 0 the day itself.

    Ten after Wednesday 13 May 2026 is Thursday 28, because of the holiday on the 21st.

    >>> shifted(date(2026, 5, 13), 10)
    datetime.date(2026, 5, 28)
    >>> shifted(date(2026, 5, 16), 1)  # from a Saturday: the next Monday
    datetime.date(2026, 5, 18)
    """
    while days > 0:
        day += timedelta(days=1)
        days -= is_school_day(day)
    return day
