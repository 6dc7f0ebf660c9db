"""The rubrics that come with the program: complete in both languages, and of the promised shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel

from observe.rubric.loader import read_rubric
from observe.rubric.operations import shipped_folder
from observe.rubric.schema import Dimension, Rubric, Text

NAMES = (
    "aprendizaje-profundo",
    "interacciones-aula-basica",
    "interacciones-aula-media",
    "teach-primaria",
)
SHARED_WORDS = 0.6  # two ranges that share more of their words differ in adjectives only


@cache
def shipped(name: str) -> Rubric:
    path = shipped_folder() / name / "1.0.yaml"
    return read_rubric(path.read_text(encoding="utf-8"), path.name)


def every_dimension() -> list[tuple[str, Dimension]]:
    return [(name, row) for name in NAMES for row in shipped(name).dimensions]


def texts(thing: object) -> Iterator[Text]:
    if isinstance(thing, Text):
        yield thing
    elif isinstance(thing, BaseModel):
        for name in type(thing).model_fields:
            yield from texts(getattr(thing, name))
    elif isinstance(thing, dict):
        for each in thing.values():
            yield from texts(each)
    elif isinstance(thing, tuple):
        for each in thing:
            yield from texts(each)


def test_each_file_is_where_its_id_and_version_say() -> None:
    for path in sorted(shipped_folder().glob("*/*.yaml")):
        rubric = read_rubric(path.read_text(encoding="utf-8"), path.name)
        assert path.relative_to(shipped_folder()) == Path(rubric.id, f"{rubric.version}.yaml")


def test_the_deep_learning_pauta_has_three_domains_of_three() -> None:
    rubric = shipped("aprendizaje-profundo")
    shape = {domain.id: len(rows) for domain, rows in rubric.groups() if domain}
    assert shape == {"cognitivo": 3, "interpersonal": 3, "intrapersonal": 3}
    scale = rubric.scales["main"]
    assert (scale.min, scale.max, sorted(scale.labels)) == (1, 4, [1, 2, 3, 4])
    assert all(row.not_observed == "allowed" for row in rubric.dimensions)


def test_the_classroom_rubric_has_ten_dimensions_and_one_negative() -> None:
    rubric = shipped("interacciones-aula-basica")
    assert [len(rows) for _, rows in rubric.groups()] == [4, 3, 3]
    negative = [row for row in rubric.dimensions if row.polarity == "negative"]
    assert [(row.id, row.domain) for row in negative] == [("trato-brusco", "vinculo")]
    bands = rubric.scales["main"].bands
    assert [(band.low, band.high) for band in (bands.low, bands.mid, bands.high)] == [
        (1, 2), (3, 5), (6, 7),
    ]  # fmt: skip


def test_upper_grades_have_twelve_dimensions_of_which_one_has_no_domain() -> None:
    rubric = shipped("interacciones-aula-media")
    assert [len(rows) for _, rows in rubric.groups()] == [3, 3, 5, 1]
    (negative,) = [row for row in rubric.dimensions if row.polarity == "negative"]
    assert (negative.id, negative.domain) == ("trato-brusco", "organizacion")
    assert [row.id for row in rubric.dimensions_in(None)] == ["participacion-de-estudiantes"]
    assert rubric.scales == shipped("interacciones-aula-basica").scales


def test_teach_has_nine_elements_over_28_behaviours_and_both_disclaimers() -> None:
    rubric = shipped("teach-primaria")
    assert [len(rows) for _, rows in rubric.groups()] == [2, 4, 3]
    assert [len(row.behaviours) for row in rubric.dimensions] == [4, 3, 4, 3, 2, 3, 3, 3, 3]
    assert (rubric.aggregation, rubric.licence, len(rubric.rows())) == (
        "holistic", "CC-BY-4.0-IGO", 37,
    )  # fmt: skip
    elements, behaviours = rubric.scales["main"], rubric.scales["behaviour"]
    assert (list(elements.values()), len(behaviours.values())) == ([1, 2, 3, 4, 5], 3)
    letters = [behaviours.letters[value].in_language("en") for value in behaviours.values()]
    assert letters == ["L", "M", "H"]
    for behaviour in (each for row in rubric.dimensions for each in row.behaviours):
        assert behaviour.descriptors is not None, behaviour.id
    told = " ".join(text.in_language("en") for text in rubric.disclaimers)
    assert "translation was not created by The World Bank" in told
    assert "adaptation of an original work by The World Bank" in told
    assert rubric.credit is not None
    assert "Teach Primary (Second Edition)" in rubric.credit.in_language("en")
    assert rubric.protocol.snapshots is not None
    assert rubric.protocol.snapshots.at_ms == (240_000, 540_000, 840_000)


@pytest.mark.parametrize("name", NAMES)
def test_no_proprietary_name_and_no_word_of_supervision(name: str) -> None:
    words = " ".join(f"{text.es} {text.en}" for text in texts(shipped(name)))
    assert not re.search(r"\bCLASS\b|Teachstone|debilidad|fiscaliz|weakness", words)
    assert "tutor" not in words


@pytest.mark.parametrize("name", NAMES)
def test_no_text_was_left_in_the_other_language(name: str) -> None:
    quoting = shipped(name).source  # names an English book
    for text in texts(shipped(name)):
        if len(text.es) > 40 and text != quoting:
            assert text.es != text.en
            assert not re.search(r"\b(the|and|they|with)\b", text.es), text.es
            assert not re.search(r"\b(los|las|que|niñas|una)\b", text.in_language("en")), text.en


@pytest.mark.parametrize(("name", "row"), every_dimension())
def test_each_dimension_can_be_coded_and_fed_back(name: str, row: Dimension) -> None:
    assert len(row.indicators) >= 4, name
    assert len(row.examples) >= 3
    assert row.feedback.strength
    assert row.feedback.priority
    assert len(row.feedback.questions) >= 2
    for question in row.feedback.questions:
        assert question.es.rstrip().endswith("?")
        assert question.in_language("en").rstrip().endswith("?")


@pytest.mark.parametrize(("name", "row"), every_dimension())
def test_the_three_ranges_say_different_things(name: str, row: Dimension) -> None:
    for language in ("es", "en"):
        ranges = [
            set(re.findall(r"\w{4,}", getattr(getattr(row.descriptors, band), language).lower()))
            for band in ("low", "mid", "high")
        ]
        for one, other in ((0, 1), (1, 2), (0, 2)):
            shared = len(ranges[one] & ranges[other]) / min(len(ranges[one]), len(ranges[other]))
            assert shared < SHARED_WORDS, (name, row.id, language)
        assert all(len(words) >= 15 for words in ranges), (name, row.id, language)
