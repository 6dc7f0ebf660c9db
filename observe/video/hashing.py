"""The hash of a file's content, which is its name in the store."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from observe.errors import ObserveError
from observe.text import message
from observe.video.kept import Form

CHUNK_BYTES: Final = 4 * 1024**2


class DamagedError(ObserveError):
    """The content of a kept file is not what its name says."""


class Hashing(io.RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        chunk = self._file.read(size)
        self._digest.update(chunk)
        return chunk

    @property
    def sha256(self) -> str:
        """The hash of what was read."""
        return self._digest.hexdigest()


def require(read: Hashing, sha256: str) -> None:
    """Return when what was read has this hash.

    Raises:
        DamagedError: it has another.
    """
    if read.sha256 != sha256:
        raise DamagedError(
            message(
                "The file %(name)s… is damaged, so it stays as it is. Run: observe doctor --files",
                name=sha256[:12],
            )
        )


def sha256_of(file: Path | Form, tell: Callable[[int], None] | None = None) -> str:
    """Return the sha256 of a file's content, calling `tell` with the bytes read so far."""
    read = 0
    with file.open("rb") if isinstance(file, Path) else file.open() as content:
        hashing = Hashing(content)
        while chunk := hashing.read(CHUNK_BYTES):
            read += len(chunk)
            if tell is not None:
                tell(read)
    return hashing.sha256
