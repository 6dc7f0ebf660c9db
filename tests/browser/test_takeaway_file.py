"""The file of a pen drive in a real browser, from the disk: it plays, asks nothing, is sealed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

from observe.db import Database
from observe.feedback import takeaway
from observe.feedback.models import FocusKind
from observe.feedback.report import FeedbackPage, Moment
from observe.feedback.sealing import Part
from observe.feedback.takeaway import Carried, Film
from observe.ids import new_id
from observe.settings import Settings
from observe.video.captions import Cue, write_vtt
from observe.video.store import Store
from tests.browser.conftest import BROWSER, LAPTOP, PHONE, OpenAs
from tests.conftest import MakeVideo
from tests.factories import Cast
from tests.feedback_cases import published
from tests.signed_cases import both_signed
from tests.unit.test_sealing import PASSPHRASE

pytestmark = BROWSER

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PLAYS = "film => film.play().then(() => film.videoWidth)"


@pytest.fixture(scope="module")
def films(make_video: MakeVideo) -> dict[FocusKind, Film]:
    """Two real clips; one has captions."""
    clip = Part("video/mp4", make_video(4, size="640x360").read_bytes())
    said = Part("text/vtt", write_vtt([Cue(0, 3_000, "¿Cómo lo sabes?")]).encode())
    return {FocusKind.STRENGTH: Film(clip, captions=said), FocusKind.PRIORITY: Film(clip)}


def moment(kind: FocusKind, title: str, note: str) -> Moment:
    return Moment(
        kind,
        title,
        "Explican cómo lo saben",
        note,
        60_000,
        90_000,
        has_clip=True,
        phrase="Esperas a que terminen.",
        questions=("¿Qué cambió?",),
    )


@pytest.fixture(scope="module")
def what(films: dict[FocusKind, Film]) -> Carried:
    page = FeedbackPage(
        feedback_id=new_id(),
        locale="es_CL",
        educator="Berta O'Brien",
        observer="Ana Peñailillo",
        school="Escuela Los Aromos",
        class_group="1° B",
        subject="Lenguaje",
        recorded_on=date(2026, 5, 12),
        lesson_ms=1_800_000,
        published_at=None,
        strength=moment(FocusKind.STRENGTH, "Lo que funcionó", "Escuchas la respuesta completa."),
        priority=moment(FocusKind.PRIORITY, "Para la próxima clase", "Aquí cabe otra pregunta."),
        next_step="Pregunta «¿por qué?» una vez.",
        due_on=date(2026, 6, 10),
        offers_talk=True,
    )
    return Carried(page, films, ())


Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """Return what opens a file from the disk; whatever it asks of a network fails the test."""
    asked: list[str] = []
    told: list[str] = []

    def enter(content: bytes, *, scripts: bool = True, size: dict[str, int] = PHONE) -> Page:
        file = tmp_path / f"{new_id()}.html"
        file.write_bytes(content)
        context = chromium.new_context(
            viewport=size,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            offline=True,
        )
        page = context.new_page()
        page.on("request", lambda sent: asked.append(sent.url.split(",")[0][:80]))
        page.on("console", lambda said: told.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield enter
    for context in chromium.contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert told == []


def check(page: Page) -> None:
    """See everything that the file holds, and find nothing that WCAG forbids."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Berta, esto es para ti")
    expect(page.get_by_text("Pregunta «¿por qué?» una vez.")).to_be_visible()
    expect(page.get_by_text("¿Qué cambió?")).to_have_count(2)
    expect(page.get_by_text("Ana Peñailillo ofrece conversarlo contigo.")).to_be_visible()
    assert page.title() == "Berta, esto es para ti"
    for film in page.locator("video").all():
        assert film.evaluate(PLAYS) == 640
    for size in (LAPTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert found.violations_count == 0, found.generate_report()
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_it_plays_from_the_disk(opened: Open, what: Carried) -> None:
    page = opened(takeaway.written(what))
    check(page)
    cues = """film => { film.textTracks[0].mode = "showing"; return new Promise(told => {
        const look = () => film.textTracks[0].cues?.length
          ? told(film.textTracks[0].cues[0].text) : setTimeout(look, 50);
        look(); }); }"""
    assert page.locator("video").first.evaluate(cues) == "¿Cómo lo sabes?"


def test_without_scripts_it_reads_and_plays_too(opened: Open, what: Carried) -> None:
    page = opened(takeaway.written(what), scripts=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Berta, esto es para ti")
    films = page.locator("video")
    expect(films).to_have_count(2)
    # With scripts off nothing of the page's own can be asked; what the browser drew can be seen.
    for film in films.all():
        film.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        before = upper_half(film)
        assert before.std() > 40  # a coloured picture, not the plain ground of a film that fails
        box = film.bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(1_000)
        assert np.abs(upper_half(film) - before).max() > 60  # and it moves


def upper_half(film: Locator) -> NDArray[np.int16]:
    """Return what is drawn of a film above its controls."""
    drawn = cv2.imdecode(np.frombuffer(film.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    return np.asarray(drawn[: len(drawn) // 2], np.int16)


def test_two_clips_as_large_as_they_may_be_play(opened: Open, what: Carried) -> None:
    padded = {
        kind: replace(film, clip=replace(film.clip, content=heavier(film.clip.content)))
        for kind, film in what.films.items()
    }
    content = takeaway.written(replace(what, films=padded))
    assert 18_000_000 < len(content) < 20_500_000
    check(opened(content))
    check_sealed(opened(takeaway.written(replace(what, films=padded), passphrase=PASSPHRASE)))


def heavier(clip: bytes) -> bytes:
    """Return the clip with a box in it that players skip."""
    more = 7_400_000 - len(clip)
    return clip + more.to_bytes(4, "big") + b"free" + bytes(more - 8)


def check_sealed(page: Page) -> None:
    page.get_by_label("Contraseña").fill(PASSPHRASE)
    page.get_by_role("button", name="Abrir").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Berta, esto es para ti", timeout=30_000
    )
    check(page)


def test_a_sealed_file_opens_with_its_passphrase_only(opened: Open, what: Carried) -> None:
    page = opened(takeaway.written(what, passphrase=PASSPHRASE))
    assert page.evaluate("isSecureContext && !!crypto.subtle")
    assert page.locator("video").count() == 0
    assert "Berta" not in page.content()
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert found.violations_count == 0, found.generate_report()
    page.get_by_label("Contraseña").fill("otra cosa muy distinta")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(
        "Esa no es la contraseña. Revisa mayúsculas y tildes.", timeout=30_000
    )
    assert "Berta" not in page.content()
    check_sealed(page)
    assert page.locator("h1").evaluate("heading => document.activeElement === heading")


def test_a_damaged_file_says_so(opened: Open, what: Carried) -> None:
    content = takeaway.written(what, passphrase=PASSPHRASE)
    at = content.index(b"</script>")
    page = opened(content[: at - 3] + b"?!?" + content[at:])
    page.get_by_label("Contraseña").fill(PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(
        "Este archivo está dañado. Pídelo otra vez.", timeout=30_000
    )


def test_where_nothing_can_be_opened_the_page_says_what_to_do(opened: Open, what: Carried) -> None:
    content = takeaway.written(what, passphrase=PASSPHRASE)
    page = opened(content, scripts=False)
    assert "Este visor no puede abrir archivos con contraseña." in page.content()
    expect(page.get_by_label("Contraseña")).to_be_hidden()
    page = opened(b"<!doctype html><title>.</title>")
    page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
    page.set_content("")
    page.goto(saved(page, content))
    expect(page.get_by_role("alert")).to_contain_text("Este navegador no puede abrirlo desde aquí.")
    expect(page.get_by_label("Contraseña")).to_be_hidden()


def saved(page: Page, content: bytes) -> str:
    """Put the file beside the page that is open; return its address."""
    target = Path(page.url.removeprefix("file://")).with_name("otra.html")
    target.write_bytes(content)
    return target.as_uri()


def test_a_browser_that_plays_no_film_in_a_page_gets_it_as_a_file(
    opened: Open, what: Carried
) -> None:
    page = opened(takeaway.written(what))
    film = page.locator("video").first
    film.evaluate("film => film.dispatchEvent(new Event('error'))")
    assert str(film.evaluate("film => film.src")).startswith("blob:")
    assert film.evaluate(PLAYS) == 640


def test_nothing_else_may_run_or_be_fetched_in_it(opened: Open, what: Carried) -> None:
    content = takeaway.written(what).replace(
        b"</footer>",
        b"</footer><img src='http://127.0.0.1:9/x.png'><script>document.title=1</script>",
    )
    page = opened(b"<!doctype html><title>.</title>")
    refused: list[str] = []
    other = page.context.new_page()
    other.on("console", lambda said: refused.append(said.text))
    other.on("requestfailed", lambda sent: refused.append(f"sent {sent.url}"))
    other.goto(saved(page, content))
    assert other.title() == "Berta, esto es para ti"
    assert any("Content Security Policy" in told for told in refused), refused


# --- the pages that give it -----------------------------------------------------------------------


@pytest.fixture
def two(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> tuple[UUID, UUID]:
    """Published feedback with both clips signed, and one without, before the program starts."""
    ready = published(database, home, store, cast, small_video)
    both_signed(database, home, cast, ready)
    return ready, published(database, home, store, cast, small_video)


def test_the_pages_are_for_everybody_and_a_round_is_downloaded(
    two: tuple[UUID, UUID], cast: Cast, open_as: OpenAs
) -> None:
    ready, bare = two
    page = open_as(cast.observer)

    def look() -> None:
        for size in (LAPTOP, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
            assert found.violations_count == 0, found.generate_report()
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

    page.goto(f"/retroalimentaciones/{bare}/para-llevar")
    expect(page.get_by_role("alert")).to_contain_text("todavía no está difuminado")
    look()
    page.goto(f"/retroalimentaciones/{ready}/para-llevar")
    page.get_by_label("Contraseña, por si el pendrive se pierde").fill(PASSPHRASE)
    page.get_by_label("La misma contraseña otra vez").fill(PASSPHRASE)
    look()
    with page.expect_download() as given:
        page.get_by_role("button", name="Descargar el archivo").click()
    assert given.value.suggested_filename == "retroalimentacion-2026-05-12.html"
    page.goto("/registros")
    look()
    page.get_by_role("button", name="PDF de toda la ronda (zip)").click()
    page.get_by_role("link", name="Descargar el zip").wait_for(timeout=60_000)
    look()
    with page.expect_download() as given:
        page.get_by_role("link", name="Descargar el zip").click()
    with zipfile.ZipFile(given.value.path()) as packed:
        assert packed.namelist() == ["2026-05-12-1B-BO.pdf", "2026-05-12-1B-BO-2.pdf"]
