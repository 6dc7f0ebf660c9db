"""The background part of publishing: cut both clips, then open the educator's page, once.

Each step may be killed at any moment and run again: a clip is found by its recipe, and the page is
opened in the one transaction that gives both focuses their clip.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from observe.db import Database, now
from observe.errors import ConflictError
from observe.feedback.models import Feedback, FeedbackState, Focus, FocusKind
from observe.jobs import CancelledError, Work, handler
from observe.people import audit
from observe.text import Message, message
from observe.video import clips
from observe.video.models import DerivedFile
from observe.video.timecode import Span

KIND = "feedback.publish"

# What is told while the job goes through its steps; "" is before the first.
STEPS: Final[dict[str, Message]] = {
    "": message("Waiting for its turn"),
    "strength": message("Cutting the moment of the strength"),
    "priority": message("Cutting the moment of the priority"),
    "open": message("Opening the page for the educator"),
}
STATES: Final[dict[FeedbackState, Message]] = {
    FeedbackState.DRAFT: message("draft"),
    FeedbackState.PUBLISHING: message("being published"),
    FeedbackState.PUBLISHED: message("published"),
    FeedbackState.WITHDRAWN: message("withdrawn"),
}


@handler(KIND)
def publish(work: Work, subject_id: UUID) -> None:
    """Cut the strength's and the priority's clip and open the educator's page."""
    for kind in FocusKind:
        work.step(kind.value, cut, work, subject_id, kind)
    work.step("open", open_page, work.database, subject_id)


def cut(work: Work, feedback_id: UUID, kind: FocusKind) -> None:
    """Make the clip of one focus where there is none yet, its picture, and its captions if any.

    Raises:
        CancelledError: the feedback was taken back to the draft.
        BadInputError: the video cannot be read there.
        ConflictError: the video is not in the store any more.
    """
    with work.database.read() as session:
        feedback = _publishing(session, feedback_id)
        recording_id, span = feedback.observation.recording_id, span_of(feedback.focus(kind))
    try:
        clips.make_clip(work, recording_id, span)
        clips.make_clip_poster(work, recording_id, span)
        clips.make_clip_captions(work, recording_id, span)
    except FileNotFoundError as error:  # not a passing fault: trying again would not bring it back
        raise ConflictError(
            message("The video of this lesson is not here any more, so no clip can be cut.")
        ) from error


def open_page(database: Database, feedback_id: UUID) -> None:
    """Give both focuses their clip and let the educator see them; doing it again changes nothing.

    Raises:
        CancelledError: the feedback was taken back to the draft.
        ConflictError: a clip is not there.
    """
    with database.write() as session:
        if is_open(session, feedback_id):
            return
        feedback = _publishing(session, feedback_id)
        for focus in feedback.focuses:
            focus.clip_id = _clip(session, focus).id
        session.flush()  # the database asks for the clips before it lets the page open
        feedback.state, feedback.published_at = FeedbackState.PUBLISHED, now()
        audit.record(
            session,
            "feedback.published",
            actor_id=None,
            thing_kind="feedback",
            thing_id=feedback.id,
            clips=[focus.clip_id for focus in feedback.focuses],
        )


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
