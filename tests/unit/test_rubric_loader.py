"""Reading rubric files: what is right, and all complaints at once about what is not."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.errors import InvalidError
from observe.rubric.loader import MOST_TOLD, read_rubric
from observe.rubric.schema import canonical, from_canonical
from observe.rubric.yamltext import LARGEST_FILE, MOST_ENTRIES

GOOD = """\
schema_version: 1
id: prueba
version: "1.0"
title: {es: Pauta, en: Rubric}
summary: {es: Resumen, en: Summary}
source: {es: Nuestra, en: Ours}
licence: CC0-1.0
protocol:
  cycles: 3
  cycle_ms: 900000
  minimum_codable_ms: 600000
scales:
  main:
    min: 1
    max: 4
    labels:
      1: {es: Poco, en: Little}
      4: {es: Mucho, en: Much}
    bands:
      low: {low: 1, high: 1}
      mid: {low: 2, high: 3}
      high: {low: 4, high: 4}
domains:
  - id: pensar
    title: {es: Pensar, en: Thinking}
dimensions:
  - id: preguntas
    code: P1
    title: {es: Preguntas, en: Questions}
    domain: pensar
    description: {es: Se pregunta, en: Questions are asked}
    descriptors:
      low: {es: Una vez, en: Once}
      mid: {es: A ratos, en: At times}
      high: {es: Siempre, en: Always}
  - id: razones
    code: P2
    title: {es: Razones, en: Reasons}
    domain: null
    description: {es: Se explica, en: It is explained}
    descriptors:
      low: {es: Una vez, en: Once}
      mid: {es: A ratos, en: At times}
      high: {es: Siempre, en: Always}
"""


def complaints(text: str) -> list[str]:
    with pytest.raises(InvalidError) as caught:
        read_rubric(text, "p.yaml")
    return [str(problem) for problem in caught.value.problems]


def changed(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_a_good_file_is_read() -> None:
    rubric = read_rubric(GOOD, "p.yaml")
    assert (rubric.id, rubric.version, len(rubric.dimensions)) == ("prueba", "1.0", 2)
    assert rubric.dimension("razones").domain is None
    assert rubric.scales["main"].labels[4].es == "Mucho"


def test_the_example_of_the_documentation_is_a_valid_file() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rubrics.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    rubric = read_rubric(example, "docs/rubrics.md")
    assert [row.polarity for row in rubric.dimensions] == ["positive", "negative"]


def test_the_example_of_names_alone_is_a_valid_file_and_names_no_instrument() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = (docs / "interacciones-de-aula.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    rubric = read_rubric(example, "docs/interacciones-de-aula.md")
    assert rubric.names_only
    assert "CLASS" not in example


def test_words_stay_as_written() -> None:
    text = changed(
        ('version: "1.0"', "version: 1.10"),
        ("{es: Una vez, en: Once}", "{es: no, en: 2026-05-10}"),
        ("{es: A ratos, en: At times}", '{es: "null", en: 7}'),
    )
    rubric = read_rubric("\ufeff" + text, "p.yaml")
    assert rubric.version == "1.10"
    words = rubric.dimensions[0].descriptors
    assert words
    assert (words.low.es, words.low.en) == ("no", "2026-05-10")
    assert (words.mid.es, words.mid.en) == ("null", "7")


def test_the_same_letter_in_two_encodings_is_the_same_text() -> None:
    composed = changed(("es: Poco", "es: Reflexi\u00f3n"))
    apart = changed(("es: Poco", "es: Reflexio\u0301n"))
    assert read_rubric(composed, "a") == read_rubric(apart, "b")


@pytest.mark.parametrize("text", ["", "   \n", "# nada\n", "hola", "- a\n- b\n", "null", "\x00"])
def test_what_is_no_rubric_at_all_is_refused(text: str) -> None:
    assert complaints(text)


def test_everything_is_told_at_once_in_order_of_lines() -> None:
    told = complaints(
        changed(
            ("id: prueba", "id: Prueba"),
            ("licence: CC0-1.0", "license: &x CC0"),
            ("cycles: 3", "cycles: muchos"),
            ("mid: {low: 2", "mid: {low: 3"),
            ("domain: pensar", "domain: crear"),
            ("code: P2", "code: P1"),
            ("high: {es: Siempre, en: Always}", "high: {es: Siempre}"),
        )
    )
    lines = [int(problem.split("line ")[1].split(",")[0]) for problem in told]
    assert lines == sorted(lines)
    # licence missing, license unknown and marked; the domain nobody uses is told as well
    assert len(told) == 10


def test_a_bomb_of_references_is_refused_and_never_expanded() -> None:
    layers = "\n".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]" for i in range(1, 12))
    started = time.monotonic()
    told = complaints(f"x0: &x0 [a]\n{layers}\n{GOOD}")
    assert time.monotonic() - started < 2
    assert any("a reference (*…) is not allowed" in problem for problem in told)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x: " + "[" * 50_000, "groups lie too deep"),
        ("x: " + "{a: " * 50_000, "groups lie too deep"),
        ("\n".join(f"{'  ' * i}a:" for i in range(40)), "groups lie too deep"),
        ("[" + "a," * (MOST_ENTRIES + 1) + "]", "too many entries"),
        ("x" * (LARGEST_FILE + 1), "too large"),
    ],
)
def test_size_and_depth_are_limited_and_quickly(text: str, complaint: str) -> None:
    started = time.monotonic()
    told = complaints(text)
    assert complaint in told[0]
    assert time.monotonic() - started < 5


def test_a_flood_of_problems_is_cut_and_counted() -> None:
    told = complaints(GOOD + "\n".join(f"k{number}: 1" for number in range(500)))
    assert len(told) == MOST_TOLD + 1
    assert told[-1] == f"… and {500 - MOST_TOLD} more."


def test_the_refusal_speaks_spanish() -> None:
    with pytest.raises(InvalidError) as caught:
        read_rubric(changed(("domain: pensar", "domain: crear")), "p.yaml")
    assert caught.value.message.in_language("es_CL").startswith("p.yaml todavía no se puede usar")
    spanish = caught.value.problems[-1].in_language("es_CL")
    assert spanish == (
        "p.yaml, línea 30, dimensions.preguntas.domain: no existe el dominio «crear»: escribe uno "
        "de pensar, o null si no pertenece a ninguno."
    )


@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=12))
def test_no_damage_to_a_file_gives_anything_but_a_rubric_or_complaints(
    start: int, length: int, put: str
) -> None:
    damaged = GOOD[:start] + put + GOOD[start + length :]
    try:
        rubric = read_rubric(damaged, "p.yaml")
    except InvalidError as error:
        assert error.problems
        assert all(problem.in_language("es_CL") for problem in error.problems)
    else:
        assert from_canonical(canonical(rubric)) == rubric


@given(st.text(max_size=60))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    with pytest.raises(InvalidError):
        read_rubric(text, "p.yaml")


def test_a_pauta_in_spanish_only_says_so_and_is_read_in_english_screens_too() -> None:
    spanish = re.sub(r", en: [^}]*", "", GOOD)
    told = complaints(spanish)
    assert len(told) == spanish.count("{es:")
    assert told[0] == (
        "p.yaml, line 4, title.en: is missing: add it, or write «languages: [es]» for the whole "
        "rubric."
    )
    rubric = read_rubric(spanish.replace("licence:", "languages: [es]\nlicence:"), "p.yaml")
    assert rubric.title.in_language("en") == "Pauta"


def test_spanish_is_always_among_the_languages() -> None:
    assert complaints(changed(("licence:", "languages: [en]\nlicence:"))) == [
        "p.yaml, line 7, languages: must name es: the screens speak Spanish first."
    ]


def test_reports_may_ask_for_larger_groups_and_never_for_smaller() -> None:
    asked = "reports: {minimum_educators: %s}\nlicence:"
    rubric = read_rubric(changed(("licence:", asked % 8)), "p.yaml")
    assert rubric.reports.minimum_educators == 8
    assert complaints(changed(("licence:", asked % 4))) == [
        "p.yaml, line 7, reports.minimum_educators: must be 5 or more."
    ]
