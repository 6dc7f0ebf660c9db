"""What is sealed opens with its passphrase and with no other, and never looks the same."""

from __future__ import annotations

import doctest
import hashlib
import unicodedata

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from observe.errors import BadInputError
from observe.feedback import rounds, sealing
from observe.feedback.sealing import Sealed, seal

PASSPHRASE = "camión azul mesa luna"


def unsealed(sealed: Sealed, passphrase: str) -> bytes:
    """Open what was sealed as the page does, from nothing but what lies in the file."""
    typed = unicodedata.normalize("NFKC", passphrase).strip().encode()
    key = hashlib.pbkdf2_hmac("sha256", typed, sealed.salt, sealed.iterations, 32)
    return AESGCM(key).decrypt(sealed.nonce, sealed.content, b"observe take-away 1")


@pytest.mark.parametrize("module", [sealing, rounds])
def test_the_examples_in_the_text_are_true(module: object) -> None:
    ran = doctest.testmod(module)  # type: ignore[arg-type]
    assert (ran.failed, ran.attempted > 0) == (0, True)


def test_its_passphrase_opens_it_however_it_was_typed() -> None:
    sealed = seal(b"una clase", PASSPHRASE)
    assert sealed.iterations >= 600_000
    for typed in (PASSPHRASE, unicodedata.normalize("NFD", PASSPHRASE), f" {PASSPHRASE}\n"):
        assert unsealed(sealed, typed) == b"una clase"


@pytest.mark.parametrize("typed", ["camion azul mesa luna", "Camión azul mesa luna", "", "x" * 20])
def test_another_opens_nothing(typed: str) -> None:
    with pytest.raises(InvalidTag):
        unsealed(seal(b"una clase", PASSPHRASE), typed)


def test_what_was_changed_on_the_way_does_not_open() -> None:
    sealed = seal(b"una clase", PASSPHRASE)
    changed = bytes([sealed.content[0] ^ 1]) + sealed.content[1:]
    with pytest.raises(InvalidTag):
        unsealed(Sealed(sealed.salt, sealed.nonce, sealed.iterations, changed), PASSPHRASE)


def test_the_same_is_never_sealed_twice_alike() -> None:
    first, second = (seal(b"una clase", PASSPHRASE) for _ in range(2))
    assert first.salt != second.salt
    assert first.nonce != second.nonce
    assert first.content != second.content


@pytest.mark.parametrize("typed", ["", "corta", " once letras ", "x" * 201])
def test_a_passphrase_that_is_too_short_or_too_long_is_refused(typed: str) -> None:
    with pytest.raises(BadInputError):
        seal(b"una clase", typed)
