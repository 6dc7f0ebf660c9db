"""Naming what the network works on; and the round that leads from one educator to the next."""

from __future__ import annotations

from observe.db import Database
from observe.rubric.operations import rubric_of, version_for
from tests.factories import Cast, recording
from tests.feedback_cases import submitted
from tests.web.conftest import ClientFor

PAGE = "/red/foco"


def test_a_dimension_is_named_kept_on_an_error_and_ended(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    with database.read() as session:
        version = version_for(session, "aprendizaje-profundo")
        dimension = rubric_of(version).dimensions[0]
    lead = client_for(cast.network_lead)
    value = f"{version.id}:{dimension.id}"
    given = {"dimension": value, "starts_on": "2026-05-20", "ends_on": "2026-05-01"}
    refused = lead.post(PAGE, data=given)
    assert (refused.status_code, "El último día es anterior" in refused.text) == (400, True)
    assert 'value="2026-05-01"' in refused.text, "what was typed comes back"
    assert f'value="{value}" selected' in " ".join(refused.text.split())
    for wrong in ("", "x:y", f"{version.id}:nada"):
        assert lead.post(PAGE, data=given | {"dimension": wrong}).status_code == 400
    good = given | {"ends_on": ""}
    assert lead.post(PAGE, data=good).status_code == 302
    assert lead.post(PAGE, data=good).status_code == 409, "named already"
    page = lead.get(PAGE).text
    assert dimension.title.es in page.split("Nombrar una dimensión")[0]
    ending = page.split('action="/red/foco/')[1].split('"')[0]
    for actor in (cast.observer, cast.utp_head, cast.educator, *cast.outsiders):
        client = client_for(actor)
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, data=good).status_code == 404
        assert client.post(f"/red/foco/{ending}").status_code == 404
    assert lead.post(f"/red/foco/{ending}").status_code == 302
    assert dimension.title.es not in lead.get(PAGE).text.split("Nombrar una dimensión")[0]


def test_the_composer_says_how_many_wait_and_who_is_next(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        first, second = (submitted(session, cast, recording(session, cast)) for _ in range(2))
    observer = client_for(cast.observer)
    page = observer.get(f"/observaciones/{first.id}/retroalimentacion").text
    assert "Por retroalimentar: 2." in page
    assert f"/observaciones/{second.id}/retroalimentacion" in page
