"""The observer's journey through forms: profile, composer, preview, publishing, withdrawing."""

from __future__ import annotations

import html
import json
import re
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from observe.coding.models import Observation
from observe.coding.operations import latest_document
from observe.db import Database
from observe.feedback import operations as feedbacks
from observe.feedback.checks import FocusInput, input_of
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.people.class_lists import write_class_list
from observe.rubric.operations import rubric_of
from observe.settings import Settings
from observe.video.store import Store
from tests.factories import Cast, recording
from tests.feedback_cases import TODAY, cut_and_open, drafted, filmed, focuses, published, submitted
from tests.web.conftest import ClientFor

JSON = {"Accept": "application/json"}


@pytest.fixture
def observation_id(database: Database, store: Store, cast: Cast, small_video: Path) -> UUID:
    """A submitted observation of a filmed lesson."""
    with database.write() as session:
        return submitted(session, cast, filmed(session, store, cast, small_video)).id


@pytest.fixture
def observer(client_for: ClientFor, cast: Cast) -> FlaskClient:
    """The observer's browser."""
    return client_for(cast.observer)


def card(database: Database, observation_id: UUID, **changed: str) -> dict[str, str]:
    """Return both cards, complete, as a browser sends them."""
    with database.read() as session:
        found = session.get_one(Observation, observation_id)
        given = {kind.value: each for kind, each in focuses(found).items()}
    strength, priority = given["strength"], given["priority"]
    return {
        "strength-dimension": strength.dimension or "",
        "strength-start": "0:00",
        "strength-end": "00:00:15",
        "strength-note": strength.note,
        "priority-dimension": priority.dimension or "",
        "priority-start": "15",
        "priority-end": "0:30",
        "priority-note": priority.note,
        "priority-next_step": priority.next_step,
        "priority-due_on": "2099-06-10",
    } | {name.replace("__", "-"): text for name, text in changed.items()}


def url(observation_id: UUID, tail: str = "retroalimentacion") -> str:
    return f"/observaciones/{observation_id}/{tail}"


def state_of(database: Database, observation_id: UUID) -> FeedbackState | None:
    with database.read() as session:
        found = feedbacks.current(session, observation_id)
        return found.state if found else None


def seen_in(preview: str) -> dict[str, str]:
    """Return what the preview says of itself when its reader publishes."""
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]+)"', preview)
    return {"seen": seen}


def test_the_profile_shows_means_errors_and_what_it_is(
    observer: FlaskClient, observation_id: UUID
) -> None:
    page = observer.get(url(observation_id, "perfil"))
    assert page.status_code == 200
    assert "Un video es un espejo, no una medición" in page.text
    assert "± 0,50" in page.text
    assert "Sugerencia" in page.text or "sugerencia" in page.text


def test_the_composer_opens_without_changing_anything(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    page = observer.get(url(observation_id))
    assert page.status_code == 200
    assert "Una fortaleza y un área prioritaria para Berta O&#39;Brien" in page.text
    assert "=Una niña explica cómo lo sabe (1)." in page.text
    assert state_of(database, observation_id) is None


def test_from_an_empty_card_to_the_published_page(
    observer: FlaskClient, observation_id: UUID, database: Database, home: Settings
) -> None:
    observer.get(url(observation_id))
    saved = observer.post(url(observation_id), data=card(database, observation_id, do="preview"))
    assert saved.location == url(observation_id, "retroalimentacion/vista")
    page = observer.get(saved.location)
    assert "Escuchas la respuesta completa." in page.text
    assert "#t=15.0,30.0" in page.text  # nothing is cut for a preview
    assert page.text.count('class="watermark"') == page.text.count("#t=")
    assert page.text.count('/portada"') == 2  # until then the picture is the lesson's
    with database.read() as session:
        feedback = feedbacks.current(session, observation_id)
    assert feedback is not None
    asked = observer.post(f"/retroalimentaciones/{feedback.id}/publicar", data=seen_in(page.text))
    waiting = observer.get(asked.location)
    assert "<progress" in waiting.text
    state = observer.get(f"/retroalimentaciones/{feedback.id}/estado", headers=JSON).get_json()
    assert (state["state"], state["failed"], state["percent"]) == ("publishing", False, 0)
    cut_and_open(database, home, feedback.id)
    assert "Publicada el" in observer.get(asked.location).text
    state = observer.get(f"/retroalimentaciones/{feedback.id}/estado", headers=JSON).get_json()
    assert state["state"] == "published"
    for name in ("fortaleza", "prioridad"):
        clip = observer.get(f"/retroalimentaciones/{feedback.id}/{name}.mp4")
        assert (clip.status_code, clip.mimetype) == (200, "video/mp4")
        picture = observer.get(f"/retroalimentaciones/{feedback.id}/{name}.jpg")
        assert picture.data.startswith(b"\xff\xd8")


def test_only_what_was_looked_at_is_published(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    observer.get(url(observation_id))
    preview = url(observation_id, "retroalimentacion/vista")
    observer.post(url(observation_id), data=card(database, observation_id))
    seen = seen_in(observer.get(preview).text)
    changed = card(database, observation_id, strength__note="Escrito en otra ventana, sin mirar.")
    observer.post(url(observation_id), data=changed)
    with database.read() as session:
        feedback = feedbacks.current(session, observation_id)
    assert feedback is not None
    publish = f"/retroalimentaciones/{feedback.id}/publicar"
    for sent in (seen, {}):
        refused = observer.post(publish, data=sent)
        assert refused.location == preview
        assert state_of(database, observation_id) is FeedbackState.DRAFT
    page = observer.get(preview).text
    assert "Cambió en otra ventana después de que la miraste." in page
    assert "Escrito en otra ventana, sin mirar." in page
    why = card(database, observation_id, strength__note=changed["strength-note"], strength__why="x")
    observer.post(url(observation_id), data=why)  # nothing that the educator reads
    observer.post(publish, data=seen_in(page))
    assert state_of(database, observation_id) is FeedbackState.PUBLISHING


def test_an_incomplete_draft_cannot_be_published(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    observer.get(url(observation_id))
    observer.post(url(observation_id), data=card(database, observation_id, priority__next_step=""))
    preview = observer.get(url(observation_id, "retroalimentacion/vista"))
    assert "Área prioritaria: escribe un próximo paso." in preview.text
    assert "/publicar" not in preview.text
    with database.read() as session:
        feedback = feedbacks.current(session, observation_id)
    assert feedback is not None
    refused = observer.post(f"/retroalimentaciones/{feedback.id}/publicar")
    assert refused.location == url(observation_id, "retroalimentacion/vista")
    assert state_of(database, observation_id) is FeedbackState.DRAFT


def test_what_cannot_be_understood_comes_back_and_the_rest_is_saved(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    observer.get(url(observation_id))
    sent = card(database, observation_id, strength__start="treinta", priority__due_on="mañana")
    page = observer.post(url(observation_id), data=sent)
    assert page.status_code == 400
    assert 'value="treinta"' in page.text
    assert 'value="mañana"' in page.text
    assert "Escuchas la respuesta completa." in page.text
    assert page.text.count('aria-invalid="true"') == 2
    with database.read() as session:
        kept = feedbacks.current(session, observation_id)
        assert kept is not None
        notes = [focus.note for focus in kept.focuses]
    assert "Aquí cabe otra pregunta." in notes


def test_a_script_saves_and_is_told_what_is_missing(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    observer.get(url(observation_id))
    same = card(database, observation_id)
    same["priority-dimension"] = same["strength-dimension"]
    same["strength-end"] = "0:00"
    answer = observer.post(url(observation_id), data=same, headers=JSON)
    told = answer.get_json()
    assert answer.status_code == 200
    assert set(told["errors"]) == {"priority-dimension", "strength-end"}
    assert "Área prioritaria: elige su dimensión." in told["problems"]


def test_buttons_without_scripts_fill_a_card(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    observer.get(url(observation_id))
    with database.read() as session:
        found = session.get_one(Observation, observation_id)
        note = latest_document(session, found).notes[0]
    empty = {"do": f"moment:strength:{note.id}", "strength-note": "Se ve"}
    page = observer.post(url(observation_id), data=empty)
    assert page.status_code == 200
    assert 'value="0:00"' in page.text and 'value="0:30"' in page.text
    chosen = observer.post(url(observation_id), data={"do": f"choose:priority:{note.dimension}"})
    assert f'<option value="{note.dimension}" selected' in " ".join(chosen.text.split())


def test_a_moment_begins_its_card_and_replaces_nothing(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    observer.get(url(observation_id))
    with database.read() as session:
        first, second, *_ = latest_document(
            session, session.get_one(Observation, observation_id)
        ).notes
    observer.post(url(observation_id), data={"do": f"moment:priority:{first.id}"})
    begun = kept_of(database, observation_id, FocusKind.PRIORITY)
    assert (begun.dimension, begun.note) == (first.dimension, first.text)
    assert begun.start_ms is not None
    typed = {"priority-dimension": first.dimension or "", "priority-note": "Mis palabras."}
    observer.post(url(observation_id), data=typed | {"do": f"moment:priority:{second.id}"})
    kept = kept_of(database, observation_id, FocusKind.PRIORITY)
    assert (kept.dimension, kept.note) == (first.dimension, "Mis palabras.")


def test_a_day_for_the_next_step_is_one_press(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    page = observer.get(url(observation_id)).text
    days = re.findall(r'value="(due:priority:([0-9-]+))"', page)
    assert len(days) == 3
    observer.post(url(observation_id), data={"do": days[1][0], "priority-note": "Se ve."})
    kept = kept_of(database, observation_id, FocusKind.PRIORITY)
    assert (kept.due_on, kept.note) == (date.fromisoformat(days[1][1]), "Se ve.")


def test_a_round_goes_on_from_one_to_the_next(
    observer: FlaskClient, observation_id: UUID, database: Database, cast: Cast
) -> None:
    observer.get(url(observation_id))
    observer.post(url(observation_id), data=card(database, observation_id))
    with database.write() as session:
        earlier, later = (recording(session, cast) for _ in range(2))
        earlier.recorded_on, later.recorded_on = date(2026, 5, 4), date(2026, 5, 15)
        after = [submitted(session, cast, each).id for each in (earlier, later)][1]
    page = observer.get(url(observation_id, "retroalimentacion/vista")).text
    assert "Publicar y seguir con Berta O&#39;Brien" in page
    (address,) = re.findall(r'action="(/retroalimentaciones/[^"]+/publicar)"', page)
    gone_on = observer.post(address, data=seen_in(page) | {"do": "next"})
    assert gone_on.location == url(after)
    assert state_of(database, observation_id) is FeedbackState.PUBLISHING
    assert "Se está publicando la retroalimentación para Berta" in observer.get(url(after)).text
    assert "Publicando la retroalimentación" in observer.get("/seguimiento").text


def test_a_wrong_start_says_nothing_of_the_end_and_seconds_keep_what_they_hide(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    exact = card(database, observation_id, priority__start="00:00:12.907", priority__end="28.5")
    observer.post(url(observation_id), data=exact)
    page = observer.get(url(observation_id))
    assert 'value="0:12"' in page.text and 'value="0:28"' in page.text
    shown = {**exact, "priority-start": "0:12", "priority-end": "0:28"}
    observer.post(url(observation_id), data=shown)
    wrong = {**shown, "priority-start": "doce", "priority-end": "0:05"}
    told = observer.post(url(observation_id), data=wrong, headers=JSON).get_json()
    assert set(told["errors"]) == {"priority-start"}
    with database.read() as session:
        kept = feedbacks.current(session, observation_id)
        assert kept is not None
        assert (12_907, 28_500) in {(focus.start_ms, focus.end_ms) for focus in kept.focuses}


def test_the_words_of_every_dimension_wait_for_the_script(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    sent = card(database, observation_id)
    observer.post(url(observation_id), data=sent)
    page = " ".join(observer.get(url(observation_id)).text.split())
    assert f'<div data-dimension="{sent["strength-dimension"]}" >' in page
    assert f'<div data-dimension="{sent["priority-dimension"]}" hidden>' in page


def test_withdrawing_needs_a_reason_and_leads_to_a_new_draft(
    observer: FlaskClient, database: Database, home: Settings, store: Store, cast: Cast,
    small_video: Path,
) -> None:  # fmt: skip
    feedback_id = published(database, home, store, cast, small_video)
    with database.read() as session:
        observation_id = session.get_one(Feedback, feedback_id).observation_id
    observer.get(url(observation_id))
    refused = observer.post(f"/retroalimentaciones/{feedback_id}/retirar", data={"reason": " "})
    assert refused.status_code == 400
    assert "Escribe por qué se retira." in refused.text
    observer.post(f"/retroalimentaciones/{feedback_id}/retirar", data={"reason": "Otra fecha"})
    page = observer.get(url(observation_id))
    assert "Otra fecha" in page.text
    observer.post(url(observation_id, "retroalimentacion/abrir"))
    assert "Aquí cabe otra pregunta." in observer.get(url(observation_id)).text


def test_stopping_leads_back_to_the_draft(
    observer: FlaskClient, database: Database, cast: Cast, observation_id: UUID
) -> None:
    with database.write() as session:
        found = session.get_one(Observation, observation_id)
        feedback_id = drafted(session, cast, found)
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
    observer.get(url(observation_id))
    back = observer.post(f"/retroalimentaciones/{feedback_id}/retomar")
    assert back.location == url(observation_id)
    assert state_of(database, observation_id) is FeedbackState.DRAFT


def test_everyone_else_finds_nothing(
    client_for: ClientFor, database: Database, home: Settings, store: Store, cast: Cast,
    small_video: Path,
) -> None:  # fmt: skip
    feedback_id = published(database, home, store, cast, small_video)
    with database.read() as session:
        observation_id = session.get_one(Feedback, feedback_id).observation_id
    pages = [url(observation_id, tail) for tail in (
        "perfil", "retroalimentacion", "retroalimentacion/vista",
    )]  # fmt: skip
    own = [f"/retroalimentaciones/{feedback_id}/{tail}" for tail in (
        "estado", "fortaleza.mp4", "prioridad.mp4", "fortaleza.jpg", "hoja.pdf",
    )]  # fmt: skip
    writes = [f"/retroalimentaciones/{feedback_id}/{tail}" for tail in (
        "publicar", "retomar", "retirar",
    )]  # fmt: skip
    writes += [url(observation_id), url(observation_id, "retroalimentacion/abrir")]
    for actor in (*cast.outsiders, cast.utp_head, cast.second_educator, cast.administrator):
        client = client_for(actor)
        for address in pages + own:
            assert client.get(address).status_code == 404, (actor.name, address)
        for address in writes:
            assert client.post(address, data={"reason": "x"}).status_code == 404


# --- words of the rubric, hints, and two windows -------------------------------------------------


def kept_of(database: Database, observation_id: UUID, kind: FocusKind) -> FocusInput:
    """Return what is kept of a card."""
    with database.read() as session:
        found = feedbacks.current(session, observation_id)
        return input_of(found.focus(kind) if found else None)


def test_a_button_adds_offered_words_to_what_is_typed_and_replaces_nothing(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    sent = card(database, observation_id, strength__phrase="Mía", strength__questions="¿Y tú?")
    with database.read() as session:
        rubric = rubric_of(session.get_one(Observation, observation_id).rubric_version)
    wording = rubric.dimension(sent["strength-dimension"]).feedback
    phrase, question = (
        each[0].in_language("es_CL") for each in (wording.strength, wording.questions)
    )
    observer.post(url(observation_id), data=sent)
    page = html.unescape(observer.get(url(observation_id)).text)
    assert phrase in page and question in page
    for part in ("phrase", "questions"):
        sent["do"] = f"{part}:strength:{sent['strength-dimension']}:0"
        observer.post(url(observation_id), data=sent)
        kept = kept_of(database, observation_id, FocusKind.STRENGTH)
        sent |= {"strength-phrase": kept.phrase, "strength-questions": kept.questions}
    assert kept.phrase == f"Mía\n{phrase}"
    assert kept.questions == f"¿Y tú?\n{question}"
    observer.post(url(observation_id), data=sent)  # once more
    assert kept_of(database, observation_id, FocusKind.STRENGTH) == kept
    for nothing in ("phrase:strength:no-such:0", "phrase:strength", "questions:strength:x:99999"):
        assert observer.post(url(observation_id), data=sent | {"do": nothing}).status_code == 200
    assert kept_of(database, observation_id, FocusKind.STRENGTH) == kept


def test_hints_stand_beside_their_field_with_and_without_a_script(
    observer: FlaskClient, observation_id: UUID, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        group = session.get_one(Observation, observation_id).recording.class_group_id
        write_class_list(session, group, "1 Sofía\n2 Berta", actor=cast.observer)
    sent = card(
        database,
        observation_id,
        strength__note="Sofía nunca responde y tú, Berta, la esperas.",
        priority__next_step="Deberías preguntar menos.",
        priority__why="Es su debilidad; el niño TEA se pierde.",
    )
    told = observer.post(url(observation_id), data=sent, headers=JSON).get_json()["tones"]
    assert set(told) == {"strength-note", "priority-next_step", "priority-why"}
    assert [hint.split("»")[0] for hint in told["strength-note"]] == ["«nunca", "«Sofía"]
    assert len(told["priority-why"]) == 1  # a judgement that she never reads is not told
    page = observer.get(url(observation_id)).text
    for hints in told.values():
        for hint in hints:
            assert hint in page
    preview = observer.get(url(observation_id, "retroalimentacion/vista"))
    assert "Publicar" in preview.text  # hints stand in the way of nothing


def test_the_educator_reads_the_words_and_never_why(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    sent = card(
        database,
        observation_id,
        strength__phrase="Das tiempo.",
        priority__questions="¿Qué pasaría?",
        priority__why="Se repite",
        priority__offers_talk="no",
        do="preview",
    )
    preview = observer.get(observer.post(url(observation_id), data=sent).location).text
    assert "Das tiempo." in preview and "<li>¿Qué pasaría?</li>" in preview
    assert "Se repite" not in preview
    assert "ofrece conversarlo" not in preview
    assert "Se repite" in observer.get(url(observation_id)).text
    observer.post(url(observation_id), data=sent | {"priority-offers_talk": ["no", "yes"]})
    assert "ofrece conversarlo" in observer.get(url(observation_id, "retroalimentacion/vista")).text


def known_in(page: str) -> str:
    """Return what a composer's page says that it knows."""
    found = re.search(r'name="known" value="([^"]*)"', page)
    assert found
    return html.unescape(found[1])


def test_another_window_is_told_and_not_overwritten(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    first = card(database, observation_id)
    observer.post(url(observation_id), data=first)
    first["known"] = second_known = known_in(observer.get(url(observation_id)).text)
    second = first | {"strength-note": "De la otra.", "priority-note": "También."}
    assert observer.post(url(observation_id), data=second).status_code == 302
    mine = first | {"strength-note": "De esta.", "priority-next_step": "Uno nuevo."}
    page = observer.post(url(observation_id), data=mine)
    assert page.status_code == 400
    assert "En otra ventana esto cambió a «De la otra.»" in page.text
    assert ">\nDe esta.</textarea>" in page.text
    assert ">\nTambién.</textarea>" in page.text  # nothing was typed there: it is shown
    kept = kept_of(database, observation_id, FocusKind.STRENGTH)
    assert kept.note == "De la otra."
    assert kept_of(database, observation_id, FocusKind.PRIORITY).next_step == "Uno nuevo."
    again = mine | {"known": known_in(page.text), "priority-note": "También."}
    assert observer.post(url(observation_id), data=again).status_code == 302
    assert kept_of(database, observation_id, FocusKind.STRENGTH).note == "De esta."
    told = observer.post(
        url(observation_id),
        data=mine | {"known": second_known, "strength-note": "Otra más."},
        headers=JSON,
    ).get_json()
    assert told["clashes"] == {"strength-note": "De esta."}
    assert told["taken"] == {"priority-note": "También."}
    assert told["known"]["strength-note"] == ["De esta."]


def test_what_the_same_window_sent_before_is_no_clash(
    observer: FlaskClient, observation_id: UUID, database: Database
) -> None:
    sent = card(database, observation_id, strength__note="Uno", strength__start="1")
    knew = json.loads(known_in(observer.get(url(observation_id)).text))
    observer.post(url(observation_id), data=sent | {"known": json.dumps(knew)}, headers=JSON)
    # The answer was lost on the way; more was typed.
    knew = {name: [*texts, sent.get(name, "")] for name, texts in knew.items()}
    more = sent | {"strength-note": "Uno y dos", "strength-start": "2", "known": json.dumps(knew)}
    told = observer.post(url(observation_id), data=more, headers=JSON).get_json()
    assert told["clashes"] == {} == told["errors"]
    kept = kept_of(database, observation_id, FocusKind.STRENGTH)
    assert (kept.note, kept.start_ms) == ("Uno y dos", 2_000)


@pytest.mark.parametrize("known", ["", "[]", "nonsense", '{"strength-note": 3}', '{"a": [null]}'])
def test_a_page_that_knows_nothing_is_taken_as_it_is(
    observer: FlaskClient, observation_id: UUID, database: Database, known: str
) -> None:
    sent = card(database, observation_id, known=known)
    assert observer.post(url(observation_id), data=sent).status_code == 302
    assert kept_of(database, observation_id, FocusKind.STRENGTH).note == sent["strength-note"]


def test_published_in_another_window_the_error_gives_back_what_was_typed(
    observer: FlaskClient, observation_id: UUID, database: Database, cast: Cast
) -> None:
    page = observer.get(url(observation_id)).text
    with database.write() as session:
        feedback_id = drafted(session, cast, session.get_one(Observation, observation_id))
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
    sent = card(database, observation_id, strength__phrase="Recién escrita", known=known_in(page))
    refused = observer.post(url(observation_id), data=sent)
    assert refused.status_code == 409
    assert "Recién escrita" in refused.text
    assert '<input type="hidden" name="known"' in refused.text
