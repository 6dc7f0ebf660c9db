"""What a table of people says, row by row, with every problem told; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from observe.errors import BadInputError
from observe.people.memberships import LONGEST_NAME, LONGEST_REFERENCE, checked_email, fits
from observe.people.models import Role
from observe.people.periods import Period, Place
from observe.people.roster import Person, Roster
from observe.people.school_import import plain_rbd
from observe.people.sheets import Row, day_in
from observe.text import Message, message

COLUMNS: Final = ("id", "name", "email", "role", "rbd")
DAYS: Final = ("starts_on", "ends_on")


@dataclass(frozen=True)
class PersonRow:
    """One row that can be taken: a person, and one role of hers."""

    line: int
    reference: str
    name: str
    email: str | None
    role: Role
    place: Place
    place_name: str
    period: Period | None  # None: the table tells no days


def person_row(
    row: Row, roster: Roster, problems: list[Message], *, dated: bool
) -> PersonRow | None:
    """Return what a row says; None where something of it is among `problems`."""
    before, cells = len(problems), row.cells
    for column in ("id", "name", "role"):
        if not cells[column]:
            problems.append(
                message("Line %(line)s: «%(column)s» is empty.", line=row.line, column=column)
            )
    for column, longest in (("id", LONGEST_REFERENCE), ("name", LONGEST_NAME)):
        if len(cells[column]) > longest:
            problems.append(
                message(
                    "Line %(line)s: «%(column)s» has more than %(limit)s letters.",
                    line=row.line,
                    column=column,
                    limit=longest,
                )
            )
    role = _role(row, problems)
    place, place_name = _place(row, roster, problems)
    if role is not None and len(problems) == before and not fits(role, place):
        problems.append(
            message("Line %(line)s: this role needs the RBD of its school.", line=row.line)
        )
    email = _email(row, problems)
    period = _period(row, problems) if dated else None
    if len(problems) > before or role is None:
        return None
    return PersonRow(row.line, cells["id"], cells["name"], email, role, place, place_name, period)


def _place(row: Row, roster: Roster, problems: list[Message]) -> tuple[Place, str]:
    rbd, name = plain_rbd(row.cells["rbd"]), row.cells.get("network", "")
    if rbd and name:
        problems.append(
            message("Line %(line)s: a role is in a school or in a network.", line=row.line)
        )
    elif rbd:
        if school := roster.school(rbd):
            return Place(school_id=school.id), school.name
        problems.append(
            message(
                "Line %(line)s: there is no school %(rbd)s here. Import the schools first.",
                line=row.line,
                rbd=rbd,
            )
        )
    elif name:
        if network := roster.networks.get(name.casefold()):
            return Place(network_id=network.id), network.name
        problems.append(
            message("Line %(line)s: there is no network «%(name)s».", line=row.line, name=name)
        )
    return Place(), ""


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
    try:
        return checked_email(text)
    except BadInputError:
        problems.append(
            message("Line %(line)s: «%(email)s» is no e-mail.", line=row.line, email=text)
        )
        return None


def _period(row: Row, problems: list[Message]) -> Period:
    starts, ends = (_day(row, column, problems) for column in DAYS)
    period = Period(starts, ends)
    if not period.possible:
        problems.append(message("Line %(line)s: it ends before it begins.", line=row.line))
    return period


def _day(row: Row, column: str, problems: list[Message]) -> date | None:
    text = row.cells.get(column, "")
    try:
        return day_in(text) if text else None
    except ValueError:
        problems.append(
            message("Line %(line)s: «%(text)s» is no day (2026-05-31).", line=row.line, text=text)
        )
    return None


def check_same_person(rows: list[PersonRow], problems: list[Message]) -> None:
    """Tell of rows that say different things of one person."""
    first: dict[str, PersonRow] = {}
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


def check_pseudonymised(
    people: Mapping[str, Person], rows: list[PersonRow], problems: list[Message]
) -> None:
    """Tell of rows that would change a person in the place of whose name a pseudonym stands."""
    for row in rows:
        person = people.get(row.reference)
        if person is None or not person.pseudonymised or _says_as_it_is(person, row):
            continue
        problems.append(
            message(
                "Line %(line)s: a pseudonym stands in the place of this person's name, so nothing "
                "of her changes. Take the line out; if she is back, write her with a new id.",
                line=row.line,
            )
        )


def _says_as_it_is(person: Person, row: PersonRow) -> bool:
    periods = [each.period for each in person.same_role(row.role, row.place)]
    held = bool(periods) if row.period is None else row.period in periods
    return held and (person.name, person.email) == (row.name, row.email)


def without_who_left(
    people: Mapping[str, Person], rows: list[PersonRow], on: date
) -> tuple[list[PersonRow], list[Message]]:
    """Return the rows without who would be new and has left before `on`, and a warning of each.

    She may be one whom a pseudonym hides here: a table that still tells of her brings no name back.
    """
    staying = {row.reference for row in rows if row.period is None or not row.period.is_over(on)}
    staying |= people.keys()
    left = {row.reference: row.line for row in reversed(rows) if row.reference not in staying}
    told = (
        message("Line %(line)s: all roles of this person are over, so she is not added.", line=line)
        for line in sorted(left.values())
    )
    return [row for row in rows if row.reference in staying], list(told)


def check_emails(
    people: Mapping[str, Person], rows: list[PersonRow], problems: list[Message]
) -> None:
    """Tell of e-mails that would belong to two people, in the file or with those known."""
    moved = {row.reference for row in rows}
    owner = {
        person.email.casefold(): reference
        for reference, person in people.items()
        if person.email and reference not in moved
    }
    for row in rows:
        if row.email and owner.setdefault(row.email, row.reference) != row.reference:
            problems.append(
                message(
                    "Line %(line)s: the e-mail %(email)s belongs to another person.",
                    line=row.line,
                    email=row.email,
                )
            )
