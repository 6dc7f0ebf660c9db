"""A clip that leaves by the hand of its observer: blurred unless she insists, and put on file."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import ConflictError
from observe.people import audit
from observe.people.access import Action, Actor
from observe.privacy.scopes import TO_SHOW
from observe.text import message
from observe.video import captions, clips, derived, gate
from observe.video.blur import operations as blur_operations
from observe.video.captions import Cue
from observe.video.desk import Desk
from observe.video.media.graphs import Watch
from observe.video.models import NO_FILM, BlurSound, DerivedFile
from observe.video.operations import recording_for
from observe.video.store import Store
from observe.video.timecode import Span


def may_leave(
    session: Session, recording_id: UUID, *, unblurred: bool = False, actor: Actor
) -> None:
    """Return when `actor` may take clips of this recording out, or unblurred ones.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        ConflictError: it is locked, a consent does not reach so far, or it has no film.
    """
    action = Action.RECORDING_EXPORT_UNBLURRED if unblurred else Action.RECORDING_BLUR
    recording = recording_for(session, recording_id, actor=actor, action=action)
    if recording.is_live:
        raise ConflictError(NO_FILM)
    if why := recording.why_unusable:
        raise ConflictError(why)
    if not gate.verdict_of(session, recording, TO_SHOW).is_open:
        raise ConflictError(
            message("Somebody who is seen did not allow that moments of this video are shown.")
        )


def cut_unblurred(  # what, where from, where to
    database: Database, store: Store, recording_id: UUID, span: Span, target: Path, *, watch: Watch
) -> str:
    """Write the clip of `span` with every face in it to `target`; return its recipe.

    It has not left before `take_unblurred`. Nothing of it is kept here: what leaves unblurred does
    not pile up, and no worker that begins meanwhile finds it half made.

    Raises:
        BadInputError: the span cannot be cut. ConflictError: the video is not here (yet).
    """
    try:
        with database.read() as session:
            film = derived.film_of(session, store, recording_id)
        with Desk(store, watch.tick) as desk:
            source = desk.path(film.file)
            clips.cut_clip(source, span, target, audio_track=film.stream, watch=watch)
    except FileNotFoundError as error:
        raise ConflictError(
            message("The video of this lesson is not here, so no clip can be cut.")
        ) from error
    return clips.recipe(span, film.heard)


def take_unblurred(session: Session, recording_id: UUID, recipe: str, *, actor: Actor) -> None:
    """Put on file that `actor` takes an unblurred clip out.

    Raises:
        NotFoundError, NotAllowedError, ConflictError: as `may_leave`.
    """
    may_leave(session, recording_id, unblurred=True, actor=actor)
    _put_on_file(session, recording_id, actor, clip=None, recipe=recipe, blurred=False)


def checked(
    session: Session, recording_id: UUID, span: Span, *, actor: Actor
) -> DerivedFile | None:
    """Return the blurred clip of `span` that a person checked, or None.

    Raises:
        NotFoundError, NotAllowedError, ConflictError: as `may_leave`.
    """
    may_leave(session, recording_id, actor=actor)
    return blur_operations.checked_clip(session, recording_id, span)


def take_blurred(session: Session, clip: DerivedFile, span: Span, *, actor: Actor) -> None:
    """Put on file that `actor` takes `clip` out, while it still is what a person checked.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        ConflictError: it was corrected meanwhile, or as `may_leave`.
    """
    now = checked(session, clip.recording_id, span, actor=actor)
    if now is None or now.id != clip.id:
        raise ConflictError(
            message("This blurred clip was changed meanwhile. Look at it again, then sign it.")
        )
    _put_on_file(session, clip.recording_id, actor, clip=clip.id, recipe=clip.recipe, blurred=True)


def _put_on_file(session: Session, recording_id: UUID, actor: Actor, **details: object) -> None:
    audit.record(
        session,
        "clip.taken_out",
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=recording_id,
        **details,
    )


def captions_along(
    session: Session, store: Store, recording_id: UUID, span: Span, *, blurred: bool
) -> tuple[Cue, ...]:
    """Return what is said in a clip that leaves; nothing where its voices were silenced."""
    row = blur_operations.of_spans(session, recording_id, [span]).get(span) if blurred else None
    if row is not None and row.sound is BlurSound.MUTE:
        return ()
    return captions.cut(captions.cues_of(session, store, recording_id), span)
