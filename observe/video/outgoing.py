"""Zips that are made for a person to take away; in none that waits is what was deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from observe.db import Database
from observe.privacy import certificates
from observe.video.store import Store


def make_zip(database: Database, store: Store, owner: UUID, write: Callable[[Path], None]) -> None:
    """Put the zip that `write` makes at a path where it waits for `owner` to be taken away.

    It is made again while something was deleted meanwhile: deleting clears what lies there, and a
    zip that comes later is looked at here. What `write` raises is raised, and none is left then.
    """
    waiting = store.outgoing(owner, "zip")
    while True:
        before = _deleted(database)
        made = store.temporary(".zip")
        try:
            write(made)
            store.put_aside(made, waiting)
        finally:
            made.unlink(missing_ok=True)
        if _deleted(database) == before:
            return
        waiting.unlink(missing_ok=True)


def _deleted(database: Database) -> int:
    with database.read() as session:
        return certificates.last_number(session)
