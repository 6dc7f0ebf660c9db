"""Films sealed on the disk, as who looks after a home sees it: doctor, seal, backup, restore."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from observe.db import Database
from observe.settings import Settings
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
