"""The videos that go along with a person's copy, and why one does not."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from observe.privacy import personal_export, reach
from observe.privacy.personal_export import Film
from observe.records.personal.gathering import Gathering
from observe.text import Message, message
from observe.video import derived
from observe.video.kept import KeptFile
from observe.video.models import Recording
from observe.video.store import Store


def films(it: Gathering, store: Store) -> tuple[tuple[Film, ...], tuple[Message, ...]]:
    """Return the videos that may go along, and of the others why they do not."""
    found: list[tuple[str, KeptFile]] = []
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
            ending = Path(lesson.original_name).suffix.lower() or ".mp4"
            found.append((f"videos/{lesson.recorded_on.isoformat()}{ending}", film))
    names = personal_export.file_names(name for name, _film in found)
    films = (Film(name, film.open) for name, (_name, film) in zip(names, found, strict=True))
    return tuple(films), tuple(missing)


def _why_not(session: Session, lesson: Recording) -> Message | None:
    if not lesson.has_consent:
        return message("its authorisations are not on file")
    if reach.is_blocked(session, None, lesson.class_group_id):
        return message("a family asked that it is not used for now")
    return None


def _film(session: Session, store: Store, lesson: Recording) -> KeptFile | None:
    try:
        film = derived.whole_lesson(session, store, lesson.id)
    except FileNotFoundError:
        return None
    return film if film.exists() else None
