"""`observe backup` and `observe restore`: a whole home in one file, and back into an empty one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import __version__, schema
from observe.cli import archive
from observe.cli.archive import DATABASE, Manifest, Member
from observe.cli.files import FILE
from observe.cli.places import unsuitable
from observe.cli.program import main
from observe.cli.shell import Answer, Shell, verb
from observe.db import now, open_database
from observe.errors import BadInputError
from observe.feedback.deleting_again import Again, delete_again
from observe.feedback.models import Feedback, FeedbackState, Focus
from observe.people import access, audit
from observe.people.access import HOME, Action
from observe.privacy import tombstones
from observe.privacy.models import ConsentPaper
from observe.settings import Settings
from observe.text import Message, message
from observe.vault import KeyMissingError, UnsealError, need_key, need_no_key, needed_key
from observe.video.captions import GIVEN
from observe.video.disk import sync_folder
from observe.video.models import (
    Blurring,
    BlurState,
    DerivedFile,
    FileKind,
    Recording,
    RecordingPart,
    Upload,
)
from observe.video.store import SEALED, Store, sha256_of

_INCOMING: Final = "store/incoming/"
ATTEMPTS: Final = 5
KEY_ID: Final = "vault_key_id"
_KEPT: Final = frozenset({"README.md", ".gitignore"})  # what an empty home may hold


# --- backup -------------------------------------------------------------------------------------


@verb(main, "backup", message("Writes the whole home into one file; observe may go on meanwhile."))
@click.argument("file", type=FILE)
def backup(shell: Shell, *, file: Path) -> Answer:
    """Write database, files and settings; read the file again before it counts."""
    if shell.settings.mode != "laptop":
        raise BadInputError(message("A hub is backed up with the tools of its database server."))
    _require_folder(file)
    with shell.database.write() as session:
        access.require(shell.actor, Action.HOME_BACKUP, HOME)
        audit.record(
            session,
            "home.backup",
            actor_id=shell.actor.user_id,
            thing_kind="home",
            thing_id=None,
        )
    beside = file.with_name(f".{file.name}.part")
    try:
        beside.touch(mode=0o600)  # all that is in the home is in it
        manifest, left_out = _write(shell, beside)
        _verify(beside)
        beside.replace(file)
        sync_folder(file.resolve().parent)
    except OSError as error:
        raise BadInputError(
            message("The backup cannot be written to %(file)s.", file=str(file))
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    told = _told(file, manifest)
    facts = dict(told.facts) | {"left_out": left_out}
    warnings = [*_warnings(left_out), *_key_warning(shell, manifest)]
    return replace(told, facts=facts, warnings=warnings)


def _key_warning(shell: Shell, manifest: Manifest) -> Iterator[Message]:
    if KEY_ID in manifest.settings:
        yield message(
            "What is sealed in this backup opens only with the key file %(file)s, which is not in "
            "it. Keep a copy of the key in another place.",
            file=str(shell.settings.key_path),
        )


def _warnings(left_out: Sequence[str]) -> Iterator[Message]:
    """Say what is not in the backup, and whether it can be had again."""
    away = [name for name in left_out if name.startswith(_INCOMING)]
    if away:
        yield message(
            "Left out: %(count)s videos that are still on a card or disk which is not there. "
            "Put it back, wait until they are copied, and make the backup again.",
            count=len(away),
        )
    if len(left_out) > len(away):
        yield message(
            "Left out: %(count)s files made from the videos, which are missing or damaged. "
            "They can be made again; run: observe doctor --files",
            count=len(left_out) - len(away),
        )


def _require_folder(file: Path) -> None:
    folder = file.absolute().parent
    if not folder.is_dir():
        raise BadInputError(
            message("There is no folder %(folder)s. Make it first.", folder=str(folder))
        )


def _told(file: Path, manifest: Manifest) -> Answer:
    facts = {
        "file": str(file),
        "files": len(manifest.members) - 1,
        "size_bytes": manifest.size_bytes,
        "schema": manifest.schema_revision,
        "made_at": manifest.made_at,
    }
    said = message(
        "%(file)s: the database and %(count)s files, read again and right.",
        file=str(file),
        count=len(manifest.members) - 1,
    )
    return Answer(facts, [said])


def _write(shell: Shell, target: Path) -> tuple[Manifest, list[str]]:
    """Write the archive from one state of the database; tell what was damaged and is left out.

    A job may hash an original meanwhile, which gives the file its lasting name; files may be sealed
    or deleted. So each gets a second name of ours at once, and is read under that. Where the disk
    knows no second names, a file that went leads to a newer state.

    Raises:
        BadInputError: what a person gave is damaged or missing, or, on such a disk, goes on being
            sealed.
    """
    other_form = False
    for _attempt in range(ATTEMPTS):
        with _folder(shell.store) as folder:
            copy, at = folder / DATABASE, now()
            _copy_database(shell.settings.database_path, copy)
            try:
                given, made = _files(copy, shell.store, folder)
                members = _members(shell.store, {DATABASE: copy} | given)
                remade, left_out = _whole(shell.store, made)
                sources = {DATABASE: copy} | given | made
                manifest = _manifest(shell.settings, members | remade, at)
                archive.write(target, manifest, sources)
                return manifest, left_out + _away(copy, shell.store)
            except FileNotFoundError as error:
                other_form = _changed_form(shell.store, error)
    if other_form:
        raise BadInputError(
            message(
                "Videos are being sealed or unsealed right now, so no backup was made. Wait until "
                "that has ended and make the backup again."
            )
        )
    raise BadInputError(
        message("Files are missing from this home, so no backup was made. Run: observe doctor")
    )


@contextmanager
def _folder(store: Store) -> Iterator[Path]:
    """Yield a folder where work lies: left by a kill, it goes as all that was left there."""
    folder = store.temporary()
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _held(store: Store, find: Callable[[], Path], folder: Path) -> tuple[Path, Path]:
    """Return where a file of the store lies, and a name in `folder` under which it stays.

    That takes a moment and no room. The second name is the first where the disk knows none (a pen
    drive's exFAT), and where the file is a person's own, on a card: she may change it.
    """
    lying = find()
    for _again in range(ATTEMPTS):
        if not lying.is_relative_to(store.root):
            break
        try:
            os.link(lying, folder / lying.name)
        except FileNotFoundError:  # sealed, named or deleted just now
            lying = find()
        except OSError:
            break
        else:
            return lying, folder / lying.name
    return lying, lying


def _members(store: Store, sources: dict[str, Path]) -> dict[str, Member]:
    for name, path in sources.items():
        if not _opens(store, name, path):
            raise archive.damaged_here(name)
    return {name: archive.member_of(path) for name, path in sources.items()}


def _whole(store: Store, made: dict[str, Path]) -> tuple[dict[str, Member], list[str]]:
    """Return the files that are what their names say, and the names of the others.

    What was made from a video can be made again: that must not keep the videos out of a backup.

    Raises:
        FileNotFoundError: one is there in its other form now.
    """
    found: dict[str, Member] = {}
    for name, path in made.items():
        try:
            member = archive.member_of(path)
            if archive.is_as_named(name, member) and _opens(store, name, path):
                found[name] = member
        except FileNotFoundError as error:
            if _changed_form(store, error):
                raise
        except OSError:  # on a part of the disk that is dying
            continue
    return found, [name for name in made if name not in found]


def _changed_form(store: Store, error: FileNotFoundError) -> bool:
    """Tell whether what was not found lies there all the same, sealed or unsealed meanwhile."""
    missed = Path(error.filename or "")
    try:
        return store.kept(missed.name.removesuffix(SEALED)).exists()
    except ValueError:  # no kept file
        return False


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def _files(copy: Path, store: Store, folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return the files that people gave and those made from them, by their names in the archive.

    They are `_held` in `folder`.
    """
    database = open_database(f"sqlite:///{copy}")
    try:
        with database.read() as session:
            given, incoming = _given(session, store)
            given |= _as_given(session)
            made = set(session.scalars(sa.select(DerivedFile.sha256))) - given
    finally:
        database.engine.dispose()
    arriving = {
        f"{_INCOMING}{name}": _held(store, partial(store.to_read, name), folder)[1]
        for name in sorted(incoming)
        if not _is_away(store, name)
    }
    return _blobs(store, given, folder) | arriving, _blobs(store, made, folder)


def _as_given(session: Session) -> set[str]:
    """Return which made files no program can make again, as what a person gave or looked at.

    Captions that she gave; a blurred clip, of which she signed exactly this file; the clips of a
    feedback, which are what the educator was shown; and sealed scans of papers, without their key.
    """
    captions = sa.select(DerivedFile.sha256).where(
        DerivedFile.kind == FileKind.CAPTIONS, DerivedFile.recipe.startswith(GIVEN, autoescape=True)
    )
    signed = sa.select(Blurring.made).where(Blurring.state == BlurState.CHECKED)
    shown = (
        sa.select(DerivedFile.sha256)
        .join(Focus, Focus.clip_id == DerivedFile.id)
        .join(Feedback, Feedback.id == Focus.feedback_id)
        .where(Feedback.state == FeedbackState.PUBLISHED)
    )
    papers = sa.select(ConsentPaper.sha256)
    found = session.scalars(captions.union(signed, shown, papers))
    return {sha256 for sha256 in found if sha256}


def _is_away(store: Store, name: str) -> bool:
    """Tell whether a file is still on a card or disk that is not there."""
    return store.is_borrowed(name) and not store.to_read(name).exists()


def _away(copy: Path, store: Store) -> list[str]:
    """Return the names in the archive that such files would have."""
    database = open_database(f"sqlite:///{copy}")
    try:
        with database.read() as session:
            _kept, incoming = _given(session, store)
    finally:
        database.engine.dispose()
    return [f"{_INCOMING}{name}" for name in sorted(incoming) if _is_away(store, name)]


def _blobs(store: Store, names: set[str], folder: Path) -> dict[str, Path]:
    found = [_held(store, partial(store.lying, sha256), folder) for sha256 in sorted(names)]
    return {f"store/blobs/{path.parent.name}/{path.name}": held for path, held in found}


def _opens(store: Store, name: str, path: Path) -> bool:
    """Tell whether a sealed file still opens to what its name says, whatever lies beside it.

    Where the key is not here nobody can tell: it goes along as it lies.

    Raises:
        FileNotFoundError: it was unsealed or deleted meanwhile.
    """
    if not name.endswith(SEALED):
        return True
    sha256 = name.rpartition("/")[2].removesuffix(SEALED)
    try:
        return sha256_of(store.sealed_at(path, sha256)) == sha256
    except UnsealError:
        return False
    except KeyMissingError:
        return True


def _given(session: Session, store: Store) -> tuple[set[str], set[str]]:
    """Return the kept and the incoming names of what people gave."""
    rows = [
        *session.execute(sa.select(Recording.sha256, Recording.incoming)),
        *session.execute(sa.select(RecordingPart.sha256, RecordingPart.incoming)),
    ]
    # Between naming and moving, a file is still where it came in.
    adopted = {row.sha256 for row in rows if row.sha256 and store.kept(row.sha256).exists()}
    moving = {row.incoming for row in rows if row.incoming and row.sha256 not in adopted}
    kept = {row.sha256 for row in rows if row.sha256 and row.incoming not in moving}
    unfinished = sa.select(Upload.id).where(Upload.recording_id.is_(None), Upload.offset > 0)
    return kept, moving | {upload_id.hex for upload_id in session.scalars(unfinished)}


def _manifest(settings: Settings, members: dict[str, Member], at: datetime) -> Manifest:
    return Manifest(
        program=__version__,
        schema_revision=schema.head(),
        made_at=at.isoformat(timespec="seconds"),
        settings={"mode": settings.mode, "locale": settings.locale} | _key_note(settings),
        members=members,
    )


def _key_note(settings: Settings) -> dict[str, str]:
    """Return by what the key is known that the sealed files need: never the key itself."""
    key_id = needed_key(settings)
    return {KEY_ID: key_id} if key_id else {}


def _verify(made: Path) -> None:
    """Read the whole archive again, so that it counts only when it can be read."""
    with archive.opened(made) as (manifest, opened):
        archive.unpack(manifest, opened, None)


# --- restore ------------------------------------------------------------------------------------


@verb(main, "restore", message("Brings a backup back into an empty home; proves all of it first."))
@click.argument("file", type=FILE)
def restore(shell: Shell, *, file: Path) -> Answer:
    """Unpack beside, prove, and only then put everything in its place."""
    _require_empty(shell.settings.home)
    try:
        manifest, again = _restored(file, shell.settings)
    except (OSError, sqlite3.OperationalError, sa.exc.OperationalError) as error:
        raise BadInputError(
            message(
                "The backup could not be brought back: reading it or writing into %(home)s failed. "
                "Check both disks and their free space. The backup was not changed; keep it.",
                home=shell.home,
            )
        ) from error
    said = message("Restored into %(home)s. Start it with: observe serve", home=shell.home)
    facts = dict(_told(file, manifest).facts) | {
        "home": shell.home,
        "deleted_again": [asdict(each) for each in again.done],
        "not_deleted_again": [asdict(each) for each in again.failed],
    }
    warnings = list(_what_came_back(manifest, again))
    if tombstones.is_away(shell.settings):
        warnings.insert(
            0,
            message(
                "The folder of the key is not there, so nothing could be deleted again that was "
                "deleted since this backup. Connect its drive, empty the home and restore again."
            ),
        )
    return Answer(facts, [said], warnings=warnings)


def _what_came_back(manifest: Manifest, again: Again) -> Iterator[Message]:
    """Say what was deleted since the backup was made, and what this computer cannot know."""
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
        day=manifest.made_at[:10],
    )


def _restored(file: Path, settings: Settings) -> tuple[Manifest, Again]:
    """Bring the backup back; what fails takes away a home that was made for it.

    In one that was there before, no note of a key stays: the home must be empty for another try.
    """
    home = settings.home
    made, noted = not home.exists(), needed_key(settings) is not None
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=home) as folder:
            manifest = _prove(file, Path(folder))
            _renew(Path(folder, DATABASE))
            need_key(settings, manifest.settings.get(KEY_ID, ""))
            again = _delete_again(Path(folder), settings)
            _place(Path(folder), settings)
    except BaseException:
        if made:
            shutil.rmtree(home)
        elif not noted and not settings.database_path.exists():
            need_no_key(settings)
        raise
    return manifest, again


def _delete_again(folder: Path, settings: Settings) -> Again:
    """Delete what was deleted after the backup was made, as far as this computer knows."""
    path = folder / DATABASE
    database = open_database(f"sqlite:///{path}")
    try:
        return delete_again(database, Store(folder / "store"), tombstones.known(settings))
    finally:
        database.engine.dispose()
        _in_one_file(path)


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
