"""The pages of consents, of who is seen, of deletion and of how long things are kept."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from pypdf import PdfReader

from observe.db import Database, today
from observe.people import class_lists, signin
from observe.people.models import Child, User
from observe.privacy import consent, pseudonyms
from observe.privacy.models import Certificate, Consent, RetentionRule
from observe.privacy.scopes import TO_CODE, Scope
from observe.video.models import Recording
from observe.video.store import Store
from tests import factories
from tests.web.conftest import ClientFor

SCOPES = [scope.value for scope in Scope]


@pytest.fixture
def film(database: Database, cast: factories.Cast) -> UUID:
    """A lesson of a class with a list of two, of which nothing is stated yet."""
    with database.write() as session:
        class_lists.write_class_list(session, cast.class_group.id, "1 Ana\n2", actor=cast.observer)
        return factories.recording(session, cast, consent=False).id


def _children(database: Database) -> list[UUID]:
    with database.read() as session:
        return list(session.scalars(sa.select(Child.id).order_by(Child.list_number)))


def _how(**more: object) -> dict[str, object]:
    return {
        "given_on": today().isoformat(), "channel": "paper", "text_version": "2026-1", **more
    }  # fmt: skip


def test_from_the_papers_of_a_class_to_a_film_that_can_be_coded(
    client_for: ClientFor, database: Database, cast: factories.Cast, film: UUID
) -> None:
    browser, address = client_for(cast.observer), f"/cursos/{cast.class_group.id}/autorizaciones"
    first, second = _children(database)
    assert "0 de 2" in browser.get(address).text
    typed = _how(text_version="") | {f"a-{first}": "yes", f"s-{first}": ["record", "code"]}
    wrong = browser.post(address, data=typed)
    assert wrong.status_code == 400
    assert re.search(rf'name="a-{first}"\s+value="yes"\s+checked', wrong.text)
    told = _how(**{f"a-{first}": "yes", f"s-{first}": ["record", "code"], f"a-{second}": "no"})
    page = browser.post(address, data=told, follow_redirects=True).text
    assert "1 de 2" in page
    with database.read() as session:
        standings = consent.standings_of(session, [cast.class_group.id])
        assert standings[first].allows(TO_CODE)
        assert standings[first].state(Scope.RESEARCH) is False
        assert standings[second].registered

    lesson = f"/videos/{film}"
    assert "falta la autorización de la educadora" in browser.get(lesson).text
    own = f"/autorizaciones/educadoras/{cast.educator.user_id}"
    browser.post(own, data=_how(answer="yes", scope=SCOPES))
    assert "números de lista 2" in browser.get(lesson).text
    refused = browser.post(f"{lesson}/quienes", data={"visible": "7"})
    assert refused.status_code == 400
    assert 'value="7"' in refused.text
    seen = {"visible": "1", f"p-{second}": "seen"}
    page = browser.post(f"{lesson}/quienes", data=seen, follow_redirects=True).text
    assert "se ve a niños o niñas sin autorización" in page
    assert "Empezar a codificar" not in page
    page = browser.post(
        f"{lesson}/quienes", data=seen | {f"p-{second}": "absent"}, follow_redirects=True
    ).text
    assert "La clase ya se puede codificar" in page or "Empezar a codificar" in page


def test_what_was_typed_beside_one_name_is_not_registered_for_another(
    client_for: ClientFor, database: Database, cast: factories.Cast, film: UUID
) -> None:
    browser, address = client_for(cast.observer), f"/cursos/{cast.class_group.id}/autorizaciones"
    first, _second = _children(database)
    assert f'name="n-{first}" value="Ana"' in browser.get(address).text
    typed = _how(**{f"a-{first}": "yes", f"s-{first}": SCOPES, f"n-{first}": "Ana"})
    with database.write() as session:
        group = cast.class_group.id
        class_lists.write_class_list(session, group, "1 Luis\n2 Ana", actor=cast.observer)
    refused = browser.post(address, data=typed)
    assert refused.status_code == 400
    assert "ahora es «Luis»" in refused.text
    with database.read() as session:
        assert session.scalars(sa.select(Consent)).first() is None


def test_a_paper_is_kept_revoked_and_printed(
    client_for: ClientFor, database: Database, store: Store, cast: factories.Cast, film: UUID
) -> None:
    browser, group = client_for(cast.observer), f"/cursos/{cast.class_group.id}/autorizaciones"
    first, second = _children(database)
    browser.post(group, data=_how(**{f"a-{first}": "yes", f"s-{first}": SCOPES}))
    sheets = browser.get(f"{group}/hojas.pdf")
    assert (sheets.mimetype, sheets.data[:5]) == ("application/pdf", b"%PDF-")
    assert len(browser.get(f"{group}/hojas.pdf?cuales=faltan").data) < len(sheets.data)

    child = f"/autorizaciones/ninos/{first}"
    hostile = {"paper": (io.BytesIO(b"<svg onload=alert(1)>"), "firma.pdf")}
    assert browser.post(f"{child}/papel", data=hostile).status_code == 400
    scan = {"paper": (io.BytesIO(b"\x89PNG\r\n\x1a\nfirma"), "firma.png")}
    page = browser.post(f"{child}/papel", data=scan, follow_redirects=True).text
    found = re.search(r"/autorizaciones/papeles/[0-9a-f-]+", page)
    assert found
    opened = browser.get(found[0])
    assert (opened.data, opened.mimetype) == (b"\x89PNG\r\n\x1a\nfirma", "image/png")
    assert "attachment" in opened.headers["Content-Disposition"]
    assert client_for(cast.educator).get(found[0]).status_code == 404
    before = {file.name for file in store.blobs()}
    better = {"paper": (io.BytesIO(b"\x89PNG\r\n\x1a\nla misma, derecha"), "firma.png")}
    assert browser.post(f"{child}/papel", data=better).status_code == 302
    after = {file.name for file in store.blobs()}
    assert len(after) == len(before)
    assert after != before, "the scan that it takes the place of is deleted"

    taken = {"given_on": today().isoformat(), "channel": "mail", "scope": SCOPES}
    assert "Revocada" in browser.post(f"{child}/revocar", data=taken, follow_redirects=True).text
    assert browser.post(f"{child}/revocar", data=taken).status_code == 409
    assert "No hay" not in browser.get(f"/autorizaciones/ninos/{second}").text


def test_a_table_is_shown_before_it_is_registered(
    client_for: ClientFor, database: Database, cast: factories.Cast, film: UUID
) -> None:
    browser = client_for(cast.observer)
    address = f"/cursos/{cast.class_group.id}/autorizaciones/importar"
    table = "lista;filmar;observar\n1;sí;sí\n2;=1+1;no\n"
    wrong = browser.post(address, data={"file": (io.BytesIO(table.encode()), "a.csv")})
    assert wrong.status_code == 400
    assert "escribe sí o no" in wrong.text
    table = table.replace("=1+1", "no")
    shown = browser.post(address, data={"file": (io.BytesIO(table.encode()), "a.csv")})
    assert "Esto se registraría: 2" in shown.text
    with database.read() as session:
        assert session.scalars(sa.select(Consent)).first() is None
    beside = dict(re.findall(r'name="(n-\d+)"\s+value="([^"]*)"', shown.text))
    assert beside.keys() == {"n-1", "n-2"}
    counted = {"do": "register", "content": table}
    other = browser.post(address, data=counted | beside | {"n-1": "Otra Niña"})
    assert other.status_code == 400, "the list was counted anew since it was looked at"
    with database.read() as session:
        assert session.scalars(sa.select(Consent)).first() is None
    browser.post(address, data=counted | beside)
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Consent)) == 2 * len(Scope)


def test_a_video_is_deleted_by_hand_with_a_reason_and_a_word(
    client_for: ClientFor, database: Database, cast: factories.Cast, film: UUID
) -> None:
    browser, lesson = client_for(cast.observer), f"/videos/{film}"
    answer = browser.post(f"{lesson}/borrar", data={"reason": "Lo pidió <b>", "sure": "si"})
    assert answer.status_code == 400
    assert "Lo pidió &lt;b&gt;" in answer.text
    browser.post(f"{lesson}/conservar", data={"hold": "Solicitud 12"})
    sure = {"reason": "Lo pidió <b>una familia</b>", "sure": "borrar"}
    assert browser.post(f"{lesson}/borrar", data=sure).status_code == 409
    browser.post(f"{lesson}/soltar")
    page = browser.post(f"{lesson}/borrar", data=sure, follow_redirects=True).text
    assert "Certificado 1" in page
    assert "Lo pidió &lt;b&gt;una familia" in page
    assert "Tal como se emitió" in page
    (paper,) = re.findall(r'href="(/privacidad/certificados/[^"]+/certificado.pdf)"', page)
    written = PdfReader(io.BytesIO(browser.get(paper).data))
    text = " ".join(written.pages[0].extract_text().split())
    assert "Certificado 1" in text
    assert "Lo pidió <b>una familia</b>" in text
    assert "Archivos borrados" in text
    assert client_for(cast.outsider_utp_head).get(paper).status_code == 404
    page = browser.get(lesson).text
    assert "El video se borró el" in page
    assert "<video" not in page
    assert browser.get(f"{lesson}/reproducir").status_code == 409
    assert "El video se borró" in browser.get("/videoteca").text
    with database.read() as session:
        assert session.get_one(Recording, film).is_erased
        (row,) = session.scalars(sa.select(Certificate))
    listed = client_for(cast.utp_head).get("/privacidad/certificados").text
    assert str(row.id) in listed
    assert (
        str(row.id) not in client_for(cast.outsider_utp_head).get("/privacidad/certificados").text
    )


def test_the_certificate_of_a_pseudonym_tells_what_went_and_where_a_name_stands(
    client_for: ClientFor, database: Database, cast: factories.Cast, film: UUID
) -> None:
    with database.write() as session:
        session.get_one(Recording, film).subject = "Lenguaje, con Berta O'Brien"
        user = session.get_one(User, cast.educator.user_id)
        signin.make_link(session, user, timedelta(days=1))
        row = pseudonyms.replace(session, user, cast.school.id, reason="rule:educators")
    page = client_for(cast.administrator).get(f"/privacidad/certificados/{row.id}").text
    told = " ".join(page.split())
    assert f"<dd> {row.what['pseudonym']} </dd>" in told
    assert "enlaces de ingreso: 1" in told
    assert "Filas en que aparece: recording: 1" in told
    assert "Berta" not in page


def test_rules_are_the_administrators(
    app: Flask, client_for: ClientFor, database: Database, cast: factories.Cast, film: UUID
) -> None:
    browser = client_for(cast.administrator)
    assert "Solo simulada" in browser.get("/privacidad/plazos").text
    wrong = browser.post("/privacidad/plazos", data={"kind": "video", "days": "-1"})
    assert wrong.status_code == 400
    browser.post("/privacidad/plazos", data={"kind": "video", "days": "60", "applied": "yes"})
    with database.read() as session:
        (rule,) = session.scalars(sa.select(RetentionRule))
        assert (rule.days, rule.applied) == (60, True)
    for actor in (cast.observer, cast.utp_head, cast.network_lead, *cast.outsiders):
        assert client_for(actor).get("/privacidad/plazos").status_code == 404
