"""Averages of several educators: no group of fewer than five can be seen, or worked out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observe.records.aggregates import (
    Cell,
    Contribution,
    Mean,
    Rule,
    cut,
    educator_means,
    together,
)

VERSION, OTHER = UUID(int=900), UUID(int=901)
RULE = Rule(5, {"a": (1, 7), "b": (1, 7)})
RULES = {VERSION: RULE, OTHER: Rule(8, RULE.ends)}


def brought(
    number: int,
    school: int,
    educator: int,
    *,
    a: float | None = 4,
    b: float | None = 3,
    version: UUID = VERSION,
    recording: int | None = None,
) -> Contribution:
    means = {name: value for name, value in (("a", a), ("b", b)) if value is not None}
    return Contribution(
        UUID(int=number),
        UUID(int=10_000 + (recording if recording is not None else number)),
        UUID(int=1_000 + educator),
        UUID(int=school),
        version,
        "assigned",
        means,
    )


def school(number: int, educators: int, *, first: int = 0) -> list[Contribution]:
    return [
        brought(100 * number + first + each, number, 100 * number + first + each)
        for each in range(educators)
    ]


def test_five_educators_are_a_cell_and_four_are_not() -> None:
    (cell,) = cut(school(1, 5), RULES).cells
    assert (cell.educators, cell.lessons, cell.means["a"]) == (5, 5, Mean(4.0, 5))
    assert cut(school(1, 4), RULES).cells == ()
    assert cut([each for each in school(1, 5) for _twice in "ab"][:8], RULES).cells == ()


def test_lessons_are_no_educators() -> None:
    rows = [brought(number, 1, number % 4) for number in range(40)]
    assert cut(rows, RULES).cells == ()


def test_a_rubric_may_ask_for_more() -> None:
    rows = [brought(number, 1, number, version=OTHER) for number in range(8)]
    assert cut(rows[:7], RULES).cells == ()
    assert cut(rows, RULES).cells[0].educators == 8


def test_small_schools_are_shown_together_only_when_none_of_them_leaves_too_few() -> None:
    assert cut([*school(1, 4), *school(2, 1)], RULES).cells == (), "the four know the fifth"
    assert cut([*school(1, 4), *school(2, 4)], RULES).cells == ()
    (cell,) = cut([*school(1, 4), *school(2, 3), *school(3, 2)], RULES).cells
    assert (len(cell.school_ids), cell.educators) == (3, 9)


def test_a_dimension_needs_five_of_its_own_and_more_than_the_end_of_the_scale() -> None:
    rows = [brought(number, 1, number, a=None if number else 5) for number in range(5)]
    assert set(cut(rows, RULES).cells[0].means) == {"b"}
    alike = [brought(number, 1, number, a=7, b=6.5) for number in range(5)]
    assert set(cut(alike, RULES).cells[0].means) == {"b"}, "everybody's would be known"


def test_each_educator_counts_once_and_a_lesson_of_two_observers_once() -> None:
    rows = [
        brought(1, 1, 1, a=2, recording=1),
        brought(2, 1, 1, a=4, recording=1),
        brought(3, 1, 1, a=7, recording=2),
    ]
    assert educator_means(rows, "a") == {UUID(int=1_001): pytest.approx(5.0)}


def test_all_together_is_made_of_what_is_shown() -> None:
    cells = cut([*school(1, 5), *school(2, 6)], RULES).cells
    assert together(cells, "a") == Mean(4.0, 11)
    assert together((), "a") is None


# --- whatever is filtered, added up and subtracted -----------------------------------------------

worlds = st.lists(  # releases, each of observations: school, educator, a, b
    st.lists(
        st.tuples(
            st.integers(1, 5),
            st.integers(0, 9),
            st.one_of(st.none(), st.integers(1, 7)),
            st.one_of(st.none(), st.integers(1, 7)),
        ),
        max_size=40,
    ),
    min_size=1,
    max_size=4,
)


def _given_out(
    world: Sequence[Sequence[tuple[int, int, int | None, int | None]]],
) -> tuple[list[tuple[Cell, list[Contribution]]], list[Contribution]]:
    """Return every cell that was given out, with the observations in it; and all of these."""
    shown, waiting, every, number = [], [], [], 0
    for arriving in world:
        for place, educator, a, b in arriving:
            number += 1
            # An educator with a low number works in two schools.
            who = educator if educator < 2 else 10 * place + educator
            waiting.append(brought(number, place, who, a=a, b=b))
            every.append(waiting[-1])
        batch = cut(waiting, RULES)
        inside = set(batch.observation_ids)
        rows = [each for each in waiting if each.observation_id in inside]
        for cell in batch.cells:
            shown.append((cell, [each for each in rows if each.school_id in cell.school_ids]))
        waiting = [each for each in waiting if each.observation_id not in inside]
    return shown, every


def _scored(rows: Iterable[Contribution], name: str) -> list[Contribution]:
    return [each for each in rows if name in each.means]


def _who(rows: Iterable[Contribution]) -> set[UUID]:
    return {each.educator_id for each in rows}


@given(worlds)
@settings(max_examples=60)
def test_cells_never_overlap_and_each_mean_is_of_five_or_more(world: object) -> None:
    shown, _every = _given_out(world)  # type: ignore[arg-type]
    inside = [each.observation_id for _cell, rows in shown for each in rows]
    assert len(inside) == len(set(inside)), "an observation enters one cell, ever"
    for cell, rows in shown:
        for name, mean in cell.means.items():
            scored = _scored(rows, name)
            assert mean.educators == len(_who(scored)) >= 5
            assert mean.mean == pytest.approx(
                sum(educator_means(scored, name).values()) / mean.educators, abs=0.006
            )


@given(worlds)
@settings(max_examples=60)
def test_complementary_filters_leave_five_or_nobody(world: object) -> None:
    """Take any choice of cells (by release, by school) and another inside it: what is between?"""
    shown, _every = _given_out(world)  # type: ignore[arg-type]
    some = shown[:6]
    choices = list(chain.from_iterable(combinations(some, size) for size in range(len(some) + 1)))
    for name in RULE.ends:
        for choice in choices:
            whole = {each.observation_id for cell, rows in choice for each in rows}
            assert len(whole) == sum(len(rows) for _cell, rows in choice)
            for left_out, rows in choice:
                if name in left_out.means:
                    between = [each for each in rows if name in each.means]
                    assert len(_who(between)) >= 5


@given(worlds)
@settings(max_examples=60)
def test_who_knows_all_of_one_school_learns_of_no_fewer_than_five_others(world: object) -> None:
    shown, every = _given_out(world)  # type: ignore[arg-type]
    for own in {each.school_id for each in every}:
        for cell, rows in shown:
            for name in cell.means:
                known = _who(each for each in every if each.school_id == own)
                scored = _who(_scored(rows, name))
                hers = _who(each for each in _scored(rows, name) if each.school_id == own)
                assert len(scored - hers) in (0, *range(5, 99)), (own, known)


@given(worlds)
@settings(max_examples=40)
def test_what_is_known_is_whole_cells_and_the_order_of_arrival_is_no_matter(world: object) -> None:
    shown, every = _given_out(world)  # type: ignore[arg-type]
    assert cut(every, RULES) == cut(list(reversed(every)), RULES)
    for name in RULE.ends:
        mean = together([cell for cell, _rows in shown], name)
        count = sum(cell.means[name].educators for cell, _rows in shown if name in cell.means)
        assert (mean.educators if mean else 0) == count
