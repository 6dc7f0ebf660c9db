"""The end of a lesson observed in the room: its clock stops, and what goes on ends with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import (
    ClipMark,
    Cycle,
    Note,
    Observation,
    ObservationState,
    UncodableStretch,
)
from observe.coding.operations import log_fact, observation_for
from observe.coding.steps import ENDED
from observe.db import locked
from observe.people.access import Action, Actor
from observe.video.live import SHORTEST_MS
from observe.video.models import Recording
from observe.video.operations import end_live

Span = Cycle | UncodableStretch | ClipMark

# What each is called in a change, and what it says besides its times.
_SPANS: Final[dict[type[Span], tuple[str, tuple[str, ...]]]] = {
    Cycle: ("cycle", ()),
    UncodableStretch: ("stretch", ("reason",)),
    ClipMark: ("clip", ("words", "dimension", "purpose")),
}


def end_lesson(
    session: Session, observation_id: UUID, *, actor: Actor, length_ms: int | None = None
) -> Recording:
    """Stop the clock of the lesson that this observation is of, and end with it what goes on.

    `length_ms`: how long it lasted, when the clock was forgotten; never shorter than what was
    marked in it. A draft in which something was cut has that in its log, and a new version.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        ConflictError: it was not observed in the room, or has ended already.
    """
    observation = observation_for(
        session, observation_id, actor=actor, action=Action.OBSERVATION_CODE
    )
    lesson_id = observation.recording_id
    drafts = _held_drafts(session, lesson_id)
    if length_ms is not None:
        length_ms = max(length_ms, _marked_until(session, drafts))
    recording = end_live(session, lesson_id, actor=actor, length_ms=length_ms)
    for draft in drafts:
        _end_with(session, draft, recording.length_ms(), actor)
    return recording


def _held_drafts(session: Session, recording_id: UUID) -> Sequence[Observation]:
    """Hold the lesson and its drafts, in the order in which all who write hold them."""
    locked(session, Recording, recording_id)
    drafts = sa.select(Observation).where(
        Observation.recording_id == recording_id, Observation.state == ObservationState.DRAFT
    )
    held = drafts.order_by(Observation.id).with_for_update()
    return session.scalars(held.execution_options(populate_existing=True)).all()


def _marked_until(session: Session, drafts: Iterable[Observation]) -> int:
    """Return the moment before which the lesson cannot have ended: something was marked then."""
    ids = [draft.id for draft in drafts]
    starts = [
        session.scalar(sa.select(sa.func.max(kind.start_ms)).where(kind.observation_id.in_(ids)))
        for kind in _SPANS
    ]
    notes = sa.select(sa.func.max(Note.at_ms)).where(Note.observation_id.in_(ids))
    return max(each or 0 for each in (*starts, session.scalar(notes))) + SHORTEST_MS


def _end_with(session: Session, draft: Observation, end_ms: int, actor: Actor) -> None:
    """Cut what lasts longer in `draft`, and log it: other windows learn of it by the version.

    Nothing stands against it: a change of before is kept, and ends with the lesson as well.
    """
    cut = [_cut(span, end_ms) for kind in _SPANS for span in _beyond(session, kind, draft, end_ms)]
    if cut:
        log_fact(session, draft, ENDED, {"cut": cut}, target=ENDED, actor=actor)


def _beyond(session: Session, kind: type[Span], draft: Observation, end_ms: int) -> Iterable[Span]:
    rows = sa.select(kind).where(kind.observation_id == draft.id, kind.end_ms > end_ms)
    return session.scalars(rows.order_by(kind.start_ms))


def _cut(span: Span, end_ms: int) -> dict[str, Any]:
    """Let `span` end at `end_ms`, or just after its start; return the change that this is."""
    name, _facets = _SPANS[type(span)]
    before = _told(span)
    span.end_ms = max(end_ms, span.start_ms + 1)
    return {
        "kind": f"{name}.put",
        "target": f"{name}:{span.id}",
        "of": before,
        "to": _told(span),
    }


def _told(span: Span) -> dict[str, Any]:
    name, facets = _SPANS[type(span)]
    said = {facet: getattr(span, facet) for facet in facets}
    return {name: str(span.id), "start_ms": span.start_ms, "end_ms": span.end_ms, **said}
