"""The store: nothing leaves it, nothing half-written counts, the user's file stays as it was."""

import errno
import hashlib
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observe.errors import BadInputError, NotFoundError
from observe.ids import new_id
from observe.video import disk
from observe.video import store as store_module
from observe.video.store import Store

TRICKS = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "C:x",
    "x\0",
    "x\n",
    "~",
    "a..b",
    ".hidden",
    "-rf",
    "UPPER",
    "é",
    "x" * 65,
    "con:",
    "x.longsuffix1",
    "%2e%2e",
]


@pytest.fixture
def own(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def given_file(folder: Path, content: bytes = b"a lesson", name: str = "clase.mp4") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", TRICKS)
def test_no_name_leads_out_of_the_store(own: Store, name: str) -> None:
    for build in (own.incoming, own.blob, own.delete_incoming, own.delete_blob, own.settle):
        with pytest.raises(ValueError, match="not a"):
            build(name)


@pytest.mark.parametrize("suffix", ["/x", "/../x", "\\x", "..", ".a/b", "\0", ".", ".a.b"])
def test_no_suffix_leads_out_of_the_store(own: Store, suffix: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        own.temporary(suffix)


@settings(max_examples=200)
@given(name=st.text(max_size=80))
def test_any_name_stays_inside_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    own = Store(tmp_path_factory.getbasetemp() / "any-name")
    try:
        path = own.incoming(name)
    except ValueError:
        return
    assert path.parent == own.root / "incoming"
    assert path.resolve().parent == (own.root / "incoming").resolve()


def test_a_link_planted_in_the_store_is_not_followed(own: Store, tmp_path: Path) -> None:
    secret = given_file(tmp_path, b"secret", "secret")
    (own.root / "incoming" / "planted").symlink_to(secret)
    with pytest.raises(ValueError, match="leaves the store"):
        own.incoming("planted")
    digest = hashlib.sha256(b"x").hexdigest()
    (own.root / "blobs" / digest[:2]).symlink_to(tmp_path)
    with pytest.raises(ValueError, match="leaves the store"):
        own.blob(digest)


def test_only_its_own_temporary_files_can_be_put(own: Store, tmp_path: Path) -> None:
    outside = given_file(tmp_path, name="abc.mp4")
    with pytest.raises(ValueError, match="temporary"):
        own.put(outside)
    assert outside.exists()


def test_taking_a_file_leaves_the_original_as_it_was(own: Store, tmp_path: Path) -> None:
    original = given_file(tmp_path)
    before = original.stat()
    name = new_id().hex
    assert own.take(original, name) == 8
    own.adopt(name, hashlib.sha256(b"a lesson").hexdigest())
    own.delete_incoming(name)
    own.delete_blob(hashlib.sha256(b"a lesson").hexdigest())
    after = original.stat()
    assert original.read_bytes() == b"a lesson"
    assert (before.st_mtime_ns, before.st_mode, before.st_nlink) == (
        after.st_mtime_ns,
        after.st_mode,
        after.st_nlink,
    )


def test_what_the_user_writes_over_her_file_never_reaches_ours(own: Store, tmp_path: Path) -> None:
    original = given_file(tmp_path)
    own.take(original, name := new_id().hex)
    assert not own.incoming(name).samefile(original)
    digest = hashlib.sha256(b"a lesson").hexdigest()
    own.adopt(name, digest)
    with original.open("r+b") as camera:  # a camera that uses its names again
        camera.write(b"another!")
    assert own.incoming(name).read_bytes() == b"a lesson"
    assert own.blob(digest).read_bytes() == b"a lesson"


@pytest.fixture
def borrowing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that shares no blocks, on which every file counts as large."""
    monkeypatch.setattr(store_module, "cloned", lambda *_: False)
    monkeypatch.setattr(store_module, "BORROWED_ABOVE", 0)


@pytest.mark.usefixtures("borrowing")
def test_a_large_file_is_read_where_it_lies_until_it_is_copied(own: Store, tmp_path: Path) -> None:
    original, name = given_file(tmp_path), new_id().hex
    assert own.take(original, name) == 8
    assert own.to_read(name) == original
    assert not own.incoming(name).exists()
    assert own.is_borrowed(name)
    own.bring_in(name)
    assert not own.is_borrowed(name)
    assert own.to_read(name) == own.incoming(name)
    assert own.incoming(name).read_bytes() == b"a lesson"
    own.bring_in(name)  # done again after a kill, it changes nothing
    assert [file.name for file in own.incomings()] == [name]
    original.write_bytes(b"another!")
    assert own.to_read(name).read_bytes() == b"a lesson"


@pytest.mark.usefixtures("borrowing")
@pytest.mark.parametrize("becomes", [b"another!", b"longer than before", None])
def test_a_borrowed_file_that_changed_or_went_is_told_and_can_come_back(
    own: Store, tmp_path: Path, becomes: bytes | None
) -> None:
    original = given_file(tmp_path)
    before = original.stat()
    own.take(original, name := new_id().hex)
    original.unlink()
    if becomes is not None:
        original.write_bytes(becomes)
    with pytest.raises(NotFoundError, match="card or disk"):
        own.bring_in(name)
    assert own.to_read(name) == own.incoming(name), "another file is never shown for it"
    assert [file.name for file in own.incomings()] == [f"{name}.from"]
    original.write_bytes(b"a lesson")
    os.utime(original, ns=(before.st_atime_ns, before.st_mtime_ns))
    own.bring_in(name)
    assert own.incoming(name).read_bytes() == b"a lesson"


@pytest.mark.usefixtures("borrowing")
def test_letting_go_of_a_borrowed_file_leaves_it_to_its_owner(own: Store, tmp_path: Path) -> None:
    original = given_file(tmp_path)
    own.take(original, name := new_id().hex)
    own.delete_incoming(name)
    assert list(own.incomings()) == []
    assert original.read_bytes() == b"a lesson"


def test_a_file_whose_blocks_can_be_shared_needs_no_room(
    own: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = given_file(tmp_path)
    own.take(original, name := new_id().hex)
    if not disk.cloned(original, tmp_path / "clone"):
        monkeypatch.setattr(store_module, "cloned", lambda _source, made: made.write_bytes(b"x"))
    monkeypatch.setattr(Store, "free_bytes", lambda _self: 0)
    assert own.take(original, name) == 8
    monkeypatch.setattr(store_module, "cloned", lambda *_: False)
    with pytest.raises(BadInputError, match="disk space"):
        own.take(original, name)
    assert [file.name for file in own.incomings()] == [name]


@pytest.mark.parametrize("answer", [errno.EXDEV, errno.EINVAL], ids=["another disk", "exFAT"])
def test_a_file_is_copied_where_links_are_impossible(
    own: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    def no_links(*_arguments: object, **_options: object) -> None:
        raise OSError(answer, "no links")

    monkeypatch.setattr(store_module, "cloned", lambda *_: False)
    monkeypatch.setattr(os, "link", no_links)
    original = given_file(tmp_path, os.urandom(100_000))
    own.take(original, name := new_id().hex)
    digest = hashlib.sha256(original.read_bytes()).hexdigest()
    own.adopt(name, digest)
    own.adopt(name, digest)
    assert own.blob(digest).read_bytes() == original.read_bytes()


def test_a_full_disk_is_told_before_copying(
    own: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "free_bytes", lambda _self: 10)
    with pytest.raises(BadInputError, match="disk space"):
        own.make_sure_of_room(11)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_is_no_file_is_refused_with_a_sentence(own: Store, tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(BadInputError, match="cannot be read"):
        own.take(path, new_id().hex)
    assert list(own.incomings()) == []


def test_what_is_put_is_found_by_its_content_once(own: Store) -> None:
    blobs = []
    for _ in range(2):
        made = own.temporary(".jpg")
        made.write_bytes(b"picture")
        blobs.append(own.put(made))
        assert not made.exists()
    assert blobs[0] == blobs[1]
    assert blobs[0].sha256 == hashlib.sha256(b"picture").hexdigest()
    assert [file.name for file in own.blobs()] == [blobs[0].sha256]
    assert own.in_flight() == [blobs[0].sha256]
    own.settle(blobs[0].sha256)
    assert own.in_flight() == []
    assert list(own.leftovers()) == []


def test_what_is_put_takes_the_place_of_a_blob_that_was_cut_short(own: Store) -> None:
    for _ in range(2):
        made = own.temporary(".jpg")
        made.write_bytes(b"picture")
        kept = own.blob(own.put(made).sha256)
        assert kept.read_bytes() == b"picture"
        kept.write_bytes(b"pic")


def test_what_a_program_still_holds_open_stays_in_the_work_folder(
    own: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, free, folder = own.temporary(".mp4"), own.temporary(".mp4"), own.temporary()
    folder.mkdir()
    for path in (held, free, folder / "part.mp4"):
        path.write_bytes(b"half an encoding")
    unlink, remove = Path.unlink, shutil.rmtree

    def as_windows(path: Path, *, missing_ok: bool = False) -> None:
        if path in (held, folder):
            raise PermissionError(errno.EACCES, "in use", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", as_windows)
    monkeypatch.setattr(shutil, "rmtree", as_windows)
    own.clear_work()
    assert {file.name for file in own.leftovers()} == {held.name, folder.name}
    monkeypatch.setattr(Path, "unlink", unlink)
    monkeypatch.setattr(shutil, "rmtree", remove)
    own.clear_work()
    assert list(own.leftovers()) == []


def test_chunks_after_a_killed_request_replace_what_it_left(own: Store) -> None:
    name = new_id().hex
    own.append(name, 0, b"0123456789")
    own.append(name, 10, b"never acknowledged")
    own.append(name, 10, b"end")
    assert own.incoming(name).read_bytes() == b"0123456789end"


def test_a_piece_after_lost_ones_is_refused_and_leaves_no_hole(own: Store) -> None:
    name = new_id().hex
    with pytest.raises(NotFoundError):
        own.append(name, 10, b"the second piece")
    assert not own.incoming(name).exists()
    own.append(name, 0, b"0123")
    with pytest.raises(NotFoundError):
        own.append(name, 10, b"the second piece")
    assert own.incoming(name).read_bytes() == b"0123"


def test_files_tell_when_their_name_was_given(own: Store) -> None:
    own.append(new_id().hex, 0, b"x")
    own.append("not-an-id", 0, b"x")
    ours, other = sorted(own.incomings(), key=lambda file: file.name)
    assert ours.given is not None
    assert other.given is None
