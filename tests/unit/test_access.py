"""The policy table: complete, refusing by default, and closed to outsiders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.errors import NotAllowedError, NotFoundError
from observe.ids import new_id
from observe.people.access import (
    ALLOWED,
    SEEN_BY,
    Action,
    Actor,
    Relation,
    Standing,
    Thing,
    actor_of,
    can,
    relations,
    require,
)
from observe.people.models import Membership, Role, User

SCHOOL, OTHER = new_id(), new_id()
DAY = date(2026, 5, 12)
PACKAGE = Path(__file__).parents[2] / "observe"


def _actor(role: Role, school: UUID | None = SCHOOL) -> Actor:
    return Actor(new_id(), role.value, frozenset({Standing(role, school)}))


OBSERVER, EDUCATOR = _actor(Role.OBSERVER), _actor(Role.EDUCATOR)
UTP_HEAD, LEAD = _actor(Role.UTP_HEAD), _actor(Role.NETWORK_LEAD, None)
ADMINISTRATOR = _actor(Role.ADMINISTRATOR, None)
OUTSIDERS = [_actor(role, OTHER) for role in (Role.OBSERVER, Role.EDUCATOR, Role.UTP_HEAD)]


def _thing(kind: str) -> Thing:
    return Thing(
        kind,
        new_id(),
        school_ids=frozenset({SCHOOL}),
        observer_id=OBSERVER.user_id,
        educator_id=EDUCATOR.user_id,
    )


def test_every_action_has_its_row_and_every_relation_its_use() -> None:
    assert set(ALLOWED) == set(Action)
    assert set().union(*ALLOWED.values()) == set(Relation)


@pytest.mark.parametrize("outsider", OUTSIDERS, ids=lambda actor: actor.name)
@pytest.mark.parametrize("action", [a for a in Action if Relation.ANYONE not in ALLOWED[a]])
def test_the_outsider_may_do_nothing(outsider: Actor, action: Action) -> None:
    assert not can(outsider, action, _thing("recording"))


@pytest.mark.parametrize(
    ("actor", "action", "allowed"),
    [
        (OBSERVER, Action.RECORDING_WATCH, True),
        (OBSERVER, Action.FEEDBACK_PUBLISH, True),
        (OBSERVER, Action.FEEDBACK_ANSWER, False),
        (EDUCATOR, Action.FEEDBACK_SEE, True),
        (EDUCATOR, Action.FEEDBACK_ANSWER, True),
        (EDUCATOR, Action.RECORD_SEE, False),
        (EDUCATOR, Action.RECORDING_WATCH, False),
        (UTP_HEAD, Action.RECORD_SEE, True),
        (UTP_HEAD, Action.RECORD_COMMENT, True),
        (UTP_HEAD, Action.RECORDING_WATCH, False),
        (UTP_HEAD, Action.FEEDBACK_PUBLISH, False),
        (UTP_HEAD, Action.FEEDBACK_READ, True),
        (UTP_HEAD, Action.FEEDBACK_WATCH, False),
        (UTP_HEAD, Action.FEEDBACK_WATCH_BLURRED, True),
        (UTP_HEAD, Action.RECORDING_BLUR, False),
        (OBSERVER, Action.RECORDING_BLUR, True),
        (EDUCATOR, Action.RECORDING_BLUR, False),
        (OBSERVER, Action.RECORDING_EXPORT_UNBLURRED, True),
        (EDUCATOR, Action.RECORDING_EXPORT_UNBLURRED, False),
        (UTP_HEAD, Action.RECORDING_EXPORT_UNBLURRED, False),
        (LEAD, Action.RECORDING_EXPORT_UNBLURRED, False),
        (ADMINISTRATOR, Action.RECORDING_EXPORT_UNBLURRED, False),
        (LEAD, Action.FEEDBACK_WATCH_BLURRED, False),
        (ADMINISTRATOR, Action.FEEDBACK_WATCH_BLURRED, False),
        (OBSERVER, Action.RECORD_VERIFY, True),
        (UTP_HEAD, Action.RECORD_VERIFY, True),
        (EDUCATOR, Action.RECORD_VERIFY, False),
        (LEAD, Action.RECORD_VERIFY, False),
        (LEAD, Action.RECORD_SEE, False),
        (LEAD, Action.SCHOOL_SEE, True),
        (ADMINISTRATOR, Action.PERSON_IMPORT, True),
        (ADMINISTRATOR, Action.RECORD_SEE, False),
        (ADMINISTRATOR, Action.RECORDING_WATCH, False),
        (UTP_HEAD, Action.RECORD_REVIEW, True),
        (OBSERVER, Action.RECORD_REVIEW, False),
        (LEAD, Action.RECORD_REVIEW, False),
        (OBSERVER, Action.RECORD_ANSWER, True),
        (UTP_HEAD, Action.RECORD_ANSWER, False),
        (EDUCATOR, Action.RECORD_OWN_HISTORY, True),
        (UTP_HEAD, Action.AVERAGES_SEE, True),
        (UTP_HEAD, Action.AVERAGES_SEE_ALL, False),
        (LEAD, Action.AVERAGES_SEE_ALL, True),
        (OBSERVER, Action.AVERAGES_SEE, False),
        (ADMINISTRATOR, Action.AVERAGES_SEE, False),
    ],
)
def test_each_role_may_do_its_part(actor: Actor, action: Action, allowed: bool) -> None:
    assert can(actor, action, _thing("recording")) is allowed


COLLEAGUE = _actor(Role.OBSERVER)


def _asked(kind: str) -> Thing:
    """A thing of the observer's that a colleague of the school was asked to code too."""
    return replace(_thing(kind), assigned_ids=frozenset({COLLEAGUE.user_id}))


def test_a_colleague_may_only_see_watch_and_code_what_she_was_asked_to() -> None:
    hers = {Action.RECORDING_SEE, Action.RECORDING_WATCH, Action.OBSERVATION_START}
    asked = {action for action in Action if can(COLLEAGUE, action, _asked("recording"))}
    without = {action for action in Action if can(COLLEAGUE, action, _thing("recording"))}
    assert asked - without == hers
    for action in (Action.RECORDING_PREPARE, Action.RECORDING_CONSENT, Action.RECORDING_BLUR):
        with pytest.raises(NotAllowedError):
            require(COLLEAGUE, action, _asked("recording"))


def test_only_the_observer_of_a_lesson_asks_a_colleague() -> None:
    asking = [OBSERVER, COLLEAGUE, EDUCATOR, UTP_HEAD, LEAD, ADMINISTRATOR, *OUTSIDERS]
    able = [each for each in asking if can(each, Action.RECORDING_ASSIGN, _asked("recording"))]
    assert able == [OBSERVER]


def test_a_refusal_admits_only_what_may_be_seen() -> None:
    record = _thing("record")
    with pytest.raises(NotAllowedError):
        require(UTP_HEAD, Action.FEEDBACK_PUBLISH, record)
    with pytest.raises(NotFoundError):
        require(OUTSIDERS[0], Action.FEEDBACK_PUBLISH, record)


def _kinds(path: Path) -> Iterator[str]:
    """Return the kinds of things that a module makes, first or named argument of `Thing`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in ("Thing", "_thing"):
            named = [each.value for each in node.keywords if each.arg == "kind"]
            for value in [*node.args[:1], *named]:
                if isinstance(value, ast.Constant):
                    yield str(value.value)


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


def test_every_kind_of_thing_says_who_may_see_it() -> None:
    made = {kind for path in PACKAGE.rglob("*.py") for kind in _kinds(path)}
    assert made - {"any"} == set(SEEN_BY), "`any` stands for no thing: guards only ask about it"
    assert set(SEEN_BY.values()) <= set(ALLOWED)


def test_a_link_is_made_only_by_who_administers_all_that_she_becomes() -> None:
    of_school = _actor(Role.ADMINISTRATOR)
    standings = {Standing(Role.ADMINISTRATOR, school) for school in (SCHOOL, OTHER)}
    of_both = Actor(new_id(), "both", frozenset(standings))
    things = (
        Thing("person", school_ids=frozenset({SCHOOL})),
        Thing("person", school_ids=frozenset({SCHOOL, OTHER})),
        Thing("person", school_ids=frozenset({SCHOOL}), in_territory=True),
        Thing("person"),
    )
    allowed = [
        [can(actor, Action.PERSON_LINK, thing) for thing in things]
        for actor in (of_school, of_both, ADMINISTRATOR)
    ]
    assert allowed == [[True, False, False, False], [True, True, False, False], [True] * 4]


def _user(starts: date | None, ends: date | None, *, active: bool = True) -> User:
    membership = Membership(role=Role.OBSERVER, school_id=SCHOOL, starts_on=starts, ends_on=ends)
    return User(id=new_id(), name="Ana", active=active, memberships=[membership])


@given(st.none() | st.dates(), st.none() | st.dates(), st.dates())
def test_a_membership_holds_between_its_days(
    starts: date | None, ends: date | None, on: date
) -> None:
    holds = (starts or date.min) <= on <= (ends or date.max)
    assert bool(actor_of(_user(starts, ends), on).standings) is holds


def test_who_left_or_was_put_to_rest_may_do_nothing() -> None:
    left = actor_of(_user(None, DAY - timedelta(days=1)), DAY)
    resting = actor_of(_user(None, None, active=False), DAY)
    for actor in (left, resting):
        own = Thing("recording", new_id(), frozenset({SCHOOL}), observer_id=actor.user_id)
        assert not any(can(actor, action, own) for action in Action)


def test_an_observer_of_two_things_has_only_her_relations() -> None:
    assert relations(OBSERVER, _thing("recording")) == {
        Relation.ANYONE,
        Relation.OBSERVER,
        Relation.SCHOOL_OBSERVER,
    }
