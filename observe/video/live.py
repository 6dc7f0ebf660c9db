"""A lesson observed in the room: a clock instead of a film.

Nobody is filmed, so no consent is asked. A video can be attached to what was coded; then that
video's consents count.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from observe.db import locked, now
from observe.errors import ConflictError
from observe.ids import new_id
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.text import message
from observe.video.adding import LessonDetails, check_details, whole
from observe.video.models import Recording, RecordingState

SHORTEST_MS: Final = 1_000


def begin_live(session: Session, details: LessonDetails, *, actor: Actor) -> Recording:
    """Start the clock of a lesson that `actor` observes in the room; `consent` is not looked at.

    Raises:
        BadInputError, NotAllowedError, NotFoundError: as adding a video.
    """
    check_details(session, details, actor=actor)
    recording = Recording(
        id=new_id(),
        class_group_id=details.class_group_id,
        educator_id=details.educator_id,
        observer_id=actor.user_id,
        subject=details.subject.strip(),
        recorded_on=details.recorded_on,
        selection=details.selection,
        state=RecordingState.LIVE,
        original_name="",
        size_bytes=0,
        live_started_at=now(),
    )
    session.add(recording)
    session.flush()
    _told(session, "recording.live", recording, actor)
    return session.scalars(whole().where(Recording.id == recording.id)).one()


def end_live(
    session: Session, recording_id: UUID, *, actor: Actor, length_ms: int | None = None
) -> Recording:
    """Stop the clock, once and for all: the lesson lasted until now, or `length_ms` of its clock.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        ConflictError: it was not observed in the room, or has ended already.
    """
    recording = locked(session, Recording, recording_id)
    if recording is None:
        raise access.not_found()
    access.require(actor, Action.RECORDING_PREPARE, recording.as_thing())
    if not recording.live_runs:
        raise ConflictError(message("The clock of this lesson does not run."))
    elapsed_ms = recording.length_ms()
    asked_ms = elapsed_ms if length_ms is None else length_ms
    recording.duration_ms = max(SHORTEST_MS, min(asked_ms, elapsed_ms))
    session.flush()
    _told(session, "recording.live_ended", recording, actor, duration_ms=recording.duration_ms)
    return recording


def _told(
    session: Session, action: str, recording: Recording, actor: Actor, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=recording.id,
        **details,
    )
