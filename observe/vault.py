"""Sealing what this home keeps to itself, with a key that lies elsewhere: a stolen folder is mute.

AES-256-GCM. The key is a file outside the data folder (setting `OBSERVE_KEY_FILE`), made when it is
first needed and readable by its owner only. Whoever loses it loses what was sealed with it: the
home remembers which key it needs, and never makes another one in its place.

    label (5) · key id (8) · nonce (12) · content, with the tag that proves it at its end

Large files are sealed in pieces, each file with a key of its own that is derived from this one
(`own_key`); how such a file looks is `video.sealed`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from observe.errors import ObserveError
from observe.settings import Settings, place_once
from observe.text import message

LABEL: Final = b"obsv1"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
ID_BYTES: Final = 8
SALT_BYTES: Final = 32
_KEY_ID: Final = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}", re.ASCII)
_HEAD: Final = len(LABEL) + ID_BYTES + NONCE_BYTES


class KeyMissingError(ObserveError):
    """The key is not where it should be, or it is another one."""


class UnsealError(ObserveError):
    """What was sealed is damaged, or was sealed for something else."""


def encrypt(key: bytes, nonce: bytes, plain: bytes, purpose: bytes) -> bytes:
    """Return `plain` so that only `key` opens it and only for `purpose`; a nonce serves once."""
    return AESGCM(key).encrypt(nonce, plain, purpose)


def new_nonce() -> bytes:
    """Return a nonce that nothing else has."""
    return os.urandom(NONCE_BYTES)


@dataclass(frozen=True)
class OwnKey:
    """A key that serves one file only, and what to write into it to have the key again."""

    key_id: bytes
    salt: bytes
    key: bytes


@dataclass(frozen=True)
class Vault:
    """What seals and opens for one home: its key's file, and where the home notes which key it is.

    `purpose` is bound into what is sealed: a scan cannot be passed off as another thing's.
    """

    key_file: Path
    note: Path

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return `plain` sealed anew: the same twice is never the same bytes.

        Raises:
            KeyMissingError: the key that this home needs is gone, or cannot be made.
        """
        key, nonce = self._key_or_new(), new_nonce()
        return LABEL + _id_of(key) + nonce + encrypt(key, nonce, plain, purpose.encode())

    def unseal(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed for `purpose`.

        Raises:
            KeyMissingError: the key is gone, or is not the one it was sealed with.
            UnsealError: it is damaged or was sealed for something else.
        """
        label, key_id = sealed[: len(LABEL)], sealed[len(LABEL) : len(LABEL) + ID_BYTES]
        if label != LABEL or len(sealed) < _HEAD:
            raise UnsealError(DAMAGED)
        key = self._known(key_id)
        nonce = sealed[_HEAD - NONCE_BYTES : _HEAD]
        try:
            return AESGCM(key).decrypt(nonce, sealed[_HEAD:], purpose.encode())
        except InvalidTag as error:
            raise UnsealError(DAMAGED) from error

    def own_key(self, purpose: str) -> OwnKey:
        """Return a key that nothing else has, to seal one file with for `purpose`.

        Raises:
            KeyMissingError: as `seal`.
        """
        key, salt = self._key_or_new(), os.urandom(SALT_BYTES)
        return OwnKey(_id_of(key), salt, _derived(key, salt, purpose))

    def own_key_again(self, purpose: str, key_id: bytes, salt: bytes) -> bytes:
        """Return the key that `own_key` gave; of another purpose or salt it opens nothing.

        Raises:
            KeyMissingError: the key is gone, or is not the one it was sealed with.
        """
        return _derived(self._known(key_id), salt, purpose)

    def _known(self, key_id: bytes) -> bytes:
        key = self._key()
        if _id_of(key) != key_id:
            raise self._other_key()
        return key

    def _key_or_new(self) -> bytes:
        """Return the key, made now when this home has sealed nothing yet."""
        if not self.key_file.exists() and not self.note.exists():
            self._make()
        key = self._key()
        if not self.note.exists():
            place_once(self.note, _id_of(key).hex())
        if self.note.read_text(encoding="ascii").strip() != _id_of(key).hex():
            raise self._other_key()
        return key

    def _make(self) -> None:
        try:
            self.key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
            place_once(self.key_file, made + "\n")
        except OSError as error:
            raise KeyMissingError(
                message(
                    "The key file %(file)s cannot be made. Name another one with OBSERVE_KEY_FILE, "
                    "outside the data folder.",
                    file=str(self.key_file),
                )
            ) from error

    def _key(self) -> bytes:
        try:
            key = base64.b64decode(self.key_file.read_text(encoding="ascii"), validate=False)
        except (OSError, UnicodeDecodeError, binascii.Error) as error:
            raise self._missing() from error
        if len(key) != KEY_BYTES:
            raise self._missing()
        return key

    def _missing(self) -> KeyMissingError:
        return KeyMissingError(
            message(
                "The key file %(file)s is missing or cannot be read, so what was sealed cannot be "
                "opened. Put its copy back there, or say where it is with OBSERVE_KEY_FILE.",
                file=str(self.key_file),
            )
        )

    def _other_key(self) -> KeyMissingError:
        return KeyMissingError(
            message(
                "The key file %(file)s belongs to another home. Put the one of this home back, or "
                "say where it is with OBSERVE_KEY_FILE.",
                file=str(self.key_file),
            )
        )


DAMAGED: Final = message("This file was sealed and is damaged: bring it back from a backup.")


def open_vault(settings: Settings) -> Vault:
    """Return the vault of this home; its key is read or made when something is sealed or opened.

    Raises:
        KeyMissingError: the key would lie in the data folder, where whoever takes the folder has
            both.
    """
    key_file = settings.key_path
    if key_file.resolve().is_relative_to(settings.home.resolve()):
        raise KeyMissingError(
            message(
                "The key file must not lie in the data folder: whoever takes the folder would have "
                "both. Name another one with OBSERVE_KEY_FILE."
            )
        )
    return Vault(key_file, _note_of(settings))


def needed_key(settings: Settings) -> str | None:
    """Return the id of the key that this home needs; None while nothing was sealed in it."""
    note = _note_of(settings)
    return note.read_text(encoding="ascii").strip() if note.exists() else None


def need_key(settings: Settings, key_id: str) -> None:
    """Note that a home just restored needs the key of this id: no other one is made for it."""
    if _KEY_ID.fullmatch(key_id):
        place_once(_note_of(settings), key_id)


def need_no_key(settings: Settings) -> None:
    """Take the note of `need_key` back: nothing was restored after all."""
    _note_of(settings).unlink(missing_ok=True)


def _note_of(settings: Settings) -> Path:
    return settings.home / "vault-key-id"


def _id_of(key: bytes) -> bytes:
    """Return by what a key is known without telling anything of it."""
    return hashlib.sha256(b"observe vault key id" + key).digest()[:ID_BYTES]


def _derived(key: bytes, salt: bytes, purpose: str) -> bytes:
    """Return a key for one purpose (HKDF-SHA256, RFC 5869); it tells nothing of the others."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=purpose.encode()).derive(key)
