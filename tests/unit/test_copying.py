"""Plain copies of a home on their way: of a killed process nothing lasts, of a living one all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from observe import copying

_MAKER = """
import sys, time
from pathlib import Path
from observe import copying
home, target = map(Path, sys.argv[1:])
with copying.folder_in(home) as folder, copying.file_beside(home, target) as beside:
    (folder / "observe.sqlite").write_text("Ana")
    beside.write_text("Ana")
    print("made", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, with a drive beside it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "drive").mkdir()
    return tmp_path / "home"


@pytest.fixture
def drive(home: Path) -> Path:
    """The drive on which a backup is made."""
    return home.with_name("drive")


def _maker(home: Path, drive: Path) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", _MAKER, str(home), str(drive / "copia.tar")]
    maker = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    assert maker.stdout.readline() == "made\n"
    return maker


def _killed(maker: subprocess.Popen[str]) -> None:
    maker.kill()
    maker.communicate()


def test_what_a_killed_process_left_goes_and_what_another_makes_stays(
    home: Path, drive: Path
) -> None:
    maker = _maker(home, drive)
    try:
        copying.clear_left(home)
        assert copying.left(home) == []
        assert len(list(home.rglob("observe.sqlite"))) == len(list(drive.iterdir())) == 1
    finally:
        _killed(maker)
    assert len(copying.left(home)) == 2
    copying.clear_left(home)
    assert [*home.iterdir(), *drive.iterdir()] == []


def test_a_file_on_a_drive_that_is_away_goes_when_the_drive_is_back(
    home: Path, drive: Path
) -> None:
    _killed(_maker(home, drive))
    away = drive.rename(drive.with_name("away"))
    copying.clear_left(home)
    (left,) = copying.left(home)
    assert left.is_away
    assert left.file is not None
    assert list(home.rglob("observe.sqlite")) == []
    (away / "other.part").touch()  # somebody else's
    away.rename(drive)
    copying.clear_left(home)
    assert copying.left(home) == []
    assert [path.name for path in drive.iterdir()] == ["other.part"]


def test_a_note_that_names_another_file_removes_none(home: Path, drive: Path) -> None:
    _killed(_maker(home, drive))
    (note,) = home.glob(".copying-*/beside")
    film = drive / "clase.mp4"
    film.touch()
    note.write_bytes(os.fsencode(film))
    copying.clear_left(home)
    assert film.exists()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_nobody_else_reads_it(home: Path, drive: Path) -> None:
    with (
        copying.folder_in(home) as folder,
        copying.file_beside(home, drive / "copia.tar") as beside,
    ):
        for path in (folder, folder.parent, beside):
            assert path.stat().st_mode & 0o077 == 0, path
    assert [*home.iterdir(), *drive.iterdir()] == []


def test_a_folder_that_was_made_just_now_is_not_taken_from_who_is_about_to_hold_it(
    home: Path,
) -> None:
    folder = home / f"{copying.PREFIX}0001"
    folder.mkdir()
    copying.clear_left(home)
    assert folder.is_dir()
    made = folder.stat().st_mtime - 3600
    os.utime(folder, (made, made))  # killed before it was held
    copying.clear_left(home)
    assert not folder.exists()
