"""What was deleted, kept where the home is not: an older backup must not bring it back.

A file beside the vault's key, one line a certificate, and one for each thing that was shut
(`shut`), only ever added to. It outlives the home that a backup takes the place of, and serves all
homes of this computer: it holds ids, which are unlike everywhere, and neither names nor anybody's
words.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
import structlog
from filelock import FileLock
from sqlalchemy.orm import Session

from observe.db import Database
from observe.ids import new_id
from observe.jobs import Queue, Work, before_work, enqueue, handler
from observe.people import memberships
from observe.privacy import requests
from observe.privacy.certificates import KEEP
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Certificate, Consent, Revocation
from observe.privacy.request_models import RightsRequest
from observe.privacy.requests import BY_REQUEST
from observe.privacy.shut import Shut, last_of, shut_in
from observe.settings import Settings
from observe.vault import needed_key

log = structlog.get_logger(__name__)
NAME: Final = "deletions.jsonl"
_NOT_IN_BACKUPS: Final = CertificateKind.COPIES_DELETED


@dataclass(frozen=True)
class Tombstone:
    """That a thing was deleted, as a certificate tells; `more` is what doing it again needs."""

    certificate_id: str
    number: int
    sha256: str
    made_at: str
    kind: str
    thing_id: str
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """By what it is known: noted once."""
        return self.certificate_id


Note = TypeVar("Note", Tombstone, Shut)


def path_of(settings: Settings) -> Path:
    """Return the file of this computer."""
    return settings.key_path.with_name(NAME)


@handler(KEEP)
def keep(work: Work, _certificate_id: UUID) -> None:
    """Write down the certificate just issued, or what was shut, and all else not there yet."""
    work.step("keep", catch_up, work.settings, work.database)


@memberships.when_closed
def _note_who_left(session: Session) -> None:
    note_soon(session)


@requests.when_block_changed
def _note_block(session: Session, _request: RightsRequest) -> None:
    note_soon(session)


def note_soon(session: Session) -> None:
    """Ask that what this transaction shuts be noted where an older backup cannot open it."""
    enqueue(session, KEEP, new_id(), queue=Queue.AT_ONCE)


@before_work
def catch_up(settings: Settings, database: Database) -> None:
    """Add what this home deleted and shut and the file has not; a hub has backups of its own.

    The drive with the key may be away: then it is done the next time, and nothing waits for it.
    """
    if settings.mode != "laptop":
        return
    path = path_of(settings)
    with database.read() as session:
        told: list[Tombstone | Shut] = [*tombstones_of(session)]
        told += shut_in(session, _read(path, Shut))
    if told and is_away(settings):
        log.warning("deletions not noted: the key's folder is away")
    elif told:
        try:
            _add(path, told)
        except OSError as error:
            log.warning("deletions not noted", reason=type(error).__name__)


def is_away(settings: Settings) -> bool:
    """Tell whether the drive or folder is not there in which the home's key must lie."""
    return needed_key(settings) is not None and not path_of(settings).parent.is_dir()


def tombstones_of(session: Session) -> list[Tombstone]:
    """Return what the certificates of a home tell of that a backup could bring back, in order."""
    rows = sa.select(Certificate).where(
        Certificate.kind != _NOT_IN_BACKUPS, Certificate.thing_id.is_not(None)
    )
    return [_of(session, row) for row in session.scalars(rows.order_by(Certificate.number))]


def _of(session: Session, row: Certificate) -> Tombstone:
    return Tombstone(
        str(row.id),
        row.number,
        row.sha256,
        row.made_at.isoformat(),
        row.kind.value,
        str(row.thing_id),
        _more(session, row),
    )


def _more(session: Session, row: Certificate) -> dict[str, Any]:
    if row.kind is CertificateKind.VIDEO_DELETED:
        alone = row.reason == f"rule:{Kept.VIDEO.value}" or row.reason.startswith(BY_REQUEST)
        return {"with_clips": not alone}
    if row.kind is CertificateKind.PSEUDONYMISED:
        return {"pseudonym": row.what["pseudonym"]}
    if row.kind is CertificateKind.REVOKED:
        return _revoked(session, session.get_one(Revocation, row.thing_id))
    return {}


def _revoked(session: Session, row: Revocation) -> dict[str, Any]:
    of = sa.select(Consent.id).where(Consent.revocation_id == row.id).order_by(Consent.id)
    return {
        "child": str(row.child_id) if row.child_id else None,
        "educator": str(row.educator_id) if row.educator_id else None,
        "on": row.revoked_on.isoformat(),
        "channel": row.channel.value,
        "by": str(row.by_id),
        "at": row.at.isoformat(),
        "consents": [str(consent_id) for consent_id in session.scalars(of)],
    }


# --- the file -------------------------------------------------------------------------------------


def known(settings: Settings) -> list[Tombstone]:
    """Return what this computer knows of deletions, in the order in which they were done."""
    found = _read(path_of(settings), Tombstone)
    return sorted(found, key=lambda each: (each.made_at, each.number))


def known_shut(settings: Settings) -> list[Shut]:
    """Return what this computer knows of what was shut: the last of each thing."""
    return list(last_of(_read(path_of(settings), Shut)).values())


def _read(path: Path, kind: type[Note]) -> list[Note]:
    """Read the lines that are whole: the last may have been cut off by a kill."""
    found = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        try:
            found.append(kind(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def _add(path: Path, notes: Iterable[Tombstone | Shut]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        there = {each.key for each in _read(path, Tombstone)}
        there |= {each.key for each in _read(path, Shut)}
        new = [each for each in notes if each.key not in there]
        if new:
            _append(path, [json.dumps(asdict(each), sort_keys=True) for each in new])


def _append(path: Path, lines: list[str]) -> None:
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write("".join(f"{line}\n" for line in lines).encode())
        file.flush()
        os.fsync(file.fileno())
