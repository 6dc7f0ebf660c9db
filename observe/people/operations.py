"""What changes schools, class groups and people; the imports have a module each."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked
from observe.errors import BadInputError, ConflictError
from observe.people import audit, class_lists
from observe.people.access import Action, Actor, Thing, not_found, require
from observe.people.directory import (
    find_user,
    people_visible_to,
    school_for,
    school_thing,
    schools_visible_to,
    user_for,
)
from observe.people.imports import Imported
from observe.people.models import ClassGroup, School
from observe.people.person_import import import_people
from observe.people.school_import import import_schools
from observe.people.sheets import clean
from observe.text import message

__all__ = [
    "Imported",
    "class_group_for",
    "find_class_group",
    "find_user",
    "import_people",
    "import_schools",
    "people_visible_to",
    "remove_class_group",
    "rename_class_group",
    "school_for",
    "schools_visible_to",
    "user_for",
]

LONGEST_GROUP_NAME: Final = 40


def class_group_for(
    session: Session, school_id: UUID, name: str, year: int, *, actor: Actor
) -> ClassGroup:
    """Return the class group of this name and year in the school, made when there is none yet.

    «1º b» and «1° B» are the same.

    Raises:
        BadInputError: the name is empty or too long.
        NotFoundError, NotAllowedError: there is no such school, or she names none there.
    """
    school = session.get(School, school_id)
    if school is None:
        raise not_found()
    require(actor, Action.CLASS_GROUP_EDIT, school_thing(school))
    written = _group_name(name)
    same = _same_group(session, school_id, written, year)
    if same is not None:
        return same
    group = ClassGroup(school_id=school_id, name=written, year=year)
    session.add(group)
    session.flush()
    _tell(session, "class_group.add", group, actor)
    return group


def rename_class_group(
    session: Session, class_group_id: UUID, name: str, *, actor: Actor
) -> ClassGroup:
    """Give a class group another name.

    Raises:
        BadInputError: the name is empty or too long.
        ConflictError: the school has one of this name in that year.
        NotFoundError, NotAllowedError: there is none, or it is not the actor's to name.
    """
    group = session.get(ClassGroup, class_group_id)
    if group is None:
        raise not_found()
    require(actor, Action.CLASS_GROUP_EDIT, school_thing(group.school))
    written = _group_name(name)
    same = _same_group(session, group.school_id, written, group.year)
    if same is not None and same is not group:
        raise ConflictError(message("This school has a class group of that name in that year."))
    group.name = written
    session.flush()
    _tell(session, "class_group.rename", group, actor)
    return group


def remove_class_group(session: Session, class_group_id: UUID, *, actor: Actor) -> UUID:
    """Remove a class group that was made by mistake, with its list; return its school's id.

    Raises:
        ConflictError: lessons, consents or requests hang on it; the sentence says which.
        NotFoundError, NotAllowedError: there is none, or it is not the actor's.
    """
    group = locked(session, ClassGroup, class_group_id)
    thing = school_thing(group.school) if group else Thing("school")
    require(actor, Action.CLASS_GROUP_EDIT, thing)
    if group is None:
        raise not_found()
    class_lists.remove_with_group(session, group.id)
    school_id = group.school_id
    _tell(session, "class_group.remove", group, actor)
    session.delete(group)
    session.flush()
    return school_id


def find_class_group(
    session: Session, school: School, name: str, year: int, *, actor: Actor
) -> ClassGroup:
    """Return the class group of this name in that year.

    Raises:
        NotFoundError, NotAllowedError: there is none, or it is not the actor's.
    """
    require(actor, Action.CLASS_GROUP_EDIT, school_thing(school))
    found = _same_group(session, school.id, _group_name(name), year)
    if found is None:
        raise not_found()
    return found


def _group_name(name: str) -> str:
    written = clean(name)
    if not 1 <= len(written) <= LONGEST_GROUP_NAME:
        raise BadInputError(
            message("Write the class group as the school calls it, for example 1° B."),
            field="class_group",
        )
    return written.replace("º", "°")


def _same_group(session: Session, school_id: UUID, name: str, year: int) -> ClassGroup | None:
    groups = session.scalars(
        sa.select(ClassGroup).where(ClassGroup.school_id == school_id, ClassGroup.year == year)
    )
    return next((group for group in groups if _heard(group.name) == _heard(name)), None)


def _tell(session: Session, action: str, group: ClassGroup, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="school",
        thing_id=group.school_id,
        class_group=group.id,
    )


def _heard(name: str) -> str:
    return name.replace("º", "°").replace(" ", "").replace("°", "").casefold()
