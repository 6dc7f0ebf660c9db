"""An older database is brought back: what was shut since is shut in it again, nothing is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, today
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FeedbackState
from observe.feedback.shutting_again import shut_again
from observe.jobs import Job
from observe.people import class_lists, memberships
from observe.people.memberships import RoleInput, at_once
from observe.people.models import AuditEntry, Role, User
from observe.people.periods import Place
from observe.privacy import reach, requests, tombstones
from observe.privacy.certificates import KEEP
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel, RightsRequest
from observe.privacy.requests import Asked
from observe.settings import Settings
from tests.database.conftest import copied
from tests.factories import Cast
from tests.feedback_cases import TODAY, given


def ask(session: Session, cast: Cast, **about: object) -> UUID:
    asked = Asked(
        RequestKind.BLOCKING,
        received_on=today(),
        channel=Channel.LETTER,
        words="Que nadie la vea.",
        **about,  # type: ignore[arg-type]
    )
    return requests.register(session, asked, today=today(), actor=cast.administrator).id


@pytest.fixture
def asked(database: Database, cast: Cast) -> UUID:
    """A request about an educator that waits."""
    with database.write() as session:
        class_lists.write_class_list(session, cast.class_group.id, "1 Ana", actor=cast.observer)
        return ask(session, cast, about=About.PERSON, user_id=cast.second_educator.user_id)


@pytest.fixture
def published(database: Database, cast: Cast) -> UUID:
    """A feedback that the educator sees."""
    with database.write() as session:
        return given(session, cast, TODAY, "Pregunta «¿por qué?».").id


@pytest.fixture
def older(
    database: Database, home: Settings, tmp_path: Path, asked: UUID, published: UUID
) -> Iterator[Database]:
    """The database as it was before anything was shut."""
    assert asked != published
    with copied(database, home, tmp_path / "older.sqlite") as copy:
        yield copy


def test_each_kind_is_shut_again(
    database: Database, older: Database, home: Settings, cast: Cast, asked: UUID, published: UUID
) -> None:
    actor = cast.administrator
    with database.write() as session:
        feedbacks.withdraw(session, published, "Otra fecha", actor=cast.observer)
        requests.block(session, asked, actor=actor)
        about = {"class_group_id": cast.class_group.id, "list_number": 1}
        newer = ask(session, cast, about=About.CHILD, **about)
        requests.block(session, newer, actor=actor)
        memberships.leave(session, cast.utp_head.user_id, at_once(), actor=actor)
        asked_for = sa.select(sa.func.count()).select_from(Job).where(Job.kind == KEEP)
        assert session.scalar(asked_for) == 4, "each is noted at once"
    for _twice in range(2):
        tombstones.catch_up(home, database)
    written = tombstones.path_of(home).read_text("utf-8")
    assert written.count("\n") == 4
    assert not any(word in written for word in ("Dora", "Ana", "nadie", "Otra fecha"))

    again = shut_again(older, tombstones.known_shut(home))
    assert ({each.deed for each in again.done}, len(again.done), again.failed) == (
        {"blocked", "left", "withdrawn"},
        4,
        (),
    )
    with older.read() as session:
        assert reach.is_blocked(session, cast.second_educator.user_id, None)
        assert reach.is_blocked(session, None, cast.class_group.id)
        made = session.get_one(RightsRequest, newer)
        assert (made.list_number, made.words, made.is_open) == (1, "", True)
        gone = session.get_one(User, cast.utp_head.user_id)
        assert not gone.active
        assert {row.ends_on for row in gone.memberships} == {at_once()}
        assert session.get_one(Feedback, published).state is FeedbackState.WITHDRAWN
    once_more = shut_again(older, tombstones.known_shut(home))
    assert (once_more.done, once_more.failed) == ((), ())


def _shut(database: Database, home: Settings, cast: Cast, asked: UUID) -> None:
    """Block what is asked and let the UTP head go, with a note of both."""
    with database.write() as session:
        requests.block(session, asked, actor=cast.administrator)
        memberships.leave(session, cast.utp_head.user_id, at_once(), actor=cast.administrator)
    tombstones.catch_up(home, database)


def _come_back(session: Session, cast: Cast) -> None:
    """Give the UTP head who left another role."""
    back = RoleInput(Role.OBSERVER, Place(cast.school.id))
    memberships.give_role(session, cast.utp_head.user_id, back, actor=cast.administrator)


def test_what_was_opened_since_stays_open(
    database: Database, older: Database, home: Settings, cast: Cast, asked: UUID
) -> None:
    _shut(database, home, cast, asked)
    assert {each.deed for each in tombstones.known_shut(home)} == {"blocked", "left"}
    with database.write() as session:
        requests.lift(session, asked, actor=cast.administrator)
        _come_back(session, cast)
    tombstones.catch_up(home, database)
    again = shut_again(older, tombstones.known_shut(home))
    assert (again.done, again.failed) == ((), ())


def test_a_backup_from_after_it_keeps_what_was_opened_in_it(
    database: Database, older: Database, home: Settings, cast: Cast, asked: UUID
) -> None:
    _shut(database, home, cast, asked)
    with older.write() as session:  # another copy of the home goes on by itself
        requests.block(session, asked, actor=cast.administrator)
        requests.lift(session, asked, actor=cast.administrator)
        _come_back(session, cast)
    again = shut_again(older, tombstones.known_shut(home))
    assert (again.done, again.failed) == ((), ())


def test_the_last_administrator_is_told_and_stays(
    database: Database, older: Database, home: Settings, cast: Cast
) -> None:
    flora = cast.administrator.user_id
    with database.write() as session:
        role = RoleInput(Role.ADMINISTRATOR, Place())
        memberships.give_role(session, cast.observer.user_id, role, actor=cast.administrator)
        memberships.leave(session, flora, at_once(), actor=cast.administrator)
    tombstones.catch_up(home, database)
    again = shut_again(older, tombstones.known_shut(home))
    assert ([each.thing_id for each in again.failed], again.done) == ([str(flora)], ())
    with older.read() as session:
        assert session.get_one(User, flora).active
        ended = sa.select(AuditEntry.number).where(AuditEntry.action == "person.leave")
        assert session.scalar(ended) is None
