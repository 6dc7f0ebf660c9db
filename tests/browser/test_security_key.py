"""A security key in a real Chromium: added to an account, asked for at the next sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from observe.db import Database
from observe.people import signin
from tests.browser.coding import WCAG
from tests.browser.conftest import BROWSER, LAPTOP, PHONE
from tests.factories import Cast
from tests.program import Program

pytestmark = BROWSER

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(chromium: Browser, server: Program) -> Iterator[Page]:
    """A page with a key plugged in; by name, since browsers make no keys for a bare number."""
    context = chromium.new_context(
        viewport=LAPTOP,  # type: ignore[arg-type]
        locale="es-CL",
        base_url=f"http://localhost:{server.port}",
    )
    opened = context.new_page()
    tools = context.new_cdp_session(opened)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    yield opened
    context.close()


def enter_by_link(page: Page, database: Database, cast: Cast) -> None:
    with database.write() as session:
        secret = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
    page.goto(f"/entrar/enlace/{secret}")
    page.locator("main button").click()
    page.wait_for_load_state()


def clean(page: Page) -> list[Any]:
    found: list[Any] = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    return found


def test_a_key_is_added_and_from_then_on_lets_her_in(
    page: Page, database: Database, cast: Cast
) -> None:
    enter_by_link(page, database, cast)
    page.goto("/mi-cuenta")
    page.get_by_role("link", name="Configurar un segundo paso").click()
    page.get_by_role("button", name="Agregar una llave").click()
    expect(page.get_by_role("status")).to_contain_text("Tu llave quedó agregada")
    for size in (LAPTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert clean(page) == []
    page.goto("/mi-cuenta")
    assert clean(page) == []
    page.context.clear_cookies()

    enter_by_link(page, database, cast)
    expect(page.get_by_role("heading", level=1)).to_have_text("Un paso más, Ana Peñailillo")
    assert clean(page) == []
    assert page.request.get("/mi-cuenta", max_redirects=0).status == 302
    page.get_by_role("button", name="Usar mi llave").click()
    page.wait_for_url("**/videoteca")
    page.goto("/mi-cuenta/segundo-paso")
    page.get_by_text("Chrome · Linux").click()
    page.get_by_role("button", name="Quitar la llave").click()
    expect(page.get_by_role("status")).to_contain_text("Ya no se te pedirá esa llave")
