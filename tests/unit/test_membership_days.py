"""A thousand random policies of membership dates and places keep what must always hold."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from observe.ids import new_id
from observe.people.access import (
    ALLOWED,
    Action,
    Actor,
    Relation,
    Standing,
    Thing,
    actor_of,
    can,
    relations,
)
from observe.people.memberships import IN_A_SCHOOL, fits
from observe.people.models import Membership, Network, Role, School, User
from observe.people.periods import Period, Place, meeting

SCHOOLS = [School(id=new_id(), rbd=f"{n}-{n}", name=f"Escuela {n}", commune="") for n in range(4)]
NETWORKS = [
    Network(id=new_id(), name="Costa", schools=SCHOOLS[:2]),
    Network(id=new_id(), name="Cordillera", schools=SCHOOLS[1:3]),
    Network(id=new_id(), name="Vacía", schools=[]),
]
FIRST = date(2026, 3, 1)

days = st.integers(0, 300).map(lambda n: FIRST + timedelta(days=n))
periods = st.builds(Period, st.none() | days, st.none() | days).filter(lambda each: each.possible)
places = st.sampled_from(
    [
        Place(),
        *(Place(school_id=school.id) for school in SCHOOLS),
        *(Place(network_id=network.id) for network in NETWORKS),
    ]
)


@st.composite
def memberships(draw: st.DrawFn) -> Membership:
    role, place = draw(
        st.tuples(st.sampled_from(Role), places).filter(lambda each: fits(each[0], each[1]))
    )
    period = draw(periods)
    network = next((each for each in NETWORKS if each.id == place.network_id), None)
    return Membership(
        role=role,
        school_id=place.school_id,
        network_id=place.network_id,
        network=network,
        starts_on=period.starts,
        ends_on=period.ends,
    )


def user(rows: list[Membership], *, active: bool = True) -> User:
    return User(id=new_id(), name="Ana", active=active, memberships=rows)


def by_hand(rows: list[Membership], on: date) -> set[Standing]:
    """The roles that hold on a day, a school at a time, without the code that is tested."""
    found = set()
    for row in rows:
        if row.starts_on is not None and on < row.starts_on:
            continue
        if row.ends_on is not None and row.ends_on < on:
            continue
        if row.network_id is not None:
            schools = next(each for each in NETWORKS if each.id == row.network_id).schools
            found |= {Standing(row.role, school.id) for school in schools}
        else:
            found.add(Standing(row.role, row.school_id))
    return found


def things(actor: Actor) -> list[Thing]:
    """A thing of each school that names the actor as everything one can be named."""
    own = frozenset({actor.user_id})
    return [
        Thing(
            kind,
            new_id(),
            frozenset({school.id}),
            observer_id=actor.user_id,
            recorder_ids=own,
            assigned_ids=own,
            educator_id=actor.user_id,
            visitor_ids=own,
            made_in=school.id,
        )
        for school in SCHOOLS
        for kind in ("recording", "record", "feedback", "person", "school")
    ]


def school_of(thing: Thing) -> UUID:
    assert thing.made_in is not None
    return thing.made_in


@settings(max_examples=1_000)
@given(st.lists(memberships(), max_size=6), days)
def test_what_always_holds(rows: list[Membership], on: date) -> None:
    actor = actor_of(user(rows), on)
    assert actor.standings == by_hand(rows, on)
    assert not actor_of(user(rows, active=False), on).standings
    observes = {each.school_id for each in actor.standings if each.role is Role.OBSERVER}
    heads = {each.school_id for each in actor.standings if each.role is Role.UTP_HEAD}
    teaches = actor.has(Role.EDUCATOR)
    for thing in things(actor):
        found, school = relations(actor, thing), school_of(thing)
        there = bool(observes & {school, None})
        # What she did where she no longer observes is not hers to open any more.
        assert bool(found & {Relation.OBSERVER, Relation.ASSIGNED, Relation.RECORDER}) is there
        assert (Relation.SCHOOL_UTP_HEAD in found) is (school in heads)
        assert (Relation.EDUCATOR in found) is teaches
        assert (Relation.PEER_VISITOR in found) is teaches
        # Raw video: the observer assigned to it, while she observes there, and nobody else.
        assert can(actor, Action.RECORDING_WATCH, thing) is there
        if not actor.standings:
            assert not any(can(actor, action, thing) for action in Action)


@given(st.lists(memberships(), max_size=6), days)
def test_a_day_more_of_nothing_changes_nothing(rows: list[Membership], on: date) -> None:
    """What one may do comes from the roles of that day alone: others, before or after, add none."""
    whole = actor_of(user(rows), on)
    today = actor_of(user([row for row in rows if row.period.holds(on)]), on)
    assert whole.standings == today.standings


@given(st.lists(periods, max_size=5), periods)
def test_periods_meet_when_they_share_a_day(others: list[Period], period: Period) -> None:
    every = [FIRST + timedelta(days=n) for n in range(-1, 302)]
    shared = any(period.holds(day) and other.holds(day) for day in every for other in others)
    assert meeting(period, others) is shared


@given(periods, days)
def test_a_period_cut_short_holds_no_day_after(period: Period, last: date) -> None:
    kept = period.until(last)
    every = [FIRST + timedelta(days=n) for n in range(-1, 302)]
    held = [day for day in every if period.holds(day) and day <= last]
    assert [day for day in every if kept is not None and kept.holds(day)] == held


def test_educators_and_utp_heads_are_of_a_school() -> None:
    for role in Role:
        assert fits(role, Place(school_id=SCHOOLS[0].id))
        for place in (Place(), Place(network_id=NETWORKS[0].id)):
            assert fits(role, place) is (role not in IN_A_SCHOOL)


def test_nobody_but_the_observer_is_named_for_raw_video() -> None:
    for action in (Action.RECORDING_WATCH, Action.RECORDING_EXPORT_UNBLURRED):
        assert ALLOWED[action] <= {Relation.OBSERVER, Relation.ASSIGNED}


def test_the_network_lead_and_the_reader_see_nothing_of_one_person_or_lesson() -> None:
    of_one = [
        action
        for action in Action
        if action.value.split(".")[0] in ("recording", "observation", "record", "feedback")
    ]
    for relation in (Relation.NETWORK_LEAD, Relation.SCHOOL_READER, Relation.ADMINISTRATOR):
        allowed = [action for action in of_one if relation in ALLOWED[action]]
        if relation is Relation.ADMINISTRATOR:
            assert allowed == [Action.RECORDING_ERASE, Action.OBSERVATION_IMPORT_FOR]
        else:
            assert allowed == []
    reader = {action for action in Action if Relation.SCHOOL_READER in ALLOWED[action]}
    assert reader == {Action.AVERAGES_SEE}
