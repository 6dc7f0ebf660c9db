"""The video library: what waits first, what is locked, and the way to the next step."""

from __future__ import annotations

import re
import subprocess
from io import BytesIO
from pathlib import Path
from uuid import UUID

import imageio_ffmpeg
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from observe.db import Database
from observe.feedback.models import Feedback
from observe.feedback.operations import save_answer
from observe.jobs import Job, JobState, enqueue, latest
from observe.people.models import AuditEntry, Role
from observe.records.operations import comment
from observe.rubric.models import RubricVersion
from observe.settings import Settings
from observe.video.models import Recording, RecordingState
from observe.video.preparing import prepare
from observe.video.store import Store
from tests.factories import Cast, person, recording
from tests.feedback_cases import filmed, published, submitted
from tests.web.conftest import ClientFor
from tests.web.test_coding import keep_timelines


@pytest.fixture
def observer(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.observer)


def add(database: Database, cast: Cast, **said: bool) -> UUID:
    with database.write() as session:
        return recording(session, cast, **said).id


def test_an_empty_library_says_what_to_do_first(observer: FlaskClient) -> None:
    page = observer.get("/videoteca").text
    assert "Todavía no hay videos" in page
    assert 'href="/videos/nuevo"' in page


def test_what_waits_for_her_comes_first_and_consent_is_a_column(
    observer: FlaskClient,
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    small_video: Path,
) -> None:
    published(database, home, store, cast, small_video)
    locked, ready = add(database, cast, consent=False), add(database, cast)
    page = observer.get("/videoteca").text
    places = [page.index(text) for text in ("Te esperan", str(locked), str(ready), "</table>")]
    assert places == sorted(places)
    assert page.index("Retroalimentación publicada") > places[-1]
    assert "Faltan" in page
    assert "12 may 2026" in page


def test_an_answer_and_the_comments_of_others_are_told_on_the_row(
    observer: FlaskClient,
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    small_video: Path,
) -> None:
    feedback_id = published(database, home, store, cast, small_video)
    with database.write() as session:
        observation = session.get_one(Feedback, feedback_id).observation_id
        comment(session, observation, "Mía.", actor=cast.observer)
        save_answer(session, feedback_id, "Gracias", send=False, actor=cast.educator)
    page = observer.get("/videoteca").text
    assert "respondió" not in page
    assert "1 comentario" not in page
    with database.write() as session:
        comment(session, observation, "De acuerdo.", actor=cast.utp_head)
        save_answer(session, feedback_id, "Gracias.", send=True, actor=cast.educator)
    page = observer.get("/videoteca").text
    assert "respondió<" in page
    assert "1 comentario" in page


def test_filters_are_a_plain_form(observer: FlaskClient, database: Database, cast: Cast) -> None:
    kept = add(database, cast)
    assert str(kept) in observer.get("/videoteca?turno=mine").text
    nothing = observer.get("/videoteca?turno=done").text
    assert str(kept) not in nothing
    assert "Ninguna clase coincide" in nothing
    assert str(kept) in observer.get(f"/videoteca?educadora={cast.educator.user_id}").text
    other = f"/videoteca?educadora={cast.second_educator.user_id}"
    assert str(kept) not in observer.get(other).text
    assert observer.get("/videoteca?educadora=%00&turno=x").status_code == 200


def test_a_locked_lesson_is_opened_by_her_statement_only(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    lesson = add(database, cast, consent=False)
    page = observer.get(f"/videos/{lesson}").text
    assert "Codificar esta clase" not in page
    start = {"rubric": str(rubric_version.id)}
    assert observer.post(f"/videos/{lesson}/codificar", data=start).status_code == 409
    assert observer.post(f"/videos/{lesson}/autorizaciones", data={}).status_code == 400
    with database.read() as session:
        assert not session.get_one(Recording, lesson).has_consent

    stated = observer.post(f"/videos/{lesson}/autorizaciones", data={"consent": "yes"})
    assert stated.status_code == 302
    with database.read() as session:
        row = session.get_one(Recording, lesson)
        assert row.consent_by_id == cast.observer.user_id
        actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert "recording.consent_confirmed" in actions
    assert "Codificar esta clase" in observer.get(f"/videos/{lesson}").text


def test_coding_begins_with_the_rubric_chosen_and_goes_on_where_it_was(
    observer: FlaskClient, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    lesson = add(database, cast)
    assert observer.post(f"/videos/{lesson}/codificar", data={}).status_code == 400
    chosen = {"rubric": str(rubric_version.id)}
    first = observer.post(f"/videos/{lesson}/codificar", data=chosen)
    assert re.fullmatch(r"/observaciones/[0-9a-f-]{36}", first.location)
    assert observer.post(f"/videos/{lesson}/codificar", data=chosen).location == first.location
    assert f'href="{first.location}"' in observer.get("/videoteca").text
    assert f'value="{rubric_version.id}"' not in observer.get(f"/videos/{lesson}").text


def test_a_submitted_lesson_leads_to_its_profile(
    observer: FlaskClient, database: Database, store: Store, cast: Cast, small_video: Path
) -> None:
    with database.write() as session:
        observation = submitted(session, cast, filmed(session, store, cast, small_video))
    page = observer.get("/videoteca").text
    assert f'href="/observaciones/{observation.id}/perfil"' in page
    assert "Falta elegir la retroalimentación" in page


def test_progress_is_told_to_the_page_and_can_be_stopped_and_taken_up(
    observer: FlaskClient, database: Database, cast: Cast
) -> None:
    lesson = add(database, cast)
    with database.write() as session:
        job_id = enqueue(session, prepare.KIND, lesson)
        job = session.get_one(Job, job_id)
        job.state, job.step, job.percent, job.seconds_left = JobState.RUNNING, "proxy", 40, 70
    (told,) = observer.get("/videoteca/avance").get_json()["lessons"]
    assert told["going_on"]
    assert (told["id"], told["percent"], told["seconds_left"]) == (str(lesson), 40, 70)
    assert told["step"] == "Haciendo una copia que el navegador puede mostrar"
    assert 'value="40"' in observer.get(f"/videos/{lesson}").text

    assert observer.post(f"/videos/{lesson}/preparacion/detener").status_code == 302
    assert "Detuviste la preparación" in observer.get(f"/videos/{lesson}").text
    assert observer.post(f"/videos/{lesson}/preparacion/detener").status_code == 409
    assert observer.post(f"/videos/{lesson}/preparacion/reintentar").status_code == 302
    (told,) = observer.get("/videoteca/avance").get_json()["lessons"]
    assert told["going_on"]


def test_a_refused_file_says_why(observer: FlaskClient, database: Database, cast: Cast) -> None:
    lesson = add(database, cast)
    with database.write() as session:
        row = session.get_one(Recording, lesson)
        row.state, row.refusal = RecordingState.REFUSED, "Choose an educator of this school."
    page = observer.get(f"/videos/{lesson}").text
    assert "Elige una educadora de este establecimiento." in page
    assert "Codificar" not in page


# --- what is known of the file --------------------------------------------------------------------


def test_the_same_file_added_before_is_told_with_a_link_to_what_she_may_see(
    observer: FlaskClient, database: Database, cast: Cast
) -> None:
    first, second = add(database, cast), add(database, cast)
    with database.write() as session:
        colleague = person(session, "Julia Paz", Role.OBSERVER, cast.school)
        hers = recording(session, cast)
        hers.observer_id = colleague.user_id
        hidden = hers.id
    page = observer.get(f"/videos/{second}").text
    assert "Este mismo archivo ya se agregó antes" in page
    assert f'href="/videos/{first}"' in page
    assert str(hidden) not in page
    with database.write() as session:
        session.get_one(Recording, first).sha256 = "1" * 64
    assert "ya se agregó antes" not in observer.get(f"/videos/{second}").text


def test_parts_damage_and_voices_are_told_in_plain_words(
    observer: FlaskClient, database: Database, store: Store, cast: Cast
) -> None:
    lesson = add(database, cast)
    bare = observer.get(f"/videos/{lesson}").text
    assert "Partes dañadas" not in bare
    assert "una voz" not in bare
    keep_timelines(database, store, lesson)
    page = observer.get(f"/videos/{lesson}").text
    assert re.search(r'data-jump="60000">desde 1:00<', page)
    assert re.search(r'data-jump="80000">1:20–1:22<', page)
    assert "puede faltar imagen o sonido" in page
    assert "33 %" in page
    assert "nunca un puntaje" in page


def test_captions_are_given_shown_and_refused_with_a_sentence(
    observer: FlaskClient, database: Database, cast: Cast
) -> None:
    lesson = add(database, cast)
    url = f"/videos/{lesson}/subtitulos"
    for content, status in (("", 400), ("hola", 400), (CAPTIONS, 302)):
        sent = {"captions": (BytesIO(content.encode("cp1252")), "clase.srt")}
        answer = observer.post(url, data=sent, content_type="multipart/form-data")
        assert answer.status_code == status, answer.text
    assert observer.post(url).status_code == 400
    assert "¿Qué pasó aquí?" in observer.get(url).text
    page = observer.get(f"/videos/{lesson}").text
    assert f'src="{url}"' in page
    assert "El video tiene subtítulos" in page


CAPTIONS = "1\n00:00:01,000 --> 00:00:02,000\n¿Qué pasó aquí?\n"


def test_one_sound_track_leaves_nothing_to_choose(observer: FlaskClient, film: UUID) -> None:
    page = observer.get(f"/videos/{film}/sonido").text
    assert "una sola pista de sonido" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]


def test_of_two_sound_tracks_one_is_chosen_and_prepared_anew(
    observer: FlaskClient, database: Database, store: Store, cast: Cast,
    small_video: Path, tmp_path: Path,
) -> None:  # fmt: skip
    two = tmp_path / "dos pistas.mp4"
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-i", str(small_video)]
    ffmpeg += ["-f", "lavfi", "-i", "sine=220:duration=30", "-map", "0:v", "-map", "0:a"]
    ffmpeg += ["-map", "1:a", "-metadata:s:a:1", "language=spa", "-c:v", "copy", str(two)]
    subprocess.run(ffmpeg, check=True, timeout=60)
    with database.write() as session:
        lesson = filmed(session, store, cast, two).id
    url = f"/videos/{lesson}/sonido"
    page = observer.get(url).text
    tracks = re.findall(r'name="track"\s+value="(\d+)"', page)
    assert tracks == ["1", "2"]
    assert "español" in page
    assert page.count("la que oyes ahora") == 1
    assert observer.post(url, data={"track": "2"}).status_code == 302
    with database.read() as session:
        assert session.get_one(Recording, lesson).audio_track == 2
    chosen = observer.get(url).text
    assert re.search(r'value="2"\s+checked', chosen)
    assert observer.post(url, data={"track": ""}).status_code == 302
    with database.read() as session:
        assert session.get_one(Recording, lesson).audio_track is None


def test_a_sound_track_that_is_none_is_refused_with_a_sentence(
    observer: FlaskClient, database: Database, film: UUID
) -> None:
    url = f"/videos/{film}/sonido"
    for track in ("abc", "7", "-1", "99999999999999999999", "²"):
        answer = observer.post(url, data={"track": track})
        assert answer.status_code == 400, track
        assert "Las pistas de sonido de este video son: 1." in answer.text
    assert observer.post(url).status_code == 400
    with database.read() as session:
        assert session.get_one(Recording, film).audio_track is None
        assert latest(session, prepare.KIND, film) is None


def test_a_file_that_is_gone_is_told_and_no_fault(
    observer: FlaskClient, database: Database, store: Store, film: UUID
) -> None:
    sent = {"captions": (BytesIO(CAPTIONS.encode()), "clase.srt")}
    url = f"/videos/{film}/subtitulos"
    assert observer.post(url, data=sent, content_type="multipart/form-data").status_code == 302
    for blob in list(store.blobs()):
        store.delete_blob(blob.name)
    for path in (url, f"/videos/{film}/sonido"):
        assert observer.get(path).status_code == 404
    assert observer.post(f"/videos/{film}/sonido", data={"track": "1"}).status_code == 404
    assert observer.get(f"/videos/{film}").status_code == 200


# --- media ----------------------------------------------------------------------------------------


@pytest.fixture
def film(database: Database, store: Store, cast: Cast, small_video: Path) -> UUID:
    with database.write() as session:
        return filmed(session, store, cast, small_video).id


def test_media_come_in_the_parts_asked_for(
    observer: FlaskClient, film: UUID, small_video: Path
) -> None:
    whole = small_video.read_bytes()
    address = f"/videos/{film}/reproducir"
    part = observer.get(address, headers={"Range": "bytes=100-299"})
    assert part.status_code == 206
    assert part.data == whole[100:300]
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(whole)}"
    assert part.mimetype == "video/mp4"
    assert part.headers["Cache-Control"] == "private"
    last = observer.get(address, headers={"Range": "bytes=-10"})
    assert last.data == whole[-10:]
    head = observer.head(address)
    assert head.headers["Accept-Ranges"] == "bytes"
    beyond = observer.get(address, headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole)}"


@pytest.mark.parametrize("part", ["bytes=1-", "bytes=-10"])
def test_however_the_film_is_fetched_its_opening_is_on_file(
    observer: FlaskClient, database: Database, film: UUID, part: str
) -> None:
    def openings() -> int:
        with database.read() as session:
            told = sa.select(AuditEntry).where(
                AuditEntry.action == "recording.watched", AuditEntry.thing_id == film
            )
            return len(session.scalars(told).all())

    address = f"/videos/{film}/reproducir"
    assert observer.get(address, headers={"Range": "bytes=99999999999-"}).status_code == 416
    assert openings() == 0, "nothing was sent"
    for _ in range(2):
        assert observer.get(address, headers={"Range": part}).status_code == 206
        assert openings() == 1, "playing on is no second opening"


def test_what_has_not_changed_is_not_sent_again(observer: FlaskClient, film: UUID) -> None:
    address = f"/videos/{film}/reproducir"
    tag = observer.get(address, headers={"Range": "bytes=0-9"}).headers["ETag"]
    assert observer.get(address, headers={"If-None-Match": tag}).status_code == 304
    same = {"Range": "bytes=5-9", "If-Range": tag}
    assert observer.get(address, headers=same).status_code == 206
    replaced = {"Range": "bytes=5-9", "If-Range": '"another"'}
    assert observer.get(address, headers=replaced).status_code == 200


def test_one_answer_is_never_longer_than_four_mebibytes(
    observer: FlaskClient, database: Database, store: Store, film: UUID
) -> None:
    long = store.temporary(".mp4")
    with long.open("wb") as file:
        file.truncate(10 * 1024**2)
    blob = store.put(long)
    with database.write() as session:
        session.get_one(Recording, film).sha256 = blob.sha256
    address = f"/videos/{film}/reproducir"
    for headers in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=1000-9999999"}):
        answer = observer.get(address, headers=headers)
        assert answer.status_code == 206
        assert len(answer.data) == 4 * 1024**2
