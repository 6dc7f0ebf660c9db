"""School days in Chile: Monday to Friday, without the national holidays. Pure.

Vacations are not in it: they differ by region and year, and a home does not know its calendar.
Where days are counted people are told so.
"""

from __future__ import annotations

from datetime import date, timedelta

from observe.workdays import between, shifted
from observe.workdays import is_workday as is_school_day

__all__ = ["between", "due_days", "is_school_day", "shifted"]


def due_days(today: date) -> tuple[date, date, date]:
    """Return the school days one, two and four weeks from `today`; of a day off, the next one.

    >>> [str(day) for day in due_days(date(2026, 5, 14))]  # the 21st is a holiday
    ['2026-05-22', '2026-05-28', '2026-06-11']
    """
    one, two, four = (shifted(today + timedelta(weeks=n, days=-1), 1) for n in (1, 2, 4))
    return one, two, four
