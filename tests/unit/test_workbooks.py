"""Tables in workbooks: what is read, and what is refused before it is opened."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from observe import xlsx
from observe.errors import InvalidError
from observe.people import workbooks

SHEET = "xl/worksheets/sheet1.xml"


def changed(content: bytes, part: str, text: bytes) -> bytes:
    """Return the workbook with another text for one of its parts."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, text if name == part else old.read(name))
    return made.getvalue()


@pytest.fixture
def table() -> bytes:
    return workbooks.write(["id", "name"], [["A", "=1+1"], ["B", "Ana O'Higgins"]])


def test_what_was_written_is_read(table: bytes) -> None:
    assert workbooks.rows_of(table) == [["id", "name"], ["A", "=1+1"], ["B", "Ana O'Higgins"]]


@pytest.mark.parametrize("before", ["", f"<!--{'x' * 5_000}-->"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_declared_entities_are_refused_wherever_they_stand(
    table: bytes, before: str, encoding: str
) -> None:
    with zipfile.ZipFile(BytesIO(table)) as packed:
        sheet = packed.read(SHEET).decode()
    body = sheet[sheet.index("<worksheet") :].replace("O'Higgins", "&a;")
    head = f'<?xml version="1.0" encoding="{encoding}"?>{before}<!DOCTYPE a [<!ENTITY a "x">]>'
    hostile = changed(table, SHEET, (head + body).encode(encoding))
    with pytest.raises(InvalidError):
        workbooks.rows_of(hostile)


def test_what_becomes_too_large_is_refused_unopened(table: bytes) -> None:
    with pytest.raises(xlsx.TooLargeError):
        xlsx.unpacked(table, largest=1_000)
    with pytest.raises(InvalidError):
        workbooks.rows_of(changed(table, SHEET, b" " * (workbooks.LARGEST_UNPACKED + 1)))
