"""Taking away from the pages: a file for a pen drive, a round's zip, the proof for the school."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pypdf
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from observe.db import Database
from observe.feedback import openings, rounds
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback
from observe.jobs import wait_for
from observe.people.models import AuditEntry
from observe.records import verification
from observe.records.operations import RecordRow, records_of
from observe.settings import Settings
from observe.video.store import Store
from tests.factories import Cast
from tests.feedback_cases import published
from tests.signed_cases import both_signed
from tests.unit.test_sealing import PASSPHRASE
from tests.web.conftest import ClientFor


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    """Published feedback, its clips cut for real."""
    return published(database, home, store, cast, small_video)


@pytest.fixture
def observer(client_for: ClientFor, cast: Cast) -> FlaskClient:
    """The observer's browser."""
    return client_for(cast.observer)


def address(feedback_id: UUID) -> str:
    return f"/retroalimentaciones/{feedback_id}/para-llevar"


def observation_of(database: Database, feedback_id: UUID) -> UUID:
    with database.read() as session:
        return session.get_one(Feedback, feedback_id).observation_id


def taken(database: Database, action: str = openings.DOWNLOAD) -> list[dict[str, object]]:
    with database.read() as session:
        told = sa.select(AuditEntry.details).where(AuditEntry.action == action)
        return [json.loads(each) for each in session.scalars(told)]


def test_the_page_says_what_is_missing_and_offers_to_make_it(
    observer: FlaskClient, client_for: ClientFor, cast: Cast, feedback_id: UUID
) -> None:
    page = observer.get(address(feedback_id)).text
    assert "Fortaleza: el fragmento todavía no está difuminado." in page
    assert page.count("Difuminar este clip") == 2
    refused = observer.post(f"{address(feedback_id)}.html")
    assert refused.status_code == 400
    assert "Área prioritaria: el fragmento todavía no está difuminado." in refused.text
    hers = client_for(cast.educator).get(address(feedback_id)).text
    assert "Tu asesora puede prepararlo." in hers
    assert "Difuminar este clip" not in hers


def test_both_take_the_file_and_it_is_on_file(
    database: Database,
    home: Settings,
    client_for: ClientFor,
    observer: FlaskClient,
    cast: Cast,
    feedback_id: UUID,
) -> None:
    both_signed(database, home, cast, feedback_id)
    educator = client_for(cast.educator)
    for client in (observer, educator):
        page = client.get(address(feedback_id))
        assert page.status_code == 200
        assert "Descargar el archivo" in page.text
        answer = client.post(f"{address(feedback_id)}.html", data={"passphrase": "", "again": ""})
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].endswith("retroalimentacion-2026-05-12.html")
        assert answer.text.count("data:video/mp4;base64,") == 2
    sealed = educator.post(
        f"{address(feedback_id)}.html", data={"passphrase": PASSPHRASE, "again": PASSPHRASE}
    )
    assert "Un archivo con contraseña" in sealed.text
    assert "Berta" not in sealed.text
    assert [(each["form"], each["sealed"]) for each in taken(database)] == [
        ("html", False), ("html", False), ("html", True),
    ]  # fmt: skip
    assert "Ana Peñailillo" in educator.get(f"/mi-retroalimentacion/{feedback_id}").text


@pytest.mark.parametrize(
    ("passphrase", "again", "said"),
    [
        (PASSPHRASE, "otra cosa larga", "Las dos contraseñas no son iguales."),
        ("corta", "corta", "La contraseña necesita al menos 12 letras."),
    ],
)
def test_a_passphrase_that_cannot_be_used_is_refused_in_place(
    database: Database,
    home: Settings,
    observer: FlaskClient,
    cast: Cast,
    feedback_id: UUID,
    passphrase: str,
    again: str,
    said: str,
) -> None:
    both_signed(database, home, cast, feedback_id)
    answer = observer.post(
        f"{address(feedback_id)}.html", data={"passphrase": passphrase, "again": again}
    )
    assert answer.status_code == 400
    assert said in answer.text
    assert passphrase not in answer.text
    assert taken(database) == []


def test_her_pdf_has_the_signed_pictures(
    database: Database, home: Settings, client_for: ClientFor, cast: Cast, feedback_id: UUID
) -> None:
    educator = client_for(cast.educator)
    sheet = f"/mi-retroalimentacion/{feedback_id}/hoja.pdf"

    def shown() -> int:
        pages = pypdf.PdfReader(io.BytesIO(educator.get(sheet).data)).pages
        return sum(len(page.images) for page in pages)

    assert shown() == 0
    both_signed(database, home, cast, feedback_id)
    assert shown() == 2
    assert [each["pictures"] for each in taken(database)] == [[], ["priority", "strength"]]


# --- a round --------------------------------------------------------------------------------------


def test_the_round_is_asked_for_in_the_list_and_downloaded(
    database: Database, home: Settings, observer: FlaskClient, cast: Cast, feedback_id: UUID
) -> None:
    assert "PDF de toda la ronda (zip) · 1" in observer.get("/registros").text
    asked = observer.post("/registros/ronda?desde=2026-05-01&hasta=2026-05-31")
    assert asked.status_code == 302
    page = observer.get(asked.location).text
    assert "Se están escribiendo los PDF" in page
    state = observer.get(f"{asked.location}/avance").get_json()
    assert state == {"going_on": True, "percent": 0, "step": "Esperando su turno"}
    assert observer.get(f"{asked.location}/ronda.zip").status_code == 409
    with database.read() as session:
        job = rounds.job_of(session, UUID(asked.location.rpartition("/")[2]))
    assert job is not None
    wait_for(home, job.id, lambda _job: None)
    assert "1 PDF listos" in observer.get(asked.location).text
    answer = observer.get(f"{asked.location}/ronda.zip")
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.namelist() == ["2026-05-12-1B-BO.pdf"]
    assert [each["of"] for each in taken(database)] == ["round"]
    with database.write() as session:
        feedbacks.withdraw(session, feedback_id, "Otro niño", actor=cast.observer)
    gone = observer.get(f"{asked.location}/ronda.zip")
    assert (gone.status_code, "se retiró mientras tanto" in gone.text) == (409, True)
    again = observer.post(f"{asked.location}/otra-vez")
    assert again.location == asked.location


def test_a_list_without_anything_published_offers_no_round(
    observer: FlaskClient, client_for: ClientFor, cast: Cast, feedback_id: UUID
) -> None:
    assert "toda la ronda" not in observer.get("/registros?desde=2027-01-01").text
    refused = observer.post("/registros/ronda?desde=2027-01-01")
    assert (refused.status_code, "Entre estos no hay" in refused.text) == (409, True)
    assert "toda la ronda" not in client_for(cast.utp_head).get("/registros").text
    assert client_for(cast.utp_head).post("/registros/ronda").status_code == 404


# --- the proof ------------------------------------------------------------------------------------


def test_the_utp_head_takes_the_proof_of_one_and_of_a_period(
    database: Database,
    client_for: ClientFor,
    cast: Cast,
    feedback_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked_through(*given: Any, **more: Any) -> list[RecordRow]:
        found = records_of(*given, **more)
        with database.write() as session:  # others write meanwhile
            session.execute(sa.select(AuditEntry.number).limit(1))
        return found

    monkeypatch.setattr(verification, "records_of", looked_through)
    head = client_for(cast.utp_head)
    observation_id = observation_of(database, feedback_id)
    one = f"/registros/{observation_id}/verificacion.pdf"
    assert one in head.get(f"/registros/{observation_id}").text
    period = "/registros/verificacion.pdf?desde=2026-05-01"
    assert period in head.get("/registros?desde=2026-05-01").text
    for path in (one, period):
        answer = head.get(path)
        assert answer.mimetype == "application/pdf"
        text = pypdf.PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()
        assert "Medio de verificación" in text
        assert "Pregunta" not in text
    assert [each["observations"] for each in taken(database, "record.verified")] == (
        [[str(observation_id)]] * 2
    )
    assert head.get("/registros/verificacion.pdf?desde=2027-01-01").status_code == 404


def test_the_educator_takes_no_proof(
    database: Database, client_for: ClientFor, cast: Cast, feedback_id: UUID
) -> None:
    educator = client_for(cast.educator)
    observation_id = observation_of(database, feedback_id)
    assert educator.get(f"/registros/{observation_id}/verificacion.pdf").status_code == 404
    assert educator.get("/registros/verificacion.pdf").status_code == 404
