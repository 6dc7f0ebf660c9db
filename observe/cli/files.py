"""Files named on the command line: read and written with a sentence when that cannot be done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

import click

from observe.errors import BadInputError
from observe.text import message

FILE: Final = click.Path(path_type=Path)
LARGEST_TEXT: Final = 64 * 1024**2  # bytes: the Ministry's whole directory is 6 MB


def read_bytes(path: Path) -> bytes:
    """Return what is in the file.

    Raises:
        BadInputError: there is none, it cannot be read, or it is far too large for a list.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_TEXT + 1)
        if len(content) > LARGEST_TEXT:
            raise BadInputError(message("The file %(path)s is too large.", path=str(path)))
        return content
    except OSError as error:
        raise BadInputError(
            message("The file %(path)s cannot be read. Check its name.", path=str(path))
        ) from error


def read_text(path: Path) -> str:
    """Return the text in the file: UTF-8, or Latin 1 as older spreadsheets write it."""
    return text_in(read_bytes(path))


def text_in(given: bytes) -> str:
    """Return what was read as text: UTF-8, or Latin 1 as older spreadsheets write it."""
    try:
        return given.decode("utf-8-sig")
    except UnicodeDecodeError:
        return given.decode("latin-1")


def write_bytes(path: Path, content: bytes) -> None:
    """Write the file at once or not at all, over an older one.

    Raises:
        BadInputError: the folder is not there or cannot be written to.
    """
    with _placed(path) as beside:
        beside.write_bytes(content)


def copy_file(source: Path, path: Path) -> None:
    """Copy a file there at once or not at all, over an older one.

    Raises:
        BadInputError: the folder is not there or cannot be written to, or there is no room.
    """
    with _placed(path) as beside:
        shutil.copyfile(source, beside)


@contextmanager
def _placed(path: Path) -> Iterator[Path]:
    """Yield a file beside `path` that takes its place when it is written, and else goes."""
    beside = path.with_name(f".{path.name}.part")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        raise BadInputError(
            message("The file %(path)s cannot be written there.", path=str(path))
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_new(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file that is not there yet; over one that is only by `force`.

    Raises:
        BadInputError: it is there already, or it cannot be written there.
    """
    if not force:
        require_free(path)
    write_bytes(path, content)


def require_free(*paths: Path) -> None:
    """Return when none of the files is there.

    Raises:
        BadInputError: one of them is.
    """
    for path in paths:
        if path.exists() or path.is_symlink():
            raise BadInputError(
                message(
                    "The file %(path)s is there already. Choose another name, or write over it "
                    "with --force.",
                    path=str(path),
                )
            )


def settle(file: IO[bytes]) -> None:
    """Return when what was written to the open `file` is on disk."""
    file.flush()
    os.fsync(file.fileno())
