"""Every route × everybody of the cast: what the policy table allows works, all else is not there.

What each may do with a thing is written by hand in `tests/unit/test_policy_table.py`; here each
address is asked by each person, and must answer as the table says, both ways. A new address whose
thing nobody told fails.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from observe.coding.models import Observation
from observe.db import Database, today
from observe.feedback import visiting
from observe.feedback.models import Feedback
from observe.people.access import (
    HOME,
    RUBRICS,
    SEEN_BY,
    Action,
    Actor,
    Thing,
    actor_of,
    can,
)
from observe.people.directory import person_thing, school_thing
from observe.people.models import PeerVisit, Role, School, User
from observe.settings import Settings
from observe.video.models import Recording
from observe.web.guards import could
from tests.factories import Cast, person
from tests.web.conftest import ClientFor
from tests.web.test_routes import COMMON, JSON_BODIES, PLAIN, fill, ids, rules

__all__ = ["ids"]  # the fixture: one whole path, from a lesson to published feedback

REFUSED = (401, 403, 404)
# Addresses with nothing behind them on this path: 404 for everybody, whoever may ask.
EMPTY = {
    "blur.clip": "nothing was blurred by a worker",
    "blur.poster": "the same",
    "blur.checked_clip": "the same, and signed by nobody",
    "blur.checked_poster": "the same",
    "coding.strip": "the lesson was not prepared by a worker",
    "coding.waveform": "the same",
    "library.poster": "the same",
    "library.subtitles": "it has no captions",
    "feedback.light_clip": "the clip is small enough",
    "feedback.subtitles": "it has no captions",
    "previous.state": "there was no lesson before it",
    "rubric_drafts.begin": "it needs a version to begin from",
    "takeaway.verify_period": "it needs a school",
    "outside.add": "no provider is named in the settings",
    "histories.own": "this home does not show educators their numbers",
}
# A person's copy is hers and of who made it for an answer: tests/web/test_rights.py.
ELSEWHERE = {"own_data.of_copy", "own_data.progress", "own_data.zipped", "own_data.again"}
# Where the table says it of another action: an upload is of who began it, as a lesson of hers.
INSTEAD = {
    "upload.stands": Action.RECORDING_SEE,
    "upload.append": Action.RECORDING_SEE,
    "upload.discard": Action.RECORDING_SEE,
}
# Of an educator's records, not of herself.
HER_RECORDS = {"histories.show", "histories.on_paper"}
# What is asked for before it is said who may.
FORMS = {"library.consent": {"consent": "yes"}}
# Lists that are of the home or of the whole territory, not of one school.
WHOLE = {
    Action.PERSON_IMPORT: HOME,
    Action.PERSON_EXPORT: HOME,
    Action.SCHOOL_IMPORT: HOME,
    Action.NETWORK_EDIT: HOME,
    Action.NETWORK_FOCUS: RUBRICS,
    Action.RUBRIC_EDIT: RUBRICS,
    Action.BREACH: HOME,
    Action.RETENTION_RULE: HOME,
}


@dataclass(frozen=True)
class Everybody:
    """The cast and those who stand beside it: by name, each of another standing."""

    people: dict[str, Actor]
    things: dict[str, Thing]

    def thing(self, action: Action, rule: Rule) -> Thing:
        """Return what `rule` does `action` to: told by the ids in it, else by its action."""
        if rule.endpoint in HER_RECORDS:
            return self.things["record"]
        for argument, kind in BY_ID.items():
            if argument in rule.arguments:
                return self.things[kind]
        word = action.value.partition(".")[0]
        return self.things.get(word, HOME)


# The thing that an id in an address names; the first one that is there decides.
BY_ID = {
    "visit_id": "visit",
    "view_id": "view",
    "child_id": "school",
    "paper_id": "school",
    "certificate_id": "school",
    "request_id": "person",
    "breach_id": "home",
    "evaluator_id": "evaluator",
    "membership_id": "school",
    "invitation_id": "person",
    "user_id": "person",
    "school_id": "school",
    "class_group_id": "school",
    "import_id": "home",
    "network_id": "home",
    "round_id": "round",
    "blurring_id": "recording",
    "feedback_id": "feedback",
    "assignment_id": "recording",
    "observation_id": "observation",
    "recording_id": "recording",
    "upload_id": "upload",
    "version_id": "rubric",
    "other_id": "rubric",
    "proposal_id": "rubric",
    "draft_id": "rubric",
    "focus_id": "rubric",
}


@pytest.fixture
def everybody(database: Database, cast: Cast, ids: dict[str, str]) -> Everybody:
    with database.write() as session:
        feedback = session.get_one(Feedback, UUID(ids["feedback_id"]))
        recording = session.get_one(Recording, UUID(ids["recording_id"]))
        observation = session.get_one(Observation, UUID(ids["observation_id"]))
        visit = session.get_one(PeerVisit, UUID(ids["visit_id"]))
        school = session.get_one(School, cast.school.id)
        asked = session.scalars(sa.select(User).where(User.name == "Julia Paz")).one()
        peer = session.get_one(User, visit.other_id)
        things = {
            "recording": recording.as_thing(),
            "observation": observation.as_thing(),
            "record": observation.as_record(),
            "feedback": feedback.as_thing(),
            "round": Thing("feedback", observer_id=cast.observer.user_id),
            "upload": Thing("recording", observer_id=cast.observer.user_id),
            "person": person_thing(session.get_one(User, cast.educator.user_id)),
            "evaluator": person_thing(session.get_one(User, cast.observer.user_id)),
            "school": school_thing(school),
            "visit": visiting.thing_of(visit, today()),
            "view": Thing("view", user_id=cast.observer.user_id),
            "rubric": RUBRICS,
            "network": RUBRICS,
            "home": HOME,
        }
        people = {
            "observer": cast.observer,
            "asked": actor_of(asked, today()),
            "educator": cast.educator,
            "other educator": cast.second_educator,
            "peer": actor_of(peer, today()),
            "utp head": cast.utp_head,
            "network lead": cast.network_lead,
            "administrator": cast.administrator,
            "reader": person(session, "Lea Ruiz", Role.READER, None),
            "school administrator": person(session, "Mía Sáez", Role.ADMINISTRATOR, school),
            "outsider observer": cast.outsider_observer,
            "outsider educator": cast.outsider_educator,
            "outsider utp head": cast.outsider_utp_head,
        }
        return Everybody(people, things)


@dataclass
class Kept:
    """The database as it was: what a request changed is taken back before the next one."""

    path: Path
    before: sqlite3.Connection
    watching: sqlite3.Connection
    version: int

    @classmethod
    def of(cls, path: Path) -> Kept:
        watching = sqlite3.connect(path, timeout=15)
        before = sqlite3.connect(":memory:")
        watching.backup(before)
        return cls(path, before, watching, _version(watching))

    def restore(self) -> None:
        if _version(self.watching) != self.version:
            self.before.backup(self.watching)
            self.version = _version(self.watching)


def _version(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("PRAGMA data_version").fetchone()
    return int(found)


def test_every_address_answers_each_person_as_the_table_says(
    app: Flask,
    client_for: ClientFor,
    home: Settings,
    ids: dict[str, str],
    everybody: Everybody,
) -> None:
    clients = {name: client_for(actor) for name, actor in everybody.people.items()}
    kept, wrong = Kept.of(home.database_path), []
    permissions = {
        name: view.permission
        for name, view in app.view_functions.items()
        if hasattr(view, "permission")
    }
    for rule in sorted(rules(app), key=lambda each: each.rule):
        if rule.endpoint in EMPTY.keys() | ELSEWHERE or rule.arguments & COMMON.keys():
            continue
        action = INSTEAD.get(rule.endpoint, permissions[rule.endpoint])
        thing = everybody.thing(action, rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            for name, actor in everybody.people.items():
                status = asked(clients[name], rule, method, ids)
                kept.restore()
                if not fits(status, actor, action, rule, thing):
                    wrong.append((rule.endpoint, method, name, status))
    assert wrong == [], "\n".join(map(str, wrong))


def asked(client: FlaskClient, rule: Rule, method: str, ids: dict[str, str]) -> int:
    """Ask for an address with the ids of the path; return the status of the answer."""
    path = fill(rule, ids | {name: choices[0] for name, choices in PLAIN.items()})
    bare = {"Accept": "application/json"}  # a refusal is a sentence then, and no page to be drawn
    if rule.endpoint in FORMS:
        return client.open(path, method=method, headers=bare, data=FORMS[rule.endpoint]).status_code
    body = JSON_BODIES.get(rule.endpoint)
    return client.open(path, method=method, headers=bare, json=body).status_code


def fits(status: int, actor: Actor, action: Action, rule: Rule, thing: Thing) -> bool:
    """Tell whether the status is what the table says: a list is of who may have something in it.

    «You may see this, but not change it» is said to nobody who may not see it.
    """
    if action in WHOLE and not rule.arguments:
        allowed = can(actor, action, WHOLE[action])
    elif not rule.arguments or rule.arguments <= PLAIN.keys():
        allowed = could(actor, action)
    else:
        allowed = can(actor, action, thing)
    if status == 403 and not can(actor, SEEN_BY[thing.kind], thing):
        return False
    return (status not in REFUSED) is allowed
