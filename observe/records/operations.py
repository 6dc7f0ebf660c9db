"""The verbs of shared records: list, open, comment, export. A record is a submitted observation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from observe.coding.assigning import hidden_from
from observe.coding.models import Observation
from observe.coding.operations import latest_document, observation_for
from observe.coding.rules import Document
from observe.errors import BadInputError
from observe.feedback import openings
from observe.feedback.models import Feedback, FeedbackState
from observe.feedback.operations import current
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.people.models import ClassGroup, Role
from observe.profile import Profile, profile_of
from observe.records.export import Scores, scores_of
from observe.records.models import Comment
from observe.records.news import happened, news_of
from observe.records.review import Review, review_of, reviews_of
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric
from observe.text import message
from observe.video.models import Recording

COMMENT_MAX = 2_000


@dataclass(frozen=True)
class RecordFilter:
    """Which records are asked for; what is None or '' does not narrow."""

    text: str = ""  # part of the educator's, the class group's or the observer's name
    school_id: UUID | None = None
    rubric: str = ""  # `id@version`
    feedback: str = ""  # a FeedbackState, or `none`
    since: date | None = None
    until: date | None = None
    review: str = ""  # a ReviewState
    changed_since: datetime | None = None  # by others than who asks


@dataclass(frozen=True)
class RecordRow:
    """One record in a list."""

    observation: Observation
    rubric: Rubric
    feedback: FeedbackState | None
    review: Review

    @property
    def rubric_name(self) -> str:
        """Return which version it was coded with, as `id@version`."""
        return f"{self.rubric.id}@{self.rubric.version}"


@dataclass(frozen=True)
class Record:
    """One record opened: what was submitted, what follows from it, and what was said about it."""

    observation: Observation
    rubric: Rubric
    document: Document
    profile: Profile
    feedback: Feedback | None  # only when its texts may be read: a draft is its observer's alone
    feedback_state: FeedbackState | None
    comments: tuple[Comment, ...]
    review: Review


@dataclass(frozen=True)
class Export:
    """A table, and of which observations it tells."""

    scores: Scores
    observation_ids: tuple[UUID, ...]


def records_of(
    session: Session, *, actor: Actor, where: RecordFilter | None = None
) -> list[RecordRow]:
    """Return the records that `actor` may see, the newest lesson first, narrowed by `where`."""
    states = _feedback_states(session)
    found = list(visible(session, actor, Action.RECORD_SEE))
    reviews = reviews_of(session, [each.id for each in found])
    rows = [
        RecordRow(each, rubric_of(each.rubric_version), states.get(each.id), reviews[each.id])
        for each in found
    ]
    return rows if where is None else narrowed(session, rows, where, actor=actor)


def narrowed(
    session: Session, rows: list[RecordRow], where: RecordFilter, *, actor: Actor
) -> list[RecordRow]:
    """Return those of her list's rows that `where` asks for."""
    shown = [row for row in rows if _matches(row, where)]
    if where.changed_since is None:
        return shown
    ids = [row.observation.id for row in shown]
    changed = news_of(session, ids, where.changed_since, actor=actor)
    return [row for row in shown if row.observation.id in changed]


def changed_since(session: Session, since: datetime, *, actor: Actor) -> int:
    """Return with how many records of her list others did something after `since`."""
    if not (happened_to := happened(session, since, actor=actor)):
        return 0
    of_these = Observation.id.in_(happened_to)
    return sum(1 for _each in visible(session, actor, Action.RECORD_SEE, of_these))


def visible(
    session: Session, actor: Actor, action: Action, *where: sa.ColumnElement[bool]
) -> Iterator[Observation]:
    """Yield the records to which `actor` may do `action`, the newest lesson first.

    `where` narrows further; what is hidden from her while she codes blind is left out.
    """
    found = session.scalars(
        sa.select(Observation)
        .join(Observation.recording)
        .join(Recording.class_group)
        .options(
            joinedload(Observation.recording)
            .joinedload(Recording.class_group)
            .joinedload(ClassGroup.school),
            joinedload(Observation.recording).joinedload(Recording.educator),
            joinedload(Observation.observer),
            selectinload(Observation.rubric_version),  # once, not its text beside each record
        )
        .where(Observation.submitted_at.is_not(None), _near(actor), *where)
        .order_by(Recording.recorded_on.desc(), Observation.submitted_at.desc(), Observation.id)
    )
    hidden = hidden_from(session, actor)
    return (
        each
        for each in found
        if access.can(actor, action, each.as_record()) and not hidden.hides(each)
    )


def _near(actor: Actor) -> sa.ColumnElement[bool]:
    """Narrow to what could be hers, so that a school's list does not read the whole territory.

    The policy table decides; this only spares it rows that it would refuse.
    """
    schools = {standing.school_id for standing in actor.standings if standing.role is Role.UTP_HEAD}
    if None in schools:
        return sa.true()
    return sa.or_(
        Observation.observer_id == actor.user_id,
        Observation.begun_by_id == actor.user_id,
        Recording.observer_id == actor.user_id,
        ClassGroup.school_id.in_(schools - {None}),
    )


def _feedback_states(session: Session) -> dict[UUID, FeedbackState]:
    """Return the state of each observation's newest feedback."""
    rows = session.execute(
        sa.select(Feedback.observation_id, Feedback.state).order_by(
            Feedback.created_at, Feedback.id
        )
    )
    return {row[0]: row[1] for row in rows}


def _matches(row: RecordRow, asked: RecordFilter) -> bool:
    recording = row.observation.recording
    names = (recording.educator.name, recording.class_group.name, row.observation.observer.name)
    return (
        asked.text.casefold() in "\n".join(names).casefold()
        and asked.school_id in (None, recording.class_group.school_id)
        and asked.rubric in ("", row.rubric_name)
        and asked.feedback in ("", row.feedback.value if row.feedback else "none")
        and asked.review in ("", row.review.state.value)
        and (asked.since is None or asked.since <= recording.recorded_on)
        and (asked.until is None or recording.recorded_on <= asked.until)
    )


def record_for(session: Session, observation_id: UUID, *, actor: Actor) -> Record:
    """Return the record, and put on file that `actor` opened it; raises as `read` does."""
    record = read(session, observation_id, actor=actor)
    opened(session, observation_id, actor=actor)
    return record


def read(session: Session, observation_id: UUID, *, actor: Actor) -> Record:
    """Return the record; who shows it to `actor` puts on file that she `opened` it.

    Raises:
        NotFoundError: there is none, it was not submitted, or the actor may not know of it.
    """
    observation = observation_for(session, observation_id, actor=actor, action=Action.RECORD_SEE)
    rubric, document = rubric_of(observation.rubric_version), latest_document(session, observation)
    feedback = current(session, observation.id)
    readable = feedback and access.can(actor, Action.FEEDBACK_READ, feedback.as_thing())
    return Record(
        observation=observation,
        rubric=rubric,
        document=document,
        profile=profile_of(document, rubric),
        feedback=feedback if readable else None,
        feedback_state=feedback.state if feedback else None,
        comments=comments_on(session, observation.id),
        review=review_of(session, observation.id),
    )


def opened(session: Session, observation_id: UUID, *, actor: Actor) -> None:
    """Put on file that `actor` opened the record; raises as `read` does."""
    observation = observation_for(session, observation_id, actor=actor, action=Action.RECORD_SEE)
    audit.record(
        session,
        openings.RECORD,
        actor_id=actor.user_id,
        thing_kind="record",
        thing_id=observation.id,
    )


def comments_on(session: Session, observation_id: UUID) -> tuple[Comment, ...]:
    """Return what was said about a record, the first comment first."""
    rows = sa.select(Comment).where(Comment.observation_id == observation_id)
    return tuple(session.scalars(rows.order_by(Comment.at, Comment.id)))


def comment(session: Session, observation_id: UUID, text: str, *, actor: Actor) -> Comment:
    """Keep a comment of `actor` on the record.

    Raises:
        NotFoundError: there is no such record for her.
        BadInputError: nothing was written, or too much.
    """
    observation = observation_for(
        session, observation_id, actor=actor, action=Action.RECORD_COMMENT
    )
    if not text.strip():
        raise BadInputError(message("Write something before you send it."), field="text")
    if len(text) > COMMENT_MAX:
        raise BadInputError(
            message("Use at most %(limit)s characters.", limit=COMMENT_MAX), field="text"
        )
    said = Comment(observation_id=observation.id, user_id=actor.user_id, text=text.strip())
    session.add(said)
    session.flush()
    audit.record(
        session,
        "record.comment",
        actor_id=actor.user_id,
        thing_kind="record",
        thing_id=observation.id,
        comment=said.id,
    )
    return said


def export_of(session: Session, *, actor: Actor, where: RecordFilter | None = None) -> Export:
    """Return the scores of the records that `actor` may export, one row each.

    Who hands them out puts on file that they were `exported`.

    See `records.export` for its columns.
    """
    rows = records_of(session, actor=actor, where=where)
    allowed = [
        row for row in rows if access.can(actor, Action.RECORD_EXPORT, row.observation.as_record())
    ]
    scores = scores_of(
        (row.observation, row.rubric, latest_document(session, row.observation)) for row in allowed
    )
    return Export(scores, tuple(row.observation.id for row in allowed))


def exported(session: Session, export: Export, *, actor: Actor) -> None:
    """Put on file that `actor` took these records away as a table."""
    audit.record(
        session,
        "record.export",
        actor_id=actor.user_id,
        thing_kind="home",
        thing_id=None,
        records=len(export.observation_ids),
        observations=[str(each) for each in export.observation_ids],
    )
