"""The timelines of a recording, as they were made of it; None while there is none."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.video import derived
from observe.video.kept import KeptFile
from observe.video.models import FileKind, Recording
from observe.video.store import Store
from observe.video.timeline.activity import Activity, read_activity
from observe.video.timeline.moments import Suggested, boundaries
from observe.video.timeline.voices import Voices, read_voices


def voices_of(session: Session, store: Store, recording: Recording) -> Voices | None:
    """Return who is heard in each second, or None: not made yet, or a lesson without sound."""
    made = _made(session, store, recording, FileKind.VOICES)
    return read_voices(made.read_text()) if made else None


def activity_of(session: Session, store: Store, recording: Recording) -> Activity | None:
    """Return what moves in each second, joints and damage, or None: not made yet."""
    made = _made(session, store, recording, FileKind.ACTIVITY)
    return read_activity(made.read_text()) if made else None


def suggested(session: Session, store: Store, recording: Recording) -> tuple[Suggested, ...]:
    """Return where cycles could begin, by what is known so far."""
    if recording.duration_ms is None:
        return ()
    parts = [part.start_ms for part in recording.parts if part.start_ms is not None]
    voices = voices_of(session, store, recording)
    activity = activity_of(session, store, recording)
    return boundaries(voices, activity, parts, recording.duration_ms)


def _made(session: Session, store: Store, recording: Recording, kind: FileKind) -> KeptFile | None:
    made = derived.newest(session, recording.id, kind)
    file = store.kept(made.sha256) if made else None
    return file if file is not None and file.exists() else None
