"""Who may do what: one table on one screen, and one function that reads it.

A person stands in *relations* to a thing (its observer, the educator in it, UTP head of its
school, …). An action is allowed when one of her relations is in the action's row; everything
else is refused. What a person may not see answers exactly as what does not exist.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from observe.errors import NotAllowedError, NotFoundError
from observe.people.models import Membership, Role, User
from observe.text import message


class Relation(enum.StrEnum):
    """How a person stands to a thing."""

    SELF = "self"  # the thing is about herself, or her own account
    OBSERVER = "observer"  # she is the observer it was given to
    ASSIGNED = "assigned"  # she was asked to code its recording too
    RECORDER = "recorder"  # she brought in its video or its sheet
    EDUCATOR = "educator"  # she is the educator seen in it
    SCHOOL_OBSERVER = "school_observer"  # observer of its school
    SCHOOL_UTP_HEAD = "school_utp_head"  # UTP head of its school
    SCHOOL_READER = "school_reader"  # reader in its school: of what names nobody
    PEER_VISITOR = "peer_visitor"  # an educator who agreed to a peer visit that opens it to her
    COLLEAGUE = "colleague"  # observer or UTP head somewhere in the territory it belongs to
    NETWORK_LEAD = "network_lead"  # of what is told of many, never of one
    ADMINISTRATOR = "administrator"
    WHOLE_ADMINISTRATOR = "whole_administrator"  # of each place it belongs to, not of one of them
    ANYONE = "anyone"  # signed in


class Action(enum.StrEnum):
    """What can be done; each way in (page, command, worker, sync) names one."""

    HOME_SEE = "home.see"
    RUBRIC_SEE = "rubric.see"
    RUBRIC_LOAD = "rubric.load"
    RUBRIC_PROPOSE = "rubric.propose"  # comment on a dimension, propose other words, discuss
    RUBRIC_EDIT = "rubric.edit"  # write, decide proposals, pilot, publish, retire, match versions
    NETWORK_FOCUS = "network.focus"  # say on what the network works together
    SCHOOL_SEE = "school.see"
    SCHOOL_IMPORT = "school.import"
    CLASS_GROUP_EDIT = "class_group.edit"
    CLASS_LIST = "class_list"  # the names of children: see and write them
    CONSENT_REGISTER = "consent.register"  # of children: see, register, revoke, with their papers
    CONSENT_OWN = "consent.own"  # the educator's own
    PERSON_SEE = "person.see"
    PERSON_IMPORT = "person.import"
    PERSON_EXPORT = "person.export"
    PERSON_EDIT = "person.edit"  # her name and e-mail; that she has left
    PERSON_LINK = "person.link"  # a link to come in, an invitation
    MEMBERSHIP_EDIT = "membership.edit"  # give, correct and end roles in a place
    NETWORK_EDIT = "network.edit"  # which schools are in a network
    EVALUATOR_NOTE = "evaluator.note"  # say whom a person also evaluates
    ACCOUNT_CHANGE = "account.change"
    RECORDING_ADD = "recording.add"
    RECORDING_SEE = "recording.see"
    RECORDING_WATCH = "recording.watch"
    RECORDING_WATCH_OWN = "recording.watch_own"  # of her own lesson, and nothing made of it
    RECORDING_PREPARE = "recording.prepare"
    RECORDING_CONSENT = "recording.consent"
    RECORDING_BLUR = "recording.blur"  # make a blurred clip, correct it, sign that it was checked
    RECORDING_EXPORT_UNBLURRED = "recording.export_unblurred"  # take out a clip with its faces
    RECORDING_ERASE = "recording.erase"  # delete its video, or hold that while a request is open
    RECORDING_ASSIGN = "recording.assign"  # ask a colleague to code it too
    OBSERVATION_START = "observation.start"
    OBSERVATION_IMPORT = "observation.import"  # a sheet of her own
    OBSERVATION_IMPORT_FOR = "observation.import_for"  # a sheet of a colleague
    OBSERVATION_CODE = "observation.code"
    OBSERVATION_SUBMIT = "observation.submit"
    RECORD_SEE = "record.see"
    RECORD_COMMENT = "record.comment"
    RECORD_EXPORT = "record.export"
    RECORD_REVIEW = "record.review"  # ask for a correction, agree
    RECORD_ANSWER = "record.answer"  # answer to a correction that was asked for
    RECORD_OWN_HISTORY = "record.own_history"  # her own numbers over time, where that is allowed
    VIEW_KEEP = "view.keep"  # her own names for what she narrows the list to
    AVERAGES_SEE = "averages.see"  # of a school: what is told of many educators, never of one
    AVERAGES_SEE_ALL = "averages.see_all"  # of every school, and give them out
    RECORD_VERIFY = "record.verify"  # the proof for the school: what was done and when
    FEEDBACK_COMPOSE = "feedback.compose"
    FEEDBACK_PUBLISH = "feedback.publish"
    FEEDBACK_SEE = "feedback.see"
    FEEDBACK_READ = "feedback.read"  # its texts in the record, without the clips
    FEEDBACK_WATCH = "feedback.watch"
    FEEDBACK_WATCH_BLURRED = "feedback.watch_blurred"  # its clips once blurred and checked
    FEEDBACK_ANSWER = "feedback.answer"
    FEEDBACK_LOOK = "feedback.look"  # how she sees her own lesson: hers alone, not her observer's
    VISIT_PROPOSE = "visit.propose"  # that an educator and one of another school visit each other
    VISIT_SEE = "visit.see"
    VISIT_AGREE = "visit.agree"  # each for herself
    VISIT_END = "visit.end"
    FEEDBACK_VISIT = "feedback.visit"  # a peer's clips, blurred and checked, without a word
    FOLLOWUP_SEE = "followup.see"  # what waits: an observer her own, a UTP head her school's
    RIGHTS_ASK = "rights.ask"  # ask for something about one's own data, or register who asked
    RIGHTS_SEE = "rights.see"  # what was asked, and its answer
    RIGHTS_HANDLE = "rights.handle"  # answer, refuse, block, correct what was wrong
    RIGHTS_EXPORT = "rights.export"  # all that is held about oneself
    OPENINGS_SEE = "openings.see"  # who opened or took away what is about oneself
    BREACH = "breach"  # the register of breaches
    HOME_BACKUP = "home.backup"
    HOME_CHECK = "home.check"
    HOME_SEAL = "home.seal"
    RETENTION_RULE = "retention.rule"  # for how long this home keeps what
    CERTIFICATE_SEE = "certificate.see"


_R = Relation
_TERRITORY = frozenset({_R.NETWORK_LEAD, _R.ADMINISTRATOR})

ALLOWED: Final[dict[Action, frozenset[Relation]]] = {
    Action.HOME_SEE: frozenset({_R.ANYONE}),
    Action.RUBRIC_SEE: frozenset({_R.ANYONE}),
    Action.RUBRIC_LOAD: frozenset({_R.ADMINISTRATOR}),
    Action.RUBRIC_PROPOSE: frozenset({_R.COLLEAGUE}) | _TERRITORY,
    Action.RUBRIC_EDIT: _TERRITORY,
    Action.NETWORK_FOCUS: _TERRITORY,
    Action.SCHOOL_SEE: frozenset({_R.SCHOOL_OBSERVER, _R.SCHOOL_UTP_HEAD}) | _TERRITORY,
    Action.SCHOOL_IMPORT: frozenset({_R.ADMINISTRATOR}),
    Action.CLASS_GROUP_EDIT: frozenset({_R.SCHOOL_OBSERVER, _R.SCHOOL_UTP_HEAD, _R.ADMINISTRATOR}),
    Action.CLASS_LIST: frozenset({_R.SCHOOL_OBSERVER, _R.SCHOOL_UTP_HEAD}),
    Action.CONSENT_REGISTER: frozenset({_R.SCHOOL_OBSERVER, _R.SCHOOL_UTP_HEAD}),
    Action.CONSENT_OWN: frozenset({_R.SELF, _R.SCHOOL_OBSERVER, _R.SCHOOL_UTP_HEAD}),
    Action.PERSON_SEE: frozenset({_R.SELF, _R.SCHOOL_OBSERVER, _R.SCHOOL_UTP_HEAD}) | _TERRITORY,
    Action.PERSON_IMPORT: frozenset({_R.ADMINISTRATOR}),
    Action.PERSON_EXPORT: frozenset({_R.ADMINISTRATOR}),
    Action.PERSON_EDIT: frozenset({_R.WHOLE_ADMINISTRATOR}),
    Action.PERSON_LINK: frozenset({_R.WHOLE_ADMINISTRATOR}),  # a link makes her that person
    Action.MEMBERSHIP_EDIT: frozenset({_R.WHOLE_ADMINISTRATOR}),
    Action.NETWORK_EDIT: frozenset({_R.ADMINISTRATOR}),
    Action.EVALUATOR_NOTE: frozenset({_R.SELF, _R.SCHOOL_UTP_HEAD, _R.ADMINISTRATOR}),
    Action.ACCOUNT_CHANGE: frozenset({_R.SELF}),
    Action.RECORDING_ADD: frozenset({_R.SCHOOL_OBSERVER}),
    Action.RECORDING_SEE: frozenset({_R.OBSERVER, _R.ASSIGNED}),
    Action.RECORDING_WATCH: frozenset({_R.OBSERVER, _R.ASSIGNED}),
    Action.RECORDING_WATCH_OWN: frozenset({_R.EDUCATOR}),
    Action.RECORDING_PREPARE: frozenset({_R.OBSERVER}),
    Action.RECORDING_CONSENT: frozenset({_R.OBSERVER}),
    Action.RECORDING_BLUR: frozenset({_R.OBSERVER}),
    Action.RECORDING_EXPORT_UNBLURRED: frozenset({_R.OBSERVER}),
    Action.RECORDING_ERASE: frozenset({_R.OBSERVER, _R.ADMINISTRATOR}),
    Action.RECORDING_ASSIGN: frozenset({_R.OBSERVER}),
    Action.OBSERVATION_START: frozenset({_R.OBSERVER, _R.ASSIGNED}),
    Action.OBSERVATION_IMPORT: frozenset({_R.OBSERVER, _R.SCHOOL_OBSERVER}),
    Action.OBSERVATION_IMPORT_FOR: frozenset({_R.OBSERVER, _R.ADMINISTRATOR}),
    Action.OBSERVATION_CODE: frozenset({_R.OBSERVER}),
    Action.OBSERVATION_SUBMIT: frozenset({_R.OBSERVER, _R.RECORDER}),
    Action.RECORD_SEE: frozenset({_R.OBSERVER, _R.RECORDER, _R.SCHOOL_UTP_HEAD}),
    Action.RECORD_COMMENT: frozenset({_R.OBSERVER, _R.RECORDER, _R.SCHOOL_UTP_HEAD}),
    Action.RECORD_EXPORT: frozenset({_R.OBSERVER, _R.RECORDER, _R.SCHOOL_UTP_HEAD}),
    Action.RECORD_REVIEW: frozenset({_R.SCHOOL_UTP_HEAD}),
    Action.RECORD_ANSWER: frozenset({_R.OBSERVER}),
    Action.RECORD_OWN_HISTORY: frozenset({_R.EDUCATOR}),
    Action.VIEW_KEEP: frozenset({_R.SELF}),
    Action.AVERAGES_SEE: frozenset({_R.SCHOOL_UTP_HEAD, _R.NETWORK_LEAD, _R.SCHOOL_READER}),
    Action.AVERAGES_SEE_ALL: frozenset({_R.NETWORK_LEAD}),
    Action.RECORD_VERIFY: frozenset({_R.OBSERVER, _R.RECORDER, _R.SCHOOL_UTP_HEAD}),
    Action.FEEDBACK_COMPOSE: frozenset({_R.OBSERVER, _R.RECORDER}),
    Action.FEEDBACK_PUBLISH: frozenset({_R.OBSERVER, _R.RECORDER}),
    Action.FEEDBACK_SEE: frozenset({_R.OBSERVER, _R.RECORDER, _R.EDUCATOR}),
    Action.FEEDBACK_READ: frozenset({_R.OBSERVER, _R.RECORDER, _R.EDUCATOR, _R.SCHOOL_UTP_HEAD}),
    Action.FEEDBACK_WATCH: frozenset({_R.OBSERVER, _R.RECORDER, _R.EDUCATOR}),
    Action.FEEDBACK_WATCH_BLURRED: frozenset(
        {_R.OBSERVER, _R.RECORDER, _R.EDUCATOR, _R.SCHOOL_UTP_HEAD}
    ),
    Action.FEEDBACK_ANSWER: frozenset({_R.EDUCATOR}),
    Action.FEEDBACK_LOOK: frozenset({_R.EDUCATOR}),
    Action.VISIT_PROPOSE: frozenset({_R.SCHOOL_OBSERVER, _R.SCHOOL_UTP_HEAD, _R.NETWORK_LEAD}),
    Action.VISIT_SEE: frozenset({_R.PEER_VISITOR, _R.SELF}),
    Action.VISIT_AGREE: frozenset({_R.PEER_VISITOR}),
    Action.VISIT_END: frozenset({_R.PEER_VISITOR, _R.SELF}),
    Action.FEEDBACK_VISIT: frozenset({_R.PEER_VISITOR}),
    Action.FOLLOWUP_SEE: frozenset({_R.OBSERVER, _R.SCHOOL_UTP_HEAD}),
    Action.RIGHTS_ASK: frozenset({_R.SELF, _R.WHOLE_ADMINISTRATOR}),
    Action.RIGHTS_SEE: frozenset({_R.SELF, _R.WHOLE_ADMINISTRATOR}),
    Action.RIGHTS_HANDLE: frozenset({_R.WHOLE_ADMINISTRATOR}),
    Action.RIGHTS_EXPORT: frozenset({_R.SELF}),
    Action.OPENINGS_SEE: frozenset({_R.SELF}),
    Action.BREACH: frozenset({_R.WHOLE_ADMINISTRATOR}),
    Action.HOME_BACKUP: frozenset({_R.ADMINISTRATOR}),
    Action.HOME_CHECK: frozenset({_R.ADMINISTRATOR}),
    Action.HOME_SEAL: frozenset({_R.ADMINISTRATOR}),
    Action.RETENTION_RULE: frozenset({_R.WHOLE_ADMINISTRATOR}),
    Action.CERTIFICATE_SEE: frozenset({_R.SCHOOL_OBSERVER, _R.SCHOOL_UTP_HEAD, _R.ADMINISTRATOR}),
}

# What a person must be allowed to see before a refusal may admit that the thing exists.
SEEN_BY: Final[dict[str, Action]] = {
    "home": Action.HOME_SEE,
    "rubric": Action.RUBRIC_SEE,
    "school": Action.SCHOOL_SEE,
    "person": Action.PERSON_SEE,
    "recording": Action.RECORDING_SEE,
    "observation": Action.OBSERVATION_CODE,
    "record": Action.RECORD_SEE,
    "feedback": Action.FEEDBACK_SEE,
    "followup": Action.FOLLOWUP_SEE,
    "certificate": Action.CERTIFICATE_SEE,
    "rights_request": Action.RIGHTS_SEE,
    "breach": Action.BREACH,
    "visit": Action.VISIT_SEE,
    "history": Action.RECORD_OWN_HISTORY,
    "view": Action.VIEW_KEEP,
    "averages": Action.AVERAGES_SEE,
}


@dataclass(frozen=True)
class Standing:
    """A role that holds today, in one school or (None) in the whole territory."""

    role: Role
    school_id: UUID | None


@dataclass(frozen=True)
class Actor:
    """The person in whose name something is done."""

    user_id: UUID
    name: str
    standings: frozenset[Standing]

    def has(self, role: Role) -> bool:
        """Tell whether the actor holds `role` anywhere."""
        return any(standing.role == role for standing in self.standings)


@dataclass(frozen=True)
class Thing:
    """What access needs to know of a thing: where it belongs and who has to do with it.

    `made_in` is the school of a lesson: whoever observed in it keeps what she did there only as
    long as she observes there. `school_ids` is empty while the school may not know of the thing.
    """

    kind: str
    id: UUID | None = None
    school_ids: frozenset[UUID] = frozenset()
    in_territory: bool = False  # it belongs to the whole territory, whatever its schools
    observer_id: UUID | None = None
    recorder_ids: frozenset[UUID] = frozenset()
    educator_id: UUID | None = None
    assigned_ids: frozenset[UUID] = frozenset()
    user_id: UUID | None = None
    blocked: bool = False  # by a request of whom it is about: it answers as missing to everybody
    visitor_ids: frozenset[UUID] = frozenset()
    made_in: UUID | None = None


HOME: Final = Thing("home")
RUBRICS: Final = Thing("rubric", in_territory=True)


def actor_of(user: User, on: date) -> Actor:
    """Return `user` as an actor, with the memberships that hold on the day `on`.

    A role in a network is the role in each of its schools.
    """
    holding = (row for row in user.memberships if row.period.holds(on))
    standings = (standing for row in holding for standing in _standings(row))
    return Actor(user.id, user.name, frozenset(standings) if user.active else frozenset())


def _standings(membership: Membership) -> Iterator[Standing]:
    if membership.in_territory:
        yield Standing(membership.role, None)
    for school_id in membership.school_ids:
        yield Standing(membership.role, school_id)


def relations(actor: Actor, thing: Thing) -> frozenset[Relation]:
    """Return how `actor` stands to `thing`."""
    found = {Relation.ANYONE} if actor.standings else set()
    if thing.user_id == actor.user_id:
        found.add(Relation.SELF)
    if _observes_there(actor, thing):
        found.update(
            relation
            for relation, ids in (
                (Relation.OBSERVER, {thing.observer_id}),
                (Relation.ASSIGNED, thing.assigned_ids),
                (Relation.RECORDER, thing.recorder_ids),
            )
            if actor.user_id in ids
        )
    if actor.has(Role.EDUCATOR):
        if thing.educator_id == actor.user_id:
            found.add(Relation.EDUCATOR)
        if actor.user_id in thing.visitor_ids:
            found.add(Relation.PEER_VISITOR)
    if thing.in_territory and (actor.has(Role.OBSERVER) or actor.has(Role.UTP_HEAD)):
        found.add(Relation.COLLEAGUE)
    if _covers_all(actor, thing):
        found.add(Relation.WHOLE_ADMINISTRATOR)
    found.update(
        _BY_STANDING[standing.role]
        for standing in actor.standings
        if standing.role in _BY_STANDING and _covers(standing, thing)
    )
    return frozenset(found)


def _observes_there(actor: Actor, thing: Thing) -> bool:
    """Tell whether she observes today where the thing was made, or anywhere if that is nowhere."""
    places = {each.school_id for each in actor.standings if each.role is Role.OBSERVER}
    return bool(places) and (thing.made_in is None or None in places or thing.made_in in places)


_BY_STANDING: Final = {
    Role.OBSERVER: Relation.SCHOOL_OBSERVER,
    Role.UTP_HEAD: Relation.SCHOOL_UTP_HEAD,
    Role.READER: Relation.SCHOOL_READER,
    Role.NETWORK_LEAD: Relation.NETWORK_LEAD,
    Role.ADMINISTRATOR: Relation.ADMINISTRATOR,
}


def _covers(standing: Standing, thing: Thing) -> bool:
    return standing.school_id is None or standing.school_id in thing.school_ids


def _covers_all(actor: Actor, thing: Thing) -> bool:
    """Tell whether `actor` administers every place to which `thing` belongs."""
    own = {each.school_id for each in actor.standings if each.role is Role.ADMINISTRATOR}
    if None in own:
        return True
    return bool(thing.school_ids) and thing.school_ids <= own and not thing.in_territory


def can(actor: Actor, action: Action, thing: Thing) -> bool:
    """Tell whether `actor` may do `action` to `thing`. What the table does not allow is refused.

    What is blocked is refused to everybody, whatever the table says.
    """
    return not thing.blocked and bool(ALLOWED[action] & relations(actor, thing))


def require(actor: Actor, action: Action, thing: Thing) -> None:
    """Return when `actor` may do `action` to `thing`.

    Raises:
        NotFoundError: she may not even see it.
        NotAllowedError: she may see it, but not do this.
    """
    if can(actor, action, thing):
        return
    if can(actor, SEEN_BY[thing.kind], thing):
        raise NotAllowedError(message("You may see this, but not change it."))
    raise not_found()


def not_found() -> NotFoundError:
    """Return the one answer for what does not exist and for what may not be known."""
    return NotFoundError(message("There is nothing here, or it is not yours to see."))
