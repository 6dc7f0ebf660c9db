"""The worked examples of the documentation are what the program computes."""

from __future__ import annotations

from observe.rubric.loader import read_rubric
from observe.rubric.operations import shipped_folder
from tools.worked_examples import PAGE, page


def test_the_page_says_what_the_program_computes_today() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tools.worked_examples"


def test_each_rubric_and_each_rule_is_in_it() -> None:
    text = page()
    for path in shipped_folder().glob("*/*.yaml"):
        rubric = read_rubric(path.read_text(encoding="utf-8"), path.name)
        assert f"## {rubric.title.in_language('en')}" in text
    for rule in ("(negative)", "1 + 7 − ", "N/O", "domains have no mean", "outside the domains"):
        assert rule in text, rule
