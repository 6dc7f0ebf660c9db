"""Averages are given out by a network lead, once, and stay as they were given."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Observation
from observe.db import Database, today
from observe.errors import ConflictError, NotFoundError
from observe.feedback.models import LessonMean
from observe.people.access import Actor, actor_of
from observe.people.models import ClassGroup, Membership, Network, Role, School, User
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.records import releases
from observe.records.models import AverageRelease, ReleasedObservation
from tests.database.test_rights import asked
from tests.factories import Cast, person, recording
from tests.feedback_cases import submitted


def coded(session: Session, cast: Cast, school: School, names: Sequence[str]) -> list[Observation]:
    """Code a lesson of each of these educators of a school."""
    group = ClassGroup(school=school, name=f"2° {len(names)}", year=2026)
    session.add(group)
    session.flush()
    observer = cast.observer if school is cast.school else cast.outsider_observer
    found = []
    for name in names:
        lesson = recording(session, cast)
        lesson.educator_id = person(session, name, Role.EDUCATOR, school).user_id
        lesson.class_group_id, lesson.observer_id = group.id, observer.user_id
        session.flush()
        session.expire(lesson)
        found.append(submitted(session, cast, lesson, actor=observer))
    return found


@pytest.fixture
def five(session: Session, cast: Cast) -> list[Observation]:
    """Five educators of the school, and two of the other one."""
    coded(session, cast, cast.other_school, ["Uno O", "Dos O"])
    return coded(session, cast, cast.school, ["Uno", "Dos", "Tres", "Cuatro", "Cinco"])


def test_a_release_shows_the_school_and_not_the_two(
    session: Session, cast: Cast, five: list[Observation]
) -> None:
    (told,) = releases.waiting(session, actor=cast.network_lead)
    assert (told.educators, told.schools, told.shown_schools, told.pooled) == (7, 2, 1, False)
    releases.release(session, actor=cast.network_lead)
    (shown,) = releases.releases_for(session, actor=cast.network_lead)
    (table,) = shown.tables
    ((name, cell),) = table.own
    assert (name, cell.educators, table.missing) == ("Escuela Los Aromos", 5, False)
    means = session.execute(
        sa.select(LessonMean.dimension, sa.func.avg(LessonMean.mean))
        .where(LessonMean.observation_id.in_([each.id for each in five]))
        .group_by(LessonMean.dimension)
    )
    assert {key: each.mean for key, each in cell.means.items()} == {
        key: pytest.approx(mean, abs=0.006) for key, mean in means
    }
    assert len(session.scalars(sa.select(ReleasedObservation)).all()) == 5


def test_what_is_blocked_waits_for_a_later_release(
    session: Session, cast: Cast, five: list[Observation]
) -> None:
    blocked = five[0].recording.educator_id
    request = asked(session, cast, kind=RequestKind.BLOCKING, user_id=blocked)
    requests.block(session, request.id, actor=cast.administrator)
    (told,) = releases.waiting(session, actor=cast.network_lead)
    assert (told.educators, told.shown_schools) == (6, 0)
    requests.lift(session, request.id, actor=cast.administrator)
    (told,) = releases.waiting(session, actor=cast.network_lead)
    assert (told.educators, told.shown_schools) == (7, 1)


def test_a_school_sees_its_own_row_and_one_of_two_sees_none(
    session: Session, cast: Cast, five: list[Observation]
) -> None:
    releases.release(session, actor=cast.network_lead)
    (own,) = releases.releases_for(session, actor=cast.utp_head)
    assert [name for name, _cell in own.tables[0].own] == ["Escuela Los Aromos"]
    (other,) = releases.releases_for(session, actor=cast.outsider_utp_head)
    assert (other.tables[0].own, other.tables[0].missing) == ((), True)


def test_a_lead_and_a_reader_see_the_cells_of_their_own_schools_alone(
    session: Session, cast: Cast, five: list[Observation]
) -> None:
    coded(session, cast, cast.other_school, ["Tres O", "Cuatro O", "Cinco O"])
    here, both = (
        Network(name=name, schools=schools)
        for name, schools in (("A", [cast.school]), ("B", [cast.school, cast.other_school]))
    )
    session.add_all([here, both])
    releases.release(session, actor=cast.network_lead)

    def seen(actor: Actor) -> list[str]:
        (shown,) = releases.releases_for(session, actor=actor)
        (table,) = shown.tables
        assert len(table.everybody) == 2
        assert not table.missing
        return [name for name, _cell in table.own]

    def of_network(role: Role, network: Network) -> Actor:
        row = Membership(user=User(name="Olga", reference=network.name + role), role=role)
        row.network = network
        session.add(row)
        session.flush()
        session.refresh(row)
        return actor_of(row.user, today())

    everywhere = ["Escuela Los Aromos", "Escuela O'Higgins"]
    for role in (Role.NETWORK_LEAD, Role.READER):
        assert seen(of_network(role, here)) == everywhere[:1]
        of_both = of_network(role, both)
        assert seen(of_both) == everywhere
        with pytest.raises(NotFoundError):
            releases.release(session, actor=of_both)
    assert seen(person(session, "Rita", Role.READER, None)) == everywhere
    assert seen(person(session, "Rosa", Role.READER, cast.other_school)) == everywhere[1:]


def test_nobody_else_gives_out_or_sees(
    session: Session, cast: Cast, five: list[Observation]
) -> None:
    others: list[Actor] = [cast.observer, cast.educator, cast.administrator, cast.utp_head]
    for actor in [*others, *cast.outsiders]:
        with pytest.raises(NotFoundError):
            releases.release(session, actor=actor)
        assert releases.waiting(session, actor=actor) == []
    releases.release(session, actor=cast.network_lead)
    for actor in (cast.observer, cast.educator, cast.administrator, *cast.outsiders[:2]):
        assert releases.releases_for(session, actor=actor) == []


def test_one_more_educator_cannot_be_told_by_giving_out_again(
    session: Session, cast: Cast, five: list[Observation]
) -> None:
    releases.release(session, actor=cast.network_lead)
    before = releases.releases_for(session, actor=cast.network_lead)
    coded(session, cast, cast.school, ["Seis"])
    with pytest.raises(ConflictError, match="five educators"):
        releases.release(session, actor=cast.network_lead)
    # Nor by what becomes of those that were given out.
    session.execute(
        sa.update(LessonMean).where(LessonMean.observation_id == five[0].id).values(mean=1.0)
    )
    assert releases.releases_for(session, actor=cast.network_lead) == before
    coded(session, cast, cast.school, ["A", "B", "C", "D"])
    releases.release(session, actor=cast.network_lead)
    newest, oldest = releases.releases_for(session, actor=cast.network_lead)
    assert [oldest] == before
    assert newest.tables[0].own[0][1].educators == 5


def test_what_was_given_out_names_nobody_and_never_changes(database: Database, cast: Cast) -> None:
    with database.write() as session:
        found = coded(session, cast, cast.school, ["Uno", "Dos", "Tres", "Cuatro", "Cinco"])
        ids = {str(each.id) for each in found} | {str(each.recording.educator_id) for each in found}
        document = releases.release(session, actor=cast.network_lead).document
    assert not any(each in document for each in ids)
    assert json.loads(document)[0]["educators"] == 5
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.write() as session:
        session.execute(sa.update(AverageRelease).values(document="[]"))
