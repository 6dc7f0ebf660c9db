"""Two at once on PostgreSQL: who waited for a row acts on what it says by then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.assigning import Asking, assign, unassign
from observe.coding.attaching import attach
from observe.coding.changes import Change
from observe.coding.ending import end_lesson
from observe.coding.models import Observation, Revision
from observe.coding.operations import start, submit
from observe.db import Base, Database, locked, now, today
from observe.errors import ConflictError, NotFoundError
from observe.ids import new_id
from observe.people import memberships
from observe.people.access import Actor
from observe.people.memberships import RoleInput
from observe.people.models import Membership, Role, School, User
from observe.people.periods import Period, Place
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of, version_for
from observe.video.models import Assignment, Recording
from observe.video.operations import LessonDetails, begin_live
from tests import factories
from tests.database.coding import change, cycle, observation, send

MINUTE = 60_000
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hub:
    """A database that two connections write to at once, its people, and a rubric."""

    database: Database
    cast: factories.Cast
    rubric: RubricVersion

    def coded(self) -> UUID:
        """Code a lesson, so that it could be submitted; return the draft."""
        with self.database.write() as session:
            draft = observation(session, self.cast, self.rubric)
            send(session, self.cast, draft, self.whole())
            return draft.id

    def live(self) -> Observation:
        """Code a lesson in the room; its clock still runs."""
        details = LessonDetails(**factories.lesson(self.cast, consent=False))  # type: ignore[arg-type]
        with self.database.write() as session:
            recording = begin_live(session, details, actor=self.cast.observer)
            recording.live_started_at = now() - timedelta(minutes=20)
            session.flush()
            draft = start(session, recording.id, self.rubric.id, actor=self.cast.observer)
            send(session, self.cast, draft, self.whole())
            return draft

    @contextmanager
    def waiting(
        self, kind: type[Base], row_id: UUID, first: Callable[[Session], object]
    ) -> Iterator[Session]:
        """Open a session that has read a row before `first` changed it, and go on after that."""
        with self.database.write() as late:
            late.info["read"] = late.get_one(kind, row_id)  # the session itself would let it go
            with self.database.write() as session:
                first(session)
            yield late

    def whole(self) -> Change:
        rubric = rubric_of(self.rubric)
        scores = [
            {"dimension": row.id, "value": rubric.scale_of(row.of).min, "mark": None}
            for row in rubric.rows()
        ]
        return cycle(0, 20 * MINUTE, scores=scores)


@pytest.fixture
def hub(hub_database: Database) -> Hub:
    with hub_database.write() as session:
        cast = factories.cast(session)
        rubric = version_for(session, "aprendizaje-profundo")
    return Hub(hub_database, cast, rubric)


def note(text: str) -> Change:
    return change("note.put", note=new_id(), at_ms=5, text=text)


def test_a_row_read_before_the_wait_is_read_anew(hub: Hub) -> None:
    def rename(session: Session) -> None:
        session.get_one(School, hub.cast.school.id).name = "Escuela Los Maitenes"

    with hub.waiting(School, hub.cast.school.id, rename) as late:
        school = locked(late, School, hub.cast.school.id)
        assert school is late.info["read"]
        assert school.name == "Escuela Los Maitenes"
        assert locked(late, School, new_id()) is None


def test_a_second_click_on_finish_freezes_nothing_more(hub: Hub) -> None:
    draft_id = hub.coded()

    def click(session: Session) -> None:
        submit(session, draft_id, actor=hub.cast.observer, seen=1)

    with pytest.raises(ConflictError), hub.waiting(Observation, draft_id, click) as late:
        click(late)
    with hub.database.read() as session:
        assert len(session.scalars(sa.select(Revision)).all()) == 1


def test_what_was_saved_meanwhile_is_not_submitted_unseen(hub: Hub) -> None:
    draft_id, actor = hub.coded(), hub.cast.observer
    note = change("note.put", note=new_id(), at_ms=5, text="tarde")

    def save(session: Session) -> None:
        send(session, hub.cast, session.get_one(Observation, draft_id), note)

    with hub.waiting(Observation, draft_id, save) as late:
        with pytest.raises(ConflictError):
            submit(late, draft_id, actor=actor, seen=1)
        assert submit(late, draft_id, actor=actor, seen=2).number == 1


def test_a_second_click_on_the_end_of_a_lesson_changes_nothing(hub: Hub) -> None:
    draft, actor = hub.live(), hub.cast.observer

    def end(session: Session, length_ms: int = 10 * MINUTE) -> None:
        end_lesson(session, draft.id, actor=actor, length_ms=length_ms)

    with pytest.raises(ConflictError), hub.waiting(Recording, draft.recording_id, end) as late:
        end(late, 15 * MINUTE)
    with hub.database.read() as session:
        assert session.get_one(Recording, draft.recording_id).duration_ms == 10 * MINUTE
        assert session.get_one(Observation, draft.id).version == draft.version + 1


def test_what_was_submitted_meanwhile_takes_no_video(hub: Hub) -> None:
    draft, actor = hub.live(), hub.cast.observer
    with hub.database.write() as session:
        end_lesson(session, draft.id, actor=actor)
        film = factories.recording(session, hub.cast)

    def finish(session: Session) -> None:
        submit(session, draft.id, actor=actor)

    with pytest.raises(ConflictError), hub.waiting(Observation, draft.id, finish) as late:
        attach(late, draft.id, film.id, 0, actor=actor)


def test_a_colleague_is_asked_once_and_no_more_once(hub: Hub) -> None:
    with hub.database.write() as session:
        colleague = factories.person(session, "Julia Paz", Role.OBSERVER, hub.cast.school)
        lesson = factories.recording(session, hub.cast)

    def ask(session: Session) -> None:
        assign(
            session, lesson.id, Asking(colleague.user_id, hub.rubric.id), actor=hub.cast.observer
        )

    with pytest.raises(ConflictError), hub.waiting(Recording, lesson.id, ask) as late:
        ask(late)
    with hub.database.read() as session:
        asked_id = session.scalars(sa.select(Assignment.id)).one()

    def take_back(session: Session) -> None:
        unassign(session, asked_id, actor=hub.cast.observer)

    with pytest.raises(NotFoundError), hub.waiting(Assignment, asked_id, take_back) as late:
        take_back(late)


def test_a_second_click_gives_no_role_twice(hub: Hub) -> None:
    days = Period(date(2026, 3, 1), date(2030, 12, 31))
    given = RoleInput(Role.OBSERVER, Place(hub.cast.school.id), days)

    def give(session: Session) -> None:
        memberships.give_role(
            session, hub.cast.educator.user_id, given, actor=hub.cast.administrator
        )

    with hub.database.write() as late:
        read = late.get_one(User, hub.cast.educator.user_id)
        assert len(read.memberships) == 1
        with hub.database.write() as session:
            give(session)
        with pytest.raises(ConflictError):
            give(late)


def test_a_role_that_was_removed_meanwhile_is_none(hub: Hub) -> None:
    admin = hub.cast.administrator
    with hub.database.write() as session:
        later = RoleInput(Role.OBSERVER, Place(hub.cast.school.id), Period(today() + DAY))
        row = memberships.give_role(session, hub.cast.educator.user_id, later, actor=admin)

    def end(session: Session) -> None:
        memberships.end_role(session, row.id, memberships.at_once(), actor=admin)

    with pytest.raises(NotFoundError), hub.waiting(Membership, row.id, end) as late:
        end(late)


def test_two_administrators_do_not_let_each_other_go(hub: Hub) -> None:
    one = hub.cast.administrator
    with hub.database.write() as session:
        other = factories.person(session, "Olga Paz", Role.ADMINISTRATOR, None)

    def let_go(user: Actor, by: Actor) -> None:
        with hub.database.write() as session:
            memberships.leave(session, user.user_id, memberships.at_once(), actor=by)

    with ThreadPoolExecutor(1) as pool:
        with hub.database.write() as session:
            memberships.leave(session, one.user_id, memberships.at_once(), actor=other)
            second = pool.submit(let_go, other, by=one)
            wait_for_waiting(hub.database)
        with pytest.raises(ConflictError):
            second.result()


def wait_for_waiting(database: Database) -> None:
    """Return when somebody waits for a lock that another one has."""
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with database.read() as session:
            if session.scalar(waiting):
                return
        time.sleep(0.02)
    pytest.fail("nobody waits")
