"""Planning cycles and counting codable time."""

from __future__ import annotations

import doctest

from hypothesis import given
from hypothesis import strategies as st

from observe.coding import cycles as module
from observe.coding.cycles import codable_ms, order, overlap_ms, plan
from observe.video.timecode import Span

LENGTHS = st.integers(1, 5_000_000)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(st.integers(0, 10_000))
    return Span(start, start + draw(st.integers(1, 10_000)))


@given(LENGTHS, st.integers(1, 40), LENGTHS)
def test_a_plan_follows_on_from_the_first_frame_without_gaps(
    duration_ms: int, count: int, length_ms: int
) -> None:
    cycles = plan(duration_ms, count, length_ms)
    assert 1 <= len(cycles) <= count
    assert cycles[0].start_ms == 0
    assert [cycle.end_ms for cycle in cycles[:-1]] == [cycle.start_ms for cycle in cycles[1:]]
    assert cycles[-1].end_ms == min(duration_ms, count * length_ms)
    assert all(cycle.length_ms == length_ms for cycle in cycles[:-1])


def test_the_last_cycle_ends_with_the_lesson() -> None:
    assert plan(44 * 60_000, 3, 15 * 60_000)[-1] == Span(30 * 60_000, 44 * 60_000)


@given(spans(), spans())
def test_overlap_is_the_same_both_ways_and_never_longer_than_either(one: Span, other: Span) -> None:
    assert overlap_ms(one, other) == overlap_ms(other, one)
    assert 0 <= overlap_ms(one, other) <= min(one.length_ms, other.length_ms)


def test_spans_are_half_open() -> None:
    assert overlap_ms(Span(0, 10), Span(10, 20)) == 0


@given(spans(), st.lists(spans(), max_size=6))
def test_codable_time_counts_each_moment_once(cycle: Span, stretches: list[Span]) -> None:
    covered = {
        moment
        for stretch in stretches
        for moment in range(
            max(stretch.start_ms, cycle.start_ms), min(stretch.end_ms, cycle.end_ms)
        )
    }
    assert codable_ms(cycle, stretches) == cycle.length_ms - len(covered)


SEEDS = st.integers(0, 2**31 - 1)


@given(st.integers(0, 60), SEEDS)
def test_an_order_names_each_cycle_once_and_stays(count: int, seed: int) -> None:
    drawn = order(count, seed)
    assert sorted(drawn) == list(range(1, count + 1))
    assert order(count, seed) == drawn


@given(st.integers(0, 60), st.integers(0, 20), SEEDS)
def test_more_cycles_leave_the_others_in_their_order(count: int, more: int, seed: int) -> None:
    longer = order(count + more, seed)
    assert tuple(number for number in longer if number <= count) == order(count, seed)


def test_orders_differ_and_each_cycle_comes_first_as_often() -> None:
    firsts = [order(4, seed)[0] for seed in range(4_000)]
    assert all(900 < firsts.count(number) < 1_100 for number in (1, 2, 3, 4))


def test_the_examples_hold() -> None:
    assert doctest.testmod(module).failed == 0
