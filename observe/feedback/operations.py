"""The verbs of feedback. Each takes the actor, checks her right, and never commits.

A draft saves itself and may be incomplete; that is not worth an audit entry. Opening, publishing,
withdrawing and answering are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.coding.models import Observation, ObservationState, Revision
from observe.coding.operations import check_visible, latest_document
from observe.db import day_of, locked, now, today
from observe.errors import BadInputError, ConflictError, InvalidError
from observe.feedback import answers, checks, publishing
from observe.feedback.answers import Besides, SentAnswer
from observe.feedback.checks import FocusInput, input_of
from observe.feedback.consent import allows_pictures
from observe.feedback.known import known_of, previous_focus, wish_before
from observe.feedback.models import Answer, Feedback, FeedbackState, Focus, FocusKind
from observe.feedback.openings import Opening, openings_of_version
from observe.feedback.suggest import Suggestion, suggest
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.privacy import tombstones
from observe.privacy.shut import WITHDRAW
from observe.profile import profile_of
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Text
from observe.text import Message, message
from observe.video.models import Recording

REASON_MAX = 500
MOMENTS_END = 2**31  # ms: the database keeps 31 bits; no lesson comes near


def composable(session: Session, observation_id: UUID, *, actor: Actor) -> Observation:
    """Return the submitted observation for which `actor` may compose feedback.

    Raises:
        NotFoundError: there is none, or the actor may not know of it, perhaps as she codes blind.
        ConflictError: it was not submitted yet.
    """
    observation = session.get(Observation, observation_id)
    if observation is None:
        raise access.not_found()
    access.require(actor, Action.FEEDBACK_COMPOSE, observation.as_thing())
    if observation.state is not ObservationState.SUBMITTED:
        raise ConflictError(message("Finish the observation first; feedback comes after it."))
    check_visible(session, observation, actor=actor)
    return observation


def check_filmed(observation: Observation) -> None:
    """Return when there is a video to show moments of; raises `ConflictError` with what to do."""
    if observation.recording.is_live:
        raise ConflictError(
            message(
                "This lesson was observed without a video, so there is no moment to show in a"
                " feedback. Talk about its profile and its notes."
            )
        )


def suggestion_for(session: Session, observation_id: UUID, *, actor: Actor) -> Suggestion:
    """Return the candidates for strength and priority in the submitted observation."""
    observation = composable(session, observation_id, actor=actor)
    rubric, document = rubric_of(observation.rubric_version), latest_document(session, observation)
    known = known_of(session, observation, on=day_of(now()), actor=actor)
    return suggest(profile_of(document, rubric), rubric, checks.evidence_of(document), known)


def wish_told(session: Session, observation: Observation) -> set[UUID]:
    """Return the feedback of whose answer a suggestion tells that she asked to be looked at."""
    wished = wish_before(session, observation)
    return {wished.feedback_id} if wished is not None and wished.wish else set()


def open_draft(session: Session, observation_id: UUID, *, actor: Actor) -> Feedback:
    """Return the observation's open feedback, begun now when there is none.

    After a withdrawal the new draft begins with what was withdrawn, to be corrected.

    Raises:
        ConflictError: it was not submitted yet, or has no video.
    """
    observation = composable(session, observation_id, actor=actor)
    check_filmed(observation)
    found = current(session, observation_id)
    if found is not None and found.state is not FeedbackState.WITHDRAWN:
        return found
    draft = Feedback(
        observation_id=observation.id, revision_number=_latest_revision(session, observation.id)
    )
    session.add(draft)
    session.flush()
    if found is not None:
        draft.offers_talk = found.offers_talk
    for focus in found.focuses if found else ():
        _put(session, draft, focus.kind, input_of(focus))
    _told(session, "feedback.drafted", draft, actor, observation=observation.id)
    return draft


def current(session: Session, observation_id: UUID) -> Feedback | None:
    """Return the newest feedback of an observation; only that one can be open."""
    return session.scalars(
        sa.select(Feedback)
        .where(Feedback.observation_id == observation_id)
        .order_by(Feedback.created_at.desc(), Feedback.id.desc())
        .limit(1)
    ).first()


@dataclass(frozen=True)
class Version:
    """A feedback that was withdrawn, and who had opened it."""

    feedback: Feedback
    openings: tuple[Opening, ...]


def earlier_versions(session: Session, feedback: Feedback) -> list[Version]:
    """Return what was published of the same observation and withdrawn before, the last first."""
    rows = session.scalars(
        sa.select(Feedback)
        .where(
            Feedback.observation_id == feedback.observation_id,
            Feedback.state == FeedbackState.WITHDRAWN,
            Feedback.id != feedback.id,
        )
        .order_by(Feedback.published_at.desc(), Feedback.id.desc())
    )
    return [Version(row, openings_of_version(session, row)) for row in rows]


def _latest_revision(session: Session, observation_id: UUID) -> int:
    last = sa.select(sa.func.max(Revision.number)).where(Revision.observation_id == observation_id)
    return session.execute(last).scalar_one()


def feedback_for(
    session: Session, feedback_id: UUID, *, actor: Actor, action: Action, lock: bool = False
) -> Feedback:
    """Return the feedback when `actor` may do `action` to it; `lock` keeps it from others.

    Raises:
        NotFoundError: there is none, or she may not know of it (withdrawn, for its educator;
            while she codes another lesson of that educator blind).
        NotAllowedError: she may see it, but not do this.
    """
    feedback = (locked if lock else Session.get)(session, Feedback, feedback_id)
    if feedback is None:
        raise access.not_found()
    access.require(actor, action, feedback.as_thing())
    check_visible(session, feedback.observation, actor=actor)
    return feedback


def feedbacks_of(session: Session, *, actor: Actor) -> list[Feedback]:
    """Return what was published for `actor` as an educator, newest first."""
    published = session.scalars(
        sa.select(Feedback)
        .join(Feedback.observation)
        .join(Observation.recording)
        .where(
            Feedback.state == FeedbackState.PUBLISHED,
            Recording.educator_id == actor.user_id,
        )
        .order_by(Feedback.published_at.desc())
    )
    return [
        feedback
        for feedback in published
        if access.can(actor, Action.FEEDBACK_ANSWER, feedback.as_thing())
    ]


@dataclass(frozen=True)
class PreviousPriority:
    """What an educator set out to try after an earlier lesson, and until when; nothing else."""

    dimension: Text
    next_step: str
    due_on: date | None
    lesson_on: date
    focus_id: UUID


def previous_priority(
    session: Session, observation: Observation, *, actor: Actor
) -> PreviousPriority | None:
    """Return the educator's last published priority from before the lesson observed, or None.

    It opens the next observation, also a blind one, whoever gave it.

    Raises:
        NotFoundError: the observation is not the actor's to code.
    """
    access.require(actor, Action.OBSERVATION_CODE, observation.as_thing())
    return priority_before(session, observation)


def priority_before(session: Session, observation: Observation) -> PreviousPriority | None:
    """Return what `previous_priority` does, for rules of the program that act for nobody."""
    found = previous_focus(session, observation)
    return _as_previous(found) if found is not None else None


def _as_previous(focus: Focus) -> PreviousPriority | None:
    earlier = focus.feedback.observation
    if focus.dimension is None:
        return None
    title = rubric_of(earlier.rubric_version).dimension(focus.dimension).title
    lesson_on = earlier.recording.recorded_on
    return PreviousPriority(title, focus.next_step, focus.due_on, lesson_on, focus.id)


# --- composing ----------------------------------------------------------------------------------


def save_focuses(
    session: Session,
    feedback_id: UUID,
    given: Mapping[FocusKind, FocusInput],
    *,
    actor: Actor,
    offers_talk: bool | None = None,
) -> Feedback:
    """Keep one or both focuses of a draft together, so that their dimensions can be exchanged.

    With `offers_talk`, also whether the observer offers to talk; without, that stays as it is.

    Raises:
        ConflictError: it is published, being published or withdrawn.
        BadInputError: an end before its start, an unknown dimension, or the same one twice.
    """
    feedback = feedback_for(
        session, feedback_id, actor=actor, action=Action.FEEDBACK_COMPOSE, lock=True
    )
    if feedback.state is not FeedbackState.DRAFT:
        raise ConflictError(message("This feedback is published and cannot be changed any more."))
    _check_inputs(feedback, given)
    for kind in given:  # first free both dimensions, then set them
        if (focus := feedback.focus(kind)) is not None:
            focus.dimension = None
    session.flush()
    for kind, each in given.items():
        _put(session, feedback, kind, each)
    if offers_talk is not None:
        feedback.offers_talk = offers_talk
    session.flush()
    return feedback


def _check_inputs(feedback: Feedback, given: Mapping[FocusKind, FocusInput]) -> None:
    rubric = rubric_of(feedback.observation.rubric_version)
    for each in given.values():
        if each.dimension is not None and not rubric.has_dimension(each.dimension):
            raise BadInputError(message("This dimension is not in the rubric."), field="dimension")
        for field, moment in (("end", each.end_ms), ("start", each.start_ms)):
            if moment is not None and moment >= MOMENTS_END:
                raise BadInputError(
                    message("The end lies after the end of the recording."), field=field
                )
        if each.start_ms is not None and each.start_ms < 0:
            raise BadInputError(message("A moment cannot begin before the video."), field="start")
        if each.start_ms is not None and each.end_ms is not None and each.end_ms <= each.start_ms:
            raise BadInputError(message("The moment must end after it begins."), field="end")
    both = [(given.get(kind) or input_of(feedback.focus(kind))).dimension for kind in FocusKind]
    if both[0] is not None and both[0] == both[1]:
        raise BadInputError(
            message("Strength and priority need two different dimensions."), field="dimension"
        )


def _put(session: Session, feedback: Feedback, kind: FocusKind, given: FocusInput) -> None:
    focus = feedback.focus(kind)
    if focus is None:
        focus = Focus(kind=kind)
        feedback.focuses.append(focus)
    priority = kind is FocusKind.PRIORITY
    focus.dimension, focus.note = given.dimension, given.note
    focus.start_ms, focus.end_ms = given.start_ms, given.end_ms
    focus.phrase, focus.questions, focus.why = given.phrase, given.questions, given.why
    focus.next_step = given.next_step if priority else ""
    focus.due_on = given.due_on if priority else None


def problems(session: Session, feedback: Feedback, *, today: date) -> tuple[Message, ...]:
    """Return what still stands between this draft and publishing, consent included."""
    rubric = rubric_of(feedback.observation.rubric_version)
    document = latest_document(session, feedback.observation)
    found = checks.problems(feedback, rubric, document, today=today)
    if not allows_pictures(session, feedback.observation.recording):
        found += (message("Consents are not on file for this video: it cannot be shared."),)
    return found


# --- publishing ---------------------------------------------------------------------------------


class ChangedError(ConflictError):
    """Another window changed the draft since somebody looked at it."""

    def __init__(self) -> None:
        super().__init__(
            message(
                "It changed in another window since you looked. Look at it again, then publish."
            )
        )


def mark_of(feedback: Feedback) -> str:
    """Return what tells a draft as its educator would read it from any other."""
    read = (replace(input_of(feedback.focus(kind)), why="") for kind in FocusKind)
    return hashlib.sha256(repr((*read, feedback.offers_talk)).encode()).hexdigest()


def publish(
    session: Session,
    feedback_id: UUID,
    *,
    actor: Actor,
    today: date | None = None,
    seen: str | None = None,
) -> Feedback:
    """Ask for both clips to be cut and the page opened; what failed before is tried again.

    `today` is the day before which no next step may be due; without it, this machine's own. `seen`
    is the `mark_of` what was looked at before; None: who publishes has just written it.

    Raises:
        InvalidError: something is missing; all of it is listed.
        ChangedError: it reads otherwise than what was looked at.
        ConflictError: it was withdrawn.
    """
    feedback = feedback_for(
        session, feedback_id, actor=actor, action=Action.FEEDBACK_PUBLISH, lock=True
    )
    if feedback.state is FeedbackState.WITHDRAWN:
        raise ConflictError(message("This feedback was withdrawn; begin a new one."))
    begins = feedback.state is FeedbackState.DRAFT
    if begins:
        if seen is not None and seen != mark_of(feedback):
            raise ChangedError
        _check_ready(session, feedback, today or day_of(now()))
        feedback.revision_number = _latest_revision(session, feedback.observation_id)
        feedback.state = FeedbackState.PUBLISHING
        session.flush()
        _told(session, "feedback.publish", feedback, actor, revision=feedback.revision_number)
    if feedback.state is FeedbackState.PUBLISHING:
        jobs.enqueue(session, publishing.KIND, feedback.id, again=begins)
    return feedback


def _check_ready(session: Session, feedback: Feedback, today: date) -> None:
    if missing := problems(session, feedback, today=today):
        raise InvalidError(
            message("Something is missing before this can be published."), list(missing)
        )


def take_back(session: Session, feedback_id: UUID, *, actor: Actor) -> Feedback:
    """Return feedback whose clips are still being cut, or could not be, to its draft.

    Raises:
        ConflictError: it is not being published.
    """
    feedback = feedback_for(session, feedback_id, actor=actor, action=Action.FEEDBACK_PUBLISH)
    if feedback.state is not FeedbackState.PUBLISHING:
        raise ConflictError(message("This feedback is not being published."))
    job = jobs.latest(session, publishing.KIND, feedback.id)
    if job is not None:
        jobs.cancel(session, job.id)
    feedback.state = FeedbackState.DRAFT
    _told(session, "feedback.taken_back", feedback, actor)
    return feedback


def withdraw(session: Session, feedback_id: UUID, reason: str, *, actor: Actor) -> Feedback:
    """Take published feedback away from its educator at once; it stays on file with the reason.

    Raises:
        BadInputError: no reason, or a long one.
        ConflictError: it is not published.
    """
    feedback = feedback_for(session, feedback_id, actor=actor, action=Action.FEEDBACK_PUBLISH)
    if feedback.state is not FeedbackState.PUBLISHED:
        raise ConflictError(message("Only published feedback can be withdrawn."))
    if not reason.strip():
        raise BadInputError(message("Write why it is withdrawn."), field="reason")
    if len(reason) > REASON_MAX:
        raise BadInputError(
            message("Use at most %(limit)s characters.", limit=REASON_MAX), field="reason"
        )
    feedback.state, feedback.withdrawn_at = FeedbackState.WITHDRAWN, now()
    feedback.withdrawal_reason = reason.strip()
    _told(session, WITHDRAW, feedback, actor)
    tombstones.note_soon(session)
    return feedback


# --- the educator -------------------------------------------------------------------------------


def save_answer(
    session: Session,
    feedback_id: UUID,
    text: str,
    besides: Besides = answers.NOTHING,
    *,
    send: bool,
    actor: Actor,
) -> Answer | None:
    """Keep the educator's answer as a draft of hers, or send it; what was sent stays as it is.

    Sending the same once more is the same answer. Returns None when there is nothing to keep.

    Raises:
        NotFoundError: it is not hers, or was withdrawn.
        BadInputError: nothing to send, too long, or no day to talk on; `field` tells where.
    """
    feedback = feedback_for(
        session, feedback_id, actor=actor, action=Action.FEEDBACK_ANSWER, lock=True
    )
    _check_answer(feedback, text, besides, send=send)
    answer, last = draft_answer(feedback, actor), _last_sent(feedback, actor)
    if answer is None and last is not None and answers.same(text, besides, last):
        return last if send else None  # a save or a second press that arrives after the sending
    if answer is None and not text.strip() and besides.says_nothing:
        return None
    if answer is None:
        answer = Answer(user_id=actor.user_id, text="")
        feedback.answers.append(answer)
    _write_answer(answer, text, besides)
    if send:
        answer.sent_at = now()
        _told(session, "feedback.answer", feedback, actor)
    session.flush()
    return answer


def _write_answer(answer: Answer, text: str, besides: Besides) -> None:
    answer.text, answer.changed_at = text, now()
    answer.already_tried, answer.own_step = besides.already_tried, besides.own_step
    answer.talk_on, answer.wish = besides.talk_on, besides.wish


def _last_sent(feedback: Feedback, actor: Actor) -> Answer | None:
    sent = [each for each in feedback.answers if each.sent_at and each.user_id == actor.user_id]
    return sent[-1] if sent else None


def _check_answer(feedback: Feedback, text: str, besides: Besides, *, send: bool) -> None:
    rubric = rubric_of(feedback.observation.rubric_version)
    found = answers.kept_problems(text, besides, rubric)
    if send and not found:
        found = answers.sent_problems(text, besides, today())
    if found:
        field, told = next(iter(found.items()))
        raise BadInputError(told, field=field)


def sent_answers(session: Session, feedback: Feedback, locale: str) -> tuple[SentAnswer, ...]:
    """Return what the educator sent about the lesson, in words; of a dimension, its title.

    Also what she sent before the feedback was withdrawn and published again: she said it.
    """
    rows = session.scalars(
        sa.select(Answer)
        .join(Feedback, Feedback.id == Answer.feedback_id)
        .where(Feedback.observation_id == feedback.observation_id, Answer.sent_at.is_not(None))
        .order_by(Answer.sent_at, Answer.id)
    )
    return answers.sent_of(rows, rubric_of(feedback.observation.rubric_version), locale)


def draft_answer(feedback: Feedback, actor: Actor) -> Answer | None:
    """Return what the educator wrote and did not send yet."""
    return next(
        (
            answer
            for answer in feedback.answers
            if answer.sent_at is None and answer.user_id == actor.user_id
        ),
        None,
    )


def _told(
    session: Session, action: str, feedback: Feedback, actor: Actor, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="feedback",
        thing_id=feedback.id,
        **details,
    )
