"""The background part of publishing: cut or blur both clips, then open the educator's page, once.

Each step may be killed at any moment and run again: a clip is found by its recipe, and the page is
opened in the one transaction that gives both focuses their clip.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.coding.models import Observation
from observe.db import Database, now
from observe.errors import ConflictError
from observe.feedback import clip_files
from observe.feedback.consent import allows_pictures
from observe.feedback.models import Answer, Feedback, FeedbackState, Focus, FocusKind
from observe.jobs import CancelledError, JobState, Work, handler
from observe.people import audit
from observe.text import Message, message
from observe.video import clips
from observe.video.blur import operations as blurs
from observe.video.models import Blurring, BlurState, DerivedFile
from observe.video.timecode import Span

KIND = "feedback.publish"

# What is told while the job goes through its steps; "" is before the first.
STEPS: Final[dict[str, Message]] = {
    "": message("Waiting for its turn"),
    "strength": message("Cutting the moment of the strength"),
    "priority": message("Cutting the moment of the priority"),
    "blur": message("Asking for both moments with the faces covered"),
    "open": message("Opening the page for the educator"),
}
_LOST: Final = message("The video of this lesson is not here any more, so no clip can be cut.")
_LOCKED: Final = message("Consents are not on file for this video: it cannot be shared.")
STATES: Final[dict[FeedbackState, Message]] = {
    FeedbackState.DRAFT: message("draft"),
    FeedbackState.PUBLISHING: message("being published"),
    FeedbackState.PUBLISHED: message("published"),
    FeedbackState.WITHDRAWN: message("withdrawn"),
}


@handler(KIND)
def publish(work: Work, subject_id: UUID) -> None:
    """Cut or blur the strength's and the priority's clip and open the educator's page.

    Blurred clips wait for a person who looks at them: then the page opens with her last signature.
    """
    if work.settings.blurs_for_educators:
        work.step("blur", ask_for_blurred, work, subject_id)
    else:
        for kind in FocusKind:
            work.step(kind.value, cut, work, subject_id, kind)
    work.step("open", open_page, work.database, subject_id, work.settings.blurs_for_educators)


def cut(work: Work, feedback_id: UUID, kind: FocusKind) -> None:
    """Make the clip of one focus where there is none yet, its picture, and its captions if any.

    Raises:
        CancelledError: the feedback was taken back to the draft.
        BadInputError: the video cannot be read there.
        ConflictError: the video is not in the store any more.
    """
    recording_id, span = _moment(work.database, feedback_id, kind)
    try:
        clips.make_clip(work, recording_id, span)
        clips.make_clip_poster(work, recording_id, span)
        clips.make_clip_captions(work, recording_id, span)
    except FileNotFoundError as error:  # not a passing fault: trying again would not bring it back
        raise ConflictError(_LOST) from error


def ask_for_blurred(work: Work, feedback_id: UUID) -> None:
    """Ask for both moments with the faces covered, where nobody did; cut their captions.

    Raises:
        CancelledError, ConflictError: as `cut`.
    """
    for kind in FocusKind:
        recording_id, span = _moment(work.database, feedback_id, kind)
        try:
            clips.make_clip_captions(work, recording_id, span)
        except FileNotFoundError as error:
            raise ConflictError(_LOST) from error
        with work.database.write() as session:
            blurs.ensure(session, recording_id, span)


def _moment(database: Database, feedback_id: UUID, kind: FocusKind) -> tuple[UUID, Span]:
    with database.read() as session:
        feedback = _publishing(session, feedback_id)
        return feedback.observation.recording_id, span_of(feedback.focus(kind))


def open_page(database: Database, feedback_id: UUID, blurred: bool = False) -> None:  # noqa: FBT001, FBT002  # a step's arguments have no names
    """Let the educator see both focuses; doing it again changes nothing.

    `blurred` clips that are not signed yet leave it as it is: the last signature opens it.

    Raises:
        CancelledError: the feedback was taken back to the draft.
        ConflictError: a clip is not there.
    """
    with database.write() as session:
        if is_open(session, feedback_id):
            return
        feedback = _publishing(session, feedback_id)
        if blurred:
            open_if_signed(session, feedback)
            return
        if not allows_pictures(session, feedback.observation.recording):
            raise ConflictError(_LOCKED)
        for focus in feedback.focuses:
            focus.clip_id = _clip(session, focus).id
        _open(session, feedback)


def open_if_signed(session: Session, feedback: Feedback) -> None:
    """Open the page where both moments are blurred and signed as they are now.

    A lesson without its consents stays closed, whatever was signed.
    """
    if not allows_pictures(session, feedback.observation.recording):
        return
    spans = {each.kind: span_of(each) for each in feedback.focuses}
    found = blurs.of_spans(session, feedback.observation.recording_id, spans.values())
    signed = {span: row for span, row in found.items() if row.state is BlurState.CHECKED}
    if signed.keys() >= set(spans.values()):
        for focus in feedback.focuses:
            focus.blurring_id = signed[spans[focus.kind]].id
        _open(session, feedback)


def _open(session: Session, feedback: Feedback) -> None:
    if not allows_pictures(session, feedback.observation.recording):
        raise ConflictError(
            message("Consents are not on file for this video: it cannot be shared.")
        )
    session.flush()  # the database asks for the clips before it lets the page open
    clip_files.ask_for_light(session, feedback)
    feedback.state, feedback.published_at = FeedbackState.PUBLISHED, now()
    _take_over_draft(session, feedback)
    audit.record(
        session,
        "feedback.published",
        actor_id=None,
        thing_kind="feedback",
        thing_id=feedback.id,
        clips=[focus.clip_id or focus.blurring_id for focus in feedback.focuses],
    )


def _take_over_draft(session: Session, feedback: Feedback) -> None:
    """Let what she had begun to answer to a version that was withdrawn stand in this one."""
    session.flush()
    earlier = sa.select(Feedback.id).where(
        Feedback.observation_id == feedback.observation_id, Feedback.id != feedback.id
    )
    begun = sa.select(Answer).where(Answer.feedback_id.in_(earlier), Answer.sent_at.is_(None))
    last = session.scalars(begun.order_by(Answer.changed_at.desc()).limit(1)).first()
    if last is not None:
        last.feedback_id = feedback.id


@blurs.when_signed
def open_those_that_waited(session: Session, signed: Blurring) -> None:
    """Open every page that waited for this signature and no other."""
    waiting = sa.select(Feedback).join(Feedback.observation)
    waiting = waiting.where(
        Feedback.state == FeedbackState.PUBLISHING,
        Observation.recording_id == signed.recording_id,
    )
    for feedback in session.scalars(waiting).all():
        job = jobs.latest(session, KIND, feedback.id)
        # A job in its last step looked for signatures before this one, and will not look again.
        last_step = job is not None and not job.ended and job.step == "open"
        if last_step or waits_for_signatures(session, feedback):
            open_if_signed(session, feedback)


def waits_for_signatures(session: Session, feedback: Feedback) -> bool:
    """Tell whether the program has done its part, and the page is not open yet."""
    job = jobs.latest(session, KIND, feedback.id)
    publishing = feedback.state is FeedbackState.PUBLISHING
    return publishing and job is not None and job.state is JobState.DONE


def is_open(session: Session, feedback_id: UUID) -> bool:
    """Tell whether the page was opened already, even if it was withdrawn since."""
    feedback = session.get(Feedback, feedback_id)
    return feedback is not None and feedback.published_at is not None


def _publishing(session: Session, feedback_id: UUID) -> Feedback:
    feedback = session.get(Feedback, feedback_id)
    if feedback is None or feedback.state is not FeedbackState.PUBLISHING:
        raise CancelledError
    return feedback


def span_of(focus: Focus | None) -> Span:
    """Return the moment of a focus; the database lets none be published without one."""
    if focus is None or focus.start_ms is None or focus.end_ms is None:
        raise ConflictError(message("A moment of the video is missing; go back to the draft."))
    return Span(focus.start_ms, focus.end_ms)


def _clip(session: Session, focus: Focus) -> DerivedFile:
    recording_id, span = focus.feedback.observation.recording_id, span_of(focus)
    clip = clips.find_clip(session, recording_id, span)
    if clip is None:
        raise ConflictError(message("A clip is not there; publish again to cut it."))
    return clip
