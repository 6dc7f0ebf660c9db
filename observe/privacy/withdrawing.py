"""What was allowed is taken back because a request asks for it, by who handles the request."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.errors import ConflictError
from observe.people import audit
from observe.people.access import Actor
from observe.people.models import AuditEntry
from observe.privacy import certificates, consent, requests
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import Subject
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate, Revocation
from observe.privacy.request_models import Channel, RightsRequest
from observe.privacy.scopes import Channel as Way
from observe.privacy.scopes import Scope
from observe.text import message

REVOKED: Final = "rights.revoked"
# What may be answered by taking back what was allowed.
BY_REVOKING: Final = frozenset({RequestKind.OBJECTION, RequestKind.ERASURE})
_WAYS: Final = {
    Channel.IN_PERSON: Way.IN_PERSON,
    Channel.PHONE: Way.IN_PERSON,
    Channel.LETTER: Way.PAPER,
    Channel.EMAIL: Way.MAIL,
    Channel.PROGRAM: Way.DIGITAL,
}


def allowed(session: Session, request: RightsRequest) -> tuple[Scope, ...]:
    """Return what is allowed now by whom a request speaks of."""
    subject = _subject(session, request)
    if subject is None:
        return ()
    standing = consent.standing_of(session, subject)
    return tuple(scope for scope in Scope if standing.state(scope))


def revoke(
    session: Session, request_id: UUID, scopes: Iterable[Scope], *, actor: Actor
) -> Revocation:
    """Take back what a request objects to, as of the day it came in: films lock, clips go.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to handle.
        ConflictError: it was ended, objects to nothing, or nothing of it is allowed now.
    """
    request = requests.handled(session, request_id, actor=actor)
    subject = _subject(session, request)
    if request.kind not in BY_REVOKING or subject is None:
        raise ConflictError(message("Nothing that was allowed is taken back by this request."))
    revocation = consent.revoke(
        session,
        subject,
        scopes,
        on=request.received_on,
        channel=_WAYS[request.channel],
        actor=actor,
    )
    audit.record(
        session,
        REVOKED,
        actor_id=actor.user_id,
        thing_kind="rights_request",
        thing_id=request.id,
        revocation=revocation.id,
    )
    return revocation


def certificates_of(session: Session, request_id: UUID) -> list[Certificate]:
    """Return what the revocations of a request reached, once the job has done it."""
    entries = session.scalars(
        sa.select(AuditEntry.details)
        .where(AuditEntry.action == REVOKED, AuditEntry.thing_id == request_id)
        .order_by(AuditEntry.number)
    )
    ids = [UUID(json.loads(each)["revocation"]) for each in entries]
    found = (certificates.last_of(session, each, CertificateKind.REVOKED) for each in ids)
    return [each for each in found if each is not None]


def _subject(session: Session, request: RightsRequest) -> Subject | None:
    if request.user is not None:
        return Subject(educator=request.user)
    child = requests.child_of(session, request)
    return Subject(child=child) if child else None
