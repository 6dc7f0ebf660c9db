"""Until when what a person asks for must be answered, and her data blocked. Pure.

Sources, to be checked by your lawyer: Ley 19.628 as it stands when Ley 21.719 applies, art. 11 (an
answer within 30 calendar days, once 30 more; a temporary block within two working days), and before
that day art. 16 of Ley 19.628 (two working days for what it knows: information, correction,
deletion, blocking). From when the newer law applies is a setting: a postponement has been reported.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from observe import workdays
from observe.text import Message, message

ANSWER_DAYS: Final = 30
EXTENSION_DAYS: Final = 30
BLOCK_WORKDAYS: Final = 2
OLD_ANSWER_WORKDAYS: Final = 2
SOON: Final = timedelta(days=5)


class RequestKind(enum.StrEnum):
    """What a person may ask for."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    OBJECTION = "objection"
    PORTABILITY = "portability"
    BLOCKING = "blocking"


class Law(enum.StrEnum):
    """Which law's days count."""

    OF_1999 = "19.628"
    OF_2024 = "21.719"


class Pace(enum.StrEnum):
    """How a clock stands."""

    RUNS = "runs"
    SOON = "soon"
    OVERDUE = "overdue"


# What the older law does not know gets the days of the newer one: our own aim, no duty yet.
_KNOWN_IN_1999: Final = frozenset(
    {
        RequestKind.ACCESS,
        RequestKind.RECTIFICATION,
        RequestKind.ERASURE,
        RequestKind.BLOCKING,
    }
)


def law_on(received_on: date, new_law_from: date) -> Law:
    """Return the law under which something received on a day is answered.

    >>> law_on(date(2026, 11, 30), date(2026, 12, 1)).value
    '19.628'
    """
    return Law.OF_2024 if received_on >= new_law_from else Law.OF_1999


def answer_due(
    kind: RequestKind,
    received_on: date,
    new_law_from: date,
    *,
    extended: bool = False,
    place: str | None = None,
) -> date:
    """Return the last day on which the request is answered in time, at a `workdays.place_of`.

    >>> answer_due(RequestKind.ACCESS, date(2026, 12, 7), date(2026, 12, 1))
    datetime.date(2027, 1, 6)
    >>> answer_due(RequestKind.ACCESS, date(2026, 12, 7), date(2026, 12, 1), extended=True)
    datetime.date(2027, 2, 5)

    Under the older law from Friday 27 November 2026 two working days are until Tuesday:

    >>> answer_due(RequestKind.ACCESS, date(2026, 11, 27), date(2026, 12, 1))
    datetime.date(2026, 12, 1)
    """
    if law_on(received_on, new_law_from) is Law.OF_1999 and kind in _KNOWN_IN_1999:
        return workdays.shifted(received_on, OLD_ANSWER_WORKDAYS, place)
    days = ANSWER_DAYS + (EXTENSION_DAYS if extended else 0)
    return received_on + timedelta(days=days)


def may_extend(kind: RequestKind, received_on: date, new_law_from: date) -> bool:
    """Tell whether the law lets the answer take 30 days more, once and with its reason."""
    return law_on(received_on, new_law_from) is Law.OF_2024 or kind not in _KNOWN_IN_1999


def in_time(kind: RequestKind, received_on: date, new_law_from: date, today: date) -> bool:
    """Tell whether the first answer's days still run: only then can more be taken.

    Where more can be taken they are calendar days, so no place's holiday counts.
    """
    return today <= answer_due(kind, received_on, new_law_from)


def block_due(received_on: date, place: str | None = None) -> date:
    """Return the last day on which the person's data are blocked in time; `place` as above.

    Friday 18 September 2026 is a holiday, so from Thursday the 17th:

    >>> block_due(date(2026, 9, 17))
    datetime.date(2026, 9, 22)

    In Chillán Thursday 20 August is one too:

    >>> block_due(date(2026, 8, 19)), block_due(date(2026, 8, 19), "NB")
    (datetime.date(2026, 8, 21), datetime.date(2026, 8, 24))
    """
    return workdays.shifted(received_on, BLOCK_WORKDAYS, place)


@dataclass(frozen=True)
class Clock:
    """A day until which something has to be done, as it stands on a day."""

    due_on: date
    today: date

    @property
    def days_left(self) -> int:
        """Return how many calendar days are left; below 0: since when it is late."""
        return (self.due_on - self.today).days

    @property
    def pace(self) -> Pace:
        """Return how it stands.

        >>> Clock(date(2026, 12, 31), date(2027, 1, 1)).pace.value
        'overdue'
        """
        if self.today > self.due_on:
            return Pace.OVERDUE
        return Pace.SOON if self.due_on - self.today <= SOON else Pace.RUNS

    @property
    def told(self) -> Message:
        """Return how long is left, in words."""
        left = self.days_left
        if left == 0:
            return message("Today is the last day")
        if left in (1, -1):
            return message("1 day left") if left > 0 else message("1 day late")
        if left > 0:
            return message("%(days)s days left", days=left)
        return message("%(days)s days late", days=-left)
