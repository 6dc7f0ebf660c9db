"""What the store asks of a disk: a file's blocks shared, its bytes and its name safe on it."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

_FICLONE: Final = 0x40049409  # Linux: share the blocks of another file
_NO_LINKS: Final = frozenset(
    {
        errno.EXDEV,
        errno.EPERM,
        errno.EACCES,
        errno.ENOTSUP,
        errno.EMLINK,
        errno.ENOSYS,
        errno.EINVAL,  # Windows on exFAT
    }
)


def cloned(source: Path, target: Path) -> bool:
    """Make `target` a file of its own that shares its blocks; tell whether that was possible."""
    if sys.platform == "linux":
        return _cloned_on_linux(source, target)
    elif sys.platform == "darwin":  # noqa: RET505  # the type checker reads these per system
        return _cloned_on_macos(source, target)
    else:
        return False


def _cloned_on_macos(source: Path, target: Path) -> bool:
    clonefile = ctypes.CDLL(None).clonefile
    if clonefile(os.fsencode(source), os.fsencode(target), ctypes.c_uint32(0)) != 0:
        return False
    with target.open("rb") as kept:
        sync(kept.fileno())
    return True


def _cloned_on_linux(source: Path, target: Path) -> bool:
    import fcntl  # not on Windows

    with source.open("rb") as given, target.open("xb") as kept:
        try:
            fcntl.ioctl(kept.fileno(), _FICLONE, given.fileno())
        except OSError:
            target.unlink()
            return False
        sync(kept.fileno())
        return True


def replace(source: Path, target: Path) -> None:
    """Give `source`, which is on disk, the name `target` in place of what has it, or not at all."""
    _make_folder(target.parent)
    source.replace(target)
    sync_folder(target.parent)


def place(source: Path, target: Path) -> None:
    """Give `source` the name `target` for good, at once or not at all; what has it stays."""
    _make_folder(target.parent)
    with source.open("rb") as file:
        sync(file.fileno())
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        source.replace(target)
    sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def flushed(file: BinaryIO) -> None:
    """Wait until what was written to this file is on disk."""
    file.flush()
    sync(file.fileno())


def sync(descriptor: int) -> None:
    """Wait until the file is on disk; macOS needs to be told that the drive's cache counts too."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    elif os.name == "nt":
        with suppress(OSError):  # refused on handles that only read
            os.fsync(descriptor)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on disk (Windows does so by itself)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
