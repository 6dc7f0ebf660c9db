"""Where a cycle could begin: what is suggested lies inside the lesson, in order and apart."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from observe.video.timeline.activity import Activity
from observe.video.timeline.moments import APART_MS, MOST, SILENCE_S, boundaries
from observe.video.timeline.voices import Voice, Voices


def heard(*runs: tuple[Voice, int]) -> Voices:
    """Return the voices of runs of so many seconds."""
    seconds = tuple(voice for voice, count in runs for _ in range(count))
    return Voices(seconds, (-20.0,) * len(seconds))


def cut_at(*joints_ms: int) -> Activity:
    """Return an activity of nothing but cuts."""
    return Activity((), joints_ms, ())


timelines = st.lists(st.tuples(st.sampled_from(Voice), st.integers(1, 60)), max_size=40).map(
    lambda runs: heard(*runs)
)
moments = st.lists(st.integers(0, 3_600_000), max_size=60, unique=True).map(sorted)


@given(timelines, moments, moments, st.integers(1, 3_600_000))
def test_suggestions_lie_inside_the_lesson_in_order_and_apart(
    voices: Voices, joints: list[int], parts: list[int], duration_ms: int
) -> None:
    found = [each.at_ms for each in boundaries(voices, cut_at(*joints), parts, duration_ms)]
    assert all(0 < at_ms < duration_ms for at_ms in found)
    assert all(later - earlier >= APART_MS for earlier, later in pairwise(found))
    assert len(found) <= MOST


@given(moments, st.integers(60_000, 3_600_000))
def test_a_part_is_never_left_out_for_a_cut(parts: list[int], duration_ms: int) -> None:
    with_cuts = boundaries(None, cut_at(*(at_ms + 1 for at_ms in parts)), parts, duration_ms)
    inside = [at_ms for at_ms in parts if 0 < at_ms < duration_ms]
    assert not inside or inside[0] in [each.at_ms for each in with_cuts]


def test_the_middle_of_a_long_silence_is_suggested_and_why() -> None:
    voices = heard((Voice.ONE, 60), (Voice.NONE, 20), (Voice.SEVERAL, 60))
    (found,) = boundaries(voices, None, (), 140_000)
    assert found.at_ms == 70_000
    assert "20" in found.reason.in_language("en")
    assert "20 segundos" in found.reason.in_language("es_CL")


def test_a_short_silence_and_those_at_the_ends_are_not() -> None:
    lasting = SILENCE_S + 10
    runs = ((Voice.NONE, lasting), (Voice.ONE, 60), (Voice.NONE, SILENCE_S - 1), (Voice.ONE, 60))
    assert boundaries(heard(*runs, (Voice.NONE, lasting)), None, (), 400_000) == ()


def test_of_near_ones_the_joint_of_files_stays() -> None:
    voices = heard((Voice.ONE, 60), (Voice.NONE, 20), (Voice.ONE, 60))
    found = boundaries(voices, cut_at(71_000), (72_000,), 140_000)
    assert [each.at_ms for each in found] == [72_000]


def test_nothing_is_suggested_where_nothing_is_known() -> None:
    assert boundaries(None, None, (), 3_600_000) == ()
