"""The observer's pages while publishing waits for her to look at both blurred moments."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from observe.db import Database
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback
from observe.settings import Settings
from observe.video.store import Store
from tests.database.test_feedback_blurred import asked, blurring_home, clips_of, run, sign
from tests.factories import Cast
from tests.feedback_cases import TODAY, published
from tests.web.conftest import ClientFor

__all__ = ["asked", "blurring_home"]  # fixtures


@pytest.mark.usefixtures("store", "sparse_video")
def test_the_page_says_what_it_waits_for_and_then_that_it_is_open(
    client_for: ClientFor,
    database: Database,
    blurring_home: Settings,  # the fixture
    cast: Cast,
    asked: UUID,  # the fixture
) -> None:
    observer, educator = client_for(cast.observer), client_for(cast.educator)
    with database.read() as session:
        address = f"/observaciones/{session.get_one(Feedback, asked).observation_id}"
    compose = f"{address}/retroalimentacion"
    assert "Publicándose" in observer.get(compose).text
    run(blurring_home, database)
    assert observer.get(f"/retroalimentaciones/{asked}/estado").json["waits"] is True  # type: ignore[index]
    page = observer.get(compose).text
    assert "Falta que mires los dos momentos" in page
    run(blurring_home, database)
    rows = clips_of(database)
    for row in rows:
        assert f"/difuminados/{row.id}" in observer.get(compose).text
        review = observer.get(f"/difuminados/{row.id}").text
        assert "Volver a la retroalimentación de" in review
        assert compose in review
    assert educator.get(f"/mi-retroalimentacion/{asked}").status_code == 404
    for row in rows:
        sign(database, cast, row)
    assert "La educadora la ve" in observer.get(f"/difuminados/{rows[0].id}").text
    shown = educator.get(f"/mi-retroalimentacion/{asked}")
    assert shown.status_code == 200
    for kind in ("fortaleza", "prioridad"):
        film = educator.get(f"/retroalimentaciones/{asked}/{kind}.mp4")
        assert film.status_code in (200, 206)
        assert educator.get(f"/retroalimentaciones/{asked}/{kind}.jpg").status_code == 200


def test_what_was_withdrawn_is_told_with_its_reason_and_who_had_opened_it(
    client_for: ClientFor,
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    sparse_video: Path,
) -> None:
    feedback_id = published(database, home, store, cast, sparse_video)
    observer, educator = client_for(cast.observer), client_for(cast.educator)
    assert educator.get(f"/mi-retroalimentacion/{feedback_id}").status_code == 200
    with database.write() as session:
        feedbacks.withdraw(session, feedback_id, "Era otro momento.", actor=cast.observer)
        observation_id = session.get_one(Feedback, feedback_id).observation_id
        again = feedbacks.open_draft(session, observation_id, actor=cast.observer)
        feedbacks.publish(session, again.id, actor=cast.observer, today=TODAY)
    page = observer.get(f"/observaciones/{observation_id}/retroalimentacion").text
    earlier = page.split("Versiones anteriores")[1]
    assert "Era otro momento." in earlier
    assert cast.educator.name in earlier.replace("&#39;", "'")
