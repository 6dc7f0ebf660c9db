"""Writing many people and roles in one go: a few statements, however many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import insert_all, update_all
from observe.people.models import Membership, User
from observe.people.roster import Held, Person


@dataclass(frozen=True)
class Turn:
    """A person as she was (None: she is new) and as she becomes; who `goes` comes in no more."""

    before: Person | None
    after: Person
    goes: bool = False

    @property
    def has_other_email(self) -> bool:
        """Whether she was known by another e-mail."""
        return self.before is not None and self.before.email not in {None, self.after.email}


def write_turns(session: Session, turns: Sequence[Turn]) -> None:
    """Write what becomes of people; what the session had read is read anew."""
    session.flush()
    _write_people(session, turns)
    _write_roles(session, turns)
    session.expire_all()


def _write_people(session: Session, turns: Sequence[Turn]) -> None:
    changed = [(each.before, each.after) for each in turns if each.before is not None]
    # First they let go of e-mails that change hands, so that two may swap theirs.
    update_all(
        session,
        User,
        (
            {"id": now.id, "email": None}
            for was, now in changed
            if was.email not in {None, now.email}
        ),
    )
    update_all(
        session,
        User,
        (_person(now) for was, now in changed if _person(was) != _person(now)),
    )
    new = (each.after for each in turns if each.before is None)
    insert_all(session, User, ({**_person(each), "reference": each.reference} for each in new))


def _write_roles(session: Session, turns: Sequence[Turn]) -> None:
    gone, changed, new = [], [], []
    for each in turns:
        before = {role.id: role for role in each.before.roles} if each.before else {}
        after = {role.id: role for role in each.after.roles}
        gone += [key for key in before if key not in after]
        changed += [role for key, role in after.items() if before.get(key, role) != role]
        new += [_role(each.after, role) for key, role in after.items() if key not in before]
    table = Membership.__table__
    if gone:
        session.connection().execute(
            sa.delete(table).where(table.c.id == sa.bindparam("gone")),  # type: ignore[arg-type]
            [{"gone": each} for each in gone],
        )
    # Those that end come first: a person has a role in a place only once without an end.
    changed.sort(key=lambda role: role.period.ends is None)
    update_all(session, Membership, ({"id": each.id, **_days(each)} for each in changed))
    insert_all(session, Membership, new)


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id, "name": person.name, "email": person.email, "active": person.active
    }  # fmt: skip


def _role(person: Person, role: Held) -> dict[str, Any]:
    return {
        "id": role.id,
        "user_id": person.id,
        "role": role.role,
        "school_id": role.place.school_id,
        "network_id": role.place.network_id,
        **_days(role),
    }


def _days(role: Held) -> dict[str, Any]:
    return {"starts_on": role.period.starts, "ends_on": role.period.ends}
