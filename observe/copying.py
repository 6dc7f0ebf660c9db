"""Plain copies of a whole home while they are made, and what a kill leaves of them.

A backup copies the database, and restoring unpacks all of it; what is deleted in the home later
must not live on there because a process was killed. So each copy lies in a folder of its own in the
home, which its process holds locked for as long as it lives, however it ends: what nobody holds was
left, and goes.

    .copying-<id>/lock      held while it is made
    .copying-<id>/home/     the copy
    .copying-<id>/beside    or: where the unfinished file lies that is made in another place
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from observe.ids import new_id

PREFIX: Final = ".copying-"
_LOCK: Final = "lock"
_COPY: Final = "home"
_BESIDE: Final = "beside"
_YOUNG_S: Final = 60
_LETTERS: Final = 12  # of the folder's id, by which the file beside is known to be ours


@dataclass(frozen=True)
class Left:
    """What a killed process left: its folder, and the unfinished file elsewhere, if it made one."""

    folder: Path
    file: Path | None

    @property
    def copy(self) -> Path:
        """Where what was copied lies."""
        return self.folder / _COPY

    @property
    def is_away(self) -> bool:
        """Whether the file elsewhere is on a drive or in a folder that is not there now."""
        return self.file is not None and not self.file.parent.is_dir()


@contextmanager
def folder_in(home: Path) -> Iterator[Path]:
    """Give an empty folder in the home that only its owner reads; it goes at the end."""
    with _held(home) as folder:
        copy = folder / _COPY
        copy.mkdir(mode=0o700)
        yield copy


@contextmanager
def file_beside(home: Path, file: Path) -> Iterator[Path]:
    """Give an empty file beside `file` that only its owner reads, to be put in its place.

    What is still there at the end goes; after a kill, the note in the home tells where it lies.

    Raises:
        OSError: it cannot be made there.
    """
    with _held(home) as folder:
        beside = file.absolute().with_name(f".{file.name}{_ending(folder)}")
        (folder / _BESIDE).write_bytes(os.fsencode(beside))
        beside.touch(mode=0o600, exist_ok=False)
        yield beside


def left(home: Path) -> list[Left]:
    """Return what killed processes left, the oldest first."""
    return [
        Left(folder, _file_of(folder))
        for folder in sorted(home.glob(f"{PREFIX}*"))
        if folder.is_dir() and not folder.is_symlink() and not _is_held(folder)
    ]


def clear_left(home: Path) -> None:
    """Remove it; the note of an unfinished file stays while that is on a drive that is away."""
    for each in left(home):
        _clear(each)


@contextmanager
def _held(home: Path) -> Iterator[Path]:
    folder = home / f"{PREFIX}{new_id().hex}"
    folder.mkdir(mode=0o700)
    try:
        with FileLock(folder / _LOCK, mode=0o600):
            yield folder
    finally:
        _clear(Left(folder, _file_of(folder)))


def _clear(each: Left) -> None:
    """Remove it all; what cannot go now is left, and so is the note that tells where it lies."""
    shutil.rmtree(each.copy, ignore_errors=True)
    if each.file is None or _is_removed(each.file):
        shutil.rmtree(each.folder, ignore_errors=True)


def _is_removed(file: Path) -> bool:
    if not file.parent.is_dir():
        return False
    with suppress(OSError):
        file.unlink(missing_ok=True)
        return True
    return False


def _is_held(folder: Path) -> bool:
    lock = FileLock(folder / _LOCK, mode=0o600)
    try:
        if not (folder / _LOCK).exists() and time.time() - folder.stat().st_mtime < _YOUNG_S:
            return True  # made just now, and about to be
        lock.acquire(timeout=0)
    except (Timeout, OSError):  # or it went just now
        return True
    lock.release()
    return False


def _file_of(folder: Path) -> Path | None:
    """Return the unfinished file that the note tells of; any other is not ours to remove."""
    try:
        told = Path(os.fsdecode((folder / _BESIDE).read_bytes()))
    except (OSError, ValueError):
        return None
    return told if told.name.endswith(_ending(folder)) else None


def _ending(folder: Path) -> str:
    return f".{folder.name[-_LETTERS:]}.part"
