"""The PDF of the educator: its words, its tags, its one sheet, whatever was typed into it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import cv2
import numpy as np
import pypdf
import pytest

from observe.feedback.checks import NOTE_MAX, PHRASE_MAX, QUESTIONS_MAX, STEP_MAX
from observe.feedback.models import FocusKind
from observe.feedback.offered import lines_of
from observe.feedback.report import FeedbackPage, Moment, pdf

GOLDEN = """\
Berta, esto es para ti
Dos momentos de tu clase del 10 de mayo de 2026
1° B · Lenguaje · Escuela O'Higgins
Lo que funcionó
Explican cómo lo saben
33:10 · 52 s
Escuchas la respuesta completa.
Para la próxima clase
Preguntas que hacen pensar
21:05 · 45 s
Aquí cabe otra pregunta.
Tu próximo paso
Pregunta «¿por qué?» una vez.
Para el 10 de junio de 2026
¿Qué te gustaría probar?
Tu asesora, Ana Peñailillo Un video es un espejo, no una medición."""
HOSTILE = (
    '#set page("a0") *no* _no_ $x^2$ \\ <etiqueta> @cita "comillas" // nada #image("/etc/hosts")'
)


def moment(kind: FocusKind, title: str, dimension: str, note: str, start_ms: int) -> Moment:
    length = 52_000 if kind is FocusKind.STRENGTH else 45_000
    return Moment(kind, title, dimension, note, start_ms, start_ms + length, has_clip=True)


@pytest.fixture
def page() -> FeedbackPage:
    """A page with apostrophes, accents and Spanish quotes."""
    return FeedbackPage(
        feedback_id=UUID(int=7),
        locale="es_CL",
        educator="Berta O'Brien",
        observer="Ana Peñailillo",
        school="Escuela O'Higgins",
        class_group="1° B",
        subject="Lenguaje",
        recorded_on=date(2026, 5, 10),
        lesson_ms=2_700_000,
        published_at=datetime(2026, 5, 14, 12, tzinfo=UTC),
        strength=moment(
            FocusKind.STRENGTH,
            "Lo que funcionó",
            "Explican cómo lo saben",
            "Escuchas la respuesta completa.",
            1_990_000,
        ),
        priority=moment(
            FocusKind.PRIORITY,
            "Para la próxima clase",
            "Preguntas que hacen pensar",
            "Aquí cabe otra pregunta.",
            1_265_000,
        ),
        next_step="Pregunta «¿por qué?» una vez.",
        due_on=date(2026, 6, 10),
    )


def read(page: FeedbackPage) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf(page)))


def words(text: str) -> str:
    return " ".join(text.split())


def test_it_says_what_the_page_says(page: FeedbackPage) -> None:
    assert words(read(page).pages[0].extract_text()) == words(GOLDEN)


def test_it_is_tagged_and_speaks_spanish(page: FeedbackPage) -> None:
    document = read(page)
    root: Any = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("es")
    assert document.metadata is not None
    assert document.metadata.title == (
        "Berta, esto es para ti · Dos momentos de tu clase del 10 de mayo de 2026"
    )
    (alt,) = alternatives(root["/StructTreeRoot"])
    assert alt == (
        "La clase dura 45:00. Lo que funcionó está en 33:10 · 52 s; el momento para la próxima "
        "clase, en 21:05 · 45 s."
    )
    assert b"pdfuaid" in pdf(page)


def alternatives(node: pypdf.generic.PdfObject | None) -> list[str]:
    """Return the alternative texts of a structure tree."""
    found = node.get_object() if node is not None else None
    if isinstance(found, pypdf.generic.ArrayObject):
        return [alt for each in found for alt in alternatives(each)]
    if not isinstance(found, pypdf.generic.DictionaryObject):
        return []
    own = [str(found["/Alt"])] if "/Alt" in found else []
    return own + alternatives(found.get("/K"))


def test_the_same_page_gives_the_same_bytes(page: FeedbackPage) -> None:
    assert pdf(page) == pdf(page)


def test_no_number_of_the_profile_is_in_it(page: FeedbackPage) -> None:
    text = read(page).pages[0].extract_text()
    assert "±" not in text
    assert "promedio" not in text.lower()


def test_what_was_typed_is_never_markup(page: FeedbackPage) -> None:
    hostile = replace(
        page,
        strength=replace(page.strength, note=HOSTILE),
        next_step=HOSTILE,
        educator="#panic() O'Brien",
        subject="*Lenguaje*",
    )
    document = read(hostile)
    assert len(document.pages) == 1
    text = words(document.pages[0].extract_text())
    assert "#panic(), esto es para ti" in text
    assert "*Lenguaje*" in text
    for part in ("*no* _no_ $x^2$", "@cita", '"comillas" // nada', "/etc/hosts"):
        assert text.count(part) == 2


@pytest.fixture(scope="module")
def pictures() -> dict[FocusKind, bytes]:
    """Real pictures, as the posters of clips are."""
    return {FocusKind.STRENGTH: drawn(180), FocusKind.PRIORITY: drawn(40)}


def drawn(blue: int) -> bytes:
    done, made = cv2.imencode(".jpg", np.full((720, 1280, 3), (blue, 120, 60), np.uint8))
    assert done
    return made.tobytes()


def test_a_signed_moment_has_its_picture_and_words_for_who_does_not_see_it(
    page: FeedbackPage, pictures: dict[FocusKind, bytes]
) -> None:
    picture = pictures[FocusKind.PRIORITY]
    content = pdf(page, {FocusKind.PRIORITY: picture})
    document = pypdf.PdfReader(io.BytesIO(content))
    assert len(document.pages) == 1
    assert embedded(document.pages[0]) == [picture]  # the very bytes: nothing is encoded anew
    root: Any = document.trailer["/Root"]
    assert alternatives(root["/StructTreeRoot"])[1:] == [
        "Una imagen del momento 21:05 · 45 s de la clase, con los rostros cubiertos."
    ]
    assert b"pdfuaid" in content
    assert "33:10 · 52 s" in document.pages[0].extract_text()  # the other one is told by its time


def embedded(sheet: pypdf.PageObject) -> list[bytes]:
    """Return the pictures of a sheet as they lie in the file."""
    found: Any = sheet["/Resources"]
    names = sheet.images.keys()
    return [found["/XObject"][name].get_object().get_data() for name in names]


def test_without_a_signed_picture_there_is_none(page: FeedbackPage) -> None:
    assert [embedded(sheet) for sheet in read(page).pages] == [[]]


@pytest.mark.parametrize("note", ["palabra " * 125, "a\n" * 500, "w" * NOTE_MAX])
@pytest.mark.parametrize("pictured", [False, True])
def test_it_never_takes_more_than_two_sheets(
    page: FeedbackPage, pictures: dict[FocusKind, bytes], note: str, pictured: bool
) -> None:
    long = note[:NOTE_MAX]
    full = replace(
        page,
        strength=replace(page.strength, note=long),
        priority=replace(page.priority, note=long),
        next_step=long[:STEP_MAX],
    )
    shown = pictures if pictured else {}
    document = pypdf.PdfReader(io.BytesIO(pdf(full, shown)))
    assert len(document.pages) <= (2 if pictured else 1)
    assert sum(len(embedded(sheet)) for sheet in document.pages) == len(shown)


def test_what_she_writes_beside_it_is_read_too(page: FeedbackPage) -> None:
    more = replace(
        page,
        strength=replace(page.strength, phrase=HOSTILE, questions=("¿Qué viste?", "¿Y tú?")),
        offers_talk=True,
    )
    document = read(more)
    assert len(document.pages) == 1
    text = words(document.pages[0].extract_text())
    assert "*no* _no_ $x^2$" in text
    assert "Para pensar • ¿Qué viste? • ¿Y tú?" in text
    assert "Ana Peñailillo ofrece conversarlo contigo." in text
    assert "conversarlo" not in read(page).pages[0].extract_text()


@pytest.mark.parametrize("pictured", [False, True])
@pytest.mark.parametrize("word", ["palabra ", "¿por qué crees que fue así?\n", "w", "a\n"])
def test_all_that_fits_in_the_cards_stays_on_two_sheets(
    page: FeedbackPage, pictures: dict[FocusKind, bytes], word: str, pictured: bool
) -> None:
    def full(moment: Moment) -> Moment:
        return replace(
            moment,
            note=(word * NOTE_MAX)[:NOTE_MAX],
            phrase=(word * PHRASE_MAX)[:PHRASE_MAX],
            questions=lines_of((word * QUESTIONS_MAX)[:QUESTIONS_MAX]),
        )

    written = replace(
        page,
        strength=full(page.strength),
        priority=full(page.priority),
        next_step=(word * STEP_MAX)[:STEP_MAX],
        offers_talk=True,
    )
    content = pdf(written, pictures if pictured else {})
    assert len(pypdf.PdfReader(io.BytesIO(content)).pages) <= 2


def test_english_is_spoken_when_asked(page: FeedbackPage) -> None:
    text = words(read(replace(page, locale="en")).pages[0].extract_text())
    assert "Berta, this is for you" in text
    assert "10 June 2026" in text or "June 10, 2026" in text
