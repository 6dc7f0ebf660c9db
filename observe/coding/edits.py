"""How each kind of change alters the rows of an observation, and what it replaced.

Each function does one change or raises `BadInputError` with a sentence and changes nothing. What
it returns (`before`) is what undo puts back; None means that nothing was there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding import changes, rules
from observe.coding.cycles import HasSpan
from observe.coding.models import (
    ClipMark,
    Cycle,
    Mark,
    Note,
    Observation,
    PlayedStretch,
    Score,
    Snapshot,
    UncodableStretch,
)
from observe.errors import BadInputError
from observe.rubric.schema import Rubric
from observe.text import message
from observe.video.models import LONGEST_LIVE_MS

CLOCKS_APART_MS = 5_000  # by which a browser's clock may run ahead of a live lesson's
Before = dict[str, Any] | None
Row = TypeVar("Row", Cycle, UncodableStretch, Note, ClipMark, PlayedStretch)


@dataclass(frozen=True)
class Desk:
    """What lies before someone who codes: the observation, its rubric, the open transaction."""

    session: Session
    observation: Observation
    rubric: Rubric

    @property
    def duration_ms(self) -> int:
        """How long the recording is."""
        recording = self.observation.recording
        ahead = CLOCKS_APART_MS if recording.duration_ms is None else 0
        return recording.length_ms() + ahead

    def end_of(self, span: HasSpan) -> int:
        """Return where `span` ends; what goes on in the room ends with the lesson at the latest."""
        recording = self.observation.recording
        if not recording.is_live:
            return span.end_ms
        return min(span.end_ms, LONGEST_LIVE_MS if recording.live_runs else self.duration_ms)


def edit(desk: Desk, payload: changes.Payload) -> Before:
    """Do what `payload` says and return what it replaced; raises `BadInputError`."""
    before = _EDITS[payload.kind](desk, payload)
    desk.session.flush()
    return before


def _put_cycle(desk: Desk, put: changes.CyclePut) -> Before:
    _check_span(desk, put)
    _check_free(desk, Cycle, put, own=put.cycle)
    cycle = _own(desk, Cycle, put.cycle)
    before = _told(cycle) if cycle else None
    if cycle is None:
        cycle = Cycle(id=put.cycle, observation_id=desk.observation.id, scores=[])
        desk.session.add(cycle)
    cycle.start_ms, cycle.end_ms = put.start_ms, desk.end_of(put)
    if put.scores is not None:
        _replace_scores(desk, cycle, put.scores)
    if put.snapshots is not None:
        _replace_snapshots(desk, cycle, put.snapshots)
    return before


def _delete_cycle(desk: Desk, delete: changes.CycleDelete) -> Before:
    return _deleted(desk, Cycle, delete.cycle, _told)


def _plan(desk: Desk, plan: changes.Plan) -> Before:
    _check_plan(desk, plan)
    cycles = _cycles(desk)
    before = {"cycles": [_told(cycle) for cycle in cycles]}
    for cycle in cycles:
        desk.session.delete(cycle)
    desk.session.flush()
    for planned in plan.cycles:
        cycle = Cycle(
            id=planned.cycle,
            observation_id=desk.observation.id,
            start_ms=planned.start_ms,
            end_ms=desk.end_of(planned),
            scores=[],
        )
        desk.session.add(cycle)
        _replace_scores(desk, cycle, planned.scores)
        _replace_snapshots(desk, cycle, planned.snapshots)
    return before


def _check_plan(desk: Desk, plan: changes.Plan) -> None:
    if len({planned.cycle for planned in plan.cycles}) != len(plan.cycles):
        raise BadInputError(message("The plan names a cycle twice."))
    reached = 0
    for planned in sorted(plan.cycles, key=lambda each: each.start_ms):
        _check_span(desk, planned)
        _own(desk, Cycle, planned.cycle)
        if planned.start_ms < reached:
            raise _overlaps()
        reached = planned.end_ms
        for score in planned.scores:
            rules.check_score(desk.rubric, score.dimension, score.value, score.mark)


def _put_stretch(desk: Desk, put: changes.StretchPut) -> Before:
    _check_span(desk, put)
    _check_free(desk, UncodableStretch, put, own=put.stretch)
    stretch = _own(desk, UncodableStretch, put.stretch)
    before = _stretch_told(stretch) if stretch else None
    if stretch is None:
        stretch = UncodableStretch(id=put.stretch, observation_id=desk.observation.id)
        desk.session.add(stretch)
    stretch.start_ms, stretch.end_ms, stretch.reason = put.start_ms, desk.end_of(put), put.reason
    return before


def _delete_stretch(desk: Desk, delete: changes.StretchDelete) -> Before:
    return _deleted(desk, UncodableStretch, delete.stretch, _stretch_told)


def _put_score(desk: Desk, put: changes.ScorePut) -> Before:
    rules.check_score(desk.rubric, put.dimension, put.value, put.mark)
    cycle = _own(desk, Cycle, put.cycle)
    if cycle is None:
        raise _gone()
    score = _cell(cycle, put.dimension)
    before = _score_told(score) if score else None
    if score is None:
        score = Score(dimension=put.dimension)
        cycle.scores.append(score)
    score.value = put.value
    score.mark = Mark(put.mark) if put.mark else None
    return before


def _clear_score(desk: Desk, clear: changes.ScoreClear) -> Before:
    cycle = _own(desk, Cycle, clear.cycle)
    score = _cell(cycle, clear.dimension) if cycle else None
    if cycle is None or score is None:
        return None
    before = _score_told(score)
    cycle.scores.remove(score)
    return before


def _cell(cycle: Cycle, dimension: str) -> Score | None:
    return next((score for score in cycle.scores if score.dimension == dimension), None)


def _put_note(desk: Desk, put: changes.NotePut) -> Before:
    if put.at_ms > desk.duration_ms:
        raise BadInputError(message("The note lies after the end of the recording."))
    if put.dimension is not None:
        rules.row_named(desk.rubric, put.dimension)
    note = _own(desk, Note, put.note)
    before = _note_told(note) if note else None
    if note is None:
        note = Note(id=put.note, observation_id=desk.observation.id)
        desk.session.add(note)
    # The player's time may equal the duration: such a note belongs to the last millisecond.
    note.at_ms, note.text = max(0, min(put.at_ms, desk.duration_ms - 1)), put.text
    note.dimension, note.polarity = put.dimension, put.polarity
    return before


def _delete_note(desk: Desk, delete: changes.NoteDelete) -> Before:
    return _deleted(desk, Note, delete.note, _note_told)


def _put_clip(desk: Desk, put: changes.ClipPut) -> Before:
    _check_span(desk, put)
    if put.dimension is not None:
        rules.row_named(desk.rubric, put.dimension)
    clip = _own(desk, ClipMark, put.clip)
    before = _clip_told(clip) if clip else None
    if clip is None:
        clip = ClipMark(id=put.clip, observation_id=desk.observation.id)
        desk.session.add(clip)
    clip.start_ms, clip.end_ms, clip.words = put.start_ms, desk.end_of(put), put.words
    clip.dimension, clip.purpose = put.dimension, put.purpose
    return before


def _delete_clip(desk: Desk, delete: changes.ClipDelete) -> Before:
    return _deleted(desk, ClipMark, delete.clip, _clip_told)


def _put_snapshot(desk: Desk, put: changes.SnapshotPut) -> Before:
    rules.check_answers(desk.rubric.protocol.snapshots, put.number, put.answers)
    cycle = _own(desk, Cycle, put.cycle)
    if cycle is None:
        raise _gone()
    snapshot = desk.session.get(Snapshot, (cycle.id, put.number))
    before: Before = {"answers": dict(snapshot.answers)} if snapshot else None
    if snapshot is None:
        snapshot = Snapshot(number=put.number)
        cycle.snapshots.append(snapshot)
    snapshot.answers = dict(put.answers)
    return before


def _clear_snapshot(desk: Desk, clear: changes.SnapshotClear) -> Before:
    cycle = _own(desk, Cycle, clear.cycle)
    snapshot = desk.session.get(Snapshot, (clear.cycle, clear.number)) if cycle else None
    if cycle is None or snapshot is None:
        return None
    before = {"answers": dict(snapshot.answers)}
    cycle.snapshots.remove(snapshot)
    return before


def _watched(desk: Desk, watched: changes.Watched) -> Before:
    """Keep a stretch played; told again while it goes on, it has grown."""
    end_ms = min(watched.end_ms, desk.duration_ms)
    stretch = _own(desk, PlayedStretch, watched.watched)
    if stretch is not None:
        stretch.end_ms = max(stretch.end_ms, end_ms)
    elif watched.start_ms < end_ms:
        desk.session.add(
            PlayedStretch(
                id=watched.watched,
                observation_id=desk.observation.id,
                start_ms=watched.start_ms,
                end_ms=end_ms,
                rate=watched.rate,
                at=watched.at,
            )
        )
    return None


_EDITS: dict[str, Callable[[Desk, Any], Before]] = {
    "cycle.put": _put_cycle,
    "cycle.delete": _delete_cycle,
    "plan": _plan,
    "stretch.put": _put_stretch,
    "stretch.delete": _delete_stretch,
    "score.put": _put_score,
    "score.clear": _clear_score,
    "note.put": _put_note,
    "note.delete": _delete_note,
    "clip.put": _put_clip,
    "clip.delete": _delete_clip,
    "snapshot.put": _put_snapshot,
    "snapshot.clear": _clear_snapshot,
    "watched": _watched,
}


def _deleted(
    desk: Desk, kind: type[Row], row_id: UUID, told: Callable[[Row], dict[str, Any]]
) -> Before:
    row = _own(desk, kind, row_id)
    if row is None:
        return None
    before = told(row)
    desk.session.delete(row)
    return before


def _own(desk: Desk, kind: type[Row], row_id: UUID) -> Row | None:
    """Return the row of this observation with that id; one of another observation is refused."""
    row = desk.session.get(kind, row_id)
    if row is not None and row.observation_id != desk.observation.id:
        raise _gone()
    return row


def _gone() -> BadInputError:
    return BadInputError(message("That cycle is no longer there."))


def _overlaps() -> BadInputError:
    return BadInputError(message("It would overlap another one: each moment belongs to one only."))


def _cycles(desk: Desk) -> list[Cycle]:
    rows = sa.select(Cycle).where(Cycle.observation_id == desk.observation.id)
    return list(desk.session.scalars(rows.order_by(Cycle.start_ms)))


def _check_span(desk: Desk, span: HasSpan) -> None:
    """In the room a cycle is put when it begins, and ends later by the protocol."""
    if span.start_ms >= desk.end_of(span):
        raise BadInputError(message("The end has to come after the start."))
    begun = desk.observation.recording.is_live and span.start_ms <= desk.duration_ms
    if span.end_ms > desk.duration_ms and not begun:
        raise BadInputError(message("The end lies after the end of the recording."))


def _check_free(
    desk: Desk,
    kind: type[Cycle | UncodableStretch],
    span: HasSpan,
    *,
    own: UUID,
) -> None:
    others = sa.select(kind.id).where(
        kind.observation_id == desk.observation.id,
        kind.id != own,
        kind.start_ms < span.end_ms,
        kind.end_ms > span.start_ms,
    )
    if desk.session.scalars(others.limit(1)).first() is not None:
        raise _overlaps()


def _replace_scores(desk: Desk, cycle: Cycle, scores: Iterable[rules.CellScore]) -> None:
    wanted = {score.dimension: score for score in scores}
    for score in wanted.values():
        rules.check_score(desk.rubric, score.dimension, score.value, score.mark)
    cycle.scores = []
    desk.session.flush()
    cycle.scores = [
        Score(
            dimension=score.dimension,
            value=score.value,
            mark=Mark(score.mark) if score.mark else None,
        )
        for score in wanted.values()
    ]


def _replace_snapshots(desk: Desk, cycle: Cycle, snapshots: Iterable[rules.CycleSnapshot]) -> None:
    wanted = {each.number: each for each in snapshots}
    for each in wanted.values():
        rules.check_answers(desk.rubric.protocol.snapshots, each.number, each.answers)
    cycle.snapshots = []
    desk.session.flush()
    cycle.snapshots = [
        Snapshot(number=each.number, answers=dict(each.answers)) for each in wanted.values()
    ]


def _told(cycle: Cycle) -> dict[str, Any]:
    """Return a cycle as the payload that would put it back."""
    return {
        "cycle": str(cycle.id),
        "start_ms": cycle.start_ms,
        "end_ms": cycle.end_ms,
        "scores": [{"dimension": score.dimension, **_score_told(score)} for score in cycle.scores],
        "snapshots": [
            {"number": each.number, "answers": dict(each.answers)} for each in cycle.snapshots
        ],
    }


def _clip_told(clip: ClipMark) -> dict[str, Any]:
    return {
        "start_ms": clip.start_ms,
        "end_ms": clip.end_ms,
        "words": clip.words,
        "dimension": clip.dimension,
        "purpose": clip.purpose,
    }


def _score_told(score: Score) -> dict[str, Any]:
    return {"value": score.value, "mark": score.mark.value if score.mark else None}


def _stretch_told(stretch: UncodableStretch) -> dict[str, Any]:
    return {
        "start_ms": stretch.start_ms,
        "end_ms": stretch.end_ms,
        "reason": stretch.reason,
    }


def _note_told(note: Note) -> dict[str, Any]:
    return {
        "at_ms": note.at_ms,
        "text": note.text,
        "dimension": note.dimension,
        "polarity": note.polarity,
    }
