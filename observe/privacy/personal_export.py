"""All that a home holds about somebody, as one zip: for programs (JSON) and to be read (a page).

Whoever asks is she herself, or the administrator who handles her request for a copy, or that of a
child's family: to the latter nothing is given that is hers alone. What is in it is gathered above
this room, where it is known. It is made in the background, waits a day to be taken, and that it
was taken is on file.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

import jinja2
import sqlalchemy as sa
from babel.dates import format_date
from sqlalchemy.orm import Session

from observe import jobs
from observe.errors import ConflictError
from observe.ids import new_id, parse_id
from observe.jobs import Job
from observe.people import access, audit
from observe.people.access import Action, Actor, Thing
from observe.people.models import AuditEntry
from observe.privacy import requests
from observe.privacy.request_models import About
from observe.settings import SCHOOL_TIME
from observe.text import LOCALES, Message, message

KIND: Final = "personal.export"
ASKED: Final = "personal.export_asked"
TAKEN: Final = "personal.export_taken"
VIDEOS_ARE_HERS: Final = message(
    "The videos of her lessons are not in it: only she herself takes them, under «My data»."
)
KEPT_WITHIN: Final = timedelta(days=1)
STEPS: Final[dict[str, Message]] = {
    "": message("Waiting for its turn"),
    "zip": message("Putting everything into one file"),
}
JSON_NAME: Final = "datos.json"
PAGE_NAME: Final = "datos.html"
TEMPLATE: Final = Path(__file__).with_name("personal_export.html")
TITLE: Final = message("All that is held about you")
CARE: Final = message("Keep this file with care: it speaks of you and of your work.")
_AT_ONCE: Final = 4 * 1024**2
Cell = str | int | float | bool | date | None
Say = Callable[[Message], str]  # puts words into the language of the copy


# --- what is in it --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Section:
    """One kind of what is held: `rows` by column; `columns` in words, in order of reading."""

    name: str
    title: Message
    columns: Mapping[str, Message]
    rows: tuple[Mapping[str, Cell], ...]
    about: Message | None = None


@dataclass(frozen=True)
class Film:
    """A video that goes along: of which lesson, its name in the zip, its size, what opens it."""

    lesson_id: UUID
    name: str
    size_bytes: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Personal:
    """All that is held about somebody, and what was left out and why."""

    name: str
    made_at: datetime
    sections: tuple[Section, ...]
    left_out: tuple[Message, ...] = ()
    films: tuple[Film, ...] = ()
    title: Message = TITLE
    care: Message = CARE


def as_json(personal: Personal) -> bytes:
    """Return it for programs: what each section holds, by the names of its columns."""
    told = {
        "name": personal.name,
        "made_at": personal.made_at,
        **{section.name: [dict(row) for row in section.rows] for section in personal.sections},
        "left_out": [each.in_language("en") for each in personal.left_out],
        "videos": [film.name for film in personal.films],
    }
    return json.dumps(told, default=_plain, ensure_ascii=False, indent=1).encode()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def as_page(personal: Personal, locale: str) -> bytes:
    """Return it to be read and printed: one page that asks nothing of any network."""
    template = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = template.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return page.render(
        lang=locale.split("_", maxsplit=1)[0],
        personal=personal,
        words={name: told.in_language(locale) for name, told in _PAGE.items()},
        say=lambda told: told.in_language(locale),
        cell=lambda value: _shown(value, locale),
    ).encode()


def _shown(value: Cell, locale: str) -> str:
    if isinstance(value, bool):
        return (_PAGE["yes"] if value else _PAGE["no"]).in_language(locale)
    if isinstance(value, datetime):
        at = value.astimezone(SCHOOL_TIME)
        return f"{format_date(at.date(), 'd MMM yyyy', locale=locale)}, {at:%H:%M}"
    if isinstance(value, date):
        return format_date(value, "d MMM yyyy", locale=locale)
    return "" if value is None else str(value)


_PAGE: Final = {
    "made": message("Made on"),
    "nothing": message("Nothing."),
    "left_out": message("What is not in here, and why"),
    "videos": message("Videos that go along"),
    "machine": message("The same for other programs is in the file datos.json."),
    "yes": message("Yes"),
    "no": message("No"),
}


def write_zip(target: Path, personal: Personal, *, locale: str) -> None:
    """Write all of it into a zip at `target`; videos as they are.

    The comment of a video is the id of its lesson, by which `lessons_in` tells whose it is.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(JSON_NAME, as_json(personal))
        packed.writestr(PAGE_NAME, as_page(personal, locale))
        for film in personal.films:
            _pack(packed, film, personal.made_at)


def _pack(packed: zipfile.ZipFile, film: Film, at: datetime) -> None:
    """Put a video into the zip as it is, with its lesson: it does not get any smaller."""
    about = zipfile.ZipInfo(film.name, at.timetuple()[:6])
    about.external_attr = 0o600 << 16
    about.comment = film.lesson_id.hex.encode()
    with film.open() as content, packed.open(about, "w", force_zip64=True) as place:
        shutil.copyfileobj(content, place, _AT_ONCE)


def lessons_in(path: Path) -> frozenset[UUID]:
    """Return of which lessons the zip at `path` holds videos."""
    with zipfile.ZipFile(path) as packed:
        return frozenset(UUID(each.comment.decode()) for each in packed.infolist() if each.comment)


# --- asking for it --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ask:
    """An export that was asked for: about whom, by whom, and for which request (None: her own).

    Without a `user_id` it is about the child of the request.
    """

    id: UUID
    user_id: UUID | None
    actor_id: UUID
    locale: str
    with_videos: bool
    request_id: UUID | None

    @property
    def is_own(self) -> bool:
        """Whether the person asked for it herself."""
        return self.actor_id == self.user_id


def ask(
    session: Session,
    user_id: UUID | None,
    *,
    with_videos: bool,
    locale: str,
    actor: Actor,
    request_id: UUID | None = None,
) -> UUID:
    """Ask for all that is held about a person, or (None) the child of a request; return its id.

    Raises:
        NotFoundError, NotAllowedError: it is neither about `actor` herself nor a request of hers
            to handle. ConflictError: the request asks for no copy, or was ended; or the videos are
            asked for by somebody else, who may not watch them either.
    """
    _check_may(session, user_id, request_id, actor)
    if with_videos and user_id != actor.user_id:
        raise ConflictError(VIDEOS_ARE_HERS)
    export_id = new_id()
    audit.record(
        session,
        ASKED,
        actor_id=actor.user_id,
        thing_kind="personal_export",
        thing_id=export_id,
        user=user_id,
        request=request_id,
        locale=locale,
        videos=with_videos,
    )
    jobs.enqueue(session, KIND, export_id)
    return export_id


def _check_may(
    session: Session, user_id: UUID | None, request_id: UUID | None, actor: Actor
) -> None:
    if request_id is None:
        thing = Thing("person", id=user_id, user_id=user_id)
        if not access.can(actor, Action.RIGHTS_EXPORT, thing):
            raise access.not_found()
        return
    request = requests.request_for(session, request_id, actor=actor, action=Action.RIGHTS_HANDLE)
    if request.user_id != user_id or request.about is About.OTHER:
        raise access.not_found()
    if request.kind not in requests.BY_COPY or not request.is_open:
        raise ConflictError(
            message("Only a request for access or for a copy that is still open is answered so.")
        )


def asked_for(session: Session, export_id: UUID, *, actor: Actor) -> Ask:
    """Return the export that `actor` asked for, while she may have it.

    Raises:
        NotFoundError, NotAllowedError: there is none of hers, or it is not hers any more.
        ConflictError: the request was ended meanwhile.
    """
    found = find(session, export_id)
    if found is None or found.actor_id != actor.user_id:
        raise access.not_found()
    _check_may(session, found.user_id, found.request_id, actor)
    return found


def find(session: Session, export_id: UUID) -> Ask | None:
    """Return what was asked for, whoever asks; for the job that makes it."""
    entry = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.thing_id == export_id, AuditEntry.action == ASKED)
    ).one_or_none()
    if entry is None or entry.actor_id is None:
        return None
    told = json.loads(entry.details)
    locale = told["locale"] if told["locale"] in LOCALES else LOCALES[0]
    request_id = parse_id(told["request"] or "")
    return Ask(
        export_id,
        parse_id(told["user"] or ""),
        entry.actor_id,
        locale,
        bool(told["videos"]),
        request_id,
    )


def last_of(session: Session, *, actor: Actor, request_id: UUID | None = None) -> UUID | None:
    """Return the export that `actor` asked for last within a day; of a request, or of her own."""
    rows = session.scalars(
        sa.select(AuditEntry)
        .where(
            AuditEntry.action == ASKED,
            AuditEntry.actor_id == actor.user_id,
            AuditEntry.at > _since(),
        )
        .order_by(AuditEntry.number.desc())
    )
    wanted = str(request_id) if request_id else None
    return next(
        (row.thing_id for row in rows if json.loads(row.details).get("request") == wanted), None
    )


def _since() -> datetime:
    return datetime.now(SCHOOL_TIME) - KEPT_WITHIN


def job_of(session: Session, export_id: UUID) -> Job | None:
    """Return the job that makes it; `STEPS` has words for its steps."""
    return jobs.latest(session, KIND, export_id)


def again(session: Session, export_id: UUID, *, actor: Actor) -> None:
    """Make it anew: it failed, or is gone. Raises as `asked_for`."""
    jobs.enqueue(session, KIND, asked_for(session, export_id, actor=actor).id, again=True)


def taken(session: Session, asked: Ask, *, actor: Actor) -> None:
    """Put on file that `actor` took it away."""
    audit.record(
        session,
        TAKEN,
        actor_id=actor.user_id,
        thing_kind="person" if asked.user_id else "rights_request",
        thing_id=asked.user_id or asked.request_id,
        export=asked.id,
        request=asked.request_id,
        videos=asked.with_videos,
    )


def file_names(names: Iterable[str]) -> list[str]:
    """Return names for files of a zip, each once: a number stands behind one that comes again.

    >>> file_names(["videos/a.mp4", "videos/a.mp4", "videos/b.mp4"])
    ['videos/a.mp4', 'videos/a-2.mp4', 'videos/b.mp4']
    """
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        stem, dot, ending = name.rpartition(".")
        told.append(name if seen[name] == 1 else f"{stem}-{seen[name]}{dot}{ending}")
    return told
