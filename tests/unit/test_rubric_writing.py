"""A rubric written to a file: read again it is the same content, and a person can read it too."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from observe.rubric.loader import read_rubric
from observe.rubric.operations import shipped_folder
from observe.rubric.schema import Rubric, canonical, content_hash, from_canonical
from observe.rubric.writing import yaml_of
from observe.rubric.yamltext import Content, read_yaml
from tests.rubrics import WHOLE
from tests.unit.documents import small_rubric

SHIPPED = sorted(shipped_folder().glob("*/*.yaml"))
LONGEST_LINE = 120
WORDS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\t\n\x85 -#:"), min_size=1
).filter(str.strip)


def written_and_read(rubric: Rubric) -> Rubric:
    return read_rubric(yaml_of(rubric), "again.yaml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_shipped_rubrics_come_back_with_their_hash(path: Path) -> None:
    rubric = read_rubric(path.read_text(encoding="utf-8"), path.name)
    assert content_hash(written_and_read(rubric)) == content_hash(rubric)
    # As the home keeps it: fields, scales and numbers in the order of the alphabet.
    kept = from_canonical(canonical(rubric))
    assert yaml_of(kept) == yaml_of(rubric)
    assert content_hash(read_rubric(canonical(rubric), "x.json")) == content_hash(rubric)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_shipped_rubrics_are_written_for_people(path: Path) -> None:
    text = yaml_of(read_rubric(path.read_text(encoding="utf-8"), path.name))
    assert max(len(line) for line in text.splitlines()) <= LONGEST_LINE
    assert ">-" in text
    assert "\\" not in text


def long_words(words: str) -> Rubric:
    text = {"es": words, "en": f"{words} {words}"}
    return small_rubric([{"id": "a", "domain": None, "title": text, "indicators": [text, text]}])


@given(WORDS)
@example("palabra " * 40)
@example("una línea\n  otra, más adentro\n\ny otra " + "larga " * 30)
@example("letras aparte: Reflexio\u0301n")
@example("1.10")
@example("un salto\u2028raro\x85y otro")
@example("\U0001f600 «¿por qué?» # - : {a} &b *c !d")
def test_any_words_come_back_as_they_were(words: str) -> None:
    rubric = long_words(words)
    assert content_hash(written_and_read(rubric)) == content_hash(rubric)


def test_a_whole_rubric_is_laid_out_as_in_the_documentation() -> None:
    text = yaml_of(read_rubric(WHOLE, "1.0.yaml"))
    assert text.startswith("schema_version: 1\nid: entera\nversion: '1.0'\n")
    for part in (
        "title: {es: Pauta entera, en: Whole rubric}\n",
        "languages: [es, en]\n",
        "    at_ms: [240000, 540000]\n",
        "        only_after: [trabajo, conversan]\n",
        "scales:\n  main:\n    min: 1\n",
        "      1: {es: Poco, en: Little}\n",
        "      low: {low: 1, high: 1}\n",
        "    domain: null\n",
        "    behaviours:\n      - id: espera\n",
    ):
        assert part in text


def test_words_that_yaml_takes_for_something_else_stand_in_quotes() -> None:
    text = yaml_of(small_rubric([{"id": "no", "code": "1.10", "domain": None}]))
    assert "- id: 'no'\n    code: '1.10'\n" in text


def test_the_order_of_fields_is_that_of_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rubrics.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    documented = read_yaml(example).content
    assert orders(read_yaml(yaml_of(read_rubric(example, "x"))).content) == orders(documented)


def orders(content: Content) -> list[list[str]]:
    """Return the names of the fields of each group, in order, from the outside in."""
    if isinstance(content, dict):
        return [list(content), *(order for each in content.values() for order in orders(each))]
    if isinstance(content, list):
        return [order for each in content for order in orders(each)]
    return []
