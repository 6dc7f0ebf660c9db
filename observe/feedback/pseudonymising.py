"""When nothing ties an educator to observation any more, a pseudonym takes the place of her name.

The clock begins at the end of the last school year in which she was here: in a lesson of hers, in
one that she observed, or by a role that lasted until then. Whoever has a role has no clock. Nothing
is done while a request about her is open, nor while her face is here: with a video or a clip of
hers, a pseudonym would be one in name only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from observe.coding.models import Observation
from observe.db import locked, today
from observe.feedback.models import Answer, SelfAssessment
from observe.people.access import not_found
from observe.people.models import ClassGroup, Membership, Role, User
from observe.privacy import pseudonyms, reach
from observe.privacy.models import Certificate, Hold
from observe.privacy.retention import REQUESTED, Due, Rule, goes_on, school_year_ends
from observe.text import Message, message
from observe.video import erasing
from observe.video.erasing import CLIPS
from observe.video.models import DerivedFile, Recording

FILMED: Final = message("kept: a video or a clip of hers is still here")


def due(session: Session, rule: Rule, only: UUID | None = None) -> Iterator[Due]:
    """Yield each educator who left (or `only` this one), with the day on which her name goes."""
    filmed, held = _filmed(session, only), _held(session, only)
    years, waiting = _last_years(session, only), reach.waiting(session)
    for user in session.scalars(_educators(only)):
        if not _has_left(user):
            continue
        ends = [row.ends_on.year for row in user.memberships if row.ends_on is not None]
        last = max([*ends, years.get(user.id, user.created_at.year)])
        why: Message | str = ""
        if user.id in held or waiting.reaches(user.id, None):
            why = REQUESTED
        elif user.id in filmed:
            why = FILMED
        on = goes_on(school_year_ends(last), rule)
        yield Due(rule.kind, on, f"{user.name} · {last}", user.id, held=why)


def replace(
    session: Session, place: erasing.Place, user_id: UUID, *, reason: str, pseudonym: str = ""
) -> Certificate:
    """Put a pseudonym in the place of an educator's name, everywhere; files go with the commit.

    Raises:
        NotFoundError: there is no such person, or she has a pseudonym already.
    """
    user = locked(session, User, user_id)
    if user is None or user.pseudonymised_at is not None:
        raise not_found()
    school_id = _last_school(session, user)
    certificate = pseudonyms.replace(session, user, school_id, reason=reason, pseudonym=pseudonym)
    erasing.delete_when_committed(session, place, certificate.what["files"])
    erasing.clear_outgoing_when_committed(session, place)
    return certificate


def _educators(only: UUID | None) -> sa.Select[User]:
    taught = sa.select(Recording.educator_id)
    been = sa.select(Membership.user_id).where(Membership.role == Role.EDUCATOR)
    rows = sa.select(User).where(
        User.pseudonymised_at.is_(None), sa.or_(User.id.in_(taught), User.id.in_(been))
    )
    if only is not None:
        rows = rows.where(User.id == only)
    return rows.options(selectinload(User.memberships)).order_by(User.id)


def _has_left(user: User) -> bool:
    return all(row.period.is_over(today()) for row in user.memberships)


def _last_years(session: Session, only: UUID | None) -> dict[UUID, int]:
    """Return the last year in which each person was in a lesson, or observed one."""
    days = sa.union_all(
        sa.select(Recording.educator_id, Recording.recorded_on),
        sa.select(Recording.observer_id, Recording.recorded_on),
        sa.select(Observation.observer_id, Recording.recorded_on).join(Observation.recording),
    ).subquery()
    person, day = days.c
    rows = sa.select(person, sa.func.max(day)).group_by(person)
    if only is not None:
        rows = rows.where(person == only)
    return {user_id: last.year for user_id, last in session.execute(rows)}


def _filmed(session: Session, only: UUID | None) -> set[UUID]:
    """Return who is seen in a video or a clip that is here."""
    video = sa.and_(Recording.erased_at.is_(None), Recording.live_started_at.is_(None))
    clips = sa.select(DerivedFile.recording_id).where(DerivedFile.kind.in_(CLIPS))
    seen = sa.select(Recording.educator_id).where(sa.or_(video, Recording.id.in_(clips)))
    if only is not None:
        seen = seen.where(Recording.educator_id == only)
    return set(session.scalars(seen))


def _held(session: Session, only: UUID | None) -> set[UUID]:
    """Return of whom a lesson is held."""
    rows = sa.select(Recording.educator_id).join(Hold, Hold.recording_id == Recording.id)
    if only is not None:
        rows = rows.where(Recording.educator_id == only)
    return set(session.scalars(rows.where(Hold.lifted_at.is_(None))))


def _last_school(session: Session, user: User) -> UUID | None:
    """Return the school whose people see the certificate: that of her last lesson or role."""
    of_lesson = (
        sa.select(ClassGroup.school_id)
        .join(Recording, Recording.class_group_id == ClassGroup.id)
        .where(Recording.educator_id == user.id)
        .order_by(Recording.recorded_on.desc(), Recording.id.desc())
    )
    roles = [row.school_id for row in user.memberships if row.school_id is not None]
    return session.scalar(of_lesson.limit(1)) or (roles[-1] if roles else None)


# --- what is hers alone, and nobody may read in her place ----------------------------------------


@pseudonyms.when_replaced("self_assessment")
def _own_looks(session: Session, user_id: UUID) -> int:
    rows = session.scalars(sa.select(SelfAssessment).filter_by(user_id=user_id)).all()
    for row in rows:
        session.delete(row)
    return len(rows)


@pseudonyms.when_replaced("answer_draft")
def _unsent_answers(session: Session, user_id: UUID) -> int:
    unsent = sa.select(Answer).where(Answer.user_id == user_id, Answer.sent_at.is_(None))
    rows = session.scalars(unsent).all()
    for row in rows:
        session.delete(row)
    return len(rows)
