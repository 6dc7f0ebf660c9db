"""Guessing is slowed down in all processes of a home together, and a restart forgets nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from observe.db import Database, now
from observe.people import attempts, inviting
from observe.people.access import Actor
from observe.people.attempts import AttemptCount
from observe.people.models import Invitation
from observe.settings import Settings
from observe.video import uploads
from observe.video.models import Upload
from tests.factories import Cast
from tests.web.conftest import ClientFor, served

GUESS = {"email": "ana@escuela.test", "password": "no es esta, tampoco"}


@pytest.fixture
def another(home: Settings, app: Flask) -> Iterator[Flask]:
    """A second process of the same home, or the same after a restart."""
    made = served(home)
    yield made
    made.extensions["observe"].database.engine.dispose()


def guess(app: Flask) -> int:
    client = app.test_client()
    client.get("/entrar")
    return client.post("/entrar", data=GUESS).status_code


def test_two_processes_count_together_and_a_restart_forgets_nothing(
    app: Flask, another: Flask, home: Settings
) -> None:
    statuses = [guess(each) for _ in range(4) for each in (app, another)]
    assert statuses == [400] * 8
    assert [guess(app), guess(another)] == [429, 429]
    restarted = served(home)
    assert guess(restarted) == 429
    restarted.extensions["observe"].database.engine.dispose()


def test_nothing_kept_tells_of_a_computer_or_an_account(app: Flask, database: Database) -> None:
    guess(app)
    with database.read() as session:
        kept = session.scalars(sa.select(AttemptCount.hash)).all()
    assert len(kept) == 4  # by minute and by hour, of the computer and of the account
    assert not [each for each in kept if "127.0.0.1" in each or "escuela" in each]


def test_pages_that_nobody_guesses_at_write_nothing(
    client_for: ClientFor, cast: Cast, home: Settings
) -> None:
    client = client_for(cast.observer)
    with closing(sqlite3.connect(home.database_path)) as watching:
        before = watching.execute("PRAGMA data_version").fetchone()
        for path in ("/videoteca", "/pautas", "/mi-cuenta"):
            assert client.get(path).status_code == 200
        assert watching.execute("PRAGMA data_version").fetchone() == before


def test_of_many_at_once_none_is_lost(database: Database) -> None:
    at = now()

    def one(_number: int) -> int:
        with database.write() as session:
            return attempts.count(session, "x", seconds=60, at=at)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(20))) == list(range(1, 21))


def test_after_its_time_it_begins_anew_and_the_old_count_is_gone(database: Database) -> None:
    at = now()
    with database.write() as session:
        for name in ("x", "x", "y"):
            attempts.count(session, name, seconds=60, at=at)
        assert attempts.standing(session, "x", at=at) == (2, at + timedelta(seconds=60))
        later = at + timedelta(seconds=60)
        assert attempts.count(session, "x", seconds=60, at=later) == 1
        assert session.scalars(sa.select(AttemptCount.hash)).all() == ["x"]


def test_files_on_their_way_are_bounded_in_number_size_and_haste(
    client_for: ClientFor, cast: Cast, database: Database
) -> None:
    observer = client_for(cast.observer)

    def begin(size: int = 9) -> TestResponse:
        return observer.post("/subidas", json={"filename": "clase.mp4", "size": size})

    begun = [begin(60 * 1024**3) for _ in range(5)]
    assert [each.status_code for each in begun] == [201] * 4 + [409], "256 GiB on their way"
    assert "4 de tus videos todavía no son una clase" in begun[-1].get_json()["error"]
    assert observer.post(f"/subidas/{begun[0].get_json()['id']}/descartar").status_code == 302
    with database.write() as session:
        for _ in range(uploads.MOST_UNFINISHED - 3):
            uploads.begin_upload(session, "clase.mp4", 9, actor=cast.observer)
    assert begin().status_code == 409, "a hundred on their way"
    other = client_for(cast.outsider_observer)
    assert other.post("/subidas", json={"filename": "clase.mp4", "size": 9}).status_code == 201

    with database.write() as session:
        session.execute(sa.delete(Upload))
        session.execute(sa.update(AttemptCount).values(count=uploads.MOST_BEGUN))
    hasty = begin()
    assert hasty.status_code == 429
    assert "en la última hora" in hasty.get_json()["error"]


def test_nobody_is_flooded_with_invitations(
    client_for: ClientFor, cast: Cast, database: Database
) -> None:
    administrator = client_for(cast.administrator)

    def invite(actor: Actor) -> TestResponse:
        return administrator.post(f"/personas/{actor.user_id}/invitar")

    statuses = [invite(cast.educator).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert "Ya se le invitó varias veces" in invite(cast.educator).text
    assert invite(cast.second_educator).status_code == 200
    with database.write() as session:
        open_ones = sa.select(sa.func.count()).where(Invitation.revoked_at.is_(None))
        assert session.scalar(open_ones) == 2, "the last of each still lets her in"
        session.execute(sa.update(AttemptCount).values(count=inviting.MOST_BY_ONE))
    assert invite(cast.observer).status_code == 429
