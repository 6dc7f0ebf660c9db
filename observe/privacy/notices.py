"""Whom a breach must be told to, and until when. Pure.

Sources, to be checked by your lawyer:

- Ley 19.628 as changed by Ley 21.719, art. 14 sexies: to the data protection agency, without undue
  delay, where people's rights may be at risk; to the people themselves where sensitive data or data
  of children under 14 are touched. It names no hours: the 72 are those of art. 33 of the European
  regulation, taken here as our own limit.
- Domain rule of this program: what touches children under 14 is told to their families too.
- Ley 21.663 (cybersecurity), art. 9, for bodies of the State: an early warning to the national
  CSIRT within 3 hours of an incident with significant effects, an update within 72.
- That whoever answers for the data hears of it the same day is our own rule.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from observe.settings import SCHOOL_TIME


class NoticeKind(enum.StrEnum):
    """Who is told."""

    PROVIDER = "provider"
    CSIRT = "csirt"
    CSIRT_UPDATE = "csirt_update"
    AGENCY = "agency"
    PEOPLE = "people"
    FAMILIES = "families"


HOURS = {
    NoticeKind.CSIRT: 3,
    NoticeKind.PROVIDER: 24,
    NoticeKind.AGENCY: 72,
    NoticeKind.PEOPLE: 72,
    NoticeKind.FAMILIES: 72,
    NoticeKind.CSIRT_UPDATE: 72,
}


@dataclass(frozen=True)
class Facts:
    """What of a breach decides who must be told."""

    discovered_at: datetime
    risk: bool
    young_children: bool
    sensitive: bool
    of_state: bool


@dataclass(frozen=True)
class Notice:
    """A notice that a breach demands, and until when."""

    kind: NoticeKind
    due_at: datetime


def demanded(facts: Facts, new_law_from: date) -> tuple[Notice, ...]:
    """Return the notices that a breach demands, the first due first.

    Before the newer law applies there is no agency to tell; people and families are told all the
    same.

    >>> from datetime import UTC
    >>> at = datetime(2026, 12, 9, 12, tzinfo=UTC)
    >>> touched = Facts(at, risk=True, young_children=True, sensitive=False, of_state=False)
    >>> [each.kind.value for each in demanded(touched, date(2026, 12, 1))]
    ['provider', 'agency', 'people', 'families']
    >>> demanded(touched, date(2026, 12, 1))[-1].due_at - at
    datetime.timedelta(days=3)
    """
    return tuple(
        Notice(kind, facts.discovered_at + timedelta(hours=hours))
        for kind, hours in HOURS.items()
        if _is_demanded(kind, facts, new_law_from)
    )


def _is_demanded(kind: NoticeKind, facts: Facts, new_law_from: date) -> bool:
    if kind is NoticeKind.PROVIDER:
        return True
    if kind in (NoticeKind.CSIRT, NoticeKind.CSIRT_UPDATE):
        return facts.of_state
    touches_most = facts.young_children or facts.sensitive
    if kind is NoticeKind.AGENCY:
        day = facts.discovered_at.astimezone(SCHOOL_TIME).date()
        return day >= new_law_from and (facts.risk or touches_most)
    if kind is NoticeKind.FAMILIES:
        return facts.young_children
    return facts.risk or touches_most
