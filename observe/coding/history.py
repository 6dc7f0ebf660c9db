"""What was changed in an observation, by whom and when, in plain sentences. Pure.

The log keeps each change with what it replaced. What a person did at once (a step) becomes one
entry; of each thing touched in it, only where it began and where it ended is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from observe.coding.changes import StepRole
from observe.coding.steps import ENDED, KEPT_OUT, Logged
from observe.rubric.schema import Rubric
from observe.text import Message, Spoken, message
from observe.video.timecode import format_time

EMPTY: Final = message("no score")
NOTHING: Final = message("no dimension")
MARKS: Final = {"not_observed": message("N/O"), "not_applicable": message("N/A")}
SIGNS: Final = {1: "+", 0: "·", -1: "−"}
PURPOSES: Final = {
    "strength": message("for the strength"),
    "priority": message("for the priority"),
    None: message("for a later choice"),
}
_CYCLE = "cycle"
State = Mapping[str, Any] | None  # a thing as a payload has it; None: it is not there


@dataclass(frozen=True)
class Kept:
    """A change as the log keeps it, when it came, and who made it."""

    at: datetime
    who: str
    change: Logged


@dataclass(frozen=True)
class Line:
    """One thing that changed, and the cycles (ids) and rows that it is about."""

    sentence: Message
    cycles: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Entry:
    """What a person did at once."""

    at: datetime
    who: str
    role: StepRole
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Listed:
    """Words one after the other."""

    parts: tuple[Spoken | str, ...]

    def in_language(self, locale: str) -> str:
        """Return them with commas, in `locale`."""
        said = (each if isinstance(each, str) else each.in_language(locale) for each in self.parts)
        return ", ".join(said)


def entries(log: Iterable[Kept], rubric: Rubric) -> list[Entry]:
    """Return what a log, in the order of its changes, tells: the newest first."""
    teller = _Teller(rubric)
    decisions = (kept for kept in log if kept.change.kind not in KEPT_OUT)
    told = [teller.tell(group) for group in _groups(decisions)]
    return [entry for entry in reversed(told) if entry.lines]


def about(found: Iterable[Entry], *, cycle: UUID | None = None, row: str = "") -> list[Entry]:
    """Return the entries that touch a cycle and a row, with only the lines that do."""
    kept = (
        replace(entry, lines=tuple(line for line in entry.lines if _touches(line, cycle, row)))
        for entry in found
    )
    return [entry for entry in kept if entry.lines]


def _touches(line: Line, cycle: UUID | None, row: str) -> bool:
    return (cycle is None or str(cycle) in line.cycles) and (not row or row in line.rows)


def _groups(log: Iterable[Kept]) -> Iterator[list[Kept]]:
    group: list[Kept] = []
    for kept in log:
        if group and not _goes_on(group[-1], kept):
            yield group
            group = []
        group.append(kept)
    if group:
        yield group


def _goes_on(before: Kept, after: Kept) -> bool:
    """Tell whether a change belongs to the same step."""
    one, other = before.change, after.change
    return (before.who, one.role, one.step_id) == (after.who, other.role, other.step_id)


@dataclass
class _Teller:
    """Reads a log from its beginning, so that it knows which number a cycle had at the time."""

    rubric: Rubric
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)  # of the cycles by now
    numbers: dict[str, int] = field(default_factory=dict)  # also of cycles that just went

    def __post_init__(self) -> None:
        self.titles = {row.id: row.of.title for row in self.rubric.rows()}

    def tell(self, group: list[Kept]) -> Entry:
        """Return what the changes of one step have come to."""
        last = group[-1]
        changes = [change for kept in group for change in _parts(kept.change)]
        for change in changes:
            self._follow(change)
        self._number()
        lines = [line for change in _merged(changes) for line in self._lines(change)]
        return Entry(last.at, last.who, last.change.role, tuple(lines))

    # --- which cycles there are -------------------------------------------------------------

    def _follow(self, change: Logged) -> None:
        said = change.payload
        if change.kind == "cycle.put":
            self.spans[said[_CYCLE]] = (said["start_ms"], said["end_ms"])
        elif change.kind == "cycle.delete":
            self.spans.pop(said[_CYCLE], None)
        elif change.kind == "plan":
            self.spans = {
                each[_CYCLE]: (each["start_ms"], each["end_ms"]) for each in said["cycles"]
            }
        elif change.kind == "attached":
            later = said["offset_ms"]
            moved = ((cycle, start, end) for cycle, (start, end) in self.spans.items())
            self.spans = {cycle: (start + later, end + later) for cycle, start, end in moved}

    def _number(self) -> None:
        ordered = sorted(self.spans, key=lambda cycle: self.spans[cycle])
        self.numbers |= {cycle: number for number, cycle in enumerate(ordered, start=1)}

    def _at(self, moment: int) -> frozenset[str]:
        return frozenset(
            cycle for cycle, (start, end) in self.spans.items() if start <= moment < end
        )

    # --- what is said -----------------------------------------------------------------------

    def _lines(self, change: Logged) -> Iterator[Line]:
        family = change.kind.partition(".")[0]
        tell = _TELLERS[family]
        after = None if change.kind.endswith((".delete", ".clear")) else change.payload
        if change.before is not None or after is not None:
            yield from tell(self, change.payload, change.before, after)

    def attached(self, _of: Mapping[str, Any], _before: State, after: State) -> Iterator[Line]:
        """Tell that what was coded in the room got its video."""
        if after is not None:
            moved = f"{after['offset_ms'] / 1000:+.1f} s"
            yield Line(message("A video was attached; all times moved by %(time)s", time=moved))

    def score(self, of: Mapping[str, Any], before: State, after: State) -> Iterator[Line]:
        """Tell what stood in a cell and what stands in it."""
        old, new = self._score(of["dimension"], before), self._score(of["dimension"], after)
        if old != new:
            yield Line(
                message(
                    "Cycle %(number)s, %(row)s: %(before)s → %(after)s",
                    number=self.numbers.get(of[_CYCLE], "–"),
                    row=self._title(of["dimension"]),
                    before=old,
                    after=new,
                ),
                frozenset({of[_CYCLE]}),
                frozenset({of["dimension"]}),
            )

    def _score(self, row_id: str, state: State) -> Spoken | str:
        if state is None:
            return EMPTY
        if state.get("mark"):
            return MARKS[state["mark"]]
        row = self.rubric.row(row_id)
        letters = self.rubric.scale_of(row.of).letters if row else {}
        return letters.get(state["value"], str(state["value"]))

    def _title(self, row_id: str | None) -> Spoken | str:
        return NOTHING if row_id is None else self.titles.get(row_id, row_id)

    def snapshot(self, of: Mapping[str, Any], before: State, after: State) -> Iterator[Line]:
        """Tell what was answered."""
        old, new = self._answers(before), self._answers(after)
        if old != new:
            yield Line(
                message(
                    "Cycle %(number)s, snapshot %(snapshot)s: %(before)s → %(after)s",
                    number=self.numbers.get(of[_CYCLE], "–"),
                    snapshot=of["number"],
                    before=old,
                    after=new,
                ),
                frozenset({of[_CYCLE]}),
            )

    def _answers(self, state: State) -> Spoken | str:
        snapshots = self.rubric.protocol.snapshots
        if state is None or snapshots is None:
            return message("no answer")
        titles = {
            (question.id, answer.id): answer.title
            for question in snapshots.questions
            for answer in question.answers
        }
        said = state["answers"].items()
        return Listed(tuple(titles.get((question, answer), answer) for question, answer in said))

    def cycle(self, of: Mapping[str, Any], before: State, after: State) -> Iterator[Line]:
        """Tell that a cycle came, moved or went."""
        number = self.numbers.get(of[_CYCLE], "–")
        gone, brought = _scores([before]), _scores([after])
        if before is None:
            told = message("Cycle %(number)s added: %(span)s", number=number, span=_span(after))
        elif after is None:
            told = message(
                "Cycle %(number)s removed, with its scores: %(count)s",
                number=number,
                count=len(gone),
            )
        else:
            told = message(
                "Cycle %(number)s: %(before)s → %(after)s",
                number=number,
                before=_span(before),
                after=_span(after),
            )
        yield Line(told, frozenset({of[_CYCLE]}), frozenset(gone + brought))

    def plan(self, _of: Mapping[str, Any], before: State, after: State) -> Iterator[Line]:
        """Tell that all cycles were planned anew."""
        old, new = ([*state["cycles"]] if state else [] for state in (before, after))
        touched = frozenset(each[_CYCLE] for each in old + new)
        yield Line(
            message(
                "Cycles planned: %(before)s → %(after)s. Scores in them: %(gone)s → %(brought)s",
                before=len(old),
                after=len(new),
                gone=len(_scores(old)),
                brought=len(_scores(new)),
            )
            if old
            else message("Cycles planned: %(count)s", count=len(new)),
            touched,
            frozenset(_scores(old) + _scores(new)),
        )

    def stretch(self, _of: Mapping[str, Any], before: State, after: State) -> Iterator[Line]:
        """Tell that a stretch cannot be coded, or can after all."""
        old, new = _stretch(before), _stretch(after)
        if before is None:
            yield Line(message("Not codable: %(stretch)s", stretch=new))
        elif after is None:
            yield Line(message("Codable after all: %(stretch)s", stretch=old))
        elif old != new:
            yield Line(message("Not codable: %(before)s → %(after)s", before=old, after=new))

    def note(self, _of: Mapping[str, Any], before: State, after: State) -> Iterator[Line]:
        """Tell what a note says, what it is for, and where it lies."""
        there = [state for state in (before, after) if state is not None]
        cycles = frozenset(cycle for state in there for cycle in self._at(state["at_ms"]))
        rows = frozenset(state["dimension"] for state in there if state.get("dimension"))
        for told in self._note(before, after):
            yield Line(told, cycles, rows)

    def _note(self, before: State, after: State) -> Iterator[Message]:
        if after is None and before is not None:
            time = format_time(before["at_ms"])
            yield message("Note at %(time)s removed: “%(text)s”", time=time, text=before["text"])
        elif before is None and after is not None:
            yield message(
                "New note at %(time)s, %(row)s (%(sign)s): “%(text)s”",
                time=format_time(after["at_ms"]),
                row=self._title(after.get("dimension")),
                sign=SIGNS[after.get("polarity", 0)],
                text=after["text"],
            )
        elif before is not None and after is not None:
            time = format_time(after["at_ms"])
            for old, new in self._note_facets(before, after):
                yield message(
                    "Note at %(time)s: %(before)s → %(after)s", time=time, before=old, after=new
                )

    def _note_facets(
        self, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Iterator[tuple[Spoken | str, Spoken | str]]:
        facets = (
            tuple(_quoted(state["text"]) for state in (before, after)),
            tuple(self._title(state.get("dimension")) for state in (before, after)),
            tuple(SIGNS[state.get("polarity", 0)] for state in (before, after)),
            tuple(format_time(state["at_ms"]) for state in (before, after)),
        )
        return ((old, new) for old, new in facets if old != new)

    def clip(self, _of: Mapping[str, Any], before: State, after: State) -> Iterator[Line]:
        """Tell that a moment was kept, changed or let go."""
        there = [state for state in (before, after) if state is not None]
        cycles = frozenset(cycle for state in there for cycle in self._at(state["start_ms"]))
        rows = frozenset(state["dimension"] for state in there if state.get("dimension"))
        old, new = self._clip(before), self._clip(after)
        if before is None:
            yield Line(message("Clip kept: %(clip)s", clip=new), cycles, rows)
        elif after is None:
            yield Line(message("Clip removed: %(clip)s", clip=old), cycles, rows)
        elif old != new:
            told = message("Clip: %(before)s → %(after)s", before=old, after=new)
            yield Line(told, cycles, rows)

    def _clip(self, state: State) -> Listed:
        if state is None:
            return Listed(())
        words = [_quoted(state["words"])] if state.get("words") else []
        row = [self._title(state["dimension"])] if state.get("dimension") else []
        return Listed((_span(state), PURPOSES[state.get("purpose")], *row, *words))


_TELLERS: Final = {
    "attached": _Teller.attached,
    "score": _Teller.score,
    "snapshot": _Teller.snapshot,
    "cycle": _Teller.cycle,
    "plan": _Teller.plan,
    "stretch": _Teller.stretch,
    "note": _Teller.note,
    "clip": _Teller.clip,
}


def _parts(change: Logged) -> list[Logged]:
    """Return the change; of the end of a lesson, those of the spans that ended with it."""
    if change.kind != ENDED:
        return [change]
    return [
        replace(change, kind=cut["kind"], target=cut["target"], payload=cut["to"], before=cut["of"])
        for cut in change.payload["cut"]
    ]


def _merged(changes: Iterable[Logged]) -> list[Logged]:
    """Return one change for each thing touched: its last, with what stood before the first."""
    merged: dict[str, Logged] = {}
    for change in changes:
        first = merged.get(change.target)
        merged[change.target] = replace(change, before=first.before) if first else change
    return list(merged.values())


def _scores(cycles: Iterable[State]) -> list[str]:
    """Return the row of each score in cycles that bring theirs."""
    return [score["dimension"] for cycle in cycles if cycle for score in cycle.get("scores") or ()]


def _span(state: State) -> str:
    return f"{format_time(state['start_ms'])}–{format_time(state['end_ms'])}" if state else ""


def _stretch(state: State) -> str:
    return f"{_span(state)} ({state['reason']})" if state else ""


def _quoted(text: str) -> Message:
    return message("“%(text)s”", text=text)
