"""The timelines of a recording, as they were made of it; None while there is none."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.vault import KeyMissingError, UnsealError
from observe.video import derived
from observe.video.models import FileKind, Recording
from observe.video.store import Store
from observe.video.timeline.activity import Activity, read_activity
from observe.video.timeline.moments import Suggested, boundaries
from observe.video.timeline.voices import Voices, read_voices


def voices_of(session: Session, store: Store, recording: Recording) -> Voices | None:
    """Return who is heard in each second, or None: not made yet, or a lesson without sound.

    One that is sealed and cannot be opened is none either, as in `activity_of`: the rest of a
    lesson is shown all the same, and `observe doctor` tells of it.
    """
    made = _made(session, store, recording, FileKind.VOICES)
    return read_voices(made) if made is not None else None


def activity_of(session: Session, store: Store, recording: Recording) -> Activity | None:
    """Return what moves in each second, joints and damage, or None: not made yet."""
    made = _made(session, store, recording, FileKind.ACTIVITY)
    return read_activity(made) if made is not None else None


def suggested(session: Session, store: Store, recording: Recording) -> tuple[Suggested, ...]:
    """Return where cycles could begin, by what is known so far."""
    if recording.duration_ms is None:
        return ()
    parts = [part.start_ms for part in recording.parts if part.start_ms is not None]
    voices = voices_of(session, store, recording)
    activity = activity_of(session, store, recording)
    return boundaries(voices, activity, parts, recording.duration_ms)


def _made(session: Session, store: Store, recording: Recording, kind: FileKind) -> str | None:
    made = derived.newest(session, recording.id, kind)
    file = store.kept(made.sha256) if made else None
    if file is None or not file.exists():
        return None
    try:
        return file.read_text()
    except (KeyMissingError, UnsealError):
        return None
