"""Class lists as text, and the names in what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.errors import InvalidError
from observe.people.class_lists import LARGEST_NUMBER, MOST_CHILDREN, parse
from observe.text import named, plain


@pytest.mark.parametrize(
    ("text", "children"),
    [
        ("1. Ana\n2) Juan Pablo\n3; Sofía\n", {1: "Ana", 2: "Juan Pablo", 3: "Sofía"}),
        ("7\n8 -\n9-Ana\n10.Luis 2", {7: "", 8: "", 9: "Ana", 10: "Luis 2"}),
        ("Ana\nTomás", {1: "Ana", 2: "Tomás"}),
        ("12 D'Angelo\n\n\n", {12: "D'Angelo"}),
        ("", {}),
    ],
)
def test_a_child_a_line(text: str, children: dict[int, str]) -> None:
    assert parse(text) == children


@pytest.mark.parametrize(
    "text",
    [
        "1 Ana\n1 Juan",
        "x" * 100,
        "\n".join(map(str, range(1, MOST_CHILDREN + 2))),
        "1234 Ana",
        "12.345.678-9 Ana",
        "12345678-K Ana",
        "3 12.345.678-9 Ana",
        "3 Ana 5.678.901-2",
        "999 Ana\nLuis",
        "0 Ana",
    ],
    ids=[
        *("number twice", "long name", "too many", "large number", "RUT", "RUT without dots"),
        *("RUT after the number", "RUT after the name", "after the last number", "zero"),
    ],
)
def test_what_cannot_be_taken_is_told(text: str) -> None:
    with pytest.raises(InvalidError) as told:
        parse(text)
    assert told.value.problems


@given(st.text())
def test_any_text_is_taken_or_told(text: str) -> None:
    try:
        children = parse(text)
    except InvalidError as error:
        assert error.problems
    else:
        assert all(0 < number <= LARGEST_NUMBER for number in children)


def test_names_are_words_with_a_capital_however_they_are_accented() -> None:
    names = frozenset({plain("Sofía"), plain("Rosa")})
    assert named("SOFIA y Sofía; la flor rosa, Rosario", names) == ("SOFIA", "Sofía")
