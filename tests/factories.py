"""Things to test with, made through the real operations wherever these exist, with defaults."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.ids import new_id
from observe.people.access import Actor, actor_of
from observe.people.models import ClassGroup, Membership, Role, School, User
from observe.video.models import Recording, RecordingState, Selection

TODAY = date(2026, 5, 12)


@dataclass(frozen=True)
class Cast:
    """The fixed cast: the people of one school, and the outsiders of another."""

    school: School
    other_school: School
    class_group: ClassGroup
    observer: Actor
    educator: Actor
    second_educator: Actor
    utp_head: Actor
    network_lead: Actor
    administrator: Actor
    outsider_observer: Actor
    outsider_educator: Actor
    outsider_utp_head: Actor

    @property
    def outsiders(self) -> tuple[Actor, Actor, Actor]:
        """Those who must be refused everywhere."""
        return self.outsider_observer, self.outsider_educator, self.outsider_utp_head


def person(session: Session, name: str, role: Role, school: School | None) -> Actor:
    """Add a person with one role, in a school or in the whole territory."""
    handle = f"{role.value}-{name}".lower().replace(" ", "-").replace("'", "")
    user = User(name=name, reference=handle, email=f"{handle}@escuela.test")
    membership = Membership(user=user, role=role, school=school)
    session.add_all([user, membership])
    session.flush()
    return actor_of(user, TODAY)


def cast(session: Session) -> Cast:
    """Add the fixed cast; names carry apostrophes and accents on purpose."""
    school = School(rbd="1234-5", name="Escuela Los Aromos", commune="Concepción")
    other = School(rbd="6789-K", name="Escuela O'Higgins", commune="Penco")
    group = ClassGroup(school=school, name="1° B", year=2026)
    session.add_all([school, other, group])
    session.flush()
    return Cast(
        school=school,
        other_school=other,
        class_group=group,
        observer=person(session, "Ana Peñailillo", Role.OBSERVER, school),
        educator=person(session, "Berta O'Brien", Role.EDUCATOR, school),
        second_educator=person(session, "Celia Núñez", Role.EDUCATOR, school),
        utp_head=person(session, "Dora Müller", Role.UTP_HEAD, school),
        network_lead=person(session, "Elsa Rojas", Role.NETWORK_LEAD, None),
        administrator=person(session, "Flora Díaz", Role.ADMINISTRATOR, None),
        outsider_observer=person(session, "Gina Soto", Role.OBSERVER, other),
        outsider_educator=person(session, "Hilda Vera", Role.EDUCATOR, other),
        outsider_utp_head=person(session, "Irma Lagos", Role.UTP_HEAD, other),
    )


def lesson(cast: Cast, *, consent: bool = True) -> dict[str, object]:
    """Return what an observer tells of a lesson, for `LessonDetails(**lesson(cast))`."""
    return {
        "class_group_id": cast.class_group.id,
        "educator_id": cast.educator.user_id,
        "subject": "Lenguaje",
        "recorded_on": TODAY,
        "selection": Selection.ASSIGNED,
        "consent": consent,
    }


def recording(
    session: Session, cast: Cast, *, duration_ms: int = 1_800_000, consent: bool = True
) -> Recording:
    """Add a prepared recording that has no file behind it: enough to be coded, not watched."""
    row = Recording(
        id=new_id(),
        class_group_id=cast.class_group.id,
        educator_id=cast.educator.user_id,
        observer_id=cast.observer.user_id,
        subject="Lenguaje",
        recorded_on=TODAY,
        selection=Selection.ASSIGNED,
        state=RecordingState.READY,
        original_name="clase.mp4",
        sha256="0" * 64,
        size_bytes=1_000,
        media_type="video/mp4",
        duration_ms=duration_ms,
        start_offset_ms=0,
        rotation=0,
        vfr=False,
        playable=True,
    )
    if consent:
        row.consent_by_id, row.consent_at = cast.observer.user_id, now()
    session.add(row)
    session.flush()
    return session.get_one(Recording, row.id)


def actor_named(session: Session, user_id: UUID) -> Actor:
    """Return a user as an actor on the tests' day."""
    return actor_of(session.scalars(sa.select(User).where(User.id == user_id)).one(), TODAY)


def copy_into(folder: Path, source: Path) -> Path:
    """Copy a shared file where a test may do with it what it likes."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source, folder / source.name))
