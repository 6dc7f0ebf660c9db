"""The composer in a real browser: offered words, hints, the moment on its strip, two windows."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response, expect

from observe.db import Database
from observe.rubric.models import RubricVersion
from observe.video import derived
from observe.video.models import FileKind, Recording
from observe.video.operations import LessonDetails, add_file
from observe.video.store import Store
from tests import factories
from tests.browser.coding import WCAG
from tests.browser.conftest import BROWSER, LAPTOP, PHONE, OpenAs
from tests.feedback_cases import submitted
from tests.program import Program

pytestmark = BROWSER

SECONDS = 200
JS_BYTES, CSS_BYTES = 30 * 1024, 15 * 1024
STRIP_WITHIN_S = 120
PICTURES = os.environ.get("OBSERVE_TEST_PICTURES")  # a folder: then the page is kept as seen
# How many colours a canvas shows.
COLOURS = """canvas => { const pen = canvas.getContext('2d');
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const pixels = Array.from({ length: data.length / 4 }, (_, at) => 4 * at);
  return new Set(pixels.map((at) => data.slice(at, at + 3).join())).size; }"""


@pytest.fixture
def observation_id(
    database: Database,
    store: Store,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    make_video: Callable[..., Path],
    tmp_path: Path,
    program: Program,
) -> UUID:
    """A submitted observation of a lesson of which the worker has drawn the strip."""
    film = factories.copy_into(tmp_path, make_video(SECONDS))
    with database.write() as session:
        details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
        lesson = add_file(session, store, film, details, actor=cast.observer)
    until = time.monotonic() + STRIP_WITHIN_S
    while not _drawn(database, lesson.id):
        assert time.monotonic() < until, "the worker draws no strip"
        time.sleep(0.5)
    with database.write() as session:
        return submitted(session, cast, session.get_one(Recording, lesson.id)).id


def _drawn(database: Database, recording_id: UUID) -> bool:
    with database.read() as session:
        return derived.newest(session, recording_id, FileKind.STRIP) is not None


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_contain_text("Guardado", timeout=20_000)


def test_words_hints_and_the_moment(
    observation_id: UUID, open_as: OpenAs, cast: factories.Cast
) -> None:
    page = open_as(cast.observer)
    sizes = {"script": 0, "stylesheet": 0}

    def weigh(response: Response) -> None:
        if response.request.resource_type in sizes:
            sizes[response.request.resource_type] += len(gzip.compress(response.body()))

    page.on("response", weigh)
    page.goto(f"/observaciones/{observation_id}/retroalimentacion")
    card = page.locator(".focus-card-strength")
    page.locator("[data-choose=strength]").first.click()
    _offered(page)
    _moment(page)
    note = page.locator("#strength-note")
    note.fill("Nunca esperas la respuesta")
    expect(page.locator("#strength-note-tone")).to_contain_text("una clase no muestra eso")
    note.fill("Una niña explica cómo lo sabe y tú esperas.")
    expect(page.locator("#strength-note-tone li")).to_have_count(0)
    expect(page.locator("#strength-note-count")).to_have_text("43 de 1.000 caracteres")
    note.fill("x" * 1_001)
    expect(page.locator("#strength-note-count")).to_contain_text("▲ 1.001 de 1.000")
    note.fill("Una niña explica cómo lo sabe y tú esperas.")
    saved(page)
    assert sizes["script"] <= JS_BYTES, sizes
    assert sizes["stylesheet"] <= CSS_BYTES, sizes
    _looked_at(page)
    page.get_by_role("button", name="Ver como educadora").click()
    expect(page.get_by_text("Una niña explica cómo lo sabe y tú esperas.")).to_be_visible()
    page.go_back()
    expect(card.locator("#strength-note")).to_have_value(
        "Una niña explica cómo lo sabe y tú esperas."
    )


def _offered(page: Page) -> None:
    field = page.locator("#strength-phrase")
    field.fill("Mi frase.")
    offer = page.locator("[data-offer=strength-phrase]:visible").first
    words = offer.locator("[data-words]").inner_text()
    offer.click()
    expect(field).to_have_value(f"Mi frase.\n{words}")
    page.locator("#strength-phrase-added").get_by_role("button", name="Deshacer").click()
    expect(field).to_have_value("Mi frase.")
    question = page.locator("[data-offer=strength-questions]:visible").first
    question.press("Enter")
    expect(page.locator("#strength-questions")).to_have_value(
        question.locator("[data-words]").inner_text()
    )
    saved(page)


def _moment(page: Page) -> None:
    card = page.locator(".focus-card-strength")
    start, end = card.locator("#strength-start"), card.locator("#strength-end")
    start.fill("1:20")
    end.fill("1:50")
    film = card.locator("[data-film]")
    assert film.locator("canvas").evaluate(COLOURS) > 20  # pictures, not one ground
    handle = card.get_by_role("slider", name="El momento comienza")
    expect(handle).to_have_attribute("aria-valuetext", "1:20")
    handle.press("ArrowRight")
    expect(start).to_have_value("1:21")
    handle.press("PageDown")
    expect(start).to_have_value("1:11")
    card.get_by_role("button", name="Hasta: un segundo después").click()
    expect(end).to_have_value("1:51")
    last = card.get_by_role("slider", name="El momento termina")
    last.scroll_into_view_if_needed()  # a mouse goes where it is sent, also below the window
    box, whole = last.bounding_box(), film.bounding_box()
    assert box and whole
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 2 + whole["width"] / 10, box["y"] + 20, steps=5)
    page.mouse.up()
    minutes, seconds = end.input_value().split(":")
    length = 60 * int(minutes) + int(seconds) - 71
    assert 48 <= length <= 62, length  # a tenth of about 160 s in sight, and the 40 s before
    expect(card.locator("[data-length]")).to_have_text(f"✓ {length} s")
    last.press("Home")
    expect(end).to_have_value("1:26")
    page.locator(".focus-card-strength [data-play]").click()
    video = page.locator("#lesson")
    page.wait_for_function("video => video.currentTime > 71.2", arg=video.element_handle())
    video.evaluate("video => { video.currentTime = 85.5; }")
    page.wait_for_function(
        "video => video.paused && video.currentTime >= 86",
        arg=video.element_handle(),
        timeout=10_000,
    )
    saved(page)


def _looked_at(page: Page) -> None:
    for size in (LAPTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"composer-{size['width']}.png", full_page=True)
        found = Axe().run(page, options={"runOnly": WCAG})
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]


def test_two_windows_on_one_draft(
    observation_id: UUID, open_as: OpenAs, cast: factories.Cast
) -> None:
    one = open_as(cast.observer)
    address = f"/observaciones/{observation_id}/retroalimentacion"
    one.goto(address)
    two = one.context.new_page()
    two.goto(address)
    one.locator("#strength-note").fill("De la primera ventana.")
    saved(one)
    two.locator("#priority-note").fill("De la segunda.")
    expect(two.locator("#saved")).to_contain_text("ya se ve lo que cambió otra ventana")
    expect(two.locator("#strength-note")).to_have_value("De la primera ventana.")
    one.locator("#strength-note").fill("De la primera, otra vez.")
    saved(one)
    two.locator("#strength-note").fill("De la segunda, encima.")
    error = two.locator("#strength-note-error")
    expect(error).to_contain_text("cambió a «De la primera, otra vez.»")
    two.locator("#priority-next_step").fill("Esto se guarda igual.")
    expect(two.locator("#saved")).to_have_text("Guardado, salvo lo marcado")
    expect(two.locator("#strength-note")).to_have_value("De la segunda, encima.")
    two.get_by_role("button", name="Dejar lo mío").click()
    expect(error).to_be_hidden()
    saved(two)
    one.locator("#priority-offers_talk").uncheck()
    expect(one.locator("#strength-note")).to_have_value("De la segunda, encima.")
    expect(one.locator("#priority-next_step")).to_have_value("Esto se guarda igual.")
    one.reload()
    expect(one.locator("#priority-offers_talk")).not_to_be_checked()
    expect(one.locator("#strength-note")).to_have_value("De la segunda, encima.")
