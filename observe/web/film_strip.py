"""The film strip of a lesson, as the scripts that draw it know it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.people.access import Action, can
from observe.video import derived
from observe.video.media.shapes import strip_layout
from observe.video.models import DerivedFile, FileKind, Recording
from observe.web.guards import current_actor


def watchable(session: Session, recording: Recording, kind: FileKind) -> DerivedFile | None:
    """Return what was made of a lesson; who may not watch it sees no picture of it either."""
    if not can(current_actor(), Action.RECORDING_WATCH, recording.as_thing()):
        return None
    return derived.newest(session, recording.id, kind)


def layout_of(session: Session, recording: Recording) -> dict[str, int] | None:
    """Return how the pictures lie on the sheet; None: there is none, or not for her."""
    made = watchable(session, recording, FileKind.STRIP)
    if made is None:
        return None
    layout = strip_layout(made.recipe)
    return {
        "width": layout.width,
        "height": layout.height,
        "columns": layout.columns,
        "count": layout.count,
        "interval_ms": layout.interval_ms,
    }
