"""Deleting what a request asks to have deleted: simulated, confirmed by who handles it, certified.

What a request reaches goes by the same verbs as what a rule of the home deletes. Who handles it
chooses, since a lesson shows others too; what was coded and written stays. Each certificate says
which request it answers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.db import Database, locked, today
from observe.errors import BadInputError, ConflictError
from observe.feedback import forgetting  # noqa: F401  feedback lets go of clips before they go
from observe.jobs import Job, Work, handler
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.people.models import AuditEntry, Child
from observe.privacy import names, reach, requests
from observe.privacy.clocks import RequestKind
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Certificate
from observe.privacy.request_models import About, RequestState, RightsRequest
from observe.privacy.retention import Due
from observe.settings import Settings
from observe.text import Message, message
from observe.video import erasing, gate
from observe.video.erasing import CLIPS
from observe.video.models import DerivedFile, Recording
from observe.video.store import open_store

KIND: Final = "rights.erase"
CONFIRMED: Final = "rights.erasure_confirmed"
WHAT: Final[dict[Kept, Message]] = {
    Kept.VIDEO: message("The video"),
    Kept.CLIPS: message("The clips"),
    Kept.NAMES: message("The name or initials in the class list, and the scans of papers"),
}

Choice = tuple[Kept, UUID]


def plan_for(session: Session, request_id: UUID, *, actor: Actor) -> tuple[Due, ...]:
    """Return what would be deleted for a request, and what is held and why; nothing is changed.

    A lesson of a school that `actor` does not administer is not among it.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to handle.
        ConflictError: it asks for no deletion of what this program holds, or was ended.
    """
    request = requests.open_for(session, request_id, actor=actor)
    return _plan(session, _deletable(request), actor)


def confirm(
    session: Session, request_id: UUID, chosen: Collection[Choice], *, actor: Actor
) -> None:
    """Have the chosen part of what a request reaches deleted, for good, by a job.

    Raises:
        NotFoundError, NotAllowedError, ConflictError: as `plan_for`; or something chosen is held,
            or not there any more.
        BadInputError: nothing is chosen.
    """
    request = _deletable(requests.handled(session, request_id, actor=actor))
    if not chosen:
        raise BadInputError(message("Choose what is deleted."), field="chosen")
    free = {(due.kind, due.thing_id) for due in _plan(session, request, actor) if not due.held}
    if not set(chosen) <= free:
        raise ConflictError(
            message("Something of it is held or gone by now: look at the list once more.")
        )
    audit.record(
        session,
        CONFIRMED,
        actor_id=actor.user_id,
        thing_kind="rights_request",
        thing_id=request.id,
        things=sorted(f"{kind.value}:{thing_id}" for kind, thing_id in chosen),
    )
    jobs.enqueue(session, KIND, request.id, again=True)


def job_of(session: Session, request_id: UUID) -> Job | None:
    """Return the job that deletes what was confirmed for a request."""
    return jobs.latest(session, KIND, request_id)


def certificates_of(session: Session, request_id: UUID) -> list[Certificate]:
    """Return what was deleted for a request, the first first; whoever calls has asked access."""
    rows = sa.select(Certificate).where(Certificate.reason == requests.reason_of(request_id))
    return list(session.scalars(rows.order_by(Certificate.number)))


def _deletable(request: RightsRequest) -> RightsRequest:
    if request.kind is not RequestKind.ERASURE or request.about is About.OTHER:
        raise ConflictError(message("This request asks to delete nothing that is kept here."))
    return request


# --- what it reaches ----------------------------------------------------------------------------


def _plan(session: Session, request: RightsRequest, actor: Actor) -> tuple[Due, ...]:
    child = requests.child_of(session, request)
    return tuple(
        due
        for recording in _films(session, request, child)
        if _may_erase(actor, recording)
        for due in _of_film(session, recording, request)
    ) + tuple(_of_list(session, child))


def _films(session: Session, request: RightsRequest, child: Child | None) -> Iterator[Recording]:
    """Yield her lessons; or the films of the child's class that nobody says the child is not in."""
    if child is not None:
        yield from gate.films_showing(session, child)
        return
    hers = Recording.educator_id == request.user_id
    of_class = Recording.class_group_id == request.class_group_id
    found = sa.select(Recording).where(hers if request.user_id else of_class)
    yield from session.scalars(found.order_by(Recording.recorded_on, Recording.id)).all()


def _may_erase(actor: Actor, recording: Recording) -> bool:
    """Tell whether it is hers to delete; that the request blocks it meanwhile hinders nobody."""
    thing = replace(recording.as_thing(), blocked=False)
    return access.can(actor, Action.RECORDING_ERASE, thing)


def _of_film(session: Session, recording: Recording, request: RightsRequest) -> Iterator[Due]:
    held, group = _held(session, recording, request), recording.class_group
    title = f"{group.name} · {recording.recorded_on.isoformat()} · {group.school.name}"
    if not recording.is_live and not recording.is_erased:
        yield Due(Kept.VIDEO, today(), title, recording.id, held=held)
    if _has_clips(session, recording.id):
        yield Due(Kept.CLIPS, today(), title, recording.id, held=held)


def _held(session: Session, recording: Recording, request: RightsRequest) -> Message | str:
    """Return why a lesson stays for now: a hold, or somebody else's request for a copy of it."""
    hold = erasing.hold_on(session, recording.id)
    if hold is not None:
        return hold.reason
    others = reach.held(
        session, educator_id=recording.educator_id, class_group_id=recording.class_group_id
    )
    asked = (session.get_one(RightsRequest, each) for each in others if each != request.id)
    copies = (each for each in asked if each.is_open and each.kind in requests.BY_COPY)
    return next((requests.KINDS[each.kind] for each in copies), "")


def _has_clips(session: Session, recording_id: UUID) -> bool:
    made = sa.select(DerivedFile.id).where(
        DerivedFile.recording_id == recording_id, DerivedFile.kind.in_(CLIPS)
    )
    return session.execute(made.limit(1)).first() is not None


def _of_list(session: Session, child: Child | None) -> Iterator[Due]:
    if child is not None and names.are_kept(session, child):
        yield Due(Kept.NAMES, today(), str(child.list_number), child.id)


# --- doing it -----------------------------------------------------------------------------------


@handler(KIND)
def erase(work: Work, request_id: UUID) -> None:
    """Delete what was confirmed for a request."""
    work.step("erase", erase_confirmed, work.database, work.settings, request_id)


def erase_confirmed(database: Database, settings: Settings, request_id: UUID) -> None:
    """Delete what was confirmed; one transaction a thing, so that a kill leaves the rest to do.

    What came to be held since then stays, and so does what is gone.
    """
    with database.read() as session:
        entries = session.scalars(
            sa.select(AuditEntry)
            .where(AuditEntry.action == CONFIRMED, AuditEntry.thing_id == request_id)
            .order_by(AuditEntry.number)
        )
        chosen = {
            told: _Confirmed(entry.actor_id, entry.at)
            for entry in entries
            for told in json.loads(entry.details)["things"]
        }
    place = erasing.Place(database, open_store(settings))
    for told, confirmed in chosen.items():
        kind, _colon, thing_id = told.partition(":")
        with database.write() as session:
            request = locked(session, RightsRequest, request_id)
            if request is not None and request.state not in _GIVEN_UP:
                _delete(session, place, (Kept(kind), UUID(thing_id)), request, confirmed)
        database.leave_no_trace()


class _Confirmed(NamedTuple):
    by_id: UUID | None
    at: datetime


_GIVEN_UP: Final = (RequestState.TAKEN_BACK, RequestState.REFUSED, RequestState.MISTAKEN)
_CERTIFIED: Final = {
    Kept.VIDEO: CertificateKind.VIDEO_DELETED,
    Kept.CLIPS: CertificateKind.CLIPS_DELETED,
    Kept.NAMES: CertificateKind.NAMES_DELETED,
}


def _is_done(session: Session, chosen: Choice, reason: str, since: datetime) -> bool:
    """Tell whether it was deleted since it was confirmed; what came anew there was not chosen."""
    kind, thing_id = chosen
    found = sa.select(Certificate.id).where(
        Certificate.thing_id == thing_id,
        Certificate.reason == reason,
        Certificate.kind == _CERTIFIED[kind],
        Certificate.made_at >= since,
    )
    return session.execute(found.limit(1)).first() is not None


def _delete(
    session: Session,
    place: erasing.Place,
    chosen: Choice,
    request: RightsRequest,
    confirmed: _Confirmed,
) -> None:
    kind, thing_id = chosen
    reason, by_id = requests.reason_of(request.id), confirmed.by_id
    if _is_done(session, chosen, reason, confirmed.at):
        return
    if kind is Kept.NAMES:
        files = names.delete_of(session, thing_id, reason=reason, by_id=by_id)
        erasing.delete_when_committed(session, place, files)
        return
    recording = locked(session, Recording, thing_id)
    if recording is None or _held(session, recording, request):
        return
    if kind is Kept.CLIPS:
        erasing.erase_clips(session, place, thing_id, reason=reason, by_id=by_id)
    elif not recording.is_erased:
        erasing.erase_video(
            session, place, thing_id, reason=reason, actor=None, by_id=by_id, with_clips=False
        )
