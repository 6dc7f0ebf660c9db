"""Taking people and their roles from a table: all of it or nothing, with every problem told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from observe.db import today
from observe.errors import BadInputError
from observe.people.access import HOME, Action, Actor, require
from observe.people.directory import ROLE_NAMES
from observe.people.imports import Change, ChangeKind, Imported, imported, record_import
from observe.people.memberships import (
    checked_email,
    close_if_gone,
    cut,
    fits,
    has_administrator,
)
from observe.people.models import Membership, Network, Role, School, User
from observe.people.owner import OWNER
from observe.people.periods import Period, Place, meeting, yesterday
from observe.people.school_import import plain_rbd
from observe.people.sheets import Row, day_in, need_columns, read_sheet, refused
from observe.text import Message, message

COLUMNS: Final = ("id", "name", "email", "role", "rbd")
DAYS: Final = ("starts_on", "ends_on")


@dataclass(frozen=True)
class _PersonRow:
    line: int
    reference: str
    name: str
    email: str | None
    role: Role
    place: Place
    place_name: str
    period: Period | None  # None: the table tells no days


@dataclass
class _Told:
    """What becomes of one person."""

    name: str
    new: bool = False
    ended: bool = False
    lines: list[Message] = field(default_factory=list)

    def change(self) -> Change:
        kind = ChangeKind.ENDED if self.ended else ChangeKind.CHANGED
        return Change(ChangeKind.ADDED if self.new else kind, self.name, tuple(self.lines))


def import_people(
    session: Session, content: bytes | str, *, complete: bool = False, actor: Actor
) -> Imported:
    """Take people from a table `id,name,email,role,rbd`, one row a role; twice changes nothing.

    `id` is the provider's own. `network`, `starts_on` and `ends_on` may stand beside them. Roles
    that are not in the table stay, unless it is `complete`: then they end, but those of the actor
    and of the laptop's owner.

    Raises:
        InvalidError: rows cannot be taken; all are listed and nothing is changed.
    """
    require(actor, Action.PERSON_IMPORT, HOME)
    sheet = read_sheet(content)
    need_columns(sheet, COLUMNS)
    problems: list[Message] = []
    places = _Places(session, dated=bool(sheet.columns & set(DAYS)))
    rows = [
        taken for row in sheet.rows if (taken := _person_row(row, places, problems)) is not None
    ]
    users = _known(session)
    _check_same_person(rows, problems)
    _check_emails(session, rows, problems)
    if problems:
        raise refused(problems)
    told = _apply(session, rows, users, problems)
    if complete:
        _end_others(session, told, users, actor)
    session.flush()
    if not has_administrator(session):
        problems.append(message("After it nobody would administer the whole territory."))
    if problems:
        raise refused(problems)
    changes = [each.change() for each in told.people.values() if each.new or each.lines]
    done = imported(changes, len(told.people), [])
    record_import(session, "person.import", "person", done, actor)
    return done


class _Places:
    """The schools by RBD, also without its check digit as often written, and networks by name."""

    def __init__(self, session: Session, *, dated: bool) -> None:
        self.dated = dated
        schools = {school.rbd: school for school in session.scalars(sa.select(School))}
        bare = {rbd.partition("-")[0]: school for rbd, school in schools.items()}
        self.schools = bare | schools
        networks = session.scalars(sa.select(Network))
        self.networks = {network.name.casefold(): network for network in networks}


def _known(session: Session) -> dict[str, User]:
    """Return everybody by the provider's id, or by ours where there is none."""
    users = session.scalars(sa.select(User).options(selectinload(User.memberships)))
    return {user.reference or str(user.id): user for user in users}


def _person_row(row: Row, places: _Places, problems: list[Message]) -> _PersonRow | None:
    before, cells = len(problems), row.cells
    for column in ("id", "name", "role"):
        if not cells[column]:
            problems.append(
                message("Line %(line)s: «%(column)s» is empty.", line=row.line, column=column)
            )
    role = _role(row, problems)
    place, place_name = _place(row, places, problems)
    if role is not None and len(problems) == before and not fits(role, place):
        problems.append(
            message("Line %(line)s: this role needs the RBD of its school.", line=row.line)
        )
    email = _email(row, problems)
    period = _period(row, problems) if places.dated else None
    if len(problems) > before or role is None:
        return None
    return _PersonRow(row.line, cells["id"], cells["name"], email, role, place, place_name, period)


def _place(row: Row, places: _Places, problems: list[Message]) -> tuple[Place, str]:
    rbd, name = plain_rbd(row.cells["rbd"]), row.cells.get("network", "")
    if rbd and name:
        problems.append(
            message("Line %(line)s: a role is in a school or in a network.", line=row.line)
        )
    elif rbd:
        if rbd in places.schools:
            return Place(school_id=places.schools[rbd].id), places.schools[rbd].name
        problems.append(
            message(
                "Line %(line)s: there is no school %(rbd)s here. Import the schools first.",
                line=row.line,
                rbd=rbd,
            )
        )
    elif name:
        if network := places.networks.get(name.casefold()):
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
    moved = {row.reference for row in rows}
    owner = {
        user.email.casefold(): reference
        for reference, user in _known(session).items()
        if user.email and reference not in moved
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


@dataclass
class _Done:
    """What becomes of each person, and which of her memberships the table speaks of."""

    people: dict[str, _Told] = field(default_factory=dict)
    spoken_of: set[int] = field(default_factory=set)  # by identity: new ones have no id yet


def _apply(
    session: Session, rows: list[_PersonRow], users: dict[str, User], problems: list[Message]
) -> _Done:
    done = _Done()
    by_person = {row.reference: row for row in rows}
    emails = _free_emails(session, by_person, users)
    for reference, row in by_person.items():
        done.people[reference] = told = _Told(row.name)
        user = users.get(reference)
        if user is None:
            user = users[reference] = User(reference=reference, name=row.name, memberships=[])
            session.add(user)
            told.new = True
        _rename(user, row, told, emails.get(reference))
    for row in rows:
        _take_role(users[row.reference], row, done, problems)
    return done


def _free_emails(
    session: Session, by_person: Mapping[str, _PersonRow], users: Mapping[str, User]
) -> dict[str, str | None]:
    """Let go of e-mails that change hands, so that two may swap theirs; return what they were."""
    known = {each: users[each] for each in by_person.keys() & users.keys()}
    before = {reference: user.email for reference, user in known.items()}
    for reference, user in known.items():
        if user.email not in (None, by_person[reference].email):
            user.email = None
    session.flush()
    return before


def _rename(user: User, row: _PersonRow, told: _Told, email: str | None) -> None:
    for before, after in ((user.name, row.name), (email, row.email)):
        if before != after and not told.new:
            told.lines.append(
                message(
                    "It was «%(before)s», it is «%(after)s».",
                    before=before or "–",
                    after=after or "–",
                )
            )
    user.name, user.email = row.name, row.email


def _take_role(user: User, row: _PersonRow, done: _Done, problems: list[Message]) -> None:
    """Give the role of a row, or correct its days; one that is as told stays as it is."""
    told = done.people[row.reference]
    same = [each for each in user.memberships if (each.role, each.place) == (row.role, row.place)]
    found = _meant(same, row)
    if found is None:
        found = _added(user, row, told, returning=bool(same))
    elif id(found) in done.spoken_of and row.period is not None:
        problems.append(
            message("Line %(line)s: this role stands twice on the same days.", line=row.line)
        )
    elif row.period is not None and found.period != row.period:
        told.ended = told.ended or row.period.is_over(today())
        told.lines.append(_line(_DAYS_ARE, row.role, row.place_name, row.period))
        found.starts_on, found.ends_on = row.period.starts, row.period.ends
    done.spoken_of.add(id(found))
    others = (each.period for each in same if each is not found)
    if meeting(found.period, others):
        problems.append(
            message("Line %(line)s: she has this role there on some of these days.", line=row.line)
        )


def _meant(same: list[Membership], row: _PersonRow) -> Membership | None:
    """Return which membership a row speaks of: of its first day, of its days, or that lasts."""
    if row.period is None:
        return next((each for each in same if not each.period.is_over(today())), None)
    begun = (each for each in same if each.starts_on == row.period.starts)
    meets = (each for each in same if each.period.meets(row.period))
    return next(begun, None) or next(meets, None)


def _added(user: User, row: _PersonRow, told: _Told, *, returning: bool) -> Membership:
    period = row.period or Period(today() if returning else None)
    membership = Membership(
        role=row.role,
        school_id=row.place.school_id,
        network_id=row.place.network_id,
        starts_on=period.starts,
        ends_on=period.ends,
    )
    user.memberships.append(membership)
    if not period.is_over(today()):
        user.active = True
    told.lines.append(_line(_NEW_ROLE, row.role, row.place_name, period))
    return membership


_NEW_ROLE: Final = message("New role")
_DAYS_ARE: Final = message("Other days")
_ENDS: Final = message("Ends")


def _line(what: Message, role: Role, place: str, period: Period) -> Message:
    return message(
        "%(what)s: %(role)s · %(place)s · %(days)s",
        what=what,
        role=ROLE_NAMES[role],
        place=place or message("whole territory"),
        days=_days(period),
    )


def _days(period: Period) -> str | Message:
    """Return days as they stand in a table.

    >>> _days(Period(date(2026, 3, 1)))
    '2026-03-01 →'
    """
    ends = [day.isoformat() if day else "" for day in (period.starts, period.ends)]
    return " → ".join(ends).strip() if any(ends) else message("without dates")


def _end_others(session: Session, done: _Done, users: Mapping[str, User], actor: Actor) -> None:
    """Let every role end of which a complete table does not speak."""
    for reference, user in users.items():
        if user.id == actor.user_id or reference == OWNER:
            continue
        rest = [
            each
            for each in user.memberships
            if id(each) not in done.spoken_of and not each.period.is_over(today())
        ]
        if rest:
            told = done.people.setdefault(reference, _Told(user.name))
            told.ended = True
        for each in rest:
            place = each.school.name if each.school else each.network.name if each.network else ""
            told.lines.append(_line(_ENDS, each.role, place, Period(None, yesterday(today()))))
            cut(session, each, yesterday(today()))
        if rest:
            close_if_gone(session, user)
