"""The product's main job in a real browser: a lesson comes in, an educator answers.

Six steps of five people on the demo lesson, by mouse and keyboard, as they would do it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from observe.db import now
from observe.demo.lesson import make_lesson
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from tests import factories
from tests.browser.conftest import BROWSER, PHONE, OpenAs

pytestmark = BROWSER

NOTE = "Una niña explica cómo lo sabe y otra le responde"
STRENGTH = "Escuchaste la respuesta completa y le diste la palabra a otra niña."
PRIORITY = "Hiciste la pregunta y la contestaste antes de que alguien alcanzara a pensar."
STEP = "Contar tres segundos en silencio después de cada pregunta."


@pytest.fixture(scope="module")
def demo_lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lesson that the program draws by itself."""
    film = tmp_path_factory.mktemp("demo") / "clase de «María» O'Higgins.mp4"
    make_lesson(film)
    return film


def test_from_a_lesson_to_one_strength_and_one_priority(
    open_as: OpenAs,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    demo_lesson: Path,
    tmp_path: Path,
) -> None:
    rows = len(rubric_of(rubric_version).dimensions)
    observer = open_as(cast.observer)
    _add_the_video(observer, demo_lesson)
    _code_it(observer, rows)
    _submit_it(observer)
    _publish(observer)
    educator = open_as(cast.educator, PHONE)
    feedback = _read_and_answer(educator)
    record = _comment(open_as(cast.utp_head))
    _refused_to_outsiders(open_as, cast, [observer.url, feedback, record])
    observer.reload()
    _told_by_the_others(observer, record)


def _add_the_video(page: Page, film: Path) -> None:
    held: list[Route] = []
    # On a slow line the file is chosen before the script is here.
    page.route("**/js/upload.js*", lambda route: held.append(route))
    page.get_by_role("link", name="Agregar un video").first.click()
    page.set_input_files("input[type=file]", film)
    held.pop().continue_()
    page.locator("#class_group").fill("1° B")
    page.locator("#educator").select_option(label="Berta O'Brien")
    page.get_by_label("Asignatura o núcleo").fill("Lenguaje")
    page.get_by_label("Declaro que").check()
    expect(page.locator("#upload-sentence")).to_contain_text("completo", timeout=30_000)
    page.get_by_role("button", name="Agregar el video").click()
    page.wait_for_url(re.compile(r"/videos/[0-9a-f-]{36}$"), timeout=30_000)


def _code_it(page: Page, rows: int) -> None:
    page.get_by_role("button", name="Empezar a codificar").click()
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator("#no-cycles button").press("Enter")
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    page.keyboard.type("1:10")
    page.keyboard.press("Enter")
    expect(page.locator("#lane .cycle")).to_have_count(2)
    for cycle in range(2):
        for row in range(rows):
            page.keyboard.press("0" if row == rows - 1 else str(1 + (row + cycle) % 4))
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowUp")
    for row in range(rows - 1):
        page.keyboard.press("ArrowDown")
        if row % 2 == 0:
            page.keyboard.press("l")
            page.keyboard.press("n")
            page.keyboard.type(f"{NOTE} ({row})")
            page.keyboard.press("Escape")
    expect(page.locator("#saving")).to_have_attribute("data-state", "saved", timeout=20_000)


def _submit_it(page: Page) -> None:
    page.get_by_role("link", name="Terminar").click()
    expect(page.get_by_role("heading", name="Todo está codificado")).to_be_visible()
    page.get_by_role("button", name="Enviar").click()
    page.wait_for_url(re.compile("/perfil$"))
    expect(page.get_by_text("Un video es un espejo").first).to_be_visible()


def _publish(page: Page) -> None:
    page.goto(page.url.replace("/perfil", "/retroalimentacion"))
    for kind, start, end in (("strength", "0:20", "0:40"), ("priority", "1:30", "2:00")):
        card = page.locator(f".focus-card-{kind}")
        choose = page.locator(f"[data-choose={kind}]").first
        if not choose.is_visible():
            page.locator("summary", has_text="Posibles áreas prioritarias").click()
        choose.click()
        card.locator(f"[name={kind}-start]").fill(start)
        card.locator(f"[name={kind}-end]").fill(end)
        card.locator(f"[name={kind}-note]").fill(STRENGTH if kind == "strength" else PRIORITY)
    page.locator("[name=priority-next_step]").fill(STEP)
    due = (now() + timedelta(days=14)).date().isoformat()
    page.locator("[name=priority-due_on]").fill(due)
    page.get_by_role("button", name="Ver como educadora").click()
    expect(page.get_by_text(STRENGTH)).to_be_visible()
    page.get_by_role("button", name="Publicar", exact=True).click()
    expect(page.get_by_text("Publicada el")).to_be_visible(timeout=60_000)


def _read_and_answer(page: Page) -> str:
    page.goto("/mi-retroalimentacion")
    page.locator("a.lesson-link").click()
    for words in (STRENGTH, PRIORITY, STEP):
        expect(page.get_by_text(words)).to_be_visible()
    films = page.locator("video")
    expect(films).to_have_count(2)
    for number, seconds in enumerate((20, 30)):
        film = films.nth(number)
        film.evaluate("film => film.play()")
        page.wait_for_function("film => film.currentTime > 0.2", arg=film.element_handle())
        assert film.evaluate("film => film.videoWidth") > 0
        assert film.evaluate("film => film.duration") == pytest.approx(seconds, abs=0.2)
        film.evaluate("film => film.pause()")
    main = page.locator("main").inner_text()
    assert not re.search(r"\d,\d|puntaje|promedio", main), "the educator sees no scores"
    page.locator("#text").fill("Lo voy a probar el lunes.")
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator("blockquote")).to_contain_text("Lo voy a probar el lunes.")
    return page.url


def _comment(page: Page) -> str:
    page.goto("/registros")
    page.locator("main a", has_text="Berta O'Brien").first.click()
    expect(page.get_by_text(STRENGTH)).to_be_visible()
    page.get_by_label("Tu comentario").fill("Muy clara la evidencia del segundo ciclo.")
    page.locator("form", has=page.get_by_label("Tu comentario")).get_by_role("button").first.click()
    expect(page.get_by_text("Muy clara la evidencia")).to_be_visible()
    return page.url


def _refused_to_outsiders(open_as: OpenAs, cast: factories.Cast, addresses: list[str]) -> None:
    for outsider in cast.outsiders:
        page = open_as(outsider)
        for address in addresses:
            answer = page.request.get(address)
            assert answer.status == 404, address
            assert "Berta" not in answer.text()


def _told_by_the_others(page: Page, record: str) -> None:
    page.goto(record)
    expect(page.get_by_text("Muy clara la evidencia")).to_be_visible()
