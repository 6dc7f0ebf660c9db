"""Copies of the database made before an upgrade: they age out like everything else.

They hold no video, but names. What `observe backup` wrote lies where a person put it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import day_of
from observe.privacy import certificates
from observe.privacy.certificates import Told
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate
from observe.privacy.retention import Due, Rule, goes_on
from observe.settings import Settings


def due(settings: Settings, rule: Rule) -> Iterator[Due]:
    """Yield each copy with the day on which it goes."""
    for path in _copies(settings):
        yield Due(rule.kind, goes_on(_made_on(path), rule), path.name, name=path.name)


def certify(session: Session, settings: Settings, due: Due) -> Path | None:
    """Certify that a copy is deleted, and return it: the caller deletes it after the commit.

    None where it is gone already. Killed in between, or where the system refuses, it is due again,
    and what was certified is not certified twice.
    """
    path = next((each for each in _copies(settings) if each.name == due.name), None)
    if path is None:
        return None
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    if not _is_certified(session, sha256):
        _issue(session, due, sha256, path.stat().st_size)
    return path


def _is_certified(session: Session, sha256: str) -> bool:
    kind = Certificate.kind == CertificateKind.COPIES_DELETED
    told = session.scalars(sa.select(Certificate.what).where(kind))
    return any(file["sha256"] == sha256 for what in told for file in what["files"])


def _issue(session: Session, due: Due, sha256: str, size_bytes: int) -> None:
    told = Told(
        CertificateKind.COPIES_DELETED,
        "home",
        None,
        None,
        {"files": [{"kind": "copy", "sha256": sha256, "size_bytes": size_bytes}]},
        f"rule:{due.kind.value}",
    )
    certificates.issue(session, told, by_id=None)


def _copies(settings: Settings) -> list[Path]:
    return sorted(path for path in settings.backup_path.glob("*.sqlite") if path.is_file())


def _made_on(path: Path) -> date:
    return day_of(datetime.fromtimestamp(path.stat().st_mtime, UTC))
