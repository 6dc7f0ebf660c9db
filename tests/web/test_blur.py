"""Blurred clips on the pages: the review, the preview's offer, and what a UTP head may watch."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from observe.db import Database
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FocusKind
from observe.ids import new_id
from observe.jobs import Work
from observe.people.access import Actor
from observe.people.models import AuditEntry
from observe.privacy.scopes import Scope
from observe.settings import Settings
from observe.video.blur import making as blur_making
from observe.video.blur import operations as blurs
from observe.video.models import Blurring, BlurState, Recording
from observe.video.store import Store
from observe.video.timecode import Span
from tests import kept
from tests.consents import ALL, answered
from tests.factories import Cast
from tests.feedback_cases import published
from tests.web.conftest import ClientFor

STRENGTH = Span(0, 15_000)


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, sparse_video: Path
) -> UUID:
    """Published feedback, its clips cut for real."""
    return published(database, home, store, cast, sparse_video)


def feedback(session: Session, feedback_id: UUID) -> Feedback:
    return session.get_one(Feedback, feedback_id)


def blurred(
    database: Database, home: Settings, cast: Cast, feedback_id: UUID, *, signed: bool = False
) -> UUID:
    """Blur the strength's moment as the worker does, and sign it."""
    with database.write() as session:
        recording_id = feedback(session, feedback_id).observation.recording_id
        blurring_id = blurs.ask(session, recording_id, STRENGTH, actor=cast.observer).id
    run(database, home, blurring_id)
    if signed:
        sign(database, cast, blurring_id)
    return blurring_id


def sign(database: Database, cast: Cast, blurring_id: UUID) -> None:
    """Look at the clip and sign it, as its observer does."""
    with database.write() as session:
        row = session.get_one(Blurring, blurring_id)
        blurs.watched(session, row, actor=cast.observer)
        blurs.sign(session, blurring_id, version=row.version, actor=cast.observer)


def openings(database: Database, actor: Actor) -> list[UUID | None]:
    """Return which blurred clips she opened, by what is on file."""
    with database.read() as session:
        told = sa.select(AuditEntry.thing_id).where(
            AuditEntry.action == "blurring.watched", AuditEntry.actor_id == actor.user_id
        )
        return list(session.scalars(told))


def run(database: Database, home: Settings, blurring_id: UUID) -> None:
    with database.read() as session:
        row = session.get_one(Blurring, blurring_id)
        job = blurs.job_of(session, row)
    work = Work(job.id if job else "", home, database)
    with kept.as_before(database, Store(home.store_path)):
        for step in (blur_making.find, blur_making.draw, blur_making.picture, blur_making.finish):
            step(work, row.asked_id)


def clip_paths(feedback_id: UUID) -> list[str]:
    root = f"/retroalimentaciones/{feedback_id}/difuminado/fortaleza"
    return [f"{root}.mp4", f"{root}.jpg"]


def region() -> dict[str, object]:
    box = [0.1, 0.1, 0.3, 0.3]
    return {"id": str(new_id()), "kind": "add", "start_ms": 0, "end_ms": 5_000, "box": box}


# --- what others may watch ------------------------------------------------------------------------


def test_a_utp_head_watches_only_what_is_blurred_and_signed(
    client_for: ClientFor, database: Database, home: Settings, cast: Cast, feedback_id: UUID
) -> None:
    head, outsider = client_for(cast.utp_head), client_for(cast.outsider_utp_head)
    with database.read() as session:
        observation_id = feedback(session, feedback_id).observation_id
    record = f"/registros/{observation_id}"
    unblurred = f"/retroalimentaciones/{feedback_id}/fortaleza.mp4"

    def watches(*, allowed: bool) -> None:
        status = 200 if allowed else 404
        for path in clip_paths(feedback_id):
            assert head.get(path).status_code == status, path
            assert outsider.get(path).status_code == 404
        assert ("<video" in head.get(record).text) is allowed
        assert head.get(unblurred).status_code == 404
        assert "fortaleza.mp4" not in head.get(record).text.replace("difuminado/fortaleza", "")

    watches(allowed=False)
    blurring_id = blurred(database, home, cast, feedback_id)
    watches(allowed=False)  # made, but nobody looked at it
    sign(database, cast, blurring_id)
    watches(allowed=True)
    page = head.get(record).text
    assert "Difuminado y revisado por Ana Peñailillo" in page
    assert "El video queda con su asesora" in page
    assert page.count("<video") == 1, "the priority was not blurred"
    answered(database, cast, ALL - {Scope.TRAINING}, date(2026, 5, 1))
    watches(allowed=False)  # the family allows the feedback, not that the team sees it
    hers = client_for(cast.observer)
    assert all(hers.get(path).status_code == 200 for path in clip_paths(feedback_id))
    answered(database, cast, ALL, date(2026, 5, 2))
    watches(allowed=True)
    with database.write() as session:
        blurs.correct(session, blurring_id, [region()], version=0, actor=cast.observer)
    watches(allowed=False)  # unsigned again
    run(database, home, blurring_id)
    watches(allowed=False)  # made again, not signed
    for path in (f"/difuminados/{blurring_id}", f"/difuminados/{blurring_id}/clip.mp4"):
        assert head.get(path).status_code == 404


def test_what_is_served_is_the_blurred_file_and_its_opening_is_on_file(
    client_for: ClientFor,
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    feedback_id: UUID,
) -> None:
    blurring_id = blurred(database, home, cast, feedback_id, signed=True)
    head = client_for(cast.utp_head)
    answer = head.get(clip_paths(feedback_id)[0])
    with database.read() as session:
        row = session.get_one(Blurring, blurring_id)
        own = feedback(session, feedback_id).focus(FocusKind.STRENGTH)
        assert row.made is not None and own is not None and own.clip is not None
        assert answer.data == store.blob(row.made).read_bytes()
        assert answer.data != store.blob(own.clip.sha256).read_bytes()
        watched = AuditEntry.action == "blurring.watched"
        hers = AuditEntry.actor_id == cast.utp_head.user_id
        told = session.scalars(sa.select(AuditEntry).where(watched, hers)).all()
    assert [entry.thing_id for entry in told] == [blurring_id]
    assert str(feedback_id) in told[0].details
    head.get(clip_paths(feedback_id)[0], headers={"Range": "bytes=100-"})
    assert len(openings(database, cast.utp_head)) == 1, "the rest of a clip is no second opening"


@pytest.mark.parametrize("part", ["bytes=1-", "bytes=-1000", "bytes=100-200", "nonsense"])
def test_however_a_clip_is_fetched_its_opening_is_on_file(
    client_for: ClientFor,
    database: Database,
    home: Settings,
    cast: Cast,
    feedback_id: UUID,
    part: str,
) -> None:
    blurring_id = blurred(database, home, cast, feedback_id, signed=True)
    head, path = client_for(cast.utp_head), clip_paths(feedback_id)[0]
    head.head(path)
    assert head.get(path, headers={"Range": "bytes=99999999999-"}).status_code == 416
    assert openings(database, cast.utp_head) == [], "nothing was sent"
    answer = head.get(path, headers={"Range": part})
    assert answer.status_code in (200, 206)
    assert openings(database, cast.utp_head) == [blurring_id]
    head.get(path, headers={"Range": "bytes=5000-"})
    assert openings(database, cast.utp_head) == [blurring_id]


def test_a_browser_asks_again_before_it_shows_a_clip_it_kept(
    client_for: ClientFor, database: Database, home: Settings, cast: Cast, feedback_id: UUID
) -> None:
    blurring_id = blurred(database, home, cast, feedback_id, signed=True)
    head = client_for(cast.utp_head)
    kept = head.get(clip_paths(feedback_id)[0])
    for path in clip_paths(feedback_id):
        assert head.get(path).headers["Cache-Control"] == "private, no-cache"
    asked = {"If-None-Match": kept.headers["ETag"]}
    same = head.get(clip_paths(feedback_id)[0], headers=asked)
    assert (same.status_code, same.headers["Cache-Control"]) == (304, "private, no-cache")
    with database.write() as session:
        blurs.correct(session, blurring_id, [region()], version=0, actor=cast.observer)
    assert head.get(clip_paths(feedback_id)[0], headers=asked).status_code == 404


def test_what_was_withdrawn_is_watched_no_more(
    client_for: ClientFor, database: Database, home: Settings, cast: Cast, feedback_id: UUID
) -> None:
    blurred(database, home, cast, feedback_id, signed=True)
    head = client_for(cast.utp_head)
    with database.write() as session:
        feedbacks.withdraw(session, feedback_id, "Falta algo.", actor=cast.observer)
    for path in clip_paths(feedback_id):
        assert head.get(path).status_code == 404


# --- the observer's pages -------------------------------------------------------------------------


@pytest.fixture
def observer(client_for: ClientFor, cast: Cast) -> FlaskClient:
    """The observer's browser."""
    return client_for(cast.observer)


@pytest.fixture
def recording_id(database: Database, feedback_id: UUID) -> UUID:
    """The lesson of that feedback."""
    with database.read() as session:
        return feedback(session, feedback_id).observation.recording_id


def test_a_moment_is_asked_for_by_its_times(
    observer: FlaskClient, recording_id: UUID, database: Database
) -> None:
    address = f"/videos/{recording_id}/difuminados"
    assert "Todavía no hay clips difuminados" in observer.get(address).text
    for typed in ("ahora", "00:10-00:05", "00:20-00:40"):
        refused = observer.post(address, data={"span": typed})
        assert refused.status_code == 400
        assert f'value="{typed}"' in refused.text
        assert 'id="span-error"' in refused.text
    given = {"span": "00:10-00:20", "style": "solid", "sound": "mute"}
    answer = observer.post(address, data=given)
    assert answer.status_code == 302
    with database.read() as session:
        (row,) = blurs.blurrings_of(session, recording_id)
        assert (row.start_ms, row.end_ms, row.style, row.sound) == (10_000, 20_000, "solid", "mute")
    assert answer.location == f"/difuminados/{row.id}"
    page = observer.get(answer.location).text
    assert "Difuminándose" in page
    assert "Firmado" not in page and 'id="sign"' not in page
    assert f"/difuminados/{row.id}" in observer.get(address).text
    again = observer.post(address, data={"span": "0:10-0:20"})
    assert again.location == answer.location, "the same moment is the same clip"


def test_the_preview_offers_to_blur_each_moment(
    observer: FlaskClient, database: Database, feedback_id: UUID
) -> None:
    with database.read() as session:
        observation_id = feedback(session, feedback_id).observation_id
    preview = f"/observaciones/{observation_id}/retroalimentacion/vista"
    page = observer.get(preview).text
    assert page.count("Difuminar este clip") == 2
    assert 'value="00:00:00.000-00:00:15.000"' in page
    with database.read() as session:
        recording_id = feedback(session, feedback_id).observation.recording_id
    asked = {"span": "00:00:00.000-00:00:15.000"}
    observer.post(f"/videos/{recording_id}/difuminados", data=asked)
    page = observer.get(preview).text
    assert page.count("Difuminar este clip") == 1
    assert "Ver el clip difuminado" in page


def test_she_corrects_and_signs(
    observer: FlaskClient, database: Database, home: Settings, cast: Cast, feedback_id: UUID
) -> None:
    blurring_id = blurred(database, home, cast, feedback_id)
    address = f"/difuminados/{blurring_id}"
    page = observer.get(address).text
    assert "Espera que lo revises" in page
    assert observer.get(f"{address}/clip.mp4").status_code in (200, 206)
    assert observer.get(f"{address}/portada.jpg").mimetype == "image/jpeg"
    wrong = observer.post(f"{address}/correcciones", json={"version": 0, "corrections": [{}]})
    assert wrong.status_code == 400
    body = {"version": 0, "corrections": [region()]}
    sent = observer.post(f"{address}/correcciones", json=body)
    assert sent.json == {"version": 1, "state": "asked"}
    other = observer.post(f"{address}/correcciones", json={"version": 0, "corrections": [region()]})
    assert other.status_code == 409
    assert other.json is not None and "otra ventana" in other.json["error"]
    assert observer.post(f"{address}/revisado", data={"version": "0"}).status_code == 409
    assert observer.get(f"{address}/estado").json == {
        "going_on": True,
        "step": "Esperando su turno",
        "percent": 0,
    }
    run(database, home, blurring_id)
    assert observer.get(f"{address}/estado").json["going_on"] is False  # type: ignore[index]
    for nonsense in ("", "0", "x"):
        assert observer.post(f"{address}/revisado", data={"version": nonsense}).status_code == 409
    unseen = observer.post(f"{address}/revisado", data={"version": "1"})
    assert unseen.status_code == 409 and "Primero mira el clip" in unseen.text
    assert observer.get(f"{address}/clip.mp4").status_code in (200, 206)
    assert observer.post(f"{address}/revisado", data={"version": "1"}).status_code == 302
    page = observer.get(address).text
    assert "revisado por Ana Peñailillo el" in page
    with database.read() as session:
        assert session.get_one(Blurring, blurring_id).state is BlurState.CHECKED


def test_what_is_stopped_says_so_and_can_go_on(
    observer: FlaskClient, database: Database, cast: Cast, recording_id: UUID
) -> None:
    with database.write() as session:
        blurring_id = blurs.ask(session, recording_id, STRENGTH, actor=cast.observer).id
    address = f"/difuminados/{blurring_id}"
    assert observer.post(f"{address}/detener").status_code == 302
    page = observer.get(address).text
    assert "Detenido" in page and "Intentar de nuevo" in page
    assert observer.post(f"{address}/reintentar").status_code == 302
    assert "Difuminándose" in observer.get(address).text


def test_a_lost_clip_says_so_and_is_made_again(
    observer: FlaskClient,
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    feedback_id: UUID,
) -> None:
    blurring_id = blurred(database, home, cast, feedback_id)
    address = f"/difuminados/{blurring_id}"
    with database.read() as session:
        made = session.get_one(Blurring, blurring_id).made
    store.blob(made or "").unlink()
    page = observer.get(address).text
    assert "Su archivo se perdió" in page and 'id="sign"' not in page
    assert observer.post(f"{address}/reintentar").status_code == 302
    run(database, home, blurring_id)
    assert 'id="sign"' in observer.get(address).text


def test_a_lesson_that_cannot_be_played_yet_cannot_be_blurred(
    observer: FlaskClient, database: Database, recording_id: UUID
) -> None:
    with database.write() as session:
        session.get_one(Recording, recording_id).state = "received"  # type: ignore[assignment]
    address = f"/videos/{recording_id}/difuminados"
    assert "todavía se está preparando" in observer.get(address).text
    assert observer.post(address, data={"span": "0:01-0:05"}).status_code == 409
