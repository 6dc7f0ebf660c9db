"""Copying in what is still read where it was given: at once, and whatever becomes of the rest.

A job of its own in a queue of its own: neither a long encoding nor stopping the preparation may
keep an accepted lesson on a card that somebody will pull out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from observe import jobs
from observe.jobs import Work, handler
from observe.video import derived
from observe.video.derived import Given
from observe.video.models import Recording
from observe.video.store import Store, open_store

KIND: Final = "video.copy"
_one_at_a_time = threading.Lock()


def copy_soon(session: Session, recording_id: UUID) -> None:
    """Ask, in the caller's transaction, for the files of this recording to be copied in."""
    jobs.enqueue(session, KIND, recording_id, queue=jobs.Queue.AT_ONCE)


def is_borrowed(session: Session, store: Store, recording: Recording) -> bool:
    """Tell whether a file of this recording still lies where it was given: leave its card in."""
    given: tuple[Given, ...] = (recording, *derived.parts_of(session, recording.id))
    return any(each.incoming and store.is_borrowed(each.incoming) for each in given)


@handler(KIND)
def copy_in(work: Work, recording_id: UUID) -> None:
    """Copy every borrowed file of the recording into the store."""
    work.step("copy", _copy_in, work, recording_id)


def _copy_in(work: Work, recording_id: UUID) -> None:
    with work.database.read() as session:
        recording = session.get(Recording, recording_id)
        parts = derived.parts_of(session, recording_id)
    given: tuple[Given, ...] = (recording, *parts) if recording is not None else ()
    bring_in(open_store(work.settings), (each.incoming for each in given if each.incoming))


def bring_in(store: Store, names: Iterable[str]) -> None:
    """Copy in those of these incoming files that are only borrowed; twice at once is once.

    Raises:
        NotFoundError: one was taken away or changed. BadInputError: the disk has no room.
    """
    with _one_at_a_time:
        for name in names:
            store.bring_in(name)
