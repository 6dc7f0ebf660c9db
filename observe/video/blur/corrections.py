"""What a person says of the blurred regions of a clip: one more here, that one not. Pure.

A correction is a JSON object with its own `id` (a UUID made by the page):

    {"id": …, "kind": "add", "start_ms": 1000, "end_ms": 3000, "box": [x, y, w, h]}
    {"id": …, "kind": "add", "start_ms": …, "end_ms": …, "boxes": [[ms, x, y, w, h], …]}
    {"id": …, "kind": "remove", "track": "f3", "found": …, "start_ms": …, "end_ms": …}

`found` is the sha256 of the found faces of which `track` is one: found anew, f3 may be another
child, and a removal that speaks of the earlier ones uncovers nobody.

Boxes are fractions of the picture, left and top first; several are moved linearly between their
moments. Times are milliseconds of the recording.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from observe.errors import BadInputError
from observe.ids import parse_id
from observe.text import message
from observe.video.timecode import Span

MOST: Final = 500
MOST_BOXES: Final = 200
SMALLEST: Final = 0.004  # of the picture's side; a narrower region would hide nothing
_TRACK: Final = re.compile(r"[a-z0-9]{1,12}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ROUND: Final = 5

Correction = dict[str, Any]  # as the format above says; nothing else is in it


def read_corrections(given: object, span: Span) -> tuple[Correction, ...]:
    """Return the corrections in `given`, checked, cut to `span`, and in their order.

    Raises:
        BadInputError: something in it is no correction of this clip.
    """
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or len(given) > MOST:
        raise _unreadable()
    found = tuple(_read(each, span) for each in given)
    if len({each["id"] for each in found}) != len(found):
        raise _unreadable()
    return found


def written(corrections: Sequence[Correction]) -> str:
    """Return the corrections as the text that is stored, one way for the same ones."""
    return json.dumps(list(corrections), sort_keys=True, separators=(",", ":"))


def still_meant(corrections: Sequence[Correction], found: str | None) -> list[Correction]:
    """Return the corrections that hold for the faces found in the file of this sha256.

    All but removals of faces that were found at another time.
    """
    return [
        each
        for each in corrections
        if each["kind"] != "remove" or (found is not None and each.get("found") == found)
    ]


def _read(given: object, span: Span) -> Correction:
    if not isinstance(given, Mapping):
        raise _unreadable()
    identity = parse_id(str(given.get("id", "")))
    start, end = _clipped(given, span)
    if identity is None:
        raise _unreadable()
    kept: Correction = {"id": str(identity), "start_ms": start, "end_ms": end}
    if given.get("kind") == "remove":
        named = {"track": _track(given.get("track")), "found": _found(given.get("found"))}
        return kept | {"kind": "remove"} | named
    if given.get("kind") != "add":
        raise _unreadable()
    if "boxes" in given:
        return kept | {"kind": "add", "boxes": _boxes(given["boxes"])}
    return kept | {"kind": "add", "box": _box(given.get("box"))}


def _clipped(given: Mapping[str, Any], span: Span) -> tuple[int, int]:
    start = max(span.start_ms, _whole(given.get("start_ms")))
    end = min(span.end_ms, _whole(given.get("end_ms")))
    if start >= end:
        raise BadInputError(message("A region must end after it starts, within the clip."))
    return start, end


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**31:
        raise _unreadable()
    return value


def _track(value: object) -> str:
    if not isinstance(value, str) or not _TRACK.fullmatch(value):
        raise _unreadable()
    return value


def _found(value: object) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise _unreadable()
    return value


def _boxes(value: object) -> list[list[float]]:
    if not isinstance(value, Sequence) or not 0 < len(value) <= MOST_BOXES:
        raise _unreadable()
    boxes: dict[int, list[float]] = {}
    for each in value:
        if not isinstance(each, Sequence) or len(each) != 5:
            raise _unreadable()
        at_ms = _whole(each[0])
        boxes[at_ms] = [at_ms, *_box(each[1:])]
    return [boxes[at_ms] for at_ms in sorted(boxes)]


def _box(value: object) -> list[float]:
    """Return left, top, width and height, cut to the picture."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 4:
        raise _unreadable()
    left, top, width, height = (_number(each) for each in value)
    right, bottom = min(1.0, left + width), min(1.0, top + height)
    left, top = max(0.0, left), max(0.0, top)
    if right - left < SMALLEST or bottom - top < SMALLEST:
        raise BadInputError(message("This region is too small or lies outside the picture."))
    return [round(each, _ROUND) for each in (left, top, right - left, bottom - top)]


def _number(value: object) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    if not usable or not math.isfinite(value):  # type: ignore[arg-type]
        raise _unreadable()
    return float(value)  # type: ignore[arg-type]


def _unreadable() -> BadInputError:
    return BadInputError(message("These corrections could not be read. Reload the page."))
