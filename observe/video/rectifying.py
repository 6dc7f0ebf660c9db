"""What a request to correct reaches: her account, a lesson's day, subject and class, a class list.

Who handles the request puts it right; what stood there before is kept with the request and in the
audit trail, except a child's name, of which only is kept that it was changed. What was submitted
stays as it was frozen: a wrong score is corrected by its observer, in the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked
from observe.errors import BadInputError, ConflictError
from observe.people import access, audit, class_lists
from observe.people.access import Actor
from observe.people.models import AuditEntry, Child, ClassGroup, User
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import RightsRequest
from observe.text import Message, message
from observe.video import gate
from observe.video.adding import check_day_and_subject, teaches
from observe.video.models import Recording

PERSON: Final = "person.corrected"
LESSON: Final = "lesson.corrected"
CHILD: Final = "child.corrected"
FIELDS: Final[dict[str, Message]] = {
    "name": message("Name"),
    "email": message("E-mail"),
    "recorded_on": message("Day of the lesson"),
    "subject": message("Subject"),
    "class_group": message("Class group"),
    "list_number": message("List number"),
    "initials": message("Name or initials in the list"),
}
_CHANGED: Final = "…"  # stands for what names somebody, which no trail keeps


@dataclass(frozen=True)
class Corrected:
    """One thing that was put right for a request: what stood there, and what does now."""

    at: datetime
    by: str
    field: str
    before: str
    after: str


def lessons_of(session: Session, request: RightsRequest, *, actor: Actor) -> list[Recording]:
    """Return the lessons that a request to correct speaks of, in schools that `actor` handles."""
    if request.kind is not RequestKind.RECTIFICATION:
        return []
    hers = Recording.educator_id == request.user_id
    of_class = Recording.class_group_id == request.class_group_id
    rows = sa.select(Recording).where(hers if request.user_id else of_class)
    found = session.scalars(rows.order_by(Recording.recorded_on.desc(), Recording.id))
    return [each for each in found if requests.handles_class(actor, each.class_group)]


def lesson_for(
    session: Session, request_id: UUID, recording_id: UUID, *, actor: Actor
) -> Recording:
    """Return a lesson that may be put right for a request, for reading.

    Raises:
        NotFoundError, NotAllowedError: the request is not hers to handle, or speaks of no such
            lesson. ConflictError: it was ended, or asks for no correction.
    """
    request = requests.open_for(session, request_id, actor=actor)
    if request.kind is not RequestKind.RECTIFICATION:
        raise ConflictError(message("This request asks for no correction."))
    lesson = session.get(Recording, recording_id)
    if lesson is None or lesson not in lessons_of(session, request, actor=actor):
        raise access.not_found()
    return lesson


def classes_for(session: Session, lesson: Recording) -> list[ClassGroup]:
    """Return the classes of its school in which a lesson may have been instead."""
    rows = sa.select(ClassGroup).where(ClassGroup.school_id == lesson.class_group.school_id)
    ordered = rows.order_by(ClassGroup.year.desc(), ClassGroup.name, ClassGroup.id)
    return list(session.scalars(ordered))


def correct_lesson(
    session: Session,
    request_id: UUID,
    recording_id: UUID,
    *,
    recorded_on: date,
    subject: str,
    class_group_id: UUID,
    actor: Actor,
) -> Recording:
    """Put a lesson's day, subject and class right.

    In another class other children are seen: who stated that the papers are on file states it
    again, and until then the film is locked.

    Raises:
        NotFoundError, NotAllowedError, ConflictError: as `lesson_for`; or nothing is different.
        BadInputError: she did not teach there that day, or a detail does not fit; `field` names it.
    """
    requests.handled(session, request_id, actor=actor)
    locked(session, Recording, recording_id)
    lesson = lesson_for(session, request_id, recording_id, actor=actor)
    group = session.get(ClassGroup, class_group_id)
    if group is None or group not in classes_for(session, lesson):
        raise access.not_found()
    check_day_and_subject(recorded_on, subject.strip())
    if not teaches(session, lesson.educator_id, group.school_id, recorded_on):
        raise BadInputError(
            message("She was no educator of this school on that day."), field="recorded_on"
        )
    before = _told(lesson)
    moved = lesson.class_group_id != group.id
    lesson.recorded_on, lesson.subject, lesson.class_group = recorded_on, subject.strip(), group
    if moved:
        lesson.consent_by_id = lesson.consent_at = None
    gate.reassess(session, lesson)
    _on_file(session, LESSON, ("recording", lesson.id), request_id, before, _told(lesson), actor)
    return lesson


def _told(lesson: Recording) -> dict[str, str]:
    """Return what of a lesson can be put right."""
    group = lesson.class_group
    return {
        "recorded_on": lesson.recorded_on.isoformat(),
        "subject": lesson.subject,
        "class_group": f"{group.name} · {group.year}",
    }


def correct_child(
    session: Session, request_id: UUID, *, list_number: int, name: str | None, actor: Actor
) -> Child:
    """Put a child's list number right, and its name or initials (None: as they are).

    All requests about it go along with its number, also those that were ended.

    Raises:
        NotFoundError, NotAllowedError: the request is not hers to handle.
        BadInputError: as `class_lists.put_right`.
        ConflictError: it was ended, corrects nothing of a child on a list, another child has the
            number, or nothing is different.
    """
    request = requests.handled(session, request_id, actor=actor)
    child = requests.child_of(session, request)
    if request.kind is not RequestKind.RECTIFICATION or child is None:
        raise ConflictError(message("This request corrects nothing of a child on a class list."))
    number, renamed = child.list_number, name is not None and name.strip() != child.name
    class_lists.put_right(session, child, list_number=list_number, name=name)
    for each in requests.all_about(session, child.class_group_id, number):
        each.list_number = list_number
    session.flush()
    before = {"list_number": str(number), "initials": ""}
    after = {"list_number": str(list_number), "initials": _CHANGED if renamed else ""}
    _on_file(session, CHILD, ("child", child.id), request_id, before, after, actor)
    return child


def _on_file(
    session: Session,
    action: str,
    thing: tuple[str, UUID],
    request_id: UUID,
    before: dict[str, str],
    after: dict[str, str],
    actor: Actor,
) -> None:
    different = [field for field in before if before[field] != after[field]]
    if not different:
        raise ConflictError(message("Nothing is different from what stands there."))
    kind, thing_id = thing
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind=kind,
        thing_id=thing_id,
        request=request_id,
        before={field: _kept_of(field, before[field]) for field in different},
        after={field: _kept_of(field, after[field]) for field in different},
    )


def _kept_of(field: str, told: str) -> str:
    """Return what the trail keeps of it: a subject is free text, in which a name may have stood."""
    return _CHANGED if field == "subject" else told


def corrections_of(session: Session, request_id: UUID) -> list[Corrected]:
    """Return what was put right for a request, the first first; whoever calls asked access."""
    rows = sa.select(AuditEntry, User.name).outerjoin(User, User.id == AuditEntry.actor_id)
    found = rows.where(
        AuditEntry.action.in_((PERSON, LESSON, CHILD)),
        AuditEntry.details.contains(str(request_id)),
    )
    return [
        each
        for entry, name in session.execute(found.order_by(AuditEntry.number))
        for each in _corrected(entry, name or "", str(request_id))
    ]


def _corrected(entry: AuditEntry, by: str, request_id: str) -> Iterator[Corrected]:
    told = json.loads(entry.details)
    if told.get("request") != request_id:  # it stands elsewhere in the details
        return
    unsaid = dict.fromkeys(told.get("fields", ()), _CHANGED)
    before, after = told.get("before", unsaid), told.get("after", unsaid)
    for field in FIELDS:
        if field in after:
            yield Corrected(entry.at, by, field, before[field] or "", after[field] or "")
