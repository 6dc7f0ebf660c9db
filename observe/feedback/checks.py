"""What still stands between a draft and publishing: exactly one strength and one priority. Pure.

A draft may be incomplete in every way; these checks say in a sentence each what is missing and
what to do. The triggers of the database refuse the same, whoever asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from observe.coding.rules import Document, dimension_of
from observe.feedback.models import CLIP_MAX_MS, CLIP_MIN_MS, Feedback, Focus, FocusKind
from observe.rubric.schema import Rubric
from observe.text import Message, message
from observe.video.timecode import format_time

NOTE_MAX = 1_000  # characters: all of both cards fits two printed pages
PHRASE_MAX = 400
QUESTIONS_MAX = 600
STEP_MAX = 400
WHY_MAX = 500

FOCUS_NAMES: Final = {
    FocusKind.STRENGTH: message("Strength"),
    FocusKind.PRIORITY: message("Priority"),
}


@dataclass(frozen=True)
class FocusInput:
    """What was chosen and written for a strength or a priority; None and '' are "not yet"."""

    dimension: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    note: str = ""
    next_step: str = ""
    due_on: date | None = None
    phrase: str = ""  # to the educator, beside what was seen
    questions: str = ""  # to think about, one a line
    why: str = ""  # why it was chosen: for the observer alone


def input_of(focus: Focus | None) -> FocusInput:
    """Return what is kept of a focus, or an empty one."""
    if focus is None:
        return FocusInput()
    return FocusInput(
        focus.dimension,
        focus.start_ms,
        focus.end_ms,
        focus.note,
        focus.next_step,
        focus.due_on,
        focus.phrase,
        focus.questions,
        focus.why,
    )


def evidence_of(document: Document) -> dict[str, int]:
    """Return how many notes each dimension has in `document`, its behaviours' included."""
    noted = (dimension_of(note.dimension) for note in document.notes)
    return dict(Counter(dimension for dimension in noted if dimension is not None))


def seen_dimensions(document: Document) -> frozenset[str]:
    """Return the dimensions with at least one score or note of evidence in `document`."""
    scored = {
        dimension
        for cycle in document.cycles
        for score in cycle.scores
        if score.value is not None and (dimension := dimension_of(score.dimension))
    }
    return frozenset(scored | evidence_of(document).keys())


def problems(
    feedback: Feedback, rubric: Rubric, document: Document, *, today: date
) -> tuple[Message, ...]:
    """Return what must be done before `feedback` can be published, a sentence each; () is ready."""
    kept = {kind: input_of(feedback.focus(kind)) for kind in FocusKind}
    return problems_of(kept, rubric, document, today=today)


def problems_of(
    focuses: Mapping[FocusKind, FocusInput], rubric: Rubric, document: Document, *, today: date
) -> tuple[Message, ...]:
    """Return the problems of the two `focuses` against the submitted `document`."""
    found: list[Message] = []
    for kind in FocusKind:
        found += _focus_problems(FOCUS_NAMES[kind], focuses[kind], rubric, document)
    found += _step_problems(focuses[FocusKind.PRIORITY], today)
    dimensions = {focuses[kind].dimension for kind in FocusKind} - {None}
    if len(dimensions) == 1 and all(focuses[kind].dimension for kind in FocusKind):
        found.append(message("Strength and priority need two different dimensions."))
    return tuple(found)


def _focus_problems(
    name: Message, focus: FocusInput, rubric: Rubric, document: Document
) -> Iterator[Message]:
    yield from _dimension_problems(name, focus.dimension, rubric, document)
    yield from _moment_problems(name, focus, document)
    if not focus.note.strip():
        yield message("%(focus)s: write what was seen in the moment.", focus=name)
    elif len(focus.note) > NOTE_MAX:
        yield message(
            "%(focus)s: the note is longer than %(limit)s characters; shorten it.",
            focus=name,
            limit=NOTE_MAX,
        )
    yield from _length_problems(name, focus)


def _length_problems(name: Message, focus: FocusInput) -> Iterator[Message]:
    if len(focus.phrase) > PHRASE_MAX:
        yield message(
            "%(focus)s: the phrase for her is longer than %(limit)s characters; shorten it.",
            focus=name,
            limit=PHRASE_MAX,
        )
    if len(focus.questions) > QUESTIONS_MAX:
        yield message(
            "%(focus)s: the questions are longer than %(limit)s characters; leave the best ones.",
            focus=name,
            limit=QUESTIONS_MAX,
        )
    if len(focus.why) > WHY_MAX:
        yield message(
            "%(focus)s: why you chose it is longer than %(limit)s characters; shorten it.",
            focus=name,
            limit=WHY_MAX,
        )


def _dimension_problems(
    name: Message, dimension: str | None, rubric: Rubric, document: Document
) -> Iterator[Message]:
    if dimension is None:
        yield message("%(focus)s: choose its dimension.", focus=name)
    elif dimension not in {known.id for known in rubric.dimensions}:
        yield message("%(focus)s: this dimension is not in the rubric; choose another.", focus=name)
    elif dimension not in seen_dimensions(document):
        yield message(
            "%(focus)s: nothing was scored or noted for this dimension in the lesson; "
            "choose one with evidence.",
            focus=name,
        )


def _moment_problems(name: Message, focus: FocusInput, document: Document) -> Iterator[Message]:
    if focus.start_ms is None or focus.end_ms is None:
        yield message("%(focus)s: choose the moment of the video, from and to.", focus=name)
        return
    length = focus.end_ms - focus.start_ms
    if not CLIP_MIN_MS <= length <= CLIP_MAX_MS:
        yield message(
            "%(focus)s: the moment lasts %(seconds)s s; it needs 15 to 120 s.",
            focus=name,
            seconds=_told_seconds(length),
        )
    if not 0 <= focus.start_ms < focus.end_ms <= document.duration_ms:
        yield message(
            "%(focus)s: the moment ends after the video, which lasts %(duration)s.",
            focus=name,
            duration=format_time(document.duration_ms),
        )


def _told_seconds(length_ms: int) -> int:
    """Return whole seconds that do not read as allowed when the length is not (14.6 s is 14)."""
    return -(-length_ms // 1000) if length_ms > CLIP_MAX_MS else max(0, length_ms // 1000)


def _step_problems(priority: FocusInput, today: date) -> Iterator[Message]:
    name = FOCUS_NAMES[FocusKind.PRIORITY]
    if not priority.next_step.strip():
        yield message("%(focus)s: write one next step.", focus=name)
    elif len(priority.next_step) > STEP_MAX:
        yield message(
            "%(focus)s: the next step is longer than %(limit)s characters; shorten it.",
            focus=name,
            limit=STEP_MAX,
        )
    if priority.due_on is None:
        yield message("%(focus)s: choose a date for the next step.", focus=name)
    elif priority.due_on < today:
        yield message("%(focus)s: the date has already passed; choose a later one.", focus=name)


def hints(focuses: Mapping[FocusKind, FocusInput], document: Document) -> tuple[Message, ...]:
    """Return what is worth a second look but does not stand in the way of publishing."""
    return tuple(
        message(
            "%(focus)s: the moment touches a stretch marked as not codable (%(reason)s).",
            focus=FOCUS_NAMES[kind],
            reason=stretch.reason,
        )
        for kind, focus in focuses.items()
        if focus.start_ms is not None and focus.end_ms is not None
        for stretch in document.stretches
        if stretch.start_ms < focus.end_ms and focus.start_ms < stretch.end_ms
    )
