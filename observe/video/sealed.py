"""How a sealed film lies on disk: pieces that are opened one by one, and never in another order.

    label (5) · key id (8) · salt (32) · plain size (8)     the head, readable without a key
    piece · tag (16), piece · tag, …                        256 KiB each, the last one shorter

Each file has a key of its own (`vault.own_key`), bound to the sha256 that names it: what is put
under another name does not open. The nonce of a piece is its number and whether it is the last one
(STREAM of Hoang, Reyhanitabar, Rogaway and Vizár, 2015), and each is sealed together with the head:
a piece that is changed, dropped, repeated or moved is noticed when it is read, and a file that was
cut short or made longer already when it is opened. A file without content is one empty piece.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from observe.vault import DAMAGED, ID_BYTES, NONCE_BYTES, SALT_BYTES, OwnKey, UnsealError

LABEL: Final = b"obsf1"
PIECE_BYTES: Final = 256 * 1024
TAG_BYTES: Final = 16
_SIZE_BYTES: Final = 8
_TICK_PIECES: Final = 16  # 4 MiB
Tick = Callable[[], None]  # called while a large file is written; what it raises ends that
HEAD_BYTES: Final = len(LABEL) + ID_BYTES + SALT_BYTES + _SIZE_BYTES


@dataclass(frozen=True)
class Head:
    """What a sealed file says of itself: which key it needs, and how long it is when opened."""

    key_id: bytes
    salt: bytes
    size_bytes: int

    def __bytes__(self) -> bytes:
        return LABEL + self.key_id + self.salt + self.size_bytes.to_bytes(_SIZE_BYTES, "big")

    @classmethod
    def of(cls, file: BinaryIO) -> Self:
        """Read the head of a file that is opened at its beginning; leave the file anywhere.

        Raises:
            UnsealError: it is no sealed file, or it was cut short or made longer.
        """
        read = file.read(HEAD_BYTES)
        if len(read) != HEAD_BYTES or not read.startswith(LABEL):
            raise UnsealError(DAMAGED)
        key_id, salt = read[len(LABEL) : -SALT_BYTES - _SIZE_BYTES], read[-SALT_BYTES - 8 : -8]
        head = cls(key_id, salt, int.from_bytes(read[-_SIZE_BYTES:], "big"))
        if file.seek(0, io.SEEK_END) != head.sealed_bytes:
            raise UnsealError(DAMAGED)
        return head

    @property
    def pieces(self) -> int:
        """How many pieces there are."""
        return max(1, -(-self.size_bytes // PIECE_BYTES))

    @property
    def sealed_bytes(self) -> int:
        """How long the sealed file is."""
        return HEAD_BYTES + self.size_bytes + self.pieces * TAG_BYTES

    def nonce(self, number: int) -> bytes:
        """Return the nonce of a piece: it serves once, for the key serves this file only."""
        is_last = number == self.pieces - 1
        return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([is_last])


class Readable(Protocol):
    """What is read from its beginning to its end."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""


def write(
    plain: Readable, size_bytes: int, target: BinaryIO, own: OwnKey, tick: Tick | None = None
) -> None:
    """Write the `size_bytes` of `plain` sealed to `target`; `tick` is called now and then.

    Raises:
        ValueError: there is less or more to be read.
    """
    head = Head(own.key_id, own.salt, size_bytes)
    told, cipher = bytes(head), AESGCM(own.key)
    target.write(told)
    left = size_bytes
    for number in range(head.pieces):
        if tick is not None and number % _TICK_PIECES == 0:
            tick()
        piece = plain.read(min(left, PIECE_BYTES))
        if len(piece) != min(left, PIECE_BYTES):
            break
        target.write(cipher.encrypt(head.nonce(number), piece, told))
        left -= len(piece)
    if left or plain.read(1):
        raise ValueError("the file changed while it was sealed")


class Opened(io.RawIOBase):
    """The plain content of a sealed file, read piece by piece and from any place.

    Raises:
        UnsealError: it is no sealed file, is damaged, or was sealed for another name; some of it
            is noticed only when that piece is read.
    """

    def __init__(self, file: BinaryIO, key_of: Callable[[Head], bytes]) -> None:
        self._file = file
        self._head = Head.of(file)
        self._told = bytes(self._head)
        self._cipher = AESGCM(key_of(self._head))
        self._at = 0

    def readable(self) -> bool:
        """Tell that it is read."""
        return True

    def seekable(self) -> bool:
        """Tell that it is read from any place."""
        return True

    def tell(self) -> int:
        """Return where it is read on."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Read on from there."""
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._head.size_bytes}
        if (at := bases[whence] + offset) < 0:
            raise ValueError("a place before the beginning")
        self._at = at
        return at

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `into` as far as one piece goes; 0 at the end."""
        number, skipped = divmod(self._at, PIECE_BYTES)
        if number >= self._head.pieces:
            return 0
        found = self._piece(number)[skipped : skipped + len(into)]
        into[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _piece(self, number: int) -> bytes:
        self._file.seek(HEAD_BYTES + number * (PIECE_BYTES + TAG_BYTES))
        read = self._file.read(PIECE_BYTES + TAG_BYTES)
        try:
            return self._cipher.decrypt(self._head.nonce(number), read, self._told)
        except InvalidTag as error:
            raise UnsealError(DAMAGED) from error

    def close(self) -> None:
        """Close the sealed file too."""
        self._file.close()
        super().close()


def opened(file: BinaryIO, key_of: Callable[[Head], bytes]) -> BinaryIO:
    """Return the plain content of `file`, which goes with it; `file` is closed where it fails.

    Raises:
        UnsealError: as `Opened`. KeyMissingError: by `key_of`.
    """
    try:
        return io.BufferedReader(Opened(file, key_of), PIECE_BYTES)
    except BaseException:
        file.close()
        raise
