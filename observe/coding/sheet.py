"""A sheet coded elsewhere or on paper, as CSV, becomes a draft: all of it or nothing.

Columns: `cycle,start,end,dimension,score,note_at,note`. Comma, semicolon or tab between them; times
like `00:18:42.5` (a decimal comma too); a score is a number or the letter that the scale has for
it, `N/O` or `N/A`; a row with a note and no score is one more note. The answers of a snapshot stand
there too, as rows called `<question>@<number of the snapshot>`. A row that only names its cell is
one that nobody filled in: it says nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from observe.coding import changes as kinds
from observe.coding import rules
from observe.coding.changes import Change, NoteDelete, NotePut, Payload, Plan, PlannedCycle
from observe.coding.cycles import overlap_ms
from observe.coding.models import Observation
from observe.coding.operations import SHEET_WINDOW, apply, document_of, only_sheet, start
from observe.coding.rules import CellScore, CycleSnapshot
from observe.coding.sheet_cells import Asked, RowNames, answer_in, questions_asked, score_in
from observe.csv_files import separator_of
from observe.errors import BadInputError, ConflictError, InvalidError
from observe.ids import new_id
from observe.people import audit
from observe.people.access import Action, Actor
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric
from observe.text import Message, message
from observe.video.timecode import Span, format_time, parse_time

REQUIRED = ("cycle", "start", "end", "dimension", "score")
OPTIONAL = ("note_at", "note")
FILLED_IN = ("start", "end", "score", *OPTIONAL)  # by hand: the others only name the cell
ROUNDING_MS = 1_000  # times noted by the second may pass the end of the recording by that much
_T = TypeVar("_T")


@dataclass(frozen=True)
class Imported:
    """What a sheet became, and what a person should know about it."""

    observation_id: UUID
    cycles: int
    scores: int
    notes: int
    warnings: tuple[Message, ...]


@dataclass(frozen=True)
class Sheet:
    """What a sheet says, checked against the rubric and the recording."""

    plan: Plan
    notes: tuple[NotePut, ...]
    warnings: tuple[Message, ...]


def import_sheet(
    session: Session,
    csv_text: str,
    recording_id: UUID,
    rubric_version_id: UUID,
    *,
    actor: Actor,
    observer: Actor | None = None,
) -> Imported:
    """Make a draft out of a sheet that `observer` (else the actor) coded; all of it or nothing.

    Raises:
        NotFoundError: no such recording or rubric for this actor.
        ConflictError: the recording cannot be coded, or her draft already has other work in it.
        InvalidError: with all problems of the sheet, each with its line.
    """
    coder = observer or actor
    with session.begin_nested():
        observation = start(
            session,
            recording_id,
            rubric_version_id,
            actor=actor,
            observer=coder,
            action=_action(actor, coder),
        )
        rubric = rubric_of(observation.rubric_version)
        sheet = read_sheet(csv_text, rubric, observation.recording.length_ms())
        _check_replaceable(session, observation)
        _apply(session, observation, sheet, actor=actor, coder=coder)
        document = document_of(session, observation)
        _told(session, document, actor)
    return Imported(
        observation_id=observation.id,
        cycles=len(document.cycles),
        scores=sum(len(cycle.scores) for cycle in document.cycles),
        notes=len(document.notes),
        warnings=(*sheet.warnings, *rules.short_cycles(document, rubric)),
    )


def _action(actor: Actor, coder: Actor) -> Action:
    own = actor.user_id == coder.user_id
    return Action.OBSERVATION_IMPORT if own else Action.OBSERVATION_IMPORT_FOR


def _check_replaceable(session: Session, observation: Observation) -> None:
    """Return when the draft holds nothing but an earlier sheet, which a corrected one replaces."""
    if observation.version > 0 and not only_sheet(session, observation):
        raise ConflictError(
            message("There is already work in your draft of this video with this rubric.")
        )


def _apply(
    session: Session, observation: Observation, sheet: Sheet, *, actor: Actor, coder: Actor
) -> None:
    earlier = [NoteDelete(note=note.id) for note in observation.notes]
    applied = apply(
        session,
        observation.id,
        [_change(payload) for payload in (*earlier, sheet.plan, *sheet.notes)],
        window=SHEET_WINDOW,
        base_version=observation.version,
        actor=actor,
        observer=coder,
    )
    if applied.refused:
        raise _invalid([told.message for told in applied.refused])


def _told(session: Session, document: rules.Document, actor: Actor) -> None:
    audit.record(
        session,
        "observation.import",
        actor_id=actor.user_id,
        thing_kind="observation",
        thing_id=document.observation,
        observer=document.observer,
        cycles=len(document.cycles),
        notes=len(document.notes),
    )


def _change(payload: Payload) -> Change:
    return Change(new_id(), payload.kind, payload.model_dump(mode="json"))


def read_sheet(csv_text: str, rubric: Rubric, duration_ms: int) -> Sheet:
    """Return what the sheet says of a recording of `duration_ms`.

    Raises:
        InvalidError: with all its problems, each with its line.
    """
    reading = _Reading(rubric, duration_ms)
    try:
        for row in _rows(csv_text):
            reading.take(row)
    except csv.Error as error:
        raise _invalid([message("This is not a sheet that can be read (CSV).")]) from error
    return reading.sheet()


@dataclass(frozen=True)
class _Row:
    line: int
    cells: dict[str, str]
    too_long: bool

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def is_filled_in(self) -> bool:
        """Tell whether it says anything of its cell."""
        says = any(self[column] for column in FILLED_IN)
        return says or (self.too_long and any(self.cells.values()))


def _rows(csv_text: str) -> Iterator[_Row]:
    text = csv_text.removeprefix("\ufeff").replace("\x00", "")
    first_line = text.lstrip("\r\n").partition("\n")[0]
    lines = io.StringIO(text.lstrip("\r\n"), newline="")
    reader = csv.reader(lines, delimiter=separator_of(first_line))
    skipped = text[: len(text) - len(text.lstrip("\r\n"))].count("\n")
    header = [name.strip().lower() for name in next(reader, [])]
    _check_header(header)
    line = reader.line_num + 1
    for values in reader:
        cells = {name: value.strip() for name, value in zip(header, values, strict=False)}
        row = _Row(line + skipped, cells, len(values) > len(header))
        if row.is_filled_in:
            yield row
        line = reader.line_num + 1


def _check_header(header: list[str]) -> None:
    absent = [name for name in REQUIRED if name not in header]
    if absent:
        raise _invalid(
            [
                message(
                    "The first line has to name the columns; these are not there: %(columns)s.",
                    columns=", ".join(absent),
                )
            ]
        )


def _invalid(problems: list[Message]) -> InvalidError:
    return InvalidError(
        message("The sheet cannot be taken as it is; nothing of it was kept."), problems
    )


@dataclass
class _SheetCycle:
    id: UUID
    span: Span
    line: int
    scores: dict[str, CellScore] = field(default_factory=dict)
    answered: dict[int, _Answered] = field(default_factory=dict)

    def snapshots(self) -> Iterator[CycleSnapshot]:
        """Yield the snapshots with what was answered."""
        for number, answered in self.answered.items():
            yield CycleSnapshot(number=number, answers=answered.answers)


@dataclass
class _Answered:
    """The answers to one snapshot, and the row that has the first of them."""

    row: _Row
    answers: dict[str, str] = field(default_factory=dict)


class _Reading:
    """What was understood so far, and every problem found on the way."""

    def __init__(self, rubric: Rubric, duration_ms: int) -> None:
        self.rubric = rubric
        self.duration_ms = duration_ms
        self.cycles: dict[str, _SheetCycle] = {}
        self.notes: list[NotePut] = []
        self.problems: list[Message] = []
        self.warnings: list[Message] = []
        self.seen = False
        self.unusable: set[str] = set()  # cycles whose first row was wrong: told once
        self.names = RowNames(rubric)
        asked = questions_asked(rubric.protocol.snapshots)
        self.asked = {each.name: each for each in asked}

    def take(self, row: _Row) -> None:
        """Take one row, or note what is wrong with it."""
        self.seen = True
        if row.too_long:
            self._problem(row, message("It has more cells than there are columns."))
            return
        cycle = self._try(row, lambda: self._cycle(row))
        asked = self.asked.get(row["dimension"].lower())
        dimension = None if asked else self._try(row, lambda: self._dimension(row))
        if row["score"] and asked:
            self._try(row, lambda: self._take_answer(row, cycle, asked))
        elif row["score"]:
            self._try(row, lambda: self._take_score(row, cycle, dimension))
        if row["note"] or row["note_at"]:
            self._try(row, lambda: self._take_note(row, cycle, dimension))

    def sheet(self) -> Sheet:
        """Return the whole; raises `InvalidError` when there was any problem."""
        self._check_overlaps()
        self._check_answers()
        if not self.seen:
            self.problems.append(message("Nothing is filled in under the names of the columns."))
        if self.problems:
            raise _invalid(self.problems)
        planned = (
            PlannedCycle(
                cycle=cycle.id,
                start_ms=cycle.span.start_ms,
                end_ms=cycle.span.end_ms,
                scores=tuple(cycle.scores.values()),
                snapshots=tuple(cycle.snapshots()),
            )
            for cycle in self.cycles.values()
        )
        return Sheet(Plan(cycles=tuple(planned)), tuple(self.notes), tuple(self.warnings))

    def _problem(self, row: _Row, problem: Message) -> None:
        self.problems.append(_on_line(row, problem))

    def _try(self, row: _Row, step: Callable[[], _T]) -> _T | None:
        try:
            return step()
        except BadInputError as error:
            self._problem(row, error.message)
            return None

    def _cycle(self, row: _Row) -> _SheetCycle | None:
        name = row["cycle"]
        if not name:
            if row["score"]:
                raise BadInputError(message("It has a score but does not name its cycle."))
            return None
        if name in self.unusable:
            return None
        known = self.cycles.get(name)
        if known is None:
            known = self._first_row(name, row)
        elif (row["start"] or row["end"]) and self._differs(row, known.span):
            raise BadInputError(
                message(
                    "Cycle %(cycle)s has other times here than on line %(line)s.",
                    cycle=name,
                    line=known.line,
                )
            )
        return known

    def _first_row(self, name: str, row: _Row) -> _SheetCycle:
        self.unusable.add(name)
        self.cycles[name] = cycle = _SheetCycle(new_id(), self._span(row), row.line)
        self.unusable.remove(name)
        return cycle

    def _differs(self, row: _Row, span: Span) -> bool:
        start = parse_time(row["start"]) if row["start"] else span.start_ms
        end = min(parse_time(row["end"]), self.duration_ms) if row["end"] else span.end_ms
        return (start, end) != (span.start_ms, span.end_ms)

    def _span(self, row: _Row) -> Span:
        if not row["start"] or not row["end"]:
            raise BadInputError(
                message("The first row of a cycle has to say where it starts and ends.")
            )
        start, end = parse_time(row["start"]), parse_time(row["end"])
        if end > self.duration_ms + ROUNDING_MS:
            raise BadInputError(
                message(
                    "The cycle ends at %(end)s, but the recording at %(duration)s.",
                    end=format_time(end),
                    duration=format_time(self.duration_ms),
                )
            )
        if end > self.duration_ms:
            self.warnings.append(
                _on_line(row, message("The cycle was ended with the recording, a moment before."))
            )
        return Span(start, min(end, self.duration_ms))

    def _dimension(self, row: _Row) -> str | None:
        name = row["dimension"]
        if not name:
            return None
        found = self.names.find(name)
        if found is None:
            raise BadInputError(message("The rubric has no dimension “%(name)s”.", name=name[:64]))
        return found

    def _take_score(self, row: _Row, cycle: _SheetCycle | None, dimension: str | None) -> None:
        if not row["dimension"]:
            raise BadInputError(message("It has a score but does not name its dimension."))
        if dimension is None:
            return
        scale = self.rubric.scale_of(rules.row_named(self.rubric, dimension).of)
        value, mark = score_in(row["score"], scale)
        rules.check_score(self.rubric, dimension, value, mark)
        if cycle is None:
            return
        if dimension in cycle.scores:
            raise BadInputError(message("This cell already has a score on an earlier line."))
        cycle.scores[dimension] = CellScore(dimension=dimension, value=value, mark=mark)

    def _take_answer(self, row: _Row, cycle: _SheetCycle | None, asked: Asked) -> None:
        answer = answer_in(row["score"], asked.question)
        if cycle is None:
            return
        answers = cycle.answered.setdefault(asked.number, _Answered(row)).answers
        if asked.question.id in answers:
            raise BadInputError(message("This cell already has a score on an earlier line."))
        answers[asked.question.id] = answer

    def _take_note(self, row: _Row, cycle: _SheetCycle | None, dimension: str | None) -> None:
        if not row["note"]:
            raise BadInputError(message("It has the moment of a note but no note."))
        if len(row["note"]) > kinds.LONGEST_NOTE:
            raise BadInputError(
                message("The note is longer than %(most)s characters.", most=kinds.LONGEST_NOTE)
            )
        at_ms = self._note_at(row, cycle)
        if at_ms is not None:
            self.notes.append(
                NotePut(note=new_id(), at_ms=at_ms, text=row["note"], dimension=dimension)
            )

    def _note_at(self, row: _Row, cycle: _SheetCycle | None) -> int | None:
        if row["note_at"]:
            return self._checked_moment(row, cycle)
        if not row["cycle"]:
            raise BadInputError(message("The note has neither a moment nor a cycle."))
        self.warnings.append(
            _on_line(
                row, message("The note names no moment: it was put at the start of its cycle.")
            )
        )
        return cycle.span.start_ms if cycle else None

    def _checked_moment(self, row: _Row, cycle: _SheetCycle | None) -> int:
        at_ms = parse_time(row["note_at"])
        if at_ms > self.duration_ms + ROUNDING_MS:
            raise BadInputError(message("The note lies after the end of the recording."))
        at_ms = max(0, min(at_ms, self.duration_ms - 1))
        if cycle is not None and not cycle.span.start_ms <= at_ms < cycle.span.end_ms:
            self.warnings.append(
                _on_line(row, message("The moment of the note lies outside its cycle."))
            )
        return at_ms

    def _check_answers(self) -> None:
        snapshots = self.rubric.protocol.snapshots
        for cycle in self.cycles.values():
            for number, said in cycle.answered.items():
                self._try(said.row, partial(rules.check_answers, snapshots, number, said.answers))

    def _check_overlaps(self) -> None:
        ordered = sorted(self.cycles.items(), key=lambda item: item[1].span)
        for (name, cycle), (later_name, later) in pairwise(ordered):
            if overlap_ms(cycle.span, later.span):
                self.problems.append(
                    message(
                        "Line %(line)s: cycle %(later)s begins before cycle %(cycle)s has ended.",
                        line=later.line,
                        later=later_name,
                        cycle=name,
                    )
                )


def _on_line(row: _Row, problem: Message) -> Message:
    return message("Line %(line)s: %(problem)s", line=row.line, problem=problem)
