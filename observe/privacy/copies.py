"""Copies of the database made before an upgrade: they age out like everything else.

They hold no video, but names. What `observe backup` wrote lies where a person put it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from observe.db import day_of
from observe.privacy import certificates
from observe.privacy.certificates import Told
from observe.privacy.kinds import CertificateKind
from observe.privacy.retention import Due, Rule, goes_on
from observe.settings import Settings


def due(settings: Settings, rule: Rule) -> Iterator[Due]:
    """Yield each copy with the day on which it goes."""
    for path in _copies(settings):
        yield Due(rule.kind, goes_on(_made_on(path), rule), path.name, name=path.name)


def delete(session: Session, settings: Settings, due: Due) -> None:
    """Delete a copy and certify it; one that is gone already is no error."""
    path = next((each for each in _copies(settings) if each.name == due.name), None)
    if path is None:
        return
    content = path.read_bytes()
    path.unlink()
    file = {
        "kind": "copy",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
    }
    told = Told(
        CertificateKind.COPIES_DELETED,
        "home",
        None,
        None,
        {"files": [file]},
        f"rule:{due.kind.value}",
    )
    certificates.issue(session, told, by_id=None)


def _copies(settings: Settings) -> list[Path]:
    return sorted(path for path in settings.backup_path.glob("*.sqlite") if path.is_file())


def _made_on(path: Path) -> date:
    return day_of(datetime.fromtimestamp(path.stat().st_mtime, UTC))
