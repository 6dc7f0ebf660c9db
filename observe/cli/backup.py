"""`observe backup`: a whole home in one file, while observe goes on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import __version__, copying, schema
from observe.cli import archive
from observe.cli.archive import DATABASE, Manifest, Member
from observe.cli.files import FILE
from observe.cli.program import main
from observe.cli.shell import Answer, Shell, verb
from observe.db import now, open_database
from observe.errors import BadInputError
from observe.feedback.models import Feedback, FeedbackState, Focus
from observe.people import access, audit
from observe.people.access import HOME, Action
from observe.privacy.models import ConsentPaper
from observe.settings import Settings
from observe.text import Message, message
from observe.vault import KeyMissingError, UnsealError, needed_key
from observe.video.captions import GIVEN
from observe.video.disk import sync_folder
from observe.video.hashing import sha256_of
from observe.video.models import (
    Blurring,
    BlurState,
    DerivedFile,
    FileKind,
    Recording,
    RecordingPart,
    Upload,
)
from observe.video.store import SEALED, Store

_INCOMING: Final = "store/incoming/"
ATTEMPTS: Final = 5
KEY_ID: Final = "vault_key_id"


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
    copying.clear_left(shell.settings.home)
    try:
        with copying.file_beside(shell.settings.home, file) as beside:
            manifest, left_out = _write(shell, beside)
            _verify(beside)
            beside.replace(file)
            sync_folder(file.resolve().parent)
    except OSError as error:
        raise BadInputError(
            message("The backup cannot be written to %(file)s.", file=str(file))
        ) from error
    told = told_of(file, manifest)
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


def told_of(file: Path, manifest: Manifest) -> Answer:
    """Return what is told of a backup, of whichever way it goes."""
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
        with copying.folder_in(shell.settings.home) as folder:
            copy, at = folder / DATABASE, now()
            _copy_database(shell.settings.database_path, copy)
            try:
                given, made = _files(copy, shell.store, folder)
                away = _away(copy, shell.store)
                members = _members(shell.store, {DATABASE: copy} | given)
                remade, left_out = _whole(shell.store, made)
                sources = {DATABASE: copy} | given | made
                manifest = _manifest(shell.settings, members | remade, at)
                archive.write(target, manifest, sources)
                return manifest, left_out + away
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
    target.touch(mode=0o600)
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
