"""The store: every file the home keeps, addressed by its content, safe on disk before it counts.

    blobs/ab/<sha256>          what is kept, never changed
    blobs/ab/<sha256>.sealed   the same, sealed; both forms may lie side by side for a moment
    incoming/<name>            originals not hashed yet, uploads on their way in
    work/                      what the worker is making; anything here may go when no worker runs
    outgoing/                  what was made for a person to take away; a day old, it goes

Only this module builds paths in the store, and it proves that they stay inside. Who reads a kept
file gets a `KeptFile`, which gives its plain content either way; a program that needs a path gets
one from a `Desk`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from observe.errors import BadInputError, NotFoundError
from observe.ids import new_id
from observe.settings import Settings
from observe.text import message
from observe.vault import KeyMissingError, Vault, open_vault
from observe.video import disk, sealed
from observe.video.disk import cloned, flushed, place, sync, sync_folder
from observe.video.hashing import CHUNK_BYTES, Hashing, require, sha256_of
from observe.video.kept import Form, KeptFile, Sealing
from observe.video.sealed import Tick

SPARE_BYTES: Final = 512 * 1024**2  # left free when a file is copied in: the database needs room
UNFINISHED: Final = ".part"  # a file that is still being copied in
BORROWED: Final = ".from"  # says where a file is read until it has been copied in
SEALED: Final = ".sealed"  # the sealed form of a kept file
BORROWED_ABOVE: Final = 64 * 1024**2  # a smaller one is copied while she waits
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}(\.[a-z0-9]{1,8})?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PLACING = "placing-"
_SIDE = re.compile(r"side-(?P<owner>[0-9a-f]{32})\.[a-z0-9]{1,8}", re.ASCII)


@dataclass(frozen=True)
class Blob:
    """A kept file: the hash that names it, and its size."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class StoredFile:
    """A file found in one of the store's folders; `given` is when its name was made, UTC.

    `changed` is when the system last wrote, linked or renamed it: copying takes long after `given`.
    A kept file has its hash as its name in either form.
    """

    name: str
    size_bytes: int
    changed: datetime
    is_sealed: bool = False

    @property
    def given(self) -> datetime | None:
        """When we gave this name (not when the file was changed: it may be the user's own)."""
        try:
            made_ms = UUID(self.name.split(".")[0]).int >> 80
            return datetime.fromtimestamp(made_ms / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return None


@dataclass(frozen=True)
class _Borrowed:
    """A user's file that is read where it lies, and how it looked when it was given."""

    path: Path
    size_bytes: int
    mtime_ns: int

    @property
    def unchanged(self) -> bool:
        """Whether the very file that was given is still there."""
        try:
            about = self.path.stat()
        except OSError:  # a card that was pulled out may answer in many ways
            return False
        return (about.st_size, about.st_mtime_ns) == (self.size_bytes, self.mtime_ns)


def _no_vault() -> Vault:
    raise KeyMissingError(message("No key is known here, so what was sealed cannot be opened."))


@dataclass(frozen=True)
class Store:
    """The files of one home, under `root`.

    `seals`: whether what is kept from now on is sealed. What lies there is read in either form.
    """

    root: Path
    vault: Callable[[], Vault] = _no_vault
    seals: bool = False

    def __post_init__(self) -> None:
        for folder in ("blobs", "incoming", "work", "outgoing"):
            (self.root / folder).mkdir(mode=0o700, parents=True, exist_ok=True)

    # --- paths ------------------------------------------------------------------------------

    def blob(self, sha256: str) -> Path:
        """Return where the file with this content is when it is not sealed; see `kept`.

        Raises:
            ValueError: this is no sha256.
        """
        if not _SHA256.fullmatch(sha256):
            raise ValueError("not a sha256")
        return self._inside("blobs", sha256[:2], sha256)

    def kept(self, sha256: str) -> KeptFile:
        """Return the file with this content, which may be plain, sealed or not there.

        Raises:
            ValueError: this is no sha256.
        """
        return KeptFile(self.blob(sha256), self.sealing(sha256))

    def lying(self, sha256: str) -> Path:
        """Return where the file with this content really lies, in whichever form; as `kept`."""
        plain, sealed_form = self.blob(sha256), self.sealing(sha256).path
        return sealed_form if not plain.exists() and sealed_form.exists() else plain

    def form(self, file: StoredFile) -> Form:
        """Return one of the forms that `blobs` found; raises as `kept`."""
        return self.sealing(file.name) if file.is_sealed else KeptFile(self.blob(file.name))

    def sealing(self, sha256: str) -> Sealing:
        """Return the sealed form of this file, wherever it is or would be; raises as `kept`."""
        path = self._inside("blobs", sha256[:2], self.blob(sha256).name + SEALED)
        return self.sealed_at(path, sha256)

    def sealed_at(self, path: Path, sha256: str) -> Sealing:
        """Return the sealed form of this file that lies at `path`, which another may have made."""
        return Sealing(path, f"film {sha256}", self.vault)

    def incoming(self, name: str) -> Path:
        """Return where the incoming file `name` is, or would be.

        Raises:
            ValueError: `name` is not one that this program gives.
        """
        return self._inside("incoming", _checked(name))

    def temporary(self, suffix: str = "") -> Path:
        """Return a new unique path to make something at; `suffix` like `.mp4`."""
        return self._inside("work", _checked(new_id().hex + suffix))

    def side(self, owner: UUID, kind: str) -> Path:
        """Return where a file lies that one step of work on `owner` leaves for a later step."""
        return self._inside("work", _checked(f"side-{owner.hex}.{kind}"))

    def outgoing(self, owner: UUID, kind: str) -> Path:
        """Return where what was made for `owner` to be taken away is, or would be."""
        return self._inside("outgoing", _checked(f"{owner.hex}.{kind}"))

    def outgoing_since(self, owner: UUID, kind: str, since: datetime) -> Path | None:
        """Return what was made for `owner` since a moment; None: older, or not there."""
        path = self.outgoing(owner, kind)
        with suppress(FileNotFoundError):
            if datetime.fromtimestamp(path.lstat().st_ctime, UTC) >= since:
                return path
        return None

    def outgoings(self) -> Iterator[StoredFile]:
        """Yield every file that waits to be taken away."""
        yield from _files(self.root / "outgoing")

    def _inside(self, *parts: str) -> Path:
        path = self.root.joinpath(*parts)
        if path.is_symlink() or path.parent.resolve() != self.root.resolve().joinpath(*parts[:-1]):
            raise ValueError("a path that leaves the store")
        return path

    # --- files coming in --------------------------------------------------------------------

    def take(self, source: Path, name: str) -> int:
        """Keep the user's file `source` as incoming `name`; return its size in bytes.

        Its blocks are shared where the file system can do that, and a small one is copied: what the
        user later does to her file never reaches ours, nor the other way round. A large one is only
        read where it lies until `bring_in` has copied it.

        Raises:
            BadInputError: it is no file that can be read, or the disk has no room for it.
        """
        source = source.resolve()
        size = _readable_size(source)
        made = self.incoming(f"{name}{UNFINISHED}")
        try:
            if cloned(source, made):
                self._place_incoming(made, name)
            elif size > BORROWED_ABOVE:
                self.make_sure_of_room(size)
                about = {"path": str(source), "size": size, "mtime_ns": source.stat().st_mtime_ns}
                with made.open("x", encoding="utf-8") as file:
                    json.dump(about, file)
                    file.flush()
                    sync(file.fileno())
                self._place_incoming(made, f"{name}{BORROWED}")
            else:
                self._copy(source, made, size)
                self._place_incoming(made, name)
        except PermissionError as error:
            raise _unreadable() from error
        finally:
            made.unlink(missing_ok=True)
        return size

    def _place_incoming(self, made: Path, name: str) -> None:
        made.replace(self.incoming(name))
        sync_folder(made.parent)

    def arriving(self, name: str) -> KeptFile:
        """Return the incoming file `name`, which is never sealed; see `to_read`."""
        return KeptFile(self.to_read(name))

    def to_read(self, name: str) -> Path:
        """Return where the incoming file `name` can be read: here, or still where it was given."""
        own = self.incoming(name)
        borrowed = None if own.exists() else self._borrowed(name)
        return borrowed.path if borrowed is not None and borrowed.unchanged else own

    def is_borrowed(self, name: str) -> bool:
        """Tell whether the incoming file `name` still lies where it was given."""
        return not self.incoming(name).exists() and self._borrowed(name) is not None

    def _borrowed(self, name: str) -> _Borrowed | None:
        try:
            told = json.loads(self.incoming(f"{name}{BORROWED}").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return _Borrowed(Path(told["path"]), told["size"], told["mtime_ns"])

    def bring_in(self, name: str) -> None:
        """Copy the incoming file `name` into the store, where it is still only borrowed.

        Raises:
            NotFoundError: it was taken away or changed before it could be copied.
            BadInputError: the disk has no room for it.
        """
        borrowed = None if self.incoming(name).exists() else self._borrowed(name)
        if borrowed is not None:
            made = self.incoming(f"{name}{UNFINISHED}")
            made.unlink(missing_ok=True)  # of a killed worker
            try:
                if borrowed.unchanged:
                    self._copy(borrowed.path, made, borrowed.size_bytes)
                if not borrowed.unchanged:  # asked again: it may have changed under the copying
                    raise _taken_away()
                self._place_incoming(made, name)
            finally:
                made.unlink(missing_ok=True)
        self.incoming(f"{name}{BORROWED}").unlink(missing_ok=True)

    def _copy(self, source: Path, target: Path, size: int) -> None:
        self.make_sure_of_room(size)
        with source.open("rb") as given, target.open("xb") as kept:
            shutil.copyfileobj(given, kept, CHUNK_BYTES)
            sync(kept.fileno())

    def append(self, name: str, offset: int, chunk: bytes) -> None:
        """Write `chunk` at `offset` of the incoming file `name`; on return it is on disk.

        Raises:
            NotFoundError: what came before is not there (any more).
        """
        path = self.incoming(name)
        if offset > _size(path):
            raise NotFoundError(message("The file of this video is gone. Add the video again."))
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0) as file:
            file.truncate(offset)  # what a killed request left after the last safe byte
            file.seek(offset)
            view = memoryview(chunk)
            while view:
                view = view[file.write(view) :]
            sync(file.fileno())
        if offset == 0:
            sync_folder(path.parent)

    def delete_incoming(self, name: str) -> None:
        """Remove the incoming file `name`, if it is there; a borrowed one stays where it is."""
        self.incoming(name).unlink(missing_ok=True)
        if not name.endswith((BORROWED, UNFINISHED)):
            self.incoming(f"{name}{BORROWED}").unlink(missing_ok=True)

    # --- files kept -------------------------------------------------------------------------

    def adopt(self, name: str, sha256: str, tick: Tick | None = None) -> None:
        """Give the incoming file `name` its lasting place; doing it again changes nothing.

        Call `settle` once the database was asked whether it may be there.

        The incoming name stays until `delete_incoming`, so that whoever reads it may go on.

        Raises:
            FileNotFoundError: there is neither the incoming file nor the blob.
            BadInputError: it is to be sealed, and the disk has no room for it.
            DamagedError: it is to be sealed, and is not what this hash says.
            KeyMissingError: it is to be sealed, and the key is gone.
        """
        if not self.kept(sha256).exists():
            self._lay(self.incoming(name), sha256, tick)

    def put(self, made: Path, tick: Tick | None = None) -> Blob:
        """Keep the finished temporary file `made`; call `settle` once the database knows of it.

        It takes the place of a blob that was cut short.

        Raises:
            ValueError: `made` is not one of this store's temporary files.
            BadInputError, DamagedError, KeyMissingError: as `adopt`.
        """
        path = self._inside("work", _checked(made.name))
        if path != made:
            raise ValueError("not a temporary file of this store")
        with path.open("rb") as file:
            sync(file.fileno())
        blob = Blob(sha256_of(path), path.stat().st_size)
        kept = self.kept(blob.sha256)
        if kept.exists() and kept.size() != blob.size_bytes:
            self.delete_blob(blob.sha256)
        if not kept.exists():
            self._lay(path, blob.sha256, tick)
        path.unlink(missing_ok=True)
        return blob

    def _lay(self, source: Path, sha256: str, tick: Tick | None) -> None:
        """Put the content of `source` in its lasting place, in the form that this home wants."""
        if self.seals:
            self.lay_sealed(sha256, source, tick)
        else:
            self.doom(sha256)
            place(source, self.blob(sha256))

    def lay_sealed(self, sha256: str, source: Path, tick: Tick | None = None) -> None:
        """Put the sealed form of `source` in its place, whole or not at all; `source` stays.

        What is sealed is hashed once more: the plain form goes afterwards. From just before it is
        there the sweep asks whether it may be, whoever deleted it meanwhile, until `settle`. `tick`
        is called on the way and may end it: sealing a film takes minutes.

        Raises:
            FileNotFoundError, BadInputError, DamagedError, KeyMissingError: as `adopt`.
        """
        form, size = self.sealing(sha256), source.stat().st_size
        with self._made(size, SEALED) as made, source.open("rb") as plain:
            hashing = Hashing(plain)
            with made.open("xb") as target:
                sealed.write(hashing, size, target, self.vault().own_key(form.purpose), tick)
                flushed(target)
            require(hashing, sha256)
            self.doom(sha256)
            disk.replace(made, form.path)

    def lay_plain(self, sha256: str) -> None:
        """Put the plain form of a sealed file in its place, whole or not at all; both are there.

        Call `settle` as after `lay_sealed`.

        Raises:
            FileNotFoundError: it is not there. UnsealError, DamagedError: it is damaged.
            BadInputError: the disk has no room for it. KeyMissingError: the key is gone.
        """
        form = self.sealing(sha256)
        with form.open() as content, self._made(form.size(), "") as made:
            hashing = Hashing(content)
            with made.open("xb") as target:
                shutil.copyfileobj(hashing, target, CHUNK_BYTES)
                flushed(target)
            require(hashing, sha256)
            self.doom(sha256)
            disk.replace(made, self.blob(sha256))

    @contextmanager
    def _made(self, size_bytes: int, suffix: str) -> Iterator[Path]:
        """Give a temporary path for a file of this size; what is left there at the end goes."""
        self.make_sure_of_room(size_bytes)
        made = self.temporary(suffix)
        try:
            yield made
        finally:
            made.unlink(missing_ok=True)

    def drop_plain(self, sha256: str) -> None:
        """Remove the plain form of a file whose sealed form is there."""
        if self.sealing(sha256).path.exists():
            self.blob(sha256).unlink(missing_ok=True)

    def drop_sealed(self, sha256: str) -> None:
        """Remove the sealed form of a file whose plain form is there."""
        if self.blob(sha256).exists():
            self.sealing(sha256).path.unlink(missing_ok=True)

    def put_aside(self, made: Path, side: Path) -> None:
        """Give the finished temporary file `made` its name, whole or not at all."""
        with made.open("rb") as file:
            sync(file.fileno())
        made.replace(side)
        sync_folder(side.parent)

    def settle(self, sha256: str) -> None:
        """Say that the database knows of this blob: it is no longer in flight."""
        self._placing(sha256).unlink(missing_ok=True)

    def _placing(self, sha256: str) -> Path:
        return self._inside("work", _PLACING + self.blob(sha256).name)

    def doom(self, sha256: str) -> None:
        """Say that this blob is about to come or go: after a kill the sweep asks which is right.

        `settle` takes it back.
        """
        self._placing(sha256).touch()
        sync_folder(self.root / "work")

    def delete_blob(self, sha256: str) -> None:
        """Remove the file with this content in both its forms, if it is there."""
        self.blob(sha256).unlink(missing_ok=True)
        self.sealing(sha256).path.unlink(missing_ok=True)

    # --- looking after it -------------------------------------------------------------------

    def make_sure_of_room(self, size_bytes: int) -> None:
        """Return when a file of this size can be written.

        Raises:
            BadInputError: the disk is too full.
        """
        if size_bytes + SPARE_BYTES > self.free_bytes():
            raise BadInputError(
                message("There is not enough free disk space for this video. Free some and retry.")
            )

    def free_bytes(self) -> int:
        """Return how much room the disk has."""
        return shutil.disk_usage(self.root).free

    def blobs(self) -> Iterator[StoredFile]:
        """Yield every kept file; one with a name that is no sha256 comes under that name.

        One that is there in both its forms comes twice.
        """
        for folder in sorted((self.root / "blobs").iterdir()):
            if folder.is_dir():
                yield from (_as_kept(file) for file in _files(folder))

    def incomings(self) -> Iterator[StoredFile]:
        """Yield every incoming file."""
        yield from _files(self.root / "incoming")

    def leftovers(self) -> Iterator[StoredFile]:
        """Yield what lies in the work folder."""
        yield from _files(self.root / "work")

    def clear_outgoing(self, before: datetime) -> None:
        """Remove what was made to be taken away before this moment; as `clear_work` on Windows."""
        for file in self.outgoings():
            if file.changed < before:
                with suppress(PermissionError):
                    self._inside("outgoing", file.name).unlink(missing_ok=True)

    def in_flight(self) -> list[str]:
        """Return the hashes of blobs that were put but not settled: a worker was killed there."""
        names = (file.name for file in self.leftovers())
        found = (name.removeprefix(_PLACING) for name in names if name.startswith(_PLACING))
        return [sha256 for sha256 in found if _SHA256.fullmatch(sha256)]

    def sides(self) -> list[StoredFile]:
        """Return the side files that lie in the work folder."""
        return [file for file in self.leftovers() if _SIDE.fullmatch(file.name)]

    def side_owner(self, name: str) -> UUID | None:
        """Return on whose work the side file `name` is."""
        found = _SIDE.fullmatch(name)
        return UUID(found["owner"]) if found else None

    def drop_sides(self, owner: UUID) -> None:
        """Remove the side files of work on `owner`: it has ended."""
        for file in self.sides():
            if self.side_owner(file.name) == owner:
                self._inside("work", file.name).unlink(missing_ok=True)

    def clear_work(self, *, keep: Container[str] = ()) -> None:
        """Empty the work folder but for the names in `keep`. Only while no worker runs.

        What a program that outlived its worker still holds open stays, on Windows, until next time.
        """
        for path in (self.root / "work").iterdir():
            if path.name not in keep:
                with suppress(PermissionError):
                    _remove(path)

    def left_since(self, before: datetime) -> list[StoredFile]:
        """Return the temporary files that nobody has begun or written to since this moment."""
        found = ((file, file.given) for file in self.leftovers())
        return [
            file for file, given in found if given is not None and max(given, file.changed) < before
        ]

    def clear_left(self, before: datetime) -> None:
        """Remove these files, also while a worker runs; as `clear_work` on Windows."""
        for file in self.left_since(before):
            with suppress(PermissionError):
                _remove(self._inside("work", file.name))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("not a name that the store gives")
    return name


def _files(folder: Path) -> Iterator[StoredFile]:
    for path in sorted(folder.iterdir()):
        with suppress(FileNotFoundError):  # it may go while we look
            found = path.lstat()
            yield StoredFile(path.name, found.st_size, datetime.fromtimestamp(found.st_ctime, UTC))


def _as_kept(file: StoredFile) -> StoredFile:
    name = file.name.removesuffix(SEALED)
    is_sealed = name != file.name and _SHA256.fullmatch(name) is not None
    return replace(file, name=name, is_sealed=True) if is_sealed else file


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _readable_size(source: Path) -> int:
    try:
        found = source.stat()
    except OSError as error:
        raise _unreadable() from error
    if not stat.S_ISREG(found.st_mode) or not os.access(source, os.R_OK):
        raise _unreadable()
    return found.st_size


def _taken_away() -> NotFoundError:
    return NotFoundError(
        message(
            "The file of this video was taken away or changed before it could be copied. Put its "
            "card or disk back and try again, or add the video again."
        )
    )


def _unreadable() -> BadInputError:
    return BadInputError(
        message("There is no such file, or it cannot be read. Check its name and try again.")
    )


def open_store(settings: Settings) -> Store:
    """Return the files of this home; its key is asked for when something is sealed or opened."""
    return Store(settings.store_path, partial(open_vault, settings), settings.seal_films)
