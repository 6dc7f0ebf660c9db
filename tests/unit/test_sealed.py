"""How a sealed film lies on disk: what it gives back, and what it notices."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.vault import KeyMissingError, UnsealError, Vault
from observe.video import sealed
from observe.video.sealed import HEAD_BYTES, PIECE_BYTES, TAG_BYTES, Head, opened

NAME: Final = "film a"
BORDERS: Final = [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 700_001]
LONG: Final = os.urandom(3 * PIECE_BYTES + 17)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """A vault whose key lies outside the home."""
    folder = tmp_path_factory.mktemp("vault")
    return Vault(folder / "vault.key", folder / "vault-key-id")


@pytest.fixture(scope="module")
def kept(vault: Vault) -> bytes:
    """A film of four pieces, sealed."""
    return _sealed(vault, LONG)


def _sealed(vault: Vault, plain: bytes, name: str = NAME) -> bytes:
    made = io.BytesIO()
    sealed.write(io.BytesIO(plain), len(plain), made, vault.own_key(name))
    return made.getvalue()


def _read(vault: Vault, kept: bytes, name: str = NAME) -> bytes:
    def key_of(head: Head) -> bytes:
        return vault.own_key_again(name, head.key_id, head.salt)

    with opened(io.BytesIO(kept), key_of) as file:
        return file.read()


@pytest.mark.parametrize("size", BORDERS)
def test_what_was_sealed_comes_back(vault: Vault, size: int) -> None:
    plain = os.urandom(size)
    kept = _sealed(vault, plain)
    assert _read(vault, kept) == plain
    assert len(kept) == Head.of(io.BytesIO(kept)).sealed_bytes


def test_no_plain_piece_is_left_in_it(vault: Vault) -> None:
    plain = b"a face of a child " * 20_000
    assert b"a face of a child" not in _sealed(vault, plain)


def test_the_same_twice_shares_nothing(vault: Vault) -> None:
    first, second = _sealed(vault, LONG), _sealed(vault, LONG)
    assert first[HEAD_BYTES:] != second[HEAD_BYTES:]


@given(start=st.integers(0, len(LONG) + 9), length=st.integers(0, 2 * PIECE_BYTES))
def test_any_range_is_what_lies_there(vault: Vault, kept: bytes, start: int, length: int) -> None:
    def key_of(head: Head) -> bytes:
        return vault.own_key_again(NAME, head.key_id, head.salt)

    with opened(io.BytesIO(kept), key_of) as file:
        file.seek(start)
        assert file.read(length) == LONG[start : start + length]
        assert file.seek(0, io.SEEK_END) == len(LONG)


@given(place=st.integers(0), change=st.integers(1, 255))
def test_a_changed_byte_is_noticed(vault: Vault, kept: bytes, place: int, change: int) -> None:
    changed = bytearray(kept)
    changed[place % len(kept)] ^= change
    with pytest.raises((UnsealError, KeyMissingError)):  # of another key: the id was changed
        _read(vault, bytes(changed))


@given(length=st.integers(0, len(LONG)))
def test_a_file_cut_short_is_not_opened(vault: Vault, kept: bytes, length: int) -> None:
    with pytest.raises(UnsealError):
        _read(vault, kept[:length])


def test_neither_is_one_that_grew(vault: Vault, kept: bytes) -> None:
    with pytest.raises(UnsealError):
        _read(vault, kept + b"\0")


def test_pieces_that_changed_places_are_noticed(vault: Vault, kept: bytes) -> None:
    head, pieces = _taken_apart(kept)
    pieces[0], pieces[1] = pieces[1], pieces[0]
    with pytest.raises(UnsealError):
        _read(vault, head + b"".join(pieces))


def test_a_piece_that_was_dropped_with_a_head_made_to_fit_is_noticed(
    vault: Vault, kept: bytes
) -> None:
    head, pieces = _taken_apart(kept)
    shorter = (len(LONG) - PIECE_BYTES).to_bytes(8, "big")
    with pytest.raises(UnsealError):
        _read(vault, head[:-8] + shorter + b"".join(pieces[1:]))


def test_a_piece_of_another_film_is_noticed(vault: Vault, kept: bytes) -> None:
    head, pieces = _taken_apart(kept)
    _head, others = _taken_apart(_sealed(vault, LONG))
    with pytest.raises(UnsealError):
        _read(vault, head + others[0] + b"".join(pieces[1:]))


def test_under_another_name_it_does_not_open(vault: Vault, kept: bytes) -> None:
    with pytest.raises(UnsealError):
        _read(vault, kept, "film b")


def test_with_a_foreign_key_it_says_so(tmp_path: Path, vault: Vault, kept: bytes) -> None:
    other = Vault(tmp_path / "vault.key", tmp_path / "note")
    other.own_key(NAME)
    with pytest.raises(KeyMissingError, match="another home"):
        _read(other, kept)
    other.key_file.unlink()
    with pytest.raises(KeyMissingError, match="missing"):
        _read(other, kept)


@pytest.mark.parametrize("there", [0, PIECE_BYTES, PIECE_BYTES + 6])
def test_a_file_of_another_length_than_told_is_not_sealed(vault: Vault, there: int) -> None:
    with pytest.raises(ValueError, match="changed"):
        sealed.write(io.BytesIO(bytes(there)), PIECE_BYTES + 5, io.BytesIO(), vault.own_key(NAME))


def _taken_apart(kept: bytes) -> tuple[bytes, list[bytes]]:
    whole, step = kept[HEAD_BYTES:], PIECE_BYTES + TAG_BYTES
    return kept[:HEAD_BYTES], [whole[at : at + step] for at in range(0, len(whole), step)]
