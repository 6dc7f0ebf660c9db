"""Zips to take away: what is deleted while one is made is in none that waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from observe.db import Database
from observe.ids import new_id
from observe.privacy import certificates
from observe.privacy.certificates import Told
from observe.privacy.kinds import CertificateKind
from observe.video import outgoing
from observe.video.store import Store


def delete_something(database: Database) -> None:
    told = Told(CertificateKind.VIDEO_DELETED, "recording", new_id(), None, {}, "Así.")
    with database.write() as session:
        certificates.issue(session, told, by_id=None)


def test_it_is_made_again_until_nothing_was_deleted_meanwhile(
    database: Database, store: Store
) -> None:
    owner, times = new_id(), list[bool]()

    def write(made: Path) -> None:
        times.append(store.outgoing(owner, "zip").exists())
        made.write_text(f"{len(times)}", encoding="utf-8")
        if len(times) < 3:
            delete_something(database)

    outgoing.make_zip(database, store, owner, write)
    assert times == [False] * 3  # none waits while the next is made
    assert store.outgoing(owner, "zip").read_text(encoding="utf-8") == "3"
    assert not list(store.leftovers())


def test_none_is_left_where_it_cannot_be_made_again(database: Database, store: Store) -> None:
    owner = new_id()

    def write(made: Path) -> None:
        if certificates_there(database):
            raise ValueError("gone")
        made.write_text("all", encoding="utf-8")
        delete_something(database)

    with pytest.raises(ValueError, match="gone"):
        outgoing.make_zip(database, store, owner, write)
    assert not list(store.outgoings())
    assert not list(store.leftovers())


def certificates_there(database: Database) -> int:
    with database.read() as session:
        return certificates.last_number(session)
