"""Clips, notes and undo in a real browser: by keyboard, found again, taken back after a reload."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, expect

from observe.people.class_lists import write_class_list
from observe.video.models import Recording
from tests.browser.coding import Lesson, open_screen, plan, saved
from tests.browser.conftest import BROWSER

pytestmark = BROWSER


def stand_at(page: Page, seconds: float) -> None:
    page.evaluate("seconds => { document.querySelector('#video').currentTime = seconds }", seconds)


def reloaded(page: Page) -> None:
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")


def test_what_was_done_before_a_reload_can_be_undone_and_redone_after_it(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    plan(page, 2, "0:15")
    page.keyboard.press("3")
    page.keyboard.press("4")
    page.keyboard.press("n")
    page.keyboard.type("Se lee en voz alta", delay=20)
    page.keyboard.press("Escape")
    saved(page)
    whole = lesson.document
    reloaded(page)
    page.keyboard.press("Control+z")
    lesson.until(lambda document: document.notes == ())
    page.keyboard.press("Control+z")
    lesson.until(lambda document: len(document.cycles[0].scores) == 1)
    saved(page)
    reloaded(page)
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+y")
    assert lesson.until(lambda document: bool(document.notes)) == whole
    saved(page)
    for _step in range(4):
        page.keyboard.press("Control+z")
    lesson.until(lambda document: document.cycles == () and document.notes == ())
    page.keyboard.press("Control+z")
    expect(page.locator("#said")).to_contain_text("No hay nada que deshacer")
    assert errors == []


def test_after_something_new_what_was_undone_before_a_reload_is_not_redone(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    page.keyboard.press("3")
    page.keyboard.press("Control+z")
    saved(page)
    reloaded(page)
    page.keyboard.press("2")
    page.keyboard.press("Control+y")
    expect(page.locator("#said")).to_contain_text("No hay nada que rehacer")
    saved(page)
    (score,) = lesson.document.cycles[0].scores
    assert score.value == 2
    assert errors == []


def test_two_presses_of_c_keep_a_clip_that_can_be_given_watched_and_taken_back(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    stand_at(page, 4)
    page.keyboard.press("c")
    expect(page.locator("#said")).to_contain_text("Un fragmento comienza en 0:04")
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_contain_text("Se olvidó")
    stand_at(page, 24)
    page.keyboard.press("c")
    stand_at(page, 4)  # the end may be marked first
    page.keyboard.press("c")
    saved(page)
    (clip,) = lesson.document.clips
    assert (clip.start_ms, clip.end_ms, clip.dimension) == (4_000, 24_000, lesson.rows[0])
    page.get_by_role("button", name="Fragmentos").click()
    item = page.locator("#clip-list li")
    expect(item).to_contain_text("20 s")
    item.get_by_role("combobox").focus()
    item.get_by_role("combobox").select_option("strength")
    expect(item.get_by_role("combobox")).to_be_focused()  # no key that comes next is typed as words
    item.get_by_role("textbox").fill("Todas explican")
    item.get_by_role("textbox").press("Tab")
    kept = lesson.until(lambda document: document.clips[0].words == "Todas explican").clips[0]
    assert kept.purpose == "strength"
    item.get_by_role("button", name="Ver el fragmento").click()
    video = page.locator("#video")
    page.wait_for_function("() => !document.querySelector('#video').paused")
    stand_at(page, 23.7)
    page.wait_for_function("() => document.querySelector('#video').paused")
    assert video.evaluate("video => video.currentTime") < 25
    item.get_by_role("button", name="Quitar").click()
    lesson.until(lambda document: document.clips == ())
    page.locator("body").press("Control+z")
    assert lesson.until(lambda document: bool(document.clips)).clips == (kept,)
    assert errors == []


def test_a_clip_shorter_than_can_be_shared_is_kept_and_told(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    stand_at(page, 2)
    page.keyboard.press("c")
    page.keyboard.press("c")
    expect(page.locator("#said")).to_contain_text("al menos un segundo")
    stand_at(page, 7)
    page.keyboard.press("c")
    expect(page.locator("#said")).to_contain_text("necesita al menos 15 s")
    saved(page)
    assert [clip.end_ms - clip.start_ms for clip in lesson.document.clips] == [5_000]
    assert errors == []


def test_notes_are_found_by_words_cycle_and_row_and_start_as_early_as_set(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    plan(page, 2, "0:20")
    expect(page.locator("#balance")).to_contain_text("No hay evidencia aún")
    for second, text in ((10, "Explica por qué"), (30, "Lee el cuento")):
        stand_at(page, second)
        page.keyboard.press("n")
        page.keyboard.type(text)
        page.keyboard.press("Escape")
    expect(page.locator("#balance")).to_contain_text("1 ◆, 0 +, 0 −")
    items = page.locator("#note-list li")
    expect(items).to_have_count(2)
    page.get_by_label("Buscar en las notas").fill("POR QUE")
    expect(items).to_have_count(1)
    page.get_by_label("Buscar en las notas").fill("nadie")
    expect(page.locator("#none-found")).to_be_visible()
    page.get_by_label("Buscar en las notas").fill("")
    page.get_by_label("Qué notas").select_option("cycle")
    expect(items).to_have_count(1)
    page.get_by_label("comienza antes").select_option("5000")
    stand_at(page, 30)
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("Cinco segundos antes")
    page.keyboard.press("Escape")
    saved(page)
    found = lesson.until(lambda document: len(document.notes) == 3)
    assert sorted(note.at_ms for note in found.notes) == [8_000, 25_000, 28_000]
    assert errors == []


def test_a_childs_name_from_the_class_list_is_flagged_while_it_is_typed(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    with lesson.database.write() as session:
        recording = session.get_one(Recording, lesson.document.recording)
        group, observer = recording.class_group_id, lesson.cast.observer
        write_class_list(session, group, "1 Sofía M.\n2 D'Angelo\n3", actor=observer)
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    page.keyboard.press("n")
    page.keyboard.type("Una niña explica")
    expect(page.locator("#note-names")).to_be_empty()
    page.keyboard.type(" y SOFIA responde a D'Angelo")
    expect(page.locator("#note-names")).to_contain_text("SOFIA, Angelo están en la lista")
    page.keyboard.press("Escape")
    saved(page)
    assert len(lesson.document.notes) == 1, "told, never refused"
    page.get_by_role("link", name="Terminar").click()
    expect(page.locator("main")).to_contain_text("nombra a un niño o niña (SOFIA, Angelo)")
    assert errors == []
