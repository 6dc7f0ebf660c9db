"""What can be done with a recording: add it, find it, watch it, state its consents, prepare it.

Nothing here commits.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.db import Database, locked, now
from observe.errors import BadInputError, ConflictError, NotFoundError
from observe.jobs import Job
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.settings import Settings
from observe.text import message
from observe.video import derived, gate
from observe.video.adding import (
    LessonDetails,
    Received,
    add_file,
    add_received,
    check_details,
    receive,
    whole,
)
from observe.video.desk import Desk
from observe.video.kept import KeptFile
from observe.video.live import begin_live, end_live
from observe.video.media.probe import AudioTrack, probe
from observe.video.models import ERASED, NO_FILM, Assignment, FileKind, Recording, RecordingState
from observe.video.preparing import prepare
from observe.video.store import Store
from observe.video.uploads import (
    OffsetError,
    append_upload,
    begin_upload,
    discard_upload,
    finish_upload,
    receive_upload,
    upload_for,
    uploaded_recording,
)

__all__ = [
    "ImportableFile",
    "LessonDetails",
    "OffsetError",
    "PlayableFile",
    "Received",
    "SoundTracks",
    "add_file",
    "add_received",
    "append_upload",
    "begin_live",
    "begin_upload",
    "cancel_preparation",
    "check_details",
    "choose_audio",
    "confirm_consent",
    "derived_file",
    "discard_upload",
    "end_live",
    "finish_upload",
    "importable_files",
    "playable_file",
    "preparation_of",
    "receive",
    "receive_upload",
    "recording_for",
    "recordings_of",
    "retry_preparation",
    "same_content",
    "sound_tracks",
    "upload_for",
    "uploaded_recording",
    "watched",
    "watched_lately",
]

_WATCHED: Final = "recording.watched"
_CAMERA = (
    "mp4",
    "m4v",
    "mov",
    "3gp",
    "3g2",
    "avi",
    "mpg",
    "mpeg",
    "vob",
    "ts",
    "mts",
    "m2ts",
    "dv",
)
_OTHER = ("mkv", "webm", "wmv", "asf", "ogv", "flv")
MOST_STREAMS: Final = 64  # of one file: more is refused when it is added
SUFFIXES: Final = frozenset(f".{kind}" for kind in (*_CAMERA, *_OTHER))


@dataclass(frozen=True)
class PlayableFile:
    """A file to send, and as what; `tag` stays while its content does, wherever it lies."""

    file: KeptFile
    media_type: str
    tag: str


@dataclass(frozen=True)
class ImportableFile:
    """A video on this laptop that could be added without uploading it."""

    path: Path
    size_bytes: int
    modified: float  # seconds since the epoch


# --- finding -------------------------------------------------------------------------------------


def recording_for(
    session: Session,
    recording_id: UUID,
    *,
    actor: Actor,
    action: Action = Action.RECORDING_SEE,
) -> Recording:
    """Return the recording, when `actor` may do `action` with it.

    Raises:
        NotFoundError, NotAllowedError: she may not.
    """
    recording = session.get(Recording, recording_id)
    if recording is None:
        raise access.not_found()
    access.require(actor, action, recording.as_thing())
    # Only now what was made of it: a refusal reads no more than where it belongs.
    return session.scalars(whole().where(Recording.id == recording_id)).one()


def watched(session: Session, recording: Recording, *, actor: Actor) -> None:
    """Put on file that `actor` opened the lesson's own video."""
    audit.record(
        session,
        _WATCHED,
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=recording.id,
    )


def watched_lately(session: Session, recording_id: UUID, *, actor: Actor) -> bool:
    """Tell whether it is on file that `actor` opened the lesson's video in the last hour."""
    return audit.did_lately(session, _WATCHED, actor_id=actor.user_id, thing_id=recording_id)


def recordings_of(session: Session, *, actor: Actor) -> list[Recording]:
    """Return the recordings that `actor` may see, the newest first."""
    asked = sa.select(Assignment.recording_id).where(Assignment.observer_id == actor.user_id)
    mine = whole().where(sa.or_(Recording.observer_id == actor.user_id, Recording.id.in_(asked)))
    found = session.scalars(mine.order_by(Recording.created_at.desc(), Recording.id.desc()))
    return [row for row in found if access.can(actor, Action.RECORDING_SEE, row.as_thing())]


def preparation_of(session: Session, recording: Recording) -> Job | None:
    """Return the job that prepares this recording; `prepare.STEPS` has words for its steps."""
    return jobs.latest(session, prepare.KIND, recording.id)


def playable_file(session: Session, store: Store, recording: Recording) -> PlayableFile:
    """Return what the player plays: the copy made for it, else the original.

    Raises:
        ConflictError: there is nothing to play, yet or any more.
    """
    proxy = derived_file(session, store, recording, FileKind.PROXY)
    if proxy is not None:
        return proxy
    if recording.is_live:
        raise ConflictError(NO_FILM)
    if recording.is_erased:
        raise ConflictError(ERASED)
    if recording.state is not RecordingState.READY or recording.media_type is None:
        raise ConflictError(message("This video cannot be played yet; it is still being prepared."))
    file = derived.original(session, store, recording.id)
    if not file.exists():
        raise ConflictError(_NOT_THERE)
    tag = f"{recording.id.hex}-{recording.size_bytes}"  # no sha256 yet when it is first played
    return PlayableFile(file, recording.media_type, tag)


_NOT_THERE: Final = message(
    "The file of this video is not where it was. Put its card or disk back, or restore a backup."
)


def derived_file(
    session: Session, store: Store, recording: Recording, kind: FileKind
) -> PlayableFile | None:
    """Return the file of this kind made last, or None while there is none."""
    made = derived.newest(session, recording.id, kind)
    if made is None:
        return None
    return PlayableFile(store.kept(made.sha256), made.media_type, made.sha256)


def importable_files(settings: Settings) -> list[ImportableFile]:
    """Return the videos in the import folders of a laptop, the newest first."""
    if settings.mode != "laptop":
        return []
    found = [file for folder in settings.import_folders for file in _videos_in(folder)]
    return sorted(found, key=lambda file: file.modified, reverse=True)


def _videos_in(folder: Path) -> Iterator[ImportableFile]:
    """Yield the videos in a folder; what is not there or may not be looked at is passed over."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.suffix.lower() in SUFFIXES:
                yield from _video_at(path)


def _video_at(path: Path) -> Iterator[ImportableFile]:
    with suppress(OSError):
        about = path.stat()
        if stat.S_ISREG(about.st_mode):
            yield ImportableFile(path, about.st_size, about.st_mtime)


# --- consent and preparation ---------------------------------------------------------------------


def confirm_consent(session: Session, recording_id: UUID, *, actor: Actor) -> Recording:
    """Keep that `actor` states that the consents of all who are seen are on file, and when.

    Where consents are registered by child, it stays locked until `gate.count_children`.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
    """
    locked(session, Recording, recording_id)
    recording = recording_for(session, recording_id, actor=actor, action=Action.RECORDING_CONSENT)
    if recording.consent_at is None:
        recording.consent_by_id, recording.consent_at = actor.user_id, now()
        _record(session, "recording.consent_confirmed", recording, actor)
    gate.reassess(session, recording)
    return recording


def cancel_preparation(session: Session, recording_id: UUID, *, actor: Actor) -> None:
    """Stop the preparation; what is made so far stays, and it can be asked for again.

    Raises:
        NotFoundError, NotAllowedError: it is not hers. ConflictError: nothing is running.
    """
    recording = recording_for(session, recording_id, actor=actor, action=Action.RECORDING_PREPARE)
    job = preparation_of(session, recording)
    if job is None or job.ended:
        raise ConflictError(message("This video is not being prepared at the moment."))
    jobs.cancel(session, job.id)
    _record(session, "recording.preparation_cancelled", recording, actor)


def retry_preparation(
    session: Session, recording_id: UUID, *, again: bool = False, actor: Actor
) -> str:
    """Prepare again what was cancelled or failed (with `again` also what is done); return the job.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        ConflictError: there is no film, or it was refused.
    """
    recording = recording_for(session, recording_id, actor=actor, action=Action.RECORDING_PREPARE)
    _check_film(recording)
    _record(session, "recording.preparation_retried", recording, actor)
    return jobs.enqueue(session, prepare.KIND, recording.id, again=again)


def _check_film(recording: Recording) -> None:
    """Return when there is a file to prepare; raises `ConflictError`."""
    if recording.is_live:
        raise ConflictError(NO_FILM)
    if recording.is_erased:
        raise ConflictError(ERASED)
    if recording.state is RecordingState.REFUSED:
        raise ConflictError(
            message("This video was refused. Copy it from the camera and add it again.")
        )


@dataclass(frozen=True)
class SoundTracks:
    """The sound tracks of a lesson's file; `heard` is the stream that is heard now."""

    tracks: tuple[AudioTrack, ...]
    heard: int | None

    def require(self, index: int) -> None:
        """Return when `index` is one of them.

        Raises:
            BadInputError: it is none; the sentence names those there are.
        """
        known = [str(track.index) for track in self.tracks]
        if str(index) not in known:
            told = ", ".join(known) or "–"
            raise BadInputError(
                message("The sound tracks of this video are: %(known)s.", known=told),
                field="audio_track",
            )


def sound_tracks(
    database: Database, store: Store, recording_id: UUID, *, actor: Actor
) -> SoundTracks:
    """Measure which sound tracks there are to choose from.

    It takes a moment, so it holds no transaction meanwhile.

    Raises:
        NotFoundError, NotAllowedError: it is not hers, or its file is gone.
        BadInputError: the file cannot be read any more. ConflictError: it has no film.
    """
    with database.read() as session:
        recording = recording_for(
            session, recording_id, actor=actor, action=Action.RECORDING_PREPARE
        )
        file = derived.file_of(store, recording)
    if recording.is_live:
        raise ConflictError(NO_FILM)
    if file is None:
        raise NotFoundError(message("The file of this video is gone. Add the video again."))
    if not file.exists():
        raise NotFoundError(_NOT_THERE)
    with Desk(store) as desk:
        measured = probe(desk.path(file), audio_track=recording.audio_track)
    return SoundTracks(measured.audio_tracks, measured.audio_index)


def choose_audio(
    session: Session, recording_id: UUID, index: int | None, *, actor: Actor
) -> Recording:
    """Hear the lesson on the sound track `index` (a stream of its file) from now on.

    None leaves the choice to the rule again; whether the file has it is asked before, of
    `sound_tracks`. What depends on the sound is prepared anew.

    Raises:
        NotFoundError, NotAllowedError: it is not hers. BadInputError: no file has such a track.
        ConflictError: there is no film, or it was refused.
    """
    recording = recording_for(session, recording_id, actor=actor, action=Action.RECORDING_PREPARE)
    if index is not None and not 0 <= index < MOST_STREAMS:
        raise BadInputError(message("This video has no such sound track."), field="audio_track")
    _check_film(recording)
    if recording.audio_track != index:
        recording.audio_track = index
        _record(session, "recording.audio_chosen", recording, actor)
        jobs.enqueue(session, prepare.KIND, recording.id, again=True)
    return recording


def same_content(session: Session, recording: Recording) -> list[Recording]:
    """Return the other recordings of this educator with the very same file, the oldest first.

    Known once the file is hashed, seconds to minutes after adding. Others may have added them: ask
    access before anything of them is shown.
    """
    if recording.sha256 is None:
        return []
    found = whole().where(
        Recording.sha256 == recording.sha256,
        Recording.educator_id == recording.educator_id,
        Recording.id != recording.id,
    )
    return list(session.scalars(found.order_by(Recording.created_at, Recording.id)))


def _record(session: Session, action: str, recording: Recording, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=recording.id,
        state=recording.state,
    )
