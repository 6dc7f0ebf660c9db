"""Taking people and their roles from a table: all of it or nothing, with every problem told.

What a table changes is computed from a roster, without the database, and then written in one go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from observe.db import today
from observe.ids import new_id
from observe.people import invitations
from observe.people.access import HOME, Action, Actor, require
from observe.people.directory import ROLE_NAMES
from observe.people.imports import Change, ChangeKind, Imported, imported, record_import
from observe.people.memberships import administers, close
from observe.people.models import Role
from observe.people.owner import OWNER
from observe.people.periods import Period, meeting, yesterday
from observe.people.person_rows import (
    COLUMNS,
    DAYS,
    PersonRow,
    check_emails,
    check_pseudonymised,
    check_same_person,
    person_row,
    without_who_left,
)
from observe.people.roster import Held, Person, Roster, roster_of
from observe.people.roster_writing import Turn, write_turns
from observe.people.sheets import need_columns, read_sheet, refused
from observe.text import Message, message


def import_people(
    session: Session, content: bytes | str, *, complete: bool = False, actor: Actor
) -> Imported:
    """Take people from a table as `plan_people` reads it; twice changes nothing.

    Raises:
        InvalidError: rows cannot be taken; all are listed and nothing is changed.
    """
    plan = plan_people(session, content, complete=complete, actor=actor)
    plan.write(session, actor=actor)
    return plan.done


@dataclass(frozen=True)
class PeoplePlan:
    """What a table does with people: told, and ready to be written."""

    roster: Roster  # of which it was computed
    turns: tuple[Turn, ...]
    done: Imported

    def holds(self, session: Session) -> bool:
        """Tell whether everybody is as they were, and keep them so until the session ends."""
        return roster_of(session, hold=True) == self.roster

    def write(self, session: Session, *, actor: Actor) -> None:
        """Do it, in the caller's transaction; a few statements, however long the table is."""
        write_turns(session, self.turns)
        close(session, [each.after.id for each in self.turns if each.goes])
        renamed = [each.after.id for each in self.turns if each.has_other_email]
        invitations.end_sent_elsewhere(session, renamed, actor=actor)
        record_import(session, "person.import", "person", self.done, actor)


def plan_people(
    session: Session, content: bytes | str, *, complete: bool = False, actor: Actor
) -> PeoplePlan:
    """Return what a table `id,name,email,role,rbd` would change, one row a role.

    `id` is the provider's own. `network`, `starts_on` and `ends_on` may stand beside them. Roles
    that are not in the table stay, unless it is `complete`: then they end, but those of the actor
    and of the laptop's owner. Who would be new and has left already is passed over with a warning.

    Raises:
        InvalidError: rows cannot be taken; all are listed.
        NotAllowedError, NotFoundError: the actor may not import.
    """
    require(actor, Action.PERSON_IMPORT, HOME)
    roster, problems = roster_of(session), list[Message]()
    rows, warnings = _readable(content, roster, problems)
    if problems:
        raise refused(problems)
    people = _People(roster, today())
    people.take(rows, problems)
    if complete:
        people.end_others(actor)
    people.let_go()
    if not people.administered():
        problems.append(message("After it nobody would administer the whole territory."))
    if problems:
        raise refused(problems)
    told = people.told.values()
    changes = [each.change() for each in told if each.before is None or each.lines]
    turns = tuple(each.turn() for each in told if each.before != each.after)
    return PeoplePlan(roster, turns, imported(changes, len(told), warnings))


def _readable(
    content: bytes | str, roster: Roster, problems: list[Message]
) -> tuple[list[PersonRow], list[Message]]:
    """Return the rows of a table that are to be taken, and what is to be told of others."""
    sheet = read_sheet(content)
    need_columns(sheet, COLUMNS)
    dated = bool(sheet.columns & set(DAYS))
    read = (person_row(row, roster, problems, dated=dated) for row in sheet.rows)
    rows = [row for row in read if row is not None]
    check_same_person(rows, problems)
    rows, warnings = without_who_left(roster.people, rows, today())
    check_pseudonymised(roster.people, rows, problems)
    check_emails(roster.people, rows, problems)
    return rows, warnings


@dataclass
class _Told:
    """What becomes of one person."""

    before: Person | None
    after: Person
    ended: bool = False
    goes: bool = False
    lines: list[Message] = field(default_factory=list)

    def change(self) -> Change:
        kind = ChangeKind.ENDED if self.ended else ChangeKind.CHANGED
        added = self.before is None
        return Change(ChangeKind.ADDED if added else kind, self.after.name, tuple(self.lines))

    def turn(self) -> Turn:
        return Turn(self.before, self.after, goes=self.goes)

    def rename(self, row: PersonRow) -> None:
        names = (self.after.name, row.name), (self.after.email, row.email)
        self.lines += [
            message(
                "It was «%(before)s», it is «%(after)s».", before=before or "–", after=after or "–"
            )
            for before, after in names
            if before != after and self.before is not None
        ]
        self.after = replace(self.after, name=row.name, email=row.email)

    def hold(self, role: Held) -> None:
        """Give her a role, or the one of its id other days."""
        rest = tuple(each for each in self.after.roles if each.id != role.id)
        self.after = replace(self.after, roles=(*rest, role))

    def drop(self, role: Held) -> None:
        rest = tuple(each for each in self.after.roles if each.id != role.id)
        self.after = replace(self.after, roles=rest)


class _People:
    """What becomes of each person of a roster, and of which of their roles a table speaks."""

    def __init__(self, roster: Roster, on: date) -> None:
        self.roster, self.on = roster, on
        self.told: dict[str, _Told] = {}
        self.spoken_of: set[object] = set()  # ids of roles

    def take(self, rows: list[PersonRow], problems: list[Message]) -> None:
        """Take every row; what cannot be is among `problems`."""
        for row in {row.reference: row for row in rows}.values():
            self._told(row.reference, row.name).rename(row)
        for row in rows:
            self._take_role(row, problems)

    def _told(self, reference: str, name: str) -> _Told:
        before = self.roster.people.get(reference)
        if reference not in self.told:
            new = before or Person(new_id(), reference, name)
            self.told[reference] = _Told(before, new)
        return self.told[reference]

    def _take_role(self, row: PersonRow, problems: list[Message]) -> None:
        """Give the role of a row, or correct its days; one that is as told stays as it is."""
        told = self.told[row.reference]
        same = told.after.same_role(row.role, row.place)
        if told.after.pseudonymised:  # the row says as it is: others are problems
            self.spoken_of.update(each.id for each in same)
            return
        found = self._meant(same, row)
        if found is None:
            found = self._added(told, row, returning=bool(same))
        elif found.id in self.spoken_of and row.period is not None:
            problems.append(
                message("Line %(line)s: this role stands twice on the same days.", line=row.line)
            )
        elif row.period is not None and found.period != row.period:
            told.ended = told.ended or row.period.is_over(self.on)
            told.lines.append(_line(_DAYS_ARE, row.role, row.place_name, row.period))
            found = replace(found, period=row.period)
            told.hold(found)
            if not row.period.is_over(self.on):
                told.after = replace(told.after, active=True)
        self.spoken_of.add(found.id)
        others = (each.period for each in same if each.id != found.id)
        if meeting(found.period, others):
            problems.append(
                message(
                    "Line %(line)s: she has this role there on some of these days.", line=row.line
                )
            )

    def _meant(self, same: Iterable[Held], row: PersonRow) -> Held | None:
        """Return which role a row speaks of: of its first day, of its days, or that lasts."""
        if row.period is None:
            return next((each for each in same if not each.period.is_over(self.on)), None)
        begun = (each for each in same if each.period.starts == row.period.starts)
        meets = (each for each in same if each.period.meets(row.period))
        return next(begun, None) or next(meets, None)

    def _added(self, told: _Told, row: PersonRow, *, returning: bool) -> Held:
        period = row.period or Period(self.on if returning else None)
        role = Held(new_id(), row.role, row.place, period)
        told.hold(role)
        if not period.is_over(self.on):
            told.after = replace(told.after, active=True)
        told.lines.append(_line(_NEW_ROLE, row.role, row.place_name, period))
        return role

    def end_others(self, actor: Actor) -> None:
        """Let every role end of which a complete table does not speak."""
        last = yesterday(self.on)
        for reference, person in self.roster.people.items():
            if person.id == actor.user_id or reference == OWNER:
                continue
            rest = [
                each
                for each in person.roles
                if each.id not in self.spoken_of and not each.period.is_over(self.on)
            ]
            for each in rest:
                told = self._told(reference, person.name)
                told.ended = True
                place = self.roster.name_of(each.place)
                told.lines.append(_line(_ENDS, each.role, place, Period(None, last)))
                kept = each.period.until(last)
                told.hold(replace(each, period=kept)) if kept else told.drop(each)

    def let_go(self) -> None:
        """Let nobody in any more whose last role ends."""
        for told in self.told.values():
            if told.ended and all(each.period.is_over(self.on) for each in told.after.roles):
                told.after, told.goes = replace(told.after, active=False), True

    def administered(self) -> bool:
        """Tell whether somebody administers the whole territory after it."""
        known = self.roster.people | {name: each.after for name, each in self.told.items()}
        return any(
            person.active and administers(each.role, each.place, each.period)
            for person in known.values()
            for each in person.roles
        )


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
