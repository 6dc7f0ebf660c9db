"""One line of log a request: its id, the view, the status and the time. No address, no person."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final

import structlog
from flask import Flask, Response, g, request

from observe.ids import new_id

QUIET: Final = frozenset({"assets", "library.progress"})  # many and meaningless

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

log = structlog.get_logger(__name__)


class Application(Flask):
    """Flask, whose own log would tell the address."""

    def log_exception(self, exc_info: ExcInfo | tuple[None, None, None]) -> None:
        """Log an error of ours, with the view that it came from."""
        log.error("request failed", view=request.endpoint, exc_info=exc_info)


def install(app: Flask) -> None:
    """Give each request an id, which is also in its answer (`X-Request-Id`), and log its end."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    g.request_id, g.began = new_id().hex, time.monotonic()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if request.endpoint not in QUIET or response.status_code >= 400:
        # The view's name, not the address: that may carry the secret of a sign-in link.
        log.info(
            "request",
            method=request.method,
            view=request.endpoint,
            status=response.status_code,
            milliseconds=round(1000 * (time.monotonic() - g.began)),
        )
    return response


def _forget(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request")
