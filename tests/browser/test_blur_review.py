"""The review of a blurred clip in a real browser: look, draw a region, blur again, sign, watch."""

from __future__ import annotations

import os
import re
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from observe.coding.models import Observation
from observe.db import Database
from observe.feedback.models import Feedback
from observe.settings import Settings
from observe.video.blur import operations as blurs
from observe.video.models import BlurState
from observe.video.store import Store
from tests.browser.conftest import BROWSER, LAPTOP, PHONE, OpenAs, sign_in
from tests.factories import Cast
from tests.feedback_cases import filmed, published
from tests.program import Program

pytestmark = BROWSER

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MADE_WITHIN = 120_000  # ms; two moments may be made at once on a small machine
PICTURES = os.environ.get("OBSERVE_TEST_PICTURES")  # a folder: then each page is kept as seen


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    """Published feedback on a lesson without a face, before the program starts."""
    return published(database, home, store, cast, small_video)


@pytest.fixture
def observation_id(database: Database, feedback_id: UUID) -> UUID:
    """Its observation."""
    with database.write() as session:
        observation = session.get_one(Feedback, feedback_id).observation
        observation.recording.frame_rate = 10.0
        return observation.id


def look(page: Page, name: str) -> None:
    """Find nothing that WCAG forbids, on a laptop and on a phone."""
    for size in (LAPTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{size['width']}.png", full_page=True)
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert found.violations_count == 0, (name, size, found.generate_report())
        wider = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wider, (name, size)
    page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", state="attached", timeout=MADE_WITHIN)


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw over the film, from one place to another in fractions of it."""
    film = page.locator("#film")
    film.scroll_into_view_if_needed()
    box = film.bounding_box()
    assert box
    for number, (x, y) in enumerate((start, end)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        page.mouse.down() if number == 0 else page.mouse.up()


def test_a_region_is_drawn_the_clip_is_signed_and_the_utp_head_watches_it(
    observation_id: UUID, open_as: OpenAs, cast: Cast, database: Database
) -> None:
    page = open_as(cast.observer)
    page.goto(f"/observaciones/{observation_id}/retroalimentacion/vista")
    look(page, "preview")
    page.get_by_role("button", name="Difuminar este clip").first.click()
    expect(page.get_by_text("Se están cubriendo las caras")).to_be_visible()
    look(page, "making")
    ready(page)
    expect(page.get_by_text("No se encontró ninguna cara")).to_be_visible()
    look(page, "nothing-found")
    _draw_by_mouse(page)
    _draw_by_keyboard(page)
    _undo_and_redo(page)
    look(page, "unsent")
    page.reload()
    ready(page)
    expect(page.locator("#told")).to_contain_text("sin enviar están aquí de nuevo")
    expect(page.locator("#sign")).to_be_disabled()
    page.get_by_role("button", name="Volver a difuminar").click()
    page.wait_for_function(
        "() => !document.querySelector('html[data-ready] .zone-note')",
        timeout=20_000,
    )
    ready(page)
    expect(page.locator("#zones li")).to_have_count(2)
    expect(page.locator(".zone-note")).to_have_count(0)
    _look_at_it(page)
    page.get_by_role("button", name="en este clip no se reconoce").click()
    expect(page.get_by_text("revisado por Ana Peñailillo el")).to_be_visible()
    look(page, "signed")
    page.locator("a.back").click()
    expect(page.locator("main")).to_contain_text("Revisado")
    look(page, "list")
    _utp_head_watches(open_as(cast.utp_head), observation_id)
    with database.read() as session:
        recording_id = session.get_one(Observation, observation_id).recording_id
        (row,) = blurs.blurrings_of(session, recording_id)
        assert (row.state, row.version) == (BlurState.CHECKED, 1)


def _draw_by_mouse(page: Page) -> None:
    page.get_by_role("button", name="Agregar una zona").click()
    drag(page, (0.3, 0.2), (0.6, 0.7))
    shown = page.locator("#rectangle").evaluate("r => [r.style.left, r.style.width]")
    assert [float(part.rstrip("%")) for part in shown] == pytest.approx([30, 30], abs=1.5)
    look(page, "drawing")
    page.locator("#to").fill("0:04")
    page.get_by_role("button", name="Listo").click()
    expect(page.locator("#zones li")).to_have_count(1)
    expect(page.locator("#zones")).to_contain_text("0:00,0 – 0:04,0 · Zona que dibujaste")
    expect(page.locator(".mark-add")).to_be_visible()


def _draw_by_keyboard(page: Page) -> None:
    page.locator("#zones-title").click()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press(".")
    expect(page.locator("#clock")).to_contain_text("0:06,1")
    page.keyboard.press("n")
    before = page.locator("#rectangle").evaluate("r => [r.style.left, r.style.height]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    after = page.locator("#rectangle").evaluate("r => [r.style.left, r.style.height]")
    assert before != after
    expect(page.locator("#said")).to_contain_text("por ciento desde la izquierda")
    page.keyboard.press("Tab")
    page.locator("#to").press("Enter")
    expect(page.locator("#zones li")).to_have_count(2)
    expect(page.get_by_text("Hay 2 correcciones sin enviar.")).to_be_visible()


def _undo_and_redo(page: Page) -> None:
    page.locator("#zones-title").click()
    page.keyboard.press("Control+z")
    expect(page.locator("#zones li")).to_have_count(1)
    page.keyboard.press("Control+y")
    expect(page.locator("#zones li")).to_have_count(2)


def _look_at_it(page: Page) -> None:
    page.locator("#speed").select_option("2")
    page.locator("#zones-title").click()
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('#blurred').currentTime > 1")
    page.keyboard.press(" ")
    page.get_by_role("button", name="Ver el original").click()
    expect(page.locator("#original-band")).to_be_visible()
    page.wait_for_function("() => document.querySelector('#original').videoWidth > 0")
    page.get_by_role("button", name="Ver el original").click()
    expect(page.locator("#blurred")).to_be_visible()


def _utp_head_watches(page: Page, observation_id: UUID) -> None:
    page.goto(f"/registros/{observation_id}")
    look(page, "record")
    film = page.locator("video")
    expect(film).to_have_count(1)
    film.evaluate("film => film.play()")
    page.wait_for_function("film => film.currentTime > 0.2", arg=film.element_handle())
    assert film.evaluate("film => film.videoWidth") > 0
    film.evaluate("film => film.pause()")


def test_another_window_is_told_and_what_was_drawn_is_kept(
    observation_id: UUID, chromium: Browser, program: Program, cast: Cast, database: Database
) -> None:
    context = chromium.new_context(base_url=f"http://127.0.0.1:{program.port}", locale="es-CL")
    sign_in(context, database, cast.observer, cast.administrator)
    page = context.new_page()
    page.goto(f"/observaciones/{observation_id}/retroalimentacion/vista")
    page.get_by_role("button", name="Difuminar este clip").first.click()
    ready(page)
    page.get_by_role("button", name="Agregar una zona").click()
    page.get_by_role("button", name="Listo").click()
    found = re.search(r"[0-9a-f-]{36}", page.url)
    assert found
    region = {"id": "01a20522-823c-7417-b9d1-9967a27f1841", "kind": "add", "start_ms": 0}
    region |= {"end_ms": 900, "box": [0.1, 0.1, 0.2, 0.2]}
    with database.write() as session:
        blurs.correct(session, UUID(found[0]), [region], version=0, actor=cast.observer)
    page.get_by_role("button", name="Volver a difuminar").click()
    expect(page.locator("#told")).to_contain_text("cambió en otra ventana")
    expect(page.locator("#zones li")).to_have_count(1)
    page.reload()
    ready(page)
    expect(page.locator("#zones li")).to_have_count(2)
    expect(page.locator(".zone-note")).to_have_count(1)
    context.close()


@pytest.fixture
def talking_man(database: Database, store: Store, cast: Cast, real_data: Path) -> UUID:
    """A lesson in which one face is seen all the time."""
    with database.write() as session:
        film = real_data / "videos" / "moz_talking_man_qcif_3gpp.mp4"
        return filmed(session, store, cast, film).id


def test_a_found_face_is_shown_where_it_is_and_can_be_left_uncovered(
    talking_man: UUID, open_as: OpenAs, cast: Cast
) -> None:
    page = open_as(cast.observer)
    page.goto(f"/videos/{talking_man}")
    page.locator("a[href$='/difuminados']").click()
    page.get_by_label("Desde cuándo hasta cuándo").fill("0:04-0:05.5")
    page.get_by_role("button", name="Difuminar").click()
    ready(page)
    zones = page.locator("#zones li")
    expect(zones.first).to_contain_text("Cara 1")
    expect(page.locator(".mark-found:visible")).to_have_count(1)
    look(page, "found")
    page.get_by_role("button", name="Descubrir: Cara 1").click()
    expect(page.get_by_role("heading", name="Dejar sin cubrir")).to_be_visible()
    page.get_by_role("button", name="Listo").click()
    expect(page.locator("#zones")).to_contain_text("Cara 1, sin cubrir")
    expect(page.locator(".mark-remove:visible")).to_have_count(1)
    look(page, "uncovered")
    page.get_by_role("button", name="Volver a cubrir").first.click()
    expect(page.locator("#unsent")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("un cuadro atrás o adelante")
    look(page, "keys")
