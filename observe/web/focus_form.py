"""The composer's form: two focuses as they are typed, and what of it can be kept.

Everything typed comes back; a field that cannot be understood says why and does not keep the rest
from being saved. Whether the observer offers to talk belongs to the whole feedback, and stands on
the card of the priority.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from observe.errors import BadInputError
from observe.feedback.checks import FocusInput, input_of
from observe.feedback.models import Feedback, FocusKind
from observe.rubric.schema import Rubric
from observe.text import Message, message
from observe.video.timecode import parse_time
from observe.web import words

FIELDS: Final = (
    *("dimension", "start", "end", "note", "phrase", "questions", "why"),
    *("next_step", "due_on", "offers_talk"),
)
YES, NO = "yes", "no"


@dataclass
class FocusForm:
    """One card: what stands in each of its fields, and what is wrong with it."""

    kind: FocusKind
    typed: dict[str, str]
    errors: dict[str, Message] = field(default_factory=dict)
    kept_elsewhere: dict[str, str] = field(default_factory=dict)  # not to be overwritten unasked

    def name(self, part: str) -> str:
        """Return the field's name in the page, such as `strength-start`."""
        return f"{self.kind.value}-{part}"

    def said(self, part: str) -> str:
        """Return what is to be kept of a field: what is typed, unless another window changed it."""
        return self.kept_elsewhere.get(part, self.typed[part])

    @property
    def offers_talk(self) -> bool | None:
        """Whether she offers to talk; None: the form does not say."""
        return {YES: True, NO: False}.get(self.said("offers_talk"))

    def parsed(self, kept: FocusInput, rubric: Rubric) -> FocusInput:
        """Return what can be kept; fields that say nothing usable stay as in `kept`."""
        dimension = self.said("dimension") or None
        if dimension is not None and not rubric.has_dimension(dimension):
            self.errors["dimension"] = message("This dimension is not in the rubric.")
            dimension = kept.dimension
        start, end = self._span(kept)
        return FocusInput(
            dimension=dimension,
            start_ms=start,
            end_ms=end,
            note=self.said("note"),
            next_step=self.said("next_step"),
            due_on=self._day(kept),
            phrase=self.said("phrase"),
            questions=self.said("questions"),
            why=self.said("why"),
        )

    def _span(self, kept: FocusInput) -> tuple[int | None, int | None]:
        start, end = self._time("start", kept.start_ms), self._time("end", kept.end_ms)
        if start is not None and end is not None and end <= start:
            if not self.errors.keys() & {"start", "end"}:
                self.errors["end"] = message("The moment must end after it begins.")
            return kept.start_ms, kept.end_ms
        return start, end

    def _time(self, part: str, kept: int | None) -> int | None:
        if not self.said(part):
            return None
        if self.said(part) == _time_text(kept):
            return kept  # untouched: what the page does not show of it is not lost
        try:
            return parse_time(self.said(part))
        except BadInputError as error:
            self.errors[part] = error.message
            return kept

    def _day(self, kept: FocusInput) -> date | None:
        if not self.said("due_on"):
            return None
        try:
            return date.fromisoformat(self.said("due_on"))
        except ValueError:
            self.errors["due_on"] = message("Write the date as year-month-day, like 2026-06-10.")
            return kept.due_on


def form_of(kind: FocusKind, kept: FocusInput, *, offers_talk: bool | None = None) -> FocusForm:
    """Return the card as it was kept."""
    typed = dict.fromkeys(FIELDS, "") | {
        "dimension": kept.dimension or "",
        "start": _time_text(kept.start_ms),
        "end": _time_text(kept.end_ms),
        "note": kept.note,
        "phrase": kept.phrase,
        "questions": kept.questions,
        "next_step": kept.next_step,
        "why": kept.why,
        "due_on": kept.due_on.isoformat() if kept.due_on else "",
        "offers_talk": "" if offers_talk is None else YES if offers_talk else NO,
    }
    return FocusForm(kind, typed)


def forms_of(feedback: Feedback | None) -> dict[FocusKind, FocusForm]:
    """Return both cards as they were kept; where there is no draft yet, as they begin."""
    talk = {FocusKind.PRIORITY: feedback.offers_talk if feedback else True}
    return {
        kind: form_of(
            kind, input_of(feedback.focus(kind) if feedback else None), offers_talk=talk.get(kind)
        )
        for kind in FocusKind
    }


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
