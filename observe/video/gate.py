"""May this film be used: its facts gathered for `privacy.gate`, and its lock kept in step.

`Recording.lock` is written in the transaction of every change of an answer, a class list or a
count, so that lists and queries read it where they read everything else of a recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked, now
from observe.errors import BadInputError, ConflictError
from observe.people import access, audit, class_lists
from observe.people.access import Action, Actor
from observe.people.models import Child
from observe.privacy import consent
from observe.privacy.gate import OPEN, Count, Facts, Place, Verdict, decide, seen_of
from observe.privacy.scopes import TO_CODE, TO_SHOW_OTHERS, Scope
from observe.text import Message, message
from observe.video.models import ERASED, NO_FILM, Headcount, Recording

MOST_SEEN: Final = 200


@dataclass(frozen=True)
class Asked:
    """What has to be said of a film before it may be coded, and what was said last.

    `without` are the children who did not allow it, each with where she was, if anybody said so;
    `not_shown` those who allow it, but not that clips reach the educator, or the team.
    """

    verdict: Verdict
    by_child: bool
    allowed: int
    without: tuple[tuple[Child, Place | None], ...]
    count: Headcount | None
    not_shown: tuple[tuple[Child, Place | None], ...] = ()


def verdict_of(
    session: Session, recording: Recording, scopes: Iterable[Scope] = TO_CODE
) -> Verdict:
    """Return whether the film may be used for `scopes`, as of now; nobody is filmed live."""
    return OPEN if recording.is_live else decide(_facts(session, recording, scopes))


def asked_of(session: Session, recording: Recording) -> Asked:
    """Return what there is to be said of a film before it may be coded."""
    children = consent.answered(session, recording.class_group_id, TO_CODE)
    facts, last = _facts(session, recording, TO_CODE), last_count(session, recording.id)
    places = last.places if last else {}
    shown = consent.answered(session, recording.class_group_id, TO_SHOW_OTHERS)
    placed = {
        child: Place(places[str(child.id)]) if str(child.id) in places else None
        for child, _told in children
    }
    without = tuple((child, placed[child]) for child, told in children if not told.allowed)
    refused = {child for child, told in shown if not told.allowed}
    return Asked(
        decide(facts),
        facts.by_child,
        sum(told.allowed for _child, told in children),
        without,
        last,
        tuple(
            (child, placed[child]) for child, told in children if told.allowed and child in refused
        ),
    )


def last_count(session: Session, recording_id: UUID) -> Headcount | None:
    """Return what was said last of who is seen in this film."""
    rows = sa.select(Headcount).where(Headcount.recording_id == recording_id)
    return session.scalars(rows.order_by(Headcount.id.desc()).limit(1)).first()


def films_showing(session: Session, child: Child) -> Iterator[Recording]:
    """Yield the films in which a child may be seen: all of its class that nobody says it is not in.

    Nobody is filmed live.
    """
    of_class = sa.select(Recording).where(Recording.class_group_id == child.class_group_id)
    for recording in session.scalars(of_class.order_by(Recording.id)).all():
        count = _count(last_count(session, recording.id), [child])
        if not recording.is_live and seen_of(count, child.list_number):
            yield recording


def _facts(session: Session, recording: Recording, scopes: Iterable[Scope]) -> Facts:
    wanted = frozenset(scopes)
    children = consent.answered(session, recording.class_group_id, wanted)
    return Facts(
        stated=recording.consent_at is not None,
        children=tuple(told for _child, told in children),
        educator=consent.educator_allows(session, recording.educator_id, wanted),
        count=_count(last_count(session, recording.id), [child for child, _told in children]),
    )


def _count(last: Headcount | None, children: Iterable[Child]) -> Count | None:
    if last is None:
        return None
    numbers = {str(child.id): child.list_number for child in children}
    places = {numbers[key]: Place(told) for key, told in last.places.items() if key in numbers}
    return Count(last.visible, places)


# --- saying who is seen -------------------------------------------------------------------------


def count_children(
    session: Session,
    recording_id: UUID,
    visible: int | None,
    places: Mapping[UUID, Place],
    *,
    actor: Actor,
) -> Verdict:
    """Keep how many children are seen in a film and where those without consent were.

    It states too that the papers are on file. Of who may be observed but not shown, it may be
    said. Return whether the film may be coded now.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        BadInputError: the number is none, or of a child nothing is said; `field` names it.
        ConflictError: there is no film.
    """
    recording = _hers(session, recording_id, actor)
    if visible is None or not 0 <= visible <= MOST_SEEN:
        raise BadInputError(
            message("Write how many children are seen, as a number."), field="visible"
        )
    asked = asked_of(session, recording)
    without = {child.id for child, _place in asked.without}
    if without - places.keys():
        raise BadInputError(
            message("Say of each child without consent whether she is seen."), field="places"
        )
    known = without | {child.id for child, _place in asked.not_shown}
    told = {str(each): places[each].value for each in places if each in known}
    session.add(
        Headcount(recording_id=recording_id, visible=visible, places=told, by_id=actor.user_id)
    )
    if recording.consent_at is None:
        recording.consent_by_id, recording.consent_at = actor.user_id, now()
    audit.record(
        session,
        "recording.counted",
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=recording_id,
        visible=visible,
        places=told,
    )
    return reassess(session, recording)


def _hers(session: Session, recording_id: UUID, actor: Actor) -> Recording:
    recording = locked(session, Recording, recording_id)
    if recording is None:
        raise access.not_found()
    access.require(actor, Action.RECORDING_CONSENT, recording.as_thing())
    if recording.is_live:
        raise ConflictError(NO_FILM)
    if recording.is_erased:
        raise ConflictError(ERASED)
    return recording


@class_lists.before_group_removal
def _lessons_keep(session: Session, class_group_id: UUID) -> Message | None:
    """Say that a class group stays as long as a lesson of it is on file, also a deleted one."""
    rows = sa.select(sa.func.count()).where(Recording.class_group_id == class_group_id)
    count = session.scalar(rows)
    if not count:
        return None
    return message("Lessons of this class group are on file (%(count)s): it stays.", count=count)


# --- in step ------------------------------------------------------------------------------------


def reassess(session: Session, recording: Recording) -> Verdict:
    """Bring the film's lock in step with all that is known now; return whether it may be coded."""
    session.flush()
    verdict = verdict_of(session, recording)
    recording.lock = verdict.lock.value if verdict.lock else None
    return verdict


@consent.when_changed
def _answers_changed(
    session: Session, class_group_ids: frozenset[UUID], educator_ids: frozenset[UUID]
) -> None:
    """Lock or open the films of these classes and educators, and put it on file.

    They are held and read anew: what somebody says meanwhile of who is seen would else be judged
    by what it was, and a lock that seems unchanged would not be written.
    """
    concerned = sa.or_(
        Recording.class_group_id.in_(class_group_ids), Recording.educator_id.in_(educator_ids)
    )
    rows = sa.select(Recording).where(concerned).order_by(Recording.id)
    held = rows.with_for_update(of=Recording).execution_options(populate_existing=True)
    for recording in session.scalars(held).all():
        before = recording.lock
        reassess(session, recording)
        if recording.lock != before:
            audit.record(
                session,
                "recording.locked" if recording.lock else "recording.unlocked",
                actor_id=None,
                thing_kind="recording",
                thing_id=recording.id,
                lock=recording.lock,
            )
