"""Films that lie sealed are played as ever; without their key the page says what to do."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from observe.db import Database
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.video import at_rest
from observe.video.sealed import PIECE_BYTES
from observe.video.store import Store, open_store
from tests.factories import Cast
from tests.feedback_cases import filmed
from tests.web.conftest import ClientFor


@pytest.fixture
def observer(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.observer)


@pytest.fixture
def film(database: Database, home: Settings, store: Store, cast: Cast, small_video: Path) -> UUID:
    """A film that was kept plain and then sealed; the pages run with the setting off."""
    with database.write() as session:
        film = filmed(session, store, cast, small_video).id
    sealing = open_store(replace(home, seal_films=True))
    at_rest.seal_all(database, sealing, actor=cast.administrator, tell=lambda _behind: None)
    assert at_rest.standing(store).plain == 0
    return film


@pytest.mark.parametrize(
    ("start", "length"), [(0, 10), (PIECE_BYTES - 5, 10), (PIECE_BYTES, 1_000), (100, 300_000)]
)
def test_of_a_sealed_film_come_the_parts_asked_for(
    observer: FlaskClient, film: UUID, small_video: Path, start: int, length: int
) -> None:
    whole = small_video.read_bytes()
    assert len(whole) > PIECE_BYTES + 1_000
    asked = {"Range": f"bytes={start}-{start + length - 1}"}
    part = observer.get(f"/videos/{film}/reproducir", headers=asked)
    assert part.status_code == 206
    assert part.data == whole[start : start + length]
    end = min(start + length, len(whole)) - 1
    assert part.headers["Content-Range"] == f"bytes {start}-{end}/{len(whole)}"


def test_without_its_key_a_sealed_film_says_so_and_was_not_opened(
    observer: FlaskClient, database: Database, film: UUID, home: Settings
) -> None:
    away = home.key_path.rename(home.key_path.with_name("away"))
    answer = observer.get(f"/videos/{film}/reproducir")
    assert answer.status_code == 400
    assert str(home.key_path) in html.unescape(answer.text)
    opened = sa.select(AuditEntry.action).where(AuditEntry.action == "recording.watched")
    with database.read() as session:
        assert session.scalars(opened).all() == []
    away.rename(home.key_path)
    assert observer.get(f"/videos/{film}/reproducir").status_code in (200, 206)
    with database.read() as session:
        assert session.scalars(opened).all() == ["recording.watched"]
