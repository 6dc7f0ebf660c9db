"""The coding screen in a real browser: by keyboard only, and nothing is ever lost."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIResponse, BrowserContext, Page, Route, expect

from observe.coding.models import Observation
from observe.coding.operations import observation_for, submit
from observe.ids import new_id
from observe.people.access import Action, Actor
from observe.video.models import Recording
from tests.browser.coding import SECONDS, WCAG, Lesson, open_screen, plan, saved
from tests.browser.conftest import BROWSER, sign_in
from tests.database.coding import change, send
from tests.program import Program

pytestmark = BROWSER


def test_two_cycles_are_coded_by_keyboard_only_and_a_reload_keeps_all(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    plan(page, 2, "0:15")
    for _cycle in range(2):
        for _row in lesson.rows:
            page.keyboard.press("3")
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("0")
    page.keyboard.press("l")
    page.keyboard.press("n")
    page.keyboard.type("Explican cómo lo saben 1234")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    saved(page)
    expect(page.locator("#lane .cycle")).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(page.locator("#lane .cycle")).to_have_count(2)
    saved(page)
    before = lesson.document
    assert [len(cycle.scores) for cycle in before.cycles] == [len(lesson.rows)] * 2
    (note,) = before.notes
    assert (note.at_ms, note.text) == (8_000, "Explican cómo lo saben 1234")
    assert {score.mark for score in before.cycles[0].scores} == {None, "not_observed"}
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.locator("#lane .cycle").first).to_contain_text(f"✓{len(lesson.rows)}")
    expect(page.locator("#note-count")).to_have_text("1")
    assert lesson.document == before
    page.get_by_role("link", name="Terminar").press("Enter")
    expect(page.get_by_role("heading", name="Todo está codificado")).to_be_visible()
    assert errors == []


def test_the_video_plays_and_its_keys_move_it(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    video = page.locator("#video")
    page.keyboard.press("k")
    expect(page.locator("#clock")).to_contain_text("0:01", timeout=20_000)
    assert video.evaluate("video => video.videoWidth") == 320
    page.keyboard.press("k")
    assert video.evaluate("video => video.paused")
    video.evaluate("video => { video.currentTime = 5 }")
    for key, time_s in (("l", 15), ("ArrowRight", 17), ("j", 7), ("ArrowLeft", 5), (".", 5.1)):
        page.keyboard.press(key)
        assert video.evaluate("video => video.currentTime") == pytest.approx(time_s, abs=0.02)
    page.keyboard.press("+")
    assert video.evaluate("video => video.playbackRate") == 1.25
    expect(page.locator("#rate")).to_have_text("1,25×")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("reproducir o pausar")
    page.keyboard.press("k")
    assert video.evaluate("video => video.paused"), "keys rest while a dialog is open"
    assert errors == []


def test_a_server_that_dies_and_comes_back_loses_nothing(
    context: BrowserContext, lesson: Lesson, server: Program
) -> None:
    page = open_screen(context, lesson)
    plan(page, 2, "0:15")
    page.keyboard.press("2")
    saved(page)
    server.kill("web")
    page.keyboard.press("3")
    page.keyboard.press("4")
    expect(page.locator("#saving")).to_contain_text(
        "Sin conexión: 2 cambios guardados en este equipo"
    )
    page.keyboard.press("n")
    page.keyboard.type("Mientras no había nadie")
    expect(page.locator("#saving")).to_contain_text("3 cambios")
    server.start("web")
    server.wait_for_pages()
    saved(page)
    found = lesson.until(lambda document: len(document.notes) == 1)
    assert sorted(score.value or 0 for score in found.cycles[0].scores) == [2, 3, 4]


def test_changes_of_a_dead_page_are_sent_from_any_other_and_told(
    context: BrowserContext, lesson: Lesson, server: Program
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    saved(page)
    server.kill("web")
    page.keyboard.press("4")
    page.keyboard.press("n")
    page.keyboard.type("A medio escri")
    expect(page.locator("#saving")).to_contain_text("2 cambios")
    page.close()
    server.start("web")
    server.wait_for_pages()
    other = context.new_page()
    other.goto("/videoteca")
    expect(other.get_by_text("Recuperamos 2 cambios")).to_be_visible()
    found = lesson.until(lambda document: bool(document.notes))
    assert found.notes[0].text == "A medio escri"
    assert found.cycles[0].scores[0].value == 4


def enter(context: BrowserContext, lesson: Lesson, actor: Actor) -> Page:
    """Sign a person in, in this browser, whoever was there before."""
    sign_in(context, lesson.database, actor, lesson.cast.administrator)
    return context.new_page()


def test_on_a_shared_laptop_nobody_sees_or_sends_what_another_wrote(
    context: BrowserContext, lesson: Lesson, server: Program
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    saved(page)
    server.kill("web")
    page.keyboard.press("n")
    page.keyboard.type("Solo para mí")
    expect(page.locator("#saving")).to_contain_text("1 cambio guardado")
    page.close()
    context.clear_cookies()
    server.start("web")
    server.wait_for_pages()
    sent: list[str] = []
    context.on("request", lambda request: sent.append(request.url))
    other = enter(context, lesson, lesson.cast.educator)
    other.goto("/ayuda")
    other.wait_for_load_state("networkidle")
    expect(other.get_by_text("Solo para mí")).to_have_count(0)
    expect(other.locator(".problem-box, .told")).to_have_count(0)
    assert not [url for url in sent if url.endswith("/cambios")]
    assert lesson.document.notes == ()
    back = enter(context, lesson, lesson.cast.observer)
    back.goto("/videoteca")
    found = lesson.until(lambda document: bool(document.notes))
    assert found.notes[0].text == "Solo para mí"


def test_who_signs_in_again_in_another_tab_goes_on_in_the_first(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    saved(page)
    context.clear_cookies()
    sign_in(context, lesson.database, lesson.cast.observer, lesson.cast.administrator)
    page.keyboard.press("4")
    found = lesson.until(lambda document: bool(document.cycles[0].scores))
    assert found.cycles[0].scores[0].value == 4
    saved(page)
    errors[:] = [error for error in errors if "400" not in error]  # the one that was repeated


def test_what_came_too_late_is_told_on_other_pages_until_it_is_let_go(
    context: BrowserContext, lesson: Lesson, server: Program
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    for _row in lesson.rows:
        page.keyboard.press("3")
    saved(page)
    server.kill("web")
    page.keyboard.press("n")
    page.keyboard.type("Llegó tarde")
    expect(page.locator("#saving")).to_contain_text("1 cambio guardado")
    page.close()
    with lesson.database.write() as session:
        recording = session.get_one(Recording, lesson.document.recording)
        recording.sha256 = recording.sha256 or "0" * 64
        submit(session, lesson.id, actor=lesson.cast.observer)
    server.start("web")
    server.wait_for_pages()
    other = context.new_page()
    for _visit in range(2):
        other.goto("/ayuda")
        expect(other.get_by_text("Esta observación ya fue enviada")).to_contain_text("Llegó tarde")
    other.get_by_role("button", name="Descartarlos").click()
    other.reload()
    expect(other.locator("main h1")).to_be_visible()
    expect(other.get_by_text("Llegó tarde")).to_have_count(0)


def test_an_answer_that_is_lost_neither_loses_nor_doubles_a_change(
    context: BrowserContext, lesson: Lesson
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    saved(page)
    lost: list[int] = []

    def lose_first(route: object) -> None:
        # The program takes the change, and the line breaks before its answer arrives.
        if not lost:
            lost.append(route.fetch().status)  # type: ignore[attr-defined]
            route.abort("connectionreset")  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/cambios", lose_first)
    page.keyboard.press("3")
    expect(page.locator("#saving")).to_contain_text("Sin conexión")
    saved(page)
    assert lost == [200]
    with lesson.database.read() as session:
        draft = observation_for(
            session, lesson.id, actor=lesson.cast.observer, action=Action.OBSERVATION_CODE
        )
        assert draft.version == 2


def test_a_document_that_arrives_late_takes_nothing_off_the_screen(
    context: BrowserContext, lesson: Lesson
) -> None:
    page = open_screen(context, lesson)
    plan(page, 1, "0:30")
    saved(page)
    with lesson.database.write() as session:
        draft = session.get_one(Observation, lesson.id)
        note = change("note.put", note=new_id(), at_ms=9_000, text="Otra ventana")
        send(session, lesson.cast, draft, note, window="other")
    held: list[tuple[Route, APIResponse]] = []

    def hold_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route("**/documento", hold_first)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    while not held:
        page.wait_for_timeout(50)
    page.keyboard.press("3")  # coded, saved and read again while the first answer is on its way
    pressed = page.locator("#rows .cell").first.locator("[aria-pressed=true]")
    expect(pressed).to_have_text("3")
    expect(page.locator("#note-list li")).to_have_count(1)
    saved(page)
    route, answer = held[0]
    with page.expect_response("**/documento"):
        route.fulfill(response=answer)
    page.wait_for_timeout(300)
    expect(pressed).to_have_text("3")


def test_a_second_window_is_told_and_not_overwritten(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    first = open_screen(context, lesson)
    plan(first, 1, "0:30")
    saved(first)
    second = open_screen(context, lesson)
    first.bring_to_front()
    first.keyboard.press("4")
    saved(first)
    # The second window has not looked since: what it does now stands against the first.
    second.evaluate("document.querySelector('[data-value=\"1\"]').click()")
    stuck = second.locator("#stuck")
    expect(stuck).to_contain_text("Mientras tanto se cambió en otra ventana.")
    assert lesson.document.cycles[0].scores[0].value == 4
    expect(second.locator("#rows .cell").first.locator("[aria-pressed=true]")).to_have_text("4")
    second.bring_to_front()
    stuck.get_by_role("button", name="Usar el mío").click()
    saved(second)
    expect(stuck).to_be_hidden()
    lesson.until(lambda document: document.cycles[0].scores[0].value == 1)
    first.bring_to_front()
    first.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(first.locator("#rows .cell").first.locator("[aria-pressed=true]")).to_have_text("1")
    expect(first.locator("#said")).to_contain_text("En otra ventana")
    assert errors == []


def test_cycles_move_by_keys_and_stretches_are_marked_with_a_reason(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    plan(page, 2, "0:20")
    seek = "seconds => { document.querySelector('#video').currentTime = seconds }"
    page.evaluate(seek, 12)
    page.keyboard.press("o")
    saved(page)
    assert [cycle.end_ms for cycle in lesson.document.cycles] == [12_000, 40_000]
    page.keyboard.press("Shift+ArrowDown")
    page.evaluate(seek, 8)
    page.keyboard.press("i")
    saved(page)
    spans = [(cycle.start_ms, cycle.end_ms) for cycle in lesson.document.cycles]
    assert spans == [(0, 8_000), (8_000, 40_000)]
    page.evaluate(seek, 8.123)
    page.get_by_role("button", name="No codificable…").click()
    page.get_by_label("Por qué").fill("recreo")
    page.get_by_role("button", name="Marcar como no codificable").click()
    saved(page)
    (stretch,) = lesson.document.stretches
    page.get_by_role("button", name="No codificable…").click()
    page.locator("#stretch-list").get_by_role("button", name="Cambiar").click()
    page.get_by_label("Por qué").fill("patio")
    page.get_by_role("button", name="Marcar como no codificable").click()
    saved(page)
    (changed,) = lesson.document.stretches  # its reason, and not its times
    assert changed == stretch.model_copy(update={"reason": "patio"})
    for _ in range(4):
        page.keyboard.press("Control+z")
    saved(page)
    assert [cycle.end_ms for cycle in lesson.document.cycles] == [20_000, 40_000]
    page.keyboard.press("Control+y")
    saved(page)
    assert lesson.document.cycles[0].end_ms == 12_000
    assert errors == []


@pytest.mark.parametrize("width", [1366, 768, 390])
def test_the_screen_fits_and_axe_finds_nothing(
    context: BrowserContext, lesson: Lesson, width: int, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    page.set_viewport_size({"width": width, "height": 625})
    plan(page, 3, "0:12")
    rows = page.evaluate("""[document.querySelector('#rows')].map(rows =>
        [rows.scrollHeight - rows.clientHeight, rows.querySelectorAll('.cell').length])[0]""")
    assert rows == [0, 9], "nine rows are in sight"
    cut_off = """document.querySelector('#video').getBoundingClientRect().bottom
        - document.querySelector('.screen').getBoundingClientRect().bottom"""
    assert page.evaluate(cut_off) <= 1, "the whole picture is in sight, and captions with it"
    page.keyboard.press("n")
    page.keyboard.type("Una nota " * 20)
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.locator("#words")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.response["violations"] == [], found.generate_report()
    assert errors == []


def test_a_complete_cycle_is_not_overwritten_and_coming_back_goes_on_where_one_was(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    said, active = page.locator("#said"), page.locator("#rows .cell[data-active]")
    plan(page, 2, "0:15")
    expect(said.get_by_role("button", name="Deshacer")).to_be_visible()
    page.keyboard.press("9")
    expect(said).to_contain_text("va de 1 a 4")
    for _row in lesson.rows:
        page.keyboard.press("3")
    expect(said).to_have_text("Ciclo 1 completo · Mayús ↓ pasa al siguiente")
    expect(active).to_have_count(0)
    page.keyboard.press("5")
    page.keyboard.press("ArrowUp")
    expect(active).to_have_attribute("data-dimension", lesson.rows[-1])
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("4")
    expect(said).to_be_empty()
    saved(page)
    scores = [[score.value for score in cycle.scores] for cycle in lesson.document.cycles]
    assert scores == [[3] * len(lesson.rows), [4]]
    tops = "['#video', '#rows', '#lane'].map(name => document.querySelector(name).offsetTop)"
    page.evaluate("document.querySelector('#video').currentTime = 17")
    expect(page.locator("#elsewhere")).to_be_hidden()
    before = page.evaluate(tops)
    page.evaluate("document.querySelector('#video').currentTime = 8")
    expect(page.locator("#elsewhere")).to_have_text("Pasar al ciclo 1")
    expect(page.locator("#elsewhere")).to_be_visible()
    assert page.evaluate(tops) == before
    bar = page.locator(".cycle-bar").bounding_box()
    assert bar and bar["height"] < 45, "one line"
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    expect(page.locator("#cycle-title")).to_contain_text("Ciclo 2 de 2")
    expect(active).to_have_attribute("data-dimension", lesson.rows[1])
    expect(page.locator("#clock")).to_contain_text("0:08 / ")
    assert page.locator("#video").evaluate("video => video.currentTime") == pytest.approx(8)
    assert errors == []


def test_a_plan_fits_the_lesson_and_what_is_typed_wrong_stays(
    context: BrowserContext, lesson: Lesson, errors: list[str]
) -> None:
    page = open_screen(context, lesson)
    page.locator("#no-cycles button").press("Enter")
    dialog, length = page.locator("#planner"), page.locator("#plan-length")
    count = int(page.locator("#plan-count").input_value())
    assert length.input_value() == f"0:{SECONDS // count:02}"
    length.fill("cincuenta")
    length.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("por ejemplo 3 × 15:00")
    expect(length).to_have_value("cincuenta")
    page.locator("#plan-count").fill("1")
    length.fill("0:30")
    length.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#said")).to_contain_text("1 ciclo planificado.")
    expect(page.locator("#lane .cycle")).to_contain_text(f"0:30 · 0/{len(lesson.rows)} · corto")
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    expect(page.locator("#no-notes")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#no-notes")).to_be_visible()
    assert errors == []
