"""The rule that tells one voice from several, and the shares of a lesson and of its cycles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.video.timecode import Span
from observe.video.timeline import voices
from observe.video.timeline.voices import Voice, Voices


def told(speech: list[int], levels: list[float]) -> tuple[Voice, ...]:
    """Apply the rule to sureness and levels given for each second."""
    chunks = np.repeat(speech, 125)[::4]  # 31.25 a second
    swinging = np.repeat(levels, 20)
    return voices.voices_in(chunks.astype(np.uint8), swinging, len(speech))


def test_speech_whose_level_swings_is_one_voice() -> None:
    assert set(told([255] * 40, [-20.0, -50.0] * 20)) == {Voice.ONE}


def test_speech_whose_level_is_steady_is_several_voices() -> None:
    assert set(told([255] * 40, [-20.0, -21.0] * 20)) == {Voice.SEVERAL}


def test_pauses_that_noise_hides_from_the_level_make_it_one_voice() -> None:
    assert set(told([255, 255, 255, 0] * 10, [-20.0, -20.0, -20.0, -30.0] * 10)) == {Voice.ONE}


def test_a_loud_noise_that_is_no_speech_is_no_voice() -> None:
    assert set(told([0] * 40, [-10.0, -40.0] * 20)) == {Voice.NONE}


def test_silence_begins_where_the_last_word_ended() -> None:
    seconds = told([255] * 40 + [0] * 40, [-20.0, -50.0] * 20 + [-50.0] * 40)
    assert seconds[:40] == (Voice.ONE,) * 40
    assert seconds[43:] == (Voice.NONE,) * 37


def test_no_seconds_are_told_of_no_sound() -> None:
    assert told([], []) == ()
    assert voices.shares(Voices((), ()), Span(0, 10_000)) == voices.Shares(0, 0, 0)


@given(
    st.lists(st.sampled_from(Voice), min_size=1, max_size=50).map(tuple),
    st.integers(0, 60_000),
    st.integers(1, 60_000),
)
def test_shares_add_up_wherever_sound_is_known(
    seconds: tuple[Voice, ...], start_ms: int, length_ms: int
) -> None:
    heard = Voices(seconds, (-20.0,) * len(seconds))
    shares = voices.shares(heard, Span(start_ms, start_ms + length_ms))
    whole = shares.one + shares.several + shares.none
    assert whole == pytest.approx(1 if start_ms < len(seconds) * 1000 else 0)


def test_shares_of_a_cycle_count_its_own_time_alone() -> None:
    heard = Voices((Voice.ONE,) * 10 + (Voice.SEVERAL,) * 10, (-20.0,) * 20)
    assert voices.shares(heard) == voices.Shares(one=0.5, several=0.5, none=0)
    assert voices.shares(heard, Span(9_500, 11_500)) == voices.Shares(0.25, 0.75, 0)
