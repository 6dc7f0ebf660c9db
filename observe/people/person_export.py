"""People and their roles as the table `person_import` takes: imported again, nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy.orm import Session

from observe.csv_files import for_people
from observe.people import audit, workbooks
from observe.people.access import HOME, Action, Actor, require
from observe.people.directory import people_visible_to
from observe.people.models import Membership, User

COLUMNS: Final = ("id", "name", "email", "role", "rbd", "network", "starts_on", "ends_on")


def people_csv(session: Session, *, actor: Actor) -> bytes:
    """Return everybody as CSV for a spreadsheet.

    Raises:
        NotFoundError, NotAllowedError: the actor may not take the list of people away.
    """
    return for_people(COLUMNS, _exported(session, "csv", actor))


def people_workbook(session: Session, *, actor: Actor) -> bytes:
    """Return everybody as a workbook for Excel or LibreOffice.

    Raises:
        NotFoundError, NotAllowedError: the actor may not take the list of people away.
    """
    return workbooks.write(COLUMNS, _exported(session, "xlsx", actor))


def _exported(session: Session, form: str, actor: Actor) -> list[tuple[str, ...]]:
    require(actor, Action.PERSON_EXPORT, HOME)
    rows = list(_rows(people_visible_to(session, actor=actor)))
    audit.record(
        session,
        "person.export",
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=None,
        form=form,
        rows=len(rows),
    )
    return rows


def _rows(users: Iterable[User]) -> Iterator[tuple[str, ...]]:
    for user in users:
        about = (user.reference or str(user.id), user.name, user.email or "")
        for row in user.memberships:
            yield (*about, row.role.value, *_place(row), *_days(row))


def _place(row: Membership) -> tuple[str, str]:
    return row.school.rbd if row.school else "", row.network.name if row.network else ""


def _days(row: Membership) -> tuple[str, str]:
    starts, ends = (day.isoformat() if day else "" for day in (row.starts_on, row.ends_on))
    return starts, ends
