"""Films sealed on the disk, as who looks after a home sees it: doctor, seal, backup, restore."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from observe.cli import archive
from observe.cli.archive import Member
from observe.db import Database
from observe.privacy.models import ConsentPaper
from observe.settings import Settings
from observe.video import derived
from observe.video.derived import Made
from observe.video.hashing import sha256_of
from observe.video.models import FileKind
from observe.video.store import open_store
from tests.cli.conftest import Run
from tests.factories import Cast
from tests.feedback_cases import filmed


@pytest.fixture
def key(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key of the home, which commands are told of; the setting is on."""
    monkeypatch.setenv("OBSERVE_KEY_FILE", str(home.key_path))
    monkeypatch.setenv("OBSERVE_SEAL_FILMS", "yes")
    return home.key_path


@pytest.fixture
def lesson(
    run: Run, key: Path, home: Settings, database: Database, cast: Cast, small_video: Path
) -> UUID:
    """A lesson whose film is sealed."""
    run("init")
    with database.write() as session:
        found = filmed(session, open_store(replace(home, seal_films=True)), cast, small_video)
    assert key.exists()
    return found.id


@pytest.fixture
def sealed(run: Run, lesson: UUID) -> Run:
    """A home with a lesson, sealed."""
    del lesson
    return run


def _told(run: Run, check: str, *arguments: str, code: int = 0) -> tuple[str, list[str]]:
    checks = run("doctor", "--json", *arguments, code=code).facts["checks"]
    (found,) = [each for each in checks if each["check"] == check]
    return found["said"], found["todo"]


def test_doctor_tells_what_is_still_plain_and_the_command_seals_it(
    sealed: Run, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, todo = _told(sealed, "sealed")
    assert ("1" in said, todo) == (True, [])
    assert "OBSERVE_SEAL_FILMS=no" in sealed("video", "unseal", code=2).err
    monkeypatch.setenv("OBSERVE_SEAL_FILMS", "no")
    assert "OBSERVE_SEAL_FILMS=yes" in sealed("video", "seal", code=2).err
    assert sealed("video", "unseal", "--json").facts["done"] == 1
    assert not list(home.store_path.glob("blobs/*/*.sealed"))
    assert "OBSERVE_SEAL_FILMS" in _told(sealed, "sealed")[0]
    monkeypatch.setenv("OBSERVE_SEAL_FILMS", "yes")
    assert "observe video seal" in " ".join(_told(sealed, "sealed", code=1)[1])
    told = sealed("video", "seal")
    assert str(home.key_path) in told.out
    assert len(list(home.store_path.glob("blobs/*/*.sealed"))) == 1
    sealed("doctor", "--files")


def test_doctor_names_a_sealed_film_that_is_damaged(sealed: Run, home: Settings) -> None:
    film = max(home.store_path.glob("blobs/*/*"), key=lambda path: path.stat().st_size)
    whole = film.read_bytes()
    film.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert str(film) in " ".join(_told(sealed, "contents", "--files", code=1)[1])
    film.write_bytes(whole[:-1])
    assert _told(sealed, "files", code=1)[1]


def test_without_its_key_doctor_says_what_to_do(sealed: Run, key: Path) -> None:
    key.rename(key.with_name("away"))
    said = [_told(sealed, check, "--files", code=1)[1] for check in ("sealed", "contents")]
    assert [str(key) in " ".join(each) for each in said] == [True, True]
    key.with_name("away").rename(key)
    sealed("doctor", "--files")


def test_a_backup_holds_what_is_sealed_and_comes_back_with_its_key(
    sealed: Run, home: Settings, small_video: Path, key: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    copy = tmp_path / "copia.tar"
    told = sealed("backup", copy, "--json")
    assert told.facts["files"] == 1
    written, film = copy.read_bytes(), small_video.read_bytes()
    assert film[len(film) // 2 :][:48] not in written
    assert key.read_text().strip().encode() not in written
    assert str(key) in sealed("backup", tmp_path / "otra.tar").err
    away = key.rename(key.with_name("away"))
    other = tmp_path / "other"
    monkeypatch.setenv("OBSERVE_HOME", str(other))
    sealed("restore", copy)
    assert (other / "vault-key-id").read_text() == (home.home / "vault-key-id").read_text()
    assert str(key) in " ".join(_told(sealed, "sealed", code=1)[1])
    assert not key.exists(), "no other key is made in its place"
    away.rename(key)
    sealed("doctor", "--files")
    before = {path.name: path.read_bytes() for path in home.store_path.glob("blobs/*/*")}
    after = {path.name: path.read_bytes() for path in other.glob("store/blobs/*/*")}
    assert before == after


def test_a_backup_is_made_without_the_key_too(sealed: Run, key: Path, tmp_path: Path) -> None:
    key.rename(key.with_name("away"))
    assert sealed("backup", tmp_path / "copia.tar", "--json").facts["files"] == 1


def test_a_sealed_film_that_is_damaged_is_not_backed_up_in_silence(
    sealed: Run, home: Settings, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(home.database_path)) as database:
        (sha256,) = database.execute("SELECT sha256 FROM recording").fetchone()
    film = home.store_path / "blobs" / sha256[:2] / f"{sha256}.sealed"
    whole = film.read_bytes()
    film.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "doctor --files" in sealed("backup", tmp_path / "copia.tar", code=2).err
    assert not (tmp_path / "copia.tar").exists()


@pytest.fixture
def heard(lesson: UUID, home: Settings, database: Database) -> str:
    """The hash of a file that was made from the lesson and lies plain."""
    store, content = open_store(replace(home, seal_films=False)), b"what was heard"
    made = store.temporary()
    made.write_bytes(content)
    derived.keep(database, store, made, Made(lesson, FileKind.VOICES, "x", "application/json"))
    return hashlib.sha256(content).hexdigest()


SEALING = """
import os
import sys
from dataclasses import replace
from observe.settings import settings_from
from observe.video.store import open_store

settings = settings_from(os.environ)
while True:
    for seals in (True, False):
        store = open_store(replace(settings, seal_films=seals))
        for name in sys.argv[1:]:
            if seals:
                store.lay_sealed(name, store.blob(name))
                store.drop_plain(name)
            else:
                store.lay_plain(name)
                store.drop_sealed(name)
        print("round", flush=True)
"""


def test_a_backup_is_made_while_films_go_on_being_sealed(
    sealed: Run, lesson: UUID, home: Settings, database: Database, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    store, names = open_store(replace(home, seal_films=False)), []
    for number in range(12):
        made = store.temporary()
        made.write_bytes(bytes([number]) * 3_000_000)
        names.append(sha256_of(made))
        kept = Made(lesson, FileKind.VOICES, f"x{number}", "application/json")
        derived.keep(database, store, made, kept)
    environment = os.environ | {"OBSERVE_HOME": str(home.home)}
    with subprocess.Popen(
        [sys.executable, "-c", SEALING, *names], env=environment, stdout=subprocess.PIPE
    ) as sealing:
        try:
            assert sealing.stdout is not None
            assert sealing.stdout.readline()
            facts = sealed("backup", tmp_path / "copia.tar", "--json").facts
            assert sealing.poll() is None, "it went on until the end"
        finally:
            sealing.kill()
    assert (facts["files"], facts["left_out"]) == (13, [])
    left = [path for path in (home.store_path / "work").iterdir() if path.is_dir()]
    assert left == [], "no second name"
    monkeypatch.setenv("OBSERVE_HOME", str(tmp_path / "other"))
    sealed("restore", tmp_path / "copia.tar")
    sealed("doctor", "--files", code=1)
    assert len(list((tmp_path / "other").glob("store/blobs/*/*"))) == 13


@pytest.fixture
def no_second_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that knows none, as a pen drive."""

    def refused(*_paths: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)


@pytest.mark.usefixtures("no_second_names")
@pytest.mark.parametrize("for_ever", [False, True])
def test_what_is_sealed_while_a_backup_is_made_is_in_it_or_there_is_none(
    sealed: Run, heard: str, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    *, for_ever: bool,
) -> None:  # fmt: skip
    store, real = open_store(replace(home, seal_films=True)), archive.member_of

    def sealed_now(path: Path) -> Member:
        if path != store.blob(heard):
            return real(path)
        store.lay_sealed(heard, path)
        store.drop_plain(heard)
        try:
            return real(path)
        finally:
            if for_ever:
                store.lay_plain(heard)
                store.drop_sealed(heard)

    monkeypatch.setattr(archive, "member_of", sealed_now)
    copy = tmp_path / "copia.tar"
    if for_ever:
        assert "cifrando" in sealed("backup", copy, code=2).err
        assert not copy.exists()
        return
    facts = sealed("backup", copy, "--json").facts
    assert (facts["files"], facts["left_out"]) == (2, [])


@pytest.mark.usefixtures("no_second_names")
def test_a_damaged_sealed_file_is_not_taken_for_the_plain_one_that_comes_beside_it(
    sealed: Run, heard: str, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, real = open_store(replace(home, seal_films=True)), archive.member_of
    whole, form = store.blob(heard).read_bytes(), store.sealing(heard).path
    store.lay_sealed(heard, store.blob(heard))
    store.drop_plain(heard)
    content = form.read_bytes()
    form.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    def comes_beside(path: Path) -> Member:
        if path == form:
            store.blob(heard).write_bytes(whole)
        return real(path)

    monkeypatch.setattr(archive, "member_of", comes_beside)
    left_out = sealed("backup", tmp_path / "copia.tar", "--json").facts["left_out"]
    assert left_out == [f"store/blobs/{heard[:2]}/{heard}.sealed"]


def test_a_restore_that_failed_can_be_tried_again_in_the_same_folder(
    sealed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed("backup", tmp_path / "copia.tar")
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("OBSERVE_HOME", str(other))

    def full(_folder: Path, _settings: Settings) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("observe.cli.restore._place", full)
        sealed("restore", tmp_path / "copia.tar", code=2)
    assert list(other.iterdir()) == []
    sealed("restore", tmp_path / "copia.tar")
    assert (other / "vault-key-id").exists()


def test_a_damaged_scan_of_a_consent_is_not_called_nobodys(
    sealed: Run, home: Settings, database: Database, cast: Cast
) -> None:
    store = open_store(home)
    made = store.temporary()
    made.write_bytes(b"a scan, sealed")
    blob = store.put(made)
    with database.write() as session:
        session.add(
            ConsentPaper(
                sha256=blob.sha256,
                media_type="application/pdf",
                size_bytes=blob.size_bytes,
                added_by_id=cast.observer.user_id,
            )
        )
    store.settle(blob.sha256)
    store.blob(blob.sha256).write_bytes(b"a scan, damaged"[:-1])
    (todo,) = _told(sealed, "contents", "--files", code=1)[1]
    assert ("consentimiento" in todo, blob.sha256 in todo) == (True, True)


def test_a_clip_is_cut_for_who_may_take_it_and_is_plain(
    sealed: Run, lesson: UUID, home: Settings, cast: Cast, tmp_path: Path
) -> None:
    out, observer = tmp_path / "clip.mp4", cast.observer.user_id
    sealed(
        "video", "clip", lesson, "0:02-0:04", "--out", out, "--unblurred", "--yes",
        "--as", observer,
    )  # fmt: skip
    assert out.read_bytes()[4:8] == b"ftyp"
    assert not list((home.store_path / "work").iterdir())
    assert sealed("video", "info", lesson, "--as", observer, "--json").facts
