"""A feedback's moments with the faces covered, once a person looked at them and signed.

What is taken away shows a child only as these do: there is no other way to a picture here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from sqlalchemy.orm import Session

from observe.feedback.checks import FOCUS_NAMES
from observe.feedback.consent import allows_pictures
from observe.feedback.models import Feedback, FeedbackState, Focus, FocusKind
from observe.text import Message, message
from observe.vault import KeyMissingError, UnsealError
from observe.video import derived
from observe.video.blur import operations as blurs
from observe.video.models import Blurring, BlurState, DerivedFile
from observe.video.store import Store
from observe.video.timecode import Span

LARGEST: Final = 15_000_000  # bytes of both clips: as text in one file they take a third more


@dataclass(frozen=True)
class SignedMoment:
    """The blurred clip of a moment, its picture, and who signed that nobody is recognised."""

    span: Span
    clip: DerivedFile
    poster: DerivedFile | None
    checked_by: str


def signed_moments(session: Session, feedback: Feedback) -> dict[FocusKind, SignedMoment]:
    """Return the moments whose clip is blurred and signed as it is now; none without consents."""
    if not allows_pictures(session, feedback.observation.recording):
        return {}
    found = ((kind, _signed(session, feedback.focus(kind))) for kind in FocusKind)
    return {kind: moment for kind, moment in found if moment is not None}


def _signed(session: Session, focus: Focus | None) -> SignedMoment | None:
    row = _blurring(session, focus)
    if row is None or row.state is not BlurState.CHECKED or row.checked_by is None:
        return None
    clip = blurs.clip_of(session, row)
    if clip is None:
        return None
    span = Span(row.start_ms, row.end_ms)
    return SignedMoment(span, clip, blurs.poster_of(session, clip), row.checked_by.name)


def _blurring(session: Session, focus: Focus | None) -> Blurring | None:
    if focus is None or focus.start_ms is None or focus.end_ms is None:
        return None
    span = Span(focus.start_ms, focus.end_ms)
    recording_id = focus.feedback.observation.recording_id
    return blurs.of_spans(session, recording_id, [span]).get(span)


def pictures_of(session: Session, store: Store, feedback: Feedback) -> dict[FocusKind, bytes]:
    """Return the picture of each signed moment, as large as paper needs (JPEG).

    A moment that has none, or whose file cannot be read, is left out.
    """
    posters = {kind: moment.poster for kind, moment in signed_moments(session, feedback).items()}
    found = (
        (kind, _for_paper(store, poster))
        for kind, poster in posters.items()
        if poster is not None and derived.is_whole(store, poster)
    )
    return {kind: picture for kind, picture in found if picture is not None}


def _for_paper(store: Store, poster: DerivedFile) -> bytes | None:
    """Return the picture at half its size: still 200 dots an inch, and a fourth of the bytes."""
    try:
        content = store.kept(poster.sha256).read_bytes()
    except (KeyMissingError, UnsealError):
        return None
    half = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)
    if half is None:
        return None
    _done, written = cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return written.tobytes()


def missing(session: Session, store: Store, feedback: Feedback) -> tuple[Message, ...]:
    """Return what must be done before both clips can be taken away, a sentence each; () is none."""
    if feedback.state is not FeedbackState.PUBLISHED:
        return (message("Publish the feedback first."),)
    if not allows_pictures(session, feedback.observation.recording):
        return (message("Consents are not on file for this video: it cannot be shared."),)
    found = [told for kind in FocusKind if (told := _missing(session, store, feedback, kind))]
    return tuple(found) or _too_large(session, feedback)


def _missing(session: Session, store: Store, feedback: Feedback, kind: FocusKind) -> Message | None:
    focus = feedback.focus(kind)
    row, name = _blurring(session, focus), FOCUS_NAMES[kind]
    if row is None:
        return message("%(focus)s: the clip is not blurred yet.", focus=name)
    if row.state is BlurState.ASKED:
        return message("%(focus)s: the clip is still being blurred.", focus=name)
    if row.state is BlurState.MADE:
        return message("%(focus)s: the blurred clip waits for somebody to sign it.", focus=name)
    moment = _signed(session, focus)
    if moment is None or not derived.is_whole(store, moment.clip):
        return message(
            "%(focus)s: the file of the blurred clip is gone; blur it again.", focus=name
        )
    return None


def _too_large(session: Session, feedback: Feedback) -> tuple[Message, ...]:
    moments = signed_moments(session, feedback).values()
    size = sum(moment.clip.size_bytes for moment in moments)
    if size <= LARGEST:
        return ()
    return (
        message(
            "Both clips together take %(size)s MB, and a file for a phone at most %(limit)s MB. "
            "Shorten a moment, or blur it again.",
            size=-(-size // 1_000_000),
            limit=LARGEST // 1_000_000,
        ),
    )
