"""The daily job that reminds by mail: one digest an observer, one line an educator.

What a letter tells of is put on file, in a transaction of its own, in the moment before the mail
server is given its text. Killed before that it is sent the next time; killed behind it, it was
sent. In between lies no work of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, selectinload

from observe import mail
from observe.daily import daily
from observe.db import Database, day_of, now, today
from observe.feedback import letters, openings, schooldays, waiting
from observe.feedback.board import Row
from observe.feedback.models import Feedback, FeedbackState, Reminder
from observe.jobs import Work
from observe.people.access import Action, actor_of, can
from observe.people.models import AuditEntry, Membership, Role, User
from observe.settings import Settings

KIND: Final = "feedback.remind"
HOUR: Final = 7
READY_DAYS: Final = timedelta(days=14)  # what was published longer ago is no news
LAPTOP_URL: Final = "http://127.0.0.1:5000"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Mark:
    """What a letter reminds of, of which it is the only reminder."""

    kind: str
    thing_id: UUID
    due_on: date


@dataclass(frozen=True)
class Reminding:
    """A letter to a person, and what it reminds of; the first mark names it."""

    user_id: UUID
    letter: mail.Letter
    marks: tuple[Mark, ...]


@daily(KIND, hour=HOUR, wanted=mail.is_set_up)
def remind(work: Work, _day: UUID) -> None:
    """Send the letters of today; on days without school nobody is reminded of anything."""
    if schooldays.is_school_day(today()):
        work.step("letters", send_all, work.settings, work.database, today())


def send_all(settings: Settings, database: Database, on: date) -> int:
    """Send every letter that is to be sent on the day `on`; return how many there were.

    Raises:
        MailError: the server cannot be used, or broke off; what is left is sent the next time.
    """
    with database.read() as session:
        waits = [*_digests(session, settings, on), *_ready(session, settings, on)]
    if not waits:
        return 0
    with mail.connected(settings) as post:
        return sum(_send(post, database, each) for each in waits)


def _send(post: mail.Post, database: Database, each: Reminding) -> bool:
    try:
        return post.send(each.letter, partial(_claim, database, each))
    except mail.RefusedError:  # one address that is not taken keeps nobody else from her letter
        log.warning("letter refused", user=str(each.user_id))
        _release(database, each)
        return False


def _claim(database: Database, each: Reminding) -> bool:
    """Put on file that the letter goes out; False: it did before."""
    try:
        with database.write() as session:
            session.add_all(
                Reminder(
                    user_id=each.user_id,
                    kind=mark.kind,
                    thing_id=mark.thing_id,
                    due_on=mark.due_on,
                )
                for mark in each.marks
            )
    except sa.exc.IntegrityError:
        return False
    return True


def _release(database: Database, each: Reminding) -> None:
    """Take back that a letter went out, which the server certainly did not take."""
    with database.write() as session:
        for mark in each.marks:
            session.execute(
                sa.delete(Reminder).where(
                    Reminder.user_id == each.user_id,
                    Reminder.kind == mark.kind,
                    Reminder.thing_id == mark.thing_id,
                    Reminder.due_on == mark.due_on,
                )
            )


def _letter(user: User, words: letters.Words, mark: Mark, settings: Settings) -> mail.Letter:
    locale = user.locale or settings.locale
    name = f"{user.id}:{mark.kind}:{mark.thing_id}:{mark.due_on.isoformat()}"
    key = uuid5(NAMESPACE_URL, f"observe:letter:{name}").hex
    return mail.Letter(user.email or "", words.subject.in_language(locale), words.text(locale), key)


def _first_name(user: User) -> str:
    return user.name.split(maxsplit=1)[0] if user.name.strip() else ""


def _told_already(session: Session, user_id: UUID) -> set[Mark]:
    rows = sa.select(Reminder.kind, Reminder.thing_id, Reminder.due_on)
    return {Mark(*row) for row in session.execute(rows.where(Reminder.user_id == user_id))}


# --- to observers ---------------------------------------------------------------------------------


def _digests(session: Session, settings: Settings, on: date) -> Iterator[Reminding]:
    """Yield a digest to each observer for whom something is due that no letter told of yet."""
    observers = sa.select(Membership.user_id).where(Membership.role == Role.OBSERVER)
    url = f"{settings.public_url or LAPTOP_URL}/seguimiento"
    for user in _reachable(session, User.id.in_(observers)):
        told = _told_already(session, user.id)
        day = Mark("digest", user.id, on)
        due = waiting.board_of(
            session, actor=actor_of(user, on), today=on, days=settings.feedback_days
        ).due
        news = tuple(mark for row in due if (mark := _mark(row)) not in told)
        if news and day not in told:
            words = letters.digest(_first_name(user), due, on, url)
            yield Reminding(user.id, _letter(user, words, day, settings), (day, *news))


def _reachable(session: Session, which: sa.ColumnElement[bool]) -> list[User]:
    query = sa.select(User).where(which, User.active, User.email.is_not(None), User.email != "")
    return list(session.scalars(query.options(selectinload(User.memberships)).order_by(User.id)))


def _mark(row: Row) -> Mark:
    return Mark(row.column.value, row.thing_id, row.due_on or row.lesson.recorded_on)


# --- to educators ---------------------------------------------------------------------------------


def _ready(session: Session, settings: Settings, on: date) -> Iterator[Reminding]:
    """Yield one letter to each educator who has not opened what was published for her lately.

    Only where people can reach the pages: a link to a colleague's laptop leads nowhere.
    """
    if not settings.public_url:
        return
    found = _published(session)
    for user in _reachable(session, User.id.in_(tuple(found))):
        actor, told = actor_of(user, on), _told_already(session, user.id)
        marks = tuple(
            mark
            for each in found[user.id]
            if can(actor, Action.FEEDBACK_ANSWER, each.as_thing())
            and (mark := Mark("ready", each.id, _published_on(each))) not in told
        )
        if marks:
            url = f"{settings.public_url}/mi-retroalimentacion"
            words = letters.ready(_first_name(user), url)
            yield Reminding(user.id, _letter(user, words, marks[0], settings), marks)


def _published(session: Session) -> dict[UUID, list[Feedback]]:
    """Return by educator what was published for her lately and she has not opened."""
    query = sa.select(Feedback).where(
        Feedback.state == FeedbackState.PUBLISHED, Feedback.published_at >= now() - READY_DAYS
    )
    found: dict[UUID, list[Feedback]] = {}
    for feedback in session.scalars(query.order_by(Feedback.published_at, Feedback.id)):
        educator_id = feedback.observation.recording.educator_id
        if feedback.as_thing().blocked:
            continue
        if not _opened(session, feedback.id, educator_id):
            found.setdefault(educator_id, []).append(feedback)
    return found


def _opened(session: Session, feedback_id: UUID, educator_id: UUID) -> bool:
    query = sa.select(AuditEntry.number).where(
        AuditEntry.thing_id == feedback_id,
        AuditEntry.actor_id == educator_id,
        AuditEntry.action == openings.PAGE,
    )
    return session.scalar(query.limit(1)) is not None


def _published_on(feedback: Feedback) -> date:
    at = feedback.published_at or feedback.created_at
    return day_of(at)
