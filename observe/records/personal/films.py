"""The videos that go along with a person's copy, and why one does not."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from observe.feedback.consent import allows_pictures
from observe.privacy import personal_export, reach
from observe.privacy.personal_export import Film
from observe.records.personal.gathering import Gathering
from observe.text import Message, message
from observe.video import derived
from observe.video.kept import KeptFile
from observe.video.models import Recording
from observe.video.operations import SUFFIXES
from observe.video.store import Store


def films(it: Gathering, store: Store) -> tuple[tuple[Film, ...], tuple[Message, ...]]:
    """Return the videos that may go along, and of the others why they do not."""
    found: list[tuple[UUID, str, KeptFile]] = []
    missing = []
    for lesson in it.lessons:
        if lesson.is_live:
            continue
        why = _why_not(it.session, lesson)
        film = None if why else _film(it.session, store, lesson)
        if film is None:
            told = why or message("its file is not here any more")
            day = lesson.recorded_on.isoformat()
            missing.append(message("The video of %(day)s: %(why)s.", day=day, why=told))
        else:
            given = Path(lesson.original_name).suffix.lower()
            ending = given if given in SUFFIXES else ".mp4"  # what else it says could be run
            name = f"videos/{lesson.recorded_on.isoformat()}{ending}"
            found.append((lesson.id, name, film))
    names = personal_export.file_names(name for _id, name, _film in found)
    films = (
        Film(lesson_id, name, film.size() or 0, film.open)
        for name, (lesson_id, _name, film) in zip(names, found, strict=True)
    )
    return tuple(films), tuple(missing)


def may_go_along(session: Session, user_id: UUID | None, lesson_id: UUID) -> bool:
    """Tell whether the video of a lesson may still be in a person's copy."""
    lesson = session.get(Recording, lesson_id)
    if lesson is None or lesson.is_erased or lesson.educator_id != user_id:
        return False
    return _why_not(session, lesson) is None


def _why_not(session: Session, lesson: Recording) -> Message | None:
    if not lesson.has_consent:
        return message("its authorisations are not on file")
    if not allows_pictures(session, lesson):
        return message("not all families allow that its pictures reach you")
    if reach.is_blocked(session, None, lesson.class_group_id):
        return message("a family asked that it is not used for now")
    return None


def _film(session: Session, store: Store, lesson: Recording) -> KeptFile | None:
    try:
        film = derived.whole_lesson(session, store, lesson.id)
    except FileNotFoundError:
        return None
    return film if film.exists() else None
