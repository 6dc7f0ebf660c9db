"""Addresses of films: signed for one session, for minutes, and renewed while it plays."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from observe.db import Database
from observe.feedback.models import Feedback
from observe.people.access import Actor
from observe.settings import Settings
from observe.video.store import Store
from observe.web import __file__ as web_room
from observe.web import media_links
from tests.factories import Cast
from tests.feedback_cases import filmed, published
from tests.web.conftest import ClientFor

TEMPLATES = Path(web_room).with_name("templates")
PART = {"Range": "bytes=10-19"}


@pytest.fixture
def film(database: Database, store: Store, cast: Cast, small_video: Path) -> str:
    """The address of a raw film, as pages have it."""
    with database.write() as session:
        return f"/videos/{filmed(session, store, cast, small_video).id}/reproducir"


def asked(client: FlaskClient, address: str) -> TestResponse:
    """Ask as a player does, without following."""
    return FlaskClient.open(client, address, headers=PART)


def test_a_film_is_sent_by_a_signed_address_only(
    client_for: ClientFor, cast: Cast, film: str
) -> None:
    client = client_for(cast.observer)
    led = asked(client, film)
    assert led.status_code == 307
    assert led.headers["Cache-Control"] == "private, no-store"
    assert urlsplit(led.location).path == film
    part = asked(client, led.location)
    assert (part.status_code, len(part.data)) == (206, 10)
    assert asked(client, film).location == led.location, "what was fetched is not fetched again"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("firma=", "firma=x"),
        ("hasta=", "hasta=9"),
        ("hasta=", "hasta=-"),
        ("hasta=", f"hasta={'9' * 5000}"),
    ],
    ids=["signature", "later", "before", "endless"],
)
def test_a_changed_address_is_not_taken(
    client_for: ClientFor, cast: Cast, film: str, old: str, new: str
) -> None:
    client = client_for(cast.observer)
    address = asked(client, film).location
    assert asked(client, address.replace(old, new)).status_code == 307


def test_raw_video_is_not_shown_outside_of_its_page(
    client_for: ClientFor, cast: Cast, film: str
) -> None:
    client = client_for(cast.observer)
    signed = asked(client, film).location
    for address in (film, signed):
        for place in ("document", "iframe", "embed"):
            led = FlaskClient.open(client, address, headers={"Sec-Fetch-Dest": place})
            assert (led.status_code, led.location) == (302, film.removesuffix("/reproducir"))
    assert FlaskClient.open(client, signed, headers={"Sec-Fetch-Dest": "video"}).status_code == 200


def test_it_ends_after_minutes_and_the_player_is_led_on(
    client_for: ClientFor, cast: Cast, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_for(cast.observer)
    first = asked(client, film).location
    moment = time.time()
    monkeypatch.setattr(time, "time", lambda: moment + media_links.SECONDS - 1)
    assert asked(client, first).status_code == 206
    monkeypatch.setattr(time, "time", lambda: moment + 2 * media_links.SECONDS + 1)
    renewed = asked(client, first)
    assert renewed.status_code == 307
    assert renewed.location != first
    assert asked(client, renewed.location).status_code == 206


def test_an_address_carried_away_is_worth_nothing(
    client_for: ClientFor, cast: Cast, film: str
) -> None:
    client = client_for(cast.observer)
    address = asked(client, film).location
    again = client_for(cast.observer)  # even herself, elsewhere: she is led to one of her own
    assert asked(again, address).status_code == 307
    for stranger in (cast.utp_head, cast.outsider_observer, cast.educator):
        assert asked(client_for(stranger), address).status_code == 404
    client.post("/salir")
    assert asked(client, address).status_code in (302, 401)


def test_clips_are_signed_too_and_pictures_are_not(
    client_for: ClientFor,
    cast: Cast,
    database: Database,
    home: Settings,
    store: Store,
    small_video: Path,
) -> None:
    feedback_id: UUID = published(database, home, store, cast, small_video)
    actors: tuple[Actor, ...] = (cast.educator, cast.observer)
    for actor in actors:
        client = client_for(actor)
        led = asked(client, f"/retroalimentaciones/{feedback_id}/fortaleza.mp4")
        assert led.status_code == 307
        assert asked(client, led.location).status_code == 206
    picture = client.get(f"/retroalimentaciones/{feedback_id}/fortaleza.jpg")
    assert picture.status_code == 200


def test_raw_video_shows_who_watches_and_her_clips_do_not(
    client_for: ClientFor,
    cast: Cast,
    database: Database,
    home: Settings,
    store: Store,
    small_video: Path,
) -> None:
    feedback_id: UUID = published(database, home, store, cast, small_video)
    with database.read() as session:
        recording_id = session.get_one(Feedback, feedback_id).observation.recording_id
    page = client_for(cast.observer).get(f"/videos/{recording_id}").text
    (marked,) = re.findall(r'class="watermark".*?</p>', page, re.DOTALL)
    assert marked.count("Ana Peñailillo · ") == 2
    hers = client_for(cast.educator).get(f"/mi-retroalimentacion/{feedback_id}").text
    assert "<video" in hers
    assert "watermark" not in hers


def test_where_raw_video_is_no_browser_offers_its_bare_picture() -> None:
    pages = [page for page in TEMPLATES.rglob("*.html") if "watermark.html" in page.read_text()]
    videos = {
        (page.name, video): video
        for page in pages
        for video in re.findall(r"<video.*?>\n", page.read_text(), re.DOTALL)
        if 'id="blurred"' not in video
    }
    assert len(videos) == 7
    for video in videos.values():
        assert 'controlslist="nofullscreen nodownload noremoteplayback"' in video
        assert "disablepictureinpicture" in video
