"""Class lists as text, and the names in what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.errors import InvalidError
from observe.people.class_lists import MOST_CHILDREN, parse
from observe.text import named, plain


@pytest.mark.parametrize(
    ("text", "children"),
    [
        ("1. Ana\n2) Juan Pablo\n3; Sofía\n", {1: "Ana", 2: "Juan Pablo", 3: "Sofía"}),
        ("7\n8 -\n", {7: "", 8: ""}),
        ("Ana\nTomás", {1: "Ana", 2: "Tomás"}),
        ("12 D'Angelo\n\n\n", {12: "D'Angelo"}),
        ("", {}),
    ],
)
def test_a_child_a_line(text: str, children: dict[int, str]) -> None:
    assert parse(text) == children


@pytest.mark.parametrize(
    "text",
    ["1 Ana\n1 Juan", "x" * 100, "\n".join(map(str, range(1, MOST_CHILDREN + 2)))],
    ids=["number twice", "long name", "too many"],
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
        assert all(number >= 0 for number in children)


def test_names_are_words_with_a_capital_however_they_are_accented() -> None:
    names = frozenset({plain("Sofía"), plain("Rosa")})
    assert named("SOFIA y Sofía; la flor rosa, Rosario", names) == ("SOFIA", "Sofía")
