"""Time: integer milliseconds on the media's own timeline, spans half-open. Pure.

The first presented frame is 0. What people write (`00:18:42.5`, `18:42`, `42`) becomes
milliseconds here and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from observe.errors import BadInputError
from observe.text import message

_TIME = re.compile(
    r"(?:(?:(?P<hours>\d{1,4}):)?(?P<minutes>\d{1,4}):)?(?P<seconds>\d{1,6})"
    r"(?:[.,](?P<fraction>\d{1,3}))?",
    re.ASCII,
)
_SPAN = re.compile(r"\s*([^\s-]+)\s*[-–]\s*([^\s-]+)\s*")


@dataclass(frozen=True, order=True)
class Span:
    """The time from `start_ms` on, up to but without `end_ms`.

    >>> Span(1_000, 3_500).length_ms
    2500

    Raises:
        BadInputError: it would begin before the first frame, or not end after its start.
    """

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms < self.end_ms:
            raise BadInputError(message("A stretch of video must end after it starts."))

    @property
    def length_ms(self) -> int:
        """How long it lasts, in milliseconds."""
        return self.end_ms - self.start_ms

    def __str__(self) -> str:
        start, end = (format_time(ms, millis=True) for ms in (self.start_ms, self.end_ms))
        return f"{start}-{end}"


def parse_time(text: str) -> int:
    """Return the milliseconds that `text` names: `hh:mm:ss.fff`, `mm:ss.f` or `ss`.

    >>> parse_time("00:18:42.5")
    1122500

    Raises:
        BadInputError: it is no time; only the first part may pass 59.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise _no_time(text)
    hours, minutes, seconds = (int(found[part] or 0) for part in ("hours", "minutes", "seconds"))
    if (found["hours"] and minutes > 59) or (found["minutes"] and seconds > 59):
        raise _no_time(text)
    fraction = int((found["fraction"] or "").ljust(3, "0"))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction


def _no_time(text: str) -> BadInputError:
    return BadInputError(
        message("«%(text)s» is no time. Write it like 00:18:42.5 or 18:42.", text=text[:40])
    )


def format_time(ms: int, *, millis: bool = False) -> str:
    """Return `ms` as `hh:mm:ss`, with `.fff` when `millis`; the second that has begun, not rounded.

    >>> format_time(1_990_500)
    '00:33:10'
    """
    seconds, fraction = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    clock = f"{hours:02}:{minute:02}:{second:02}"
    return f"{clock}.{fraction:03}" if millis else clock


def parse_span(text: str) -> Span:
    """Return the span written as two times with a dash between.

    >>> parse_span("00:33:10-00:34:02").length_ms
    52000

    Raises:
        BadInputError: it is no span, or does not end after its start.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise BadInputError(
            message("«%(text)s» is no stretch of time. Write 00:33:10-00:34:02.", text=text[:40])
        )
    return Span(parse_time(found[1]), parse_time(found[2]))
