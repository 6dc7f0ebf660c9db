"""Changes of a draft: applied once, in conflict, or refused; and what each replaced."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from observe.coding.changes import payload_of
from observe.coding.models import Observation, Operation
from observe.coding.operations import apply, document_of
from observe.coding.rules import Document
from observe.db import Database
from observe.errors import NotFoundError
from observe.ids import new_id
from observe.people.access import Actor
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from tests import factories
from tests.database.coding import change, cycle, observation, send

MINUTE = 60_000


@pytest.fixture
def draft(session: Session, cast: factories.Cast, rubric_version: RubricVersion) -> Observation:
    return observation(session, cast, rubric_version)


@pytest.fixture
def rows(rubric_version: RubricVersion) -> list[str]:
    return [dimension.id for dimension in rubric_of(rubric_version).dimensions]


def content(session: Session, draft: Observation) -> Document:
    session.flush()
    return document_of(session, draft)


def operations(session: Session, draft: Observation) -> list[Operation]:
    query = sa.select(Operation).where(Operation.observation_id == draft.id)
    return list(session.scalars(query.order_by(Operation.number)))


def test_a_note_a_score_and_a_clip_take_the_longest_name_of_a_row() -> None:
    row = f"{'d' * 64}.{'b' * 64}"
    for made in (
        change("note.put", note=new_id(), at_ms=5, text="una", dimension=row),
        change("score.put", cycle=new_id(), dimension=row, value=1),
        change("clip.put", clip=new_id(), start_ms=0, end_ms=5, dimension=row),
    ):
        assert made.payload.items() <= payload_of(made).model_dump(mode="json").items()


def test_a_change_sent_often_is_applied_once(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    put = cycle(0, 15 * MINUTE)
    first = send(session, cast, draft, put, put)
    again = send(session, cast, draft, put)
    assert first.acknowledged == (put.id, put.id)
    assert again.acknowledged == (put.id,)
    assert (draft.version, len(operations(session, draft))) == (1, 1)


def test_the_log_keeps_what_each_change_replaced(
    session: Session, cast: factories.Cast, draft: Observation, rows: list[str]
) -> None:
    one = new_id()
    send(
        session,
        cast,
        draft,
        cycle(0, MINUTE, one),
        change("score.put", cycle=one, dimension=rows[0], value=3),
        change("score.put", cycle=one, dimension=rows[0], value=4),
        cycle(0, 2 * MINUTE, one),
        change("cycle.delete", cycle=one),
    )
    befores = [operation.before for operation in operations(session, draft)]
    score = {"dimension": rows[0], "value": 4, "mark": None}
    assert befores[:3] == [None, None, {"value": 3, "mark": None}]
    assert befores[3] == {
        "cycle": str(one),
        "start_ms": 0,
        "end_ms": MINUTE,
        "scores": [score],
        "snapshots": [],
    }
    assert befores[4] == {**befores[3], "end_ms": 2 * MINUTE}
    assert content(session, draft).cycles == ()


def test_what_a_deletion_replaced_puts_it_back(
    session: Session, cast: factories.Cast, draft: Observation, rows: list[str]
) -> None:
    one = new_id()
    score = change("score.put", cycle=one, dimension=rows[0], value=2)
    note = change(
        "note.put", note=new_id(), at_ms=5, text="Se miran", dimension=rows[0], polarity=1
    )
    stretch = change("stretch.put", stretch=new_id(), start_ms=1, end_ms=2, reason="patio")
    send(session, cast, draft, cycle(0, MINUTE, one), score, note, stretch)
    whole = content(session, draft)
    send(
        session,
        cast,
        draft,
        change("cycle.delete", cycle=one),
        change("note.delete", note=note.payload["note"]),
        change("stretch.delete", stretch=stretch.payload["stretch"]),
    )
    bare = content(session, draft)
    assert (bare.cycles, bare.notes, bare.stretches) == ((), (), ())
    gone_cycle, gone_note, gone_stretch = operations(session, draft)[-3:]
    send(
        session,
        cast,
        draft,
        change("cycle.put", **(gone_cycle.before or {})),
        change("note.put", note=note.payload["note"], **(gone_note.before or {})),
        change("stretch.put", stretch=stretch.payload["stretch"], **(gone_stretch.before or {})),
    )
    assert content(session, draft) == whole


def test_a_plan_replaces_all_cycles_and_comes_back_with_their_scores(
    session: Session, cast: factories.Cast, draft: Observation, rows: list[str]
) -> None:
    one, two = new_id(), new_id()
    scores = [{"dimension": rows[0], "value": 4, "mark": None}]
    first = {"cycle": str(one), "start_ms": 0, "end_ms": MINUTE, "scores": scores}
    second = {"cycle": str(two), "start_ms": MINUTE, "end_ms": 2 * MINUTE, "scores": []}
    send(session, cast, draft, change("plan", cycles=[first, second]))
    before = content(session, draft)
    other = {"cycle": str(new_id()), "start_ms": 0, "end_ms": 9 * MINUTE}
    send(session, cast, draft, change("plan", cycles=[other]))
    assert len(content(session, draft).cycles) == 1
    send(session, cast, draft, change("plan", **(operations(session, draft)[-1].before or {})))
    assert content(session, draft) == before


@pytest.mark.parametrize(
    ("start_ms", "end_ms"),
    [(0, MINUTE), (14 * MINUTE, 16 * MINUTE), (-1, 5), (5, 5), (9, 5), (MINUTE, 31 * MINUTE)],
)
def test_cycles_outside_the_lesson_or_over_another_are_refused(
    session: Session, cast: factories.Cast, draft: Observation, start_ms: int, end_ms: int
) -> None:
    send(session, cast, draft, cycle(0, 15 * MINUTE))
    bad, good = cycle(start_ms, end_ms), cycle(15 * MINUTE, 30 * MINUTE)
    applied = send(session, cast, draft, bad, good)
    assert [told.id for told in applied.refused] == [bad.id]
    assert applied.acknowledged == (good.id,)
    assert len(content(session, draft).cycles) == 2


@pytest.mark.parametrize(
    "given",
    [
        {"value": 0},
        {"value": 99},
        {"value": 3.5},
        {"value": "x"},
        {},
        {"value": 3, "mark": "not_applicable"},
        {"mark": "whatever"},
        {"value": 3, "mark": "not_observed"},
        {"value": 3, "extra": 1},
        {"value": 3, "dimension": "unknown"},
    ],
)
def test_what_may_not_stand_in_a_cell_is_refused_with_a_sentence(
    session: Session,
    cast: factories.Cast,
    draft: Observation,
    rows: list[str],
    given: dict[str, object],
) -> None:
    one = new_id()
    send(session, cast, draft, cycle(0, MINUTE, one))
    bad = change("score.put", **{"cycle": one, "dimension": rows[0], **given})
    applied = send(session, cast, draft, bad)
    (told,) = applied.refused
    assert told.message.in_language("es_CL") != told.message.in_language("en")
    assert content(session, draft).cycles[0].scores == ()
    assert draft.version == 1


def test_a_cycle_put_with_a_bad_score_changes_nothing_at_all(
    session: Session, cast: factories.Cast, draft: Observation, rows: list[str]
) -> None:
    one = new_id()
    send(session, cast, draft, cycle(0, MINUTE, one))
    bad = cycle(0, 2 * MINUTE, one, scores=[{"dimension": rows[0], "value": 77}])
    good = change("score.put", cycle=one, dimension=rows[0], value=1)
    applied = send(session, cast, draft, bad, good)
    assert len(applied.refused) == 1
    (left,) = content(session, draft).cycles
    assert (left.end_ms, left.scores[0].value) == (MINUTE, 1)


def test_unknown_kinds_and_things_of_another_observation_are_refused(
    session: Session,
    cast: factories.Cast,
    draft: Observation,
    rubric_version: RubricVersion,
    rows: list[str],
) -> None:
    other = observation(session, cast, rubric_version)
    theirs, note = new_id(), new_id()
    send(session, cast, other, cycle(0, MINUTE, theirs))
    send(session, cast, other, change("note.put", note=note, at_ms=1, text="hola"))
    known = operations(session, other)[0].id
    batch = [
        change("cycle.explode", cycle=theirs),
        cycle(0, 2 * MINUTE, theirs),
        change("cycle.delete", cycle=theirs),
        change("score.put", cycle=theirs, dimension=rows[0], value=1),
        change("note.put", note=note, at_ms=1, text="mía"),
        change("note.delete", note=note),
    ]
    assert len(send(session, cast, draft, *batch).refused) == len(batch)
    assert content(session, other).notes[0].text == "hola"
    stolen = cycle(0, MINUTE)
    reused = type(stolen)(known, stolen.kind, stolen.payload)
    assert len(send(session, cast, draft, reused).refused) == 1


def test_a_target_that_another_window_changed_is_told_and_not_overwritten(
    session: Session, cast: factories.Cast, draft: Observation, rows: list[str]
) -> None:
    one = new_id()
    send(session, cast, draft, cycle(0, MINUTE, one))
    mine = change("score.put", cycle=one, dimension=rows[0], value=1)
    theirs = change("score.put", cycle=one, dimension=rows[0], value=4)
    free = change("score.put", cycle=one, dimension=rows[1], value=2)
    send(session, cast, draft, theirs, window="two", base=1)
    applied = send(session, cast, draft, mine, free, window="one", base=1)
    assert [told.id for told in applied.conflicts] == [mine.id]
    assert applied.acknowledged == (free.id,)
    assert applied.elsewhere == 1
    values = {score.dimension: score.value for score in content(session, draft).cycles[0].scores}
    assert values == {rows[0]: 4, rows[1]: 2}
    # Knowing of it, the window may change it.
    assert send(session, cast, draft, change("score.put", **mine.payload)).acknowledged


@pytest.mark.parametrize("kind", ["cycle.delete", "plan"])
def test_removing_what_another_window_scored_meanwhile_is_a_conflict(
    session: Session, cast: factories.Cast, draft: Observation, rows: list[str], kind: str
) -> None:
    one = new_id()
    send(session, cast, draft, cycle(0, MINUTE, one))
    scored = change("score.put", cycle=one, dimension=rows[0], value=4)
    send(session, cast, draft, scored, window="two", base=1)
    payload: dict[str, Any] = {"cycle": one} if kind == "cycle.delete" else {"cycles": []}
    applied = send(session, cast, draft, change(kind, **payload), window="one", base=1)
    assert len(applied.conflicts) == 1
    assert len(content(session, draft).cycles) == 1


def test_scoring_in_a_cycle_that_another_window_removed_is_refused(
    session: Session, cast: factories.Cast, draft: Observation, rows: list[str]
) -> None:
    one = new_id()
    send(session, cast, draft, cycle(0, MINUTE, one))
    send(session, cast, draft, change("cycle.delete", cycle=one), window="two", base=1)
    scored = change("score.put", cycle=one, dimension=rows[0], value=4)
    assert len(send(session, cast, draft, scored, window="one", base=1).refused) == 1


def test_own_changes_are_never_in_conflict_with_each_other(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    note = new_id()
    for words in ("Los", "Los niños", "Los niños explican"):
        put = change("note.put", note=note, at_ms=1, text=words)
        assert send(session, cast, draft, put, base=0).acknowledged
    assert content(session, draft).notes[0].text == "Los niños explican"


def test_only_the_observer_may_change_it_and_others_learn_nothing(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    others: tuple[Actor, ...] = (
        cast.educator,
        cast.utp_head,
        cast.network_lead,
        cast.administrator,
        *cast.outsiders,
    )
    for actor in others:
        with pytest.raises(NotFoundError):
            apply(session, draft.id, [], window="w", base_version=0, actor=actor)
    with pytest.raises(NotFoundError):
        apply(session, new_id(), [], window="w", base_version=0, actor=cast.observer)


BATCHES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 30), st.booleans()),
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(BATCHES)
def test_whatever_is_sent_cycles_never_overlap_nor_leave_the_lesson(
    database: Database,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    batch: list[tuple[int, int, int, bool]],
) -> None:
    ids: list[UUID] = [new_id() for _ in range(4)]
    with database.write() as session:
        draft = observation(session, cast, rubric_version)
        for which, start, end, gone in batch:
            made = (
                change("cycle.delete", cycle=ids[which])
                if gone
                else cycle(start * MINUTE, end * MINUTE, ids[which])
            )
            send(session, cast, draft, made)
        cycles = content(session, draft).cycles
        assert all(0 <= one.start_ms < one.end_ms <= 30 * MINUTE for one in cycles)
        assert all(one.end_ms <= next_one.start_ms for one, next_one in pairwise(cycles))
        assert draft.version == len(operations(session, draft))


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("note.put", {"note": new_id(), "at_ms": 5, "text": "Se\x00 miran"}),
        ("note.put", {"note": new_id(), "at_ms": 5, "text": "Se miran", "dimension": "\x00"}),
        ("stretch.put", {"stretch": new_id(), "start_ms": 1, "end_ms": 2, "reason": "\x00patio"}),
    ],
)
def test_a_character_that_cannot_be_kept_is_refused(
    session: Session, cast: factories.Cast, draft: Observation, kind: str, payload: dict[str, Any]
) -> None:
    done = send(session, cast, draft, change(kind, **payload))
    assert ["invisible" in str(told.message) for told in done.refused] == [True]
    assert operations(session, draft) == []


def test_a_note_at_the_very_end_belongs_to_the_last_millisecond(
    session: Session, cast: factories.Cast, draft: Observation
) -> None:
    end_ms = draft.recording.duration_ms or 0
    for at_ms in (end_ms - 2, end_ms - 1, end_ms):
        send(session, cast, draft, change("note.put", note=new_id(), at_ms=at_ms, text="Fin"))
    moments = sorted(note.at_ms for note in content(session, draft).notes)
    assert moments == [end_ms - 2, end_ms - 1, end_ms - 1]
    late = change("note.put", note=new_id(), at_ms=end_ms + 1, text="Fin")
    assert len(send(session, cast, draft, late).refused) == 1
