"""The video library as an observer sees it: each lesson, where it stands, what it waits for."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Observation, ObservationState
from observe.feedback.models import Answer, Feedback, FeedbackState
from observe.jobs import Job, JobState
from observe.people.access import Actor
from observe.records.models import Comment
from observe.text import Message, message
from observe.video.models import Recording, RecordingState, Upload
from observe.video.operations import recordings_of
from observe.video.preparing import prepare


class Stage(enum.StrEnum):
    """What a lesson waits for; in this order they are shown."""

    FAILED = "failed"
    CONSENT = "consent"
    CODE = "code"
    DRAFT = "draft"
    FEEDBACK = "feedback"
    PREPARING = "preparing"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    REFUSED = "refused"


class Group(enum.StrEnum):
    """Whose turn it is."""

    MINE = "mine"
    MACHINE = "machine"
    DONE = "done"


GROUPS: Final = {
    Stage.FAILED: Group.MINE,
    Stage.CONSENT: Group.MINE,
    Stage.CODE: Group.MINE,
    Stage.DRAFT: Group.MINE,
    Stage.FEEDBACK: Group.MINE,
    Stage.PREPARING: Group.MACHINE,
    Stage.PUBLISHING: Group.MACHINE,
    Stage.PUBLISHED: Group.DONE,
    Stage.REFUSED: Group.DONE,
}
SENTENCES: Final = {
    Stage.FAILED: message("The preparation stopped"),
    Stage.CONSENT: message("Locked: no consents"),
    Stage.CODE: message("Ready to be coded"),
    Stage.DRAFT: message("Coding has begun"),
    Stage.FEEDBACK: message("The feedback is to be chosen"),
    Stage.PREPARING: message("Being prepared"),
    Stage.PUBLISHING: message("The feedback is being published"),
    Stage.PUBLISHED: message("Feedback published"),
    Stage.REFUSED: message("The file was refused"),
}


@dataclass(frozen=True)
class Lesson:
    """A recording, the work of this observer on it, and the job that prepares it."""

    recording: Recording
    job: Job | None
    observations: tuple[Observation, ...]  # this observer's, newest first
    feedback: Feedback | None  # the open one of the newest observation
    answers: int = 0  # that the educator sent to it
    comments: int = 0  # by others, on the newest observation

    @property
    def stage(self) -> Stage:
        """What the lesson waits for."""
        recording = self.recording
        if recording.state is RecordingState.REFUSED:
            return Stage.REFUSED
        if self.observations:
            return self._work_stage(self.observations[0])
        if self.job is not None and self.job.state in (JobState.FAILED, JobState.CANCELLED):
            return Stage.FAILED
        if not recording.has_consent:
            return Stage.CONSENT
        return Stage.CODE if recording.state is RecordingState.READY else Stage.PREPARING

    def _work_stage(self, newest: Observation) -> Stage:
        if newest.state is ObservationState.DRAFT:
            return Stage.DRAFT if self.recording.has_consent else Stage.CONSENT
        if self.feedback is None or self.feedback.state is FeedbackState.DRAFT:
            return Stage.FEEDBACK
        published = self.feedback.state is FeedbackState.PUBLISHED
        return Stage.PUBLISHED if published else Stage.PUBLISHING

    @property
    def group(self) -> Group:
        """Whose turn it is."""
        return GROUPS[self.stage]

    @property
    def sentence(self) -> Message:
        """Where the lesson stands, for a person."""
        return SENTENCES[self.stage]

    @property
    def preparing(self) -> bool:
        """Whether background work on it goes on."""
        return self.job is not None and not self.job.ended

    @property
    def step(self) -> Message | None:
        """What is being done in the background, in words."""
        if self.job is None or self.job.ended:
            return None
        return prepare.STEPS.get(self.job.step, message("Waiting for its turn"))


@dataclass(frozen=True)
class Filter:
    """What to look for in the library; an empty part looks for everything."""

    school_id: UUID | None = None
    educator_id: UUID | None = None
    group: Group | None = None

    def holds(self, lesson: Lesson) -> bool:
        """Tell whether `lesson` is looked for."""
        recording = lesson.recording
        return (
            self.school_id in (None, recording.class_group.school_id)
            and self.educator_id in (None, recording.educator_id)
            and self.group in (None, lesson.group)
        )

    @property
    def empty(self) -> bool:
        """Whether everything is looked for."""
        return self == Filter()


def lessons_of(session: Session, *, actor: Actor) -> list[Lesson]:
    """Return the lessons of this observer: what waits for her first, then the newest."""
    found = lessons(session, recordings_of(session, actor=actor), actor)
    order = list(Stage)
    return sorted(found, key=lambda each: order.index(each.stage))


def lesson(session: Session, recording: Recording, *, actor: Actor) -> Lesson:
    """Return one recording with the actor's work on it."""
    return lessons(session, [recording], actor)[0]


def lessons(session: Session, recordings: Sequence[Recording], actor: Actor) -> list[Lesson]:
    """Return `recordings`, in their order, with the actor's work on them and their jobs."""
    ids = [recording.id for recording in recordings]
    jobs = _jobs(session, ids)
    work = _observations(session, ids, actor)
    open_feedback = _feedback(session, [row.id for rows in work.values() for row in rows])
    answers = _answers(session, [row.id for row in open_feedback.values()])
    comments = _comments(session, [rows[0].id for rows in work.values()], actor)
    found = []
    for recording in recordings:
        mine = tuple(work.get(recording.id, ()))
        feedback = open_feedback.get(mine[0].id) if mine else None
        found.append(
            Lesson(
                recording,
                jobs.get(recording.id),
                mine,
                feedback,
                answers=answers.get(feedback.id, 0) if feedback else 0,
                comments=comments.get(mine[0].id, 0) if mine else 0,
            )
        )
    return found


def _jobs(session: Session, ids: Iterable[UUID]) -> dict[UUID, Job]:
    query = sa.select(Job).where(Job.kind == prepare.KIND, Job.subject_id.in_(ids))
    return {job.subject_id: job for job in session.scalars(query.order_by(Job.attempt))}


def _observations(
    session: Session, ids: Iterable[UUID], actor: Actor
) -> dict[UUID, list[Observation]]:
    query = sa.select(Observation).where(
        Observation.recording_id.in_(ids), Observation.observer_id == actor.user_id
    )
    found: dict[UUID, list[Observation]] = {}
    for row in session.scalars(query.order_by(Observation.id.desc())):
        found.setdefault(row.recording_id, []).append(row)
    return found


def _feedback(session: Session, ids: Iterable[UUID]) -> dict[UUID, Feedback]:
    query = sa.select(Feedback).where(
        Feedback.observation_id.in_(ids), Feedback.state != FeedbackState.WITHDRAWN
    )
    return {row.observation_id: row for row in session.scalars(query)}


def _answers(session: Session, ids: Iterable[UUID]) -> dict[UUID, int]:
    query = sa.select(Answer.feedback_id, sa.func.count()).where(
        Answer.feedback_id.in_(ids), Answer.sent_at.is_not(None)
    )
    rows = session.execute(query.group_by(Answer.feedback_id))
    return {feedback_id: count for feedback_id, count in rows}  # noqa: C416


def _comments(session: Session, ids: Iterable[UUID], actor: Actor) -> dict[UUID, int]:
    query = sa.select(Comment.observation_id, sa.func.count()).where(
        Comment.observation_id.in_(ids), Comment.user_id != actor.user_id
    )
    rows = session.execute(query.group_by(Comment.observation_id))
    return {observation_id: count for observation_id, count in rows}  # noqa: C416


def unfinished_uploads(session: Session, *, actor: Actor) -> list[Upload]:
    """Return the actor's uploads that did not become a recording yet, the newest first."""
    query = sa.select(Upload).where(Upload.user_id == actor.user_id, Upload.recording_id.is_(None))
    return list(session.scalars(query.order_by(Upload.id.desc())))
