"""Adding a recording: a file is taken, measured, and becomes a lesson that can be coded.

A file that is refused, or whose transaction fails, leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction, joinedload, selectinload

from observe import jobs
from observe.db import now, today
from observe.errors import BadInputError
from observe.ids import new_id
from observe.people import access, audit
from observe.people.access import Action, Actor, Thing
from observe.people.models import ClassGroup, Membership, Role
from observe.privacy import reach
from observe.text import message
from observe.video import gate
from observe.video.media.probe import Probe, probe
from observe.video.models import Recording, RecordingPart, RecordingState, Selection
from observe.video.preparing import borrowing, prepare
from observe.video.store import Store

LONGEST_NAME: Final = 200
LONGEST_SUBJECT: Final = 100
LONGEST_MS: Final = 6 * 3600 * 1000
_UNDO: Final = "video.undo"
_DONE: Final = "video.done"


@dataclass(frozen=True)
class LessonDetails:
    """What the observer tells of a lesson; `consent`: she states that all consents are on file."""

    class_group_id: UUID
    educator_id: UUID
    subject: str
    recorded_on: date
    selection: Selection
    consent: bool


@dataclass(frozen=True)
class Received:
    """A file in the store's incoming folder, measured, of which the database knows nothing yet."""

    name: str
    original_name: str
    size_bytes: int
    probe: Probe
    borrowed: bool = False  # read where the user has it, until it is copied in


def add_file(
    session: Session, store: Store, path: Path, details: LessonDetails, *, actor: Actor
) -> Recording:
    """Take the video at `path`, measure it, and enqueue its preparation.

    The recording can be coded at once where browsers play the file as it is. Measuring takes its
    time: unless that is no matter, call `receive` before the transaction and `add_received` in it.

    Raises:
        BadInputError: it is no video that can be a lesson, or the details do not fit.
        NotAllowedError, NotFoundError: not in this school.
    """
    check_details(session, details, actor=actor)
    return add_received(session, store, receive(store, path), details, actor=actor)


def receive(store: Store, path: Path, *, named: bool = False) -> Received:
    """Take the user's file into the store and measure it. No database; the original stays as it is.

    Raises:
        BadInputError: it is refused, `named` where it is one of several; nothing is left in the
            store.
    """
    try:
        return _received(store, path)
    except BadInputError as error:
        if not named:
            raise
        told = message("%(name)s: %(why)s", name=shown_name(path.name), why=error.message)
        raise BadInputError(told) from error


def _received(store: Store, path: Path) -> Received:
    name = new_id().hex
    size = store.take(path, name)
    try:
        measured = probe(store.to_read(name))
        return Received(name, shown_name(path.name), size, measured, store.is_borrowed(name))
    except BaseException:
        store.delete_incoming(name)
        raise


def add_received(
    session: Session,
    store: Store,
    received: Received,
    details: LessonDetails,
    *,
    actor: Actor,
    more: Sequence[Received] = (),
) -> Recording:
    """Add the recording of received files; if the transaction fails, the files go with it.

    Raises:
        BadInputError, NotAllowedError, NotFoundError: as `add_recording`.
    """
    for each in (received, *more):
        if_undone(session, partial(store.delete_incoming, each.name))
    return add_recording(session, received, details, actor=actor, more=more)


def add_recording(
    session: Session,
    received: Received,
    details: LessonDetails,
    *,
    actor: Actor,
    more: Sequence[Received] = (),
) -> Recording:
    """Add the recording of a file that stays where it is if the transaction fails.

    `more` are further files of the same lesson, in order: joined, they are one timeline. Such a
    lesson is codable once they are joined.

    Raises:
        BadInputError, NotAllowedError, NotFoundError: as `add_file`. BadInputError: together the
            files are longer than a lesson may be.
    """
    check_details(session, details, actor=actor)
    recording = _recording(received, details, actor)
    if more:
        _join_later(recording, more)
    session.add(recording)
    session.flush()
    session.add_all(_parts(recording, more))
    session.flush()
    gate.reassess(session, recording)
    audit.record(
        session,
        "recording.added",
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=recording.id,
        state=recording.state,
        consent=details.consent,
    )
    jobs.enqueue(session, prepare.KIND, recording.id)
    if any(each.borrowed for each in (received, *more)):
        borrowing.copy_soon(session, recording.id)
    return session.scalars(whole().where(Recording.id == recording.id)).one()


def _recording(received: Received, details: LessonDetails, actor: Actor) -> Recording:
    measured = received.probe
    playable = measured.plan == "play"
    return Recording(
        id=new_id(),
        class_group_id=details.class_group_id,
        educator_id=details.educator_id,
        observer_id=actor.user_id,
        subject=details.subject.strip(),
        recorded_on=details.recorded_on,
        selection=details.selection,
        consent_by_id=actor.user_id if details.consent else None,
        consent_at=now() if details.consent else None,
        state=RecordingState.READY if playable else RecordingState.RECEIVED,
        original_name=received.original_name,
        incoming=received.name,
        size_bytes=received.size_bytes,
        media_type=measured.media_type if playable else None,
        duration_ms=measured.duration_ms,
        start_offset_ms=measured.start_offset_ms,
        rotation=measured.rotation,
        vfr=measured.vfr,
        width=measured.width,
        height=measured.height,
        frame_rate=measured.frame_rate,
        video_codec=measured.video_codec,
        audio_codec=measured.audio_codec,
        playable=playable,
    )


def _join_later(recording: Recording, more: Sequence[Received]) -> None:
    """Say that nothing plays before all files are joined, and how long the whole will about be."""
    whole_ms = (recording.duration_ms or 0) + sum(part.probe.duration_ms for part in more)
    if whole_ms > LONGEST_MS:
        raise BadInputError(
            message("Together these files are longer than six hours. Add them as several lessons.")
        )
    recording.state, recording.playable = RecordingState.RECEIVED, False
    recording.media_type, recording.duration_ms = None, whole_ms


def _parts(recording: Recording, more: Sequence[Received]) -> list[RecordingPart]:
    return [
        RecordingPart(
            id=new_id(),
            recording_id=recording.id,
            position=position,
            original_name=part.original_name,
            incoming=part.name,
            size_bytes=part.size_bytes,
            duration_ms=part.probe.duration_ms,
        )
        for position, part in enumerate(more, 2)
    ]


def check_details(session: Session, details: LessonDetails, *, actor: Actor) -> None:
    """Return when `actor` may add a lesson with these details.

    Raises:
        NotAllowedError, NotFoundError: she is no observer of that school.
        BadInputError: a detail does not fit; `field` names it.
    """
    group = session.get(ClassGroup, details.class_group_id)
    if group is None:
        raise access.not_found()
    thing = Thing(kind="recording", school_ids=frozenset({group.school_id}))
    access.require(actor, Action.RECORDING_ADD, thing)
    if not teaches(session, details.educator_id, group.school_id, details.recorded_on):
        raise BadInputError(message("Choose an educator of this school."), field="educator_id")
    if reach.is_blocked(session, details.educator_id, group.id):
        raise BadInputError(
            message(
                "A person asked that nothing be done with what is held about her, so no lesson of "
                "this educator or class can be added now. Ask your administrator."
            ),
            field="educator_id",
        )
    check_day_and_subject(details.recorded_on, details.subject)


def check_day_and_subject(recorded_on: date, subject: str) -> None:
    """Return when a lesson can have been then and of this; raises `BadInputError` with `field`."""
    if recorded_on > today():
        raise BadInputError(message("The lesson cannot be in the future."), field="recorded_on")
    if len(subject) > LONGEST_SUBJECT:
        raise BadInputError(message("The subject is too long."), field="subject")


def teaches(session: Session, user_id: UUID, school_id: UUID, on: date) -> bool:
    """Tell whether a person was an educator of the school on a day."""
    found = sa.select(Membership).where(
        Membership.user_id == user_id,
        Membership.role == Role.EDUCATOR,
        sa.or_(Membership.school_id == school_id, Membership.school_id.is_(None)),
    )
    return any(row.period.holds(on) for row in session.scalars(found))


def shown_name(name: str) -> str:
    """Return a file's name fit to be shown: no folders, no invisible characters, not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(sign for sign in last if sign.isprintable()).strip()
    return clean[-LONGEST_NAME:] or "video"


def if_undone(session: Session, undo: Callable[[], None]) -> None:
    """Call `undo` when the session's transaction is rolled back, so that no file outlives it."""
    _listen(session)
    session.info[_UNDO].append(undo)


def if_done(session: Session, then: Callable[[], None]) -> None:
    """Call `then` once the session's transaction is committed, so that no row outlives its file.

    Killed in between, or where the system or a busy database refuses, the sweep does it.
    """
    _listen(session)
    session.info[_DONE].append(then)


def _listen(session: Session) -> None:
    if _UNDO not in session.info:
        session.info[_UNDO], session.info[_DONE] = [], []
        event.listen(session, "after_commit", _done)
        event.listen(session, "after_soft_rollback", _undo)


def _done(session: Session) -> None:
    if session.in_nested_transaction():
        return  # only a part of the transaction is kept; the whole may still be rolled back
    session.info[_UNDO].clear()
    while session.info[_DONE]:
        with suppress(OSError, sa.exc.OperationalError):
            session.info[_DONE].pop()()


def _undo(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is not None:
        return  # only a part of the transaction was rolled back
    session.info[_DONE].clear()
    while session.info[_UNDO]:
        session.info[_UNDO].pop()()


def whole() -> sa.Select[Recording]:
    """Return a query for recordings with all that lists and access read from them."""
    return sa.select(Recording).options(
        joinedload(Recording.class_group).joinedload(ClassGroup.school),
        joinedload(Recording.educator),
        joinedload(Recording.observer),
        selectinload(Recording.files),
        selectinload(Recording.assignments),
    )
