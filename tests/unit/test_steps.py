"""Steps of undo from the log alone: what a reload leaves is what the window had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.coding.changes import StepRole
from observe.coding.steps import Act, Logged, Step, inverse, replay
from observe.ids import new_id

CELLS = st.sampled_from("abc")


def scored(
    cell: str, value: int, before: int | None, step: UUID, role: StepRole = StepRole.DO
) -> Logged:
    payload = {"cycle": "c", "dimension": cell, "value": value, "mark": None}
    was = None if before is None else {"value": before, "mark": None}
    return Logged(new_id(), "score.put", f"score:c:{cell}", payload, was, step, role)


class Window:
    """What a window does: a sheet of cells, and the log that the program keeps of it."""

    def __init__(self) -> None:
        self.cells: dict[str, int] = {}
        self.log: list[Logged] = []
        self.done: list[tuple[UUID, str, int, int | None]] = []
        self.undone: list[tuple[UUID, str, int, int | None]] = []

    def do(self, cell: str, value: int) -> None:
        step, before = new_id(), self.cells.get(cell)
        self._put(cell, value, step, StepRole.DO)
        self.done.append((step, cell, value, before))
        self.undone = []

    def undo(self) -> None:
        if self.done:
            step, cell, _value, before = self.done[-1]
            self.undone.append(self.done.pop())
            self._put(cell, before, step, StepRole.UNDO)

    def redo(self) -> None:
        if self.undone:
            step, cell, value, _before = self.undone[-1]
            self.done.append(self.undone.pop())
            self._put(cell, value, step, StepRole.REDO)

    def _put(self, cell: str, value: int | None, step: UUID, role: StepRole) -> None:
        before = self.cells.pop(cell, None)
        if value is not None:
            self.cells[cell] = value
            self.log.append(scored(cell, value, before, step, role))
            return
        was = None if before is None else {"value": before, "mark": None}
        payload = {"cycle": "c", "dimension": cell}
        self.log.append(
            Logged(new_id(), "score.clear", f"score:c:{cell}", payload, was, step, role)
        )


ACTS: st.SearchStrategy[Callable[[Window], None]] = st.one_of(
    st.builds(lambda cell, value: lambda w: w.do(cell, value), CELLS, st.integers(1, 7)),
    st.just(Window.undo),
    st.just(Window.redo),
)


@given(st.lists(ACTS, max_size=40))
def test_the_log_tells_the_same_steps_as_the_window_has(acts: list[Any]) -> None:
    window = Window()
    for act in acts:
        act(window)
    steps = replay(window.log)
    assert [step.id for step in steps.done] == [each[0] for each in window.done]
    assert [step.id for step in steps.undone] == [each[0] for each in window.undone]


@given(st.lists(ACTS, max_size=40))
def test_undoing_all_that_the_log_tells_leaves_nothing(acts: list[Any]) -> None:
    window = Window()
    for act in acts:
        act(window)
    cells = dict(window.cells)
    for step in reversed(replay(window.log).done):
        for undo in step.undo:
            if undo.kind == "score.clear":
                cells.pop(undo.payload["dimension"])
            else:
                cells[undo.payload["dimension"]] = undo.payload["value"]
    assert cells == {}


def test_typing_a_note_is_one_step_with_its_first_before_and_its_last_word() -> None:
    step, note = new_id(), {"note": "n", "at_ms": 5, "dimension": None, "polarity": 0}
    log = [
        Logged(new_id(), "note.put", "note:n", note | {"text": text}, before, step, StepRole.DO)
        for text, before in (("a", None), ("ab", {"text": "a"}), ("abc", {"text": "ab"}))
    ]
    (typed,) = replay(log).done
    assert typed.undo == (Act("note.delete", {"note": "n"}),)
    assert [act.payload["text"] for act in typed.redo] == ["abc"]


def test_moving_a_cycle_back_leaves_its_scores_alone() -> None:
    moved = {"cycle": "c", "start_ms": 0, "end_ms": 9, "scores": None, "snapshots": None}
    before = {"cycle": "c", "start_ms": 1, "end_ms": 8, "scores": [1], "snapshots": []}
    assert inverse("cycle.put", moved, before) == Act(
        "cycle.put", {"cycle": "c", "start_ms": 1, "end_ms": 8}
    )


def test_what_was_there_when_a_cycle_was_deleted_comes_back_whole() -> None:
    before = {"cycle": "c", "start_ms": 1, "end_ms": 8, "scores": [1], "snapshots": [2]}
    assert inverse("cycle.delete", {"cycle": "c"}, before) == Act("cycle.put", before)


@pytest.mark.parametrize("kind", ["note.delete", "score.clear", "clip.delete"])
def test_taking_away_what_was_not_there_needs_no_taking_back(kind: str) -> None:
    payload = {"note": "n", "clip": "n", "cycle": "c", "dimension": "d"}
    assert inverse(kind, payload, None) is None


def test_what_is_merely_watched_is_no_step_and_an_attachment_ends_the_way_back() -> None:
    watched = Logged(new_id(), "watched", "watched:1", {}, None, None, StepRole.DO)
    attached = Logged(new_id(), "attached", "attached", {}, None, None, StepRole.DO)
    one, other = scored("a", 1, None, new_id()), scored("b", 1, None, new_id())
    assert [step.id for step in replay([one, watched]).done] == [one.step_id]
    assert replay([one, attached, other]).done == (Step(other.step_id, [other]),)
