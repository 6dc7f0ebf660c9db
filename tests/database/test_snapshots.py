"""Snapshots of a cycle: answered as the rubric asks, taken back, missing; and what was watched."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.changes import Change, StepRole
from observe.coding.models import Observation, Operation
from observe.coding.operations import document_of, steps_of, submit
from observe.coding.rules import Document, missing
from observe.coding.watching import Watching
from observe.db import Database
from observe.ids import new_id
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load, rubric_of
from tests import factories
from tests.database.coding import change, cycle, observation, send
from tests.rubrics import timed

MINUTE = 60_000
QUIET = {"trabajo": "escuchan"}
TALK = {"trabajo": "conversan", "entre": "todos"}


@pytest.fixture
def rubric(database: Database, cast: factories.Cast) -> RubricVersion:
    with database.write() as session:
        return load(session, timed(), "prueba.yaml", actor=cast.administrator)


@pytest.fixture
def draft(session: Session, cast: factories.Cast, rubric: RubricVersion) -> Observation:
    return observation(session, cast, rubric)


def content(session: Session, draft: Observation) -> Document:
    session.flush()
    return document_of(session, draft)


def answers(session: Session, draft: Observation) -> dict[int, dict[str, str]]:
    session.expire_all()
    (only,) = content(session, draft).cycles
    return {each.number: each.answers for each in only.snapshots}


def test_answers_are_kept_changed_and_taken_away(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    one = new_id()
    first = change("snapshot.put", cycle=one, number=1, answers=QUIET)
    second = change("snapshot.put", cycle=one, number=2, answers=TALK)
    send(session, cast, draft, cycle(0, 10 * MINUTE, one), first, second)
    assert answers(session, draft) == {1: QUIET, 2: TALK}
    changed = change("snapshot.put", cycle=one, number=1, answers=TALK)
    gone = change("snapshot.clear", cycle=one, number=2)
    assert send(session, cast, draft, changed, gone).refused == ()
    assert answers(session, draft) == {1: TALK}
    assert send(session, cast, draft, gone).acknowledged == (gone.id,)
    again = change("snapshot.clear", cycle=one, number=2)
    assert send(session, cast, draft, again).acknowledged == (again.id,), "it was gone already"


@pytest.mark.parametrize(
    ("number", "given"),
    [
        (3, QUIET),  # there are two
        (1, {"trabajo": "duermen"}),
        (1, {"trabajo": "conversan"}),  # then it asks between whom
        (1, {"trabajo": "escuchan", "entre": "todos"}),  # then it does not
        (1, {"trabajo": "escuchan", "otra": "todos"}),
        (1, {"entre": "todos"}),
        (1, {}),
        (0, QUIET),
    ],
)
def test_answers_that_nobody_asked_for_are_refused(
    session: Session, cast: factories.Cast, draft: Observation, number: int, given: dict[str, str]
) -> None:
    one = new_id()
    put = change("snapshot.put", cycle=one, number=number, answers=given)
    applied = send(session, cast, draft, cycle(0, 10 * MINUTE, one), put)
    assert [told.id for told in applied.refused] == [put.id]
    assert answers(session, draft) == {}


def test_a_snapshot_of_a_cycle_that_is_gone_is_refused(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    put = change("snapshot.put", cycle=new_id(), number=1, answers=QUIET)
    assert [told.id for told in send(session, cast, draft, put).refused] == [put.id]


def steps(session: Session, draft: Observation) -> Any:
    session.flush()
    return steps_of(session, draft, draft.version)


def test_each_change_of_answers_can_be_taken_back(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    one = new_id()
    send(session, cast, draft, cycle(0, 10 * MINUTE, one))
    for given in (QUIET, TALK):
        send(session, cast, draft, change("snapshot.put", cycle=one, number=1, answers=given))
    send(session, cast, draft, change("snapshot.clear", cycle=one, number=1))
    for expected in ({1: TALK}, {1: QUIET}, {}):
        step = steps(session, draft).done[-1]
        for act in step.undo:
            back = Change(new_id(), act.kind, act.payload, step.id, StepRole.UNDO)
            assert send(session, cast, draft, back).refused == ()
        assert answers(session, draft) == expected


def test_a_cycle_moved_keeps_its_answers_and_a_plan_brings_its_own(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    one = new_id()
    put = change("snapshot.put", cycle=one, number=1, answers=QUIET)
    send(session, cast, draft, cycle(0, 10 * MINUTE, one), put, cycle(0, 9 * MINUTE, one))
    assert answers(session, draft) == {1: QUIET}
    other = {"cycle": str(new_id()), "start_ms": 0, "end_ms": MINUTE}
    told = {**other, "snapshots": [{"number": 1, "answers": TALK}]}
    send(session, cast, draft, change("plan", cycles=[told]))
    assert answers(session, draft) == {1: TALK}
    for act in steps(session, draft).done[-1].undo:
        send(session, cast, draft, change(act.kind, **act.payload))
    assert answers(session, draft) == {1: QUIET}


def test_what_is_open_is_missing_unless_its_moment_lies_outside_the_cycle(
    session: Session, cast: factories.Cast, draft: Observation, rubric: RubricVersion
) -> None:
    one = new_id()
    put = change("snapshot.put", cycle=one, number=1, answers=QUIET)
    send(session, cast, draft, cycle(0, 10 * MINUTE, one), put)
    told = [str(each.message) for each in missing(content(session, draft), rubric_of(rubric))]
    assert "Cycle 1: snapshot 2 has no answer." in told
    assert not any("snapshot 1" in each for each in told)
    send(session, cast, draft, cycle(0, 9_000, one))  # the second comes after nine seconds
    session.expire_all()
    told = [str(each.message) for each in missing(content(session, draft), rubric_of(rubric))]
    assert not any("snapshot" in each for each in told)


# --- what was watched ----------------------------------------------------------------------------


def watched(start_ms: int, end_ms: int, at: str, **more: Any) -> Any:
    said = {"watched": new_id(), "start_ms": start_ms, "end_ms": end_ms, "rate": 1.0} | more
    return change("watched", at=f"2026-05-12T{at}-04:00", **said)


def test_what_was_watched_is_summed_up_and_changes_nothing_else(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    one = cycle(0, 10 * MINUTE)
    send(session, cast, draft, one)
    before = draft.version
    late = watched(30_000, 60_000, "10:02:00")
    first = watched(0, 31_000, "10:00:00")
    applied = send(session, cast, draft, late, first, window="two", base=0)
    assert (applied.acknowledged, applied.version) == ((late.id, first.id), before)
    told = content(session, draft).watching
    assert told == Watching(
        pauses=0, rewinds=1, skips=0, seen_ms=60_000, played_ms=61_000, other_rate_ms=0
    )
    assert session.scalar(sa.select(sa.func.count()).select_from(Operation)) == 1
    # The first window hears of nothing, and nothing stands against it.
    moved = cycle(0, 9 * MINUTE, one.payload["cycle"])  # type: ignore[arg-type]
    applied = send(session, cast, draft, moved, window="one", base=before)
    assert (applied.conflicts, applied.elsewhere) == ((), 0)
    assert [step.changes[0].kind for step in steps(session, draft).done] == ["cycle.put"] * 2


def test_a_stretch_told_again_has_grown_and_never_shrinks(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    stretch = new_id()
    for end_ms in (30_000, 60_000, 45_000):
        send(session, cast, draft, watched(0, end_ms, "10:00:00", watched=stretch))
    told = content(session, draft).watching
    assert told is not None
    assert (told.pauses, told.seen_ms, told.played_ms) == (0, 60_000, 60_000)


def test_what_was_watched_after_the_end_or_not_at_all_is_let_go(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    end_ms = draft.recording.duration_ms or 0
    past = watched(end_ms - 1_000, end_ms + 500, "10:00:00")
    applied = send(session, cast, draft, past, watched(9, 9, "10:01:00"), watched(9, 3, "10:02:00"))
    assert applied.refused == ()
    told = content(session, draft).watching
    assert told is not None
    assert told.played_ms == 1_000


def test_what_comes_after_submitting_is_let_go_without_a_word(
    session: Session, cast: factories.Cast, draft: Observation, rubric: RubricVersion
) -> None:
    one = new_id()
    scores = [
        change("score.put", cycle=one, dimension=row.id, value=2)
        for row in rubric_of(rubric).rows()
    ]
    send(session, cast, draft, cycle(0, 9_000, one), *scores)
    send(session, cast, draft, change("snapshot.put", cycle=one, number=1, answers=QUIET))
    submit(session, draft.id, actor=cast.observer)
    late = watched(0, 1_000, "10:00:00")
    applied = send(session, cast, draft, late)
    assert (applied.acknowledged, applied.refused) == ((late.id,), ())
    assert content(session, draft).watching is None
