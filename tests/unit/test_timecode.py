"""Time in and out of words, for any time."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.errors import BadInputError
from observe.video.timecode import Span, format_time, parse_span, parse_time

ANY_MS = st.integers(0, 9_999 * 3_600_000)


@given(ANY_MS)
def test_a_time_written_with_milliseconds_reads_back_as_itself(ms: int) -> None:
    assert parse_time(format_time(ms, millis=True)) == ms


@given(ANY_MS)
def test_the_short_form_names_the_second_that_has_begun(ms: int) -> None:
    read = parse_time(format_time(ms))
    assert read <= ms < read + 1000


@given(st.integers(0, 9_000 * 3_600_000), st.integers(1, 10_000_000))
def test_a_span_reads_back_as_itself(start: int, length: int) -> None:
    span = Span(start, start + length)
    assert parse_span(str(span)) == span
    assert span.length_ms == length


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("00:18:42.5", 1_122_500),
        ("18:42.5", 1_122_500),
        ("18:42,5", 1_122_500),
        ("42", 42_000),
        ("0.001", 1),
        ("90:00", 5_400_000),
        ("5400", 5_400_000),
        (" 1:00:00.050 ", 3_600_050),
    ],
)
def test_what_people_write(text: str, ms: int) -> None:
    assert parse_time(text) == ms


@pytest.mark.parametrize(
    "text",
    ["", "abc", "-1", "1:60", "1:60:00", "0:00:60", "1:2:3:4", "1.2345", "1.", "٣", "1e3", "∞"],
)
def test_what_is_no_time_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match="is no time"):
        parse_time(text)


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with suppress(BadInputError):
        assert parse_time(text) >= 0


@pytest.mark.parametrize("text", ["", "10", "10-", "-10", "20-10", "10-10", "1-2-3", "a-b"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_span(text)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (6, 5)])
def test_a_span_ends_after_it_starts(start: int, end: int) -> None:
    with pytest.raises(BadInputError):
        Span(start, end)
