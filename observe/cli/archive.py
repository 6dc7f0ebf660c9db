"""The file that `observe backup` writes and `observe restore` reads: a plain tar.

    manifest.json       first: format, versions, and every other member with its size and sha256
    observe.sqlite      a consistent copy of the database
    store/blobs/…       the files that it names, sealed ones as they lie there: without the key
    store/incoming/…

An archive is hostile until it has been proved otherwise: names, kinds, sizes and hashes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from observe.cli.files import settle
from observe.errors import BadInputError
from observe.text import message
from observe.video.hashing import CHUNK_BYTES
from observe.video.store import SEALED

DATABASE: Final = "observe.sqlite"
MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 64 * 1024**2
_BLOBS: Final = "store/blobs/"
_FILE = re.compile(
    r"store/(blobs/(?P<two>[0-9a-f]{2})/(?P=two)[0-9a-f]{62}(\.sealed)?|incoming/[0-9a-z][0-9a-z-]{0,72})",
    re.ASCII,
)


class Member(BaseModel):
    """A file in the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What the archive says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["observe-backup-1"] = "observe-backup-1"
    program: str
    schema_revision: str
    made_at: str
    settings: dict[str, str]
    members: dict[str, Member]

    @property
    def size_bytes(self) -> int:
        """How much the restored home needs."""
        return sum(member.size for member in self.members.values())


def write(target: Path, manifest: Manifest, sources: Mapping[str, Path]) -> None:
    """Write the archive, on disk on return; each file must still be what the manifest says.

    Raises:
        FileNotFoundError: a file went meanwhile.
        BadInputError: a file changed meanwhile, or is not what its name in the store says.
    """
    for name, member in manifest.members.items():
        if not is_as_named(name, member):
            raise damaged_here(name)
    with target.open("wb") as made:
        with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _fill(archive, manifest, sources)
        settle(made)


def _fill(archive: tarfile.TarFile, manifest: Manifest, sources: Mapping[str, Path]) -> None:
    told = manifest.model_dump_json(indent=1).encode()
    archive.addfile(_info(MANIFEST, len(told)), io.BytesIO(told))
    for name, member in manifest.members.items():
        with sources[name].open("rb") as file:
            reading = _Counted(file)
            archive.addfile(_info(name, member.size), reading)
        if reading.found() != member:
            raise BadInputError(
                message("The file %(name)s changed while it was copied. Try again.", name=name)
            )


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def member_of(path: Path) -> Member:
    """Return size and hash of a file."""
    with path.open("rb") as file:
        reading = _Counted(file)
        while reading.read(CHUNK_BYTES):
            pass
    return reading.found()


class _Counted(io.RawIOBase):
    """A file that remembers what was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        chunk = self._file.read(size)
        self._digest.update(chunk)
        self._size += len(chunk)
        return chunk

    def found(self) -> Member:
        """Return what was read."""
        return Member(size=self._size, sha256=self._digest.hexdigest())


@contextmanager
def opened(source: Path) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    """Open an archive for reading and prove what it says of itself.

    What fails while the archive is used (a full disk, say) is no fault of the archive, and goes on
    to the caller as it is.

    Raises:
        BadInputError: there is none, it is no backup, or one that names what no backup holds.
    """
    with _archive_in(source) as archive:
        try:
            manifest = _manifest(archive)
        except (tarfile.TarError, OSError, EOFError) as error:
            raise _no_backup() from error
        try:
            yield manifest, archive
        except (tarfile.TarError, EOFError) as error:
            raise _damaged() from error


def _archive_in(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, "r:")
    except FileNotFoundError as error:
        raise BadInputError(
            message("There is no file %(path)s. Check its name.", path=str(source))
        ) from error
    except PermissionError as error:
        raise BadInputError(
            message("The file %(path)s cannot be read. Check its name.", path=str(source))
        ) from error
    except (tarfile.TarError, OSError, EOFError) as error:
        raise _no_backup() from error


def _manifest(archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg():
        raise _no_backup()
    if first.size > LARGEST_MANIFEST or (file := archive.extractfile(first)) is None:
        raise _no_backup()
    try:
        manifest = Manifest.model_validate(json.loads(file.read()))
    except (ValidationError, ValueError) as error:
        raise _no_backup() from error
    if DATABASE not in manifest.members or not all(map(_is_ours, manifest.members)):
        raise _no_backup()
    if not all(is_as_named(name, member) for name, member in manifest.members.items()):
        raise _damaged()
    return manifest


def _is_ours(name: str) -> bool:
    return name == DATABASE or _FILE.fullmatch(name) is not None


def is_as_named(name: str, member: Member) -> bool:
    """Tell whether a file of the store that is named by its content has that content.

    Of a sealed one only its key tells: it does not open when it is not what its name says.
    """
    named_so = name.startswith(_BLOBS) and not name.endswith(SEALED)
    return not named_so or member.sha256 == name[-64:]


def unpack(manifest: Manifest, archive: tarfile.TarFile, folder: Path | None) -> None:
    """Prove every member and write it below the empty `folder`; without one, only prove.

    Raises:
        BadInputError: a member is missing, unknown, repeated, no plain file, or not what is told.
    """
    missing = dict(manifest.members)
    while (info := archive.next()) is not None:
        member = missing.pop(info.name, None)
        if member is None or not info.isreg() or info.size != member.size:
            raise _damaged()
        _unpack_one(archive, info, folder and folder / info.name, member)
    if missing:
        raise _damaged()


def _unpack_one(
    archive: tarfile.TarFile, info: tarfile.TarInfo, target: Path | None, member: Member
) -> None:
    file = archive.extractfile(info)
    if file is None:
        raise _damaged()
    reading = _Counted(file)
    with _made(target) as made:
        while chunk := reading.read(CHUNK_BYTES):
            made.write(chunk)
        if target is not None:
            settle(made)
    if reading.found() != member:
        raise _damaged()


def _made(target: Path | None) -> IO[bytes]:
    if target is None:
        return Path(os.devnull).open("wb")
    _make_folder(target.parent)
    target.touch(mode=0o600, exist_ok=False)
    return target.open("wb")


def _make_folder(folder: Path) -> None:
    """Make a folder, and those above that are missing, for its owner alone."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700)


def damaged_here(name: str) -> BadInputError:
    """Return the refusal to back up a home in which this file is damaged."""
    return BadInputError(
        message(
            "The file %(name)s is damaged, so no backup was made. Run: observe doctor --files",
            name=name,
        )
    )


def _no_backup() -> BadInputError:
    return BadInputError(message("This file is no backup of observe, or it is damaged."))


def _damaged() -> BadInputError:
    return BadInputError(
        message("This backup is damaged or was changed; nothing was restored. Use another one.")
    )
