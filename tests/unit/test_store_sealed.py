"""The store of a home that seals: nothing plain stays, nothing is lost, and both forms are read."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final

import pytest

from observe.jobs import CancelledError
from observe.settings import Settings
from observe.vault import KeyMissingError, UnsealError
from observe.video import disk
from observe.video.desk import Desk
from observe.video.hashing import DamagedError, sha256_of
from observe.video.kept import KeptFile, Sealing
from observe.video.sealed import HEAD_BYTES, PIECE_BYTES
from observe.video.store import Store, open_store

FILM: Final = os.urandom(PIECE_BYTES + 1_000)
NAME: Final = hashlib.sha256(FILM).hexdigest()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that seals its films."""
    (tmp_path / "home").mkdir()
    return Settings(
        home=tmp_path / "home", key_file=tmp_path / "keys" / "vault.key", seal_films=True
    )


@pytest.fixture
def own(settings: Settings) -> Store:
    """The files of a home that seals."""
    return open_store(settings)


@pytest.fixture
def plain(settings: Settings) -> Store:
    """The same files, while the setting is off."""
    return Store(settings.store_path, open_store(settings).vault)


def put(store: Store, content: bytes = FILM) -> str:
    made = store.temporary(".mp4")
    made.write_bytes(content)
    return store.put(made).sha256


def lies_plain(store: Store, content: bytes = FILM) -> list[str]:
    """Return the files in which a part of the content can be read."""
    part = content[100:164]
    found = (path for path in store.root.parent.rglob("*") if path.is_file())
    return [path.name for path in found if part in path.read_bytes()]


def test_what_is_put_lies_sealed_and_is_read_as_it_was(own: Store) -> None:
    assert put(own) == NAME
    kept = own.kept(NAME)
    assert lies_plain(own) == []
    assert kept.is_sealed and kept.exists()
    assert (kept.size(), kept.read_bytes(), sha256_of(kept)) == (len(FILM), FILM, NAME)
    assert [(file.name, file.is_sealed) for file in own.blobs()] == [(NAME, True)]
    assert put(own) == NAME, "once more is no second file"
    assert len(list(own.blobs())) == 1


def test_an_original_is_sealed_when_it_takes_its_place(own: Store, tmp_path: Path) -> None:
    (tmp_path / "clase.mp4").write_bytes(FILM)
    own.take(tmp_path / "clase.mp4", "a")
    own.adopt("a", NAME)
    assert own.arriving("a").read_bytes() == FILM, "until it is known to be safe"
    own.delete_incoming("a")
    assert own.kept(NAME).read_bytes() == FILM
    assert lies_plain(own) == []
    assert (tmp_path / "clase.mp4").read_bytes() == FILM


def test_an_original_that_is_not_what_was_hashed_is_not_sealed(own: Store) -> None:
    own.append("a", 0, FILM[:-1])
    with pytest.raises(DamagedError):
        own.adopt("a", NAME)
    assert not own.kept(NAME).exists()
    assert own.arriving("a").exists()
    assert list(own.leftovers()) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_where_it_takes_its_place_an_original_is_there(
    own: Store, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    whole = disk.replace

    def kill(source: Path, target: Path) -> None:
        if when == "after":
            whole(source, target)
        raise KeyboardInterrupt

    own.append("a", 0, FILM)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(disk, "replace", kill)
        own.adopt("a", NAME)
    assert own.arriving("a").read_bytes() == FILM
    assert own.kept(NAME).exists() == (when == "after")
    own.adopt("a", NAME)
    assert own.kept(NAME).read_bytes() == FILM


def test_both_forms_side_by_side_are_read_by_either_setting(own: Store, plain: Store) -> None:
    first = put(plain)
    second = put(own, b"another film")
    for store in (own, plain):
        assert store.kept(first).read_bytes() == FILM
        assert store.kept(second).read_bytes() == b"another film"
    assert not own.kept(first).is_sealed


def test_deleting_leaves_neither_form(own: Store, plain: Store) -> None:
    put(plain)
    own.lay_sealed(NAME, own.blob(NAME))
    assert [file.is_sealed for file in own.blobs()] == [False, True]
    own.delete_blob(NAME)
    assert list(own.blobs()) == []
    assert not own.kept(NAME).exists()


def test_a_form_goes_only_while_the_other_is_there(own: Store, plain: Store) -> None:
    put(plain)
    own.drop_plain(NAME)
    assert own.kept(NAME).read_bytes() == FILM
    own.lay_sealed(NAME, own.blob(NAME))
    own.drop_plain(NAME)
    own.drop_sealed(NAME)
    assert own.kept(NAME).is_sealed
    own.lay_plain(NAME)
    own.drop_sealed(NAME)
    assert own.blob(NAME).read_bytes() == FILM
    assert [file.is_sealed for file in own.blobs()] == [False]


def test_a_plain_film_that_is_damaged_is_not_sealed(own: Store, plain: Store) -> None:
    put(plain)
    own.blob(NAME).write_bytes(FILM[:-1] + bytes([FILM[-1] ^ 1]))
    with pytest.raises(DamagedError):
        own.lay_sealed(NAME, own.blob(NAME))
    assert [file.is_sealed for file in own.blobs()] == [False]


def test_one_that_was_cut_short_is_replaced(own: Store) -> None:
    put(own)
    path = own.sealing(NAME).path
    path.write_bytes(path.read_bytes()[:-1])
    assert own.kept(NAME).exists() and own.kept(NAME).size() is None
    with pytest.raises(UnsealError):
        own.kept(NAME).open()
    put(own)
    assert own.kept(NAME).read_bytes() == FILM


def test_a_part_is_read_without_the_rest(own: Store) -> None:
    """What lies behind is damaged: whoever read it would notice."""
    put(own)
    path = own.sealing(NAME).path
    content = bytearray(path.read_bytes())
    content[HEAD_BYTES + 5] ^= 1
    path.write_bytes(bytes(content))
    with own.kept(NAME).open() as file:
        file.seek(PIECE_BYTES + 10)
        assert file.read(500) == FILM[PIECE_BYTES + 10 : PIECE_BYTES + 510]
        file.seek(0)
        with pytest.raises(UnsealError):
            file.read(1)


def test_without_its_key_it_stays_and_says_so(own: Store, settings: Settings) -> None:
    put(own)
    key = settings.key_path.read_bytes()
    settings.key_path.unlink()
    kept = own.kept(NAME)
    assert (kept.exists(), kept.size()) == (True, len(FILM)), "for that no key is needed"
    with pytest.raises(KeyMissingError, match="missing"):
        kept.open()
    with pytest.raises(KeyMissingError):  # nor is another key made in its place
        put(own, b"the next film")
    settings.key_path.write_bytes(key)
    assert own.kept(NAME).read_bytes() == FILM


def test_a_home_that_seals_nothing_needs_no_key(settings: Settings, plain: Store) -> None:
    put(plain)
    assert plain.kept(NAME).read_bytes() == FILM
    assert not settings.key_path.exists()


def test_on_a_desk_it_lies_open_as_long_as_somebody_works(own: Store, plain: Store) -> None:
    put(own)
    with pytest.raises(KeyboardInterrupt), Desk(own) as desk:
        path = desk.path(own.kept(NAME))
        assert path.read_bytes() == FILM
        assert path.parent == own.root / "work"
        assert desk.path(own.kept(NAME)) == path, "once, for all who ask"
        raise KeyboardInterrupt
    assert lies_plain(own) == []
    assert list(own.leftovers()) == [file for file in own.leftovers() if "placing" in file.name]


def test_who_gives_up_leaves_nothing(own: Store) -> None:
    def cancel() -> None:
        raise CancelledError

    made = own.temporary()
    made.write_bytes(FILM)
    with pytest.raises(CancelledError):
        own.put(made, cancel)
    assert [file.name for file in own.leftovers()] == [made.name]
    own.settle(own.put(made).sha256)
    with pytest.raises(CancelledError), Desk(own, cancel) as desk:
        desk.path(own.kept(NAME))
    assert list(own.leftovers()) == []


def test_what_a_killed_desk_left_is_swept(own: Store) -> None:
    put(own)
    Desk(own).path(own.kept(NAME))
    assert lies_plain(own) != []
    own.clear_work()
    assert lies_plain(own) == []


def test_a_desk_reads_a_plain_film_where_it_lies(plain: Store) -> None:
    put(plain)
    with Desk(plain) as desk:
        assert desk.path(plain.kept(NAME)) == plain.blob(NAME)
    assert plain.blob(NAME).exists()


def test_one_that_is_unsealed_between_two_looks_is_found(
    own: Store, plain: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither form was there when it was looked for; at the second look it is."""
    put(own)
    kept, opened = own.kept(NAME), Sealing.open

    def unsealed_now(form: Sealing) -> BinaryIO:
        monkeypatch.setattr(Sealing, "open", opened)
        plain.lay_plain(NAME)
        plain.drop_sealed(NAME)
        return form.open()

    monkeypatch.setattr(Sealing, "open", unsealed_now)
    assert kept.read_bytes() == FILM
    assert kept.size() == len(FILM)


def test_what_is_not_there_is_told_as_ever(own: Store) -> None:
    kept: KeptFile = own.kept("0" * 64)
    assert (kept.exists(), kept.size(), kept.is_sealed) == (False, None, False)
    with pytest.raises(FileNotFoundError):
        kept.open()
