"""A pauta written from nothing in a real browser, and one that two people write at once."""

from __future__ import annotations

import re
from uuid import UUID

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, ViewportSize, expect

from observe.db import Database
from observe.rubric import drafts, fields
from observe.rubric.models import RubricDraft
from observe.rubric.operations import rubric_of, version_for
from tests.browser.coding import WCAG
from tests.browser.conftest import BROWSER, OpenAs, sign_in
from tests.factories import Cast
from tests.program import Program

pytestmark = BROWSER

PHONE_SIZE: ViewportSize = {"width": 390, "height": 844}
NAMES = ("Juegan con otros", "Se turnan", "Piden ayuda", "Cuidan el lugar", "Inventan")
TITLE = "dimensions.preguntas-que-hacen-pensar.title.es"
LOW = "dimensions.preguntas-que-hacen-pensar.descriptors.low.es"


def box(name: str) -> str:
    return f'[name="{name}"]'


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_attribute("data-state", "saved")


def accessible(page: Page) -> None:
    told = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert told.violations_count == 0, told.generate_report()


def test_five_dimensions_are_written_from_nothing_and_offered_for_a_lesson(
    open_as: OpenAs, database: Database, cast: Cast
) -> None:
    page = open_as(cast.network_lead)
    page.goto("/pautas")
    page.get_by_role("link", name="Escribir una pauta").click()
    page.get_by_label("Cómo se llama").fill("Pauta de patio")
    page.keyboard.press("Enter")
    page.locator(box("summary.es")).fill("Mira el recreo.")
    page.locator(box("domains._1.title.es")).fill("Convivir")
    for number, name in enumerate(NAMES, start=2):
        if number > 2:
            page.get_by_role("button", name="Agregar una dimensión aquí").click()
            expect(page.locator(box(f"dimensions._{number}.title.es"))).to_be_focused()
        _write(page, number, name)
    saved(page)
    for name in NAMES:
        expect(page.locator("#aside .row-title", has_text=name)).to_be_visible()
    expect(page.locator("#aside .values:not(.letters) button")).to_have_count(20)
    expect(page.locator("#missing-title")).to_contain_text("0")
    accessible(page)
    page.get_by_role("button", name="Publicar en todas las escuelas").click()
    expect(page.get_by_text("Listo: esta es la versión 1.0.")).to_be_visible()
    with database.read() as session:
        made = rubric_of(version_for(session, "pauta-de-patio"))
    assert [each.title.es for each in made.dimensions] == [*NAMES]
    observer = open_as(cast.observer)
    observer.goto("/en-vivo")
    expect(observer.get_by_role("radio", name=re.compile("Pauta de patio"))).to_have_count(1)


def _write(page: Page, number: int, name: str) -> None:
    """Type the words of a dimension as a person does: from field to field by the Tab key."""
    page.locator(box(f"dimensions._{number}.title.es")).focus()
    for words in (name, "Se mira si pasa.", "Una vez o ninguna", "A ratos", "Durante el ciclo"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")


def test_two_windows_keep_both_fields_and_tell_of_the_same_one(
    open_as: OpenAs, database: Database, cast: Cast
) -> None:
    address, draft_id = _begun(database, cast)
    one, other = open_as(cast.network_lead), open_as(cast.administrator)
    for page in (one, other):
        page.goto(address)
        page.locator(f'[id="{TITLE.removesuffix(".title.es")}"] > summary').click()
    one.locator(box(TITLE)).fill("Preguntas abiertas")
    saved(one)
    other.locator(box(LOW)).fill("Casi ninguna")
    saved(other)
    assert _stands(database, draft_id) == ("Preguntas abiertas", "Casi ninguna")
    one.locator(box(LOW)).fill("Ninguna")
    place = one.locator("[data-box]", has=one.locator(box(LOW)))
    expect(place).to_contain_text(f"{cast.administrator.name} escribió aquí: «Casi ninguna»")
    expect(place.get_by_text("sin guardar")).to_be_visible()
    assert _stands(database, draft_id)[1] == "Casi ninguna"
    place.get_by_role("button", name="Dejar lo mío").click()
    saved(one)
    assert _stands(database, draft_id)[1] == "Ninguna"
    accessible(one)


def _begun(database: Database, cast: Cast) -> tuple[str, UUID]:
    with database.write() as session:
        base = version_for(session, "aprendizaje-profundo")
        draft = drafts.begin_from(session, base.id, actor=cast.network_lead)
    return f"/pautas/borradores/{draft.id}", draft.id


def _stands(database: Database, draft_id: UUID) -> tuple[str, str]:
    with database.read() as session:
        content = drafts.content_of(session.get_one(RubricDraft, draft_id))
    known = fields.fields(content)
    return fields.typed(content, known[TITLE]), fields.typed(content, known[LOW])


def test_what_cannot_be_sent_stays_marked_until_it_is(
    chromium: Browser, program: Program, database: Database, cast: Cast
) -> None:
    address, draft_id = _begun(database, cast)
    context = chromium.new_context(base_url=f"http://127.0.0.1:{program.port}", viewport=PHONE_SIZE)
    sign_in(context, database, cast.network_lead, cast.administrator)
    page = context.new_page()
    page.goto(address)
    page.route("**/cambios", lambda route: route.abort())
    page.locator(f'[id="{TITLE.removesuffix(".title.es")}"] > summary').click()
    page.locator(box(TITLE)).fill("Preguntas abiertas")
    expect(page.locator("#saved")).to_have_attribute("data-state", "offline")
    place = page.locator("[data-box]", has=page.locator(box(TITLE)))
    expect(place.get_by_text("sin guardar")).to_be_visible()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"], "she is asked before she leaves"
    page.unroute("**/cambios")
    saved(page)
    expect(place.get_by_text("sin guardar")).to_be_hidden()
    assert _stands(database, draft_id)[0] == "Preguntas abiertas"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_SIZE["width"]
    accessible(page)
    context.close()


def test_with_names_alone_no_description_is_missed(open_as: OpenAs, cast: Cast) -> None:
    page = open_as(cast.network_lead)
    page.goto("/pautas/borradores")
    page.get_by_label("Cómo se llama").fill("Instrumento ajeno")
    page.keyboard.press("Enter")
    count = page.locator("#missing-title .number")
    expect(count).to_have_text("7")
    page.get_by_label("Palabras de las dimensiones").select_option("true")
    saved(page)
    expect(count).to_have_text("5")
    expect(page.locator("#aside")).to_contain_text("debe decir en qué manual están las palabras")
    page.reload()
    folded = page.locator(box("dimensions._2.description.es"))
    expect(folded).to_be_hidden()
    page.get_by_text("pueden quedar vacíos").click()
    expect(folded).to_be_visible()
    accessible(page)
