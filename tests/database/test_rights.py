"""Requests about a person's data: registered, blocked, answered, corrected; and the breaches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, now
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.feedback import halting
from observe.ids import new_id
from observe.people import audit, class_lists
from observe.people.access import Actor
from observe.people.models import AuditEntry, Membership, Role, School, User
from observe.privacy import breaches, reach, requests
from observe.privacy.clocks import Law, RequestKind
from observe.privacy.notices import NoticeKind
from observe.privacy.request_models import About, Channel, RequestState, RightsRequest
from observe.privacy.requests import Asked
from observe.video.models import Recording
from observe.video.operations import LessonDetails, check_details
from tests.factories import Cast, lesson, person, recording

LAW = date(2026, 12, 1)
CAME_IN = date(2026, 12, 7)
ACCESS = Asked(RequestKind.ACCESS, About.PERSON, CAME_IN, Channel.LETTER, words="¿Qué hay mío?")


def of(cast: Cast, **changes: Any) -> Asked:
    return replace(ACCESS, **({"user_id": cast.educator.user_id} | changes))


def asked(session: Session, cast: Cast, **changes: Any) -> RightsRequest:
    return requests.register(session, of(cast, **changes), today=CAME_IN, actor=cast.administrator)


def entries(session: Session, action: str) -> list[dict[str, Any]]:
    rows = sa.select(AuditEntry.details).where(AuditEntry.action == action)
    return [json.loads(each) for each in session.scalars(rows)]


# --- registering and finding ----------------------------------------------------------------------


def test_a_request_is_registered_with_its_clocks(session: Session, cast: Cast) -> None:
    found = asked(session, cast, asks_block=True)
    standing = requests.standing_of(found, today=CAME_IN, new_law_from=LAW)
    assert standing.law is Law.OF_2024
    assert [clock.due_on for clock in standing.clocks] == [date(2026, 12, 10), date(2027, 1, 6)]
    assert not standing.overdue
    late = requests.standing_of(found, today=date(2026, 12, 11), new_law_from=LAW)
    assert late.overdue
    assert "¿Qué hay mío?" not in json.dumps(entries(session, "rights.registered"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"received_on": CAME_IN + timedelta(days=1)}, "received_on"),
        ({"received_on": date(2016, 12, 7)}, "received_on"),
        ({"user_id": None}, "user_id"),
        ({"about": About.CHILD}, "class_group_id"),
        ({"about": About.CHILD, "class_group_id": new_id(), "list_number": 0}, "list_number"),
        ({"about": About.CHILD, "class_group_id": new_id(), "list_number": 1000}, "list_number"),
        ({"about": About.OTHER, "who": " "}, "who"),
        ({"words": "a" * 4001}, "words"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    session: Session, cast: Cast, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInputError) as refused:
        asked(session, cast, **changes)
    assert refused.value.field == field


def test_any_number_that_a_class_list_takes_can_be_asked_about(
    session: Session, cast: Cast
) -> None:
    number, group_id = class_lists.LARGEST_NUMBER, cast.class_group.id
    class_lists.write_class_list(session, group_id, f"{number} Ana", actor=cast.observer)
    found = asked(session, cast, about=About.CHILD, class_group_id=group_id, list_number=number)
    assert requests.child_of(session, found) is not None


def test_only_she_herself_and_who_administers_all_her_schools(session: Session, cast: Cast) -> None:
    found = asked(session, cast)
    of_school = person(session, "Nora Paz", Role.ADMINISTRATOR, cast.school)
    of_another = person(session, "Olga Pino", Role.ADMINISTRATOR, cast.other_school)
    others = (cast.observer, cast.utp_head, cast.network_lead, cast.second_educator, of_another)
    for actor in (*others, *cast.outsiders):
        with pytest.raises(NotFoundError):
            requests.request_for(session, found.id, actor=actor)
        with pytest.raises(NotFoundError):
            requests.register(session, of(cast), today=CAME_IN, actor=actor)
        assert requests.requests_of(session, actor=actor) == []
    for actor in (of_school, cast.administrator):
        assert requests.requests_of(session, actor=actor) == [found]
    assert requests.request_for(session, found.id, actor=cast.educator) is found
    with pytest.raises(NotAllowedError):
        requests.block(session, found.id, actor=cast.educator)
    own = requests.register(session, of(cast), today=CAME_IN, actor=cast.educator)
    assert requests.own_requests(session, actor=cast.educator) == [found, own]


def test_what_waits_longest_stands_first_and_what_is_late_is_counted(
    session: Session, cast: Cast
) -> None:
    new, old = asked(session, cast), asked(session, cast, received_on=date(2026, 12, 2))
    ended = asked(session, cast)
    _close(session, cast, ended.id)
    assert requests.requests_of(session, actor=cast.administrator) == [old, new, ended]
    on = {"today": date(2027, 1, 4), "new_law_from": LAW}
    assert requests.overdue_count(session, actor=cast.administrator, **on) == 1
    assert requests.overdue_count(session, actor=cast.observer, **on) == 0


# --- blocking and holding -------------------------------------------------------------------------


def test_a_block_reaches_her_lessons_until_it_is_lifted(database: Database, cast: Cast) -> None:
    with database.write() as session:
        hers = recording(session, cast).id
        other = recording(session, cast)
        other.educator_id = cast.second_educator.user_id
        request_id = asked(session, cast, kind=RequestKind.BLOCKING).id
        other_id = other.id
    assert _blocked(database, hers, other_id) == [False, False]
    with database.write() as session:
        requests.block(session, request_id, actor=cast.administrator)
    assert _blocked(database, hers, other_id) == [True, False]
    with database.write() as session:
        details = LessonDetails(**lesson(cast))  # type: ignore[arg-type]
        with pytest.raises(BadInputError, match="no lesson of this educator"):
            check_details(session, details, actor=cast.observer)
        with pytest.raises(ConflictError):
            requests.block(session, request_id, actor=cast.administrator)
        _close(session, cast, request_id)
    assert _blocked(database, hers, other_id) == [True, False], "an answer does not lift it"
    with database.write() as session:
        requests.lift(session, request_id, actor=cast.administrator)
        assert len(entries(session, "rights.lifted")) == 1
    assert _blocked(database, hers, other_id) == [False, False]


def _blocked(database: Database, *ids: UUID) -> list[bool]:
    with database.read() as session:
        return [session.get_one(Recording, each).blocked for each in ids]


def test_a_block_for_a_child_reaches_the_lessons_of_its_class(
    database: Database, cast: Cast
) -> None:
    with database.write() as session:
        hers = recording(session, cast).id
        found = _for_child(session, cast)
        requests.block(session, found.id, actor=cast.administrator)
        assert halting.reached(session, found) == 1
        nobodys = asked(session, cast, user_id=cast.observer.user_id)
        assert halting.reached(session, nobodys) == 0
    assert _blocked(database, hers) == [True]


def _for_child(session: Session, cast: Cast) -> RightsRequest:
    group_id = cast.class_group.id
    child = of(cast, about=About.CHILD, class_group_id=group_id, list_number=12, who="Su mamá")
    return requests.register(session, child, today=CAME_IN, actor=cast.administrator)


def test_an_open_request_holds_and_so_does_a_block(session: Session, cast: Cast) -> None:
    educator_id, group_id = cast.educator.user_id, cast.class_group.id
    found = asked(session, cast)
    assert reach.held(session, educator_id=educator_id) == (found.id,)
    assert reach.held(session, educator_id=cast.second_educator.user_id) == ()
    assert reach.held(session, class_group_id=group_id) == ()
    of_child = _for_child(session, cast)
    assert of_child.user_id is None
    both = reach.held(session, educator_id=educator_id, class_group_id=group_id)
    assert both == (found.id, of_child.id)
    requests.block(session, of_child.id, actor=cast.administrator)
    for each in (found, of_child):
        _close(session, cast, each.id)
    assert reach.held(session, educator_id=educator_id, class_group_id=group_id) == (of_child.id,)


def test_a_holiday_of_the_place_counts_where_all_her_schools_lie_there(
    session: Session, cast: Cast
) -> None:
    def block_due(request: RightsRequest) -> date | None:
        day = date(2026, 8, 20)
        standing = requests.standing_of(request, today=day, new_law_from=date(2026, 1, 1))
        return standing.block.due_on if standing.block else None

    found, of_child = asked(session, cast, kind=RequestKind.BLOCKING), _for_child(session, cast)
    of_child.asks_block = True
    for each in (found, of_child):
        each.received_on = date(2026, 8, 19)
        assert block_due(each) == date(2026, 8, 21)
    session.get_one(School, cast.class_group.school_id).commune = "CHILLÁN"
    session.flush()
    for each in (found, of_child):
        assert block_due(each) == date(2026, 8, 24), "Thursday the 20th is a holiday in Chillán"
    person = session.get_one(User, cast.educator.user_id)
    elsewhere = session.scalars(sa.select(School).where(School.commune == "Penco")).one()
    person.memberships.append(
        Membership(role=Role.EDUCATOR, school_id=elsewhere.id, starts_on=CAME_IN)
    )
    session.flush()
    session.expire_all()
    assert block_due(found) == date(2026, 8, 21)


def test_nobody_known_cannot_be_blocked(session: Session, cast: Cast) -> None:
    other = of(cast, about=About.OTHER, who="Una practicante")
    found = requests.register(session, other, today=CAME_IN, actor=cast.administrator)
    with pytest.raises(ConflictError):
        requests.block(session, found.id, actor=cast.administrator)


# --- answering ------------------------------------------------------------------------------------


def _close(
    session: Session,
    cast: Cast,
    request_id: UUID,
    state: RequestState = RequestState.ANSWERED,
    text: str = "Se entregó la copia.",
    on: date = CAME_IN,
) -> RightsRequest:
    return requests.close(
        session, request_id, state, text, on=on, today=CAME_IN, actor=cast.administrator
    )


def test_an_answer_has_its_text_and_day(session: Session, cast: Cast) -> None:
    found = asked(session, cast)
    with pytest.raises(BadInputError):
        _close(session, cast, found.id, RequestState.REFUSED, text="  ")
    with pytest.raises(BadInputError):
        _close(session, cast, found.id, on=CAME_IN - timedelta(days=1))
    with pytest.raises(BadInputError):
        _close(session, cast, found.id, RequestState.OPEN)
    slip = asked(session, cast)
    _close(session, cast, slip.id, RequestState.MISTAKEN, "Era de otra educadora.")
    assert reach.held(session, educator_id=cast.educator.user_id) == (found.id,)
    _close(session, cast, found.id, RequestState.REFUSED, "No es suyo.")
    assert (found.state, found.answer) == (RequestState.REFUSED, "No es suyo.")
    assert found.answered_on == CAME_IN
    with pytest.raises(ConflictError):
        _close(session, cast, found.id)


@pytest.mark.parametrize(
    "statement", ["UPDATE rights_request SET answer = 'otra'", "DELETE FROM rights_request"]
)
def test_what_was_ended_stays_as_it_was(database: Database, cast: Cast, statement: str) -> None:
    with database.write() as session:
        _close(session, cast, asked(session, cast).id)
    with pytest.raises(sa.exc.DBAPIError), database.write() as session:
        session.execute(sa.text(statement))


def test_more_time_is_taken_once_and_only_where_the_law_gives_it(
    session: Session, cast: Cast
) -> None:
    found, older = asked(session, cast), asked(session, cast, received_on=date(2026, 11, 27))
    due = date(2027, 1, 6)
    asks: dict[str, Any] = {"new_law_from": LAW, "actor": cast.administrator}
    assert requests.standing_of(found, today=due, new_law_from=LAW).may_extend
    late = due + timedelta(days=1)
    assert not requests.standing_of(found, today=late, new_law_from=LAW).may_extend
    with pytest.raises(ConflictError, match="days are over"):
        requests.extend(session, found.id, "Tarde.", today=late, **asks)
    requests.extend(session, found.id, "Son muchos videos.", today=due, **asks)
    standing = requests.standing_of(found, today=CAME_IN, new_law_from=LAW)
    assert standing.answer is not None
    assert standing.answer.due_on == date(2027, 2, 5)
    for request_id in (found.id, older.id):
        with pytest.raises(ConflictError):
            requests.extend(session, request_id, "Otra vez", today=CAME_IN, **asks)


# --- correcting -----------------------------------------------------------------------------------


def test_the_trail_tells_what_was_corrected_and_no_name(session: Session, cast: Cast) -> None:
    found = asked(session, cast, kind=RequestKind.RECTIFICATION)
    user = session.get_one(User, cast.educator.user_id)
    user.reference = reference = None  # made before people had ids
    _correct(session, found.id, cast.administrator, "Berta O'Brien Soto", "Berta@Escuela.test")
    assert (user.name, user.email) == ("Berta O'Brien Soto", "berta@escuela.test")
    assert user.reference == reference, "a table exported before knows her by it"
    told = entries(session, "person.corrected")[0]
    assert told["fields"] == ["email", "name"]
    trail = " ".join(session.scalars(sa.select(AuditEntry.details)))
    assert "Berta" not in trail
    assert "escuela.test" not in trail
    assert audit.first_broken(session) is None
    with pytest.raises(ConflictError, match="different"):
        _correct(session, found.id, cast.administrator, user.name, "berta@escuela.test")
    with pytest.raises(BadInputError, match="Another person"):
        taken = session.get_one(User, cast.observer.user_id).email or ""
        _correct(session, found.id, cast.administrator, user.name, taken)
    with pytest.raises(BadInputError):
        _correct(session, found.id, cast.administrator, user.name, "sin arroba")
    with pytest.raises(NotFoundError):
        _correct(session, found.id, cast.observer, "Otra", "")
    _correct(session, found.id, cast.administrator, "Berta\u202e  Soto\u200b", "")
    assert user.name == "Berta Soto"
    other = asked(session, cast)  # for a copy
    with pytest.raises(ConflictError, match="asks for no correction"):
        _correct(session, other.id, cast.administrator, "Otra", "")


def _correct(session: Session, request_id: UUID, actor: Actor, name: str, email: str) -> None:
    requests.correct(session, request_id, name=name, email=email, actor=actor)


# --- breaches -------------------------------------------------------------------------------------


def test_a_breach_demands_its_notices_and_is_closed_when_they_are_given(
    session: Session, cast: Cast
) -> None:
    at = now() - timedelta(days=4)
    told = breaches.Told(at, "Se perdió un notebook.", young_children=True)
    breach = breaches.register(session, told, actor=cast.administrator)
    early = date(2026, 1, 1)
    due = breaches.due_of(breach, new_law_from=early)
    assert [each.kind for each in due] == [
        *(NoticeKind.PROVIDER, NoticeKind.AGENCY, NoticeKind.PEOPLE, NoticeKind.FAMILIES)
    ]
    assert breaches.late_count(session, actor=cast.administrator, new_law_from=early) == 4
    with pytest.raises(ConflictError, match="still waits"):
        _close_breach(session, cast, breach.id, early)
    for each in due:
        breaches.tell(session, breach.id, each.kind, "Por carta.", actor=cast.administrator)
    with pytest.raises(ConflictError):
        breaches.tell(session, breach.id, NoticeKind.PEOPLE, "Otra", actor=cast.administrator)
    assert all(each.late for each in breaches.due_of(breach, new_law_from=early))
    _close_breach(session, cast, breach.id, early)
    with pytest.raises(ConflictError):
        breaches.correct(session, breach.id, told, actor=cast.administrator)
    assert "notebook" not in json.dumps(entries(session, "breach.registered"))


def _close_breach(session: Session, cast: Cast, breach_id: UUID, law: date) -> None:
    breaches.close(session, breach_id, today=CAME_IN, new_law_from=law, actor=cast.administrator)


def test_the_register_is_for_who_administers_the_whole_territory(
    session: Session, cast: Cast
) -> None:
    of_school = person(session, "Nora Paz", Role.ADMINISTRATOR, cast.school)
    for actor in (of_school, cast.network_lead, cast.utp_head, cast.observer, cast.educator):
        with pytest.raises(NotFoundError):
            breaches.breaches(session, actor=actor)
        assert breaches.late_count(session, actor=actor, new_law_from=LAW) == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"happened": " "}, "happened"),
        ({"discovered_at": now() + timedelta(days=1)}, "discovered_at"),
    ],
)
def test_a_breach_needs_what_happened_and_when(
    session: Session, cast: Cast, changes: dict[str, Any], field: str
) -> None:
    told = replace(breaches.Told(now(), "Algo"), **changes)
    with pytest.raises(BadInputError) as refused:
        breaches.register(session, told, actor=cast.administrator)
    assert refused.value.field == field
