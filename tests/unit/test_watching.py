"""How a lesson was watched: pauses, rewinds, skips, rates and what was seen."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from observe.coding.watching import SAME_PLACE_MS, Played, seen, summary

moments = st.integers(0, 5_000)
rates = st.sampled_from([0.25, 1.0, 1.5])


@st.composite
def stretches(draw: st.DrawFn) -> list[Played]:
    found = []
    for _ in range(draw(st.integers(1, 12))):
        start = draw(moments)
        found.append(Played(start, start + draw(st.integers(0, 2_000)), draw(rates)))
    return found


def moments_in(played: list[Played]) -> set[int]:
    return {ms for each in played for ms in range(each.start_ms, each.end_ms)}


@given(stretches())
def test_what_was_seen_is_every_moment_played_and_no_other(played: list[Played]) -> None:
    spans = seen(played)
    assert {ms for span in spans for ms in range(span.start_ms, span.end_ms)} == moments_in(played)
    assert all(before.end_ms < after.start_ms for before, after in pairwise(spans))


@given(stretches())
def test_the_summary_counts_each_moment_as_often_as_it_was_played(played: list[Played]) -> None:
    told = summary(played)
    assert told.seen_ms == len(moments_in(played))
    assert told.seen_ms <= told.played_ms == sum(each.end_ms - each.start_ms for each in played)
    assert told.other_rate_ms <= told.played_ms
    assert (told.other_rate_ms == 0) or any(each.rate != 1 for each in played)


@given(stretches())
def test_between_two_stretches_is_at_most_one_step(played: list[Played]) -> None:
    told = summary(played)
    assert told.pauses + told.rewinds + told.skips <= len(played) - 1
    assert told.rewinds == sum(
        after.start_ms < before.end_ms - SAME_PLACE_MS for before, after in pairwise(played)
    )


@given(st.lists(st.integers(0, 9_000), min_size=2, unique=True), rates)
def test_a_lesson_played_in_pieces_one_after_the_other_is_only_paused(
    edges: list[int], rate: float
) -> None:
    pieces = [Played(start, end, rate) for start, end in pairwise(sorted(edges))]
    told = summary(pieces)
    assert (told.pauses, told.rewinds, told.skips) == (len(pieces) - 1, 0, 0)
    assert told.seen_ms == told.played_ms == max(edges) - min(edges)


@given(st.lists(st.integers(0, 9_000), min_size=3, unique=True))
def test_a_change_of_the_rate_alone_is_no_pause(edges: list[int]) -> None:
    pieces = [
        Played(start, end, 1 + place % 2)
        for place, (start, end) in enumerate(pairwise(sorted(edges)))
    ]
    told = summary(pieces)
    assert (told.pauses, told.rewinds, told.skips) == (0, 0, 0)
    assert told.other_rate_ms == sum(each.end_ms - each.start_ms for each in pieces[1::2])
