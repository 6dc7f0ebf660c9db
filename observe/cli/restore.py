"""`observe restore`: a backup back into an empty home, proved before anything counts."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
import sqlalchemy as sa

from observe import copying, schema
from observe.cli import archive
from observe.cli.archive import DATABASE, Manifest
from observe.cli.backup import KEY_ID, told_of
from observe.cli.files import FILE
from observe.cli.places import unsuitable
from observe.cli.program import main
from observe.cli.shell import Answer, Shell, verb
from observe.db import open_database
from observe.errors import BadInputError
from observe.feedback import halting  # noqa: F401  # told when a request blocks
from observe.feedback.deleting_again import Again, delete_again
from observe.feedback.shutting_again import ShutAgain, shut_again
from observe.people import audit, invitations
from observe.privacy import tombstones
from observe.privacy.shut import Deed
from observe.settings import Settings
from observe.text import Message, message
from observe.vault import need_key, need_no_key, needed_key
from observe.video.disk import sync_folder
from observe.video.store import Store

_UNPACKED: Final = "unpacked"  # in the copy, and so what a backup copies is never taken for it
_KEPT: Final = frozenset({"README.md", ".gitignore"})  # what an empty home may hold


@verb(main, "restore", message("Brings a backup back into an empty home; proves all of it first."))
@click.argument("file", type=FILE)
def restore(shell: Shell, *, file: Path) -> Answer:
    """Unpack beside, prove, and only then put everything in its place."""
    _clear_broken_off(shell.settings)
    _require_empty(shell.settings.home)
    try:
        manifest, again, shut = _restored(file, shell.settings)
    except (OSError, sqlite3.OperationalError, sa.exc.OperationalError) as error:
        raise BadInputError(
            message(
                "The backup could not be brought back: reading it or writing into %(home)s failed. "
                "Check both disks and their free space. The backup was not changed; keep it.",
                home=shell.home,
            )
        ) from error
    said = message("Restored into %(home)s. Start it with: observe serve", home=shell.home)
    facts = dict(told_of(file, manifest).facts) | {
        "home": shell.home,
        "deleted_again": [asdict(each) for each in again.done],
        "not_deleted_again": [asdict(each) for each in again.failed],
        "shut_again": [asdict(each) for each in shut.done],
        "not_shut_again": [asdict(each) for each in shut.failed],
    }
    warnings = [*_what_came_back(manifest, again), *_what_is_open(manifest, shut)]
    if tombstones.is_away(shell.settings):
        warnings.insert(
            0,
            message(
                "The folder of the key is not there, so nothing could be deleted or shut again "
                "that was deleted or shut since this backup. Connect its drive, empty the home and "
                "restore again."
            ),
        )
    return Answer(facts, [said], warnings=warnings)


def _what_came_back(manifest: Manifest, again: Again) -> Iterator[Message]:
    """Say what was deleted since the backup was made, and what this computer cannot know."""
    day = manifest.made_at[:10]
    if again.done:
        yield message(
            "Deleted again: %(count)s things that were deleted after this backup was made. Their "
            "certificates are in this home.",
            count=len(again.done),
        )
    for each in again.failed:
        yield message(
            "What certificate %(number)s told is here again and could not be deleted: %(thing)s. "
            "Delete it by hand.",
            number=each.number,
            thing=each.thing_id,
        )
    yield message(
        "What was deleted on another computer after %(day)s is here again: compare with its "
        "certificates, and delete it: observe privacy erase",
        day=day,
    )


def _what_is_open(manifest: Manifest, shut: ShutAgain) -> Iterator[Message]:
    """Say what was shut since the backup was made, and what is as open as it was then."""
    if shut.done:
        yield message(
            "Done again: %(count)s blocks, departures and withdrawals that came after this backup.",
            count=len(shut.done),
        )
    for each in shut.failed:
        yield message(
            "After this backup this was shut, and it could not be shut again: %(thing)s (%(deed)s)."
            " Do it by hand.",
            thing=each.thing_id,
            deed=_DEEDS[Deed(each.deed)],
        )
    yield message(
        "As on %(day)s is all else: roles that ended, holds, visits, passwords, second steps, and "
        "what was blocked, withdrawn or left on another computer. Do again what was changed since "
        "then.",
        day=manifest.made_at[:10],
    )
    yield message(
        "Everybody signs in anew: sessions, links and invitations that were open have ended."
    )


_DEEDS: Final = {
    Deed.BLOCKED: message("a request blocked"),
    Deed.LEFT: message("a person left"),
    Deed.WITHDRAWN: message("feedback was withdrawn"),
}


def _restored(file: Path, settings: Settings) -> tuple[Manifest, Again, ShutAgain]:
    """Bring the backup back; what fails takes away a home that was made for it.

    In one that was there before, no note of a key stays: the home must be empty for another try.
    """
    home = settings.home
    made, noted = not home.exists(), needed_key(settings) is not None
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with copying.folder_in(home) as copy:
            folder = copy / _UNPACKED
            folder.mkdir(mode=0o700)
            manifest = _prove(file, folder)
            _renew(folder / DATABASE)
            need_key(settings, manifest.settings.get(KEY_ID, ""))
            again, shut = _begin_anew(folder, settings, manifest)
            _place(folder, settings)
    except BaseException:
        if made:
            shutil.rmtree(home)
        elif not noted and not settings.database_path.exists():
            need_no_key(settings)
        raise
    return manifest, again, shut


def _begin_anew(folder: Path, settings: Settings, manifest: Manifest) -> tuple[Again, ShutAgain]:
    """Let nobody in by what let people in that day; delete and shut again what was since.

    As far as this computer knows. The sessions of that day fit no browser in this home anyway: its
    secret key is new.
    """
    path = folder / DATABASE
    database = open_database(f"sqlite:///{path}")
    try:
        again = delete_again(database, Store(folder / "store"), tombstones.known(settings))
        shut = shut_again(database, tombstones.known_shut(settings))
        with database.write() as session:
            invitations.end_everything(session)
            audit.record(
                session,
                "home.restored",
                actor_id=None,
                thing_kind="home",
                thing_id=None,
                made_at=manifest.made_at,
            )
        return again, shut
    finally:
        database.engine.dispose()
        _in_one_file(path)


def _clear_broken_off(settings: Settings) -> None:
    """Remove what a restoring that was killed left, so that another try finds the home empty.

    It had found the home empty, and put the database in its place last: without one, the note of a
    key is its own, and so are the files of the store where they are missing in its copy. A home in
    which a backup was broken off was not empty: nothing of it is touched, whatever is missing.
    """
    unpacked = [each.copy / _UNPACKED for each in copying.left(settings.home)]
    ours = bool(unpacked) and all(folder.is_dir() for folder in unpacked)
    if not ours or settings.database_path.exists():
        return
    for folder in unpacked:
        if (folder / DATABASE).exists() and not (folder / "store").exists():
            with suppress(FileNotFoundError):
                settings.store_path.replace(folder / "store")
    copying.clear_left(settings.home)
    need_no_key(settings)


def _require_empty(home: Path) -> None:
    if (why := unsuitable(home)) is not None:
        raise BadInputError(why)
    if home.exists() and any(path.name not in _KEPT for path in home.iterdir()):
        raise BadInputError(
            message(
                "A backup is restored into an empty home, and %(home)s is not empty. "
                "Choose another with OBSERVE_HOME.",
                home=str(home),
            )
        )


def _prove(file: Path, folder: Path) -> Manifest:
    """Unpack the archive into `folder` and return its manifest when all of it is right.

    Raises:
        BadInputError: it is no backup, is damaged or hostile, or does not fit on this disk.
    """
    with archive.opened(file) as (manifest, opened):
        if manifest.size_bytes > shutil.disk_usage(folder).free:
            raise BadInputError(message("There is not enough free disk space for this backup."))
        archive.unpack(manifest, opened, folder)
    _prove_database(folder / DATABASE, manifest)
    return manifest


def _prove_database(path: Path, manifest: Manifest) -> None:
    """Return when the database is sound and of a version that this program knows."""
    try:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA trusted_schema=OFF")
            sound = database.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            revisions = database.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error as error:
        raise _strange() from error
    if not sound or revisions != [(manifest.schema_revision,)]:
        raise _strange()
    if not schema.knows(manifest.schema_revision):
        raise BadInputError(
            message("This backup is from a newer observe. Install that version, then restore.")
        )


def _renew(path: Path) -> None:
    """Replace whatever acts in the database by our own triggers, and bring it up to date."""
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')"
        for kind, name in database.execute(query).fetchall():
            database.execute(f'DROP {kind} "{name.replace(chr(34), chr(34) * 2)}"')
        database.commit()
    schema.migrate(f"sqlite:///{path}", "head")
    _in_one_file(path)


def _in_one_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=DELETE")


def _strange() -> BadInputError:
    return BadInputError(
        message("The database in this backup is not one that observe made; nothing was restored.")
    )


def _place(folder: Path, settings: Settings) -> None:
    """Put the proved files in their places, the database last: it makes the home a home."""
    if (folder / "store").exists():
        (folder / "store").replace(settings.store_path)
    for path in [settings.store_path, *settings.store_path.rglob("*")]:
        if path.is_dir():
            sync_folder(path)
    (folder / DATABASE).replace(settings.database_path)
    sync_folder(settings.home)
