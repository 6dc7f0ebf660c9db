"""An educator watches the film of her own lesson; nobody else comes to it by that way."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from observe.db import Database
from observe.privacy.scopes import Scope
from observe.video.models import Recording
from observe.video.store import Store
from tests.consents import ALL, answered
from tests.factories import Cast
from tests.feedback_cases import filmed
from tests.web.conftest import ClientFor


def test_she_watches_her_own_lesson_as_long_as_it_may_be_shown_to_her(
    client_for: ClientFor, database: Database, store: Store, cast: Cast, small_video: Path
) -> None:
    with database.write() as session:
        film = filmed(session, store, cast, small_video)
    page = f"/mis-datos/clases/{film.id}"
    hers = client_for(cast.educator)

    def watches(*, allowed: bool) -> None:
        status = 200 if allowed else 404
        assert hers.get(page).status_code == status
        answer = hers.get(f"{page}/reproducir", headers={"Range": "bytes=0-99"})
        assert answer.status_code == (206 if allowed else 404)
        assert (page in hers.get("/mis-datos").text) is allowed

    watches(allowed=True)
    assert "Berta O'Brien" in hers.get(page).text.split("watermark")[-1].replace("&#39;", "'")
    answer = hers.get(f"{page}/reproducir", headers={"Range": "bytes=0-99"})
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "El video de la clase" in hers.get("/mis-datos/quien-abrio").text
    assert hers.get(f"/videos/{film.id}").status_code == 404, "the observer's page is not hers"
    assert hers.get(f"/videos/{film.id}/reproducir").status_code == 404
    alone = hers.get(f"{page}/reproducir", headers={"Sec-Fetch-Dest": "document"})
    assert (alone.status_code, alone.location) == (302, page), "not without who watches over it"
    for other in (cast.observer, cast.second_educator, cast.utp_head, *cast.outsiders):
        assert client_for(other).get(page).status_code == 404
        assert client_for(other).get(f"{page}/reproducir").status_code == 404

    answered(database, cast, ALL - {Scope.FEEDBACK}, date(2026, 5, 1))
    watches(allowed=False)
    answered(database, cast, ALL, date(2026, 5, 2))
    watches(allowed=True)
    with database.write() as session:
        row = session.get_one(Recording, film.id)
        row.consent_at = row.consent_by_id = None
    watches(allowed=False)
