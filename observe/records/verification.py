"""The proof that a school files (*medio de verificación*): what was done and when, nothing else.

No score, no note, no word of a feedback and not what it was about: that it took place, who took
part, and the dates. One accompaniment is a sheet; those of a period are a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from babel.dates import format_date
from sqlalchemy.orm import Session

from observe import typeset
from observe.coding.models import Observation
from observe.coding.operations import latest_document, observation_for
from observe.db import day_of, now
from observe.errors import BadInputError, NotFoundError
from observe.feedback import openings
from observe.feedback.models import Feedback, FeedbackState
from observe.feedback.operations import current
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.people.models import AuditEntry
from observe.records.operations import RecordFilter, records_of
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric
from observe.text import Message, message

TEMPLATE: Final = Path(__file__).with_name("verification.typ")


@dataclass(frozen=True)
class Accompaniment:
    """What was done with one lesson, and when; a day that is None has not come."""

    observation_id: UUID
    school: str
    rbd: str
    educator: str
    observer: str
    lesson: str
    lesson_on: date
    rubric: Rubric
    cycles: int
    submitted_on: date | None
    published_on: date | None
    read_on: date | None
    answered: bool


@dataclass(frozen=True)
class Verification:
    """The accompaniments of one school, the first lesson first; with a period, a table."""

    acts: tuple[Accompaniment, ...]
    period: tuple[date | None, date | None] | None
    made_on: date

    @property
    def school(self) -> str:
        """Return the school's name."""
        return self.acts[0].school


# --- what is in it ------------------------------------------------------------------------------


def of_one(session: Session, observation_id: UUID, *, actor: Actor) -> Verification:
    """Return the proof of one accompaniment.

    Raises:
        NotFoundError, NotAllowedError: there is none, or the actor may not know of it.
    """
    observation = observation_for(session, observation_id, actor=actor, action=Action.RECORD_VERIFY)
    return Verification((_act(session, observation),), None, day_of(now()))


def of_period(session: Session, where: RecordFilter, *, actor: Actor) -> Verification:
    """Return the proof of all accompaniments that fit `where` and that `actor` may prove.

    Raises:
        NotFoundError: there is none.
        BadInputError: they are of several schools: each files its own.
    """
    rows = records_of(session, actor=actor, where=where)
    found = [
        row.observation
        for row in rows
        if access.can(actor, Action.RECORD_VERIFY, row.observation.as_record())
    ]
    if not found:
        raise NotFoundError(message("There is no record of that school and time."))
    if len({each.recording.class_group.school_id for each in found}) > 1:
        raise BadInputError(message("Choose one school: each files its own document."))
    found.sort(key=lambda each: (each.recording.recorded_on, each.id))
    acts = tuple(_act(session, each) for each in found)
    return Verification(acts, (where.since, where.until), day_of(now()))


def _act(session: Session, observation: Observation) -> Accompaniment:
    lesson, feedback = observation.recording, current(session, observation.id)
    if feedback is not None and feedback.state is not FeedbackState.PUBLISHED:
        feedback = None
    group = lesson.class_group
    published_at = feedback.published_at if feedback else None
    return Accompaniment(
        observation_id=observation.id,
        school=group.school.name,
        rbd=group.school.rbd,
        educator=lesson.educator.name,
        observer=observation.observer.name,
        lesson=" · ".join(part for part in (group.name, lesson.subject) if part),
        lesson_on=lesson.recorded_on,
        rubric=rubric_of(observation.rubric_version),
        cycles=len(latest_document(session, observation).cycles),
        submitted_on=day_of(observation.submitted_at) if observation.submitted_at else None,
        published_on=day_of(published_at) if published_at else None,
        read_on=_read_on(session, feedback, lesson.educator_id) if feedback else None,
        answered=any(each.sent_at for each in feedback.answers) if feedback else False,
    )


def _read_on(session: Session, feedback: Feedback, educator_id: UUID) -> date | None:
    first = session.scalar(
        sa.select(sa.func.min(AuditEntry.at)).where(
            AuditEntry.thing_id == feedback.id,
            AuditEntry.actor_id == educator_id,
            AuditEntry.action.in_([openings.PAGE, openings.DOWNLOAD]),
        )
    )
    return day_of(first) if first is not None else None


def taken(session: Session, proof: Verification, *, actor: Actor) -> None:
    """Put on file that `actor` took this proof away, and of which records it speaks."""
    one = proof.period is None
    audit.record(
        session,
        "record.verified",
        actor_id=actor.user_id,
        thing_kind="record" if one else "home",
        thing_id=proof.acts[0].observation_id if one else None,
        observations=[str(act.observation_id) for act in proof.acts],
    )


# --- on paper -----------------------------------------------------------------------------------


def pdf(proof: Verification, *, locale: str) -> bytes:
    """Return the proof as a tagged PDF (PDF/UA-1) to print and to sign."""
    return typeset.pdf(TEMPLATE, _document(proof, locale))


def _document(proof: Verification, locale: str) -> dict[str, object]:
    first = proof.acts[0]
    words = {name: told.in_language(locale) for name, told in _WORDS.items()}
    made = message("Made on %(day)s with observe.", day=_long(proof.made_on, locale))
    return {
        "lang": locale.split("_", maxsplit=1)[0],
        "words": words | {"made": made.in_language(locale), "period": _period(proof, locale)},
        "school": f"{first.school} · RBD {first.rbd}",
        "one": proof.period is None,
        "acts": [_told(act, locale, long=proof.period is None) for act in proof.acts],
        "signers": _signers(proof, words),
    }


def _period(proof: Verification, locale: str) -> str:
    if proof.period is None:
        return ""
    since, until = proof.period
    days = [act.lesson_on for act in proof.acts]
    told = message(
        "Lessons from %(since)s to %(until)s",
        since=_long(since or days[0], locale),
        until=_long(until or days[-1], locale),
    )
    return told.in_language(locale)


def _told(act: Accompaniment, locale: str, *, long: bool) -> dict[str, str]:
    def day(value: date | None) -> str:
        if value is None:
            return _NOT_YET.in_language(locale)
        return _long(value, locale) if long else format_date(value, "d MMM y", locale=locale)

    return {
        "educator": act.educator,
        "observer": act.observer,
        "lesson": act.lesson,
        "lesson_on": day(act.lesson_on),
        "rubric": f"{act.rubric.title.in_language(locale)} {act.rubric.version}",
        "cycles": str(act.cycles),
        "submitted_on": day(act.submitted_on),
        "published_on": day(act.published_on),
        "read_on": day(act.read_on),
        "answered": (_YES if act.answered else _NO).in_language(locale),
    }


def _signers(proof: Verification, words: dict[str, str]) -> list[list[str]]:
    """Return who signs, each with her part: with a period, its observers and the UTP head."""
    if proof.period is None:
        act = proof.acts[0]
        people = [[act.educator, words["educator"]], [act.observer, words["observer"]]]
    else:
        names = dict.fromkeys(act.observer for act in proof.acts)
        people = [[name, words["observer"]] for name in names]
    return [*people, ["", words["utp_head"]]]


def _long(day: date, locale: str) -> str:
    return format_date(day, "long", locale=locale)


_NOT_YET: Final = message("not yet")
_YES: Final = message("yes")
_NO: Final = message("no")
_WORDS: Final[dict[str, Message]] = {
    "title": message("Proof of accompaniment"),
    "school": message("School"),
    "educator": message("Educator"),
    "observer": message("Observer"),
    "utp_head": message("UTP head"),
    "lesson": message("Class"),
    "lesson_on": message("Lesson of"),
    "rubric": message("Rubric"),
    "cycles": message("Observation cycles"),
    "submitted_on": message("Observation finished"),
    "published_on": message("Feedback given"),
    "read_on": message("Read by the educator"),
    "answered": message("She answered"),
    "without": message(
        "This document says what was done and when. It holds no scores, no notes and nothing of "
        "what the feedback says."
    ),
    "signature": message("Name and signature"),
}
