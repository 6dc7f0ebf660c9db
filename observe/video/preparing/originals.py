"""Keeping what people gave: each file is hashed and takes its lasting place in the store."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.errors import NotFoundError
from observe.people import audit
from observe.text import message
from observe.video import derived
from observe.video.derived import Given
from observe.video.hashing import sha256_of
from observe.video.models import Recording, RecordingPart
from observe.video.preparing.borrowing import bring_in
from observe.video.preparing.preparation import Preparation, Progress


def keep_originals(task: Preparation) -> str | None:
    """Hash every file of the lesson and give it its lasting place; return the first one's sha256.

    Raises:
        NotFoundError: the recording or a file was removed meanwhile.
    """
    given = task.given()
    progress = task.progress("hash", sum(each.size_bytes for each in given))
    kept, done = [], 0
    for each in given:
        kept.append(_keep(task, each, progress, done))
        done += each.size_bytes
    return kept[0]


def _keep(task: Preparation, given: Given, progress: Progress, done: int) -> str | None:
    name = given.incoming
    if name is None:
        return given.sha256
    # The row knows both names before the file gets the second one, and until it has lost the first:
    # whoever is killed in between finds the file under one of them and finishes this.
    sha256 = given.sha256 or _hashed(task, given, name, progress, done)
    _adopt(task, name, sha256)
    task.store.delete_incoming(name)
    with task.work.database.write() as session:
        _row(session, given).incoming = None
    return sha256


def _adopt(task: Preparation, name: str, sha256: str) -> None:
    """Give the file its lasting place, unless it was deleted meanwhile: sealing it takes minutes.

    Killed in here, the sweep asks whether it was.
    """
    task.store.doom(sha256)
    try:
        task.store.adopt(name, sha256, task.work.check_cancelled)
    except FileNotFoundError as error:
        raise _gone() from error
    finally:
        with task.work.database.write() as session:
            derived.forget_blob(session, task.store, sha256)
            task.store.settle(sha256)


def _hashed(task: Preparation, given: Given, name: str, progress: Progress, done: int) -> str:
    bring_in(task.store, [name])
    path = task.store.incoming(name)
    if not path.exists():
        raise _gone()
    sha256 = sha256_of(path, lambda read: progress.tell(done + read))
    with task.work.database.write() as session:
        row = _row(session, given)
        if row.incoming is None:  # deleted while it was read
            raise _gone()
        row.sha256 = sha256
        part = {} if isinstance(given, Recording) else {"position": given.position}
        audit.record(
            session,
            "recording.kept",
            actor_id=None,
            thing_kind="recording",
            thing_id=task.recording_id,
            sha256=sha256,
            **part,
        )
    return sha256


def _row(session: Session, given: Given) -> Given:
    row: Given | None
    if isinstance(given, Recording):
        row = session.get(Recording, given.id)
    else:
        row = session.get(RecordingPart, given.id)
    if row is None:
        raise _gone()
    return row


def _gone() -> NotFoundError:
    return NotFoundError(message("The file of this video is gone. Add the video again."))
