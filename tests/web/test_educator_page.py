"""What an educator does besides reading: she answers in parts, looks herself, spares her data."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from observe.db import Database, today
from observe.feedback import clip_files, openings
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback
from observe.jobs import Work
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric
from observe.settings import Settings, settings_from
from observe.video import light
from observe.video.models import FileKind
from observe.video.store import Store
from observe.web import create_app
from tests.factories import Cast
from tests.feedback_cases import TODAY, cut_and_open, drafted, published
from tests.rubrics import described
from tests.web.conftest import Browser, ClientFor

JSON = {"Accept": "application/json"}


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    return published(database, home, store, cast, small_video)


@pytest.fixture
def address(feedback_id: UUID) -> str:
    return f"/mi-retroalimentacion/{feedback_id}"


@pytest.fixture
def educator(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.educator)


@pytest.fixture
def rubric(database: Database, feedback_id: UUID) -> Rubric:
    with database.read() as session:
        return rubric_of(session.get_one(Feedback, feedback_id).observation.rubric_version)


def weekday() -> str:
    day = today() + timedelta(days=1)
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return day.isoformat()


def composer(database: Database, feedback_id: UUID) -> str:
    with database.read() as session:
        observation_id = session.get_one(Feedback, feedback_id).observation_id
    return f"/observaciones/{observation_id}/retroalimentacion"


# --- her answer ----------------------------------------------------------------------------------


def test_all_parts_save_themselves_come_back_and_are_sent_once(
    educator: FlaskClient,
    client_for: ClientFor,
    cast: Cast,
    database: Database,
    feedback_id: UUID,
    address: str,
    rubric: Rubric,
) -> None:
    wish = rubric.dimensions[-1]
    given = {"already_tried": "yes", "own_step": "Espero cinco segundos.", "talk_on": weekday()}
    given |= {"wish": wish.id, "text": ""}
    educator.get(address)
    saved = educator.post(f"{address}/respuesta", data=given, headers=JSON).get_json()
    assert saved["saved"] and saved["errors"] == {}
    page = educator.get(address).text
    assert "Espero cinco segundos.</textarea>" in page
    assert f'value="{given["talk_on"]}"' in page
    assert re.search(rf'<option value="{wish.id}"\s+selected', page)
    assert re.search(r'name="already_tried"\s+value="yes"\s+checked', page)
    observer = client_for(cast.observer)
    assert "Espero cinco" not in observer.get(composer(database, feedback_id)).text
    for _press in range(2):
        educator.post(f"{address}/respuesta", data=given | {"do": "send"})
    for text in (educator.get(address).text, observer.get(composer(database, feedback_id)).text):
        assert text.count("<blockquote") == 1
        for told in ("Esto ya lo intenté", "Espero cinco segundos.", wish.title.es):
            assert told in text.partition("<blockquote")[2].partition("</blockquote>")[0]
    head = client_for(cast.utp_head)
    record = composer(database, feedback_id).split("/")[2]
    assert "Espero cinco" not in head.get(f"/registros/{record}").text


def test_a_day_that_does_not_fit_is_told_and_nothing_is_lost(
    educator: FlaskClient, address: str
) -> None:
    given = {"text": "Conversemos.", "talk_on": today().isoformat()}
    educator.get(address)
    told = educator.post(f"{address}/respuesta", data=given, headers=JSON).get_json()
    assert told["errors"] == {"talk_on": "Elige un día desde mañana, en los próximos dos meses."}
    for day in (today().isoformat(), "mañana"):
        refused = educator.post(f"{address}/respuesta", data=given | {"talk_on": day, "do": "send"})
        assert refused.status_code == 400
        assert "Conversemos.</textarea>" in refused.text
        assert f'value="{day}"' in refused.text
    assert "<blockquote" not in educator.get(address).text
    assert "Conversemos.</textarea>" in educator.get(address).text, "kept as a draft"


# --- how she saw it herself -----------------------------------------------------------------------


def test_she_may_look_first_and_skip_it_in_one_tap(
    educator: FlaskClient, address: str, rubric: Rubric
) -> None:
    listed = educator.get("/mi-retroalimentacion").text
    assert f"{address}/mi-mirada" in listed and "Primero mírate tú" in listed
    assert "★" not in listed, "what it is about is not told before she opens it"
    page = educator.get(f"{address}/mi-mirada").text
    assert f'href="{address}"' in page
    for dimension in rubric.dimensions:
        assert described(dimension).low.es in page
    assert "Escuchas la respuesta completa." not in page
    educator.get(address)
    assert "★" in educator.get("/mi-retroalimentacion").text
    assert "Primero mírate" not in educator.get("/mi-retroalimentacion").text, "no nagging"


def test_her_own_words_stand_beside_the_moments_and_only_for_her(
    educator: FlaskClient,
    client_for: ClientFor,
    cast: Cast,
    database: Database,
    feedback_id: UUID,
    address: str,
    rubric: Rubric,
) -> None:
    first, other = rubric.dimensions[0], rubric.dimensions[2]
    high = rubric.scale_of(first).max
    educator.get(f"{address}/mi-mirada")
    given = {f"look-{first.id}": str(high), f"look-{other.id}": "", "do": "read"}
    kept = educator.post(f"{address}/mi-mirada", data=given)
    assert (kept.status_code, kept.location) == (302, address)
    page = educator.get(address).text
    assert page.count("Así lo viste tú:") == 1
    assert f"«{described(first).high.es}»" in page
    shown = educator.get(f"{address}/mi-mirada").text
    assert len(re.findall(rf'value="{high}"[^>]*checked', shown)) == 1
    observer, head = client_for(cast.observer), client_for(cast.utp_head)
    for page in (
        observer.get(composer(database, feedback_id)).text,
        observer.get(f"{composer(database, feedback_id)}/vista").text,
        head.get(f"/registros/{composer(database, feedback_id).split('/')[2]}").text,
    ):
        assert described(first).high.es not in page
    for actor in (cast.observer, cast.utp_head, cast.second_educator, cast.administrator):
        client = client_for(actor)
        assert client.get(f"{address}/mi-mirada").status_code in (403, 404)
        assert client.post(f"{address}/mi-mirada", data=given).status_code in (403, 404)
    gone = educator.post(f"{address}/mi-mirada", data={"do": "forget"}, follow_redirects=True)
    assert "no queda nada" in gone.text
    assert "Así lo viste tú:" not in educator.get(address).text


def test_numbers_that_are_none_are_left_out(
    educator: FlaskClient, address: str, rubric: Rubric
) -> None:
    first = rubric.dimensions[0]
    educator.get(f"{address}/mi-mirada")
    for wrong, status in (("cuatro", 302), ("-1", 302), ("99", 400)):
        sent = educator.post(f"{address}/mi-mirada", data={f"look-{first.id}": wrong})
        assert sent.status_code == status, wrong
        assert "Así lo viste" not in educator.get(address).text


# --- her numbers ----------------------------------------------------------------------------------


def test_the_setting_is_off_unless_a_provider_says_so() -> None:
    assert not settings_from({}).educator_sees_numbers
    assert not settings_from({"OBSERVE_EDUCATOR_NUMBERS": "no"}).educator_sees_numbers
    assert settings_from({"OBSERVE_EDUCATOR_NUMBERS": "Sí"}).educator_sees_numbers


def test_no_number_without_the_setting(educator: FlaskClient, address: str) -> None:
    page = educator.get(address).text
    assert "<table" not in page and "Tu clase con la pauta" not in page


def test_with_the_setting_she_sees_her_own_numbers_in_words(
    home: Settings, client_for: ClientFor, cast: Cast, address: str, rubric: Rubric
) -> None:
    app = create_app(replace(home, educator_sees_numbers=True))
    app.test_client_class = Browser
    cookie = client_for(cast.educator).get_cookie("observe")
    assert cookie is not None
    client = app.test_client()
    client.set_cookie("observe", cookie.value)
    page = client.get(address).text
    app.extensions["observe"].database.engine.dispose()
    table = page.partition("<table")[2].partition("</table>")[0]
    assert table.count("<tr>") == len(rubric.dimensions) + 1
    assert "2,5 de 4" in table, "the mean of 2 and 3, with a comma"
    assert described(rubric.dimensions[0]).mid.es in table
    assert "no una medición: estos números hablan de esta clase" in page


# --- a slow line ----------------------------------------------------------------------------------


def lightened(database: Database, home: Settings, feedback_id: UUID) -> None:
    with database.read() as session:
        found = [
            clip_files.file_of(session, focus, FileKind.CLIP)
            for focus in session.get_one(Feedback, feedback_id).focuses
        ]
    for clip in found:
        assert clip is not None
        light.make_light(Work("x", home, database), clip.id)


def test_a_light_version_is_offered_once_it_is_there(
    educator: FlaskClient, database: Database, home: Settings, feedback_id: UUID, address: str
) -> None:
    waiting = educator.get(f"{address}?calidad=liviana").text
    assert "se está preparando" in waiting and "liviana.mp4" not in waiting
    assert "liviana" not in educator.get(address).text, "nothing is offered that is not there"
    lightened(database, home, feedback_id)
    whole = educator.get(address).text
    assert whole.count('src="/retroalimentaciones/') == 2
    assert whole.count("-liviana.mp4") == whole.count("data-light=") == 2
    asked = educator.get(f"{address}?calidad=liviana").text
    assert len(re.findall(r'src="[^"]*-liviana\.mp4"', asked)) == 2
    spared = educator.get(address, headers={"Save-Data": "on"}).text
    assert len(re.findall(r'src="[^"]*-liviana\.mp4"', spared)) == 2
    chosen = educator.get(f"{address}?calidad=completa", headers={"Save-Data": "on"}).text
    assert "-liviana.mp4" not in chosen


def test_the_light_clip_plays_in_parts_and_goes_with_the_feedback(
    educator: FlaskClient,
    client_for: ClientFor,
    database: Database,
    home: Settings,
    cast: Cast,
    feedback_id: UUID,
) -> None:
    film = f"/retroalimentaciones/{feedback_id}/fortaleza-liviana.mp4"
    assert educator.get(film).status_code == 404, "not made yet"
    lightened(database, home, feedback_id)
    part = educator.get(film, headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.data)) == (206, 100)
    for actor in (*cast.outsiders, cast.utp_head, cast.second_educator, cast.administrator):
        assert client_for(actor).get(film).status_code in (403, 404)
    with database.write() as session:
        feedbacks.withdraw(session, feedback_id, "Otro niño", actor=cast.observer)
    assert educator.get(film).status_code == 404


def test_the_page_carries_its_styles_and_lets_no_other_in(
    educator: FlaskClient, address: str
) -> None:
    """A slow line pays once. What is small is the same page, and each answer is its own."""
    plain = educator.get(address)
    (held,) = re.findall("<style>(.*?)</style>", plain.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(held.encode()).digest()).decode()
    policy = plain.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; ")
    assert policy.endswith(f"; style-src 'self' 'sha256-{digest}'")
    assert "unsafe" not in policy and 'rel="stylesheet"' not in plain.text
    assert "--ink: #1d2733;" in held and ".moment-card {" in held
    assert "&" not in held, "nothing is escaped in it"
    small = FlaskClient.open(educator, address, headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert int(small.headers["Content-Length"]) == len(small.data) < 12_000
    assert "Escuchas la respuesta completa." in gzip.decompress(small.data).decode()
    given = {"talk_on": "x", "do": "send"}
    refused = educator.post(f"{address}/respuesta", data=given, headers={"Accept-Encoding": "gzip"})
    assert refused.status_code == 400
    assert "Content-Encoding" not in refused.headers, "it repeats what was sent"


# --- what is on file ------------------------------------------------------------------------------


def test_she_sees_which_version_was_opened(
    educator: FlaskClient,
    database: Database,
    home: Settings,
    cast: Cast,
    feedback_id: UUID,
    address: str,
) -> None:
    assert "versión" not in educator.get(address).text.partition('class="opened"')[2]
    with database.write() as session:
        gone = feedbacks.withdraw(session, feedback_id, "Otra fecha", actor=cast.observer)
        session.flush()
        again = drafted(session, cast, gone.observation)
        feedbacks.publish(session, again, actor=cast.observer, today=TODAY)
    cut_and_open(database, home, again)
    with database.write() as session:
        opened = session.get_one(Feedback, again)
        openings.opened(session, opened, actor=cast.observer, action=openings.DOWNLOAD)
    told = educator.get(f"/mi-retroalimentacion/{again}").text.partition('class="opened"')[2]
    assert "versión 1" in told and "versión 2" in told
    assert "Ana Peñailillo" in told
