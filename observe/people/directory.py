"""Finding schools, class groups and people, each only as far as the one who asks may see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, joinedload, lazyload, selectinload

from observe.db import today
from observe.errors import BadInputError
from observe.ids import parse_id
from observe.people.access import Action, Actor, Thing, can, not_found, require
from observe.people.models import ClassGroup, Membership, Network, NetworkSchool, Role, School, User
from observe.people.periods import Place
from observe.text import message

ROLE_NAMES: Final = {
    Role.OBSERVER: message("Observer"),
    Role.UTP_HEAD: message("UTP head"),
    Role.EDUCATOR: message("Educator"),
    Role.NETWORK_LEAD: message("Network lead"),
    Role.ADMINISTRATOR: message("Administrator"),
    Role.READER: message("Reader"),
}


def school_thing(school: School) -> Thing:
    """Return what access needs to know of a school."""
    return Thing("school", id=school.id, school_ids=frozenset({school.id}))


def person_thing(user: User) -> Thing:
    """Return what access needs to know of a person: her schools, and that she is herself."""
    return Thing(
        "person",
        id=user.id,
        school_ids=frozenset().union(*(row.school_ids for row in user.memberships)),
        in_territory=any(row.in_territory for row in user.memberships),
        user_id=user.id,
    )


def work_thing(user: User, on: date) -> Thing:
    """Return a person as those see her who work with her: her schools now, or to come.

    Of who has left, where she worked: somebody there still takes in what she writes.
    """
    now = [row for row in user.memberships if not row.period.is_over(on)] or user.memberships
    return replace(
        person_thing(user),
        school_ids=frozenset().union(*(row.school_ids for row in now)),
        in_territory=any(row.in_territory for row in now),
    )


def place_thing(session: Session, place: Place) -> Thing:
    """Return what access needs to know of a place in which somebody gets a role.

    Raises:
        NotFoundError: there is no such school or network.
    """
    if place.school_id is not None:
        school = session.get(School, place.school_id)
        if school is None:
            raise not_found()
        return school_thing(school)
    if place.network_id is not None:
        network = session.get(Network, place.network_id)
        if network is None:
            raise not_found()
        return Thing("school", school_ids=frozenset(school.id for school in network.schools))
    return Thing("home", in_territory=True)


def schools_visible_to(session: Session, *, actor: Actor) -> list[School]:
    """Return the schools that `actor` may see, by name."""
    query = sa.select(School).order_by(School.name, School.rbd)
    if not can(actor, Action.SCHOOL_SEE, Thing("school")):  # not in the whole territory
        own = [standing.school_id for standing in actor.standings if standing.school_id]
        query = query.where(School.id.in_(own))
    return [
        school
        for school in session.scalars(query)
        if can(actor, Action.SCHOOL_SEE, school_thing(school))
    ]


def staffed_schools(session: Session, *, actor: Actor) -> list[School]:
    """Return the schools in which somebody has a role, of those that `actor` may see.

    They are few of the Ministry's sixteen thousand.
    """
    staffed = sa.select(Membership.school_id).where(Membership.school_id.is_not(None))
    query = sa.select(School).where(School.id.in_(staffed)).order_by(School.name, School.rbd)
    return [
        school
        for school in session.scalars(query)
        if can(actor, Action.SCHOOL_SEE, school_thing(school))
    ]


def people_visible_to(
    session: Session, *, actor: Actor, role: Role | None = None, school_id: UUID | None = None
) -> list[User]:
    """Return the people whom `actor` may see, by name; of one role or one school when asked."""
    query = (
        sa.select(User)
        .options(selectinload(User.memberships).joinedload(Membership.school))
        .order_by(User.name, User.id)
    )
    if role is not None or school_id is not None:
        match = sa.select(Membership.user_id)
        if role is not None:
            match = match.where(Membership.role == role)
        if school_id is not None:
            match = match.where(_in_school(school_id))
        query = query.where(User.id.in_(match))
    return [
        user for user in session.scalars(query) if can(actor, Action.PERSON_SEE, person_thing(user))
    ]


def _in_school(school_id: UUID) -> sa.ColumnElement[bool]:
    """Match memberships in a school itself, or in a network with it."""
    networks = sa.select(NetworkSchool.network_id).where(NetworkSchool.school_id == school_id)
    return sa.or_(Membership.school_id == school_id, Membership.network_id.in_(networks))


def school_for(session: Session, name: str, *, actor: Actor) -> School:
    """Return the school with this RBD (the check digit may be left out) or id.

    Raises:
        NotFoundError: there is none, or `actor` may not know of it.
    """
    school = session.scalars(sa.select(School).where(_named(name)).limit(1)).first()
    require(actor, Action.SCHOOL_SEE, school_thing(school) if school else Thing("school"))
    if school is None:
        raise not_found()
    return school


def _named(name: str) -> sa.ColumnElement[bool]:
    """Match a school by id, by RBD, or by RBD without its check digit."""
    key = parse_id(name)
    if key is not None:
        return School.id == key
    if name.isascii() and name.isdigit():
        return School.rbd.startswith(f"{int(name)}-")
    return School.rbd == name.upper()


def place_named(session: Session, text: str) -> Place:
    """Return the place that somebody wrote: an RBD, a network's name; nothing: the territory.

    Raises:
        BadInputError: there is no such school or network.
    """
    written = " ".join(text.split())
    if not written:
        return Place()
    key = written.replace(".", "").replace(" ", "")
    school_id = session.scalar(sa.select(School.id).where(_named(key)).limit(1))
    if school_id is not None:
        return Place(school_id=school_id)
    networks = session.scalars(sa.select(Network).options(lazyload(Network.schools)))
    found = next((row for row in networks if row.name.casefold() == written.casefold()), None)
    if found is None:
        raise BadInputError(
            message("There is no school with this RBD and no network of this name."), field="place"
        )
    return Place(network_id=found.id)


def user_for(session: Session, name: str, *, actor: Actor) -> User:
    """Return the person with this provider's id, e-mail or id.

    Raises:
        NotFoundError: there is none, or `actor` may not know of her.
    """
    user = find_user(session, name)
    require(actor, Action.PERSON_SEE, person_thing(user) if user else Thing("person"))
    if user is None:
        raise not_found()
    return user


def find_user(session: Session, name: str) -> User | None:
    """Return the person with this provider's id, e-mail or id, whoever asks; None for none."""
    text = name.strip()
    key = parse_id(text)
    clauses = [User.reference == text, sa.func.lower(User.email) == text.casefold()]
    if key is not None:
        clauses.append(User.id == key)
    query = sa.select(User).where(sa.or_(*clauses)).options(selectinload(User.memberships))
    found = list(session.scalars(query))
    # The provider's own id comes first, should it look like somebody else's e-mail.
    return min(found, key=lambda user: user.reference != text, default=None)


def class_groups_of(session: Session, school_id: UUID) -> list[ClassGroup]:
    """Return the class groups of a school, newest year first."""
    return list(
        session.scalars(
            sa.select(ClassGroup)
            .where(ClassGroup.school_id == school_id)
            .options(joinedload(ClassGroup.school))
            .order_by(ClassGroup.year.desc(), ClassGroup.name)
        )
    )


@dataclass(frozen=True)
class Staff:
    """A school and its educators, by name."""

    school: School
    educators: tuple[User, ...]


def staff_visible_to(session: Session, *, actor: Actor, action: Action) -> list[Staff]:
    """Return the schools that have educators today and in which `actor` may do `action`, by name.

    Who has left a school is not offered there any more; what is on file of her stays.
    """
    rows = session.scalars(
        sa.select(Membership)
        .join(Membership.school)
        .join(Membership.user)
        .where(Membership.role == Role.EDUCATOR, User.active.is_(True))
        .options(contains_eager(Membership.school), contains_eager(Membership.user))
        .order_by(School.name, School.rbd, User.name, User.id)
    )
    found: dict[UUID, tuple[School, list[User]]] = {}
    for row in rows:
        if row.school is None or not row.period.holds(today()):
            continue
        if can(actor, action, school_thing(row.school)):
            found.setdefault(row.school.id, (row.school, []))[1].append(row.user)
    return [Staff(school, tuple(users)) for school, users in found.values()]
