"""School days, what is due, how late it is, and in which order it is shown."""

from __future__ import annotations

import doctest
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe import workdays
from observe.feedback import board, schooldays
from observe.feedback.board import COLUMNS, SENTENCES, Board, Column, Kind, Lesson, Row
from observe.ids import new_id

MONDAY = date(2026, 5, 4)
DAYS = st.dates(date(2019, 1, 1), date(2031, 12, 31))


def lesson(on: date = MONDAY, school: str = "Los Aromos") -> Lesson:
    return Lesson(new_id(), new_id(), "Berta", "1° B", "Lenguaje", new_id(), school, on)


def row(kind: Kind, due_on: date | None = None, on: date = MONDAY) -> Row:
    return Row(kind, new_id(), lesson(on), due_on)


def test_the_examples_hold() -> None:
    for module in (workdays, board):
        found = doctest.testmod(module)
        assert found.attempted > 0
        assert found.failed == 0


@pytest.mark.parametrize(
    ("holiday", "name"),
    [
        (date(2026, 4, 3), "Viernes Santo"),
        (date(2026, 5, 1), "Día del Trabajo"),
        (date(2026, 6, 29), "San Pedro y San Pablo"),
        (date(2026, 9, 18), "Independencia"),
        (date(2027, 12, 8), "Inmaculada Concepción"),
    ],
)
def test_holidays_of_chile_are_no_school_days(holiday: date, name: str) -> None:
    assert holiday.weekday() < 5, name
    assert not schooldays.is_school_day(holiday)


def slowly(after: date, until: date) -> int:
    days = (after + timedelta(days=n) for n in range(1, (until - after).days + 1))
    return sum(schooldays.is_school_day(day) for day in days)


@given(DAYS, st.integers(0, 800))
def test_counting_is_the_sum_of_the_days(after: date, length: int) -> None:
    until = after + timedelta(days=length)
    assert schooldays.between(after, until) == slowly(after, until)
    assert schooldays.between(until, after) == -schooldays.between(after, until)


@given(DAYS, st.integers(1, 30))
def test_a_shift_is_counted_back(day: date, days: int) -> None:
    end = schooldays.shifted(day, days)
    assert schooldays.is_school_day(end)
    assert schooldays.between(day, end) == days


def test_feedback_is_late_the_day_after_its_tenth_school_day() -> None:
    due_on = board.feedback_due(MONDAY, 10)
    assert due_on == date(2026, 5, 18)
    waiting = row(Kind.COMPOSE, due_on)
    assert (waiting.days_since(due_on), waiting.days_left(due_on)) == (10, 0)
    assert not waiting.is_late(due_on)
    assert waiting.is_late(date(2026, 5, 19))
    assert waiting.days_left(date(2026, 5, 20)) == -2


@pytest.mark.parametrize(
    ("kind", "due_on", "today", "due"),
    [
        (Kind.COMPOSE, date(2026, 5, 18), date(2026, 5, 13), False),
        (Kind.COMPOSE, date(2026, 5, 18), date(2026, 5, 14), True),  # two school days before
        (Kind.COMPOSING, date(2026, 5, 18), date(2026, 8, 14), True),
        (Kind.PUBLISHING, date(2026, 5, 18), date(2026, 8, 14), False),  # the machine's turn
        (Kind.STEP, date(2026, 5, 18), date(2026, 5, 17), False),
        (Kind.STEP, date(2026, 5, 18), date(2026, 5, 18), True),
        (Kind.ANSWERED, None, MONDAY, True),
        (Kind.TALK, date(2026, 5, 18), date(2026, 5, 15), True),
        (Kind.OFFERED, None, MONDAY, False),
        (Kind.CODE, None, MONDAY, False),
        (Kind.ASKED, date(2026, 5, 18), date(2026, 5, 15), True),
    ],
)
def test_what_asks_for_attention(kind: Kind, due_on: date | None, today: date, due: bool) -> None:
    assert row(kind, due_on).is_due(today) is due


def test_every_kind_has_its_list_and_its_words() -> None:
    assert set(COLUMNS) == set(SENTENCES) == set(Kind)
    assert set(COLUMNS.values()) == set(Column)


def test_what_is_due_first_stands_first_and_a_school_is_picked_out() -> None:
    first, second = row(Kind.STEP, date(2026, 5, 5)), row(Kind.STEP, date(2026, 5, 6))
    old = row(Kind.CODE, on=date(2026, 3, 2))
    new = row(Kind.CODE, on=date(2026, 4, 2))
    everything = board.ordered([new, second, old, first])
    assert everything == [first, second, old, new]
    whole = Board(date(2026, 5, 5), tuple(everything))
    assert whole.due == [first]
    assert whole.column(Column.OBSERVE) == [old, new]
    assert whole.in_school(old.lesson.school_id).rows == (old,)
    assert whole.in_school(None) == whole
    assert len(whole.schools) == 4
