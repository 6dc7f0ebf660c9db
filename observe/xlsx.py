"""A workbook of Excel or LibreOffice (.xlsx) before it is opened.

Files come from people and from other homes, so they are read as hostile. A workbook is a zip of
XML, and openpyxl has no limit of its own: how large it becomes is looked at first, and that no part
declares entities (openpyxl reads sheets with a parser that follows them, whatever else is
installed).
"""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from typing import Final, NoReturn
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from openpyxl.utils.exceptions import InvalidFileException

MOST_PARTS: Final = 300
MOST_COLUMNS: Final = 100
OLD: Final = b"\xd0\xcf\x11\xe0"  # before 2007; since then, with a password
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06")
# What zipfile and openpyxl raise for files that are broken or made up.
BROKEN: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    InvalidFileException,
    LookupError,
    NotImplementedError,
    OSError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class TooLargeError(zipfile.BadZipFile):
    """It has more parts, or becomes larger, than anything that people keep in it."""


def is_workbook(file: bytes) -> bool:
    """Tell whether a file is a workbook, or looks like one; if not, it may be text."""
    return file.startswith((*_ZIPS, OLD))


def unpacked(file: bytes, *, largest: int) -> zipfile.ZipFile:
    """Return the file as a zip whose parts are not more than `largest` bytes together.

    Raises:
        TooLargeError: they are, or there are too many.
        zipfile.BadZipFile: it is none, or packed in a way that takes memory as it likes.
    """
    packed = zipfile.ZipFile(BytesIO(file))
    parts = packed.infolist()
    if len(parts) > MOST_PARTS or sum(each.file_size for each in parts) > largest:
        raise TooLargeError
    if any(each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for each in parts):
        raise zipfile.BadZipFile
    return packed


def parser() -> expat.XMLParserType:
    """Return a parser that raises `zipfile.BadZipFile` where a part declares entities."""
    made = expat.ParserCreate(namespace_separator=" ")
    made.StartDoctypeDeclHandler = _refuse
    return made


def _refuse(*_declared: object) -> NoReturn:
    raise zipfile.BadZipFile  # no program that keeps workbooks declares entities
