"""Observing in the room through forms: begin, end, add the video, and what pages then say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from observe.coding.models import Observation, ObservationState
from observe.coding.operations import document_of, submit
from observe.db import Database, now
from observe.ids import new_id
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.video.models import Recording, RecordingState
from observe.web.guards import today
from tests import factories
from tests.database.coding import change, cycle, send
from tests.factories import Cast
from tests.web.conftest import ClientFor

MINUTE = 60_000
OBSERVATION = re.compile(r"/observaciones/([0-9a-f-]{36})")


@pytest.fixture
def observer(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.observer)


def told(cast: Cast, version: RubricVersion, **more: Any) -> dict[str, Any]:
    """What the observer writes into the form."""
    return {
        "school": str(cast.school.id),
        "class_group": "1° B",
        "educator": str(cast.educator.user_id),
        "subject": "Lenguaje",
        "selection": "assigned",
        "rubric": str(version.id),
    } | more


def begun(observer: FlaskClient, cast: Cast, rubric: RubricVersion) -> UUID:
    """Begin to observe; return the observation."""
    answer = observer.post("/en-vivo", data=told(cast, rubric))
    assert answer.status_code == 302, answer.text
    found = OBSERVATION.search(answer.location)
    assert found
    return UUID(found[1])


def minutes_ago(database: Database, observation_id: UUID, minutes: int) -> UUID:
    """Let the lesson have begun earlier; return its recording."""
    with database.write() as session:
        recording = session.get_one(Observation, observation_id).recording
        recording.live_started_at = now() - timedelta(minutes=minutes)
        return recording.id


def end(observer: FlaskClient, observation_id: UUID, **asked: int) -> int:
    answer = observer.post(f"/observaciones/{observation_id}/termina-la-clase", json=asked)
    assert answer.status_code == 200, answer.text
    length: int = answer.get_json()["duration_ms"]
    return length


def test_the_form_starts_the_clock_and_leads_to_the_screen(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    assert "/en-vivo" in observer.get("/videoteca").text
    assert "Iniciar el reloj" in observer.get("/en-vivo").text
    observation_id = begun(observer, cast, rubric_version)
    with database.read() as session:
        recording = session.scalars(sa.select(Recording)).one()
        assert recording.state is RecordingState.LIVE
        assert recording.recorded_on == today()
        assert recording.class_group_id == cast.class_group.id
        assert recording.consent_by_id is None
    page = observer.get(f"/observaciones/{observation_id}").text
    assert 'id="clock"' in page
    assert "<video" not in page
    assert '"runs": true' in page
    shelf = observer.get("/videoteca").text
    assert "Se observa en vivo: el reloj corre" in shelf
    assert f"/observaciones/{observation_id}" in shelf
    lesson = observer.get(f"/videos/{recording.id}").text
    assert "El reloj corre desde las" in lesson
    assert "autorizaciones están" not in lesson.lower()


def test_what_does_not_fit_is_told_and_nothing_begins(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    for wrong in (
        {"class_group": ""},
        {"educator": str(cast.outsider_educator.user_id)},
        {"rubric": str(new_id())},
        {"rubric": ""},
        {"school": str(cast.other_school.id)},
    ):
        answer = observer.post("/en-vivo", data=told(cast, rubric_version, **wrong))
        assert answer.status_code == 400, wrong
        assert "Lenguaje" in answer.text  # what was typed stays
    with database.read() as session:
        assert session.scalars(sa.select(Recording)).all() == []


def test_the_clock_is_ended_once(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    observation_id = begun(observer, cast, rubric_version)
    minutes_ago(database, observation_id, 300)
    told_now = observer.get(f"/observaciones/{observation_id}/documento").get_json()
    assert told_now["live"]["runs"]
    assert told_now["live"]["elapsed_ms"] >= 300 * MINUTE
    assert end(observer, observation_id, length_ms=45 * MINUTE) == 45 * MINUTE
    again = observer.post(f"/observaciones/{observation_id}/termina-la-clase", json={})
    assert again.status_code == 409
    page = observer.get(f"/observaciones/{observation_id}").text
    assert "La clase terminó: duró 45:00" in page
    assert "Agregar el video de esta clase" in page


def test_a_second_device_hears_of_the_end_and_of_what_it_cut(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    observation_id = begun(observer, cast, rubric_version)
    minutes_ago(database, observation_id, 10)
    with database.write() as session:
        draft = session.get_one(Observation, observation_id)
        send(session, cast, draft, cycle(2 * MINUTE, 22 * MINUTE))
    url = f"/observaciones/{observation_id}/documento"
    known = observer.get(url).get_json()["version"]
    assert "document" not in observer.get(f"{url}?desde={known}").get_json()
    length_ms = end(observer, observation_id)
    told_now = observer.get(f"{url}?desde={known}").get_json()
    assert not told_now["live"]["runs"]
    assert [each["end_ms"] for each in told_now["document"]["cycles"]] == [length_ms]
    history = observer.get(f"/observaciones/{observation_id}/historia").text
    assert "00:02:00–00:22:00 → 00:02:00–00:10:0" in history


def test_the_outsider_finds_nothing(
    observer: FlaskClient,
    client_for: ClientFor,
    database: Database,
    cast: Cast,
    rubric_version: RubricVersion,
) -> None:
    observation_id = begun(observer, cast, rubric_version)
    recording_id = minutes_ago(database, observation_id, 5)
    for actor in (*cast.outsiders, cast.second_educator, cast.utp_head):
        client = client_for(actor)
        for path in (
            f"/observaciones/{observation_id}",
            f"/observaciones/{observation_id}/video",
            f"/observaciones/{observation_id}/video/{recording_id}",
            f"/videos/{recording_id}",
        ):
            assert client.get(path).status_code == 404, (actor.name, path)
        for path in ("termina-la-clase", f"video/{recording_id}"):
            sent = client.post(f"/observaciones/{observation_id}/{path}", json={})
            assert sent.status_code == 404, (actor.name, path)
    with database.read() as session:
        assert session.get_one(Recording, recording_id).live_runs


def test_the_video_is_chosen_aligned_and_attached(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    observation_id = begun(observer, cast, rubric_version)
    base = f"/observaciones/{observation_id}/video"
    lesson_id = minutes_ago(database, observation_id, 30)
    assert observer.get(base).status_code == 409  # the clock still runs
    with database.write() as session:
        draft = session.get_one(Observation, observation_id)
        note = change("note.put", note=new_id(), at_ms=5 * MINUTE, text="Saluda a cada niña")
        send(session, cast, draft, cycle(2 * MINUTE, 20 * MINUTE), note)
    end(observer, observation_id)
    assert "Todavía no tienes un video" in observer.get(base).text
    with database.write() as session:
        film = factories.recording(session, cast, duration_ms=25 * MINUTE)
        locked = factories.recording(session, cast, consent=False)
    offered = observer.get(base).text
    assert f"{base}/{film.id}" in offered
    assert f"{base}/{locked.id}" not in offered  # its consents come first
    assert f"/videos/{locked.id}#consent" in offered
    page = observer.get(f"{base}/{film.id}").text
    assert "Saluda a cada niña" in page
    assert observer.get(f"{base}/{locked.id}").status_code == 409
    for wrong, status in (({"video": "x", "clock": "0:00"}, 400), ({"clock": "20:00"}, 400)):
        answer = observer.post(f"{base}/{film.id}", data={"video": "0:00"} | wrong)
        assert answer.status_code == status
    assert "La nota de 00:05:00 del reloj: Saluda a cada niña" in answer.text
    aligned = observer.post(f"{base}/{film.id}", data={"video": "1:30,5", "clock": "3:00"})
    assert aligned.location == f"/observaciones/{observation_id}"
    screen = observer.get(aligned.location).text
    assert "<video" in screen
    assert '"live": null' in screen
    with database.read() as session:
        document = document_of(session, session.get_one(Observation, observation_id))
    assert document.notes[0].at_ms == 5 * MINUTE - 89_500
    assert (document.cycles[0].start_ms, document.cycles[0].end_ms) == (
        30_500,
        20 * MINUTE - 89_500,
    )
    shelf = observer.get("/videoteca").text
    assert str(film.id) in shelf
    assert str(lesson_id) not in shelf  # its work has gone on to the video
    history = observer.get(f"/observaciones/{observation_id}/historia").text
    assert "Se agregó el video; todos los tiempos se movieron -89.5 s" in history


def test_submitted_without_a_video_it_has_a_profile_and_no_feedback(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    observation_id = begun(observer, cast, rubric_version)
    minutes_ago(database, observation_id, 20)
    rubric = rubric_of(rubric_version)
    scores = [
        {"dimension": row.id, "value": rubric.scale_of(row.of).min, "mark": None}
        for row in rubric.rows()
    ]
    with database.write() as session:
        draft = session.get_one(Observation, observation_id)
        send(session, cast, draft, cycle(0, 20 * MINUTE, scores=scores))
    finish = f"/observaciones/{observation_id}/terminar"
    assert "El reloj todavía corre" in observer.get(finish).text
    end(observer, observation_id)
    assert "Sin video no hay un momento" in observer.get(finish).text
    with database.write() as session:
        submit(session, observation_id, actor=cast.observer)
        assert session.get_one(Observation, observation_id).state is ObservationState.SUBMITTED
    profile = observer.get(f"/observaciones/{observation_id}/perfil")
    assert "sin video" in profile.text
    assert observer.get(f"/observaciones/{observation_id}/retroalimentacion").status_code == 409
    assert observer.post(f"/observaciones/{observation_id}/retroalimentacion").status_code == 409
    assert "Tu codificación está" in observer.get("/videoteca").text
    assert observer.get(f"/registros/{observation_id}").status_code == 200
    assert "1° B" in observer.get("/registros.csv").text


def test_what_needs_a_file_is_refused_kindly(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    recording_id = minutes_ago(database, begun(observer, cast, rubric_version), 1)
    for method, path in (
        ("GET", "reproducir"),
        ("GET", "sonido"),
        ("POST", "preparacion/reintentar"),
        ("POST", "preparacion/detener"),
    ):
        answer = observer.open(f"/videos/{recording_id}/{path}", method=method)
        assert answer.status_code == 409, path
