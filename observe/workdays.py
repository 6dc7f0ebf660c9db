"""Working days in Chile: Monday to Friday, without the national holidays. Pure.

The law's *días hábiles* are these, and so are the days on which there may be school. Two places
have a holiday more, every year by law: Arica y Parinacota (7 June), Chillán with Chillán Viejo (20
August).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Final

import holidays

from observe.text import plain

# The library knows the second as one of the whole region, and says of which communes it is.
_PLACES: Final = {
    **dict.fromkeys(("arica", "camarones", "general lagos", "putre"), "AP"),
    **dict.fromkeys(("chillan", "chillan viejo"), "NB"),
}


def place_of(communes: Iterable[str]) -> str | None:
    """Return the place with a holiday of its own in which all these communes lie; else None.

    >>> place_of(["CHILLÁN", "Chillán Viejo"]), place_of(["San Carlos"]), place_of([])
    ('NB', None, None)
    >>> place_of(["Arica", "Santiago"]), place_of(["Arica", ""])
    (None, None)
    """
    found = {_PLACES.get(plain(commune.strip())) for commune in communes}
    return found.pop() if len(found) == 1 else None


@cache
def _weekday_holidays(first: int, last: int, place: str | None = None) -> tuple[int, ...]:
    """Return the holidays from Monday to Friday of the years `first` to `last`, as ordinals."""
    days = holidays.country_holidays("CL", subdiv=place, years=range(first, last + 1))
    return tuple(sorted(day.toordinal() for day in days if day.weekday() < 5))


def _weekdays(day: date) -> int:
    """Return how many days from Monday to Friday there were since the calendar's first Monday."""
    weeks, rest = divmod(day.toordinal(), 7)
    return weeks * 5 + min(rest, 5)


def is_workday(day: date, place: str | None = None) -> bool:
    """Tell whether `day` is a working day, at a `place_of` its own holiday or anywhere.

    >>> is_workday(date(2026, 9, 17)), is_workday(date(2026, 9, 18))
    (True, False)
    >>> is_workday(date(2026, 8, 20)), is_workday(date(2026, 8, 20), "NB")
    (True, False)
    """
    free = _weekday_holidays(day.year, day.year, place)
    return day.weekday() < 5 and day.toordinal() not in free


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


def shifted(day: date, days: int, place: str | None = None) -> date:
    """Return the `days`th working day after `day`, as `is_workday`; with 0 the day itself.

    Ten after Wednesday 13 May 2026 is Thursday 28, because of the holiday on the 21st.

    >>> shifted(date(2026, 5, 13), 10)
    datetime.date(2026, 5, 28)
    >>> shifted(date(2026, 5, 16), 1)  # from a Saturday: the next Monday
    datetime.date(2026, 5, 18)
    """
    while days > 0:
        day += timedelta(days=1)
        days -= is_workday(day, place)
    return day
