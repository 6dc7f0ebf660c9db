"""Everybody with her roles, and the places there are, as they stand at one moment.

No objects of the database: what a table would change is computed from it while others write.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.people.models import Membership, Network, Role, School, User
from observe.people.periods import Period, Place


@dataclass(frozen=True)
class Held:
    """A role that somebody has, had or will have."""

    id: UUID
    role: Role
    place: Place
    period: Period


@dataclass(frozen=True)
class Person:
    """A person with all her roles; `pseudonymised`: nothing of her may change."""

    id: UUID
    reference: str | None
    name: str
    email: str | None = None
    active: bool = True
    pseudonymised: bool = False
    roles: tuple[Held, ...] = ()

    @property
    def known_as(self) -> str:
        """The provider's id, or ours where there is none."""
        return self.reference or str(self.id)

    def same_role(self, role: Role, place: Place) -> list[Held]:
        """Return where she has, had or will have this role in this place."""
        return [each for each in self.roles if (each.role, each.place) == (role, place)]


@dataclass(frozen=True)
class Named:
    """A school or a network: its id and its name."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Roster:
    """People by what they are known as, schools by RBD, networks by name without case."""

    people: dict[str, Person]
    schools: dict[str, Named]
    networks: dict[str, Named]

    def school(self, rbd: str) -> Named | None:
        """Return the school of this RBD, also without its check digit as often written."""
        return self.schools.get(rbd) or self._bare.get(rbd)

    def name_of(self, place: Place) -> str:
        """Return what a place is called; nothing for the whole territory."""
        return self._names.get(place.school_id or place.network_id, "")

    @cached_property
    def _bare(self) -> dict[str, Named]:
        return {rbd.partition("-")[0]: school for rbd, school in self.schools.items()}

    @cached_property
    def _names(self) -> dict[UUID | None, str]:
        return {each.id: each.name for each in (*self.schools.values(), *self.networks.values())}


def roster_of(session: Session, *, hold: bool = False) -> Roster:
    """Return everybody as they stand; with `hold`, they stay so until the session ends.

    On SQLite nothing needs to be held: who writes is alone.
    """
    people, roles = _PEOPLE, _ROLES
    if hold:
        people, roles = people.with_for_update(), roles.with_for_update()
    rows = session.execute(people).all()
    held: defaultdict[UUID, list[Held]] = defaultdict(list)
    for each in session.execute(roles):
        place, period = Place(each.school_id, each.network_id), Period(each.starts_on, each.ends_on)
        held[each.user_id].append(Held(each.id, each.role, place, period))
    found = [
        Person(
            row.id,
            row.reference,
            row.name,
            row.email,
            active=row.active,
            pseudonymised=row.pseudonymised_at is not None,
            roles=tuple(held[row.id]),
        )
        for row in rows
    ]
    schools = session.execute(sa.select(School.rbd, School.id, School.name))
    networks = session.execute(sa.select(Network.id, Network.name))
    return Roster(
        {each.known_as: each for each in found},
        {row.rbd: Named(row.id, row.name) for row in schools},
        {row.name.casefold(): Named(row.id, row.name) for row in networks},
    )


_PEOPLE: Final = sa.select(
    User.id, User.reference, User.name, User.email, User.active, User.pseudonymised_at
).order_by(User.id)
_ROLES: Final = sa.select(
    Membership.id,
    Membership.user_id,
    Membership.role,
    Membership.school_id,
    Membership.network_id,
    Membership.starts_on,
    Membership.ends_on,
).order_by(Membership.id)
