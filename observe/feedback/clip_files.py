"""The files of a published moment: its clip, the picture before it plays, what is said in it.

And a smaller copy of the clip, for a slow line.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.feedback.consent import allows_pictures
from observe.feedback.models import Feedback, Focus
from observe.video import clips, light
from observe.video.blur import operations as blurs
from observe.video.models import DerivedFile, FileKind
from observe.video.timecode import Span


def file_of(session: Session, focus: Focus | None, kind: FileKind) -> DerivedFile | None:
    """Return the clip of this focus, or what was made with it; None while it is not cut.

    It is the clip as published: one cut later with another sound does not take its place, nor do
    captions given since. One that was published blurred is shown as it is signed now: while
    somebody mends what it covers, it is not shown at all; nor is any once a consent was taken back.
    """
    if focus is None or focus.start_ms is None or focus.end_ms is None:
        return None
    if not allows_pictures(session, focus.feedback.observation.recording):
        return None
    recording_id = focus.feedback.observation.recording_id
    span, at = Span(focus.start_ms, focus.end_ms), focus.feedback.published_at
    if focus.has_clip and kind is FileKind.CLIP_CAPTIONS:
        return clips.captions_of_clip(session, recording_id, span, at)
    if focus.blurring_id is not None:
        clip = blurs.checked_clip(session, recording_id, span)
        return clip if clip is None or kind is FileKind.CLIP else blurs.poster_of(session, clip)
    if focus.clip is None:
        return None
    return focus.clip if kind is FileKind.CLIP else clips.poster_of(session, focus.clip)


def light_of(session: Session, focus: Focus | None) -> DerivedFile | None:
    """Return the smaller copy of the clip of this focus; None while there is none."""
    clip = file_of(session, focus, FileKind.CLIP)
    return light.light_of(session, clip) if clip is not None else None


def ask_for_light(session: Session, feedback: Feedback) -> None:
    """Ask for the smaller copies of the clips of a published feedback that has none yet."""
    for focus in feedback.focuses:
        clip = file_of(session, focus, FileKind.CLIP)
        if clip is not None:
            light.ask(session, clip)
