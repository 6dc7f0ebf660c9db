"""The home by commands: made, checked, refused, backed up and brought back."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.cli import archive, files
from observe.cli.archive import MANIFEST
from observe.cli.places import unsuitable
from observe.db import Database, now, open_database
from observe.feedback.models import Feedback, FocusKind
from observe.ids import new_id
from observe.people import audit, signin
from observe.people.models import Invitation, SignInLink, SignInSession, User
from observe.privacy import tombstones
from observe.settings import Settings
from observe.video import captions
from observe.video.models import Blurring, BlurState, DerivedFile, FileKind, Recording
from observe.video.store import Store
from tests.cli.conftest import PEOPLE, SCHOOLS, Run, running_in
from tests.factories import Cast, actor_named
from tests.feedback_cases import published
from tests.kept import found_in, killed_copy


def test_init_makes_an_owner_who_may_do_everything(run: Run) -> None:
    run("init")
    run("init")
    people = run("people", "list", "--json").facts["people"]
    assert [person["reference"] for person in people] == ["owner"]
    assert {role["role"] for role in people[0]["roles"]} == {"administrator", "observer"}


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_nobody_else_on_the_computer_reads_a_home_or_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Settings(home=tmp_path / "of" / "hers")
    run = running_in(home, monkeypatch)
    run("init")
    run("backup", tmp_path / "respaldo.tar")
    for path in (home.home, tmp_path / "respaldo.tar"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_what_an_older_version_left_open_in_a_home_is_closed(
    run: Run, home: Settings, tmp_path: Path
) -> None:
    home.backup_path.mkdir()
    copy = home.backup_path / "before-upgrade.sqlite"
    copy.write_bytes(b"names")
    for path in (home.home, home.backup_path):
        path.chmod(0o755)
    for path in (home.database_path, copy):
        path.chmod(0o644)
    run("init")
    run("people", "export", tmp_path / "people.csv")
    for path in (home.database_path, home.backup_path, copy, tmp_path / "people.csv"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert home.home.stat().st_mode & 0o777 == 0o755  # hers


def test_a_file_that_cannot_be_placed_leaves_nothing_beside_it(run: Run, tmp_path: Path) -> None:
    run("init")
    (tmp_path / "folder").mkdir()
    run("people", "export", tmp_path / "folder", code=2)
    assert [each for each in tmp_path.iterdir() if each.name.endswith(".part")] == []


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_nobody_else_reads_what_was_restored_into_a_folder_made_before(
    peopled: Run, backed_up: Path, elsewhere: Elsewhere
) -> None:
    other = elsewhere("other")
    other.mkdir(mode=0o755)
    peopled("restore", backed_up)
    store = other / "store"
    for path in (other / "observe.sqlite", store, *store.glob("blobs/**/*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_importing_twice_changes_nothing(peopled: Run, tmp_path: Path) -> None:
    schools = peopled("schools", "import", tmp_path / "schools.csv", "--json").facts
    people = peopled("people", "import", tmp_path / "people.csv", "--json").facts
    assert (schools["added"], schools["unchanged"]) == (0, SCHOOLS.count("\n") - 1)
    assert (people["added"], people["unchanged"]) == (0, PEOPLE.count("\n") - 1)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("schools", "show"), 2),
        (("schools", "import", "no-such-file.csv"), 2),
        (("schools", "show", "9999-9"), 4),
        (("video", "show", "not-an-id"), 4),
        (("video", "list", "--as", "nobody"), 4),
        (("people", "import", "{people}", "--as", "utp"), 3),
        (("rubric", "check", "{people}"), 2),
        (("video", "add", "{people}", "--educator", "edu", "--class-group", "1° B"), 2),
        (("no-such-command",), 2),
        (("serve", "--port", "many"), 2),
    ],
)
def test_refusals_are_one_sentence_and_a_code(
    peopled: Run, tmp_path: Path, command: tuple[str, ...], code: int
) -> None:
    people = str(tmp_path / "people.csv")
    ran = peopled(*(part.format(people=people) for part in command), code=code)
    assert ran.out == ""
    assert ran.err.strip()
    assert "Traceback" not in ran.err
    assert code != 4 or ran.err.count("\n") == 1


def test_the_language_is_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("schools", "show", code=2).err.startswith("Falta")
    monkeypatch.setenv("OBSERVE_LOCALE", "en")
    assert "is missing" in run("schools", "show", code=2).err
    assert "Options" in run("video", "add", "--help").out


def test_doctor_finds_what_is_wrong(peopled: Run, home: Settings) -> None:
    assert peopled("doctor", "--json").facts["ok"] is True
    stray = home.store_path / "blobs" / "ab" / ("ab" * 32)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"nobody's")
    found = peopled("doctor", "--json", code=1).facts
    assert [each["check"] for each in found["checks"] if not each["ok"]] == ["files"]
    stray.unlink()
    peopled("doctor")


def test_doctor_finds_a_changed_audit_trail(peopled: Run, home: Settings) -> None:
    with sqlite3.connect(home.database_path) as database:
        database.execute("DROP TRIGGER audit_entry_not_changed")
        database.execute("UPDATE audit_entry SET action = 'nothing' WHERE number = 2")
    database.close()
    found = peopled("doctor", "--json", code=1).facts
    assert "audit" in [each["check"] for each in found["checks"] if not each["ok"]]


def test_doctor_is_for_administrators(peopled: Run) -> None:
    peopled("doctor", "--as", "utp", code=3)
    peopled("backup", "copy.tar", "--as", "obs", code=3)
    assert not Path("copy.tar").exists()


@pytest.mark.parametrize("folder", ["OneDrive - SLEP", "Dropbox", "Google Drive"])
def test_synchronised_folders_are_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("OBSERVE_HOME", str(tmp_path / folder / "observe"))
    assert "nube" in run("init", code=2).err
    assert not (tmp_path / folder).exists()


def test_this_folder_is_suitable(tmp_path: Path) -> None:
    assert unsuitable(tmp_path) is None


# --- backup and restore -------------------------------------------------------------------------

Elsewhere = Callable[[str], Path]


@pytest.fixture
def backed_up(peopled: Run, small_video: Path, tmp_path: Path) -> Path:
    """A backup of a home that has a prepared video."""
    peopled(
        "video", "add", small_video, "--educator", "edu", "--class-group", "1° B",
        "--date", "2026-05-10", "--consent", "confirmed", "--as", "obs", "--wait",
    )  # fmt: skip
    told = peopled("backup", tmp_path / "copia.tar", "--json").facts
    assert told["files"] == 6  # the original; poster, film strip, waveform, voices, activity
    return tmp_path / "copia.tar"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """Return what makes another home the one that commands work on."""

    def move(name: str) -> Path:
        monkeypatch.setenv("OBSERVE_HOME", str(tmp_path / name))
        return tmp_path / name

    return move


def test_a_backup_comes_back_as_it_was(peopled: Run, backed_up: Path, elsewhere: Elsewhere) -> None:
    before = peopled("video", "list", "--as", "obs", "--json").facts
    elsewhere("other")
    peopled("restore", backed_up)
    assert peopled("video", "list", "--as", "obs", "--json").facts == before
    peopled("doctor")
    peopled("restore", backed_up, code=2)  # it is not empty any more


@pytest.mark.parametrize("placed", [False, True])
def test_after_a_restoring_that_was_killed_another_finds_the_home_empty(
    peopled: Run, backed_up: Path, elsewhere: Elsewhere, placed: bool
) -> None:
    other = elsewhere("other")
    copy = killed_copy(other) / "unpacked"
    for path in ("observe.sqlite", "store/blobs/ab/film"):
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text("Ana", encoding="utf-8")
    (other / "vault-key-id").write_text("00" * 8, encoding="ascii")
    if placed:  # the files, not yet the database
        (copy / "store").rename(other / "store")
    found = peopled("doctor", "--json", code=1).facts
    assert "unfinished" in [each["check"] for each in found["checks"] if not each["ok"]]
    peopled("restore", backed_up)
    assert found_in(other, [b"film"]) == set()
    assert not list(other.glob("store/blobs/ab/film"))
    assert not (other / "vault-key-id").exists()
    peopled("doctor")


def test_a_folder_that_holds_something_else_is_not_emptied(
    peopled: Run, backed_up: Path, elsewhere: Elsewhere
) -> None:
    other = elsewhere("other")
    (other / "store").mkdir(parents=True)
    (other / "store" / "hers").touch()
    copy = killed_copy(other) / "unpacked"
    (copy / "store").mkdir(parents=True)
    peopled("restore", backed_up, code=2)
    assert (other / "store" / "hers").exists()


def test_a_home_whose_database_went_after_a_backup_was_killed_keeps_its_files(
    peopled: Run, backed_up: Path, home: Settings
) -> None:
    copy = killed_copy(home.home)
    home.database_path.rename(copy / "observe.sqlite")
    before = sorted(home.store_path.rglob("*"))
    peopled("restore", backed_up, code=2)
    assert sorted(home.store_path.rglob("*")) == before


def test_what_was_deleted_since_does_not_come_back_with_an_older_backup(
    peopled: Run, home: Settings, backed_up: Path, small_video: Path, elsewhere: Elsewhere
) -> None:
    needle = small_video.read_bytes()[20_000:20_048]
    (video,) = peopled("video", "list", "--as", "obs", "--json").facts["videos"]
    assert found_in(home.home, [needle]) == {needle}
    peopled(
        "privacy", "erase", video["recording"], "--reason", "Lo pidió una familia.", "--as", "obs"
    )
    other = elsewhere("other")
    told = peopled("restore", backed_up, "--json").facts
    assert [each["thing_id"] for each in told["deleted_again"]] == [video["recording"]]
    assert found_in(other, [needle, b"clase.mp4"]) == set()
    peopled("doctor")
    (again,) = peopled("privacy", "certificates", "--json").facts["certificates"]
    assert (again["kind"], again["true"]) == ("video_deleted", True)


def test_what_let_people_in_on_that_day_lets_nobody_in_again(
    peopled: Run, tmp_path: Path, elsewhere: Elsewhere, home: Settings, database: Database
) -> None:
    peopled("people", "invite", "edu")
    with database.write() as session:
        user = session.scalars(sa.select(User).where(User.reference == "utp")).one()
        signin.open_session(session, user, hours=12, how="link")
        signin.make_link(session, user, timedelta(hours=1))
    peopled("backup", tmp_path / "copia.tar")
    peopled("people", "leave", "out")
    tombstones.catch_up(home, database)
    other = elsewhere("other")
    said = peopled("restore", tmp_path / "copia.tar")
    assert f"{now():%Y-%m-%d}" in said.err
    assert "Se hizo de nuevo: 1" in said.err
    restored = open_database(f"sqlite:///{other / 'observe.sqlite'}")
    try:
        with restored.read() as session:
            assert _count(session, SignInSession.ended_at.is_(None)) == 0
            assert _count(session, Invitation.revoked_at.is_(None)) == 0
            assert _count(session, SignInLink.expires_at > now()) == 0
            assert audit.first_broken(session) is None
            left = session.scalars(sa.select(User.reference).where(User.active.is_(False))).all()
            assert left == ["out"]
    finally:
        restored.engine.dispose()


def _count(session: Session, condition: sa.ColumnElement[bool]) -> int:
    return session.execute(sa.select(sa.func.count()).where(condition)).scalar_one()


def test_a_backup_is_whole_while_the_original_is_not_hashed_yet(
    peopled: Run, small_video: Path, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    peopled(
        "video", "add", small_video, "--educator", "edu", "--class-group", "1° B",
        "--date", "2026-05-10", "--as", "obs",
    )  # fmt: skip
    peopled("backup", tmp_path / "copia.tar")
    elsewhere("other")
    peopled("restore", tmp_path / "copia.tar")
    peopled("doctor")


def _rewritten(
    backup: Path, change: Callable[[tarfile.TarInfo, bytes], list[tuple[tarfile.TarInfo, bytes]]]
) -> Path:
    """Return a copy of the archive in which `change` replaced each member."""
    target = backup.with_name("hostil.tar")
    with tarfile.open(backup) as old, tarfile.open(target, "w") as new:
        for info in old:
            file = old.extractfile(info)
            for made, content in change(info, file.read() if file else b""):
                made.size = len(content) if made.isreg() else 0
                new.addfile(made, io.BytesIO(content))
    return target


def _escaping(info: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    if info.name != MANIFEST:
        return [(info, content)]
    told = json.loads(content)
    name, member = next(iter(told["members"].items()))
    told["members"]["store/../../outside"] = member
    del name
    return [(info, json.dumps(told).encode())]


def _linking(info: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    if info.name.startswith("store/"):
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return [(info, content)]


def _unnamed(info: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    more = tarfile.TarInfo("../outside")
    return [(info, content), (more, b"x")] if info.name == MANIFEST else [(info, content)]


def _altered(info: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    if info.name.startswith("store/"):
        content = bytes(len(content))
    return [(info, content)]


def _misnamed(info: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Other bytes in a file of the store, and a manifest that agrees with them."""
    if info.name == MANIFEST:
        told = json.loads(content)
        for name, member in told["members"].items():
            if name.startswith("store/"):
                member["sha256"] = hashlib.sha256(bytes(member["size"])).hexdigest()
        content = json.dumps(told).encode()
    return _altered(info, content)


def _twice(info: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    return [(info, content)] if info.name == MANIFEST else [(info, content), (info, content)]


def test_a_hostile_backup_touches_nothing(
    peopled: Run, backed_up: Path, elsewhere: Elsewhere
) -> None:
    other = elsewhere("other")
    for change in (_escaping, _linking, _unnamed, _altered, _misnamed, _twice):
        peopled("restore", _rewritten(backed_up, change), code=2)
        assert not other.exists(), change
        assert not (other.parent / "outside").exists(), change


def test_what_is_no_backup_is_refused(
    peopled: Run, backed_up: Path, small_video: Path, elsewhere: Elsewhere
) -> None:
    other = elsewhere("other")
    cut = backed_up.with_name("cortado.tar")
    cut.write_bytes(backed_up.read_bytes()[:-40_000])
    for file in (small_video, cut, backed_up.with_name("people.csv"), backed_up.parent):
        peopled("restore", file, code=2)
        assert not other.exists()


def test_a_mistyped_name_is_told_as_such(
    peopled: Run, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    assert "No existe la carpeta" in peopled("backup", tmp_path / "no" / "copia.tar", code=2).err
    other = elsewhere("other")
    assert "No existe el archivo" in peopled("restore", tmp_path / "copai.tar", code=2).err
    assert not other.exists()


def test_a_full_disk_is_no_fault_of_the_backup(
    peopled: Run, backed_up: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: IO[bytes]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    other = elsewhere("other")
    with monkeypatch.context() as patched:
        patched.setattr(archive, "settle", full)
        said = peopled("restore", backed_up, code=2).err
    assert "espacio libre" in said
    assert "dañado" not in said
    assert not other.exists()
    peopled("restore", backed_up)


def test_what_is_written_is_on_disk_before_it_counts(
    peopled: Run,
    backed_up: Path,
    tmp_path: Path,
    elsewhere: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled = []

    def settle(file: IO[bytes]) -> None:
        files.settle(file)
        settled.append(Path(file.name).name)

    monkeypatch.setattr(archive, "settle", settle)
    peopled("backup", tmp_path / "otra.tar")
    (made,) = settled
    assert made.startswith(".otra.tar.")
    other = elsewhere("other")
    peopled("restore", backed_up)
    assert {path.name for path in other.glob("store/blobs/*/*")} <= set(settled)
    assert "observe.sqlite" in settled


def test_a_damaged_file_is_found_and_a_damaged_video_is_no_backup(
    peopled: Run, backed_up: Path, home: Settings
) -> None:
    assert peopled("doctor", "--files", "--json").facts["ok"] is True
    blobs = sorted(
        home.store_path.glob("blobs/*/*"), key=lambda path: path.stat().st_size, reverse=True
    )
    for damaged, what in ((blobs[0], "video"), (blobs[-1], "archivo hecho")):
        kept = damaged.read_bytes()
        damaged.unlink()  # it may share its bytes with the user's own
        damaged.write_bytes(bytes(len(kept)))
        assert peopled("doctor", "--json").facts["ok"] is True  # its size is still right
        found = peopled("doctor", "--files", "--json", code=1).facts["checks"]
        (told,) = [each for each in found if not each["ok"]]
        assert told["check"] == "contents"
        (todo,) = told["todo"]
        assert what in todo
        assert str(damaged) in todo
        copy = backed_up.with_name("nueva.tar")
        if what == "video":
            assert "doctor --files" in peopled("backup", copy, code=2).err
            assert not copy.exists()
        damaged.write_bytes(kept)
    peopled("doctor", "--files")


@pytest.mark.parametrize("gone", [True, False])
def test_what_can_be_made_again_does_not_keep_the_rest_out_of_a_backup(
    peopled: Run, backed_up: Path, home: Settings, elsewhere: Elsewhere, *, gone: bool
) -> None:
    made = min(home.store_path.glob("blobs/*/*"), key=lambda path: path.stat().st_size)
    kept = made.read_bytes()
    made.unlink()
    if not gone:
        made.write_bytes(bytes(len(kept)))
    copy = backed_up.with_name("sin uno.tar")
    told = peopled("backup", copy, "--json")
    assert told.facts["left_out"] == [f"store/blobs/{made.parent.name}/{made.name}"]
    made.write_bytes(kept)
    other = elsewhere("sin uno")
    peopled("restore", copy)
    restored = {path.name for path in other.glob("store/blobs/*/*")}
    assert restored == {path.name for path in home.store_path.glob("blobs/*/*")} - {made.name}


def _blob_of(home: Settings, session: Session, kind: str) -> str:
    """Add a file that no program can make again; return its hash."""
    store, lesson = Store(home.store_path), session.scalars(sa.select(Recording)).one()
    observer = actor_named(session, lesson.observer_id)
    if kind == "captions":
        cues = (captions.Cue(0, 1_000, "¿Por qué?"),)
        return captions.give(session, store, lesson.id, cues, actor=observer).sha256
    made = store.temporary(".mp4")
    made.write_bytes(kind.encode())
    blob = store.put(made)
    row = DerivedFile(
        id=new_id(), recording_id=lesson.id, kind=FileKind(kind), recipe="x", sha256=blob.sha256,
        media_type="video/mp4", size_bytes=blob.size_bytes,
    )  # fmt: skip
    session.add(row)
    session.flush()
    if kind == "blurred":
        session.add(
            Blurring(
                id=new_id(), recording_id=lesson.id, start_ms=0, end_ms=1_000, asked_id=new_id(),
                state=BlurState.CHECKED, made=blob.sha256, created_by_id=observer.user_id,
                checked_by_id=observer.user_id, checked_at=now(),
            )
        )  # fmt: skip
    return blob.sha256


@pytest.mark.parametrize("kind", ["captions", "blurred"])
def test_a_backup_without_what_a_person_gave_or_signed_is_none(
    peopled: Run, backed_up: Path, home: Settings, database: Database, kind: str
) -> None:
    with database.write() as session:
        sha256 = _blob_of(home, session, kind)
    path, copy = Store(home.store_path).blob(sha256), backed_up.with_name("nueva.tar")
    peopled("backup", backed_up.with_name("con todo.tar"))
    kept = path.read_bytes()
    path.unlink()
    assert "doctor" in peopled("backup", copy, code=2).err
    path.write_bytes(bytes(len(kept)))
    assert "doctor --files" in peopled("backup", copy, code=2).err
    assert not copy.exists()


def test_a_backup_without_the_clips_that_an_educator_was_shown_is_none(
    run: Run,
    home: Settings,
    database: Database,
    store: Store,
    cast: Cast,
    small_video: Path,
    tmp_path: Path,
) -> None:
    run("init")
    feedback_id = published(database, home, store, cast, small_video)
    run("backup", tmp_path / "copia.tar")
    with database.read() as session:
        focus = session.get_one(Feedback, feedback_id).focus(FocusKind.STRENGTH)
        assert focus is not None and focus.clip is not None
        store.delete_blob(focus.clip.sha256)
    assert "doctor" in run("backup", tmp_path / "otra.tar", code=2).err


def test_a_restored_database_acts_only_as_ours_does(
    peopled: Run, home: Settings, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    with sqlite3.connect(home.database_path) as database:
        database.execute(
            "CREATE TRIGGER spy AFTER INSERT ON note BEGIN UPDATE user SET name = 'x'; END"
        )
    database.close()
    peopled("backup", tmp_path / "copia.tar")
    other = elsewhere("other")
    peopled("restore", tmp_path / "copia.tar")
    with sqlite3.connect(other / "observe.sqlite") as database:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        triggers = {name for (name,) in database.execute(query)}
    database.close()
    assert "spy" not in triggers
    assert "audit_entry_not_changed" in triggers
    shutil.rmtree(other)
