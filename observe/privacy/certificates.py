"""Certificates: what was deleted, when, by whom and why. They stay when the thing is gone.

A certificate holds ids, sizes and hashes, never a name nor the thing. Its own hash stands in an
entry of the audit trail, so that neither can be changed without the other telling.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe import jobs
from observe.db import now
from observe.people import access, audit
from observe.people.access import Action, Actor, Thing, can
from observe.people.models import AuditEntry, User
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate

ISSUED = "certificate.issued"
KEEP = "privacy.tombstone"  # the job that notes it where an older backup cannot undo it
AGAIN = "restore:"  # the reason, with the first certificate's number, after a backup was restored


@dataclass(frozen=True)
class Told:
    """What a certificate tells; `reason` is a person's words, or the code of a rule."""

    kind: CertificateKind
    thing_kind: str
    thing_id: UUID | None
    school_id: UUID | None
    what: Mapping[str, Any]
    reason: str


def issue(session: Session, told: Told, *, by_id: UUID | None) -> Certificate:
    """Write a certificate and bind it into the audit trail, in the caller's transaction.

    `by_id` None: no person did it, but a rule.
    """
    if by_id is not None:  # the row will refer to hers, and rows come before the trail
        session.get(User, by_id, with_for_update={"read": True, "key_share": True})
    audit.alone(session)
    row = Certificate(
        number=last_number(session) + 1,
        kind=told.kind,
        thing_kind=told.thing_kind,
        thing_id=told.thing_id,
        school_id=told.school_id,
        what=dict(told.what),
        reason=told.reason,
        made_at=now(),
        by_id=by_id,
    )
    row.sha256 = hash_of(row)
    session.add(row)
    session.flush()
    audit.record(
        session,
        ISSUED,
        actor_id=row.by_id,
        thing_kind="certificate",
        thing_id=row.id,
        number=row.number,
        sha256=row.sha256,
    )
    jobs.enqueue(session, KEEP, row.id, queue=jobs.Queue.AT_ONCE)
    return row


def hash_of(row: Certificate) -> str:
    """Return the sha256 over all that a certificate says."""
    told = [
        row.number,
        row.kind.value,
        row.thing_kind,
        str(row.thing_id),
        str(row.school_id),
        row.what,
        row.reason,
        row.made_at.isoformat(),
        str(row.by_id),
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def is_true(session: Session, row: Certificate) -> bool:
    """Tell whether a certificate is as it was issued: by its hash and by that in the trail."""
    entry = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.thing_id == row.id, AuditEntry.action == ISSUED)
    ).first()
    noted = json.loads(entry.details).get("sha256") if entry else None
    return row.sha256 == hash_of(row) == noted


def first_untrue(session: Session) -> int | None:
    """Return the number of the first certificate that the trail does not confirm; None: all are.

    It was changed or taken out, or the trail's end was cut off with the entry that tells of it.
    """
    noted = {
        entry.thing_id: json.loads(entry.details)
        for entry in session.scalars(sa.select(AuditEntry).where(AuditEntry.action == ISSUED))
    }
    rows = {row.id: row for row in session.scalars(sa.select(Certificate))}
    untrue = [told["number"] for id_, told in noted.items() if id_ not in rows]
    untrue += [
        row.number
        for id_, row in rows.items()
        if not row.sha256 == hash_of(row) == noted.get(id_, {}).get("sha256")
    ]
    return min(untrue, default=None)


def thing_of(row: Certificate) -> Thing:
    """Return what access needs to know of a certificate."""
    schools = frozenset({row.school_id} if row.school_id else ())
    return Thing("certificate", row.id, school_ids=schools)


def certificate_for(session: Session, certificate_id: UUID, *, actor: Actor) -> Certificate:
    """Return a certificate that `actor` may see.

    Raises:
        NotFoundError: there is none, or she may not know of it.
    """
    row = session.get(Certificate, certificate_id)
    if row is None:
        raise access.not_found()
    access.require(actor, Action.CERTIFICATE_SEE, thing_of(row))
    return row


def certificates_of(session: Session, *, actor: Actor) -> list[Certificate]:
    """Return the certificates that `actor` may see, the newest first."""
    rows = sa.select(Certificate).options(joinedload(Certificate.by))
    found = session.scalars(rows.order_by(Certificate.number.desc()))
    return [row for row in found if can(actor, Action.CERTIFICATE_SEE, thing_of(row))]


def last_number(session: Session) -> int:
    """Return the number of the last certificate, 0 for none: it tells whether something went."""
    return session.scalar(sa.select(sa.func.max(Certificate.number))) or 0


def last_of(session: Session, thing_id: UUID, *kinds: CertificateKind) -> Certificate | None:
    """Return the newest certificate of a thing, of one of these kinds."""
    rows = sa.select(Certificate).where(
        Certificate.thing_id == thing_id, Certificate.kind.in_(kinds)
    )
    return session.scalars(rows.order_by(Certificate.number.desc()).limit(1)).first()
