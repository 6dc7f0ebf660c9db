"""A certificate in words, for its page and as a PDF to hand over: one telling for both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from babel.dates import format_datetime

from observe import typeset
from observe.privacy.certificates import AGAIN
from observe.privacy.consent import REVOKE
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Certificate
from observe.privacy.requests import BY_REQUEST
from observe.privacy.retention import NAMES
from observe.privacy.scopes import SCOPES
from observe.settings import SCHOOL_TIME
from observe.text import Message, Spoken, message
from observe.video.models import FileKind

TEMPLATE: Final = Path(__file__).with_name("certificate.typ")
KINDS: Final[dict[CertificateKind, Message]] = {
    CertificateKind.REVOKED: message("A consent was revoked"),
    CertificateKind.VIDEO_DELETED: message("The video of a lesson was deleted"),
    CertificateKind.CLIPS_DELETED: message("The clips of a lesson were deleted"),
    CertificateKind.COPIES_DELETED: message("A copy of the database was deleted"),
    CertificateKind.NAMES_DELETED: message("The names of a class list were emptied"),
    CertificateKind.PSEUDONYMISED: message("A pseudonym took the place of an educator's name"),
}
FILE_KINDS: Final[dict[str, Message]] = {
    "original": message("The video as it was filmed"),
    "copy": message("A copy of the database"),
    "paper": message("The scan of a paper, sealed"),
    FileKind.PROXY: message("A copy that plays"),
    FileKind.POSTER: message("The cover picture"),
    FileKind.STRIP: message("The film strip"),
    FileKind.WAVEFORM: message("The wave of the sound"),
    FileKind.VOICES: message("Where somebody speaks"),
    FileKind.ACTIVITY: message("Where something moves"),
    FileKind.CAPTIONS: message("The captions"),
    FileKind.CLIP: message("A clip"),
    FileKind.CLIP_POSTER: message("The picture of a clip"),
    FileKind.CLIP_CAPTIONS: message("The captions of a clip"),
    FileKind.FACES: message("Where faces were found, to cover them"),
    FileKind.BLURRED: message("A clip with covered faces"),
    FileKind.BLURRED_POSTER: message("The picture of a clip with covered faces"),
}
_HERS: Final[dict[str, Message]] = {
    "invitation": message("invitations"),
    "sign_in_link": message("sign-in links"),
    "sign_in_session": message("sessions"),
    "code_app": message("code apps"),
    "recovery_code": message("recovery codes"),
    "security_key": message("security keys"),
    "outside_account": message("accounts elsewhere"),
    "self_assessment": message("her own looks at her lessons"),
    "answer_draft": message("answers that she never sent"),
    "saved_view": message("her saved views"),
}
_REASONS: Final[dict[str, Message]] = {REVOKE: message("The consent was taken back")} | {
    f"rule:{kind.value}": message("The rule of this home: %(rule)s", rule=NAMES[kind])
    for kind in Kept
}
_VIDEOS: Final[dict[str, Message]] = {
    "locked": message("video locked"),
    "open": message("video still open"),
    "deleted": message("video deleted before"),
}
Fact = tuple[Message, str | Spoken]


def facts_of(row: Certificate) -> Iterator[Fact]:
    """Yield what a certificate says, each with its name, besides when and which files."""
    what = row.what
    yield message("By whom"), row.by.name if row.by else message("A rule of this home")
    yield message("Why"), _why(row.reason)
    if "recorded_on" in what:
        yield message("Lesson of"), what["recorded_on"]
    if what.get("scopes"):
        told = _List(SCOPES[scope] for scope in SCOPES if scope.value in what["scopes"])
        revoked = message("%(scopes)s (%(day)s)", scopes=told, day=what["revoked_on"])
        yield message("What was revoked"), revoked
    if what.get("list_number"):
        yield message("List number"), str(what["list_number"])
    if what.get("names"):
        yield message("Names emptied"), str(what["names"])
    if "pseudonym" in what:
        yield from _pseudonym(what)


def _pseudonym(what: dict[str, Any]) -> Iterator[Fact]:
    yield message("Her records are read under"), what["pseudonym"]
    hers = _counted((_HERS[name], count) for name, count in what["removed"].items())
    yield message("Deleted with her name"), hers or message("Nothing more was kept.")
    found = _counted(what["mentions"].items())
    told = message("It was not changed there. Rows in which it stands: %(rows)s", rows=found)
    nowhere = message("Her full name stands nowhere.")
    yield message("Her name in what people wrote"), told if found else nowhere


class _List(tuple[Message, ...]):
    """Several words, with a comma between two."""

    __slots__ = ()

    def in_language(self, locale: str) -> str:
        """Return the words in `locale`."""
        return ", ".join(each.in_language(locale) for each in self)


def _counted(counts: Iterable[tuple[str | Message, int]]) -> _List:
    """Return how many of each there were, in words; empty where there was nothing."""
    return _List(message("%(what)s: %(count)s", what=name, count=count) for name, count in counts)


def _why(reason: str) -> str | Message:
    if reason.startswith(AGAIN):
        return message(
            "It was deleted before (certificate %(number)s), and a backup from before that was "
            "restored",
            number=reason.removeprefix(AGAIN),
        )
    if reason.startswith(BY_REQUEST):
        return message("A request about data asked for it")
    return _REASONS.get(reason, reason)


def reached_of(row: Certificate) -> list[Message] | None:
    """Return what a revocation did to each lesson; None where the certificate is of another kind.

    A lesson is named by its id.
    """
    if "recordings" not in row.what:
        return None
    return [_reached(each) for each in row.what["recordings"]]


def _reached(told: dict[str, Any]) -> Message:
    of = message("Certificate %(number)s", number=told["certificate"])
    return message(
        "%(recording)s: %(video)s, files of clips deleted: %(count)s. %(certificate)s",
        recording=told["recording"],
        video=_VIDEOS[told["video"]],
        count=told["files"],
        certificate=of if told["certificate"] else "",
    )


# --- on paper -------------------------------------------------------------------------------------


def pdf(row: Certificate, *, is_true: bool, locale: str) -> bytes:
    """Return a certificate as a tagged PDF (PDF/UA-1)."""
    return typeset.pdf(TEMPLATE, _document(row, locale, is_true=is_true))


def _document(row: Certificate, locale: str, *, is_true: bool) -> dict[str, object]:
    def say(told: str | Spoken) -> str:
        return told if isinstance(told, str) else told.in_language(locale)

    made_at = format_datetime(row.made_at.astimezone(SCHOOL_TIME), "long", locale=locale)
    return {
        "lang": locale.split("_", maxsplit=1)[0],
        "title": say(message("Certificate %(number)s", number=row.number)),
        "kind": say(KINDS[row.kind]),
        "facts": [
            [say(message("When")), made_at],
            *([say(name), say(value)] for name, value in facts_of(row)),
        ],
        "reached": [say(each) for each in reached_of(row) or ()],
        "words": {name: say(told) for name, told in _WORDS.items()},
        "files": [
            [
                say(FILE_KINDS.get(file["kind"], file["kind"])),
                str(file["size_bytes"]),
                file["sha256"] or "–",
            ]
            for file in row.what.get("files", [])
        ],
        "backups": ", ".join(row.what.get("backups", [])),
        "true": say(_TRUE if is_true else _CHANGED),
        "sha256": row.sha256,
    }


_TRUE: Final = message("As it was issued")
_CHANGED: Final = message("It was changed since it was issued")
_WORDS: Final[dict[str, Message]] = {
    "reached": message("Lessons that were reached"),
    "files": message("Files deleted"),
    "what": message("What it was"),
    "size": message("Size in bytes"),
    "print": message("Fingerprint (sha256)"),
    "backups": message("Backups written while it was here may still hold it. Delete those of:"),
    "proof": message("Fingerprint of this certificate, also kept in the audit trail:"),
}
