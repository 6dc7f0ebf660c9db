"""The educator's page in a real browser: on a phone, on a slow line, without scripts, on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from observe.db import Database
from observe.feedback import operations as feedbacks
from observe.feedback.answers import OWN_STEP_MAX, Besides
from observe.feedback.checks import NOTE_MAX, PHRASE_MAX, QUESTIONS_MAX, STEP_MAX
from observe.feedback.models import Feedback, FocusKind
from observe.jobs import Work
from observe.settings import Settings
from observe.video import light
from observe.video.store import Store
from tests.browser.coding import WCAG
from tests.browser.conftest import BROWSER, PHONE, note_errors, sign_in
from tests.browser.test_budgets import slowed, within
from tests.factories import Cast
from tests.feedback_cases import TODAY, cut_and_open, filmed, focuses, published, submitted
from tests.program import Program

pytestmark = BROWSER

FIRST_VIEW_MS = 1_000
# The "slow 3G" of WebPageTest and Lighthouse: 400 kbit/s each way, 400 ms there and back.
SLOW_3G = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
}
PAINTED = """() => new Promise((resolve) => { const look = () => {
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  paint ? resolve(paint.startTime) : setTimeout(look, 20); }; look(); })"""
LATER = """() => { const day = new Date(Date.now() + 86400000);
  while ([0, 6].includes(day.getDay())) day.setDate(day.getDate() + 1);
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map((part) => String(part).padStart(2, '0')).join('-'); }"""

Opened = Callable[..., Page]


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    return published(database, home, store, cast, small_video)


@pytest.fixture
def open_hers(
    chromium: Browser, server: Program, database: Database, cast: Cast
) -> Iterator[Opened]:
    """Return what opens a browser in which the educator is signed in; its errors fail the test."""
    errors: list[str] = []
    opened: list[BrowserContext] = []

    def enter(**options: object) -> Page:
        base_url = f"http://127.0.0.1:{server.port}"
        given = {"viewport": PHONE, "locale": "es-CL", "base_url": base_url} | options
        context = chromium.new_context(**given)  # type: ignore[arg-type]
        note_errors(context, errors)
        opened.append(context)
        sign_in(context, database, cast.educator, cast.administrator)
        return context.new_page()

    yield enter
    for context in opened:
        context.close()
    assert errors == []


def fits(page: Page) -> None:
    """Nothing lies beside the phone's screen, and nobody is shut out of what is on it."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()


def test_on_a_phone_she_looks_reads_and_answers(open_hers: Opened, feedback_id: UUID) -> None:
    page = open_hers()
    page.goto("/mi-retroalimentacion")
    fits(page)
    page.get_by_role("link", name="Primero mírate tú").click()
    fits(page)
    page.locator(".look-row").first.get_by_role("radio").nth(2).check()
    expect(page.locator("#saved")).to_contain_text("Guardado")
    page.get_by_role("button", name="Guardar y ver").click()
    page.wait_for_url(re.compile(f"{feedback_id}$"))
    fits(page)
    expect(page.get_by_text("Así lo viste tú:")).to_be_visible()
    page.get_by_label("Esto ya lo intenté.").check()
    page.get_by_label("Mi propio paso").fill("Espero cinco segundos.")
    page.get_by_label("Un día para conversar").fill(page.evaluate(LATER))
    page.get_by_label("Para mirar la próxima vez").select_option(index=2)
    expect(page.locator("#saved")).to_contain_text("Guardado")
    page.reload()
    expect(page.get_by_label("Mi propio paso")).to_have_value("Espero cinco segundos.")
    page.get_by_role("button", name="Enviar", exact=True).click()
    expect(page.locator("blockquote")).to_contain_text("Espero cinco segundos.")
    fits(page)
    page.get_by_role("link", name="← Mi retroalimentación").click()
    page.get_by_text("Lo que respondiste").click()
    expect(page.locator("blockquote")).to_contain_text("Esto ya lo intenté.")
    fits(page)


def test_a_day_that_does_not_fit_is_told_beside_it(open_hers: Opened, feedback_id: UUID) -> None:
    page = open_hers()
    page.goto(f"/mi-retroalimentacion/{feedback_id}")
    page.get_by_label("Un día para conversar").fill("2026-01-03")
    expect(page.locator("#talk_on-error")).to_be_visible()
    fits(page)
    page.get_by_label("Un día para conversar").fill(page.evaluate(LATER))
    expect(page.locator("#talk_on-error")).to_be_hidden()


def test_without_scripts_she_reads_looks_and_answers(open_hers: Opened, feedback_id: UUID) -> None:
    page = open_hers(java_script_enabled=False)
    page.goto(f"/mi-retroalimentacion/{feedback_id}/mi-mirada")
    page.locator(".look-row").first.get_by_role("radio").first.check()
    page.get_by_role("button", name="Guardar y ver").click()
    expect(page.get_by_text("Escuchas la respuesta completa.")).to_be_visible()
    expect(page.get_by_text("Así lo viste tú:")).to_be_visible()
    page.get_by_label("Mi propio paso").fill("Espero cinco segundos.")
    page.get_by_role("button", name="Guardar para después").click()
    expect(page.get_by_label("Mi propio paso")).to_have_value("Espero cinco segundos.")
    page.get_by_role("button", name="Enviar", exact=True).click()
    expect(page.locator("blockquote")).to_contain_text("Espero cinco segundos.")


def test_the_smaller_clip_plays_where_the_line_is_slow(
    open_hers: Opened, database: Database, home: Settings, feedback_id: UUID
) -> None:
    with database.read() as session:
        clips = [focus.clip_id for focus in session.get_one(Feedback, feedback_id).focuses]
    for clip_id in clips:
        assert clip_id is not None
        light.make_light(Work("x", home, database), clip_id)
    page = open_hers()
    slow = "Object.defineProperty(navigator, 'connection', { value: { effectiveType: '3g' } })"
    page.add_init_script(slow)
    page.goto(f"/mi-retroalimentacion/{feedback_id}")
    expect(page.get_by_text("Ves la versión liviana")).to_be_visible()
    film = page.locator("video").first
    expect(film).to_have_attribute("src", re.compile("liviana.mp4$"))
    film.evaluate("film => { film.muted = true; return film.play(); }")
    page.wait_for_function("film => film.currentTime > 0.2", arg=film.element_handle())
    assert film.evaluate("film => film.duration") == pytest.approx(15, abs=0.2)
    page.get_by_role("link", name="Ver en calidad completa").click()
    expect(film).to_have_attribute("src", re.compile("fortaleza.mp4$"))
    expect(page.get_by_text("Ver la versión liviana")).to_be_visible()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.budget
def test_the_first_view_comes_within_a_second_on_a_slow_phone(
    open_hers: Opened, feedback_id: UUID, *, known: bool
) -> None:
    """Whether or not her browser knows anything of the program yet."""
    page = open_hers()
    page.goto("/mi-retroalimentacion")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": not known})
    session.send("Network.emulateNetworkConditions", SLOW_3G)
    slowed(page, 4)

    def measure() -> float:
        page.goto(f"/mi-retroalimentacion/{feedback_id}", wait_until="commit")
        return float(page.evaluate(PAINTED))

    within(FIRST_VIEW_MS, measure)


@pytest.mark.parametrize("paper", ["Letter", "A4"])
def test_it_prints_on_one_page(
    open_hers: Opened,
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    small_video: Path,
    paper: str,
) -> None:
    """Also when every text is as long as it may be, and she has answered."""
    told = ("palabra " * 125)[:NOTE_MAX]
    with database.write() as session:
        observation = submitted(session, cast, filmed(session, store, cast, small_video))
        questions = "\n".join([told[: QUESTIONS_MAX // 3 - 1]] * 3)
        given = {
            kind: replace(each, note=told, phrase=told[:PHRASE_MAX], questions=questions)
            for kind, each in focuses(observation).items()
        }
        step = told[:STEP_MAX]
        given[FocusKind.PRIORITY] = replace(given[FocusKind.PRIORITY], next_step=step)
        draft = feedbacks.open_draft(session, observation.id, actor=cast.observer)
        feedbacks.save_focuses(session, draft.id, given, actor=cast.observer)
        feedbacks.publish(session, draft.id, actor=cast.observer, today=TODAY)
    cut_and_open(database, home, draft.id)
    with database.write() as session:
        own = Besides(own_step=("Mi paso. " * 50)[:OWN_STEP_MAX])
        feedbacks.save_answer(
            session, draft.id, "Gracias. " * 400, own, send=True, actor=cast.educator
        )
    page = open_hers()
    page.goto(f"/mi-retroalimentacion/{draft.id}/mi-mirada")
    for row in page.locator(".look-row").all():
        row.evaluate("row => { row.open = true; }")
        row.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Guardar y ver").click()
    page.wait_for_url(re.compile(f"{draft.id}$"))
    document = pypdf.PdfReader(io.BytesIO(page.pdf(format=paper)))
    assert len(document.pages) == 1
    text = document.pages[0].extract_text()
    for words in ("Lo que funcionó", "Tu próximo paso", "Mi paso."):
        assert words in text
    assert "Gracias." not in text
