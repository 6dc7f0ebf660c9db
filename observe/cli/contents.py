"""Reading every file of the store again: is its content still what its name says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from rich.progress import Progress, TaskID
from sqlalchemy.orm import Session

from observe.cli.progress import bar_for
from observe.cli.shell import Shell
from observe.privacy.models import ConsentPaper
from observe.text import Message, message
from observe.vault import KeyMissingError, UnsealError
from observe.video.hashing import sha256_of
from observe.video.models import DerivedFile, Recording, RecordingPart
from observe.video.store import SEALED, Store, StoredFile


@dataclass(frozen=True)
class Contents:
    """How many files were read, and a sentence for each that is damaged or cannot be opened."""

    read: int
    damaged: tuple[Message, ...]
    locked: tuple[Message, ...] = ()


def read_all(shell: Shell, session: Session) -> Contents:
    """Read every file of the store, with a bar on a terminal, and compare it with its name."""
    files, done = list(shell.store.blobs()), 0
    damaged: list[Message] = []
    locked: dict[str, Message] = {}
    closed = 0
    with bar_for(shell) as bar:
        said = shell.spoken(message("Reading every file"))
        task = bar.add_task(said, total=sum(file.size_bytes for file in files))
        for file in files:
            tell = partial(_tell, bar, task, done)
            try:
                if not _is_whole(shell.store, file, tell):
                    damaged.append(_told(session, shell.store, file))
            except KeyMissingError as error:
                locked[str(error)] = error.message
                closed += 1
            done += file.size_bytes
    return Contents(len(files) - closed, tuple(damaged), tuple(locked.values()))


def _tell(bar: Progress, task: TaskID, before: int, read: int) -> None:
    bar.update(task, completed=before + read)


def _is_whole(store: Store, file: StoredFile, tell: Callable[[int], None]) -> bool:
    try:
        return sha256_of(store.form(file), tell) == file.name
    except FileNotFoundError:
        return True  # gone meanwhile: whether it should be there is another check
    except (OSError, ValueError, UnsealError):
        return False  # a disk that is dying, or a name that the store does not give


def _told(session: Session, store: Store, file: StoredFile) -> Message:
    name = file.name
    path = str(store.root / "blobs" / name[:2] / (name + SEALED if file.is_sealed else name))
    whole = sa.select(Recording.id).where(Recording.sha256 == name)
    part = sa.select(RecordingPart.recording_id).where(RecordingPart.sha256 == name)
    recording_id = session.scalar(whole.union_all(part).limit(1))
    if recording_id is not None:
        return message(
            "The video of recording %(id)s is damaged: %(path)s. Put that file back from a backup.",
            id=recording_id,
            path=path,
        )
    made = sa.select(DerivedFile).where(DerivedFile.sha256 == name).limit(1)
    row = session.scalars(made).first()
    if row is not None:
        return message(
            "A file made from recording %(id)s is damaged (%(kind)s): %(path)s. "
            "Put that file back from a backup.",
            id=row.recording_id,
            kind=row.kind.value,
            path=path,
        )
    if session.scalar(sa.select(ConsentPaper.id).where(ConsentPaper.sha256 == name).limit(1)):
        return message(
            "The scan of a signed consent is damaged: %(path)s. Put that file back from a backup.",
            path=path,
        )
    return message("The file %(path)s is damaged and belongs to nothing. Delete it.", path=path)
