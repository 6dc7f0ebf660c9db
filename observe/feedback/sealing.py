"""Sealing what is carried on a pen drive with a passphrase: whoever finds it reads nothing. Pure.

AES-256-GCM, its key drawn from the passphrase by PBKDF2-SHA256. A browser opens it with what it
has by itself (Web Crypto); nobody else can, and a lost passphrase is lost.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from observe.errors import BadInputError
from observe.text import message
from observe.vault import encrypt, new_nonce

ITERATIONS: Final = 600_000  # OWASP's figure for PBKDF2-SHA256 since 2023
SHORTEST: Final = 12  # letters: a file can be tried for years by who has it
LONGEST: Final = 200
LABEL: Final = b"observe take-away 1"  # what is sealed is for this and nothing else


@dataclass(frozen=True)
class Sealed:
    """What was sealed, and what else but the passphrase is needed to open it."""

    salt: bytes
    nonce: bytes
    iterations: int
    content: bytes  # with the tag by which a wrong passphrase is known, at its end


@dataclass(frozen=True)
class Part:
    """One of the files sealed together."""

    media_type: str
    content: bytes


def seal(plain: bytes, passphrase: str) -> Sealed:
    """Return `plain` sealed anew: the same twice is never the same bytes.

    Raises:
        BadInputError: the passphrase is too short or too long.
    """
    typed = checked(passphrase)
    salt, nonce = os.urandom(16), new_nonce()
    key = hashlib.pbkdf2_hmac("sha256", typed.encode(), salt, ITERATIONS, 32)
    return Sealed(salt, nonce, ITERATIONS, encrypt(key, nonce, plain, LABEL))


def checked(passphrase: str) -> str:
    r"""Return the passphrase as it is used: however a keyboard composes accents, without ends.

    Raises:
        BadInputError: it is too short or too long.

    >>> checked("  Camión azul 1957 ") == checked("Camio\N{COMBINING ACUTE ACCENT}n azul 1957")
    True
    """
    typed = unicodedata.normalize("NFKC", passphrase).strip()
    if len(typed) < SHORTEST:
        raise BadInputError(
            message(
                "The passphrase needs at least %(count)s letters. Four words that do not belong "
                "together are easy to remember.",
                count=SHORTEST,
            ),
            field="passphrase",
        )
    if len(typed) > LONGEST:
        raise BadInputError(
            message("Use at most %(limit)s characters.", limit=LONGEST), field="passphrase"
        )
    return typed


def packed(parts: Mapping[str, Part]) -> bytes:
    r"""Return the parts as one: the length of a list in four bytes, the list, then each part.

    >>> packed({"a": Part("text/plain", b"x")})
    b'\x00\x00\x000[{"name": "a", "type": "text/plain", "size": 1}]x'
    """
    listed = [
        {"name": name, "type": part.media_type, "size": len(part.content)}
        for name, part in parts.items()
    ]
    told = json.dumps(listed).encode()
    return b"".join(
        [struct.pack(">I", len(told)), told, *(each.content for each in parts.values())]
    )
