"""The pauta on paper: its pages, its words, its tags, whatever stands in the rubric."""

from __future__ import annotations

import io
from functools import cache
from typing import Any, get_args

import pypdf
import pytest

from observe.rubric.loader import read_rubric
from observe.rubric.printing import Paper, pdf, rows_on_paper
from observe.rubric.schema import Language, Rubric, content_hash
from tests.rubrics import NAMES_ALONE
from tests.unit.test_rubric_shipped import NAMES, shipped

LANGUAGES = get_args(Language)
PAGES_A_CYCLE = {
    "aprendizaje-profundo": 1,
    "interacciones-aula-basica": 1,
    "interacciones-aula-media": 1,
    "teach-primaria": 2,
}
HOSTILE = (
    '#set page("a0") *no* _no_ $x^2$ \\ <etiqueta> @cita "comillas" «así» O\'Higgins // nada'
    ' #image("/etc/hosts")'
)


def letters(said: str) -> str:
    """Return a text without its blanks: where a line ends on paper says nothing."""
    return "".join(said.split())


def read(printed: bytes) -> list[str]:
    """Return the letters of each page."""
    pages = pypdf.PdfReader(io.BytesIO(printed)).pages
    return [letters(page.extract_text()) for page in pages]


@cache
def sheets(name: str, language: str) -> tuple[str, ...]:
    """The pages of one cycle."""
    return tuple(read(pdf(shipped(name), language, cycles=1, descriptors=False)))


@cache
def whole(name: str, language: str) -> tuple[str, ...]:
    """The pages of one cycle and the annex."""
    return tuple(read(pdf(shipped(name), language, cycles=1)))


# --- the shipped rubrics --------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_cycle_has_its_page_or_two_with_every_row(name: str, language: str) -> None:
    pages = sheets(name, language)
    assert len(pages) == PAGES_A_CYCLE[name]
    text = "".join(pages)
    for row in rows_on_paper(shipped(name)):
        assert letters(row.of.title.in_language(language)) in text
    for domain in shipped(name).domains:
        assert letters(domain.title.in_language(language)) in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_owed_stands_on_every_cycle_and_on_the_annex(name: str, language: str) -> None:
    rubric = shipped(name)
    owed = [*([rubric.credit] if rubric.credit else []), *rubric.disclaimers]
    pages = whole(name, language)
    for text in owed:
        told = letters(text.in_language(language))
        assert told in "".join(sheets(name, language))
        assert told in pages[-1]
    footer = letters(f"{rubric.version} · {rubric.licence} · {content_hash(rubric)[:8]}")
    of = "de" if language == "es" else "of"
    for number, page in enumerate(pages, 1):
        assert footer in page
        assert page.endswith(f"{number}{of}{len(pages)}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_the_annex_says_what_each_dimension_looks_for(name: str, language: str) -> None:
    annex = "".join(whole(name, language)[PAGES_A_CYCLE[name] :])
    for dimension in shipped(name).dimensions:
        assert dimension.description
        assert dimension.descriptors
        told = [*dimension.indicators, *dimension.examples, dimension.descriptors.low]
        for text in (dimension.title, dimension.description, *told):
            assert letters(text.in_language(language)) in annex
        for behaviour in dimension.behaviours:
            assert letters(behaviour.title.in_language(language)) in annex
            if behaviour.descriptors:
                assert letters(behaviour.descriptors.high.in_language(language)) in annex


def test_there_is_a_line_for_all_that_is_filled_in_by_hand() -> None:
    page = sheets("aprendizaje-profundo", "es")[0]
    asked = (
        "Establecimiento", "Curso", "Fecha", "Educadora", "Asesora o asesor", "Asignatura",
        "El ciclo empieza a las", "y termina a las", "No codificable de a Razón", "Minuto",
    )  # fmt: skip
    for label in asked:
        assert letters(label) in page
    assert "1234N/ON/A" in page
    assert letters("Ciclo 1 de 1 · 15 min") in page


def test_boxes_are_those_that_the_rubric_allows() -> None:
    first, second = sheets("teach-primaria", "es")
    assert "BMAN/O*N/A" in first  # 1c alone
    assert first.count("N/A") == 2  # and what it means
    assert "BMAN/O*" in second
    assert "LMHN/O*" in sheets("teach-primaria", "en")[1]
    assert letters("(aquí lo bajo es favorable)") in sheets("interacciones-aula-media", "es")[0]


def test_snapshots_have_their_minutes_questions_and_answers() -> None:
    page = sheets("teach-primaria", "es")[0]
    assert "4:009:0014:00" in page
    assert letters("¿Cuántos estudiantes están en la tarea? Solo si respondiste «Sí»") in page
    assert letters("4 No se ve a la mayoría del curso") in page


def test_every_cycle_has_its_number() -> None:
    rubric = shipped("interacciones-aula-basica")
    pages = read(pdf(rubric, descriptors=False))
    assert len(pages) == rubric.protocol.cycles
    assert [f"Ciclo{number}de3" in page for number, page in enumerate(pages, 1)] == [True] * 3
    assert len(read(pdf(rubric, cycles=5, descriptors=False))) == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_tagged_and_speaks_its_language(language: str) -> None:
    printed = pdf(shipped("teach-primaria"), language)
    document = pypdf.PdfReader(io.BytesIO(printed))
    root: Any = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert document.metadata is not None
    title = shipped("teach-primaria").title.in_language(language)
    assert (document.metadata.title or "").startswith(f"{title} · 1.0 · CC-BY-4.0-IGO")
    assert b"pdfuaid" in printed
    assert printed == pdf(shipped("teach-primaria"), language)


@pytest.mark.parametrize("paper", get_args(Paper))
@pytest.mark.parametrize("name", NAMES)
def test_it_fits_the_paper_of_the_school(name: str, paper: Paper) -> None:
    printed = pdf(shipped(name), cycles=1, descriptors=False, paper=paper)
    pages = pypdf.PdfReader(io.BytesIO(printed)).pages
    assert len(pages) == PAGES_A_CYCLE[name]
    points = [float(side) / 72 * 25.4 for side in pages[0].mediabox[2:]]
    sizes = {"a4": (210, 297), "letter": (215.9, 279.4), "oficio": (216, 330)}
    assert points == pytest.approx(sizes[paper], abs=0.1)


# --- rubrics of others ----------------------------------------------------------------------------


def text(said: str) -> dict[str, str]:
    return {"es": said, "en": said}


def dimension(number: int, domain: str | None = None, **more: Any) -> dict[str, Any]:
    levels = {"low": text("Poco"), "mid": text("Algo"), "high": text("Mucho")}
    said = {
        "id": f"d{number}",
        "code": f"D{number}",
        "title": text("Preguntas que hacen pensar a la mayoría"),
        "domain": domain,
        "description": text("Qué se pregunta, a cuántos, y qué se hace con lo que responden."),
        "descriptors": levels,
        "not_observed": "note_required",
        "not_applicable": "allowed",
    }
    return said | more


def rubric(*dimensions: dict[str, Any], top: int = 7, **more: Any) -> Rubric:
    bands = {
        "low": {"low": 1, "high": 2},
        "mid": {"low": 3, "high": top - 2},
        "high": {"low": top - 1, "high": top},
    }
    said = {
        "schema_version": 1,
        "id": "prueba",
        "version": "1.0",
        "title": text("Prueba"),
        "summary": text("Prueba"),
        "source": text("Prueba"),
        "licence": "CC-BY-4.0",
        "protocol": {"cycles": 2, "cycle_ms": 900_000, "minimum_codable_ms": 600_000},
        "scales": {"main": {"min": 1, "max": top, "bands": bands}},
        "domains": [
            {"id": name, "title": text(f"Dominio {name}")}
            for name in dict.fromkeys(each["domain"] for each in dimensions)
            if name is not None
        ],
        "dimensions": dimensions,
    }
    return Rubric.model_validate(said | more)


@pytest.mark.parametrize("paper", get_args(Paper))
@pytest.mark.parametrize("top", [7, 10])
def test_forty_rows_stay_on_two_pages(paper: Paper, top: int) -> None:
    owed = {"credit": text("Crédito. " * 40), "disclaimers": [text("No es oficial. " * 15)] * 2}
    forty = rubric(*(dimension(number, f"d{number // 8}") for number in range(40)), top=top, **owed)
    pages = read(pdf(forty, cycles=2, descriptors=False, paper=paper))
    assert len(pages) == 4
    assert "".join(pages).count(letters("Preguntas que hacen pensar a la mayoría")) == 40 * 2


@pytest.mark.parametrize("rows", [1, 12])
def test_a_short_rubric_stays_on_one_page(rows: int) -> None:
    short = rubric(*(dimension(number, f"d{number // 4}") for number in range(rows)))
    assert len(read(pdf(short, cycles=1, descriptors=False))) == 1


def test_whatever_a_text_says_it_is_never_markup() -> None:
    behaviour = {"id": "b", "title": text(HOSTILE), "scale": "main", "description": text(HOSTILE)}
    hostile = rubric(
        dimension(
            0,
            "d",
            title=text(HOSTILE),
            description=text(HOSTILE),
            behaviours=[behaviour | {"examples": [text(HOSTILE)]}],
            indicators=[text(HOSTILE)],
            descriptors={band: text(HOSTILE) for band in ("low", "mid", "high")},
        ),
        domains=[{"id": "d", "title": text(HOSTILE), "description": text(HOSTILE)}],
        title=text(HOSTILE),
        credit=text(HOSTILE),
    )
    for descriptors, times in ((False, 7), (True, 20)):
        printed = "".join(read(pdf(hostile, cycles=1, descriptors=descriptors)))
        assert printed.count(letters(HOSTILE)) >= times
        assert printed.count("#set") == printed.count(letters(HOSTILE))


@pytest.mark.parametrize("said", ["palabra " * 490, "w" * 4_000, "a\n" * 2_000])
def test_the_longest_texts_are_printed_somehow(said: str) -> None:
    assert read(pdf(rubric(dimension(0, title=text(said)), dimension(1), credit=text(said))))


def test_a_rubric_in_spanish_alone_is_printed_in_spanish() -> None:
    spanish = rubric(dimension(0), languages=["es"])
    assert "Puntaje" in read(pdf(spanish, "en", cycles=1))[0]


def test_a_rubric_of_names_alone_is_printed_and_says_where_its_words_are() -> None:
    names = read_rubric(NAMES_ALONE, "1.0.yaml")
    sheet, annex = read(pdf(names, cycles=1))
    for dimension in names.dimensions:
        assert letters(f"{dimension.code} · {dimension.title.es}") in annex
        assert letters(dimension.title.es) in sheet
    assert "1234567N/O" in sheet
    assert letters("Las palabras están en el manual que tiene quien posee la licencia") in annex
    assert letters(names.source.es) in annex
    assert letters("Medio · 3–5") not in annex, "no table of ranges without words"
    assert letters("The words are in the manual") in read(pdf(names, "en", cycles=1))[1]
