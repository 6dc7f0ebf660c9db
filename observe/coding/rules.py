"""What a coded observation says, what may stand in a cell, and what is still missing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from observe.coding.cycles import codable_ms
from observe.errors import BadInputError
from observe.rubric.schema import Dimension, Rubric
from observe.text import Message, message

MarkName = Literal["not_observed", "not_applicable"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CellScore(_Frozen):
    """What stands in one cell: a number of the scale, or a mark instead of one."""

    dimension: str
    value: int | None = None
    mark: MarkName | None = None


class DocumentCycle(_Frozen):
    """A scored span `[start_ms, end_ms)`; `number` counts from 1 in order of time."""

    id: UUID
    number: int
    start_ms: int
    end_ms: int
    scores: tuple[CellScore, ...]


class DocumentStretch(_Frozen):
    """A span in which nothing can be coded, and why."""

    id: UUID
    start_ms: int
    end_ms: int
    reason: str


class DocumentNote(_Frozen):
    """Evidence at a moment, for a dimension or for none; polarity is −1, 0 or +1."""

    id: UUID
    at_ms: int
    text: str
    dimension: str | None
    polarity: int


class Document(_Frozen):
    """A whole observation: what a submitted revision freezes and everything later reads."""

    observation: UUID
    recording: UUID
    recording_sha256: str | None
    duration_ms: int
    recorded_on: date
    selection: str
    rubric_id: str
    rubric_version: str
    rubric_hash: str
    observer: UUID
    educator: UUID
    cycles: tuple[DocumentCycle, ...]
    stretches: tuple[DocumentStretch, ...]
    notes: tuple[DocumentNote, ...]


@dataclass(frozen=True)
class Missing:
    """Something without which an observation cannot be submitted, and the cell it is about."""

    message: Message
    cycle: UUID | None = None
    number: int | None = None  # the cycle's
    dimension: str | None = None


def dimension_named(rubric: Rubric, name: str) -> Dimension:
    """Return the dimension with the id `name`; raises `BadInputError` when the rubric has none."""
    if not rubric.has_dimension(name):
        raise BadInputError(
            message("The rubric has no dimension “%(name)s”.", name=name), field="dimension"
        )
    return rubric.dimension(name)


def check_score(rubric: Rubric, dimension: str, value: int | None, mark: str | None) -> None:
    """Return when `value` or `mark` (exactly one of them) may stand in a cell of `dimension`.

    Raises:
        BadInputError: there is no such dimension, both or neither are given, the number is outside
            the scale, or the rubric forbids the mark.
    """
    row = dimension_named(rubric, dimension)
    if (value is None) == (mark is None):
        raise BadInputError(
            message("A cell holds either a number or a mark, and not both."), field="score"
        )
    if value is not None:
        _check_value(rubric, row, value)
    elif _rule(row, mark) == "forbidden":
        raise BadInputError(_forbidden(row, mark), field="score")


def _check_value(rubric: Rubric, row: Dimension, value: int) -> None:
    scale = rubric.scale_of(row)
    if not scale.min <= value <= scale.max:
        raise BadInputError(
            message(
                "%(value)s is not on the scale of “%(dimension)s”, which goes from %(min)s to"
                " %(max)s.",
                value=value,
                dimension=row.title,
                min=scale.min,
                max=scale.max,
            ),
            field="score",
        )


def _rule(row: Dimension, mark: str | None) -> str:
    return row.not_observed if mark == "not_observed" else row.not_applicable


def _forbidden(row: Dimension, mark: str | None) -> Message:
    if mark == "not_observed":
        return message(
            "The rubric does not allow “not observed” in “%(dimension)s”.", dimension=row.title
        )
    return message(
        "The rubric does not allow “not applicable” in “%(dimension)s”.", dimension=row.title
    )


def missing(document: Document, rubric: Rubric) -> tuple[Missing, ...]:
    """Return everything without which `document` cannot be submitted, in the order of the lesson.

    That is: at least one cycle, a score in each cell, and a note beside each mark for which the
    rubric asks for one (tagged with the dimension, inside the cycle).
    """
    if not document.cycles:
        return (Missing(message("There is no cycle yet: plan the cycles first.")),)
    return tuple(
        found
        for cycle in document.cycles
        for row in rubric.dimensions
        if (found := _missing_in(document, cycle, row)) is not None
    )


def _missing_in(document: Document, cycle: DocumentCycle, row: Dimension) -> Missing | None:
    cell = next((score for score in cycle.scores if score.dimension == row.id), None)
    if cell is None:
        sentence = message(
            "Cycle %(number)s: “%(dimension)s” has no score.",
            number=cycle.number,
            dimension=row.title,
        )
    elif _needs_note(row, cell) and not _has_note(document, cycle, row):
        sentence = message(
            "Cycle %(number)s: “%(dimension)s” needs a note that says why it has no number.",
            number=cycle.number,
            dimension=row.title,
        )
    else:
        return None
    return Missing(sentence, cycle.id, cycle.number, row.id)


def _needs_note(row: Dimension, cell: CellScore) -> bool:
    return cell.mark is not None and _rule(row, cell.mark) == "note_required"


def _has_note(document: Document, cycle: DocumentCycle, row: Dimension) -> bool:
    return any(
        note.dimension == row.id and cycle.start_ms <= note.at_ms < cycle.end_ms
        for note in document.notes
    )


def short_cycles(document: Document, rubric: Rubric) -> tuple[Message, ...]:
    """Return a sentence for each cycle with less codable time than the rubric's minimum."""
    return tuple(
        message(
            "Cycle %(number)s has %(minutes)s min that can be coded; the rubric asks for at least"
            " %(least)s.",
            number=cycle.number,
            minutes=_minutes(codable_ms(cycle, document.stretches)),
            least=_minutes(rubric.protocol.minimum_codable_ms),
        )
        for cycle in document.cycles
        if codable_ms(cycle, document.stretches) < rubric.protocol.minimum_codable_ms
    )


def warnings(document: Document, rubric: Rubric) -> tuple[Message, ...]:
    """Return what a person should know before submitting though it hinders nothing."""
    found = short_cycles(document, rubric)
    if document.cycles and len(document.cycles) != rubric.protocol.cycles:
        count = message(
            "The rubric asks for %(asked)s cycles and there are %(count)s.",
            asked=rubric.protocol.cycles,
            count=len(document.cycles),
        )
        return (*found, count)
    return found


def _minutes(length_ms: int) -> str:
    """Return a length as minutes and seconds, the same in both languages (`4:05`)."""
    return f"{length_ms // 60_000}:{length_ms // 1_000 % 60:02d}"
