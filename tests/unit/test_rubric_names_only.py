"""A rubric of names alone: its words are in a manual that is not here, and all else goes on."""

from __future__ import annotations

import copy

import pytest

from observe.rubric import content as contents
from observe.rubric import drafts, fields
from observe.rubric.content import Group
from observe.rubric.diff import changes, told
from observe.rubric.loader import read_rubric
from observe.rubric.schema import Rubric, canonical, content_hash, from_canonical
from observe.rubric.sketch import GAP, sketch
from observe.rubric.writing import yaml_of
from tests.rubrics import NAMES_ALONE

RUBRIC = read_rubric(NAMES_ALONE, "1.0.yaml")
IN_WORDS = """\
  - id: uno
    code: D1
    title: {es: Dimensión uno, en: Dimension one}
    domain: primero
    description: {es: Se mira., en: It is looked at.}
    descriptors:
      low: {es: Poco, en: Little}
      mid: {es: A ratos, en: At times}
      high: {es: Siempre, en: Always}
"""


def draft() -> Group:
    return copy.deepcopy(contents.plain_of(RUBRIC))


def write(content: Group, name: str, words: str) -> None:
    fields.write(content, fields.fields(content)[name], words)


def missing(content: Group) -> list[str]:
    return [each.field.name for each in drafts.problems(content) if each.field]


def test_its_dimensions_have_names_scales_and_rules_and_no_words() -> None:
    assert RUBRIC.names_only
    assert [(row.id, row.dimension.polarity) for row in RUBRIC.rows()] == [
        ("uno", "positive"),
        ("dos", "positive"),
        ("tres", "negative"),
    ]
    assert not any(each.description or each.descriptors for each in RUBRIC.dimensions)


def test_its_file_and_its_canonical_text_come_back_with_the_same_hash() -> None:
    text = yaml_of(RUBRIC)
    assert "\nnames_only: true\n" in text
    for again in (read_rubric(text, "x"), read_rubric(canonical(RUBRIC), "x.json")):
        assert content_hash(again) == content_hash(RUBRIC)
    assert from_canonical(canonical(RUBRIC)) == RUBRIC


def test_words_that_are_given_are_kept_and_told_as_a_difference() -> None:
    line = (
        "  - {id: uno, code: D1, title: {es: Dimensión uno, en: Dimension one}, domain: primero}\n"
    )
    assert line in NAMES_ALONE
    worded = read_rubric(NAMES_ALONE.replace(line, IN_WORDS), "1.1.yaml")
    assert worded.names_only
    found = changes(RUBRIC, worded)
    assert [told(each, "es_CL") for each in found] == [
        "Descripción: se agrega. «Se mira.»",
        "Descripción de los rangos: se agrega.",
    ]
    back = [told(each, "en") for each in changes(worded, RUBRIC)]
    assert back == [
        "Description: dropped. «It is looked at.»",
        "Description of the ranges: dropped.",
    ]


def test_that_the_words_are_here_now_is_a_difference() -> None:
    here = Rubric.model_validate(RUBRIC.model_dump(exclude_unset=True) | {"names_only": False})
    (change,) = changes(RUBRIC, here)
    assert told(change, "es_CL") == (
        "Palabras de las dimensiones: antes en un manual con licencia que no está aquí, ahora "
        "escritas aquí."
    )


# --- while it is written ----------------------------------------------------------------------


def test_nothing_is_missing_until_the_words_are_to_be_here() -> None:
    content = draft()
    assert missing(content) == []
    write(content, "names_only", "false")
    of_one = ["description", *(f"descriptors.{band}" for band in ("low", "mid", "high"))]
    assert missing(content) == [
        f"dimensions.{name}.{field}.es" for name in ("uno", "dos", "tres") for field in of_one
    ]
    shown = sketch(content)
    assert shown
    one = shown.dimension("uno")
    assert one.description
    assert one.descriptors
    assert {one.description.es, one.descriptors.low.es, one.descriptors.high.es} == {GAP}
    write(content, "names_only", "true")
    assert missing(content) == []
    assert sketch(content) == RUBRIC


def test_one_range_asks_for_the_other_two() -> None:
    content = draft()
    write(content, "dimensions.dos.descriptors.mid.es", "A ratos")
    write(content, "dimensions.dos.descriptors.mid.en", "At times")
    assert missing(content) == [f"dimensions.dos.descriptors.{band}.es" for band in ("low", "high")]


@pytest.mark.parametrize(
    ("field", "words"), [("source.es", "Texto propio."), ("licence", "CC-BY-4.0")]
)
def test_what_every_new_rubric_says_of_its_words_is_not_said_of_a_manual(
    field: str, words: str
) -> None:
    content = draft()
    write(content, field, words)
    assert missing(content) == [field]
    write(content, "names_only", "false")
    assert field not in missing(content)


def test_a_new_rubric_can_be_made_one_of_names_with_five_answers() -> None:
    content = contents.blank("ajeno", "Instrumento ajeno")
    for name, words in (
        ("names_only", "true"),
        ("summary.es", "Por su nombre."),
        ("domains._1.title.es", "Primer dominio"),
        ("dimensions._2.title.es", "Dimensión uno"),
    ):
        write(content, name, words)
    assert missing(content) == ["source.es", "licence"]
    write(content, "source.es", "Manual del Instrumento Ajeno.")
    write(content, "licence", "Reservada por quien publica el manual")
    assert missing(content) == []
    made = read_rubric(contents.file_of(content), "x.yaml")
    assert (made.names_only, made.dimensions[0].descriptors) == (True, None)
