"""A rubric that is not complete, or not even sound, is always shown, told of and exported."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observe.rubric import content as contents
from observe.rubric import drafts, fields
from observe.rubric.content import Group
from observe.rubric.loader import read_rubric
from observe.rubric.sketch import GAP, sketch
from observe.rubric.yamltext import read_yaml
from tests.rubrics import WHOLE

PLAIN = contents.plain_of(read_rubric(WHOLE, "p.yaml"))
STRANGE: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "x", "99", "_1", [], {}, ["x"], {"es": ""}, [{}], {"low": "9"}]
)


@st.composite
def broken(draw: st.DrawFn) -> Group:
    """Return a rubric in which some parts are gone or something else."""
    content = copy.deepcopy(PLAIN)
    for _time in range(draw(st.integers(1, 6))):
        here: Any = content
        while True:
            places = list(here) if isinstance(here, dict) else list(range(len(here)))
            if not places:
                break
            place = draw(st.sampled_from(places))
            if isinstance(here[place], dict | list) and draw(st.booleans()):
                here = here[place]
                continue
            if draw(st.booleans()):
                here[place] = copy.deepcopy(draw(STRANGE))
            else:
                del here[place]
            break
    return content


@settings(max_examples=25)
@given(broken())
def test_whatever_a_draft_says_it_can_be_shown(content: Group) -> None:
    content = contents.adopted(content)
    rubric = sketch(content)
    assert rubric is None or rubric.rows()
    known = fields.fields(content)
    for name, field in known.items():
        assert field.name == name
        fields.write(content, field, fields.typed(content, field))
    for each in drafts.problems(content):
        assert each.field is None or each.field.name in known
    read_yaml(contents.file_of(content))


@settings(max_examples=25)
@given(broken())
def test_what_a_draft_says_comes_back_from_its_file(content: Group) -> None:
    said = contents.finished(contents.adopted(content))
    assert read_yaml(contents.file_of(said)).content == contents.finished(said)


@pytest.mark.parametrize("name", ["title.es", "dimensions.apuro.title.es", "summary.en"])
def test_a_gap_is_shown_as_one(name: str) -> None:
    content = copy.deepcopy(PLAIN)
    fields.write(content, fields.fields(content)[name], "")
    shown = sketch(content)
    assert shown
    if name.endswith(".es"):
        assert GAP in {shown.title.es, shown.dimension("apuro").title.es}
    assert [each.field.name for each in drafts.problems(content) if each.field] == [name]


def test_a_new_rubric_of_which_no_dimension_is_written_yet_is_shown() -> None:
    shown = sketch(contents.blank("nueva", "Nueva"))
    assert shown
    assert [row.of.title.es for row in shown.rows()] == [GAP]


def test_a_rubric_without_rows_has_no_sheet() -> None:
    assert sketch(PLAIN | {"dimensions": []}) is None
    assert sketch({"id": "x"}) is None
