"""Everything that was opened or taken away of an educator's, for her to see: who, what and when.

It is read from the audit trail, where each way in puts it. What nobody but its writer can see yet
(a draft of feedback, a coding under way) is no opening: only what is hers is told.
"""

from __future__ import annotations

import enum
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe.coding.models import Observation
from observe.feedback import openings
from observe.feedback.models import Feedback
from observe.ids import parse_id
from observe.people import access
from observe.people.access import Action, Actor, Thing
from observe.people.models import AuditEntry, User
from observe.privacy import papers, personal_export
from observe.privacy.models import Consent
from observe.text import Message, message
from observe.video.models import Recording


class What(enum.StrEnum):
    """What was opened, or taken away."""

    PAGE = "page"
    ANSWERS = "answers"
    PRIORITY = "priority"
    BESIDE = "beside"
    CLIP = "clip"
    BLURRED = "blurred"
    RECORD = "record"
    RECORD_FILE = "record_file"
    HISTORY = "history"
    HISTORY_FILE = "history_file"
    VISIT = "visit"
    VIDEO = "video"
    PDF = "pdf"
    FILE = "file"
    SEALED_FILE = "sealed_file"
    ROUND = "round"
    TABLE = "table"
    PROOF = "proof"
    CLIP_OUT = "clip_out"
    CLIP_OUT_UNBLURRED = "clip_out_unblurred"
    CAPTIONS_OUT = "captions_out"
    ALL_DATA = "all_data"
    PAPER = "paper"
    BACKUP = "backup"


WORDS: Final[dict[What, Message]] = {
    What.PAGE: message("The page with both moments"),
    What.ANSWERS: message("Your answers"),
    What.PRIORITY: message("Your last next step, before the lesson after it"),
    What.BESIDE: message("Your next step, or part of what you answered, on another page"),
    What.CLIP: message("A clip"),
    What.BLURRED: message("A clip with the faces covered"),
    What.RECORD: message("The record of the lesson"),
    What.RECORD_FILE: message("The record of the lesson, as a file"),
    What.HISTORY: message("Your lessons over time"),
    What.HISTORY_FILE: message("Your lessons over time, as a file"),
    What.VISIT: message("A clip with the faces covered, in a peer visit"),
    What.VIDEO: message("The video of the lesson"),
    What.PDF: message("The page as a PDF"),
    What.FILE: message("The file for a pen drive"),
    What.SEALED_FILE: message("The file for a pen drive, with a passphrase"),
    What.ROUND: message("The PDF, with those of a whole round"),
    What.TABLE: message("The record, in a table with others"),
    What.PROOF: message("The proof for the school"),
    What.CLIP_OUT: message("A clip with the faces covered, as a file"),
    What.CLIP_OUT_UNBLURRED: message("A clip with the faces uncovered, as a file"),
    What.CAPTIONS_OUT: message("What is said in the video, as a file"),
    What.ALL_DATA: message("The copy of all your data"),
    What.PAPER: message("The scan of your authorisation, as a file"),
    What.BACKUP: message("A backup of everything in the program"),
}
TAKEN: Final = frozenset(
    {
        *(
            What.RECORD_FILE,
            What.HISTORY_FILE,
            What.PDF,
            What.FILE,
            What.SEALED_FILE,
            What.ROUND,
            What.TABLE,
            What.PROOF,
        ),
        *(What.CLIP_OUT, What.CLIP_OUT_UNBLURRED, What.CAPTIONS_OUT, What.ALL_DATA),
        *(What.PAPER, What.BACKUP),
    }
)
_BLURRED: Final = "blurring.watched"  # names its lesson too: the clip may be deleted since
_BACKUP: Final = "home.backup"  # of everybody's
# What an entry of the audit trail tells of; the rest of its details says more.
_BY_ACTION: Final = {
    openings.PAGE: What.PAGE,
    openings.DOWNLOAD: What.PDF,
    openings.ANSWERS: What.ANSWERS,
    openings.PRIORITY: What.PRIORITY,
    openings.BESIDE: What.BESIDE,
    openings.CLIP: What.CLIP,
    openings.RECORD: What.RECORD,
    openings.VISIT: What.VISIT,
    _BLURRED: What.BLURRED,
    "recording.watched": What.VIDEO,
    "recording.captions_taken": What.CAPTIONS_OUT,
    "clip.taken_out": What.CLIP_OUT,
    "record.verified": What.PROOF,
    "record.export": What.TABLE,
    personal_export.TAKEN: What.ALL_DATA,
    papers.SEEN: What.PAPER,
    _BACKUP: What.BACKUP,
}
_RECORD_BY_WAY: Final = {
    "pdf": What.RECORD_FILE,
    "csv": What.RECORD_FILE,
    "history": What.HISTORY,
    "history.pdf": What.HISTORY_FILE,
}
# Entries that are about more than the thing they name, or name none.
_OF_MANY: Final = ("record.verified", "record.export", _BLURRED, _BACKUP, papers.SEEN)


@dataclass(frozen=True)
class Seen:
    """A person opened or took away something, so often, the last time at `at`."""

    what: What
    name: str
    at: datetime
    times: int
    own: bool  # the educator herself

    @property
    def taken(self) -> bool:
        """Whether it is a file now, outside of this program."""
        return self.what in TAKEN


@dataclass(frozen=True)
class LessonSeen:
    """What was opened or taken of one lesson, the last first; of no lesson: all her data."""

    lesson_on: date | None
    lesson: str
    seen: tuple[Seen, ...]


def seen_of(session: Session, *, actor: Actor) -> tuple[LessonSeen, ...]:
    """Return what was opened or taken of `actor`'s own lessons, the last lesson first.

    Raises:
        NotFoundError: she may see nothing of the kind.
    """
    access.require(actor, Action.OPENINGS_SEE, Thing("person", user_id=actor.user_id))
    return seen_of_person(session, actor.user_id)


def seen_of_person(session: Session, user_id: UUID) -> tuple[LessonSeen, ...]:
    """Return what `seen_of` does; whoever calls has asked access."""
    lessons = list(
        session.scalars(
            sa.select(Recording)
            .options(joinedload(Recording.class_group))
            .where(Recording.educator_id == user_id)
            .order_by(Recording.recorded_on.desc(), Recording.id.desc())
        )
    )
    found = _entries(session, user_id, {lesson.id for lesson in lessons})
    chapters = [
        LessonSeen(lesson.recorded_on, _told(lesson), found[lesson.id])
        for lesson in lessons
        if lesson.id in found
    ]
    if None in found:
        chapters.insert(0, LessonSeen(None, "", found[None]))
    return tuple(chapters)


def _told(lesson: Recording) -> str:
    return " · ".join(part for part in (lesson.class_group.name, lesson.subject) if part)


def _entries(
    session: Session, user_id: UUID, lesson_ids: set[UUID]
) -> dict[UUID | None, tuple[Seen, ...]]:
    """Return what was seen, by lesson; None: of all her data."""
    places = _places(session, lesson_ids) | _her_own(session, user_id)
    grouped: dict[tuple[UUID | None, UUID, str, What], list[datetime]] = defaultdict(list)
    for lesson_id, who, name, what, at in _hits(session, user_id, places):
        grouped[lesson_id, who, name, what].append(at)
    seen: dict[UUID | None, list[Seen]] = defaultdict(list)
    for (lesson_id, who, name, what), moments in grouped.items():
        last = max(moments)
        seen[lesson_id].append(Seen(what, name, last, len(moments), who == user_id))
    return {
        lesson_id: tuple(sorted(each, key=lambda one: one.at, reverse=True))
        for lesson_id, each in seen.items()
    }


def _places(session: Session, lesson_ids: set[UUID]) -> dict[UUID, UUID | None]:
    """Return to which lesson each thing belongs: the lesson, its codings and feedbacks."""
    places: dict[UUID, UUID | None] = {lesson_id: lesson_id for lesson_id in lesson_ids}
    observations = sa.select(Observation.id, Observation.recording_id)
    feedbacks = (
        sa.select(Feedback.id, Observation.recording_id)
        .join(Feedback.observation)
        .where(Feedback.published_at.is_not(None))
    )
    for query in (observations, feedbacks):
        for row in session.execute(query.where(Observation.recording_id.in_(lesson_ids))):
            places[row[0]] = row[1]
    return places


def _her_own(session: Session, user_id: UUID) -> dict[UUID, UUID | None]:
    """Return what belongs to her and to no lesson: her account, and the scans of her own papers."""
    scans = sa.select(Consent.paper_id).where(
        Consent.educator_id == user_id, Consent.paper_id.is_not(None)
    )
    return dict.fromkeys((user_id, *(each for each in session.scalars(scans) if each)))


Hit = tuple[UUID | None, UUID, str, What, datetime]


def _hits(session: Session, user_id: UUID, places: Mapping[UUID, UUID | None]) -> Iterator[Hit]:
    """Yield whose entries in the audit trail speak of these, once for each lesson they speak of."""
    rows = session.execute(
        sa.select(AuditEntry, User.name)
        .join(User, User.id == AuditEntry.actor_id)
        .where(
            AuditEntry.action.in_(_BY_ACTION),
            sa.or_(AuditEntry.thing_id.in_(places), AuditEntry.action.in_(_OF_MANY)),
        )
        .order_by(AuditEntry.number)
    )
    on_file_since = session.get_one(User, user_id).created_at
    for entry, name in rows:
        details = json.loads(entry.details)
        things = _things(entry, details)
        if entry.action == _BACKUP and entry.at >= on_file_since:
            things = (user_id,)
        if entry.actor_id is not None:
            for lesson_id in {places[thing] for thing in things if thing in places}:
                yield lesson_id, entry.actor_id, name, _what(entry.action, details), entry.at


def _things(entry: AuditEntry, details: Mapping[str, Any]) -> Iterable[UUID]:
    if entry.action == _BLURRED:
        told = [parse_id(details.get("recording", ""))]
    elif entry.action == papers.SEEN and "educator" in details:
        told = [parse_id(details["educator"])]
    elif entry.thing_id is not None:
        return (entry.thing_id,)
    else:
        told = [parse_id(each) for each in details.get("observations", ())]
    return [each for each in told if each is not None]


def _what(action: str, details: Mapping[str, Any]) -> What:
    what = _BY_ACTION[action]
    if what is What.CLIP_OUT:
        return What.CLIP_OUT if details.get("blurred") else What.CLIP_OUT_UNBLURRED
    if what is What.RECORD:
        return _RECORD_BY_WAY.get(details.get("way", ""), what)
    if what is not What.PDF:
        return what
    if details.get("of") == "round":
        return What.ROUND
    if details.get("form") == "html":
        return What.SEALED_FILE if details.get("sealed") else What.FILE
    return What.PDF
