"""The policy, written a second time by hand: each action, and who of the cast may do it.

The thing is of the cast's school: the observer's own lesson of the educator, published, which a
colleague was asked to code too, and open to a peer of another school for the time of a visit. What
belongs to the home or to the whole territory is asked of that.
"""

from __future__ import annotations

import pytest

from observe.ids import new_id
from observe.people.access import HOME, RUBRICS, Action, Actor, Standing, Thing, can
from observe.people.models import Role

SCHOOL, OTHER = new_id(), new_id()


def _actor(role: Role, *schools: object) -> Actor:
    places = [SCHOOL if each == "here" else OTHER if each == "there" else None for each in schools]
    return Actor(new_id(), role.value, frozenset(Standing(role, place) for place in places))


CAST = {
    "observer": _actor(Role.OBSERVER, "here"),
    "asked": _actor(Role.OBSERVER, "here"),
    "colleague": _actor(Role.OBSERVER, "here"),
    "moved": _actor(Role.OBSERVER, "there"),  # was asked, and observes elsewhere now
    "educator": _actor(Role.EDUCATOR, "here"),
    "peer": _actor(Role.EDUCATOR, "there"),
    "head": _actor(Role.UTP_HEAD, "here"),
    "lead": _actor(Role.NETWORK_LEAD, "everywhere"),
    "reader": _actor(Role.READER, "everywhere"),
    "admin": _actor(Role.ADMINISTRATOR, "everywhere"),
    "school-admin": _actor(Role.ADMINISTRATOR, "here"),
    "outsider": _actor(Role.OBSERVER, "there"),
    "out-educator": _actor(Role.EDUCATOR, "there"),
    "out-head": _actor(Role.UTP_HEAD, "there"),
    "left": Actor(new_id(), "left", frozenset()),
}
STAFF = "observer asked colleague"
EVERYBODY = " ".join(name for name in CAST if name != "left")

MAY = {
    Action.HOME_SEE: EVERYBODY,
    Action.HOME_BACKUP: "admin",
    Action.HOME_CHECK: "admin",
    Action.HOME_SEAL: "admin",
    Action.RUBRIC_SEE: EVERYBODY,
    Action.RUBRIC_LOAD: "admin",
    Action.RUBRIC_PROPOSE: f"{STAFF} moved head lead admin outsider out-head",
    Action.RUBRIC_EDIT: "lead admin",
    Action.NETWORK_FOCUS: "lead admin",
    Action.SCHOOL_SEE: f"{STAFF} head lead admin school-admin",
    Action.SCHOOL_IMPORT: "admin",
    Action.CLASS_GROUP_EDIT: f"{STAFF} head admin school-admin",
    Action.CLASS_LIST: f"{STAFF} head",
    Action.CONSENT_REGISTER: f"{STAFF} head",
    Action.CONSENT_OWN: f"{STAFF} educator head",
    Action.PERSON_SEE: f"{STAFF} educator head lead admin school-admin",
    Action.PERSON_IMPORT: "admin",
    Action.PERSON_EXPORT: "admin",
    Action.PERSON_EDIT: "admin school-admin",
    Action.PERSON_LINK: "admin school-admin",
    Action.MEMBERSHIP_EDIT: "admin school-admin",
    Action.NETWORK_EDIT: "admin",
    Action.EVALUATOR_NOTE: "educator head admin school-admin",  # the thing is the educator
    Action.AVERAGES_SEE: "head lead reader",
    Action.AVERAGES_SEE_ALL: "lead",
    Action.ACCOUNT_CHANGE: "educator",
    Action.RECORDING_ADD: STAFF,
    Action.RECORDING_SEE: "observer asked",
    Action.RECORDING_WATCH: "observer asked",
    Action.RECORDING_WATCH_OWN: "educator",
    Action.RECORDING_PREPARE: "observer",
    Action.RECORDING_CONSENT: "observer",
    Action.RECORDING_ERASE: "observer admin school-admin",
    Action.RECORDING_BLUR: "observer",
    Action.RECORDING_EXPORT_UNBLURRED: "observer",
    Action.RECORDING_ASSIGN: "observer",
    Action.OBSERVATION_START: "observer asked",
    Action.OBSERVATION_IMPORT: STAFF,
    Action.OBSERVATION_IMPORT_FOR: "observer admin school-admin",
    Action.OBSERVATION_CODE: "observer",
    Action.OBSERVATION_SUBMIT: "observer",
    Action.RECORD_SEE: "observer head",
    Action.RECORD_COMMENT: "observer head",
    Action.RECORD_EXPORT: "observer head",
    Action.RECORD_VERIFY: "observer head",
    Action.RECORD_REVIEW: "head",
    Action.RECORD_ANSWER: "observer",
    Action.RECORD_OWN_HISTORY: "educator",
    Action.VIEW_KEEP: "educator",  # the thing is hers
    Action.FEEDBACK_COMPOSE: "observer",
    Action.FEEDBACK_PUBLISH: "observer",
    Action.FEEDBACK_SEE: "observer educator",
    Action.FEEDBACK_READ: "observer educator head",
    Action.FEEDBACK_WATCH: "observer educator",
    Action.FEEDBACK_WATCH_BLURRED: "observer educator head",
    Action.FEEDBACK_ANSWER: "educator",
    Action.FEEDBACK_LOOK: "educator",
    Action.VISIT_PROPOSE: f"{STAFF} head lead",
    Action.VISIT_SEE: "educator peer",
    Action.VISIT_AGREE: "educator peer",
    Action.VISIT_END: "educator peer",
    Action.FEEDBACK_VISIT: "peer",
    Action.FOLLOWUP_SEE: "observer head",
    Action.RIGHTS_ASK: "educator admin school-admin",
    Action.RIGHTS_SEE: "educator admin school-admin",
    Action.RIGHTS_HANDLE: "admin school-admin",
    Action.RIGHTS_EXPORT: "educator",
    Action.OPENINGS_SEE: "educator",
    Action.BREACH: "admin",
    Action.RETENTION_RULE: "admin",
    Action.CERTIFICATE_SEE: f"{STAFF} head admin school-admin",
}
OF_THE_HOME = {
    Action.SCHOOL_IMPORT,
    Action.PERSON_IMPORT,
    Action.PERSON_EXPORT,
    Action.NETWORK_EDIT,
    Action.BREACH,
    Action.RETENTION_RULE,
}


def _thing(action: Action) -> Thing:
    word = action.value.partition(".")[0]
    if word == "home" or action in OF_THE_HOME:
        return HOME
    if word in ("rubric", "network"):
        return RUBRICS
    ids = {name: actor.user_id for name, actor in CAST.items()}
    visitors = {ids["peer"]} | ({ids["educator"]} if word == "visit" else set())
    return Thing(
        "feedback",
        new_id(),
        school_ids=frozenset({SCHOOL}),
        observer_id=ids["observer"],
        recorder_ids=frozenset({ids["observer"]}),
        assigned_ids=frozenset({ids["asked"], ids["moved"]}),
        educator_id=ids["educator"],
        user_id=None if word == "visit" else ids["educator"],
        visitor_ids=frozenset(visitors),
        made_in=SCHOOL,
    )


def test_each_action_has_its_row() -> None:
    assert set(MAY) == set(Action)
    assert {name for row in MAY.values() for name in row.split()} == CAST.keys() - {"left"}


@pytest.mark.parametrize("action", Action)
def test_each_of_the_cast_may_do_what_is_written_here_and_nothing_else(action: Action) -> None:
    thing = _thing(action)
    able = {name for name, actor in CAST.items() if can(actor, action, thing)}
    assert able == set(MAY[action].split())
