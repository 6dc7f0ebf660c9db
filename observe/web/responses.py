"""Answers: errors as a page or JSON in one place, security headers, and media in parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, generate_csrf
from werkzeug.exceptions import HTTPException

from observe.errors import InvalidError, NotFoundError, ObserveError
from observe.ids import parse_id
from observe.people.access import not_found
from observe.text import Message, message
from observe.video.kept import KeptFile
from observe.web import media_links
from observe.web.guards import SAFE_METHODS, SignedOutError, current_user
from observe.web.guards import wants_json as wants_json
from observe.web.words import say

MEDIA_CAP: Final = 4 * 1024**2  # one answer; longer ones let open players hold every thread
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
# What a browser may show of the files that people brought in. All others are only saved: what
# such a file says of itself would let it run as a page of ours.
SHOWN_AS_THEY_ARE: Final = frozenset(
    {"video/mp4", "video/webm", "image/jpeg", "text/vtt", "application/json"}
)
ONLY_SAVED: Final = "application/octet-stream"
NEVER_ECHOED: Final = frozenset(
    {"csrf_token", "password", "old_password", "new_password", "code", "secret"}
)
NEVER_SHOWN: Final = frozenset({"known"})  # what a page says of itself


def install(app: Flask) -> None:
    """Map errors to answers and put the security headers on all of them."""
    app.register_error_handler(ObserveError, _refused)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.after_request(_with_headers)


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def _refused(error: ObserveError) -> ResponseReturnValue:
    problems = error.problems if isinstance(error, InvalidError) else []
    return refusal(
        error.message, error.status, problems, signed_out=isinstance(error, SignedOutError)
    )


def _forged(_error: CSRFError) -> ResponseReturnValue:
    told = message("This page was open for too long or in another session. Send it again.")
    if not wants_json():
        return refusal(told, 400, [])
    user = current_user()
    return jsonify(
        error=say(told),
        problems=[],
        # Another site cannot read this. A page of the same person, who signed in again, goes on.
        csrf_token=generate_csrf(),
        user=str(user.id) if user else "",
    ), 400


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    told = not_found().message if error.code == 404 else _SENTENCES.get(error.code, _OTHER)
    answer = make_response(refusal(told, error.code, []))
    for name in ("Allow", "Retry-After", "Content-Range"):
        if value := error.get_response().headers.get(name):
            answer.headers[name] = value
    return answer


_OTHER: Final = message("This could not be understood. Go back and try again.")
_SENTENCES: Final = {
    405: message("This address cannot be used that way. Go back and try again."),
    413: message("This is too large to be sent at once. Send a smaller file."),
    416: message("This part of the file does not exist."),
    429: message("Too many attempts. Wait a few minutes and try again."),
    500: message("Something went wrong on our side. What was saved is safe; try again."),
}


def refusal(
    told: Message, status: int, problems: list[Message], *, signed_out: bool = False
) -> ResponseReturnValue:
    """Answer with a sentence that says what to do, and with everything that was typed."""
    sentence, listed = say(told), [say(problem) for problem in problems]
    if wants_json():
        return jsonify(error=sentence, problems=listed), status
    page = render_template(
        "error.html",
        sentence=sentence,
        problems=listed,
        typed=_typed(),
        signed_out=signed_out,
        again=request.full_path.rstrip("?"),
    )
    return page, status


@dataclass(frozen=True)
class Typed:
    """A field as it was sent; choices and ids are kept, but only words are worth showing."""

    name: str
    text: str

    @property
    def shown(self) -> bool:
        """Whether a person may have written this."""
        return (
            self.name not in NEVER_SHOWN and bool(self.text.strip()) and parse_id(self.text) is None
        )


def _typed() -> list[Typed]:
    if request.method in SAFE_METHODS:
        return []
    try:
        form = request.form
    except HTTPException:  # a form too large to be read has nothing to give back
        return []
    sent = [Typed(name, text) for name, text in form.items(multi=True) if name not in NEVER_ECHOED]
    return sent if any(field.shown for field in sent) else []


def send_media(file: KeptFile, media_type: str, tag: str, *, revocable: bool = False) -> Response:
    """Answer with the part of the file that was asked for, at most 4 MiB of it.

    Players ask for the rest as they need it, and begin anew when `tag` changes: it names the
    content, not the place, which may change meanwhile. The caller has checked the permission;
    where it may be taken away (`revocable`), a browser shows nothing it kept without asking again.
    A film is sent by an address signed for this session only; another address leads to that.
    """
    if media_type.startswith("video/") and not media_links.holds():
        return media_links.renewed()
    answer = _media(file, media_type, tag)
    if revocable:
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def opens(answer: Response, lately: Callable[[], bool]) -> bool:
    """Tell whether `answer` of `send_media` opens the file, so that this belongs on file.

    It does when its beginning is sent, or any part of it to somebody who has not opened it
    `lately`: however a file is fetched, it is on file once, and playing it on is no second time.
    """
    if request.method != "GET" or answer.status_code not in (200, 206):
        return False
    part = answer.headers.get("Content-Range", "bytes 0-")
    return part.startswith("bytes 0-") or not lately()


def _media(file: KeptFile, media_type: str, tag: str) -> Response:
    size = file.size()
    if size is None:
        raise NotFoundError(
            message("This file is missing from the program's folder. Run: observe doctor")
        )
    if request.if_none_match.contains(tag):
        return _tagged(Response(status=304), tag)
    asked = request.range if _range_holds(tag) else None
    span = asked.range_for_length(size) if asked else (0, size)
    if span is None:
        refused = _tagged(Response(status=416), tag)
        refused.headers["Content-Range"] = f"bytes */{size}"
        return refused
    return _part(file, media_type, span, size, tag, whole=asked is None and size <= MEDIA_CAP)


def served_as(media_type: str) -> str:
    """Return the type as which a file is served that a person brought in or that was made of it.

    >>> served_as("video/mp4"), served_as("image/svg+xml")
    ('video/mp4', 'application/octet-stream')
    """
    return media_type if media_type in SHOWN_AS_THEY_ARE else ONLY_SAVED


def _range_holds(tag: str) -> bool:
    condition = request.if_range
    return condition is None or condition.etag is None or condition.etag == tag


def _part(
    file: KeptFile, media_type: str, span: tuple[int, int], size: int, tag: str, *, whole: bool
) -> Response:
    start, end = span[0], min(span[1], span[0] + MEDIA_CAP)
    body = b""
    if request.method != "HEAD":
        with file.open() as content:
            content.seek(start)
            body = content.read(end - start)
    # A long file asked for without a range gets its first part too: never all of it at once.
    response = Response(body, status=200 if whole else 206, mimetype=served_as(media_type))
    if response.mimetype == ONLY_SAVED:
        response.headers.set("Content-Disposition", "attachment")
    if not whole:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.headers["Content-Length"] = str(end - start)
    return _tagged(response, tag)


def _tagged(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private"
    return response


def table_download(content: bytes, name: str) -> Response:
    """Return a table (CSV) as a file to save."""
    return as_download(Response(content, content_type="text/csv; charset=utf-8"), name)


def as_download(response: Response, name: str) -> Response:
    """Let the browser save the answer under `name`, whatever letters it has."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") or "file"
    response.headers.set("Content-Disposition", "attachment", filename=plain)
    return response
