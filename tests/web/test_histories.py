"""One educator over time in the browser: who sees it, and that opening it is on file."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from pypdf import PdfReader

from observe.db import Database
from observe.errors import NotFoundError
from observe.people.access import Actor
from observe.people.models import AuditEntry, Role
from observe.records import histories
from observe.rubric import crosswalk
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load
from observe.video.models import Selection
from observe.web.words import number
from tests.factories import TODAY, Cast, person, recording
from tests.feedback_cases import given_for, submitted
from tests.web.conftest import ClientFor


@pytest.fixture
def lessons(database: Database, cast: Cast) -> list[UUID]:
    """Two submitted lessons of the educator, one chosen by herself; feedback on the first."""
    with database.write() as session:
        first, second = recording(session, cast), recording(session, cast)
        second.recorded_on = TODAY + timedelta(days=40)
        second.selection = Selection.EDUCATOR_CHOSEN
        found = [submitted(session, cast, each) for each in (first, second)]
        given_for(session, cast, found[0])
        return [each.id for each in found]


def test_the_page_has_points_numbers_and_how_lessons_were_chosen(
    client_for: ClientFor, cast: Cast, lessons: list[UUID], database: Database
) -> None:
    client = client_for(cast.utp_head)
    assert (
        f"/registros/educadora/{cast.educator.user_id}"
        in client.get(f"/registros/{lessons[0]}").text
    )
    page = client.get(f"/registros/educadora/{cast.educator.user_id}").text
    assert "Berta O&#39;Brien en el tiempo" in page
    assert "un espejo, no una medición" in page
    assert "elegida por la educadora: 1" in page
    assert "no se eligieron de la misma manera" in page
    with database.read() as session:
        shown = histories.history_for(session, cast.educator.user_id, actor=cast.utp_head)
    lines = [line for each in shown.rubrics for group in each.groups for line in group.lines]
    assert page.count('role="img"') == len(lines)
    for line in lines:
        for point in line.points:
            assert point.mean is not None
            assert f"<strong>{number(point.mean, 2)}</strong>" in page
    with database.read() as session:
        opened = session.scalars(sa.select(AuditEntry).filter_by(action="record.opened")).all()
    assert [each.thing_id for each in opened[1:]] == list(shown.observation_ids)


def test_on_paper_it_has_the_same_pictures_and_numbers(
    client_for: ClientFor, cast: Cast, lessons: list[UUID], database: Database
) -> None:
    address = f"/registros/educadora/{cast.educator.user_id}/historia.pdf"
    answer = client_for(cast.utp_head).get(address)
    pages = PdfReader(io.BytesIO(answer.data)).pages
    text = " ".join(" ".join(each.extract_text() for each in pages).split())
    with database.read() as session:
        shown = histories.history_for(session, cast.educator.user_id, actor=cast.utp_head)
    for rubric in shown.rubrics:
        for line in (line for group in rubric.groups for line in group.lines):
            for point in line.points:
                assert point.mean is not None
                assert f"{number(point.mean, 2)} ±" in text
    assert "un espejo, no una medición" in text
    assert client_for(cast.outsider_utp_head).get(address).status_code == 404


def test_nobody_else_sees_it(
    client_for: ClientFor, cast: Cast, lessons: list[UUID], database: Database
) -> None:
    with database.write() as session:
        colleague = person(session, "Julia Paz", Role.OBSERVER, cast.school)
    others: list[Actor] = [*cast.outsiders, cast.educator, cast.network_lead, cast.administrator]
    for actor in [*others, colleague]:
        client = client_for(actor)
        assert client.get(f"/registros/educadora/{cast.educator.user_id}").status_code == 404
        assert client.get("/mi-retroalimentacion/mis-clases").status_code == 404
    assert (
        client_for(cast.observer).get(f"/registros/educadora/{cast.educator.user_id}").status_code
        == 200
    )


def test_she_sees_her_own_published_lessons_only_where_her_provider_allows_it(
    client_for: ClientFor, cast: Cast, lessons: list[UUID], app: Flask, database: Database
) -> None:
    client = client_for(cast.educator)
    assert "/mis-clases" not in client.get("/mi-retroalimentacion").text
    home = app.extensions["observe"]
    app.extensions["observe"] = replace(
        home, settings=replace(home.settings, educator_sees_numbers=True)
    )
    assert "/mis-clases" in client.get("/mi-retroalimentacion").text
    page = client.get("/mi-retroalimentacion/mis-clases").text
    assert "12 may 2026" in page
    assert "21 jun 2026" not in page, "its feedback is not published"
    assert "elegida por la educadora" not in page
    assert not re.search(r'href="/registros', page)
    other = client_for(cast.second_educator)
    assert other.get("/mi-retroalimentacion/mis-clases").status_code == 404
    with database.read() as session, pytest.raises(NotFoundError):
        histories.own_history(session, allowed=False, actor=cast.educator)


def test_versions_are_joined_visibly_once_a_person_said_so(
    client_for: ClientFor, cast: Cast, lessons: list[UUID], database: Database
) -> None:
    with database.write() as session:
        old = session.scalars(
            sa.select(RubricVersion).filter_by(rubric_id="aprendizaje-profundo")
        ).one()
        text = old.document.replace('"version":"1.0"', '"version":"9.0"')
        new = load(session, text, "p.yaml", actor=None)
        lesson = recording(session, cast)
        lesson.recorded_on = TODAY + timedelta(days=80)
        submitted(session, cast, lesson)
    client = client_for(cast.utp_head)
    address = f"/registros/educadora/{cast.educator.user_id}"
    page = client.get(address).text
    assert "nadie ha dicho que aquí las versiones 1.0 y 9.0" in page
    with database.write() as session:
        crosswalk.say(
            session,
            (old.id, "preguntas-que-hacen-pensar"),
            (new.id, "preguntas-que-hacen-pensar"),
            comparable=True,
            reason="Solo cambió la portada.",
            actor=cast.network_lead,
        )
    page = client.get(address).text
    assert "«Solo cambió la portada.»" in page
    assert "Elsa Rojas" in page
