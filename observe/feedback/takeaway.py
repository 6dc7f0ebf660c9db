"""One file for a pen drive: her page with the two blurred clips inside, sealed when asked.

It asks nothing of any network and says so in its policy. Without a passphrase it is a plain page
that plays without a script; with one there is nothing in it but what only the passphrase opens.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup
from sqlalchemy.orm import Session

from observe.errors import ConflictError, InvalidError
from observe.feedback import openings, sealing, signed
from observe.feedback.models import Feedback, FocusKind
from observe.feedback.operations import feedback_for
from observe.feedback.report import FeedbackPage, page_of, words_of
from observe.feedback.sealing import Part
from observe.people.access import Action, Actor
from observe.text import DEFAULT_LOCALE, Message, message
from observe.video import captions, leaving
from observe.video.store import Store

FOLDER: Final = Path(__file__).with_name("carried")
POLICY: Final = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src data: blob:; "
    "media-src data: blob:; base-uri 'none'; form-action 'none'"
)
# autoescape: what people typed is never markup; styles and scripts are ours.
_templates: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True)
class Film:
    """A blurred and signed clip as it is carried: itself, its picture, and what is said in it."""

    clip: Part
    poster: Part | None = None
    captions: Part | None = None

    def parts(self) -> dict[str, Part]:
        """Return what there is of it, by name."""
        named = {"film": self.clip, "poster": self.poster, "captions": self.captions}
        return {name: part for name, part in named.items() if part is not None}


Films = Mapping[FocusKind, Film]


@dataclass(frozen=True)
class Carried:
    """What goes into the file, and of which clips it is made."""

    page: FeedbackPage
    films: Films
    clips: tuple[str, ...]  # sha256


# --- what goes in -------------------------------------------------------------------------------


def carried(
    session: Session,
    store: Store,
    feedback: Feedback,
    *,
    actor: Actor,
    locale: str = DEFAULT_LOCALE,
) -> Carried:
    """Return what `actor` may carry of a feedback.

    Raises:
        NotFoundError, NotAllowedError: she may not know of it.
        InvalidError: a clip is not blurred and signed, and what else is missing; all is listed.
    """
    feedback_for(session, feedback.id, actor=actor, action=Action.FEEDBACK_SEE)
    if found := signed.missing(session, store, feedback):
        raise InvalidError(
            message("This cannot be carried away yet: its clips are not ready."), list(found)
        )
    moments = signed.signed_moments(session, feedback)
    try:
        films = {kind: _film(session, store, moment) for kind, moment in moments.items()}
    except FileNotFoundError as error:
        raise ConflictError(message("The file of a clip is gone. Blur it again.")) from error
    clips = tuple(moment.clip.sha256 for moment in moments.values())
    return Carried(page_of(feedback, locale=locale), films, clips)


def _film(session: Session, store: Store, moment: signed.SignedMoment) -> Film:
    recording_id = moment.clip.recording_id
    said = leaving.captions_along(session, store, recording_id, moment.span, blurred=True)
    poster = moment.poster
    return Film(
        Part(moment.clip.media_type, store.kept(moment.clip.sha256).read_bytes()),
        Part(poster.media_type, store.kept(poster.sha256).read_bytes()) if poster else None,
        Part(captions.MEDIA_TYPE, captions.write_vtt(said).encode()) if said else None,
    )


def taken(
    session: Session, feedback: Feedback, what: Carried, *, sealed: bool, actor: Actor
) -> None:
    """Put on file that `actor` took the file away, and with which clips."""
    openings.opened(
        session,
        feedback,
        actor=actor,
        action=openings.DOWNLOAD,
        form="html",
        sealed=sealed,
        clips=list(what.clips),
    )


# --- the file -----------------------------------------------------------------------------------


def written(what: Carried, *, passphrase: str | None = None) -> bytes:
    """Return the file: a page that plays as it is, or (with a passphrase) one that is sealed.

    Raises:
        BadInputError: the passphrase is too short or too long.
    """
    page, locale = what.page, what.page.locale
    if passphrase is None:
        body = _body(page, {kind: _inside(film) for kind, film in what.films.items()})
        return _file(locale, words_of(page)["title"], "play.js", body=body)
    places = {kind: _beside(kind, film) for kind, film in what.films.items()}
    parts = {"page": Part("text/html", _whole(page, _body(page, places)).encode())}
    for kind, film in what.films.items():
        parts |= {f"{kind}.{name}": part for name, part in film.parts().items()}
    sealed = sealing.seal(sealing.packed(parts), passphrase)
    return _file(
        locale,
        _SEALED["title"].in_language(locale),
        "open.js",
        sealed=sealed,
        words=_told(_SEALED, locale),
        label=sealing.LABEL.decode(),
        salt=_text(sealed.salt),
        nonce=_text(sealed.nonce),
        content=_text(sealed.content),
    )


def _body(page: FeedbackPage, films: Mapping[FocusKind, Mapping[str, str]]) -> Markup:
    words = words_of(page) | _told(_PAGE, page.locale)
    shown = _templates.get_template("body.html").render(page=page, films=films, words=words)
    return Markup(shown)  # noqa: S704  # escaped by its own template


def _whole(page: FeedbackPage, body: Markup) -> str:
    title = Markup("<title>{}</title>").format(words_of(page)["title"])
    return f"<!doctype html>{title}{body}"


def _file(locale: str, title: str, script: str, **more: object) -> bytes:
    texts = {name: (FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", script)}
    style, code = texts["page.css"], texts[script]
    made = _templates.get_template("page.html").render(
        lang=locale.split("_", maxsplit=1)[0],
        title=title,
        policy=POLICY.format(script=_allowed(code), style=_allowed(style)),
        style=style,
        script=code,
        **more,
    )
    return made.encode()


def _allowed(text: str) -> str:
    return f"'sha256-{_text(hashlib.sha256(text.encode()).digest())}'"


def _inside(film: Film) -> dict[str, str]:
    """Return the parts of a film as they stand in the page itself."""
    addresses = {
        name: f"data:{part.media_type};base64,{_text(part.content)}"
        for name, part in film.parts().items()
    }
    return {"place": ""} | addresses


def _beside(kind: FocusKind, film: Film) -> dict[str, str]:
    """Return under which names the parts of a film lie beside the page."""
    return {"place": "data-"} | {name: f"{kind}.{name}" for name in film.parts()}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _told(words: Mapping[str, Message], locale: str) -> dict[str, str]:
    return {name: told.in_language(locale) for name, told in words.items()}


_PAGE: Final = {
    "captions": message("Captions"),
    "keep": message(
        "The faces are covered and a person has checked it. Voices and the place can still be "
        "recognised: do not pass it on."
    ),
}
_SEALED: Final = {
    "title": message("A file with a passphrase"),
    "ask": message("Write the passphrase that was agreed with you. Nothing leaves this device."),
    "passphrase": message("Passphrase"),
    "open": message("Open it"),
    "busy": message("Opening…"),
    "wrong": message("That is not the passphrase. Check capital letters and accents."),
    "damaged": message("This file is damaged. Ask for it again."),
    "lost": message("Whoever made this file can make another one if the passphrase is lost."),
    "scripts": message(
        "This viewer cannot open files with a passphrase. Open it with Chrome, Edge or Firefox."
    ),
    "unable": message(
        "This browser cannot open it from here. Copy the file to this device and open it with an "
        "up-to-date Chrome, Edge or Firefox."
    ),
}
