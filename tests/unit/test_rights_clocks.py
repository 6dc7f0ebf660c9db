"""The days that run when somebody asks about her data, and what a breach demands."""

from __future__ import annotations

import doctest
import time
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe import workdays
from observe.db import day_of
from observe.feedback import schooldays
from observe.privacy import clocks, notices, personal_export
from observe.privacy.clocks import Clock, Law, Pace, RequestKind
from observe.privacy.notices import Facts, NoticeKind, demanded
from observe.records.personal import gathering

LAW = date(2026, 12, 1)
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


def test_the_examples_hold() -> None:
    for module in (workdays, clocks, notices, personal_export, gathering):
        found = doctest.testmod(module)
        assert found.attempted > 0, module
        assert found.failed == 0


def test_school_days_are_the_working_days() -> None:
    assert schooldays.shifted(date(2026, 9, 17), 1) == workdays.shifted(date(2026, 9, 17), 1)
    assert not schooldays.is_school_day(date(2026, 9, 18))


@given(DAYS, st.sampled_from(list(RequestKind)))
def test_no_clock_runs_back_and_more_time_is_thirty_days(day: date, kind: RequestKind) -> None:
    due = clocks.answer_due(kind, day, LAW)
    longer = clocks.answer_due(kind, day, LAW, extended=True)
    assert day < due
    assert (longer - due).days == (30 if clocks.may_extend(kind, day, LAW) else 0)
    block = clocks.block_due(day)
    assert workdays.between(day, block) == 2
    assert workdays.is_workday(block)


@pytest.mark.parametrize("kind", list(RequestKind))
def test_the_day_on_which_the_law_changes_decides(kind: RequestKind) -> None:
    assert clocks.law_on(LAW, LAW) is Law.OF_2024
    assert clocks.answer_due(kind, LAW, LAW) == LAW + timedelta(days=30)
    before = LAW - timedelta(days=1)
    known = kind not in (RequestKind.OBJECTION, RequestKind.PORTABILITY)
    expected = date(2026, 12, 2) if known else before + timedelta(days=30)
    assert clocks.answer_due(kind, before, LAW) == expected
    assert clocks.answer_due(kind, before, date(2026, 6, 1)) == before + timedelta(days=30)


@pytest.mark.parametrize(
    ("left", "pace"), [(6, Pace.RUNS), (5, Pace.SOON), (0, Pace.SOON), (-1, Pace.OVERDUE)]
)
def test_a_clock_says_how_it_stands(left: int, pace: Pace) -> None:
    clock = Clock(LAW + timedelta(days=left), LAW)
    assert (clock.days_left, clock.pace) == (left, pace)
    assert clock.told.in_language("es_CL")


AT = datetime(2026, 12, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("risk", "young", "sensitive", "state"), [*product([True, False], repeat=4)]
)
def test_what_a_breach_demands_follows_from_its_facts(
    risk: bool, young: bool, sensitive: bool, state: bool
) -> None:
    facts = Facts(AT, risk=risk, young_children=young, sensitive=sensitive, of_state=state)
    asked = demanded(facts, LAW)
    kinds = {each.kind for each in asked}
    assert [each.due_at for each in asked] == sorted(each.due_at for each in asked)
    assert NoticeKind.PROVIDER in kinds
    assert (NoticeKind.FAMILIES in kinds) is young
    assert (NoticeKind.CSIRT in kinds) is (NoticeKind.CSIRT_UPDATE in kinds) is state
    touched = risk or young or sensitive
    assert (NoticeKind.AGENCY in kinds) is (NoticeKind.PEOPLE in kinds) is touched
    # Before the law there is no agency to tell; everybody else hears of it all the same.
    later = {each.kind for each in demanded(facts, date(2027, 6, 1))}
    assert later == kinds - {NoticeKind.AGENCY}


def test_the_day_of_a_breach_is_the_one_in_chile() -> None:
    night = datetime(2026, 12, 1, 2, tzinfo=UTC)  # still 30 November in Santiago
    facts = Facts(night, risk=True, young_children=False, sensitive=False, of_state=False)
    assert NoticeKind.AGENCY not in {each.kind for each in demanded(facts, LAW)}


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this clock cannot be moved in a process")
def test_the_day_is_that_of_the_schools_wherever_the_server_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the evening of 30 November, 1 December has begun in UTC, and with it another law."""
    evening = datetime(2026, 12, 1, 1, 30, tzinfo=UTC)
    winter = datetime(2026, 7, 1, 3, 30, tzinfo=UTC)  # with the other of Chile's two clocks
    for place in ("UTC", "Pacific/Kiritimati", "America/Santiago"):
        monkeypatch.setenv("TZ", place)
        time.tzset()
        assert day_of(evening) == date(2026, 11, 30)
        assert day_of(winter) == date(2026, 6, 30)
    monkeypatch.undo()
    time.tzset()
