"""A clip that leaves by the hand of its observer: blurred unless she insists, and put on file."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import ConflictError
from observe.people import audit
from observe.people.access import Action, Actor
from observe.text import message
from observe.video import blur_operations, captions, clips
from observe.video.captions import Cue
from observe.video.graphs import Watch
from observe.video.models import BlurSound, DerivedFile
from observe.video.operations import recording_for
from observe.video.store import Store
from observe.video.timecode import Span


def may_leave(session: Session, recording_id: UUID, *, actor: Actor) -> None:
    """Return when `actor` may take clips of this recording out.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
    """
    recording_for(session, recording_id, actor=actor, action=Action.RECORDING_BLUR)


def cut_unblurred(
    database: Database, store: Store, recording_id: UUID, span: Span, *, watch: Watch
) -> UUID:
    """Return the id of the clip of `span` with every face in it; it has not left yet.

    Raises:
        BadInputError: the span cannot be cut. ConflictError: the video is not here (yet).
    """
    try:
        return clips.keep_clip(database, store, recording_id, span, watch=watch)
    except FileNotFoundError as error:
        raise ConflictError(
            message("The video of this lesson is not here, so no clip can be cut.")
        ) from error


def take_unblurred(
    session: Session, store: Store, recording_id: UUID, clip_id: UUID, *, actor: Actor
) -> Path:
    """Return the file of an unblurred clip, and put on file that `actor` took it out.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
    """
    may_leave(session, recording_id, actor=actor)
    clip = session.get_one(DerivedFile, clip_id)
    return _taken(session, store, clip, actor, blurred=False)


def take_blurred(
    session: Session, store: Store, recording_id: UUID, span: Span, *, actor: Actor
) -> Path | None:
    """Return the file of the blurred clip of `span` that a person checked, or None.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
    """
    may_leave(session, recording_id, actor=actor)
    clip = blur_operations.checked_clip(session, recording_id, span)
    return None if clip is None else _taken(session, store, clip, actor, blurred=True)


def _taken(
    session: Session, store: Store, clip: DerivedFile, actor: Actor, *, blurred: bool
) -> Path:
    audit.record(
        session,
        "clip.taken_out",
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=clip.recording_id,
        clip=clip.id,
        recipe=clip.recipe,
        blurred=blurred,
    )
    return store.blob(clip.sha256)


def captions_along(
    session: Session, store: Store, recording_id: UUID, span: Span, *, blurred: bool
) -> tuple[Cue, ...]:
    """Return what is said in a clip that leaves; nothing where its voices were silenced."""
    row = blur_operations.of_spans(session, recording_id, [span]).get(span) if blurred else None
    if row is not None and row.sound is BlurSound.MUTE:
        return ()
    return captions.cut(captions.cues_of(session, store, recording_id), span)
