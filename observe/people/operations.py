"""What changes schools, class groups and people; the imports have a module each."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.errors import BadInputError
from observe.people import audit
from observe.people.access import Action, Actor, Thing, require
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
    "find_user",
    "import_people",
    "import_schools",
    "people_visible_to",
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
    """
    school = session.get(School, school_id)
    require(actor, Action.RECORDING_ADD, school_thing(school) if school else Thing("school"))
    written = clean(name)
    if not 1 <= len(written) <= LONGEST_GROUP_NAME:
        raise BadInputError(
            message("Write the class group as the school calls it, for example 1° B."),
            field="class_group",
        )
    groups = session.scalars(
        sa.select(ClassGroup).where(ClassGroup.school_id == school_id, ClassGroup.year == year)
    )
    same = next((group for group in groups if _heard(group.name) == _heard(written)), None)
    if same is not None:
        return same
    group = ClassGroup(school_id=school_id, name=written.replace("º", "°"), year=year)
    session.add(group)
    session.flush()
    audit.record(
        session,
        "class_group.add",
        actor_id=actor.user_id,
        thing_kind="school",
        thing_id=school_id,
        class_group=group.id,
    )
    return group


def _heard(name: str) -> str:
    return name.replace("º", "°").replace(" ", "").replace("°", "").casefold()
