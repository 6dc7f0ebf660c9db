"""The structured log: one JSON object a line, with request and job ids and no personal data."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_log(*, level: int = logging.INFO) -> None:
    """Send the log of this process to standard error; local variables never reach it.

    Every command begins with it, since structlog by itself shows the variables of a failure, names
    of children among them, and on standard output.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # The stream as it is by then: who runs a command inside a program may have changed it.
        logger_factory=lambda *_name: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
