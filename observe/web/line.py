"""Which of two sizes of a clip a page shows: the whole quality, or less on a slow line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import request
from flask import url_for as url
from sqlalchemy.orm import Session

from observe.feedback import clip_files
from observe.feedback.models import Feedback, FocusKind
from observe.video.models import FileKind

TOGETHER_BYTES: Final = 15_000_000  # more than this no page offers at first
LIGHT, WHOLE = "liviana", "completa"
KINDS: Final = {"fortaleza": FocusKind.STRENGTH, "prioridad": FocusKind.PRIORITY}


@dataclass(frozen=True)
class Line:
    """What the page shows and what else there is, each with the size of both clips together."""

    light: bool  # the page shows the smaller copies
    whole_bytes: int
    light_bytes: int | None  # None: they are not made yet
    asked: bool  # a person chose, so no script chooses for her

    @property
    def whole_mb(self) -> int:
        """Return how many megabytes both clips take, at least one."""
        return _megabytes(self.whole_bytes)

    @property
    def light_mb(self) -> int:
        """Return how many megabytes both smaller copies take, at least one."""
        return _megabytes(self.light_bytes or 0)


def _megabytes(count: int) -> int:
    return max(1, round(count / 1_000_000))


def line_of(session: Session, feedback: Feedback) -> Line:
    """Return what this request is best shown: what she chose, or what her browser asks to spare."""
    whole = sum(_bytes(session, feedback, light=False))
    lights = _bytes(session, feedback, light=True)
    ready = len(lights) == len(FocusKind)
    chosen = request.args.get("calidad", "")
    spares = request.headers.get("Save-Data", "").casefold() == "on" or whole > TOGETHER_BYTES
    wanted = chosen == LIGHT or (chosen != WHOLE and spares)
    return Line(
        light=wanted and ready,
        whole_bytes=whole,
        light_bytes=sum(lights) if ready else None,
        asked=chosen in (LIGHT, WHOLE),
    )


def _bytes(session: Session, feedback: Feedback, *, light: bool) -> list[int]:
    files = [
        clip_files.light_of(session, focus)
        if light
        else clip_files.file_of(session, focus, FileKind.CLIP)
        for focus in feedback.focuses
    ]
    return [file.size_bytes for file in files if file is not None]


def light_urls(feedback: Feedback) -> dict[str, str]:
    """Return where the smaller copy of each moment's clip is."""
    return {
        kind.value: url("feedback.light_clip", feedback_id=feedback.id, kind=name)
        for name, kind in KINDS.items()
    }
