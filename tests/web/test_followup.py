"""The board through the application: what waits, where it leads, who sees it; the quiet count."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask.testing import FlaskClient

from observe.db import Database, now
from observe.feedback.models import Answer, Feedback
from observe.people.models import ClassGroup, Membership, Role, School
from observe.web import guards
from tests import factories
from tests.factories import TODAY, Cast
from tests.feedback_cases import given, submitted
from tests.web.conftest import ClientFor

LATE = date(2026, 6, 11)  # the day after the next step's


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages' day is the day after the next step's."""
    for module in ("guards", "navigation"):
        monkeypatch.setattr(f"observe.web.{module}.today", lambda: LATE)


@pytest.fixture
def observer(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.observer)


@pytest.fixture
def feedback(database: Database, cast: Cast) -> Feedback:
    """Published feedback whose next step has passed, answered, and a lesson that waits for its."""
    with database.write() as session:
        given_one = given(session, cast, TODAY, "Pregunta <b>¿por qué?</b>")
        session.add(
            Answer(
                feedback_id=given_one.id,
                user_id=cast.educator.user_id,
                text="La respuesta entera.",
                own_step="Esperar.",
                sent_at=now(),
            )
        )
        other = factories.recording(session, cast)
        other.educator_id = cast.second_educator.user_id
        session.flush()
        submitted(session, cast, other)
        return given_one


def count(page: str) -> str:
    found = re.search(r'class="nav-due[^>]*>(\d+)', page)
    return found.group(1) if found else ""


def test_the_day_is_set() -> None:
    assert guards.today() == LATE


def test_an_empty_board_says_what_comes(observer: FlaskClient) -> None:
    page = observer.get("/seguimiento").text
    assert "Nada te espera" in page
    assert count(page) == ""


def test_each_row_leads_to_where_it_is_done(observer: FlaskClient, feedback: Feedback) -> None:
    page = observer.get("/seguimiento").text
    for said in (
        "Pregunta &lt;b&gt;¿por qué?&lt;/b&gt;",
        "Su propio paso",
        "Esperar.",
        "Respondió",
        "era para el 10 jun 2026",
        "21 días de escuela desde la clase",
        "Las vacaciones no están descontadas.",
        "Ninguna clase espera ser codificada.",
    ):
        assert said in page
    assert "La respuesta entera." not in page
    assert count(page) == count(observer.get("/videoteca").text) == "3"
    links = set(re.findall(r'href="(/observaciones/[^"]+)"', page))
    assert f"/observaciones/{feedback.observation_id}/retroalimentacion" in links
    assert len(links) == 2
    for link in links:
        assert observer.get(link).status_code == 200
    page = observer.get("/seguimiento").text  # the answer was looked at
    assert "Respondió" not in page
    assert count(page) == "2"


def test_a_school_is_picked_out(
    observer: FlaskClient, database: Database, cast: Cast, feedback: Feedback
) -> None:
    with database.write() as session:
        other = session.get_one(School, cast.other_school.id)
        session.add(
            Membership(user_id=cast.observer.user_id, role=Role.OBSERVER, school_id=other.id)
        )
        group = ClassGroup(school_id=other.id, name="2° A", year=2026)
        session.add(group)
        session.flush()
        lesson = factories.recording(session, cast)
        lesson.class_group_id = group.id
    whole = observer.get("/seguimiento").text
    assert "2° A" in whole
    assert "1° B" in whole
    only = observer.get(f"/seguimiento?escuela={cast.other_school.id}").text
    assert "2° A" in only
    assert "1° B" not in only
    assert observer.get("/seguimiento?escuela=nada").status_code == 200


def test_a_utp_head_sees_who_is_late_and_no_content(
    client_for: ClientFor, cast: Cast, feedback: Feedback
) -> None:
    head = client_for(cast.utp_head)
    page = head.get("/seguimiento").text
    for said in ("En tu establecimiento", "Celia Núñez", "Ana Peñailillo", "21 días de escuela"):
        assert said in page
    for content in ("¿por qué?", "Esperar.", "Respondió"):
        assert content not in page
    assert count(page) == ""
    (record,) = set(re.findall(rf"/registros/{feedback.observation_id}", page))
    assert head.get(record).status_code == 200
    outside = client_for(cast.outsider_utp_head).get("/seguimiento").text
    assert "Todas tienen su retroalimentación" in outside
    assert "Celia" not in outside


def test_an_educator_is_never_told_of_lateness(
    client_for: ClientFor, cast: Cast, feedback: Feedback
) -> None:
    hers = client_for(cast.educator)
    assert hers.get("/seguimiento").status_code == 404
    for page in ("/mi-retroalimentacion", f"/mi-retroalimentacion/{feedback.id}"):
        text = hers.get(page).text
        assert "Seguimiento" not in text
        assert "días de escuela" not in text
    assert client_for(cast.administrator).get("/seguimiento").status_code == 404
