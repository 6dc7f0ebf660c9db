"""What the page and the command say that will be deleted, before it is."""

from __future__ import annotations

from datetime import date

from observe.feedback.forgetting import Plan
from observe.privacy.kinds import Kept
from observe.privacy.retention import Due, Rule

TODAY = date(2026, 8, 3)
RULE = Rule(Kept.VIDEO, 90)


def due(*days: date, held: str = "") -> tuple[Due, ...]:
    """Return a film for each of these days."""
    return tuple(Due(Kept.VIDEO, day, "1° B", held=held) for day in days)


def test_all_that_the_next_run_deletes_is_told_as_one_number() -> None:
    late = [date(2026, 5, day) for day in range(1, 13)]
    plan = Plan(
        (RULE,), due(*late, TODAY, date(2026, 9, 1), date(2026, 9, 1)) + due(TODAY, held="12")
    )
    assert plan.days(RULE, TODAY) == ((TODAY, 13), (date(2026, 9, 1), 2))


def test_what_is_held_has_no_day() -> None:
    assert Plan((RULE,), due(TODAY, held="Solicitud 12")).days(RULE, TODAY) == ()
