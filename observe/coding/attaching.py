"""A video for what was coded in the room: all its moments move to where they are on the video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding import beside
from observe.coding.changes import ALL_TIMES
from observe.coding.cycles import HasSpan
from observe.coding.models import (
    ClipMark,
    Cycle,
    Note,
    Observation,
    ObservationState,
    PlayedStretch,
    UncodableStretch,
)
from observe.coding.operations import log_fact, observation_for
from observe.db import locked
from observe.errors import BadInputError, ConflictError, InvalidError
from observe.people import audit
from observe.people.access import Action, Actor
from observe.text import Message, message
from observe.video.adding import whole
from observe.video.models import Recording, RecordingState
from observe.video.operations import recording_for
from observe.video.timecode import format_time

KIND: Final = "attached"  # of the operation: undo ends at it, for before it other times held
Span = TypeVar("Span", Cycle, UncodableStretch, ClipMark, PlayedStretch)


def films_for(session: Session, observation_id: UUID, *, actor: Actor) -> list[Recording]:
    """Return the actor's own videos of the same educator and class: those of that day first.

    Raises:
        NotFoundError, NotAllowedError: the observation is not hers.
        ConflictError: it cannot take a video (any more, or yet).
    """
    lesson = _attachable(session, observation_id, actor).recording
    found = whole().where(
        Recording.observer_id == actor.user_id,
        Recording.educator_id == lesson.educator_id,
        Recording.class_group_id == lesson.class_group_id,
        Recording.state.in_((RecordingState.READY, RecordingState.RECEIVED)),
    )
    films = session.scalars(found.order_by(Recording.created_at.desc(), Recording.id.desc()))
    return sorted(films, key=lambda film: abs(film.recorded_on - lesson.recorded_on))


def attach(
    session: Session, observation_id: UUID, recording_id: UUID, offset_ms: int, *, actor: Actor
) -> Observation:
    """Make a draft coded in the room one on the video `recording_id`.

    A moment of the clock is `offset_ms` later on the video. What reaches over an end of the video
    is cut there.

    Raises:
        NotFoundError, NotAllowedError: the draft or the video is not hers.
        ConflictError: it is no draft from the room, its clock still runs, the video cannot be coded
            (yet), or she codes it already.
        BadInputError: the video is of another educator or class.
        InvalidError: something would lie outside the video; all of it is listed.
    """
    observation = _attachable(session, observation_id, actor, lock=True)
    film = film_for(session, observation, recording_id, actor=actor)
    _make_way(session, observation, film, actor)
    onto = _Onto(offset_ms, film.length_ms())
    _check_inside(session, observation, onto)
    _move(session, observation, onto)
    lesson_id, observation.recording = observation.recording_id, film
    observation.assignment_id = None
    _mark(session, observation, actor, recording=film.id, live=lesson_id, offset_ms=offset_ms)
    return observation


def film_for(
    session: Session, observation: Observation, recording_id: UUID, *, actor: Actor
) -> Recording:
    """Return the video when it can be that of the lesson observed; raises as `attach`."""
    film = recording_for(session, recording_id, actor=actor, action=Action.RECORDING_PREPARE)
    lesson = observation.recording
    if film.state is not RecordingState.READY:
        raise ConflictError(message("This video cannot be coded yet: it is still being checked."))
    if why := film.why_unusable:
        raise ConflictError(why)
    if (film.educator_id, film.class_group_id) != (lesson.educator_id, lesson.class_group_id):
        raise BadInputError(message("This video is of another educator or another class."))
    return film


def _attachable(
    session: Session, observation_id: UUID, actor: Actor, *, lock: bool = False
) -> Observation:
    if lock:
        locked(session, Observation, observation_id)
    observation = observation_for(
        session, observation_id, actor=actor, action=Action.OBSERVATION_CODE
    )
    if observation.submitted_at is not None:  # also when it is open again to be corrected
        raise ConflictError(message("This observation was already submitted."))
    if not observation.recording.is_live:
        raise ConflictError(message("This observation has its video already."))
    if observation.recording.live_runs:
        raise ConflictError(message("The clock still runs: end the lesson first."))
    return observation


def _make_way(session: Session, observation: Observation, film: Recording, actor: Actor) -> None:
    """Discard an untouched draft of the video; raise `ConflictError` where there is work in it."""
    others = sa.select(Observation).where(
        Observation.recording_id == film.id,
        Observation.observer_id == observation.observer_id,
        Observation.rubric_version_id == observation.rubric_version_id,
        Observation.state == ObservationState.DRAFT,
    )
    for other in session.scalars(others):
        if other.version > 0:
            raise ConflictError(message("You already code this video with this rubric."))
        _told(session, "observation.discarded", other, actor)
        session.execute(sa.delete(PlayedStretch).where(PlayedStretch.observation_id == other.id))
        beside.move(session, other, observation)
        session.delete(other)
    session.flush()


# --- times ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Onto:
    """Where moments of the clock are on a video."""

    offset_ms: int
    length_ms: int

    def moved(self, at_ms: int) -> int:
        return max(0, min(at_ms + self.offset_ms, self.length_ms))

    def misses(self, span: HasSpan) -> bool:
        """Tell whether no part of `span` is on the video."""
        return self.moved(span.start_ms) >= self.moved(span.end_ms)


def _check_inside(session: Session, observation: Observation, onto: _Onto) -> None:
    outside = [*_spans_outside(session, observation, onto)]
    outside += [
        message(
            "The note at %(time)s of the clock: %(text)s",
            time=format_time(note.at_ms),
            text=_short(note.text),
        )
        for note in _notes(session, observation)
        if not 0 <= note.at_ms + onto.offset_ms < onto.length_ms
    ]
    if outside:
        raise InvalidError(
            message("With this alignment something lies outside the video. Nothing was changed."),
            outside,
        )


def _spans_outside(session: Session, observation: Observation, onto: _Onto) -> Iterator[Message]:
    for number, cycle in enumerate(_spans(session, Cycle, observation), 1):
        if onto.misses(cycle):
            yield message(
                "Cycle %(number)s (%(start)s to %(end)s of the clock)",
                number=number,
                start=format_time(cycle.start_ms),
                end=format_time(cycle.end_ms),
            )
    for stretch in filter(onto.misses, _spans(session, UncodableStretch, observation)):
        yield message(
            "“Not codable” at %(time)s of the clock (%(reason)s)",
            time=format_time(stretch.start_ms),
            reason=stretch.reason,
        )
    for clip in filter(onto.misses, _spans(session, ClipMark, observation)):
        yield message("The clip at %(time)s of the clock", time=format_time(clip.start_ms))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _move(session: Session, observation: Observation, onto: _Onto) -> None:
    """Move every moment; each span keeps its own, so none begins to overlap another."""
    spans: list[Cycle | UncodableStretch | ClipMark | PlayedStretch] = [
        *_spans(session, Cycle, observation),
        *_spans(session, UncodableStretch, observation),
        *_spans(session, ClipMark, observation),
        *_spans(session, PlayedStretch, observation),
    ]
    for span in spans:
        span.start_ms, span.end_ms = onto.moved(span.start_ms), onto.moved(span.end_ms)
    for note in _notes(session, observation):
        note.at_ms = onto.moved(note.at_ms)
    session.flush()


def _spans(session: Session, kind: type[Span], observation: Observation) -> list[Span]:
    rows = sa.select(kind).where(kind.observation_id == observation.id)
    return list(session.scalars(rows.order_by(kind.start_ms, kind.id)))


def _notes(session: Session, observation: Observation) -> list[Note]:
    rows = sa.select(Note).where(Note.observation_id == observation.id)
    return list(session.scalars(rows.order_by(Note.at_ms, Note.id)))


# --- what tells of it ----------------------------------------------------------------------------


def _mark(session: Session, observation: Observation, actor: Actor, **payload: object) -> None:
    """Put it into the log: what other windows send with times of before stands against it."""
    told = {
        name: str(value) if isinstance(value, UUID) else value for name, value in payload.items()
    }
    log_fact(session, observation, KIND, told, target=ALL_TIMES, actor=actor)
    _told(session, "observation.attached", observation, actor, **told)


def _told(
    session: Session, action: str, observation: Observation, actor: Actor, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="observation",
        thing_id=observation.id,
        **details,
    )
