"""Uploads that survive interruption: what is acknowledged is on disk, the rest is sent again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import BadInputError, ConflictError
from observe.ids import new_id
from observe.people import access
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
from observe.video.models import Recording, Upload
from observe.video.probe import probe
from observe.video.store import Store

LARGEST_CHUNK: Final = 16 * 1024**2


class OffsetError(ConflictError):
    """The upload stands elsewhere than the sender thinks; `offset` is where to go on."""

    def __init__(self, offset: int) -> None:
        super().__init__(message("Part of the file was sent twice or is missing; send it again."))
        self.offset = offset


def begin_upload(session: Session, filename: str, size_bytes: int, *, actor: Actor) -> Upload:
    """Announce a file of `size_bytes`; its chunks follow.

    Raises:
        NotAllowedError: the person observes no school. BadInputError: the file is empty.
    """
    schools = frozenset(place.school_id for place in actor.standings if place.school_id)
    access.require(actor, Action.RECORDING_ADD, Thing(kind="home", school_ids=schools))
    if size_bytes <= 0:
        raise BadInputError(message("This file is empty. Copy it again from the camera or phone."))
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


def upload_for(session: Session, upload_id: UUID, *, actor: Actor) -> Upload:
    """Return an upload of this person, locked until the transaction ends.

    Raises:
        NotFoundError: there is none, or it is another person's.
    """
    mine = sa.select(Upload).where(Upload.id == upload_id, Upload.user_id == actor.user_id)
    upload = session.scalars(mine.with_for_update()).one_or_none()
    if upload is None:
        raise access.not_found()
    return upload


def append_upload(
    session: Session, store: Store, upload_id: UUID, offset: int, chunk: bytes, *, actor: Actor
) -> int:
    """Keep `chunk`, which begins at `offset`; return the new offset. On disk before it counts.

    Raises:
        OffsetError: the upload stands elsewhere. BadInputError: more came than was announced, or
            the disk has no room for the whole file.
        NotFoundError: there is no such upload. OSError: the disk is full.
    """
    upload = upload_for(session, upload_id, actor=actor)
    if upload.offset != offset or upload.recording_id is not None:
        raise OffsetError(upload.offset)
    if len(chunk) > LARGEST_CHUNK or offset + len(chunk) > upload.size_bytes:
        raise BadInputError(message("More of the file came than was announced. Send it again."))
    if offset == 0:
        store.make_sure_of_room(upload.size_bytes)
    if chunk:
        store.append(upload.id.hex, offset, chunk)
    upload.offset = offset + len(chunk)
    session.flush()
    return upload.offset


def receive_upload(database: Database, store: Store, upload_id: UUID, *, actor: Actor) -> Received:
    """Measure a complete upload. It takes a moment, so it holds no transaction meanwhile.

    Raises:
        OffsetError: bytes are missing. NotFoundError: there is no such upload.
        BadInputError: it is no usable video, and it is gone.
    """
    with database.read() as session:
        upload = upload_for(session, upload_id, actor=actor)
    if upload.offset != upload.size_bytes:
        raise OffsetError(upload.offset)
    name = upload.id.hex
    try:
        return Received(name, upload.filename, upload.size_bytes, probe(store.incoming(name)))
    except BadInputError:
        with database.write() as session:
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
    session: Session, received: Received, details: LessonDetails, *, actor: Actor
) -> Recording:
    """Make a recording of a measured upload; asked again, it answers with the same one.

    Raises:
        BadInputError: the details do not fit, and it can be asked again.
        NotFoundError: there is no such upload.
    """
    upload = upload_for(session, UUID(received.name), actor=actor)
    if known := uploaded_recording(session, upload.id, actor=actor):
        return known
    recording = add_recording(session, received, details, actor=actor)
    upload.recording_id = recording.id
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
