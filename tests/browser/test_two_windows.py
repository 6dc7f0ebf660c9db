"""Two windows on one observation, in a real browser: neither writes over what the other said."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from observe.coding.models import Observation
from observe.ids import new_id
from tests.browser.coding import Lesson, open_screen, plan, saved
from tests.browser.conftest import BROWSER
from tests.database.coding import change, send

pytestmark = BROWSER

NOTE = UUID("0190a000-0000-7000-8000-000000000001")


def elsewhere(lesson: Lesson, kind: str, **payload: Any) -> None:
    """Change the observation as another window does that knows it as it is."""
    with lesson.database.write() as session:
        draft = session.get_one(Observation, lesson.id)
        applied = send(session, lesson.cast, draft, change(kind, **payload), window="other")
    assert len(applied.acknowledged) == 1


def look(page: Page) -> None:
    """Come back to the window."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#said")).to_contain_text("En otra ventana")


def texts(lesson: Lesson) -> list[str]:
    return [note.text for note in lesson.document.notes]


@pytest.fixture
def page(context: BrowserContext, lesson: Lesson) -> Page:
    """The screen with a cycle and a note, whose editor is open."""
    elsewhere(lesson, "note.put", note=NOTE, at_ms=4_000, text="Espera tres segundos")
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    page.locator("[data-do=notes]").first.click()
    page.get_by_role("button", name="Editar la nota de 0:04").click()
    saved(page)
    return page


def test_an_open_note_follows_what_another_window_wrote(page: Page, lesson: Lesson) -> None:
    elsewhere(lesson, "note.put", note=NOTE, at_ms=4_000, text="Espera cinco segundos")
    look(page)
    expect(page.locator("#note-text")).to_have_value("Espera cinco segundos")
    elsewhere(lesson, "note.delete", note=NOTE)
    look(page)
    expect(page.locator("#note-form")).to_be_hidden()
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    saved(page)
    assert texts(lesson) == []


def test_what_two_windows_typed_is_asked_once_and_both_are_kept_till_then(
    page: Page, lesson: Lesson
) -> None:
    elsewhere(lesson, "note.put", note=NOTE, at_ms=4_000, text="De la otra")
    page.keyboard.type(" y repite")
    stuck = page.locator("#stuck li")
    expect(stuck).to_contain_text("Espera tres segundos y repite")
    page.keyboard.type(" la pregunta")
    expect(stuck).to_contain_text("Espera tres segundos y repite la pregunta")
    expect(stuck).to_have_count(1)
    expect(page.locator("#note-text")).to_have_value("Espera tres segundos y repite la pregunta")
    assert texts(lesson) == ["De la otra"]
    stuck.get_by_role("button", name="Usar el mío").click()
    lesson.until(lambda found: found.notes[0].text == "Espera tres segundos y repite la pregunta")
    page.locator("#note-text").press("End")
    page.keyboard.type(".")
    lesson.until(lambda found: found.notes[0].text.endswith("pregunta."))
    expect(page.locator("#stuck")).to_be_hidden()


def test_undoing_what_the_open_editor_wrote_is_not_written_again(
    page: Page, lesson: Lesson
) -> None:
    page.keyboard.type(" y repite")
    lesson.until(lambda found: found.notes[0].text.endswith("y repite"))
    page.locator("[data-do=undo]").first.evaluate("each => each.click()")
    expect(page.locator("#note-text")).to_have_value("Espera tres segundos")
    page.locator("#note-text").press("Escape")
    saved(page)
    assert texts(lesson) == ["Espera tres segundos"]


def test_undo_does_not_take_away_what_another_window_said_since(
    context: BrowserContext, lesson: Lesson
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    page.keyboard.press("3")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("4")
    saved(page)
    scored = lesson.document.cycles[0]
    (score,) = scored.scores
    elsewhere(lesson, "score.put", cycle=scored.id, dimension=score.dimension, value=2)
    look(page)
    page.keyboard.press("Control+z")
    expect(page.locator("#stuck")).to_contain_text("Mientras tanto se cambió en otra ventana.")
    assert lesson.document.cycles[0].scores[0].value == 2
    page.locator("#stuck").get_by_role("button", name="Usar el mío").click()
    lesson.until(lambda found: found.cycles[0].scores[0].value == 3)


def test_an_older_backup_put_back_meanwhile_is_taken_as_it_is(page: Page, lesson: Lesson) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with lesson.database.write() as session:
        session.get_one(Observation, lesson.id).version -= 1
    look(page)
    page.wait_for_timeout(500)
    assert len([url for url in asked if url.endswith("/documento")]) == 1


def test_what_came_after_a_change_that_did_not_get_through_waits_for_it(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    """The older text, sent again later, would take the place of the newer one."""
    page = context.new_page()
    page.goto("/ayuda")
    page.evaluate(
        """async ([observation, url, note, modules]) => {
        const { keep } = await import(modules + "/js/journal.js");
        const { user } = await import(modules + "/js/http.js");
        const entry = (text, base, order) => {
          const id = crypto.randomUUID();
          const payload = { note, at_ms: 4000, text };
          return { id, user: user(), observation, url, window: "gone", base, order,
            change: { id, kind: "note.put", payload }, at: new Date().toISOString() };
        };
        await keep([entry("Lo primero", 0, 1), entry("Lo último", 1, 2)]); }""",
        [
            str(lesson.id),
            f"/observaciones/{lesson.id}/cambios",
            str(new_id()),
            page.evaluate("document.querySelector('script[type=module]').src.split('/js/')[0]"),
        ],
    )
    answers = iter([503])

    def refuse_first(route: Route) -> None:
        status = next(answers, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, json={"error": "Ocupado"})

    page.route("**/cambios", refuse_first)
    with page.expect_response("**/cambios") as first:
        page.reload()
    assert first.value.status == 503
    page.wait_for_load_state("networkidle")
    assert texts(lesson) == []
    page.reload()
    expect(page.get_by_text("Recuperamos 2 cambios")).to_be_visible()
    assert texts(lesson) == ["Lo último"]
    errors[:] = [error for error in errors if "503" not in error]
