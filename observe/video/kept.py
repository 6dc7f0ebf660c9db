"""A file of the store as its readers see it: plain bytes, whether it lies there plain or sealed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from observe.vault import UnsealError, Vault
from observe.video import sealed
from observe.video.sealed import Head

_TRIES: Final = 3  # it may be sealed or unsealed between two looks, and once more


@dataclass(frozen=True)
class Sealing:
    """Where the sealed form of a file lies or would lie, and what opens it.

    The vault is asked for when it is needed: a home that seals nothing needs no key.
    """

    path: Path
    purpose: str
    vault: Callable[[], Vault]

    def key(self, head: Head) -> bytes:
        """Return the key of a file with this head.

        Raises:
            KeyMissingError: the key is gone or another one, or lies in the data folder.
        """
        return self.vault().own_key_again(self.purpose, head.key_id, head.salt)

    def open(self) -> BinaryIO:
        """Return its content to be read; raises as `KeptFile.open`."""
        return sealed.opened(self.path.open("rb"), self.key)

    def size(self) -> int:
        """Return how long its content is; 0 when it is not there. Raises as `head`."""
        head = self.head()
        return head.size_bytes if head is not None else 0

    def head(self) -> Head | None:
        """Return what it says of itself, without the key; None when it is not there.

        Raises:
            UnsealError: it is damaged.
        """
        try:
            with self.path.open("rb") as file:
                return Head.of(file)
        except FileNotFoundError:
            return None


@dataclass(frozen=True)
class KeptFile:
    """A file of the store: `plain` is where it lies when it is not sealed.

    Without `sealing` it never is: what comes in is sealed when it takes its lasting place.
    """

    plain: Path
    sealing: Sealing | None = None

    @property
    def is_sealed(self) -> bool:
        """Whether it is there in its sealed form only."""
        return self.sealing is not None and not self.plain.exists() and self.sealing.path.exists()

    def exists(self) -> bool:
        """Tell whether it is there, in one form or the other."""
        return self.plain.exists() or (self.sealing is not None and self.sealing.path.exists())

    def size(self) -> int | None:
        """Return how long its content is, without the key; None when it is not there or broken."""
        for _look in range(_TRIES):
            try:
                return self.plain.stat().st_size
            except FileNotFoundError:
                pass
            try:
                head = self.sealing.head() if self.sealing is not None else None
            except UnsealError:
                return None
            if head is not None:
                return head.size_bytes
        return None

    def open(self) -> BinaryIO:
        """Return its content to be read, from any place of it.

        Raises:
            FileNotFoundError: it is not there.
            KeyMissingError: it is sealed, and the key is gone or another one.
            UnsealError: it is sealed and damaged; reading it may tell so later, too.
        """
        for _look in range(_TRIES - 1):
            try:
                return self.plain.open("rb")
            except FileNotFoundError:
                if self.sealing is None:
                    raise
            try:
                return self.sealing.open()
            except FileNotFoundError:
                pass
        return self.plain.open("rb")

    def read_bytes(self) -> bytes:
        """Return its whole content; raises as `open`."""
        with self.open() as file:
            return file.read()

    def read_text(self) -> str:
        """Return its whole content, which is UTF-8; raises as `open`."""
        with io.TextIOWrapper(self.open(), encoding="utf-8") as file:
            return file.read()


Form = KeptFile | Sealing  # one of the two in which a file is found
