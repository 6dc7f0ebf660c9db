"""The video library as an observer sees it: each lesson, where it stands, what it waits for."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.assigning import hidden_from
from observe.coding.models import Observation, ObservationState
from observe.feedback.models import Answer, Feedback, FeedbackState
from observe.jobs import Job, JobState
from observe.people.access import Actor
from observe.records.models import Comment
from observe.text import Message, message
from observe.video.models import Assignment, Recording, RecordingState, Upload
from observe.video.operations import recordings_of
from observe.video.preparing import prepare


class Stage(enum.StrEnum):
    """What a lesson waits for; in this order they are shown."""

    LIVE = "live"
    ASKED = "asked"
    FAILED = "failed"
    CONSENT = "consent"
    CODE = "code"
    DRAFT = "draft"
    FEEDBACK = "feedback"
    PREPARING = "preparing"
    HELD = "held"
    PUBLISHING = "publishing"
    HIDDEN = "hidden"
    CODED = "coded"
    PUBLISHED = "published"
    REFUSED = "refused"
    ERASED = "erased"


class Group(enum.StrEnum):
    """Whose turn it is."""

    MINE = "mine"
    MACHINE = "machine"
    DONE = "done"


GROUPS: Final = {
    Stage.LIVE: Group.MINE,
    Stage.ASKED: Group.MINE,
    Stage.FAILED: Group.MINE,
    Stage.CONSENT: Group.MINE,
    Stage.CODE: Group.MINE,
    Stage.DRAFT: Group.MINE,
    Stage.FEEDBACK: Group.MINE,
    Stage.PREPARING: Group.MACHINE,
    Stage.HELD: Group.MACHINE,
    Stage.PUBLISHING: Group.MACHINE,
    Stage.HIDDEN: Group.MACHINE,
    Stage.CODED: Group.DONE,
    Stage.PUBLISHED: Group.DONE,
    Stage.REFUSED: Group.DONE,
    Stage.ERASED: Group.DONE,
}
SENTENCES: Final = {
    Stage.LIVE: message("Observed in the room: the clock runs"),
    Stage.ASKED: message("You were asked to code it"),
    Stage.FAILED: message("The preparation stopped"),
    Stage.CONSENT: message("Locked: no consents"),
    Stage.CODE: message("Ready to be coded"),
    Stage.DRAFT: message("Coding has begun"),
    Stage.FEEDBACK: message("The feedback is to be chosen"),
    Stage.PREPARING: message("Being prepared"),
    Stage.HELD: message("Waits for the colleague who asked"),
    Stage.HIDDEN: message("Hidden while you code blind"),
    Stage.CODED: message("Your coding is submitted"),
    Stage.PUBLISHING: message("The feedback is being published"),
    Stage.PUBLISHED: message("Feedback published"),
    Stage.REFUSED: message("The file was refused"),
    Stage.ERASED: message("The video was deleted"),
}


@dataclass(frozen=True)
class Lesson:
    """A recording, the work of this observer on it, and the job that prepares it.

    `asked`: how a colleague asked her to code it too. `hidden`: she codes this educator blind.
    """

    recording: Recording
    job: Job | None
    observations: tuple[Observation, ...]  # this observer's, newest first
    feedback: Feedback | None  # the open one of the newest observation
    answers: int = 0  # that the educator sent to it
    comments: int = 0  # by others, on the newest observation
    asked: tuple[Assignment, ...] = ()
    hidden: bool = False

    @property
    def stage(self) -> Stage:
        """What the lesson waits for."""
        recording = self.recording
        if recording.state is RecordingState.REFUSED:
            return Stage.REFUSED
        if recording.live_runs:
            return Stage.LIVE
        if recording.is_erased and not self._submitted:
            return Stage.ERASED
        if self.asked:
            return self._asked_stage()
        if self.observations:
            return self._work_stage(self.observations[0])
        if self.job is not None and self.job.state in (JobState.FAILED, JobState.CANCELLED):
            return Stage.FAILED
        if recording.is_locked:
            return Stage.CONSENT
        codable = recording.is_live or recording.state is RecordingState.READY
        return Stage.CODE if codable else Stage.PREPARING

    @property
    def _submitted(self) -> bool:
        """Whether her coding of it is submitted: what comes of that is hers to do, film or not."""
        return any(each.state is ObservationState.SUBMITTED for each in self.observations[:1])

    def _asked_stage(self) -> Stage:
        """Return what a colleague's lesson waits for: only to code it is hers to do."""
        if self.recording.state is RecordingState.RECEIVED:
            return Stage.PREPARING if self.preparing else Stage.HELD
        if self.observations and self.observations[0].state is ObservationState.SUBMITTED:
            done = Stage.HIDDEN if self.hidden else Stage.CODED
            return Stage.ASKED if self.to_begin else done
        if not self.recording.has_consent:
            return Stage.HELD
        return Stage.ASKED if self.to_begin else Stage.DRAFT

    @property
    def to_begin(self) -> tuple[Assignment, ...]:
        """How she was asked to code it, where she has not begun."""
        begun = {each.rubric_version_id for each in self.observations}
        return tuple(each for each in self.asked if each.rubric_version_id not in begun)

    def _work_stage(self, newest: Observation) -> Stage:
        if newest.state is ObservationState.DRAFT:
            return Stage.CONSENT if self.recording.is_locked else Stage.DRAFT
        if self.hidden:
            return Stage.HIDDEN
        if self.recording.is_live:
            return Stage.CODED  # no video, so no feedback with moments of it
        if self.feedback is None or self.feedback.state is FeedbackState.DRAFT:
            return Stage.ERASED if self.recording.is_erased else Stage.FEEDBACK
        published = self.feedback.state is FeedbackState.PUBLISHED
        return Stage.PUBLISHED if published else Stage.PUBLISHING

    @property
    def is_left(self) -> bool:
        """Whether it was observed in the room and its coding has gone on to its video."""
        recording = self.recording
        return recording.is_live and not recording.live_runs and not self.observations

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
    found = [each for each in found if not each.is_left]
    return sorted(found, key=lambda each: order.index(each.stage))


def lesson(session: Session, recording: Recording, *, actor: Actor) -> Lesson:
    """Return one recording with the actor's work on it."""
    return lessons(session, [recording], actor)[0]


def lessons(session: Session, recordings: Sequence[Recording], actor: Actor) -> list[Lesson]:
    """Return `recordings`, in their order, with the actor's work on them and their jobs."""
    ids = [recording.id for recording in recordings]
    hidden = hidden_from(session, actor).educator_ids
    jobs = _jobs(session, ids)
    work = _observations(session, ids, actor)
    shown = [each.id for each in recordings if each.educator_id not in hidden and each.id in work]
    open_feedback = _feedback(session, [row.id for key in shown for row in work[key]])
    answers = _answers(session, [row.id for row in open_feedback.values()])
    comments = _comments(session, [work[key][0].id for key in shown], actor)
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
                asked=_asked(recording, actor),
                hidden=recording.educator_id in hidden,
            )
        )
    return found


def _asked(recording: Recording, actor: Actor) -> tuple[Assignment, ...]:
    return tuple(each for each in recording.assignments if each.observer_id == actor.user_id)


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
