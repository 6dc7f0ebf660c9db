"""All that this home holds about a child, by list number, for a request of her family.

No name stands in it: the list number is what the family and the school share. Nothing of other
children goes along, so no video does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Observation
from observe.db import now
from observe.feedback.models import Feedback, FeedbackState
from observe.people import access
from observe.people.models import Child, ClassGroup
from observe.privacy import certificates, requests
from observe.privacy.consent import Subject
from observe.privacy.gate import Place
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Revocation
from observe.privacy.personal_export import Personal, Say, Section
from observe.privacy.request_models import RightsRequest
from observe.records.personal import consents
from observe.records.personal.account import requests_in
from observe.records.personal.gathering import LESSON, Row, of_lesson
from observe.text import Message, message
from observe.video import gate
from observe.video.models import DerivedFile, FileKind, Recording

PLACES: Final[dict[Place | None, Message]] = {
    Place.ABSENT: message("Was not there"),
    Place.UNSEEN: message("Was there, and is not seen, or is covered"),
    Place.SEEN: message("Is seen"),
    None: message("May be seen: nobody noted the contrary"),
}
TITLE: Final = message("All that is held about your daughter or son")
CARE: Final = message("Keep this file with care: it speaks of your daughter or son.")
LEFT_OUT: Final = (
    message("Names: this copy goes by list number. Ask the school what stands beside it."),
    message("Scans of papers: they are kept sealed. Ask the school to show or print yours."),
    message("Videos and clips: other children are seen in them."),
)


def gather(session: Session, request_id: UUID, *, locale: str) -> Personal:
    """Return all that is held about the child of a request; whoever calls has asked access.

    Raises:
        NotFoundError: there is no such request, or it speaks of no child.
    """
    asked = session.get(RightsRequest, request_id)
    if asked is None or asked.class_group is None or asked.list_number is None:
        raise access.not_found()
    group, number = asked.class_group, asked.list_number
    child = requests.child_of(session, asked)
    about_her = (
        requests.about_child(group.id, number)
        if asked.number_left_on is None
        else sa.select(RightsRequest).where(RightsRequest.id == asked.id)
    )

    def say(told: Message) -> str:
        return told.in_language(locale)

    sections = (
        _entry(group, number, child),
        consents.answers_of(session, Subject(child=child) if child else None, say),
        _lessons(session, group, child, say),
        _deleted(session, child),
        requests_in(session, about_her, say, message("What was asked about her or his data")),
    )
    name = requests.about_whom(asked)
    return Personal(
        name if isinstance(name, str) else say(name),
        now(),
        sections,
        LEFT_OUT,
        title=TITLE,
        care=CARE,
    )


def _entry(group: ClassGroup, number: int, child: Child | None) -> Section:
    return Section(
        "child",
        message("In the class list"),
        {
            "school": message("School"),
            "class_group": message("Class group"),
            "year": message("Year"),
            "list_number": message("List number"),
            "listed": message("Stands in the list"),
            "named": message("Initials or a name stand beside it"),
        },
        (
            {
                "school": group.school.name,
                "class_group": group.name,
                "year": str(group.year),
                "list_number": number,
                "listed": child is not None,
                "named": bool(child and child.name),
            },
        ),
    )


def _lessons(session: Session, group: ClassGroup, child: Child | None, say: Say) -> Section:
    films = sa.select(Recording).where(
        Recording.class_group_id == group.id, Recording.live_started_at.is_(None)
    )
    rows = session.scalars(films.order_by(Recording.recorded_on, Recording.id)).all()
    return Section(
        "lessons",
        message("Lessons that were filmed in this class"),
        LESSON
        | {
            "educator": message("Educator"),
            "observer": message("Observer"),
            "place": message("Seen in it"),
            "noted_on": message("Noted on"),
            "locked": message("Nobody may use it"),
            "clips": message("Clips that are kept"),
            "published": message("Its feedback was given to the educator"),
            "erased_on": message("Deleted on"),
        },
        tuple(_lesson(session, each, child, say) for each in rows),
    )


def _lesson(session: Session, lesson: Recording, child: Child | None, say: Say) -> Row:
    count = gate.last_count(session, lesson.id)
    told = count.places.get(str(child.id)) if count and child else None
    clips = sa.select(sa.func.count(DerivedFile.id)).where(
        DerivedFile.recording_id == lesson.id,
        DerivedFile.kind.in_([FileKind.CLIP, FileKind.BLURRED]),
    )
    published = (
        sa.select(Feedback.id)
        .join(Observation)
        .where(Observation.recording_id == lesson.id, Feedback.state == FeedbackState.PUBLISHED)
    )
    return of_lesson(lesson) | {
        "educator": lesson.educator.name,
        "observer": lesson.observer.name,
        "place": say(PLACES[Place(told) if told else None]),
        "noted_on": count.at if count and told else None,
        "locked": lesson.is_locked or lesson.blocked,
        "clips": session.scalar(clips) or 0,
        "published": session.scalars(published.limit(1)).first() is not None,
        "erased_on": lesson.erased_at,
    }


def _deleted(session: Session, child: Child | None) -> Section:
    found = [
        certificates.last_of(session, each, CertificateKind.REVOKED)
        for each in (_revocations(session, child) if child else ())
    ]
    return Section(
        "deleted",
        message("What was deleted because it was taken back"),
        {
            "certificate": message("Certificate number"),
            "made_at": message("Made on"),
            "recordings": message("Videos that were reached"),
            "files": message("Files deleted"),
        },
        tuple(
            {
                "certificate": each.number,
                "made_at": each.made_at,
                "recordings": len(each.what["recordings"]),
                "files": sum(one["files"] for one in each.what["recordings"]),
            }
            for each in found
            if each is not None
        ),
    )


def _revocations(session: Session, child: Child) -> Sequence[UUID]:
    mine = sa.select(Revocation.id).where(Revocation.child_id == child.id)
    return session.scalars(mine.order_by(Revocation.id)).all()
