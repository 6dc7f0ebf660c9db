"""Taking people and their roles from a table: all of it or nothing, with every problem told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.orm import Session, selectinload

from observe.people.access import HOME, Action, Actor, require
from observe.people.imports import Imported, record_import
from observe.people.models import Membership, Role, School, User
from observe.people.school_import import plain_rbd
from observe.people.sheets import Row, need_columns, read_sheet, refused
from observe.text import Message, message

IN_A_SCHOOL: Final = frozenset({Role.EDUCATOR, Role.UTP_HEAD})


@dataclass(frozen=True)
class _PersonRow:
    line: int
    reference: str
    name: str
    email: str | None
    role: Role
    school_id: UUID | None


def import_people(session: Session, content: bytes | str, *, actor: Actor) -> Imported:
    """Take people from a CSV `id,name,email,role,rbd`, one row a role; twice changes nothing.

    `id` is the provider's own. Roles that are not in the file stay.

    Raises:
        InvalidError: rows cannot be taken; all are listed and nothing is changed.
    """
    require(actor, Action.PERSON_IMPORT, HOME)
    sheet = read_sheet(content)
    need_columns(sheet, ("id", "name", "email", "role", "rbd"))
    problems: list[Message] = []
    schools = _by_rbd(session)
    rows = [
        taken for row in sheet.rows if (taken := _person_row(row, schools, problems)) is not None
    ]
    users = {
        user.reference: user
        for user in session.scalars(sa.select(User).options(selectinload(User.memberships)))
        if user.reference is not None
    }
    _check_same_person(rows, problems)
    _check_emails(session, rows, problems)
    if problems:
        raise refused(problems)
    done = _apply_people(session, rows, users)
    record_import(session, "person.import", "person", done, actor)
    return done


def _by_rbd(session: Session) -> dict[str, UUID]:
    """Return the schools by RBD, with its check digit and, as often written, without."""
    found = {school.rbd: school.id for school in session.scalars(sa.select(School))}
    bare = {rbd.partition("-")[0]: school_id for rbd, school_id in found.items()}
    return bare | found


def _person_row(
    row: Row, schools: Mapping[str, UUID], problems: list[Message]
) -> _PersonRow | None:
    before = len(problems)
    cells, rbd = row.cells, plain_rbd(row.cells["rbd"])
    for column in ("id", "name", "role"):
        if not cells[column]:
            problems.append(
                message("Line %(line)s: «%(column)s» is empty.", line=row.line, column=column)
            )
    role = _role(row, problems)
    if rbd and rbd not in schools:
        problems.append(
            message(
                "Line %(line)s: there is no school %(rbd)s here. Import the schools first.",
                line=row.line,
                rbd=rbd,
            )
        )
    if role in IN_A_SCHOOL and not rbd:
        problems.append(
            message("Line %(line)s: this role needs the RBD of its school.", line=row.line)
        )
    email = _email(row, problems)
    if len(problems) > before or role is None:
        return None
    return _PersonRow(row.line, cells["id"], cells["name"], email, role, schools.get(rbd))


def _role(row: Row, problems: list[Message]) -> Role | None:
    text = row.cells["role"].casefold()
    if text in set(Role):
        return Role(text)
    if text:
        problems.append(
            message(
                "Line %(line)s: there is no role «%(role)s». The roles are %(roles)s.",
                line=row.line,
                role=text,
                roles=", ".join(Role),
            )
        )
    return None


def _email(row: Row, problems: list[Message]) -> str | None:
    text = row.cells["email"]
    if not text:
        return None
    try:
        checked = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        problems.append(
            message("Line %(line)s: «%(email)s» is no e-mail.", line=row.line, email=text)
        )
        return None
    return checked.normalized.casefold()


def _check_same_person(rows: list[_PersonRow], problems: list[Message]) -> None:
    first: dict[str, _PersonRow] = {}
    for row in rows:
        before = first.setdefault(row.reference, row)
        if (before.name, before.email) != (row.name, row.email):
            problems.append(
                message(
                    "Line %(line)s: «%(id)s» has another name or e-mail than in line %(before)s.",
                    line=row.line,
                    id=row.reference,
                    before=before.line,
                )
            )


def _check_emails(session: Session, rows: list[_PersonRow], problems: list[Message]) -> None:
    """Tell of e-mails that would belong to two people, in the file or with those known."""
    owner = {
        email.casefold(): reference
        for email, reference in session.execute(sa.select(User.email, User.reference))
        if email
    }
    moved = {row.reference for row in rows}
    owner = {email: reference for email, reference in owner.items() if reference not in moved}
    for row in rows:
        if row.email and owner.setdefault(row.email, row.reference) != row.reference:
            problems.append(
                message(
                    "Line %(line)s: the e-mail %(email)s belongs to another person.",
                    line=row.line,
                    email=row.email,
                )
            )


def _apply_people(session: Session, rows: list[_PersonRow], users: dict[str, User]) -> Imported:
    known, changed = set(users), set[str]()
    by_person = {row.reference: row for row in rows}
    _free_emails(session, by_person, users)
    for reference, row in by_person.items():
        user = users.get(reference)
        if user is None:
            users[reference] = user = User(reference=reference, name=row.name, email=row.email)
            session.add(user)
        elif (user.name, user.email) != (row.name, row.email):
            user.name, user.email = row.name, row.email
            changed.add(reference)
    for row in rows:
        if _add_role(users[row.reference], row):
            changed.add(row.reference)
    session.flush()
    added = len(by_person.keys() - known)
    altered = len(changed & known)
    return Imported(added, altered, len(by_person) - added - altered)


def _free_emails(
    session: Session, by_person: Mapping[str, _PersonRow], users: Mapping[str, User]
) -> None:
    """Let go of e-mails that change hands, so that two people may swap theirs."""
    for reference, row in by_person.items():
        user = users.get(reference)
        if user is not None and user.email is not None and user.email != row.email:
            user.email = None
    session.flush()


def _add_role(user: User, row: _PersonRow) -> bool:
    held = {(membership.role, membership.school_id) for membership in user.memberships}
    if (row.role, row.school_id) in held:
        return False
    user.memberships.append(Membership(role=row.role, school_id=row.school_id))
    return True
