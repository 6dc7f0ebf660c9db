"""The composer's form: two focuses as they are typed, and what of it can be kept.

Everything typed comes back; a field that cannot be understood says why and does not keep the rest
from being saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from observe.errors import BadInputError
from observe.feedback.checks import FocusInput
from observe.feedback.models import FocusKind
from observe.rubric.schema import Rubric
from observe.text import Message, message
from observe.video.timecode import parse_time
from observe.web import words

FIELDS: Final = ("dimension", "start", "end", "note", "next_step", "due_on")


@dataclass
class FocusForm:
    """One card: what stands in each of its fields, and what is wrong with it."""

    kind: FocusKind
    typed: dict[str, str]
    errors: dict[str, Message] = field(default_factory=dict)

    def name(self, part: str) -> str:
        """Return the field's name in the page, such as `strength-start`."""
        return f"{self.kind.value}-{part}"

    def parsed(self, kept: FocusInput, rubric: Rubric) -> FocusInput:
        """Return what can be kept; fields that say nothing usable stay as in `kept`."""
        dimension = self.typed["dimension"] or None
        if dimension is not None and not rubric.has_dimension(dimension):
            self.errors["dimension"] = message("This dimension is not in the rubric.")
            dimension = kept.dimension
        start, end = self._span(kept)
        return FocusInput(
            dimension=dimension,
            start_ms=start,
            end_ms=end,
            note=self.typed["note"],
            next_step=self.typed["next_step"],
            due_on=self._day(kept),
        )

    def _span(self, kept: FocusInput) -> tuple[int | None, int | None]:
        start, end = self._time("start", kept.start_ms), self._time("end", kept.end_ms)
        if start is not None and end is not None and end <= start:
            if not self.errors.keys() & {"start", "end"}:
                self.errors["end"] = message("The moment must end after it begins.")
            return kept.start_ms, kept.end_ms
        return start, end

    def _time(self, part: str, kept: int | None) -> int | None:
        if not self.typed[part]:
            return None
        if self.typed[part] == _time_text(kept):
            return kept  # untouched: what the page does not show of it is not lost
        try:
            return parse_time(self.typed[part])
        except BadInputError as error:
            self.errors[part] = error.message
            return kept

    def _day(self, kept: FocusInput) -> date | None:
        if not self.typed["due_on"]:
            return None
        try:
            return date.fromisoformat(self.typed["due_on"])
        except ValueError:
            self.errors["due_on"] = message("Write the date as year-month-day, like 2026-06-10.")
            return kept.due_on


def form_of(kind: FocusKind, kept: FocusInput) -> FocusForm:
    """Return the card as it was kept."""
    typed = {
        "dimension": kept.dimension or "",
        "start": _time_text(kept.start_ms),
        "end": _time_text(kept.end_ms),
        "note": kept.note,
        "next_step": kept.next_step,
        "due_on": kept.due_on.isoformat() if kept.due_on else "",
    }
    return FocusForm(kind, typed)


def _time_text(ms: int | None) -> str:
    """Return a time as everywhere else, such as `0:18`: the second that has begun.

    So a moment never ends after the video, and a length of 15 or 120 whole seconds stays one.
    """
    return "" if ms is None else words.duration(ms)


def typed_forms(given: Mapping[str, str]) -> dict[FocusKind, FocusForm]:
    """Return both cards as they were sent; browsers send line ends as two characters."""
    return {
        kind: FocusForm(
            kind,
            {
                part: given.get(f"{kind.value}-{part}", "").replace("\r\n", "\n").strip()
                for part in FIELDS
            },
        )
        for kind in FocusKind
    }


def parsed(
    forms: Mapping[FocusKind, FocusForm], kept: Mapping[FocusKind, FocusInput], rubric: Rubric
) -> dict[FocusKind, FocusInput]:
    """Return what can be kept of both cards; the same dimension twice is kept only once."""
    given = {kind: forms[kind].parsed(kept[kind], rubric) for kind in FocusKind}
    strength, priority = given[FocusKind.STRENGTH], given[FocusKind.PRIORITY]
    if strength.dimension is not None and strength.dimension == priority.dimension:
        forms[FocusKind.PRIORITY].errors["dimension"] = message(
            "Strength and priority need two different dimensions."
        )
        given[FocusKind.PRIORITY] = replace(priority, dimension=None)
    return given
