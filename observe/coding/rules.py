"""What a coded observation says, what may stand in a cell, and what is still missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from observe.coding.cycles import HasSpan, codable_ms
from observe.coding.watching import Watching
from observe.errors import BadInputError
from observe.rubric.schema import Behaviour, Dimension, Row, Rubric, Snapshots
from observe.text import Message, message, named

MarkName = Literal["not_observed", "not_applicable"]
ClipPurpose = Literal["strength", "priority"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CellScore(_Frozen):
    """What stands in one cell: a number of the scale, or a mark instead of one.

    `dimension` names the row: a dimension, or a behaviour under one as `<dimension>.<behaviour>`.
    """

    dimension: str
    value: int | None = None
    mark: MarkName | None = None


class CycleSnapshot(_Frozen):
    """What was answered at the `number`th snapshot of a cycle: question → answer."""

    number: int
    answers: dict[str, str]


class DocumentCycle(_Frozen):
    """A scored span `[start_ms, end_ms)`; `number` counts from 1 in order of time."""

    id: UUID
    number: int
    start_ms: int
    end_ms: int
    scores: tuple[CellScore, ...]
    snapshots: tuple[CycleSnapshot, ...] = ()


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


class DocumentClip(_Frozen):
    """A moment kept for the strength or the priority, or for a later choice."""

    id: UUID
    start_ms: int
    end_ms: int
    words: str
    dimension: str | None
    purpose: ClipPurpose | None


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
    clips: tuple[DocumentClip, ...] = ()
    watching: Watching | None = None
    live: bool = False


@dataclass(frozen=True)
class Missing:
    """Something without which an observation cannot be submitted, and the cell it is about."""

    message: Message
    cycle: UUID | None = None
    number: int | None = None  # the cycle's
    dimension: str | None = None


def row_named(rubric: Rubric, name: str) -> Row:
    """Return the row with the id `name`; raises `BadInputError` when the rubric has none."""
    row = rubric.row(name)
    if row is None:
        raise BadInputError(
            message("The rubric has no dimension “%(name)s”.", name=name), field="dimension"
        )
    return row


def dimension_of(row: str | None) -> str | None:
    """Return the dimension of a row: itself, or the one that a behaviour stands under.

    >>> dimension_of("checks.asks_all")
    'checks'
    """
    return row.partition(".")[0] if row else None


def check_score(rubric: Rubric, dimension: str, value: int | None, mark: str | None) -> None:
    """Return when `value` or `mark` (exactly one of them) may stand in a cell of `dimension`.

    Raises:
        BadInputError: there is no such dimension, both or neither are given, the number is outside
            the scale, or the rubric forbids the mark.
    """
    row = row_named(rubric, dimension).of
    if (value is None) == (mark is None):
        raise BadInputError(
            message("A cell holds either a number or a mark, and not both."), field="score"
        )
    if value is not None:
        _check_value(rubric, row, value)
    elif _rule(row, mark) == "forbidden":
        raise BadInputError(_forbidden(row, mark), field="score")


def _check_value(rubric: Rubric, row: Dimension | Behaviour, value: int) -> None:
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


def _rule(row: Dimension | Behaviour, mark: str | None) -> str:
    return row.not_observed if mark == "not_observed" else row.not_applicable


def _forbidden(row: Dimension | Behaviour, mark: str | None) -> Message:
    if mark == "not_observed":
        return message(
            "The rubric does not allow “not observed” in “%(dimension)s”.", dimension=row.title
        )
    return message(
        "The rubric does not allow “not applicable” in “%(dimension)s”.", dimension=row.title
    )


def missing(document: Document, rubric: Rubric) -> tuple[Missing, ...]:
    """Return everything without which `document` cannot be submitted, in the order of the lesson.

    That is: at least one cycle, a score in each cell, a note beside each mark for which the rubric
    asks for one (tagged with the row, inside the cycle), and the answers of each snapshot.
    """
    if not document.cycles:
        return (Missing(message("There is no cycle yet: plan the cycles first.")),)
    return tuple(
        found for cycle in document.cycles for found in _missing_in(document, cycle, rubric)
    )


def _missing_in(document: Document, cycle: DocumentCycle, rubric: Rubric) -> Iterator[Missing]:
    for row in rubric.rows():
        sentence = _missing_cell(document, cycle, row)
        if sentence is not None:
            yield Missing(sentence, cycle.id, cycle.number, row.id)
    for number in open_snapshots(cycle, rubric.protocol.snapshots):
        sentence = message(
            "Cycle %(number)s: snapshot %(snapshot)s has no answer.",
            number=cycle.number,
            snapshot=number,
        )
        yield Missing(sentence, cycle.id, cycle.number)


def _missing_cell(document: Document, cycle: DocumentCycle, row: Row) -> Message | None:
    cell = next((score for score in cycle.scores if score.dimension == row.id), None)
    if cell is None:
        return message(
            "Cycle %(number)s: “%(dimension)s” has no score.",
            number=cycle.number,
            dimension=row.of.title,
        )
    if _needs_note(row, cell) and not _has_note(document, cycle, row):
        return message(
            "Cycle %(number)s: “%(dimension)s” needs a note that says why it has no number.",
            number=cycle.number,
            dimension=row.of.title,
        )
    return None


def _needs_note(row: Row, cell: CellScore) -> bool:
    return cell.mark is not None and _rule(row.of, cell.mark) == "note_required"


def _has_note(document: Document, cycle: DocumentCycle, row: Row) -> bool:
    return any(
        note.dimension == row.id and cycle.start_ms <= note.at_ms < cycle.end_ms
        for note in document.notes
    )


def snapshots_due(cycle: HasSpan, snapshots: Snapshots | None) -> tuple[int, ...]:
    """Return the numbers, from 1, of the snapshots whose moment lies in `cycle`."""
    moments = snapshots.at_ms if snapshots else ()
    length = cycle.end_ms - cycle.start_ms
    return tuple(number for number, at_ms in enumerate(moments, 1) if at_ms < length)


def open_snapshots(cycle: DocumentCycle, snapshots: Snapshots | None) -> tuple[int, ...]:
    """Return the numbers of the snapshots of `cycle` that nobody answered yet."""
    answered = {each.number for each in cycle.snapshots}
    return tuple(number for number in snapshots_due(cycle, snapshots) if number not in answered)


def check_answers(snapshots: Snapshots | None, number: int, answers: Mapping[str, str]) -> None:
    """Return when `answers` (question → answer) are what the `number`th snapshot asks for.

    Raises:
        BadInputError: there is no such snapshot, question or answer; one that was to be asked has
            no answer, or one that was not to be asked has one.
    """
    if snapshots is None or number > len(snapshots.at_ms):
        raise BadInputError(message("The rubric has no such snapshot."), field="number")
    asked: dict[str, str] = {}
    for question in snapshots.questions:
        condition = question.only_after
        if condition is None or asked.get(condition[0]) == condition[1]:
            given = answers.get(question.id, "")
            if given not in {answer.id for answer in question.answers}:
                raise BadInputError(
                    message("“%(question)s” has no answer.", question=question.title),
                    field="answers",
                )
            asked[question.id] = given
    if set(answers) != set(asked):
        raise BadInputError(message("An answer belongs to no question here."), field="answers")


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


def warnings(
    document: Document, rubric: Rubric, names: frozenset[str] = frozenset()
) -> tuple[Message, ...]:
    """Return what a person should know before submitting though it hinders nothing.

    `names` are the plain words of the class list, of which no note should hold one.
    """
    found = [*short_cycles(document, rubric), *_named_children(document, names)]
    if document.cycles and len(document.cycles) != rubric.protocol.cycles:
        count = message(
            "The rubric asks for %(asked)s cycles and there are %(count)s.",
            asked=rubric.protocol.cycles,
            count=len(document.cycles),
        )
        found.append(count)
    return tuple(found)


def _named_children(document: Document, names: frozenset[str]) -> Iterator[Message]:
    for note in document.notes:
        if children := named(note.text, names):
            yield message(
                "The note at %(time)s names a child (%(names)s): write “a girl”, “a boy” or the"
                " list number.",
                time=_minutes(note.at_ms),
                names=", ".join(children),
            )


def _minutes(length_ms: int) -> str:
    """Return a length as minutes and seconds, the same in both languages (`4:05`)."""
    return f"{length_ms // 60_000}:{length_ms // 1_000 % 60:02d}"
