"""Taking schools from a table: all of it or nothing, with every problem told.

What a table changes is computed first, and then written in one go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import insert_all, update_all
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


@dataclass(frozen=True)
class _Known:
    id: UUID
    name: str
    commune: str


def import_schools(session: Session, content: bytes | str, *, actor: Actor) -> Imported:
    """Take schools from a table as `plan_schools` reads it; twice changes nothing.

    Raises:
        InvalidError: rows cannot be taken; all are listed and nothing is changed.
    """
    plan = plan_schools(session, content, actor=actor)
    plan.write(session, actor=actor)
    return plan.done


@dataclass(frozen=True)
class SchoolPlan:
    """What a table does with schools: told, and ready to be written."""

    known: dict[str, _Known]  # of which it was computed
    new: tuple[dict[str, Any], ...]
    changed: tuple[dict[str, Any], ...]
    done: Imported

    def holds(self, session: Session) -> bool:
        """Tell whether the schools are as they were, and keep them so until the session ends."""
        return _known_schools(session, hold=True) == self.known

    def write(self, session: Session, *, actor: Actor) -> None:
        """Do it, in the caller's transaction; a few statements, however long the table is."""
        session.flush()
        update_all(session, School, self.changed)
        insert_all(session, School, self.new)
        session.expire_all()  # what the session had read is read anew
        record_import(session, "school.import", "school", self.done, actor)


def plan_schools(session: Session, content: bytes | str, *, actor: Actor) -> SchoolPlan:
    """Return what the Ministry's directory or our CSV (`rbd,name,commune`) would change.

    Known schools (by RBD) get the name and commune of the file; schools that are not in it stay.

    Raises:
        InvalidError: rows cannot be taken; all are listed.
        NotAllowedError, NotFoundError: the actor may not import.
    """
    require(actor, Action.SCHOOL_IMPORT, HOME)
    problems: list[Message] = []
    warnings: list[Message] = []
    rows = _distinct(_school_rows(read_sheet(content), problems, warnings), problems, warnings)
    known = _known_schools(session)
    _tell_other_digits(rows, known, warnings)
    if problems:
        raise refused(problems)
    new = [row for row in rows if row.rbd not in known]
    changes = [Change(ChangeKind.ADDED, f"{row.name} ({row.rbd})") for row in new]
    told = [(row, _told_changes(known[row.rbd], row)) for row in rows if row.rbd in known]
    changed = [(row, lines) for row, lines in told if lines]
    changes += [
        Change(ChangeKind.CHANGED, f"{row.name} ({row.rbd})", lines) for row, lines in changed
    ]
    return SchoolPlan(
        known,
        tuple({"id": new_id(), "rbd": row.rbd, **_names(row)} for row in new),
        tuple({"id": known[row.rbd].id, **_names(row)} for row, _lines in changed),
        imported(changes, len(rows), warnings),
    )


def _known_schools(session: Session, *, hold: bool = False) -> dict[str, _Known]:
    query = sa.select(School.rbd, School.id, School.name, School.commune).order_by(School.id)
    found = session.execute(query.with_for_update() if hold else query)  # SQLite writers are alone
    return {rbd: _Known(school_id, name, commune) for rbd, school_id, name, commune in found}


def _names(row: _SchoolRow) -> dict[str, str]:
    return {"name": row.name, "commune": row.commune}


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
    rows: list[_SchoolRow], known: Mapping[str, _Known], warnings: list[Message]
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


def _told_changes(school: _Known, row: _SchoolRow) -> tuple[Message, ...]:
    """Return in words what the row changes of a school."""
    return tuple(
        message("It was «%(before)s», it is «%(after)s».", before=before or "–", after=after or "–")
        for before, after in ((school.name, row.name), (school.commune, row.commune))
        if before != after
    )
