"""Deleting a lesson's video, or its clips, so that nothing of them is left in this home.

The row stays as a tombstone: what was said of the lesson refers to it. A certificate says what
went. Rooms above that point to a file let go of it in the same transaction (`before_erasing`); the
files go once that is committed, and a kill in between is mended by the sweep.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.db import Database, day_of, locked, now
from observe.errors import BadInputError, ConflictError
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.people.models import AuditEntry
from observe.privacy import (
    certificates,
    tombstones,  # noqa: F401  # its job follows each certificate, in whatever process works
)
from observe.privacy.certificates import Told
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate, Hold
from observe.text import message
from observe.video import derived
from observe.video.adding import if_done, if_undone
from observe.video.blur.making import KIND as BLUR
from observe.video.derived import Given
from observe.video.models import (
    ERASED,
    NO_FILM,
    Blurring,
    BlurState,
    DerivedFile,
    FileKind,
    Recording,
    RecordingPart,
    Upload,
)
from observe.video.preparing import borrowing, prepare
from observe.video.store import Store

CLIPS: Final = frozenset(
    {
        FileKind.CLIP,
        FileKind.CLIP_POSTER,
        FileKind.CLIP_CAPTIONS,
        FileKind.BLURRED,
        FileKind.BLURRED_POSTER,
    }
)
OF_CLIPS: Final = CLIPS | {FileKind.FACES}
LONGEST_REASON: Final = 500
CONFIRM: Final = message("DELETE")  # what a person writes to confirm it


class Letting(Protocol):
    """What a room above does before something of a recording goes.

    What is being made of it is given up; where `clips` go too, nothing points to one any more.
    """

    def __call__(self, session: Session, recording_id: UUID, *, clips: bool) -> None:
        """Let go of them in the transaction of the deletion."""


_letting: list[Letting] = []


def before_erasing(function: Letting) -> Letting:
    """Mark a function of a room above that lets go of a recording before something of it goes."""
    _letting.append(function)
    return function


@dataclass(frozen=True)
class Place:
    """Where to delete: the database is asked once more when the transaction is over."""

    database: Database
    store: Store


def erase_video(
    session: Session,
    place: Place,
    recording_id: UUID,
    *,
    reason: str,
    actor: Actor | None,
    with_clips: bool = True,
    by_id: UUID | None = None,
) -> Certificate:
    """Delete the video of a lesson and all that was made from it; return the certificate.

    `with_clips=False` keeps the clips, which have a rule of their own. `actor` None is a rule, or
    the person `by_id` whose right to it was asked before.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        BadInputError: no reason is given. ConflictError: it is held, was deleted, or has no video.
    """
    recording = _erasable(session, recording_id, reason, actor)
    kinds = frozenset(FileKind) if with_clips else frozenset(FileKind) - CLIPS
    made = _made(session, recording_id, kinds)
    files = _given(session, recording) + _listed(made)
    told = _told(session, recording, CertificateKind.VIDEO_DELETED, files, reason)
    certificate = certificates.issue(session, told, by_id=actor.user_id if actor else by_id)
    _let_go(session, recording_id, clips=with_clips)
    _drop(session, made)
    _stop_jobs(session, recording_id)
    incoming = _forget_given(session, recording)
    recording.erased_at = now()
    _when_committed(session, place, recording_id, files, incoming)
    return certificate


def erase_clips(
    session: Session,
    place: Place,
    recording_id: UUID,
    *,
    reason: str,
    by_id: UUID | None,
    held_too: bool = False,
) -> Certificate | None:
    """Delete every clip that was made of a lesson; return the certificate, None without a clip.

    One that is being made now is given up, and what waits for it goes back to its draft.

    `held_too`: a consent that was taken back reaches a clip whatever else is open.

    Raises:
        NotFoundError: there is no such recording. ConflictError: it is held.
    """
    recording = locked(session, Recording, recording_id)
    if recording is None:
        raise access.not_found()
    if not held_too:
        require_no_hold(session, recording_id)
    made = _made(session, recording_id, OF_CLIPS)
    if not made:
        _let_go(session, recording_id, clips=True)
        return None
    told = _told(session, recording, CertificateKind.CLIPS_DELETED, _listed(made), reason)
    certificate = certificates.issue(session, told, by_id=by_id)
    _let_go(session, recording_id, clips=True)
    _drop(session, made)
    _when_committed(session, place, recording_id, _listed(made), [])
    return certificate


def require_no_hold(session: Session, recording_id: UUID) -> None:
    """Return when no open request holds this recording; raises `ConflictError`."""
    if hold_on(session, recording_id) is not None:
        raise ConflictError(
            message(
                "A request about this lesson is open: nothing of it is deleted until it is closed."
            )
        )


def hold_on(session: Session, recording_id: UUID) -> Hold | None:
    """Return what holds this recording, if anything does."""
    rows = sa.select(Hold).where(Hold.recording_id == recording_id, Hold.lifted_at.is_(None))
    return session.scalars(rows.order_by(Hold.id).limit(1)).first()


# --- the parts ----------------------------------------------------------------------------------


def _erasable(session: Session, recording_id: UUID, reason: str, actor: Actor | None) -> Recording:
    recording = locked(session, Recording, recording_id)
    if recording is None:
        raise access.not_found()
    if actor is not None:
        access.require(actor, Action.RECORDING_ERASE, recording.as_thing())
    if not reason.strip():
        raise BadInputError(
            message("Write why it is deleted: the certificate says so."), field="reason"
        )
    if len(reason) > LONGEST_REASON:
        raise BadInputError(
            message("Use at most %(limit)s characters.", limit=LONGEST_REASON), field="reason"
        )
    if recording.is_live:
        raise ConflictError(NO_FILM)
    if recording.is_erased:
        raise ConflictError(ERASED)
    require_no_hold(session, recording_id)
    return recording


def _given(session: Session, recording: Recording) -> list[dict[str, Any]]:
    given: list[Given] = [recording, *derived.parts_of(session, recording.id)]
    return [
        {"kind": "original", "sha256": each.sha256, "size_bytes": each.size_bytes} for each in given
    ]


def _made(session: Session, recording_id: UUID, kinds: Iterable[FileKind]) -> list[DerivedFile]:
    rows = sa.select(DerivedFile).where(
        DerivedFile.recording_id == recording_id, DerivedFile.kind.in_(frozenset(kinds))
    )
    return list(session.scalars(rows.order_by(DerivedFile.id)))


def _listed(made: Iterable[DerivedFile]) -> list[dict[str, Any]]:
    return [
        {"kind": row.kind.value, "sha256": row.sha256, "size_bytes": row.size_bytes} for row in made
    ]


def _drop(session: Session, made: Iterable[DerivedFile]) -> None:
    for row in made:
        session.delete(row)
    session.flush()


def _let_go(session: Session, recording_id: UUID, *, clips: bool) -> None:
    """Let go of what is made of a recording wherever it is named, and give up what is being made.

    The database lets published feedback lose its clips only where a certificate says so.
    """
    for let_go in _letting:
        let_go(session, recording_id, clips=clips)
    mine = sa.select(Blurring).where(Blurring.recording_id == recording_id)
    if not clips:
        mine = mine.where(Blurring.state == BlurState.ASKED)
    for row in session.scalars(mine):
        jobs.stop(session, BLUR, row.asked_id)
        session.delete(row)
    session.flush()


def _stop_jobs(session: Session, recording_id: UUID) -> None:
    for kind in (prepare.KIND, borrowing.KIND):
        jobs.stop(session, kind, recording_id)


def _forget_given(session: Session, recording: Recording) -> list[str]:
    """Take the names and hashes of the files off the rows; return the incoming names."""
    parts = list(
        session.scalars(sa.select(RecordingPart).where(RecordingPart.recording_id == recording.id))
    )
    uploads = list(session.scalars(sa.select(Upload).where(Upload.recording_id == recording.id)))
    given: list[Given] = [recording, *parts]
    incoming = [each.incoming for each in given if each.incoming]
    incoming += [upload.id.hex for upload in uploads]
    for row in (*parts, *uploads):
        session.delete(row)
    recording.sha256 = recording.incoming = None
    recording.original_name = ""
    session.flush()
    return incoming


def _told(
    session: Session,
    recording: Recording,
    kind: CertificateKind,
    files: list[dict[str, Any]],
    reason: str,
) -> Told:
    what = {
        "recorded_on": recording.recorded_on.isoformat(),
        "files": files,
        "backups": [day.isoformat() for day in backups_since(session, recording)],
    }
    school_id = recording.class_group.school_id
    return Told(kind, "recording", recording.id, school_id, what, reason.strip())


def backups_since(session: Session, recording: Recording) -> list[Any]:
    """Return the days on which a backup was written while this video was here.

    Backups lie where a person put them, out of this program's reach: the certificate names them.
    """
    rows = sa.select(AuditEntry.at).where(
        AuditEntry.action == "home.backup", AuditEntry.at >= recording.created_at
    )
    return sorted({day_of(at) for at in session.scalars(rows)})


def _when_committed(
    session: Session,
    place: Place,
    recording_id: UUID,
    files: list[dict[str, Any]],
    incoming: list[str],
) -> None:
    """See to it that the files go with the rows, and what was still on its way or made of them."""
    delete_when_committed(session, place, files)
    clear_outgoing_when_committed(session, place)
    if_done(session, partial(place.store.drop_sides, recording_id))
    for name in incoming:
        if_done(session, partial(place.store.delete_incoming, name))


def clear_outgoing_when_committed(session: Session, place: Place) -> None:
    """Delete what waits to be taken away once the rows are gone: it is made again where asked."""
    if_done(session, lambda: place.store.clear_outgoing(now()))


def delete_when_committed(session: Session, place: Place, files: list[dict[str, Any]]) -> None:
    """Delete those of the files that nothing else here is made of, once the rows are gone."""
    session.flush()
    hashes = {file["sha256"] for file in files if file["sha256"]}
    gone = [sha256 for sha256 in hashes if not derived.is_known(session, sha256)]
    # The last to be registered is the first to be done.
    if_done(session, place.database.leave_no_trace)
    for sha256 in gone:
        place.store.doom(sha256)
        if_undone(session, partial(place.store.settle, sha256))
        if_done(session, partial(_delete, place, sha256))


def _delete(place: Place, sha256: str) -> None:
    """Delete a file unless a row names it again: the same film may have come in a second time."""
    with place.database.write() as session:
        derived.forget_blob(session, place.store, sha256)
        place.store.settle(sha256)


# --- holds --------------------------------------------------------------------------------------


def hold(session: Session, recording_id: UUID, reason: str, *, actor: Actor) -> Hold:
    """Keep all of a recording as it is while a request about it is open.

    Raises:
        NotFoundError, NotAllowedError: it is not hers. BadInputError: no reason is given.
    """
    recording = session.get(Recording, recording_id)
    if recording is None:
        raise access.not_found()
    access.require(actor, Action.RECORDING_ERASE, recording.as_thing())
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise BadInputError(
            message(
                "Write which request it is, in at most %(limit)s characters.", limit=LONGEST_REASON
            ),
            field="hold",
        )
    row = Hold(recording_id=recording_id, reason=reason.strip(), by_id=actor.user_id)
    session.add(row)
    session.flush()
    _hold_on_file(session, "recording.held", row, actor)
    return row


def lift(session: Session, recording_id: UUID, *, actor: Actor) -> None:
    """Say that the request is closed; raises as `hold`."""
    recording = session.get(Recording, recording_id)
    if recording is None:
        raise access.not_found()
    access.require(actor, Action.RECORDING_ERASE, recording.as_thing())
    while (row := hold_on(session, recording_id)) is not None:
        row.lifted_by_id, row.lifted_at = actor.user_id, now()
        session.flush()
        _hold_on_file(session, "recording.released", row, actor)


def _hold_on_file(session: Session, action: str, row: Hold, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=row.recording_id,
        hold=row.id,
    )
