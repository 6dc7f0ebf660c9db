"""The demo home: people of every role in two schools, and one lesson ready to be coded.

Everything goes through the operations that people use, in the name of whoever would do it.
Making it again changes nothing.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, today
from observe.demo.lesson import make_lesson
from observe.people.access import Actor, actor_of
from observe.people.directory import find_user, school_for
from observe.people.models import User
from observe.people.operations import class_group_for, import_people, import_schools
from observe.people.owner import owner
from observe.video.models import Recording, Selection
from observe.video.operations import LessonDetails, add_received, receive
from observe.video.store import Store

LESSON_NAME: Final = "clase-de-demostracion.mp4"
SCHOOLS: Final = """rbd,name,commune
90001-K,Escuela Los Aromos (demostración),Concepción
90002-8,Escuela El Boldo (demostración),Penco
"""
# The last two are the outsiders.
PEOPLE: Final = """id,name,email,role,rbd
demo-asesora,Antonia Reyes Huenchul,antonia.reyes@demo.example,observer,90001-K
demo-asesor-2,Ignacio Paredes Huircán,ignacio.paredes@demo.example,observer,90001-K
demo-educadora,Berta Saldías Pino,berta.saldias@demo.example,educator,90001-K
demo-utp,Carmen Gloria Ulloa,carmen.ulloa@demo.example,utp_head,90001-K
demo-red,Daniela Millaqueo Soto,daniela.millaqueo@demo.example,network_lead,
demo-administradora,Elena Fuentealba Rivas,elena.fuentealba@demo.example,administrator,
demo-lectora,Isidora Vidal Cea,isidora.vidal@demo.example,reader,
demo-educadora-2,Fernanda Cárcamo Leiva,fernanda.carcamo@demo.example,educator,90001-K
demo-externa,Gabriela Toro Jara,gabriela.toro@demo.example,educator,90002-8
demo-utp-externa,Héctor Ñancupil Vera,hector.nancupil@demo.example,utp_head,90002-8
"""
# The first of each role, an outsider, and a colleague to code the same lesson without seeing it.
_LINKED: Final = (
    "demo-asesora",
    "demo-asesor-2",
    "demo-educadora",
    "demo-utp",
    "demo-red",
    "demo-administradora",
    "demo-lectora",
    "demo-utp-externa",
)
_OBSERVER, _EDUCATOR = "demo-asesora", "demo-educadora"


def make(database: Database, store: Store) -> UUID:
    """Make the demo in a home that has an owner; return the id of its recording."""
    with database.write() as session:
        in_charge = _acting(owner(session))
        import_schools(session, SCHOOLS.encode(), actor=in_charge)
        import_people(session, PEOPLE.encode(), actor=in_charge)
    with database.read() as session:
        known = _lesson(session)
    return known or _add_lesson(database, store)


def people(session: Session) -> list[User]:
    """Return the demo's people to be offered a link, of every role; else nobody."""
    found = (find_user(session, reference) for reference in _LINKED)
    return [user for user in found if user is not None]


def _acting(user: User | None) -> Actor:
    if user is None:
        raise LookupError("the demo needs a home that has its owner and the demo's people")
    return actor_of(user, today())


def _lesson(session: Session) -> UUID | None:
    observer = _acting(find_user(session, _OBSERVER))
    return session.scalar(
        sa.select(Recording.id).where(
            Recording.observer_id == observer.user_id, Recording.original_name == LESSON_NAME
        )
    )


def _add_lesson(database: Database, store: Store) -> UUID:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, LESSON_NAME)
        make_lesson(made)
        received = receive(store, made)
    with database.write() as session:
        observer = _acting(find_user(session, _OBSERVER))
        return add_received(
            session, store, received, _details(session, observer), actor=observer
        ).id


def _details(session: Session, observer: Actor) -> LessonDetails:
    day = today() - timedelta(days=2)
    educator = _acting(find_user(session, _EDUCATOR))
    school = school_for(session, "90001-K", actor=observer)
    group = class_group_for(session, school.id, "1° B", day.year, actor=observer)
    return LessonDetails(
        class_group_id=group.id,
        educator_id=educator.user_id,
        subject="Matemática",
        recorded_on=day,
        selection=Selection.EDUCATOR_CHOSEN,
        consent=True,  # nobody real is seen in it
    )
