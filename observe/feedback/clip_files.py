"""The files of a published moment: its clip, the picture before it plays, what is said in it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.feedback.models import Focus
from observe.video import clips
from observe.video.models import DerivedFile, FileKind
from observe.video.timecode import Span


def file_of(session: Session, focus: Focus | None, kind: FileKind) -> DerivedFile | None:
    """Return the clip of this focus, or what was made with it; None while it is not cut.

    It is the clip as published: one cut later with another sound does not take its place, nor do
    captions given since.
    """
    if focus is None or focus.clip_id is None:
        return None
    clip = session.get_one(DerivedFile, focus.clip_id)
    if kind is FileKind.CLIP:
        return clip
    if kind is FileKind.CLIP_POSTER:
        return clips.poster_of(session, clip)
    if focus.start_ms is None or focus.end_ms is None:
        return None
    span, at = Span(focus.start_ms, focus.end_ms), focus.feedback.published_at
    return clips.captions_of_clip(session, clip.recording_id, span, at)
