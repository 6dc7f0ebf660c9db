"""Attacks tried on every address there is: forged, redirected, injected, planted."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from uuid import UUID

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

import observe.records.models  # noqa: F401  # registers its tables
from observe.db import Base, Database
from observe.people.access import Actor
from observe.people.models import Membership, User
from observe.records.operations import comment
from observe.rubric.models import RubricVersion
from observe.web.responses import HEADERS, SHOWN_AS_THEY_ARE, as_download, served_as
from tests.factories import Cast
from tests.web.conftest import ClientFor
from tests.web.test_routes import COMMON, PLAIN, PUBLIC, ask, fill, ids, rules

__all__ = ["ids"]  # the fixture: one whole path from a lesson to published feedback

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
POLICY = "Content-Security-Policy"
PLANTED = "=1+<img src=x onerror=alert(1)>{{ 7*7 }}</script>"
# What people write, as words: all of these hold markup while the pages are read.
WRITTEN = {
    ("school", "name"),
    ("school", "commune"),
    ("user", "reference"),
    ("user", "name"),
    ("user", "email"),
    ("class_group", "name"),
    ("outside_account", "provider"),
    ("rubric_match", "reason"),
    ("rubric_proposal", "wording"),
    ("rubric_proposal", "text"),
    ("rubric_proposal", "reason"),
    ("security_key", "name"),
    ("sign_in_session", "device"),
    ("child", "name"),
    ("recording", "subject"),
    ("recording", "original_name"),
    ("rubric_reply", "text"),
    ("recording_part", "original_name"),
    ("upload", "filename"),
    ("clip_mark", "words"),
    ("clip_mark", "purpose"),
    ("comment", "text"),
    ("feedback", "withdrawal_reason"),
    ("note", "text"),
    ("answer", "text"),
    ("answer", "own_step"),
    ("answer", "wish"),
    ("focus", "note"),
    ("focus", "phrase"),
    ("focus", "questions"),
    ("focus", "why"),
    ("focus", "next_step"),
    ("follow_up", "note"),
    ("breach", "happened"),
    ("breach", "measures"),
    ("breach", "whose"),
    ("certificate", "reason"),
    ("correction", "answer"),
    ("correction", "reason"),
    ("hold", "reason"),
    ("invitation", "sent_to"),
    ("network", "name"),
    ("rights_request", "answer"),
    ("rights_request", "extension"),
    ("rights_request", "who"),
    ("rights_request", "words"),
    ("saved_view", "name"),
    ("table_import", "name"),
}


def people(client_for: ClientFor, cast: Cast) -> dict[str, FlaskClient]:
    """One browser for each role that has pages of its own."""
    return {
        name: client_for(actor)
        for name, actor in (
            ("observer", cast.observer),
            ("educator", cast.educator),
            ("utp_head", cast.utp_head),
            ("network_lead", cast.network_lead),
            ("administrator", cast.administrator),
        )
    }


def addresses(app: Flask, ids: dict[str, str], method: str) -> list[tuple[str, str]]:
    """Every endpoint of a method with its path, the public ones too where they name nothing."""
    values = COMMON | ids | {name: kinds[0] for name, kinds in PLAIN.items()}
    found = [
        (rule.endpoint, fill(rule, values))
        for rule in rules(app)
        if method in (rule.methods or set())
    ]
    return found + [
        (rule.endpoint, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint in PUBLIC and not rule.arguments and method in (rule.methods or set())
    ]


# --- every answer -------------------------------------------------------------------------------


def test_every_address_answers_with_the_security_headers(
    app: Flask, client_for: ClientFor, cast: Cast, ids: dict[str, str]
) -> None:
    seen = set()
    for client in people(client_for, cast).values():
        for endpoint, path in addresses(app, ids, "GET"):
            answer = client.get(path)
            told = {name: answer.headers.get(name) for name in HEADERS}
            # One page names its own style by its hash, to be shown before anything is fetched.
            told[POLICY] = re.sub(r"; style-src 'self' 'sha256-[\w+/=]+'$", "", told[POLICY] or "")
            assert told == HEADERS, path
            assert answer.headers["Cache-Control"].startswith(("private", "public")), path
            if answer.status_code < 300:
                seen.add(endpoint)
    assert {"library.play", "records.export", "feedback.pdf"} & seen
    assert len(seen) > 40


def test_no_address_leads_to_another_site_nor_writes_a_header(
    app: Flask, client_for: ClientFor, cast: Cast, ids: dict[str, str]
) -> None:
    evil = "//evil.test/%0d%0aSet-Cookie:%20planted=1"
    asked = "&".join(f"{name}={evil}" for name in ("siguiente", "next", "url", "volver", "texto"))
    for client in people(client_for, cast).values():
        for _, path in addresses(app, ids, "GET"):
            answer = client.get(f"{path}?{asked}")
            assert not re.match(r"(\w+:)?[/\\]{2}", answer.headers.get("Location", "")), path
            assert "planted" not in answer.headers.get("Set-Cookie", ""), path


# --- forged requests ----------------------------------------------------------------------------


def test_no_form_is_taken_without_its_token(
    app: Flask, client_for: ClientFor, cast: Cast, ids: dict[str, str]
) -> None:
    clients = people(client_for, cast)
    posts = [
        (endpoint, method, path)
        for method in ("POST", "PUT", "PATCH", "DELETE")
        for endpoint, path in addresses(app, ids, method)
    ]
    assert len(posts) > 60
    for endpoint, method, path in posts:
        reached = False
        for name, client in clients.items():
            client.token = ""  # type: ignore[attr-defined]
            answer = ask(client, method, path)
            assert answer.status_code in (400, 403, 404), (name, method, path, answer.status_code)
            reached = reached or answer.status_code == 400
        assert reached, f"{endpoint}: nobody of the cast comes as far as its token"


def test_forged_requests_leave_no_trace(
    app: Flask, client_for: ClientFor, cast: Cast, ids: dict[str, str], database: Database
) -> None:
    clients = people(client_for, cast)
    before = contents(database)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for _, path in addresses(app, ids, method):
            for client in clients.values():
                client.token = "planted"  # type: ignore[attr-defined]
                client.open(path, method=method, headers={"Origin": "https://evil.test"})
    assert contents(database) == before


def contents(database: Database) -> dict[str, list[str]]:
    """What each table holds, but for when sessions were used last and what was tried how often."""
    passing = {("sign_in_session", "seen_at"), ("attempt_count", "count")}
    with database.read() as session:
        return {
            table.name: sorted(
                repr(row)
                for row in session.execute(
                    sa.select(*(c for c in table.c if (table.name, c.name) not in passing))
                )
            )
            for table in Base.metadata.sorted_tables
        }


def test_fields_that_no_form_has_change_nothing(
    client_for: ClientFor, cast: Cast, database: Database
) -> None:
    planted = {
        "role": "administrator",
        "active": "",
        "user_id": str(cast.administrator.user_id),
        "memberships-0-role": "administrator",
        "reference": "owner",
        "email": "evil@evil.test",
        "password_hash": "x",
        "actor": str(cast.administrator.user_id),
    }
    client = client_for(cast.observer)
    with database.read() as session:
        before = [people_rows(session, who) for who in (cast.observer, cast.administrator)]
    for path, data in (
        ("/mi-cuenta/clave", {"new_password": "el patio tiene tres árboles"}),
        ("/idioma", {"locale": "en"}),
        ("/mi-cuenta/sesiones/cerrar", {}),
        ("/mi-cuenta/segundo-paso/programa", {}),
    ):
        assert client.post(path, data=planted | data).status_code == 302, path
    with database.read() as session:
        after = [people_rows(session, who) for who in (cast.observer, cast.administrator)]
        administrator = session.get_one(User, cast.administrator.user_id)
        assert administrator.password_hash is None
    assert after == before


# To whom and where a row belongs: no form of theirs names it.
OWNERS = ("user_id", "observer_id", "educator_id", "by_id", "author_id", "school_id", "role")


def test_no_form_of_anybody_takes_a_field_that_says_whose_a_thing_is(
    app: Flask, client_for: ClientFor, cast: Cast, ids: dict[str, str], database: Database
) -> None:
    """Every form of the school's people, each with the fields that they would need, and others'."""
    planted = {name: str(cast.outsider_observer.user_id) for name in OWNERS} | {
        "role": "administrator",
        "school_id": str(cast.other_school.id),
        "password_hash": "x",
        "text": "Un comentario.",
        "reason": "Una razón.",
        "name": "Un nombre",
        "locale": "es_CL",
    }
    clients = people(client_for, cast)
    before, written = owners(database), contents(database)
    for name in ("observer", "educator", "utp_head"):
        for _, path in addresses(app, ids, "POST"):
            if path not in ("/salir", "/entrar"):
                clients[name].post(path, data=planted)
    after = owners(database)
    assert {key: after.get(key, kept) for key, kept in before.items()} == before
    assert contents(database) != written, "no form was taken, so nothing could have been planted"
    outsider = {str(cast.outsider_observer.user_id), str(cast.other_school.id)}
    new = [(key, each) for key, each in after.items() if key not in before]
    assert [(key, told) for key, told in new if outsider & set(told)] == []


def owners(database: Database) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return of each row that has an id to whom and where it belongs."""
    found = {}
    with database.read() as session:
        for table in Base.metadata.sorted_tables:
            columns = [table.c[name] for name in OWNERS if name in table.c]
            if columns and "id" in table.c:
                for row in session.execute(sa.select(table.c.id, *columns)):
                    found[table.name, str(row[0])] = tuple(str(each) for each in row[1:])
    return found


def people_rows(session: Session, actor: Actor) -> tuple[object, ...]:
    user_id = actor.user_id
    user = session.get_one(User, user_id)
    roles = session.scalars(sa.select(Membership.role).where(Membership.user_id == user_id)).all()
    return (user.name, user.email, user.reference, user.active, tuple(roles))


# --- planted in what people write ---------------------------------------------------------------


@pytest.fixture
def planted(ids: dict[str, str], database: Database, cast: Cast) -> dict[str, str]:
    """The whole path, with markup and a formula in each text that a person may have written.

    The database's own rules would refuse most of it, so they are taken out first.
    """
    with database.write() as session:
        comment(session, UUID(ids["observation_id"]), PLANTED, actor=cast.observer)
    with database.write() as session:
        rules_ = session.scalars(
            sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).all()
        for rule in rules_:
            session.execute(sa.text(f"DROP TRIGGER {rule}"))
        for table, column in sorted(WRITTEN):
            # What is unique stays so: the row's own number follows the words.
            unique = (table, column) in {
                ("user", "reference"), ("user", "email"),
                ("class_group", "name"), ("network", "name"),
            }  # fmt: skip
            tail = " || rowid" if unique else ""
            session.execute(
                sa.text(f'UPDATE "{table}" SET {column} = :planted{tail}'), {"planted": PLANTED}
            )
        session.execute(
            sa.text("UPDATE revision SET document = replace(document, :word, :planted)"),
            {"word": "Una niña explica", "planted": PLANTED},
        )
        version = session.scalars(sa.select(RubricVersion.id)).first()
    return ids | {"version_id": str(version)}


def test_every_text_that_people_write_is_planted() -> None:
    """A new column of text is either written by people, and so in `WRITTEN`, or named here."""
    machine = {
        "hash", "_hash", "kind", "dimension", "rubric_id", "version", "level", "recipe", "codec",
        "media_type", "locale", "action", "details", "issuer", "subject_", "how", "incoming",
        "refusal", "detector", "window", "target", "part", "step", "reason_values", "document",
        "content", "payload", "before", "scores", "answers", "corrections", "dropped", "rbd", "id",
    }  # fmt: skip
    told = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.Text | sa.JSON) and not isinstance(column.type, sa.Enum)
    }
    open_ = {
        (table, column)
        for table, column in told - WRITTEN
        if not any(column == word or column.endswith(f"_{word.strip('_')}") for word in machine)
        and (table, column) not in {
            ("job", "reason"), ("uncodable_stretch", "reason"), ("outside_account", "subject"),
                ("recording", "lock"), ("headcount", "places"), ("certificate", "what"),
                ("saved_view", "asked"), ("table_import", "result"),
        }
    }  # fmt: skip
    assert open_ == set(), "put it into WRITTEN, or say here that the program wrote it"
    assert told >= WRITTEN


def test_markup_that_was_written_is_text_on_every_page(
    app: Flask, client_for: ClientFor, cast: Cast, planted: dict[str, str]
) -> None:
    shown = set()
    for client in people(client_for, cast).values():
        for endpoint, path in addresses(app, planted, "GET"):
            answer = client.get(path)
            if answer.status_code != 200 or answer.mimetype not in ("text/html", "text/plain"):
                continue
            assert "<img src=x" not in answer.text, path
            assert "1+49" not in answer.text, path
            if "&lt;img src=x onerror" in answer.text:
                shown.add(endpoint)
    assert len(shown) > 15, shown


def test_no_export_holds_a_formula(
    app: Flask, client_for: ClientFor, cast: Cast, planted: dict[str, str]
) -> None:
    read = set()
    for client in people(client_for, cast).values():
        for endpoint, path in addresses(app, planted, "GET"):
            answer = client.get(path)
            for cell in cells(answer):
                read.add(endpoint)
                number = re.fullmatch(r"[-+]?[\d.,]+", cell)
                assert number or not cell.lstrip(" ").startswith(BEGINS_A_FORMULA), (path, cell)
    assert len(read) >= 2, read


def cells(answer: TestResponse) -> Iterator[str]:
    """Return the cells of a table that was answered as a file."""
    if answer.status_code != 200:
        return
    if answer.mimetype == "text/csv":
        text = answer.get_data().decode("utf-8-sig")
        for separator in (",", ";"):
            yield from (cell for row in csv.reader(io.StringIO(text), delimiter=separator)
                        for cell in row)  # fmt: skip
    elif "spreadsheetml" in (answer.mimetype or ""):
        book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", (sheet.title, cell.coordinate)


def test_numbers_and_moments_beyond_all_bounds_are_no_failures(
    client_for: ClientFor, cast: Cast
) -> None:
    client, school = client_for(cast.observer), cast.school.id
    given = {"name": "2° C", "year": "9" * 5000}
    assert client.post(f"/establecimientos/{school}/cursos", data=given).status_code == 302
    for moment in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00%2B14:00"):
        assert client.get(f"/registros/novedades?desde={moment}").json == {"changed": 0}


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\windows\\system32\\config",
        'x"; filename="evil.html',
        "a\r\nSet-Cookie: planted=1",
        "\u202eexe.pdf",
        "",
    ],
)
def test_the_name_of_a_download_is_only_a_name(name: str) -> None:
    header = as_download(Response(b""), name).headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="?[A-Za-z0-9._-]+"?', header), header
    assert "/" not in header
    assert "\\" not in header


@pytest.mark.parametrize("told", ["text/html", "image/svg+xml", "application/xhtml+xml", "", "x"])
def test_what_was_brought_in_is_never_served_as_what_it_says(told: str) -> None:
    assert served_as(told) == "application/octet-stream"


def test_films_are_served_as_films() -> None:
    assert {served_as(each) for each in SHOWN_AS_THEY_ARE} == SHOWN_AS_THEY_ARE


def test_a_lesson_that_calls_itself_a_page_is_no_page(
    client_for: ClientFor, cast: Cast, ids: dict[str, str], database: Database
) -> None:
    with database.write() as session:
        session.execute(sa.text("UPDATE recording SET media_type = 'text/html'"))
    answer = client_for(cast.observer).get(f"/videos/{ids['recording_id']}/reproducir")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
