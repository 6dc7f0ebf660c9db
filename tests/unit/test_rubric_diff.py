"""What differs between two versions: each difference once, as a sentence a teacher can read."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from observe.rubric import rewording, schema
from observe.rubric.diff import NOT_TOLD, Change, Kind, changes, told, words_of
from observe.rubric.loader import read_rubric
from observe.rubric.naming import CHOICES, PARTS
from observe.rubric.rewording import Fate, marked, segments
from observe.rubric.schema import Rubric
from tests.rubrics import WHOLE
from tests.unit.documents import small_rubric

OLD = read_rubric(WHOLE, "1.0.yaml")


def revised(*replacements: tuple[str, str]) -> Rubric:
    text = WHOLE
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return read_rubric(text, "1.1.yaml")


def lines(found: tuple[Change, ...], locale: str = "es_CL") -> list[str]:
    return [f"{each.about.in_language(locale)}: {told(each, locale)}" for each in found]


A_DIFFERENCE = [
    (
        "title: {es: Preguntas,",
        "title: {es: Preguntas abiertas,",
        Kind.REWORDED,
        "dimensions.preguntas.title",
        "Dimensión «Preguntas abiertas»: Nombre: otras palabras, solo en español. "
        "Preguntas {+abiertas+}",
    ),
    (
        "en: Questions}",
        "en: Open questions}",
        Kind.REWORDED,
        "dimensions.preguntas.title",
        "Dimensión «Preguntas»: Nombre: otras palabras, solo en inglés. "
        "[-Questions-]{+Open questions+}",
    ),
    (
        "low: {es: Ninguna o una, en: None or one}",
        "low: {es: Ninguna o dos, en: None or two}",
        Kind.REWORDED,
        "dimensions.preguntas.descriptors.low",
        "Dimensión «Preguntas»: Rango bajo: otras palabras. Ninguna o [-una-]{+dos+}",
    ),
    (
        "{es: Espera cinco segundos., en: Wait for five seconds.}",
        "{es: Espera diez segundos., en: Wait for ten seconds.}",
        Kind.REWORDED,
        "dimensions.preguntas.feedback.priority",
        "Dimensión «Preguntas»: Frase para un área prioritaria: otras palabras. "
        "Espera [-cinco-]{+diez+} segundos.",
    ),
    (
        "domain: pensar\n    description",
        "domain: null\n    description",
        Kind.MOVED,
        "dimensions.razones.domain",
        "Dimensión «Razones»: Salió de «Pensar»: ya no está en ningún dominio.",
    ),
    (
        "domain: null",
        "domain: convivir",
        Kind.MOVED,
        "dimensions.apuro.domain",
        "Dimensión «Apuro»: Pasó a «Convivir»; antes no estaba en ningún dominio.",
    ),
    (
        "domain: pensar\n    description",
        "domain: convivir\n    description",
        Kind.MOVED,
        "dimensions.razones.domain",
        "Dimensión «Razones»: Cambió de dominio: de «Pensar» a «Convivir».",
    ),
    (
        "polarity: negative",
        "polarity: positive",
        Kind.RESCALED,
        "dimensions.apuro.polarity",
        "Dimensión «Apuro»: Puntaje favorable: antes el bajo, ahora el alto.",
    ),
    (
        "code: P2\n",
        "code: P2\n    scale: breve\n",
        Kind.RESCALED,
        "dimensions.razones.scale",
        "Dimensión «Razones»: Escala: antes «main», 1–4, ahora «breve», 1–3.",
    ),
    (
        "bands: {low: {low: 1, high: 1}, mid: {low: 2, high: 3}",
        "bands: {low: {low: 1, high: 2}, mid: {low: 3, high: 3}",
        Kind.RESCALED,
        "scales.main.bands",
        "Escala «main»: Rangos: antes bajo 1–1, medio 2–3, alto 4–4, "
        "ahora bajo 1–2, medio 3–3, alto 4–4.",
    ),
    (
        "4: {es: Mucho, en: Much}",
        "3: {es: Bastante, en: Quite}\n      4: {es: Mucho, en: Much}",
        Kind.RESCALED,
        "scales.main.labels.3",
        "Escala «main»: Palabras para 3: se agrega. «Bastante»",
    ),
    (
        "not_observed: note_required",
        "not_observed: forbidden",
        Kind.RULES,
        "dimensions.preguntas.not_observed",
        "Dimensión «Preguntas»: N/O: antes se permite con una nota, ahora no se permite.",
    ),
    (
        "cycle_ms: 900000",
        "cycle_ms: 1230000",
        Kind.RULES,
        "protocol.cycle_ms",
        "La pauta completa: Duración de un ciclo: antes 15 min, ahora 20 min 30 s.",
    ),
    (
        "[240000, 540000]",
        "[30000]",
        Kind.RULES,
        "protocol.snapshots.at_ms",
        "La pauta completa: Momentos de la mirada al curso: antes 4 min, 9 min, ahora 30 s.",
    ),
    (
        "        only_after: [trabajo, conversan]\n",
        "",
        Kind.RULES,
        "protocol.snapshots.questions.entre.only_after",
        "Pregunta «¿Entre quiénes?»: Cuándo se pregunta: "
        "antes solo después de «Conversan», ahora siempre.",
    ),
    (
        "minimum_educators: 8",
        "minimum_educators: 6",
        Kind.RULES,
        "reports.minimum_educators",
        "La pauta completa: Mínimo de educadoras en un promedio de un informe: antes 8, ahora 6.",
    ),
    (
        "aggregation: mean_of_means",
        "aggregation: holistic",
        Kind.RULES,
        "aggregation",
        "La pauta completa: Resultado de un dominio: "
        "antes el promedio de sus dimensiones, ahora ninguno.",
    ),
    (
        "title: {es: Todo el curso, en: The whole class}",
        "title: {es: Todos, en: Everybody}",
        Kind.REWORDED,
        "protocol.snapshots.questions.entre.answers.todos.title",
        "Respuesta «Todos» a «¿Entre quiénes?»: Nombre: otras palabras. [-Todo el curso-]{+Todos+}",
    ),
    (
        "id: repregunta\n        title: {es: Repregunta, en: Asks again}\n        scale: breve\n",
        "id: espera-mas\n        title: {es: Espera más, en: Waits more}\n        scale: breve\n",
        Kind.ADDED,
        "dimensions.preguntas.behaviours.espera-mas",
        "Conducta «Espera más» de «Preguntas»: Se agrega.",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "kind", "path", "sentence"), A_DIFFERENCE, ids=[row[3] for row in A_DIFFERENCE]
)
def test_a_difference_is_told_as_a_teacher_says_it(
    old: str, new: str, kind: Kind, path: str, sentence: str
) -> None:
    found = changes(OLD, revised((old, new)))
    assert (found[0].kind, found[0].path) == (kind, path)
    assert lines(found)[0] == sentence
    assert {each.kind for each in found[1:]} <= {Kind.DROPPED}  # a new id is the end of the old one


def test_it_is_told_in_english_too() -> None:
    moved = revised(("domain: pensar\n    description", "domain: convivir\n    description"))
    assert lines(changes(OLD, moved), "en") == [
        "Dimension «Reasons»: Moved to another domain: from «Thinking» to «Living together»."
    ]


def test_entries_of_a_list_are_paired_by_what_they_have_in_common() -> None:
    found = changes(
        OLD,
        revised(
            (
                "      - {es: Se oye un por qué, en: A why is heard}\n"
                "      - {es: Se ve una mano en alto, en: A raised hand is seen}\n",
                "      - {es: Se ven dos manos en alto, en: Two raised hands are seen}\n"
                "      - {es: Alguien explica, en: Somebody explains}\n",
            )
        ),
    )
    assert [told(each, "es_CL") for each in found] == [
        "Indicador: otras palabras. Se [-ve una mano-]{+ven dos manos+} en alto",
        "Indicador: se agrega. «Alguien explica»",
        "Indicador: se quita. «Se oye un por qué»",
    ]


def test_the_same_things_in_another_order_have_moved() -> None:
    entries = (
        "      - {es: Se oye un por qué, en: A why is heard}\n",
        "      - {es: Se ve una mano en alto, en: A raised hand is seen}\n",
    )
    domains = "  - id: convivir\n    title: {es: Convivir, en: Living together}\n"
    found = changes(
        OLD,
        revised(
            ("".join(entries), "".join(reversed(entries))),
            (domains, ""),
            ("domains:\n", "domains:\n" + domains),
        ),
    )
    assert {each.kind for each in found} == {Kind.MOVED}
    assert lines(found) == [
        "La pauta completa: En otro orden: antes Pensar, Convivir; ahora Convivir, Pensar.",
        "Dimensión «Preguntas»: Indicador: en otro orden.",
    ]


def test_order_of_dimensions_counts_within_their_domain() -> None:
    a, b, c = (
        {"id": name, "code": name, "domain": domain}
        for name, domain in (("a", "x"), ("b", "y"), ("c", "x"))
    )
    assert changes(small_rubric([a, b, c]), small_rubric([a, c, b])) == ()
    (moved,) = changes(small_rubric([a, b, c]), small_rubric([c, a, b]))
    assert lines((moved,)) == ["Dominio «x»: En otro orden: antes a, c; ahora c, a."]


def test_a_scale_is_told_once_and_not_with_each_dimension_on_it() -> None:
    dimensions = [{"id": "a", "domain": None}, {"id": "b", "domain": None}]
    four, five = ({"main": (1, highest)} for highest in (4, 5))
    found = changes(small_rubric(dimensions, scales=four), small_rubric(dimensions, scales=five))
    assert [each.path for each in found] == ["scales.main.max", "scales.main.bands"]


def test_another_name_of_the_same_scale_is_no_difference() -> None:
    old = small_rubric([{"id": "a", "domain": None}])
    new = small_rubric([{"id": "a", "domain": None, "scale": "larga"}], scales={"larga": (1, 7)})
    assert changes(old, new) == ()


def test_that_english_was_added_is_one_difference() -> None:
    spanish = read_rubric(WHOLE.replace("languages: [es, en]", "languages: [es]"), "1.0.yaml")
    for old, new in ((spanish, OLD), (OLD, spanish)):
        assert [each.path for each in changes(old, new)] == ["languages"]
    assert lines(changes(spanish, OLD)) == [
        "La pauta completa: Idiomas: antes español, ahora español, inglés."
    ]


def test_looks_at_the_class_come_and_go_as_one() -> None:
    without = OLD.model_copy(
        update={"protocol": OLD.protocol.model_copy(update={"snapshots": None})}
    )
    assert lines(changes(without, OLD)) == [
        "La pauta completa: Mirada al curso en momentos fijos: se agrega."
    ]
    assert lines(changes(OLD, without))[0].endswith("se quita.")


def test_what_names_a_version_is_no_difference() -> None:
    new = revised(('version: "1.0"', 'version: "2.0"'), ("La primera versión.", "La segunda."))
    assert changes(OLD, new) == ()


# --- every field is compared, and every word for it is there -------------------------------------

# What refers to something else is changed in the examples above.
REFERS = {"id", "domain", "scale", "only_after", "languages"}
ANOTHER_CHOICE = {
    "mean_of_means": "holistic",
    "random": "as_filmed",
    "pause_allowed": "free",
    "positive": "negative",
    "negative": "positive",
    "note_required": "allowed",
    "allowed": "forbidden",
    "forbidden": "allowed",
}
Path = tuple[str | int, ...]


def leaves(said: object, path: Path = ()) -> Iterator[Path]:
    if isinstance(said, dict | list):
        for name, inside in said.items() if isinstance(said, dict) else enumerate(said):
            yield from leaves(inside, (*path, name))
    elif path[0] not in NOT_TOLD and said is not None and REFERS.isdisjoint(path):
        yield path


def with_another(path: Path) -> Rubric:
    """Return the whole rubric with another word or number at `path`."""
    said = OLD.model_dump(mode="json", exclude_unset=True)
    inside: Any = said
    for part in path[:-1]:
        inside = inside[part]
    value = inside[path[-1]]
    if isinstance(value, bool):
        inside[path[-1]] = not value
    elif isinstance(value, int):
        inside[path[-1]] = value + 1
    else:
        inside[path[-1]] = ANOTHER_CHOICE.get(value, f"{value}x")
    return Rubric.model_validate(said)


def test_each_word_and_number_of_a_rubric_is_compared() -> None:
    found = 0
    for path in leaves(OLD.model_dump(mode="json", exclude_unset=True)):
        told_of_it = changes(OLD, with_another(path))
        assert len(told_of_it) == 1, path
        assert all(told(told_of_it[0], locale) for locale in ("es_CL", "en")), path
        found += 1
    assert found > 100


def models() -> list[type[BaseModel]]:
    found = [each for each in vars(schema).values() if isinstance(each, type)]
    return [each for each in found if issubclass(each, BaseModel) and each is not BaseModel]


def test_every_field_has_a_name_for_people() -> None:
    groups = {"reports", "protocol", "scales", "domains", "dimensions", "behaviours", "answers"}
    inside = groups | {"feedback", "domain", "es", "en"}
    fields = {name for model in models() for name in model.model_fields}
    assert fields - NOT_TOLD - inside == set(PARTS)


def test_every_choice_has_words() -> None:
    choices = {"true", "false"}
    for model in models():
        for field in model.model_fields.values():
            choices |= {each for each in choices_of(field.annotation) if isinstance(each, str)}
    assert choices == set(CHOICES)


def choices_of(annotation: object) -> Iterator[object]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for inside in get_args(annotation):
            yield from choices_of(inside)


# --- what holds of any two versions --------------------------------------------------------------

WORDS = st.text(st.sampled_from("aeo "), min_size=1, max_size=8).map(lambda each: each + "s")
ENTRIES = st.lists(WORDS, max_size=3)


@st.composite
def rubrics(draw: st.DrawFn) -> Rubric:
    ids = draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))
    dimensions = [
        {
            "id": name,
            "domain": draw(st.sampled_from([None, "x", "y"])),
            "title": text(draw(WORDS)),
            "indicators": [text(each) for each in draw(ENTRIES)],
            "polarity": draw(st.sampled_from(["positive", "negative"])),
            "not_observed": draw(st.sampled_from(["allowed", "forbidden"])),
        }
        for name in ids
    ]
    return small_rubric(dimensions, scales={"main": (1, draw(st.integers(3, 7)))})


def text(words: str) -> dict[str, str]:
    return {"es": words, "en": words}


@given(rubrics())
def test_a_rubric_does_not_differ_from_itself(rubric: Rubric) -> None:
    assert changes(rubric, Rubric.model_validate(rubric.model_dump())) == ()


@given(rubrics(), rubrics())
def test_what_one_way_adds_the_other_way_drops(one: Rubric, other: Rubric) -> None:
    there, back = changes(one, other), changes(other, one)
    for kind, opposite in (
        (Kind.ADDED, Kind.DROPPED),
        (Kind.DROPPED, Kind.ADDED),
        (Kind.RESCALED, Kind.RESCALED),
        (Kind.RULES, Kind.RULES),
    ):
        assert paths(there, kind) == paths(back, opposite)


def paths(found: tuple[Change, ...], kind: Kind) -> set[str]:
    return {each.path for each in found if each.kind is kind}


@given(rubrics(), st.data())
def test_a_dimension_taken_out_is_dropped_and_nothing_else(
    rubric: Rubric, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(rubric.dimensions))
    left = tuple(each for each in rubric.dimensions if each is not gone)
    found = changes(rubric, rubric.model_copy(update={"dimensions": left}))
    assert [(each.kind, each.path) for each in found] == [(Kind.DROPPED, f"dimensions.{gone.id}")]


@given(rubrics(), rubrics())
def test_each_difference_is_a_sentence_in_both_languages(one: Rubric, other: Rubric) -> None:
    for each in changes(one, other):
        for locale in ("es_CL", "en"):
            assert told(each, locale).strip()
            assert "%(" not in told(each, locale)
            before, after = words_of(each, locale)
            assert before != after or before is None


# --- words ---------------------------------------------------------------------------------------


def said(found: tuple[rewording.Segment, ...], but: Fate) -> list[str]:
    return [word for each in found if each.fate is not but for word in each.words.split()]


@given(st.text("ab \n", max_size=30), st.text("ab \n", max_size=30))
def test_segments_say_both_texts_word_by_word(old: str, new: str) -> None:
    found = segments(old, new)
    assert said(found, Fate.ADDED) == old.split()
    assert said(found, Fate.REMOVED) == new.split()


def test_texts_with_little_in_common_replace_each_other() -> None:
    found = segments(
        "Se oye a la mayoría de los niños", "Una pregunta de la profesora queda abierta"
    )
    assert [each.fate for each in found] == [Fate.REMOVED, Fate.ADDED]
    assert marked(found).startswith("[-Se oye")


def test_the_same_text_has_no_marks() -> None:
    assert marked(segments("Se oye", "Se oye")) == "Se oye"
    assert segments("", "") == ()


def test_the_examples_in_the_documentation_of_rewording_are_right() -> None:
    assert doctest.testmod(rewording).failed == 0
