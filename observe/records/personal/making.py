"""The zip of a copy: made in the background, kept for a day, taken away."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from observe.db import now
from observe.jobs import Work, handler
from observe.people import access
from observe.people.access import Actor
from observe.privacy import personal_export
from observe.privacy.personal_export import Ask, Personal
from observe.records.personal import child, films, person
from observe.video import outgoing
from observe.video.store import Store, open_store


@handler(personal_export.KIND)
def make(work: Work, export_id: UUID) -> None:
    """Make the zip of what was asked for."""
    work.step("zip", make_zip, work, export_id)


def make_zip(work: Work, export_id: UUID) -> None:
    """Put the zip where it waits a day to be taken away; doing it again makes it anew.

    What is deleted while it is made is in none that is left.

    Raises:
        BadInputError: there is no room on the disk for the videos that go along.
    """
    store = open_store(work.settings)
    store.clear_outgoing(now() - personal_export.KEPT_WITHIN)

    def write(made: Path) -> None:
        with work.database.read() as session:
            asked = personal_export.find(session, export_id)
            if asked is None:
                raise access.not_found()
            personal = _gathered(session, store, asked)
        # The database lies on the same disk: full of videos, it could keep nothing any more.
        store.make_sure_of_room(sum(film.size_bytes for film in personal.films))
        personal_export.write_zip(made, personal, locale=asked.locale)

    outgoing.make_zip(work.database, store, export_id, write)


def _gathered(session: Session, store: Store, asked: Ask) -> Personal:
    if asked.user_id is None and asked.request_id is not None:
        return child.gather(session, asked.request_id, locale=asked.locale)
    if asked.user_id is None:
        raise access.not_found()
    return person.gather(
        session,
        store,
        asked.user_id,
        locale=asked.locale,
        is_own=asked.is_own,
        with_videos=asked.with_videos,
    )


def is_ready(store: Store, export_id: UUID) -> bool:
    """Tell whether the zip waits to be taken away."""
    return _kept(store, export_id) is not None


def _kept(store: Store, export_id: UUID) -> Path | None:
    return store.outgoing_since(export_id, "zip", now() - personal_export.KEPT_WITHIN)


def take(session: Session, store: Store, asked: Ask, *, actor: Actor) -> Path | None:
    """Return the zip and put on file that `actor` takes it; None as `waiting`."""
    path = waiting(session, store, asked)
    if path is not None:
        personal_export.taken(session, asked, actor=actor)
    return path


def waiting(session: Session, store: Store, asked: Ask) -> Path | None:
    """Return the zip that waits to be taken away; None: it is not kept any more.

    One with a video that may not go along any more (a family took its consent back, or asked for a
    block) is not kept either.
    """
    path = _kept(store, asked.id)
    if path is None:
        return None
    lessons = personal_export.lessons_in(path)
    if not all(films.may_go_along(session, asked.user_id, each) for each in lessons):
        path.unlink()
        return None
    return path
