"""People one at a time: roles given, corrected and ended; who leaves keeps her records."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import daily
from observe.db import Database, now, today
from observe.errors import (
    BadInputError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from observe.feedback import visiting
from observe.people import evaluators, leaving, memberships, networks, person_import, signin
from observe.people.access import Action, Actor, actor_of, can
from observe.people.directory import person_thing, place_named, user_for
from observe.people.memberships import PersonInput, RoleInput
from observe.people.models import Membership, Role, User
from observe.people.periods import Period, Place
from observe.privacy import consent
from observe.settings import SCHOOL_TIME, Settings
from observe.video.operations import recordings_of
from tests.factories import Cast, person, recording

DAY = timedelta(days=1)


def acting(session: Session, actor: Actor) -> Actor:
    return actor_of(session.get_one(User, actor.user_id), today())


def of(session: Session, actor: Actor) -> Membership:
    return session.get_one(User, actor.user_id).memberships[0]


def test_a_new_person_has_a_role_and_may_get_more(session: Session, cast: Cast) -> None:
    admin = cast.administrator
    there, here = Place(cast.other_school.id), Place(cast.school.id)
    user = memberships.add_person(
        session,
        PersonInput(" Nora  Ríos ", "Nora@Slep.cl"),
        RoleInput(Role.EDUCATOR, here),
        actor=admin,
    )
    assert (user.name, user.email) == ("Nora Ríos", "nora@slep.cl")
    assert user.reference is not None
    # educator here and UTP head there
    memberships.give_role(session, user.id, RoleInput(Role.UTP_HEAD, there), actor=admin)
    actor = actor_of(user, today())
    assert can(actor, Action.RECORD_SEE, person_thing(session.get_one(User, user.id)))
    lesson = recording(session, cast)
    assert not can(actor, Action.RECORDING_SEE, lesson.as_thing())
    assert {(row.role, row.school_id) for row in actor.standings} == {
        (Role.EDUCATOR, cast.school.id),
        (Role.UTP_HEAD, cast.other_school.id),
    }


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (PersonInput(""), "name"),
        (PersonInput("x" * 121), "name"),
        (PersonInput("Nora", "nora"), "email"),
        (PersonInput("Nora", "OBSERVER-ana-peñailillo@escuela.test"), "email"),
        (PersonInput("Nora", "", "observer-ana-peñailillo"), "reference"),
    ],
)
def test_what_does_not_fit_is_told_at_its_field(
    session: Session, cast: Cast, written: PersonInput, field: str
) -> None:
    role = RoleInput(Role.EDUCATOR, Place(cast.school.id))
    with pytest.raises(BadInputError) as error:
        memberships.add_person(session, written, role, actor=cast.administrator)
    assert error.value.field == field


def test_a_role_in_a_place_holds_once_at_a_time_and_may_come_back(
    session: Session, cast: Cast
) -> None:
    admin, user_id, here = cast.administrator, cast.educator.user_id, Place(cast.school.id)
    row = of(session, cast.educator)
    with pytest.raises(ConflictError):
        memberships.give_role(session, user_id, RoleInput(Role.EDUCATOR, here), actor=admin)
    memberships.change_days(session, row.id, Period(None, today() - 30 * DAY), actor=admin)
    assert not acting(session, cast.educator).standings
    again = RoleInput(Role.EDUCATOR, here, Period(today()))
    memberships.give_role(session, user_id, again, actor=admin)
    assert acting(session, cast.educator).has(Role.EDUCATOR)
    with pytest.raises(ConflictError):
        memberships.change_days(session, row.id, Period(), actor=admin)
    with pytest.raises(BadInputError):
        days = Period(today(), today() - DAY)
        memberships.change_days(session, row.id, days, actor=admin)
    with pytest.raises(BadInputError):
        memberships.give_role(session, user_id, RoleInput(Role.UTP_HEAD, Place()), actor=admin)


def test_who_leaves_keeps_her_records_and_comes_in_no_more(database: Database, cast: Cast) -> None:
    with database.write() as session:
        lesson_id = recording(session, cast).id
        link = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
        entered = signin.use_link(session, link, hours=1)
        unused = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
        memberships.leave(
            session, cast.observer.user_id, memberships.at_once(), actor=cast.administrator
        )
    with database.write() as session:
        assert signin.session_row(session, entered.secret) is None
        with pytest.raises(BadInputError):
            signin.use_link(session, unused, hours=1)
        lesson = recordings_of(session, actor=cast.observer)  # as she was before
        assert [row.id for row in lesson] == [lesson_id]
        assert lesson[0].observer.name == "Ana Peñailillo"
        gone = acting(session, cast.observer)
        assert not any(can(gone, action, lesson[0].as_thing()) for action in Action)
        # back again: her records are hers as before
        back = RoleInput(Role.OBSERVER, Place(cast.school.id), Period(today()))
        memberships.give_role(session, gone.user_id, back, actor=cast.administrator)
        assert can(acting(session, gone), Action.RECORDING_WATCH, lesson[0].as_thing())


def test_an_observer_who_changes_schools_leaves_the_lessons_there(
    session: Session, cast: Cast
) -> None:
    lesson, admin = recording(session, cast), cast.administrator
    there = RoleInput(Role.OBSERVER, Place(cast.other_school.id))
    memberships.give_role(session, cast.observer.user_id, there, actor=admin)
    row = next(
        each
        for each in session.get_one(User, cast.observer.user_id).memberships
        if each.school_id == cast.school.id
    )
    memberships.end_role(session, row.id, memberships.at_once(), actor=admin)
    moved = acting(session, cast.observer)
    assert moved.has(Role.OBSERVER)
    assert not can(moved, Action.RECORDING_SEE, lesson.as_thing())
    assert recordings_of(session, actor=moved) == []


def test_her_peer_visits_end_when_she_leaves(session: Session, cast: Cast) -> None:
    one, other = cast.educator.user_id, cast.outsider_educator.user_id
    until = today() + 30 * DAY
    visit = visiting.propose(session, one, other, until, actor=cast.network_lead)
    for actor in (cast.educator, cast.outsider_educator):
        visiting.agree(session, visit.id, actor=actor)
    assert visit.is_open(today())
    memberships.leave(session, one, memberships.at_once(), actor=cast.administrator)
    session.refresh(visit)
    assert not visit.is_open(today())
    assert visiting.visits_of(session, actor=cast.outsider_educator) == []


def test_a_peer_visit_is_over_after_the_last_day_of_one_of_the_two(
    session: Session, cast: Cast
) -> None:
    ids = cast.educator.user_id, cast.outsider_educator.user_id
    visit = visiting.propose(session, *ids, today() + 30 * DAY, actor=cast.network_lead)
    memberships.change_days(
        session,
        of(session, cast.educator).id,
        Period(None, today() + DAY),
        actor=cast.administrator,
    )
    assert visiting.thing_of(visit, today() + DAY).visitor_ids == set(ids)
    assert not visiting.thing_of(visit, today() + 2 * DAY).visitor_ids


def test_days_that_are_over_let_nobody_in(session: Session, cast: Cast) -> None:
    row = of(session, cast.educator)
    past = Period(None, memberships.at_once())
    memberships.change_days(session, row.id, past, actor=cast.administrator)
    assert not row.user.active
    user = of(session, cast.second_educator).user
    table = f"id,name,email,role,rbd,ends_on\n{user.reference},{user.name},{user.email},"
    table += f"educator,1234-5,{memberships.at_once()}\n"
    person_import.import_people(session, table, actor=cast.administrator)
    assert not user.active


def test_days_that_are_put_right_let_her_in_again(session: Session, cast: Cast) -> None:
    row = of(session, cast.educator)
    table = f"id,name,email,role,rbd,ends_on\n{row.user.reference},{row.user.name},"
    table += f"{row.user.email},educator,1234-5,{today() + DAY}\n"
    for put_right in (
        lambda: memberships.change_days(session, row.id, Period(), actor=cast.administrator),
        lambda: person_import.import_people(session, table, actor=cast.administrator),
    ):
        last = memberships.at_once()
        memberships.leave(session, cast.educator.user_id, last, actor=cast.administrator)
        assert not row.user.active
        put_right()
        session.refresh(row.user)
        assert row.user.active


def test_her_own_answers_are_taken_in_where_she_works_now(session: Session, cast: Cast) -> None:
    user = of(session, cast.educator).user
    elsewhere = RoleInput(Role.EDUCATOR, Place(school_id=cast.other_school.id), Period(today()))
    memberships.give_role(session, user.id, elsewhere, actor=cast.administrator)
    for head in (cast.utp_head, cast.outsider_utp_head):
        assert consent.educator_for(session, user.id, actor=head).educator is user
    before = of(session, cast.educator)
    past = Period(None, memberships.at_once())
    memberships.change_days(session, before.id, past, actor=cast.administrator)
    with pytest.raises(NotFoundError):
        consent.educator_for(session, user.id, actor=cast.utp_head)
    memberships.leave(session, user.id, memberships.at_once(), actor=cast.administrator)
    assert consent.educator_for(session, user.id, actor=cast.utp_head).educator is user


def test_a_last_day_to_come_leaves_her_in_until_then(session: Session, cast: Cast) -> None:
    last = today() + 3 * DAY
    memberships.leave(session, cast.educator.user_id, last, actor=cast.administrator)
    user = session.get_one(User, cast.educator.user_id)
    assert user.active
    assert actor_of(user, last).standings
    assert not actor_of(user, last + DAY).standings


def test_after_her_last_day_nobody_lets_her_in_any_more(
    database: Database, home: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    educator = cast.educator.user_id
    with database.write() as session:
        link = signin.create_link(session, educator, minutes=5, actor=cast.administrator)
        entered = signin.use_link(session, link, hours=100)
        memberships.leave(session, educator, today(), actor=cast.administrator)
    evening = datetime(2026, 5, 12, 23, tzinfo=SCHOOL_TIME)
    assert daily.ask_for_daily(home, database, evening) == []
    assert leaving.close_gone(database) == 0  # she is here until tonight
    tomorrow = today() + DAY
    for module in (leaving, memberships):
        monkeypatch.setattr(module, "today", lambda: tomorrow)
    (asked,) = daily.ask_for_daily(home, database, evening)
    assert asked.startswith(leaving.DAILY)
    assert leaving.close_gone(database) == 1
    assert leaving.close_gone(database) == 0
    with database.read() as session:
        assert signin.session_row(session, entered.secret) is None
        assert not session.get_one(User, educator).active
        assert session.get_one(User, cast.observer.user_id).active


def test_a_role_whose_days_are_over_brings_nobody_back(session: Session, cast: Cast) -> None:
    user_id = cast.observer.user_id
    memberships.leave(session, user_id, memberships.at_once(), actor=cast.administrator)
    past = Period(today() - 90 * DAY, today() - 60 * DAY)
    before = RoleInput(Role.UTP_HEAD, Place(cast.school.id), past)
    memberships.give_role(session, user_id, before, actor=cast.administrator)
    assert not session.get_one(User, user_id).active


def test_somebody_always_administers(session: Session, cast: Cast) -> None:
    admin = cast.administrator
    for attempt in (
        lambda: memberships.leave(session, admin.user_id, memberships.at_once(), actor=admin),
        lambda: memberships.end_role(session, of(session, admin).id, today(), actor=admin),
    ):
        nested = session.begin_nested()
        with pytest.raises(ConflictError):
            attempt()  # type: ignore[no-untyped-call]
        nested.rollback()
    person(session, "Olga Paz", Role.ADMINISTRATOR, None)
    memberships.leave(session, admin.user_id, memberships.at_once(), actor=admin)
    assert not acting(session, admin).standings


def test_an_administrator_of_a_school_gives_roles_there_and_nowhere_else(
    session: Session, cast: Cast
) -> None:
    own = person(session, "Pía Rey", Role.ADMINISTRATOR, cast.school)
    given = RoleInput(Role.OBSERVER, Place(cast.school.id))
    added = memberships.add_person(session, PersonInput("Quena"), given, actor=own)
    for place in (Place(cast.other_school.id), Place()):
        with pytest.raises((NotFoundError, NotAllowedError)):
            memberships.give_role(
                session, added.id, RoleInput(Role.ADMINISTRATOR, place), actor=own
            )
    memberships.leave(session, added.id, memberships.at_once(), actor=own)
    for stranger in (cast.administrator, cast.outsider_educator):
        with pytest.raises((NotFoundError, NotAllowedError)):
            memberships.leave(session, stranger.user_id, today(), actor=own)
    for actor in (cast.observer, cast.utp_head, cast.network_lead, cast.educator):
        with pytest.raises((NotFoundError, NotAllowedError)):
            memberships.add_person(session, PersonInput("Rosa"), given, actor=actor)


# --- networks -------------------------------------------------------------------------------------


def test_a_role_in_a_network_is_the_role_in_each_of_its_schools(
    session: Session, cast: Cast
) -> None:
    admin = cast.administrator
    network = networks.write_network(session, None, " Costa ", "1234\n", actor=admin)
    user = memberships.add_person(
        session,
        PersonInput("Sara"),
        RoleInput(Role.OBSERVER, place_named(session, "costa")),
        actor=admin,
    )
    assert {each.school_id for each in actor_of(user, today()).standings} == {cast.school.id}
    networks.write_network(session, network.id, "Costa", "1234-5, 6789-k", actor=admin)
    session.expire_all()
    seen = session.get_one(User, user.id)
    schools = {cast.school.id, cast.other_school.id}
    assert {each.school_id for each in actor_of(seen, today()).standings} == schools
    assert person_thing(seen).school_ids == schools
    assert user_for(session, str(user.id), actor=cast.utp_head).id == user.id
    with pytest.raises(ConflictError):
        networks.remove_network(session, network.id, actor=admin)


def test_lines_that_name_no_school_are_all_told(session: Session, cast: Cast) -> None:
    with pytest.raises(InvalidError) as error:
        networks.write_network(session, None, "Costa", "1234\n77\nx", actor=cast.administrator)
    assert len(error.value.problems) == 2
    for actor in (cast.network_lead, cast.utp_head, cast.observer):
        with pytest.raises(NotAllowedError):
            networks.write_network(session, None, "Costa", "1234", actor=actor)


# --- who evaluates --------------------------------------------------------------------------------


def test_who_also_evaluates_is_warned_as_long_as_it_is_so(session: Session, cast: Cast) -> None:
    observer, educator = cast.observer.user_id, cast.educator.user_id
    for actor in (cast.observer, cast.utp_head, cast.administrator):
        evaluators.note(session, observer, educator, actor=actor)
    (row,) = evaluators.evaluated_by(session, observer, actor=cast.observer)
    assert evaluators.also_evaluates(session, observer, educator)
    assert not evaluators.also_evaluates(session, observer, cast.second_educator.user_id)
    assert evaluators.evaluated_by(session, observer, actor=cast.educator) == []
    for actor in (*cast.outsiders, cast.educator):
        with pytest.raises(NotFoundError):
            evaluators.end(session, row.id, actor=actor)
    evaluators.end(session, row.id, actor=cast.utp_head)
    assert not evaluators.also_evaluates(session, observer, educator)
    assert row.ended_at is not None
    assert row.ended_at <= now()


def test_the_database_refuses_two_open_roles_and_impossible_days(
    database: Database, cast: Cast
) -> None:
    values = {"user_id": cast.educator.user_id, "role": Role.EDUCATOR}
    twice = Membership(**values, school_id=cast.school.id)
    wrong = Membership(**values, school_id=None, starts_on=today(), ends_on=today() - DAY)
    for row in (twice, wrong):
        with pytest.raises(sa.exc.IntegrityError), database.write() as session:
            session.add(row)


def test_what_lets_her_in_ends_before_the_trail_is_written(database: Database, cast: Cast) -> None:
    """As signing out does: at a hub, one of two that do it the other way round would fail."""
    said: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *told: said.append(told[2]))

    def ends_first() -> bool:
        ends = next(n for n, told in enumerate(said) if told.startswith("UPDATE sign_in_session"))
        return not any(told.startswith("INSERT INTO audit_entry") for told in said[:ends])

    last, actor = memberships.at_once(), cast.administrator
    with database.read() as session:
        role = of(session, cast.educator).id
        second = of(session, cast.second_educator).id
    for deed in (
        lambda session: memberships.leave(session, cast.observer.user_id, last, actor=actor),
        lambda session: memberships.end_role(session, role, last, actor=actor),
        lambda session: memberships.change_days(session, second, Period(None, last), actor=actor),
    ):
        with database.write() as session:
            said.clear()
            deed(session)
        assert ends_first()
    with database.write() as session:
        for each in (cast.utp_head, cast.network_lead):
            row = of(session, each)
            row.ends_on = last
    said.clear()
    assert leaving.close_gone(database) == 2
    assert ends_first()
    trail = next(n for n, told in enumerate(said) if told.startswith("INSERT INTO audit_entry"))
    assert not any(told.startswith("UPDATE sign_in") for told in said[trail:])
