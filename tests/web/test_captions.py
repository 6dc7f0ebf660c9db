"""Captions in the pages: for whom the video is, cut with the clip, and off until asked for."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from observe.db import Database
from observe.errors import BadInputError, NotFoundError
from observe.feedback import operations as feedbacks
from observe.settings import Settings
from observe.video import captions
from observe.video.models import DerivedFile, FileKind, Recording
from observe.video.store import Store
from tests.factories import Cast
from tests.feedback_cases import TODAY, cut_and_open, drafted, filmed, submitted
from tests.web.conftest import ClientFor

SRT = "1\n00:00:01,000 --> 00:00:20,000\n¿Por qué?\n"


@pytest.fixture
def film(database: Database, store: Store, cast: Cast, small_video: Path) -> UUID:
    """A lesson with its film, and no captions."""
    with database.write() as session:
        return filmed(session, store, cast, small_video).id


def give(database: Database, store: Store, recording_id: UUID, text: str, cast: Cast) -> UUID:
    cues = captions.read_captions(text)
    with database.write() as session:
        return captions.give(session, store, recording_id, cues, actor=cast.observer).id


def test_the_lesson_has_its_captions_for_who_may_watch_it(
    database: Database, store: Store, cast: Cast, client_for: ClientFor, film: UUID
) -> None:
    address = f"/videos/{film}/subtitulos"
    assert client_for(cast.observer).get(address).status_code == 404
    give(database, store, film, SRT, cast)
    answer = client_for(cast.observer).get(address)
    assert (answer.status_code, answer.mimetype) == (200, "text/vtt")
    assert answer.text == "WEBVTT\n\n00:00:01.000 --> 00:00:20.000\n¿Por qué?\n"
    for actor in (*cast.outsiders, cast.educator, cast.utp_head, cast.network_lead):
        assert client_for(actor).get(address).status_code == 404


def test_captions_are_given_by_its_observer_and_the_last_ones_hold(
    database: Database, store: Store, cast: Cast, film: UUID
) -> None:
    for actor in (*cast.outsiders, cast.educator, cast.utp_head):
        with pytest.raises(NotFoundError), database.write() as session:
            captions.give(session, store, film, captions.read_captions(SRT), actor=actor)
    first = give(database, store, film, SRT, cast)
    assert give(database, store, film, SRT, cast) == first
    second = give(database, store, film, SRT.replace("Por", "Para"), cast)
    third = give(database, store, film, SRT, cast)
    assert len({first, second, third}) == 3
    with database.read() as session:
        assert captions.cues_of(session, store, film) == (captions.Cue(1_000, 20_000, "¿Por qué?"),)
        kept = session.get_one(DerivedFile, third)
        assert (kept.kind, kept.media_type) == (FileKind.CAPTIONS, "text/vtt")


@pytest.mark.parametrize(
    "text", ["hola", "WEBVTT\n", "1\n00:01:00,000 --> 00:02:00,000\nde otra clase\n"]
)
def test_what_says_nothing_in_the_lesson_is_refused(
    database: Database, store: Store, cast: Cast, film: UUID, text: str
) -> None:
    with pytest.raises(BadInputError):
        give(database, store, film, text, cast)
    with database.read() as session:
        assert captions.chosen(session, film) is None


def test_a_clip_shows_its_captions_where_it_plays(
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    client_for: ClientFor,
    film: UUID,
) -> None:
    give(database, store, film, SRT.replace("20,000", "14,000"), cast)
    with database.write() as session:
        observation = submitted(session, cast, session.get_one(Recording, film))
        feedback_id = drafted(session, cast, observation)
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
    cut_and_open(database, home, feedback_id)
    address = f"/retroalimentaciones/{feedback_id}/fortaleza.vtt"
    shown = client_for(cast.educator).get(f"/mi-retroalimentacion/{feedback_id}").text
    assert shown.count("<track") == 1  # nothing is said in the priority's moment
    track = shown[shown.index("<track") :].split(">")[0]
    assert 'kind="captions"' in track and address in track and "default" not in track
    for actor in (cast.educator, cast.observer):
        assert client_for(actor).get(address).text.startswith("WEBVTT")
    silent = address.replace("fortaleza", "prioridad")
    assert client_for(cast.educator).get(silent).status_code == 404
    for actor in (*cast.outsiders, cast.utp_head, cast.network_lead):
        assert client_for(actor).get(address).status_code in (403, 404)
