"""Sealing what the store keeps already, after the setting was switched on; and unsealing it again.

File by file. Each is at any moment there in one whole form or in both: killed anywhere, the verb is
given again and goes on. Nobody is kept from watching or adding meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import BadInputError
from observe.jobs import Job, JobState
from observe.people import access, audit
from observe.people.access import HOME, Action, Actor
from observe.text import Message, message
from observe.vault import KeyMissingError, UnsealError
from observe.video import derived
from observe.video.hashing import DamagedError, sha256_of
from observe.video.kept import KeptFile, Sealing
from observe.video.sealed import Head
from observe.video.store import Store, StoredFile

Tell = Callable[[int], None]  # how many bytes are behind us


@dataclass(frozen=True)
class Standing:
    """How many of the kept files lie sealed, and how many plain; one in both forms is in both."""

    sealed: int
    plain: int


@dataclass
class Outcome:
    """What became of the files: how many are done, left for later, and damaged (their hashes)."""

    done: int = 0
    left: int = 0
    damaged: list[str] = field(default_factory=list)


def standing(store: Store) -> Standing:
    """Return how the kept files lie."""
    forms = [file.is_sealed for file in store.blobs()]
    return Standing(forms.count(True), forms.count(False))


def locked(store: Store) -> tuple[Message, ...]:
    """Return why sealed files cannot be opened, a sentence for each reason; () is well."""
    why: dict[bytes, Message | None] = {}
    for sealing in (store.sealing(file.name) for file in store.blobs() if file.is_sealed):
        with suppress(UnsealError):  # damaged: that is told of each file by `check`
            head = sealing.head()
            if head is not None and head.key_id not in why:
                why[head.key_id] = _why_locked(sealing, head)
    return tuple({str(each): each for each in why.values() if each is not None}.values())


def _why_locked(sealing: Sealing, head: Head) -> Message | None:
    try:
        sealing.key(head)
    except KeyMissingError as error:
        return error.message
    return None


def to_change(session: Session, store: Store) -> list[StoredFile]:
    """Return the kept files that do not lie as the setting wants; what nobody knows of is none."""
    found = (file for file in store.blobs() if file.is_sealed != store.seals)
    return [file for file in found if derived.is_known(session, file.name)]


def seal_all(database: Database, store: Store, *, actor: Actor, tell: Tell) -> Outcome:
    """Seal every kept file that lies plain. A file that work is going on with is left for later.

    Raises:
        NotAllowedError: it is not hers to do.
        BadInputError: the setting is off, or the disk has no room.
        KeyMissingError: the key is gone.
    """
    return _all(database, store, actor, tell, sealed=True)


def unseal_all(database: Database, store: Store, *, actor: Actor, tell: Tell) -> Outcome:
    """Unseal every kept file that lies sealed; raises as `seal_all`, where the setting is on."""
    return _all(database, store, actor, tell, sealed=False)


def _all(database: Database, store: Store, actor: Actor, tell: Tell, *, sealed: bool) -> Outcome:
    access.require(actor, Action.HOME_SEAL, HOME)
    if store.seals != sealed:
        raise BadInputError(_SET_ON if sealed else _SET_OFF)
    with database.read() as session:  # a look at every file: nobody waits for it to write
        files = to_change(session, store)
    with database.write() as session:
        audit.record(
            session,
            "home.seal" if sealed else "home.unseal",
            actor_id=actor.user_id,
            thing_kind="home",
            thing_id=None,
            files=len(files),
        )
    outcome, behind = Outcome(), 0
    for file in files:
        _one(database, store, file.name, outcome)
        behind += file.size_bytes
        tell(behind)
    return outcome


_SET_ON: Final = message("Set OBSERVE_SEAL_FILMS=yes first: else what is added next is not sealed.")
_SET_OFF: Final = message("Set OBSERVE_SEAL_FILMS=no first: else what is added next is sealed.")


def _one(database: Database, store: Store, sha256: str, outcome: Outcome) -> None:
    try:
        if change(database, store, sha256):
            outcome.done += 1
        else:
            outcome.left += 1
    except FileNotFoundError:  # deleted meanwhile, or a worker began and cleared what we made
        outcome.left += store.kept(sha256).exists()
    except (DamagedError, UnsealError, OSError):  # a disk that is dying; the others are still done
        outcome.damaged.append(sha256)


def change(database: Database, store: Store, sha256: str) -> bool:
    """Lay one file as the setting wants; tell whether its other form is gone.

    It stays, and nothing is lost, while a job runs, which may read it, and on Windows while it is
    watched. Of a file that was deleted meanwhile both forms go; killed in here, the sweep asks
    whether it was.

    Raises:
        FileNotFoundError: it is not there (any more). DamagedError, UnsealError: it is damaged.
        BadInputError: the disk has no room for it. KeyMissingError: the key is gone.
    """
    store.doom(sha256)
    laid = False
    try:
        _lay(store, sha256)
        laid = True
    finally:
        with database.write() as session:
            done = not derived.is_known(session, sha256)
            if done:
                store.delete_blob(sha256)
            elif laid and not _at_work(session):
                done = _drop_other(store, sha256)
            store.settle(sha256)
    return done


def _lay(store: Store, sha256: str) -> None:
    if _lies_well(store, sha256):
        return
    if store.seals:
        store.lay_sealed(sha256, store.blob(sha256))
    else:
        store.lay_plain(sha256)


def _lies_well(store: Store, sha256: str) -> bool:
    """Tell whether an earlier try left the wanted form whole: then it may be the better one."""
    wanted = store.sealing(sha256) if store.seals else KeptFile(store.blob(sha256))
    try:
        return sha256_of(wanted) == sha256
    except (FileNotFoundError, UnsealError):
        return False


def _drop_other(store: Store, sha256: str) -> bool:
    """Remove the form that is not wanted; tell whether it could be."""
    try:
        if store.seals:
            store.drop_plain(sha256)
        else:
            store.drop_sealed(sha256)
    except PermissionError:  # Windows: it is being watched
        return False
    return True


def _at_work(session: Session) -> bool:
    running = sa.select(Job.id).where(Job.state == JobState.RUNNING).limit(1)
    return session.scalar(running) is not None
