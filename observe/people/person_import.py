"""Taking people and their roles from a table: all of it or nothing, with every problem told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from observe.db import today
from observe.people.access import HOME, Action, Actor, require
from observe.people.directory import ROLE_NAMES
from observe.people.imports import Change, ChangeKind, Imported, imported, record_import
from observe.people.memberships import (
    close_if_gone,
    cut,
    has_administrator,
)
from observe.people.models import Membership, Role, User
from observe.people.owner import OWNER
from observe.people.periods import Period, meeting, yesterday
from observe.people.person_rows import (
    COLUMNS,
    DAYS,
    PersonRow,
    Places,
    check_emails,
    check_pseudonymised,
    check_same_person,
    known_people,
    person_row,
    same_role,
    without_who_left,
)
from observe.people.sheets import need_columns, read_sheet, refused
from observe.text import Message, message


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
    and of the laptop's owner. Who would be new and has left already is passed over with a warning.

    Raises:
        InvalidError: rows cannot be taken; all are listed and nothing is changed.
    """
    require(actor, Action.PERSON_IMPORT, HOME)
    sheet = read_sheet(content)
    need_columns(sheet, COLUMNS)
    problems: list[Message] = []
    places = Places(session, dated=bool(sheet.columns & set(DAYS)))
    rows = [taken for row in sheet.rows if (taken := person_row(row, places, problems)) is not None]
    users = known_people(session)
    check_same_person(rows, problems)
    rows, warnings = without_who_left(users, rows, today())
    check_pseudonymised(users, rows, problems)
    check_emails(users, rows, problems)
    if problems:
        raise refused(problems)
    told = _apply(session, rows, users, problems)
    if complete:
        _end_others(session, told, users, actor)
    session.flush()
    for reference, each in told.people.items():
        if each.ended:
            close_if_gone(session, users[reference])
    if not has_administrator(session):
        problems.append(message("After it nobody would administer the whole territory."))
    if problems:
        raise refused(problems)
    changes = [each.change() for each in told.people.values() if each.new or each.lines]
    done = imported(changes, len(told.people), warnings)
    record_import(session, "person.import", "person", done, actor)
    return done


@dataclass
class _Done:
    """What becomes of each person, and which of her memberships the table speaks of."""

    people: dict[str, _Told] = field(default_factory=dict)
    spoken_of: set[int] = field(default_factory=set)  # by identity: new ones have no id yet


def _apply(
    session: Session, rows: list[PersonRow], users: dict[str, User], problems: list[Message]
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
    session: Session, by_person: Mapping[str, PersonRow], users: Mapping[str, User]
) -> dict[str, str | None]:
    """Let go of e-mails that change hands, so that two may swap theirs; return what they were."""
    known = {each: users[each] for each in by_person.keys() & users.keys()}
    before = {reference: user.email for reference, user in known.items()}
    for reference, user in known.items():
        if user.email not in (None, by_person[reference].email):
            user.email = None
    session.flush()
    return before


def _rename(user: User, row: PersonRow, told: _Told, email: str | None) -> None:
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


def _take_role(user: User, row: PersonRow, done: _Done, problems: list[Message]) -> None:
    """Give the role of a row, or correct its days; one that is as told stays as it is."""
    told, same = done.people[row.reference], same_role(user, row)
    if user.pseudonymised_at is not None:  # the row says as it is: others are problems
        done.spoken_of.update(id(each) for each in same)
        return
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


def _meant(same: list[Membership], row: PersonRow) -> Membership | None:
    """Return which membership a row speaks of: of its first day, of its days, or that lasts."""
    if row.period is None:
        return next((each for each in same if not each.period.is_over(today())), None)
    begun = (each for each in same if each.starts_on == row.period.starts)
    meets = (each for each in same if each.period.meets(row.period))
    return next(begun, None) or next(meets, None)


def _added(user: User, row: PersonRow, told: _Told, *, returning: bool) -> Membership:
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
