"""After an older backup was brought back: what was deleted since then is deleted again.

It is done before the restored home takes its place, so that nothing of it is seen for a moment.
Each thing leaves a certificate of its own in the restored home, which names the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.db import Database, now
from observe.errors import ObserveError
from observe.feedback import pseudonymising
from observe.people import audit
from observe.people.models import AuditEntry, Child, ClassGroup, User
from observe.privacy import consent, names
from observe.privacy.certificates import AGAIN
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate, Consent, Hold, Revocation
from observe.privacy.scopes import Channel
from observe.privacy.tombstones import Tombstone
from observe.video import erasing
from observe.video.models import Recording
from observe.video.store import Store


@dataclass(frozen=True)
class Again:
    """What was deleted again, and what could not be."""

    done: tuple[Tombstone, ...] = ()
    failed: tuple[Tombstone, ...] = ()


def delete_again(database: Database, store: Store, tombstones: Iterable[Tombstone]) -> Again:
    """Delete what these tell of and the backup brought back, one transaction a thing.

    What is of another home, or was deleted in the backup already, is passed over. What cannot be
    deleted keeps nobody from her data: it is told.
    """
    place = erasing.Place(database, store)
    with database.read() as session:
        copied_at = session.scalar(sa.select(sa.func.max(AuditEntry.at)))
    done, failed = [], []
    for each in tombstones:
        try:
            with database.write() as session:
                if _is_known(session, each, copied_at):
                    continue
                if _VERBS[CertificateKind(each.kind)](session, place, each):
                    done.append(each)
        except (ObserveError, sa.exc.SQLAlchemyError, KeyError, ValueError):
            failed.append(each)
    database.leave_no_trace()
    return Again(tuple(done), tuple(failed))


def _is_known(session: Session, tombstone: Tombstone, copied_at: datetime | None) -> bool:
    """Tell whether the database has what came of this already.

    By its certificate; or because it was at work after that deletion, as a home is that was brought
    back before: names and clips may have come anew there since. A video does not, nor does a
    consent that was taken back: a new one is another row.
    """
    if session.get(Certificate, UUID(tombstone.certificate_id)) is not None:
        return True
    made_at = datetime.fromisoformat(tombstone.made_at)
    later = copied_at is not None and copied_at > made_at
    return later and CertificateKind(tombstone.kind) not in _FOR_EVER


def _reason(tombstone: Tombstone) -> str:
    return f"{AGAIN}{tombstone.number}"


def _video(session: Session, place: erasing.Place, tombstone: Tombstone) -> bool:
    recording = session.get(Recording, UUID(tombstone.thing_id))
    if recording is None or recording.is_erased:
        return False
    _lift(session, recording.id)
    erasing.erase_video(
        session,
        place,
        recording.id,
        reason=_reason(tombstone),
        actor=None,
        with_clips=tombstone.more["with_clips"],
    )
    return True


def _lift(session: Session, recording_id: UUID) -> None:
    """Lift what held it when the backup was made: it was lifted before the deletion."""
    open_ones = sa.select(Hold).where(Hold.recording_id == recording_id, Hold.lifted_at.is_(None))
    for row in session.scalars(open_ones):
        row.lifted_at = now()
        audit.record(
            session,
            "recording.released",
            actor_id=None,
            thing_kind="recording",
            thing_id=recording_id,
            hold=row.id,
        )


def _clips(session: Session, place: erasing.Place, tombstone: Tombstone) -> bool:
    recording = session.get(Recording, UUID(tombstone.thing_id))
    if recording is None:
        return False
    reason = _reason(tombstone)
    gone = erasing.erase_clips(
        session, place, recording.id, reason=reason, by_id=None, held_too=True
    )
    return gone is not None


def _names(session: Session, place: erasing.Place, tombstone: Tombstone) -> bool:
    """Empty the names of a class list, or that of one child, again."""
    thing_id, reason = UUID(tombstone.thing_id), _reason(tombstone)
    child = session.get(Child, thing_id)
    if child is not None and names.are_kept(session, child):
        files = names.delete_of(session, thing_id, reason=reason, by_id=None)
    elif session.get(ClassGroup, thing_id) is not None and names.are_there(session, thing_id):
        files = names.delete(session, thing_id, reason=reason)
    else:
        return False
    erasing.delete_when_committed(session, place, files)
    return True


def _name(session: Session, place: erasing.Place, tombstone: Tombstone) -> bool:
    user = session.get(User, UUID(tombstone.thing_id))
    if user is None or user.pseudonymised_at is not None:
        return False
    pseudonymising.replace(
        session,
        place,
        user.id,
        reason=_reason(tombstone),
        pseudonym=tombstone.more["pseudonym"],
    )
    return True


def _revoked(session: Session, _place: erasing.Place, tombstone: Tombstone) -> bool:
    """Take back again what was taken back; its job then reaches what was made of it.

    Where the backup does not know who registered that, it is in the name of who had registered the
    consent: somebody must be named.
    """
    told, revocation_id = tombstone.more, UUID(tombstone.thing_id)
    ids = [UUID(each) for each in told["consents"]]
    still = sa.select(Consent).where(Consent.id.in_(ids), Consent.revocation_id.is_(None))
    granted = session.scalars(still).all()
    if not granted or session.get(Revocation, revocation_id) is not None:
        return False
    child = session.get(Child, UUID(told["child"])) if told["child"] else None
    educator = session.get(User, UUID(told["educator"])) if told["educator"] else None
    by = session.get(User, UUID(told["by"])) or granted[0].registered_by
    session.add(
        Revocation(
            id=revocation_id,
            child_id=child.id if child else None,
            educator_id=educator.id if educator else None,
            revoked_on=date.fromisoformat(told["on"]),
            channel=Channel(told["channel"]),
            by_id=by.id,
            at=datetime.fromisoformat(told["at"]),
        )
    )
    session.flush()
    for row in granted:
        row.revocation_id = revocation_id
    consent.changed(session, child, educator)
    jobs.enqueue(session, consent.REVOKE, revocation_id)
    return True


_FOR_EVER: Final = frozenset({
    CertificateKind.VIDEO_DELETED, CertificateKind.PSEUDONYMISED, CertificateKind.REVOKED,
})  # fmt: skip
_VERBS: Final[dict[CertificateKind, Callable[[Session, erasing.Place, Tombstone], bool]]] = {
    CertificateKind.VIDEO_DELETED: _video,
    CertificateKind.CLIPS_DELETED: _clips,
    CertificateKind.NAMES_DELETED: _names,
    CertificateKind.PSEUDONYMISED: _name,
    CertificateKind.REVOKED: _revoked,
}
