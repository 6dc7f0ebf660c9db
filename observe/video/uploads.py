"""Uploads that survive interruption: what is acknowledged is on disk, the rest is sent again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import BadInputError, ConflictError, NotFoundError
from observe.ids import new_id
from observe.people import access, attempts
from observe.people.access import Action, Actor, Thing
from observe.text import message
from observe.video.adding import (
    LessonDetails,
    Received,
    add_recording,
    if_done,
    shown_name,
    whole,
)
from observe.video.media.probe import probe
from observe.video.models import Recording, Upload
from observe.video.store import Store

LARGEST_CHUNK: Final = 16 * 1024**2
MOST_BEGUN: Final = 300  # in an hour, by one person: six lessons of fifty files
MOST_UNFINISHED: Final = 100  # of one person
UNFINISHED_BYTES: Final = 256 * 1024**3  # announced, of one person
HOUR_S: Final = 3600
_BEYOND: Final = 2**62  # no file is this long


class OffsetError(ConflictError):
    """The upload stands elsewhere than the sender thinks; `offset` is where to go on."""

    def __init__(self, offset: int) -> None:
        super().__init__(message("Part of the file was sent twice or is missing; send it again."))
        self.offset = offset


def begin_upload(session: Session, filename: str, size_bytes: int, *, actor: Actor) -> Upload:
    """Announce a file of `size_bytes`; its chunks follow.

    Raises:
        NotAllowedError: the person observes no school. BadInputError: the file is empty.
        ConflictError: too much of hers is unfinished. TooOftenError: too many in the last hour.
    """
    schools = frozenset(place.school_id for place in actor.standings if place.school_id)
    access.require(actor, Action.RECORDING_ADD, Thing(kind="home", school_ids=schools))
    if size_bytes <= 0:
        raise BadInputError(message("This file is empty. Copy it again from the camera or phone."))
    _bounded(session, size_bytes, actor)
    upload = Upload(
        id=new_id(),
        user_id=actor.user_id,
        filename=shown_name(filename),
        size_bytes=size_bytes,
        offset=0,
    )
    session.add(upload)
    session.flush()
    return upload


def _bounded(session: Session, size_bytes: int, actor: Actor) -> None:
    """Return when one file more is what a person may have on its way."""
    unfinished = sa.select(
        sa.func.count(), sa.func.coalesce(sa.func.sum(Upload.size_bytes), 0)
    ).where(Upload.user_id == actor.user_id, Upload.recording_id.is_(None))
    count, announced = session.execute(unfinished).one()
    if count >= MOST_UNFINISHED or (count and announced + size_bytes > UNFINISHED_BYTES):
        raise ConflictError(
            message(
                "%(count)s of your videos did not become a lesson yet. Finish them or give them up"
                " on the page for adding a video, then add this one.",
                count=count,
            )
        )
    told = message("You began to add very many videos in the last hour. Wait an hour, then go on.")
    deed = f"uploads:{actor.user_id}"
    attempts.allow(session, deed, most=MOST_BEGUN, seconds=HOUR_S, told=told)


def upload_for(session: Session, upload_id: UUID, *, actor: Actor) -> Upload:
    """Return an upload of this person, locked until the transaction ends.

    Raises:
        NotFoundError: there is none, or it is another person's.
    """
    mine = sa.select(Upload).where(Upload.id == upload_id, Upload.user_id == actor.user_id)
    upload = session.scalars(
        mine.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if upload is None:
        raise access.not_found()
    return upload


def append_upload(
    database: Database, store: Store, upload_id: UUID, offset: int, chunk: bytes, *, actor: Actor
) -> int:
    """Keep `chunk`, which begins at `offset`; return the new offset. On disk before it counts.

    No transaction is open while the disk writes: others go on writing meanwhile.

    Raises:
        OffsetError: the upload stands elsewhere. BadInputError: more came than was announced, or
            the disk has no room for the whole file.
        NotFoundError: there is no such upload. OSError: the disk is full.
    """
    with database.read() as session:
        size_bytes = _appendable(session, upload_id, offset, actor).size_bytes
    if len(chunk) > LARGEST_CHUNK or offset + len(chunk) > size_bytes:
        raise BadInputError(message("More of the file came than was announced. Send it again."))
    if offset == 0:
        store.make_sure_of_room(size_bytes)
    with _alone(store.incoming(upload_id.hex), begins=offset == 0):
        with database.read() as session:  # again: it may have grown while we waited
            _appendable(session, upload_id, offset, actor)
        store.append(upload_id.hex, offset, chunk)
        with database.write() as session:
            upload = _appendable(session, upload_id, offset, actor)
            upload.offset = offset + len(chunk)
            return upload.offset


def _appendable(session: Session, upload_id: UUID, offset: int, actor: Actor) -> Upload:
    upload = upload_for(session, upload_id, actor=actor)
    if upload.offset != offset or upload.recording_id is not None:
        raise OffsetError(upload.offset)
    return upload


@contextmanager
def _alone(path: Path, *, begins: bool) -> Iterator[None]:
    """Be the only one, in any process, who writes to the incoming file at `path`.

    Two pieces for the same place would overwrite each other, also after one was acknowledged.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if begins else 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError as error:
        raise _gone() from error
    try:
        _lock(descriptor)  # closing lets go of it
        yield
    finally:
        os.close(descriptor)


def _gone() -> NotFoundError:
    return NotFoundError(message("The file of this video is gone. Add the video again."))


def _lock(descriptor: int) -> None:
    """Wait until nobody else holds this file."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _BEYOND, os.SEEK_SET)  # there a lock keeps others from writing
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)


def receive_upload(database: Database, store: Store, upload_id: UUID, *, actor: Actor) -> Received:
    """Measure a complete upload. It takes a moment, so it holds no transaction meanwhile.

    Raises:
        OffsetError: bytes are missing. NotFoundError: there is no such upload, or its file has
        moved, because it was sent twice and is a recording by now.
        BadInputError: it is no usable video, and it is gone.
        NotMeasuredError: the measuring was cut short; the upload stays, to be asked for again.
    """
    with database.read() as session:
        upload = upload_for(session, upload_id, actor=actor)
    if upload.offset != upload.size_bytes:
        raise OffsetError(upload.offset)
    name = upload.id.hex
    try:
        return Received(name, upload.filename, upload.size_bytes, probe(store.incoming(name)))
    except FileNotFoundError as error:
        raise _gone() from error
    except BadInputError as error:
        with database.write() as session:
            if uploaded_recording(session, upload_id, actor=actor) is not None:
                raise _gone() from error
            discard_upload(session, store, upload_id, actor=actor)
        raise


def uploaded_recording(session: Session, upload_id: UUID, *, actor: Actor) -> Recording | None:
    """Return the recording that an upload became, so that asking twice answers alike.

    Raises:
        NotFoundError: there is no such upload.
    """
    upload = upload_for(session, upload_id, actor=actor)
    if upload.recording_id is None:
        return None
    return session.scalars(whole().where(Recording.id == upload.recording_id)).one()


def finish_upload(
    session: Session,
    received: Received,
    details: LessonDetails,
    *,
    actor: Actor,
    more: Sequence[Received] = (),
) -> Recording:
    """Make a recording of a measured upload; asked again, it answers with the same one.

    `more` are further uploads of hers that go on where the first ends, in order.

    Raises:
        BadInputError: the details do not fit, and it can be asked again.
        NotFoundError: there is no such upload.
    """
    upload = upload_for(session, UUID(received.name), actor=actor)
    if known := uploaded_recording(session, upload.id, actor=actor):
        return known
    following = [upload_for(session, UUID(each.name), actor=actor) for each in more]
    if any(each.recording_id is not None for each in following):
        raise BadInputError(message("One of these files is part of another lesson already."))
    recording = add_recording(session, received, details, actor=actor, more=more)
    for each in (upload, *following):
        each.recording_id = recording.id
    session.flush()
    return recording


def discard_upload(session: Session, store: Store, upload_id: UUID, *, actor: Actor) -> None:
    """Give an upload up: its bytes and its row go. One that became a recording stays.

    Raises:
        NotFoundError: there is no such upload.
    """
    upload = upload_for(session, upload_id, actor=actor)
    if upload.recording_id is None:
        session.delete(upload)
        session.flush()
        if_done(session, lambda: store.delete_incoming(upload_id.hex))
