"""Taking schools from a table: all of it or nothing, with every problem told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.ids import new_id
from observe.people.access import HOME, Action, Actor, require
from observe.people.imports import Change, ChangeKind, Imported, imported, record_import
from observe.people.models import School
from observe.people.sheets import Sheet, need_columns, read_sheet, refused
from observe.text import Message, message

RBD = re.compile(r"(\d{1,5})-([\dK])", re.ASCII)
# Letters of names in old code pages that were read as another: «O¦HIGGINS», «SE¥ORA», «PeÃ±a».
_DAMAGED = re.compile(r"[¦¥¤¢¬\ufffd]|Ã[\u0080-\u00bf]|Â[\u0080-\u00bf]")


@dataclass(frozen=True)
class _SchoolRow:
    line: int
    rbd: str
    name: str
    commune: str

    @property
    def number(self) -> str:
        return self.rbd.split("-")[0]


def import_schools(session: Session, content: bytes | str, *, actor: Actor) -> Imported:
    """Take schools from the Ministry's directory or from our CSV (`rbd,name,commune`).

    Known schools (by RBD) get the name and commune of the file; schools that are not in it stay.

    Raises:
        InvalidError: rows cannot be taken; all are listed and nothing is changed.
    """
    require(actor, Action.SCHOOL_IMPORT, HOME)
    problems: list[Message] = []
    warnings: list[Message] = []
    rows = _distinct(_school_rows(read_sheet(content), problems, warnings), problems, warnings)
    known = {school.rbd: school for school in session.scalars(sa.select(School))}
    _tell_other_digits(rows, known, warnings)
    if problems:
        raise refused(problems)
    new = [row for row in rows if row.rbd not in known]
    changes = [Change(ChangeKind.ADDED, f"{row.name} ({row.rbd})") for row in new]
    changes += [
        Change(ChangeKind.CHANGED, f"{row.name} ({row.rbd})", told)
        for row in rows
        if row.rbd in known and (told := _update_school(known[row.rbd], row))
    ]
    if new:
        session.execute(
            sa.insert(School),
            [
                {"id": new_id(), "rbd": row.rbd, "name": row.name, "commune": row.commune}
                for row in new
            ],
        )
    done = imported(changes, len(rows), warnings)
    record_import(session, "school.import", "school", done, actor)
    return done


def _school_rows(
    sheet: Sheet, problems: list[Message], warnings: list[Message]
) -> list[_SchoolRow]:
    ministry = "nom_rbd" in sheet.columns
    names = ("rbd", "dgv_rbd", "nom_rbd", "nom_com_rbd") if ministry else ("rbd", "name", "commune")
    need_columns(sheet, names)
    taken = []
    for row in sheet.rows:
        cells = row.cells
        rbd = f"{cells['rbd']}-{cells['dgv_rbd']}" if ministry else cells["rbd"]
        found = _SchoolRow(row.line, plain_rbd(rbd), cells[names[-2]], cells[names[-1]])
        if told := _school_problem(found):
            problems.append(told)
            continue
        warnings.extend(_school_warnings(found))
        taken.append(found)
    return taken


def plain_rbd(text: str) -> str:
    """Return an RBD without dots, blanks and leading zeros: `1.234-k` is `1234-K`."""
    return text.replace(".", "").replace(" ", "").upper().lstrip("0")


def _school_problem(row: _SchoolRow) -> Message | None:
    if not RBD.fullmatch(row.rbd):
        return message(
            "Line %(line)s: «%(rbd)s» is no RBD: a number, a dash and a check digit (1234-5).",
            line=row.line,
            rbd=row.rbd,
        )
    if not row.name:
        return message("Line %(line)s: the school %(rbd)s has no name.", **_told(row))
    return None


def _school_warnings(row: _SchoolRow) -> Iterable[Message]:
    if row.rbd[-1] != check_digit(row.number):
        yield message(
            "Line %(line)s: the check digit of %(rbd)s is not the usual one. Kept as written.",
            **_told(row),
        )
    if _DAMAGED.search(row.name + row.commune):
        yield message(
            "Line %(line)s: the name of %(rbd)s has damaged letters («%(name)s»). Kept as written.",
            **_told(row),
            name=row.name,
        )


def _told(row: _SchoolRow) -> dict[str, object]:
    return {"line": row.line, "rbd": row.rbd}


def check_digit(number: str) -> str:
    """Return the check digit that most RBD have (modulo 11); not all, so it refuses nothing.

    >>> check_digit("1"), check_digit("2"), check_digit("10")
    ('9', '7', '8')
    """
    weighted = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(number)))
    return "0123456789K0"[11 - weighted % 11]


def _distinct(
    rows: list[_SchoolRow], problems: list[Message], warnings: list[Message]
) -> list[_SchoolRow]:
    """Return one row a school; the same twice is told, two different ones are a problem."""
    first: dict[str, _SchoolRow] = {}
    for row in rows:
        before = first.setdefault(row.number, row)
        if before is row:
            continue
        lines = {"line": row.line, "before": before.line, "rbd": row.rbd}
        if (before.rbd, before.name, before.commune) == (row.rbd, row.name, row.commune):
            warnings.append(
                message("Line %(line)s repeats line %(before)s (%(rbd)s). Taken once.", **lines)
            )
        else:
            problems.append(
                message(
                    "Line %(line)s: %(rbd)s is already in line %(before)s, told differently.",
                    **lines,
                )
            )
    return list(first.values())


def _tell_other_digits(
    rows: list[_SchoolRow], known: Mapping[str, School], warnings: list[Message]
) -> None:
    """Tell of numbers known with another check digit: one of the two is probably a slip."""
    numbers = {rbd.split("-")[0]: rbd for rbd in known}
    warnings.extend(
        message(
            "Line %(line)s: %(rbd)s is now here beside %(known)s. Is one of them a slip?",
            **_told(row),
            known=numbers[row.number],
        )
        for row in rows
        if row.rbd not in known and row.number in numbers
    )


def _update_school(school: School, row: _SchoolRow) -> tuple[Message, ...]:
    """Give a school the name and commune of the row; return what that changed, in words."""
    told = tuple(
        message("It was «%(before)s», it is «%(after)s».", before=before or "–", after=after or "–")
        for before, after in ((school.name, row.name), (school.commune, row.commune))
        if before != after
    )
    if told:
        school.name, school.commune = row.name, row.commune
    return told
