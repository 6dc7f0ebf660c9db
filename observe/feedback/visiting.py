"""Peer visits: two educators of different schools look at each other's clips for a time.

Somebody who works with both proposes it; it opens once each has agreed for herself, and either ends
it whenever she likes. What is opened is small on purpose: the clips of feedback that was published
before she agreed, with the faces covered and checked by a person, where all who are seen allow that
the network sees them, and not one word of what was said about them. She sees which ones before she
agrees, and afterwards who looked at them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe.coding.models import Observation
from observe.db import now, today
from observe.errors import BadInputError, ConflictError
from observe.feedback import openings, signed
from observe.feedback.consent import allows_others
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.feedback.signed import SignedMoment
from observe.people import audit
from observe.people.access import Action, Actor, Thing, can, not_found, require
from observe.people.memberships import require_person
from observe.people.models import PeerVisit, Role, User
from observe.text import message
from observe.video import clips
from observe.video.models import DerivedFile, FileKind, Recording
from observe.video.timecode import Span

LONGEST: Final = timedelta(days=120)


@dataclass(frozen=True)
class VisitClip:
    """One clip that a visit opens: of which lesson, how long; not what was said about it.

    `has` are what goes with it: its picture, and what is said in it.
    """

    feedback_id: UUID
    kind: FocusKind
    recording: Recording
    span: Span
    has: frozenset[FileKind]


@dataclass(frozen=True)
class Visit:
    """A visit as one of the two sees it."""

    row: PeerVisit
    peer: User
    agreed: bool  # she herself
    peer_agreed: bool
    shows: tuple[VisitClip, ...]
    sees: tuple[VisitClip, ...]


def thing_of(visit: PeerVisit, on: date) -> Thing:
    """Return what access needs to know of a visit; one that is over is nobody's any more.

    It is over, too, when the last day of one of the two as an educator is past.
    """
    left = not all(_teaches_in(user, on) for user in (visit.one, visit.other))
    if visit.ended_at is not None or visit.ends_on < on or left:
        return Thing("visit", id=visit.id)
    both = frozenset({visit.one_id, visit.other_id})
    return Thing("visit", id=visit.id, visitor_ids=both, user_id=visit.by_id)


# --- proposing, agreeing, ending ------------------------------------------------------------------


def propose(
    session: Session, one_id: UUID, other_id: UUID, ends_on: date, *, actor: Actor
) -> PeerVisit:
    """Propose a visit to two educators; nothing is opened by it.

    Raises:
        BadInputError: they are not two educators of different schools, or the day does not fit.
        ConflictError: it was proposed before, and is not over.
        NotFoundError, NotAllowedError: the actor does not work with both.
    """
    two = [
        require_person(session, each, Action.VISIT_PROPOSE, actor) for each in (one_id, other_id)
    ]
    one, other = (_teaches_in(user, today()) for user in two)
    if not one or not other or one & other:
        told = message("Choose two educators of different schools.")
        raise BadInputError(told, field="other_id")
    if not today() <= ends_on <= today() + LONGEST:
        told = message("Write a last day within %(days)s days.", days=LONGEST.days)
        raise BadInputError(told, field="ends_on")
    if any({each.one_id, each.other_id} == {one_id, other_id} for each in _going_on(session)):
        raise ConflictError(message("This visit was proposed already."))
    visit = PeerVisit(one_id=one_id, other_id=other_id, by_id=actor.user_id, ends_on=ends_on)
    session.add(visit)
    session.flush()
    _tell(session, "visit.propose", visit, actor)
    return visit


def _teaches_in(user: User, on: date) -> set[UUID]:
    return {
        row.school_id
        for row in user.memberships
        if user.active and row.role is Role.EDUCATOR and row.school_id and row.period.holds(on)
    }


def agree(session: Session, visit_id: UUID, *, actor: Actor) -> PeerVisit:
    """Agree for oneself: the clips published until now are opened, once the other agrees too.

    Raises:
        NotFoundError, NotAllowedError: there is no such visit, or she is none of the two.
    """
    visit = _visit(session, visit_id, Action.VISIT_AGREE, actor)
    if visit.agreed_at(actor.user_id) is not None:
        return visit
    if actor.user_id == visit.one_id:
        visit.one_agreed_at = now()
    else:
        visit.other_agreed_at = now()
    session.flush()
    _tell(session, "visit.agree", visit, actor)
    return visit


def end(session: Session, visit_id: UUID, *, actor: Actor) -> None:
    """End a visit, or decline it: from now on there is nothing to see, for neither of the two.

    Raises:
        NotFoundError, NotAllowedError: there is no such visit, or it is not the actor's to end.
    """
    visit = _visit(session, visit_id, Action.VISIT_END, actor)
    visit.ended_at = now()
    session.flush()
    _tell(session, "visit.end", visit, actor)


def _visit(session: Session, visit_id: UUID, action: Action, actor: Actor) -> PeerVisit:
    visit = session.get(PeerVisit, visit_id)
    require(actor, action, thing_of(visit, today()) if visit else Thing("visit"))
    return session.get_one(PeerVisit, visit_id)


def _tell(session: Session, action: str, visit: PeerVisit, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="visit",
        thing_id=visit.id,
        educators=[str(visit.one_id), str(visit.other_id)],
        ends_on=visit.ends_on.isoformat(),
    )


# --- seeing ---------------------------------------------------------------------------------------


def visits_of(session: Session, *, actor: Actor) -> list[PeerVisit]:
    """Return the visits that are proposed to, open for or proposed by `actor`, the last first."""
    found = _going_on(session, actor.user_id)
    return [each for each in found if can(actor, Action.VISIT_SEE, thing_of(each, today()))]


def visit_for(session: Session, visit_id: UUID, *, actor: Actor) -> Visit:
    """Return a visit as `actor`, one of the two or who proposed it, sees it.

    Raises:
        NotFoundError: there is none, it is over, or it is not hers.
    """
    row = _visit(session, visit_id, Action.VISIT_SEE, actor)
    mine = actor.user_id if actor.user_id in (row.one_id, row.other_id) else None
    peer = row.one if mine == row.other_id else row.other
    return Visit(
        row,
        peer,
        agreed=mine is not None and row.agreed_at(mine) is not None,
        peer_agreed=row.agreed_at(peer.id) is not None,
        shows=tuple(_clips(session, row, mine)) if mine else (),
        sees=tuple(_clips(session, row, peer.id)) if mine and row.is_open(today()) else (),
    )


def file_for(
    session: Session, feedback_id: UUID, kind: FocusKind, file_kind: FileKind, *, actor: Actor
) -> DerivedFile:
    """Return a clip with the faces covered, or what goes with it, for whom a visit opens it today.

    Raises:
        NotFoundError: no visit opens it to her today, the clip is not as it was checked, or it has
            no such file.
    """
    feedback = session.get(Feedback, feedback_id)
    if feedback is None or not can(actor, Action.FEEDBACK_VISIT, _opened(session, feedback)):
        raise not_found()
    if not allows_others(session, feedback.observation.recording):
        raise not_found()
    moment = signed.signed_moments(session, feedback).get(kind)
    file = _files(session, feedback, moment).get(file_kind) if moment else None
    if file is None:
        raise not_found()
    return file


def _files(
    session: Session, feedback: Feedback, moment: SignedMoment
) -> dict[FileKind, DerivedFile | None]:
    """Return a moment's clip, its picture, and its captions as they were when it was published."""
    recording_id, at = feedback.observation.recording_id, feedback.published_at
    return {
        FileKind.CLIP: moment.clip,
        FileKind.CLIP_POSTER: moment.poster,
        FileKind.CLIP_CAPTIONS: clips.captions_of_clip(session, recording_id, moment.span, at),
    }


def seen(session: Session, feedback_id: UUID, *, actor: Actor) -> None:
    """Put on file that a peer looked at clips of a feedback; once an hour is enough."""
    feedback = session.get_one(Feedback, feedback_id)
    about = {"actor_id": actor.user_id, "thing_id": feedback_id}
    if not audit.did_lately(session, openings.VISIT, **about):
        openings.opened(session, feedback, actor=actor, action=openings.VISIT)


def _opened(session: Session, feedback: Feedback) -> Thing:
    """Return the feedback as a thing that knows to which peers it is opened today."""
    owner_id = feedback.observation.recording.educator_id
    visitors = frozenset(
        visit.other_id if owner_id == visit.one_id else visit.one_id
        for visit in _going_on(session, owner_id)
        if owner_id in (visit.one_id, visit.other_id)
        and visit.is_open(today())
        and thing_of(visit, today()).visitor_ids
        and _covers(visit, owner_id, feedback)
    )
    return replace(feedback.as_thing(), visitor_ids=visitors)


def _covers(visit: PeerVisit, owner_id: UUID, feedback: Feedback) -> bool:
    """Tell whether a feedback was published when its educator agreed; before, whether it is now."""
    if feedback.state is not FeedbackState.PUBLISHED or feedback.published_at is None:
        return False
    return feedback.published_at <= (visit.agreed_at(owner_id) or now())


def _clips(session: Session, visit: PeerVisit, owner_id: UUID) -> Iterator[VisitClip]:
    query = (
        sa.select(Feedback)
        .join(Feedback.observation)
        .join(Observation.recording)
        .where(
            Recording.educator_id == owner_id,
            Feedback.state == FeedbackState.PUBLISHED,
            ~Recording.blocked,
        )
        .order_by(Recording.recorded_on.desc(), Feedback.id)
    )
    for feedback in session.scalars(query):
        shown = allows_others(session, feedback.observation.recording)
        if shown and _covers(visit, owner_id, feedback):
            for kind, moment in signed.signed_moments(session, feedback).items():
                files = _files(session, feedback, moment)
                has = frozenset(each for each, file in files.items() if file is not None)
                lesson = feedback.observation.recording
                yield VisitClip(feedback.id, kind, lesson, moment.span, has)


def _going_on(session: Session, user_id: UUID | None = None) -> list[PeerVisit]:
    """Return the visits that are not over, of one person when asked."""
    query = sa.select(PeerVisit).where(PeerVisit.ended_at.is_(None), PeerVisit.ends_on >= today())
    if user_id is not None:
        ids = (PeerVisit.one_id, PeerVisit.other_id, PeerVisit.by_id)
        query = query.where(sa.or_(*(column == user_id for column in ids)))
    people = (joinedload(PeerVisit.one), joinedload(PeerVisit.other), joinedload(PeerVisit.by))
    return list(session.scalars(query.options(*people).order_by(PeerVisit.at.desc())))
