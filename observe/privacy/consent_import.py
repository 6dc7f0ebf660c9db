"""Answers of a class from a table: looked at first, then registered, all of it or nothing.

A line a child: its list number, and yes or no for each scope. What is left empty is a refusal only
where the line says anything at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import today
from observe.errors import BadInputError
from observe.people import sheets
from observe.people.access import Actor
from observe.people.models import Child
from observe.people.sheets import Row, need_columns, read_sheet, refused
from observe.privacy import consent
from observe.privacy.consent import How
from observe.privacy.scopes import FORM_VERSION, Channel, Scope
from observe.text import Message, message, plain

NUMBER: Final = "lista"
DAY: Final = "fecha"
VERSION: Final = "texto"
COLUMNS: Final[dict[Scope, str]] = {
    Scope.RECORD: "filmar",
    Scope.CODE: "observar",
    Scope.FEEDBACK: "retroalimentacion",
    Scope.TRAINING: "formacion",
    Scope.RESEARCH: "investigacion",
}
_YES: Final = frozenset({"si", "s", "x", "1", "yes", "y", "true", "verdadero"})
_NO: Final = frozenset({"", "no", "n", "0", "false", "falso", "-"})


@dataclass(frozen=True)
class Line:
    """What one line of the table registers."""

    child: Child
    granted: frozenset[Scope]
    how: How


def read(
    session: Session, class_group_id: UUID, content: bytes | str, *, actor: Actor
) -> tuple[str, tuple[Line, ...]]:
    """Return the table as text, and what it would register; nothing is changed.

    Raises:
        NotFoundError, NotAllowedError: the class is not the actor's.
        InvalidError: something cannot be taken; all of it is listed.
    """
    consent.group_for(session, class_group_id, actor=actor)
    text = content if isinstance(content, str) else sheets.as_text(content)
    sheet = read_sheet(text)
    need_columns(sheet, [NUMBER, COLUMNS[Scope.RECORD], COLUMNS[Scope.CODE]])
    children = session.scalars(sa.select(Child).where(Child.class_group_id == class_group_id))
    known = {str(child.list_number): child for child in children}
    problems: list[Message] = []
    found: list[Line] = []
    for row in sheet.rows:
        if not any(row.cells.get(name) for name in COLUMNS.values()):
            continue  # a child of whom no paper came is in the table, too
        line = _line(row, known, problems)
        if line is not None:
            found.append(line)
    problems += _twice(found)
    for how, answers in _by_how(found).items():
        problems += consent.outdated(session, answers, how.given_on)
    if problems:
        raise refused(problems)
    if not found:
        raise refused([message("The table has no line with an answer.")])
    return text, tuple(found)


def _line(row: Row, known: dict[str, Child], problems: list[Message]) -> Line | None:
    number = row.cells.get(NUMBER, "").removesuffix(".0")
    child = known.get(number)
    if child is None:
        problems.append(
            message(
                "Line %(line)s: list number %(number)s is not in the class list.",
                line=row.line,
                number=number or "–",
            )
        )
        return None
    wrong = [name for name in COLUMNS.values() if not _is_answer(row.cells.get(name, ""))]
    for name in wrong:
        problems.append(
            message("Line %(line)s: write sí or no under «%(name)s».", line=row.line, name=name)
        )
    day = _day(row, problems)
    if wrong or day is None:
        return None
    granted = frozenset(
        scope for scope, name in COLUMNS.items() if plain(row.cells.get(name, "")) in _YES
    )
    how = How(Channel.PAPER, row.cells.get(VERSION, "") or FORM_VERSION, day)
    try:
        how.check()
    except BadInputError as error:
        told = message("Line %(line)s: %(why)s", line=row.line, why=error.message)
        problems.append(told)
        return None
    return Line(child, granted, how)


def _is_answer(cell: str) -> bool:
    return plain(cell) in _YES | _NO


def _day(row: Row, problems: list[Message]) -> date | None:
    told = row.cells.get(DAY, "")
    try:
        return sheets.day_in(told) if told else today()
    except ValueError:
        problems.append(message("Line %(line)s: write the date like 2026-05-10.", line=row.line))
        return None


def _twice(lines: Iterable[Line]) -> list[Message]:
    numbers = [line.child.list_number for line in lines]
    again = sorted({number for number in numbers if numbers.count(number) > 1})
    return [message("The list number %(number)s stands twice.", number=each) for each in again]


def register(
    session: Session,
    class_group_id: UUID,
    lines: Sequence[Line],
    *,
    actor: Actor,
    shown: Mapping[int, str] | None = None,
) -> None:
    """Register what was read, beside the names `shown` by number; as `consent.register_class`."""
    seen = {line.child.id: (shown or {}).get(line.child.list_number, "") for line in lines}
    for how, answers in _by_how(lines).items():
        consent.register_class(session, class_group_id, answers, how, actor=actor, shown=seen)


def _by_how(lines: Iterable[Line]) -> dict[How, dict[UUID, frozenset[Scope]]]:
    found: dict[How, dict[UUID, frozenset[Scope]]] = {}
    for line in lines:
        found.setdefault(line.how, {})[line.child.id] = line.granted
    return found
