"""Words on pages: the language of a request, its catalogues, how numbers and dates are written."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any, Final

from babel.core import Locale, get_global
from babel.dates import format_date, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations
from flask import Flask, g, has_request_context, session
from flask_babel import Babel, Domain, get_locale

from observe.db import now
from observe.people.directory import ROLE_NAMES
from observe.settings import SCHOOL_TIME
from observe.text import CATALOGUES, DEFAULT_LOCALE, LOCALES, Message, Spoken, translations
from observe.web import guards

DAY: Final = "d MMM y"
COOKIE_KEY: Final = "locale"


class _Catalogues(Domain):
    """The rooms' catalogues instead of compiled files."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def get_translations(self) -> NullTranslations:
        found = translations(language())
        return found if isinstance(found, NullTranslations) else NullTranslations()


class _Babel(Babel):
    def __init__(self, app: Flask, **options: Any) -> None:  # noqa: ANN401
        super().__init__(app, **options)  # type: ignore[no-untyped-call]

    @property
    def domain_instance(self) -> Domain:
        return _Catalogues()


def install(app: Flask, default: str) -> None:
    """Teach `app` its languages and give its templates the filters of this module."""
    _Babel(app, default_locale=default, locale_selector=_chosen)
    app.jinja_env.filters.update(
        say=say, day=day, moment=moment, clock=clock, duration=duration, number=number, size=size
    )
    app.jinja_env.filters.update(codec=codec, tongue=tongue)
    app.jinja_env.filters["role"] = lambda role: say(ROLE_NAMES[role])
    app.jinja_env.globals.update(js_texts=js_texts, language=language, now=now)


def _chosen() -> str:
    """Return what the person chose: in this browser, or for her account; else the home's."""
    chosen = session.get(COOKIE_KEY)
    if chosen not in LOCALES and "user" in g and g.user is not None:
        chosen = g.user.locale
    return chosen if chosen in LOCALES else guards.home().settings.locale


def language() -> str:
    """Return the locale of the request, such as `es_CL`."""
    return str(get_locale() or DEFAULT_LOCALE) if has_request_context() else DEFAULT_LOCALE


def say(told: Spoken | str) -> str:
    """Return a message in the language of the request; a plain string is taken as a source."""
    return (Message(told) if isinstance(told, str) else told).in_language(language())


def day(value: date | datetime) -> str:
    """Return a day such as «12 may 2026»; of a moment, its day in Chile."""
    if isinstance(value, datetime):
        value = value.astimezone(SCHOOL_TIME).date()
    return format_date(value, DAY, locale=language())


def clock(value: datetime) -> str:
    """Return the time of day in Chile, such as «10:32»."""
    return format_time(value.astimezone(SCHOOL_TIME), "HH:mm", locale=language())


def moment(value: datetime) -> str:
    """Return a moment such as «12 may 2026, 10:32»."""
    return f"{day(value)}, {clock(value)}"


def duration(milliseconds: int | None) -> str:
    """Return a length such as «45:10» or «1:02:03»; a dash when it is not known."""
    if milliseconds is None:
        return "–"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def number(value: float, digits: int = 1) -> str:
    """Return a number with `digits` decimals, written as the language does."""
    places = "." + "0" * digits if digits else ""
    return format_decimal(round(value, digits), f"#,##0{places}", locale=language())


def size(count: int) -> str:
    """Return a size such as «5,5 GB»."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{number(value, 0 if unit in ('B', 'kB') else 1)} {unit}"


CODECS: Final = {
    "h264": "H.264",
    "hevc": "H.265",
    "vp8": "VP8",
    "vp9": "VP9",
    "av1": "AV1",
    "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4",
    "mjpeg": "Motion JPEG",
    "prores": "ProRes",
    "aac": "AAC",
    "mp3": "MP3",
    "opus": "Opus",
    "ac3": "AC-3",
    "amr_nb": "AMR",
    "amr_wb": "AMR",
}


def codec(name: str) -> str:
    """Return the name of a picture's or sound's format as it is printed on cameras."""
    return "PCM" if name.startswith("pcm_") else CODECS.get(name, name.upper())


def tongue(code: str) -> str:
    """Return a language's name, given by a file as `spa` or `es`; the code where none is known."""
    short = get_global("language_aliases").get(code, code)
    return str(Locale.parse(language()).languages.get(short, code))


def js_texts(*names: str) -> dict[str, str]:
    """Return what scripts say, source to translation, from the catalogues `names` (`js`, …)."""
    texts: dict[str, str] = {}
    for name in names:
        texts.update(_js_catalogue(language().split("_")[0], name))
    return texts


@cache
def _js_catalogue(spoken: str, name: str) -> dict[str, str]:
    path = CATALOGUES / spoken / f"{name}.po"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        entries: list[Any] = list(read_po(file, locale=spoken))
    return {entry.id: entry.string for entry in entries if entry.id and entry.string}
