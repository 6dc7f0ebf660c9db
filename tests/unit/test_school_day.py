"""A day ends at the schools when it ends in Chile, wherever the computer stands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from observe import db
from observe.cli import shell
from observe.web import guards

# The last minute of a day and the first of the next: in winter, in summer, and where the clock is
# put forward at midnight, so that the day begins at one.
BORDERS = [
    (datetime(2026, 7, 2, 3, 59, tzinfo=UTC), date(2026, 7, 1)),
    (datetime(2026, 7, 2, 4, 0, tzinfo=UTC), date(2026, 7, 2)),
    (datetime(2026, 11, 29, 2, 59, tzinfo=UTC), date(2026, 11, 28)),
    (datetime(2026, 11, 29, 3, 0, tzinfo=UTC), date(2026, 11, 29)),
    (datetime(2026, 9, 6, 3, 59, tzinfo=UTC), date(2026, 9, 5)),
    (datetime(2026, 9, 6, 4, 0, tzinfo=UTC), date(2026, 9, 6)),
]


@pytest.fixture(params=["UTC", "Asia/Tokyo"])
def _elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(("moment", "day"), BORDERS)
def test_a_day_is_that_of_the_schools(
    monkeypatch: pytest.MonkeyPatch, moment: datetime, day: date
) -> None:
    monkeypatch.setattr(db, "now", lambda: moment)
    assert (db.today(), guards.today(), shell.today()) == (day, day, day)
