"""Requests about data in a real browser: for everybody to read and use, on a laptop and a phone."""

from __future__ import annotations

import zipfile

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from observe.db import Database
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel
from observe.privacy.requests import Asked
from tests.browser.coding import WCAG
from tests.browser.conftest import BROWSER, LAPTOP, PHONE, OpenAs
from tests.factories import TODAY, Cast, recording

pytestmark = BROWSER

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def fits(page: Page) -> None:
    """Nothing of the page is out of reach: not for a phone, not for who cannot see it."""
    for size in (LAPTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate(WIDE) == 0, (page.url, size)
        found = Axe().run(page, options={"runOnly": WCAG})
        assert found.violations_count == 0, (page.url, size, found.generate_report())
    page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]


def test_a_request_a_breach_and_a_copy(open_as: OpenAs, cast: Cast) -> None:
    page = open_as(cast.administrator)
    page.goto("/privacidad/solicitudes/nueva")
    fits(page)
    page.get_by_label("Acceso: saber qué datos suyos hay").check()
    page.get_by_label("Alguien con cuenta, por ejemplo una educadora").check()
    page.get_by_label("Persona", exact=True).select_option(label="Berta O'Brien")
    page.get_by_role("button", name="Registrar").click()
    expect(page.get_by_role("status")).to_contain_text("Los días corren")
    fits(page)
    page.goto("/privacidad")
    fits(page)
    page.goto("/privacidad/vulneraciones/nueva")
    page.get_by_label("Qué pasó").fill("Se perdió un pendrive.")
    page.get_by_label("menores de 14 años").check()
    page.get_by_role("button", name="Registrar").click()
    expect(page.get_by_role("heading", name="Las familias")).to_be_visible()
    fits(page)
    page.goto("/privacidad/plantillas/evaluacion-de-impacto")
    fits(page)
    hers = open_as(cast.educator)
    hers.goto("/mis-datos")
    fits(hers)
    hers.get_by_role("button", name="Hacer la copia").click()
    with hers.expect_download() as taken:
        hers.get_by_role("link", name="Descargar el zip").click(timeout=60_000)
    with zipfile.ZipFile(taken.value.path()) as packed:
        assert packed.namelist() == ["datos.json", "datos.html"]
    hers.goto("/mis-datos/quien-abrio")
    expect(hers.get_by_text("La copia de todos tus datos")).to_be_visible()
    fits(hers)


def test_what_a_request_leads_to_is_for_everybody(
    open_as: OpenAs, database: Database, cast: Cast
) -> None:
    ids = {}
    with database.write() as session:
        recording(session, cast)
        for kind in (RequestKind.ERASURE, RequestKind.RECTIFICATION):
            asked = Asked(kind, About.PERSON, TODAY, Channel.LETTER, user_id=cast.educator.user_id)
            made = requests.register(session, asked, today=TODAY, actor=cast.administrator)
            ids[kind] = made.id
    page = open_as(cast.administrator)
    page.goto(f"/privacidad/solicitudes/{ids[RequestKind.ERASURE]}")
    fits(page)
    page.get_by_role("link", name="Ver qué se borraría").click()
    expect(page.get_by_label("El video")).to_be_checked()
    fits(page)
    page.goto(f"/privacidad/solicitudes/{ids[RequestKind.RECTIFICATION]}")
    page.get_by_text("Corregir una clase: su día").click()
    fits(page)
    page.get_by_role("link", name="Lenguaje").click()
    fits(page)
