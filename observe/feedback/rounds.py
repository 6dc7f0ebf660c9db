"""The PDFs of a whole round: named, made one after the other, and put into one file.

Its zip is made in the background. What was asked for is on file and the job works from there; what
its asker may not take (any more) is left out. A file is named by day, class and initials: names of
files are seen in lists, mails and pen drives by people who do not open them, and there an educator
is nobody's business.
"""

from __future__ import annotations

import json
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe import jobs
from observe.coding.models import Observation
from observe.db import Database, now, today
from observe.errors import ConflictError, NotFoundError
from observe.feedback import openings, signed
from observe.feedback.models import Feedback, FeedbackState
from observe.feedback.operations import feedback_for
from observe.feedback.report import page_of, pdf
from observe.ids import new_id
from observe.jobs import Job, Work, handler
from observe.people import access, audit
from observe.people.access import Action, Actor, actor_of
from observe.people.models import AuditEntry, ClassGroup, User
from observe.text import LOCALES, Message, message
from observe.video import outgoing
from observe.video.models import Recording
from observe.video.store import Store, open_store

KIND: Final = "feedback.round"
ASKED: Final = "feedback.round_asked"
KEPT_WITHIN: Final = timedelta(days=1)
STEPS: Final[dict[str, Message]] = {
    "": message("Waiting for its turn"),
    "pdfs": message("Writing the PDFs"),
}


# --- names --------------------------------------------------------------------------------------


def file_name(lesson_on: date, class_group: str, educator: str) -> str:
    """Return the name of an educator's file, without its ending and without her name.

    >>> file_name(date(2026, 5, 12), "1° B", "Berta O'Brien Núñez")
    '2026-05-12-1B-BON'
    """
    group = re.sub(r"[^A-Za-z0-9]", "", _plain(class_group))
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z]+", _named(educator))).upper()
    return "-".join(part for part in (lesson_on.isoformat(), group, initials) if part)


def _plain(text: str) -> str:
    """Return the text without accents and signs: «°» is no letter o in a name of a file."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(part for part in parts if ord(part) < 128)


def _named(name: str) -> str:
    return _plain(name).replace("'", "")


def numbered(names: Sequence[str]) -> list[str]:
    """Return the names with a number behind those that come again.

    >>> numbered(["a", "b", "a", "a"])
    ['a', 'b', 'a-2', 'a-3']
    """
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(f"{name}-{seen[name]}" if seen[name] > 1 else name)
    return told


# --- what belongs to a round --------------------------------------------------------------------


@dataclass(frozen=True)
class Planned:
    """A PDF of a round before it is made."""

    feedback_id: UUID
    name: str


def published_of(session: Session, observation_ids: Iterable[UUID], *, actor: Actor) -> list[UUID]:
    """Return the published feedback of these observations that `actor` may take, in their order."""
    place = {observation_id: at for at, observation_id in enumerate(observation_ids)}
    found = _published(session, Feedback.observation_id.in_(list(place)), actor)
    return [each.id for each in sorted(found, key=lambda each: place[each.observation_id])]


def plan(session: Session, feedback_ids: Sequence[UUID], *, actor: Actor) -> list[Planned]:
    """Return the files of a round: what `actor` may not take (any more) is none of them."""
    place = {feedback_id: at for at, feedback_id in enumerate(feedback_ids)}
    found = _published(session, Feedback.id.in_(list(place)), actor)
    found.sort(key=lambda each: place[each.id])
    lessons = [each.observation.recording for each in found]
    names = [
        file_name(lesson.recorded_on, lesson.class_group.name, lesson.educator.name)
        for lesson in lessons
    ]
    return [
        Planned(each.id, f"{name}.pdf") for each, name in zip(found, numbered(names), strict=True)
    ]


def _published(session: Session, which: sa.ColumnElement[bool], actor: Actor) -> list[Feedback]:
    lesson = joinedload(Feedback.observation).joinedload(Observation.recording)
    rows = session.scalars(
        sa.select(Feedback)
        .options(
            lesson.joinedload(Recording.class_group).joinedload(ClassGroup.school),
            lesson.joinedload(Recording.educator),
        )
        .where(which, Feedback.state == FeedbackState.PUBLISHED)
    )
    return [row for row in rows if access.can(actor, Action.FEEDBACK_SEE, row.as_thing())]


# --- making -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RoundFile:
    """A PDF of a round: whose it is, its name and its bytes."""

    feedback_id: UUID
    name: str
    content: bytes


Tell = Callable[[int, int], None]  # how many are made, of how many


def files(
    database: Database,
    store: Store,
    feedback_ids: Sequence[UUID],
    *,
    actor: Actor,
    locale: str,
    tell: Tell | None = None,
) -> Iterator[RoundFile]:
    """Yield the PDFs of a round one by one; one that is withdrawn meanwhile is left out."""
    with database.read() as session:
        planned = plan(session, feedback_ids, actor=actor)
    for made, each in enumerate(planned):
        if tell is not None:
            tell(made, len(planned))
        content = _made(database, store, each.feedback_id, actor, locale)
        if content is not None:
            yield RoundFile(each.feedback_id, each.name, content)


def _made(
    database: Database, store: Store, feedback_id: UUID, actor: Actor, locale: str
) -> bytes | None:
    with database.read() as session:
        try:
            feedback = feedback_for(session, feedback_id, actor=actor, action=Action.FEEDBACK_SEE)
        except NotFoundError:  # codes another lesson of hers blind, or it is not hers any more
            return None
        if feedback.state is not FeedbackState.PUBLISHED:
            return None
        page = page_of(feedback, locale=locale)
        pictures = signed.pictures_of(session, store, feedback)
    return pdf(page, pictures)


def write_zip(target: Path, made: Iterable[RoundFile]) -> list[UUID]:
    """Write the files into a zip at `target`; return whose they are.

    Each entry's comment is the id of its feedback, so that a zip tells what is in it.
    """
    written = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:  # a PDF is packed already
        for file in made:
            entry = zipfile.ZipInfo(file.name)
            entry.comment = file.feedback_id.hex.encode()
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, file.content)
            written.append(file.feedback_id)
    return written


def taken(session: Session, feedback_ids: Iterable[UUID], *, actor: Actor) -> None:
    """Put on file of each feedback that `actor` took its PDF away with a whole round."""
    for feedback_id in feedback_ids:
        feedback = session.get_one(Feedback, feedback_id)
        openings.opened(
            session, feedback, actor=actor, action=openings.DOWNLOAD, form="pdf", of="round"
        )


# --- in the background --------------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    """A round that was asked for."""

    id: UUID
    actor_id: UUID
    locale: str
    feedback_ids: tuple[UUID, ...]


def ask(session: Session, feedback_ids: Sequence[UUID], *, locale: str, actor: Actor) -> UUID:
    """Ask for the zip of these; return the id of the round.

    Raises:
        ConflictError: there is none among them that `actor` may take.
    """
    planned = plan(session, feedback_ids, actor=actor)
    if not planned:
        raise ConflictError(message("There is no published feedback of yours among these."))
    round_id = new_id()
    audit.record(
        session,
        ASKED,
        actor_id=actor.user_id,
        thing_kind="round",
        thing_id=round_id,
        locale=locale,
        feedback=[str(each.feedback_id) for each in planned],
    )
    jobs.enqueue(session, KIND, round_id)
    return round_id


def round_for(session: Session, round_id: UUID, *, actor: Actor) -> Round:
    """Return the round that `actor` asked for.

    Raises:
        NotFoundError: there is none, or somebody else asked for it.
    """
    found = _asked(session, round_id)
    if found is None or found.actor_id != actor.user_id:
        raise access.not_found()
    return found


def _asked(session: Session, round_id: UUID) -> Round | None:
    entry = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.thing_id == round_id, AuditEntry.action == ASKED)
    ).one_or_none()
    if entry is None or entry.actor_id is None:
        return None
    told = json.loads(entry.details)
    locale = told["locale"] if told["locale"] in LOCALES else LOCALES[0]
    return Round(round_id, entry.actor_id, locale, tuple(UUID(each) for each in told["feedback"]))


def job_of(session: Session, round_id: UUID) -> Job | None:
    """Return the job that makes the zip; `STEPS` has words for its steps."""
    return jobs.latest(session, KIND, round_id)


def again(session: Session, round_id: UUID, *, actor: Actor) -> None:
    """Make the zip anew: it failed, is gone, or something in it changed. Raises as `round_for`."""
    jobs.enqueue(session, KIND, round_for(session, round_id, actor=actor).id, again=True)


@handler(KIND)
def make(work: Work, round_id: UUID) -> None:
    """Make the zip of a round."""
    work.step("pdfs", make_zip, work, round_id)


def make_zip(work: Work, round_id: UUID) -> None:
    """Put the zip where it waits to be taken away; doing it again makes it anew.

    What is deleted while it is made is in none that is left.

    Raises:
        ConflictError: nothing of it may be taken any more.
    """
    store = open_store(work.settings)
    store.clear_outgoing(now() - KEPT_WITHIN)
    with work.database.read() as session:
        asked = _asked(session, round_id)
        user = session.get(User, asked.actor_id) if asked else None
        actor = actor_of(user, today()) if user else None
    if asked is None or actor is None:
        raise access.not_found()

    def tell(made: int, total: int) -> None:
        work.check_cancelled()
        work.progress("pdfs", 100 * made // total)

    def write(made: Path) -> None:
        each = files(
            work.database, store, asked.feedback_ids, actor=actor, locale=asked.locale, tell=tell
        )
        if not write_zip(made, each):
            raise ConflictError(message("There is no published feedback of yours among these."))

    outgoing.make_zip(work.database, store, round_id, write)


def take(session: Session, store: Store, round_id: UUID, *, actor: Actor) -> Path:
    """Return the zip, and put on file that `actor` takes each PDF in it away.

    Raises:
        NotFoundError: there is none of hers.
        ConflictError: it is not there (any more), or something in it was withdrawn meanwhile.
    """
    asked = round_for(session, round_id, actor=actor)
    path = store.outgoing_since(round_id, "zip", now() - KEPT_WITHIN)
    now_so = {each.feedback_id for each in plan(session, asked.feedback_ids, actor=actor)}
    inside = _inside(path) if path else set()
    if path is None or not inside:
        raise ConflictError(message("This file is not kept any more. Have it made again."))
    if inside - now_so:
        raise ConflictError(
            message("Something in this file was withdrawn meanwhile. Have it made again.")
        )
    taken(session, inside, actor=actor)
    return path


def is_ready(store: Store, round_id: UUID) -> bool:
    """Tell whether the zip waits to be taken away."""
    return store.outgoing_since(round_id, "zip", now() - KEPT_WITHIN) is not None


def _inside(path: Path) -> set[UUID]:
    try:
        with zipfile.ZipFile(path) as packed:
            return {UUID(entry.comment.decode()) for entry in packed.infolist()}
    except FileNotFoundError:
        return set()
