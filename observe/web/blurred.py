"""Blurred clips as pages show them: where each stands, and which of them others may watch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from flask import url_for as url
from sqlalchemy.orm import Session

from observe.coding.models import Observation
from observe.feedback.models import Feedback, FeedbackState, Focus, FocusKind
from observe.feedback.report import FeedbackPage, Moment
from observe.jobs import Job, JobState
from observe.people.access import Action, Actor, can
from observe.text import Message, message
from observe.video.blur import operations as blurs
from observe.video.blur.faces import Box
from observe.video.models import Blurring, BlurSound, BlurState, BlurStyle
from observe.video.store import Store
from observe.video.timecode import Span

KINDS: Final = {"fortaleza": FocusKind.STRENGTH, "prioridad": FocusKind.PRIORITY}
STYLES: Final = {
    BlurStyle.MOSAIC: message("Mosaic of large squares"),
    BlurStyle.SOLID: message("A plain patch"),
}
SOUNDS: Final = {
    BlurSound.KEEP: message("Voices as they are"),
    BlurSound.PITCH: message("Voices made deeper"),
    BlurSound.MUTE: message("No sound"),
}
# How much of the whole each step is, in percent: where it begins and how long it is.
PARTS: Final = {"": (0, 0), "faces": (2, 48), "draw": (50, 45), "poster": (95, 4)}


@dataclass(frozen=True)
class State:
    """Where a blurred clip stands, told by a shape and a word."""

    kind: str
    word: Message


CHECKED: Final = State("done", message("Checked"))
MADE: Final = State("wait", message("Waits for you to look at it"))
FAILED: Final = State("stop", message("Could not be blurred"))
STOPPED: Final = State("stop", message("Stopped"))
MAKING: Final = State("now", message("Being blurred"))


def state_of(session: Session, row: Blurring) -> State:
    """Return where a blurred clip stands."""
    if row.state is BlurState.CHECKED:
        return CHECKED
    if row.state is BlurState.MADE:
        return MADE
    job = blurs.job_of(session, row)
    if job is not None and job.state is JobState.FAILED:
        return FAILED
    return STOPPED if job is not None and job.state is JobState.CANCELLED else MAKING


@dataclass(frozen=True)
class Progress:
    """How far the making is; `why` says why it does not go on."""

    going_on: bool
    step: Message
    percent: int
    why: Message | None


def progress_of(session: Session, row: Blurring) -> Progress:
    """Return how far the making is."""
    job = blurs.job_of(session, row)
    going_on = row.state is BlurState.ASKED and job is not None and not job.ended
    step = job.step if job and job.step in PARTS else ""
    return Progress(going_on, blurs.STEPS[step], _percent(step, job), job.why if job else None)


def _percent(step: str, job: Job | None) -> int:
    begins, length = PARTS[step]
    return begins + (job.percent if job else 0) * length // 100


def drawn(session: Session, store: Store, row: Blurring) -> dict[str, Any] | None:
    """Return what the review player draws, as JSON: what was found, and the corrections.

    Boxes are fractions of the picture, times milliseconds of the recording. None while there is no
    clip to look at.
    """
    zones = blurs.zones_of(session, store, row)
    if zones is None or row.made is None or blurs.is_lost(session, store, row):
        return None
    return {
        "id": str(row.id),
        "version": row.version,
        "found": zones.found,
        "start": row.start_ms,
        "end": row.end_ms,
        "frame_rate": row.recording.frame_rate,
        "width": zones.width,
        "height": zones.height,
        "tracks": [
            {
                "id": region.source,
                "boxes": [_fractions(box, zones.width, zones.height) for box in region.boxes],
            }
            for region in zones.regions
        ],
        "corrections": json.loads(row.corrections),
    }


def _fractions(box: Box, width: int, height: int) -> list[float]:
    sides = (box.x / width, box.y / height, box.w / width, box.h / height)
    return [box.at_ms, *(round(side, 4) for side in sides)]


# --- moments of a feedback ------------------------------------------------------------------------


def blurring_of(session: Session, feedback: Feedback, kind: FocusKind) -> Blurring | None:
    """Return the blurred clip of exactly the moment of a focus, whatever its state."""
    focus = feedback.focus(kind)
    if focus is None or focus.start_ms is None or focus.end_ms is None:
        return None
    span = Span(focus.start_ms, focus.end_ms)
    return blurs.of_spans(session, feedback.observation.recording_id, [span]).get(span)


def feedbacks_with(session: Session, row: Blurring, *, actor: Actor) -> list[Feedback]:
    """Return the feedbacks being published, of the actor, that a blurred clip is a moment of."""
    moments = (
        sa.select(Feedback)
        .join(Feedback.observation)
        .join(Focus, Focus.feedback_id == Feedback.id)
        .where(
            Observation.recording_id == row.recording_id,
            Feedback.state.in_([FeedbackState.PUBLISHING, FeedbackState.PUBLISHED]),
            Focus.start_ms == row.start_ms,
            Focus.end_ms == row.end_ms,
        )
        .order_by(Feedback.id)
    )
    found = session.scalars(moments).unique()
    return [each for each in found if can(actor, Action.FEEDBACK_COMPOSE, each.as_thing())]


@dataclass(frozen=True)
class Watchable:
    """A moment's blurred clip that others may watch: where it is and who signed it."""

    film: str
    poster: str
    checked_by: str


def watchable(session: Session, feedback: Feedback) -> dict[str, Watchable]:
    """Return the moments, by kind, whose clips are blurred and signed as they are now."""
    found = {}
    for name, kind in KINDS.items():
        row = blurring_of(session, feedback, kind)
        if row is None or row.state is not BlurState.CHECKED or row.checked_by is None:
            continue
        found[kind.value] = Watchable(
            url("blur.checked_clip", feedback_id=feedback.id, kind=name),
            url("blur.checked_poster", feedback_id=feedback.id, kind=name),
            row.checked_by.name,
        )
    return found


@dataclass(frozen=True)
class Offer:
    """What the observer's preview offers for a moment: to blur it, or to look at what was made."""

    moment: Moment
    span: Span
    blurring_id: UUID | None
    state: State | None


def offers(
    session: Session, feedback: Feedback, page: FeedbackPage, *, actor: Actor
) -> list[Offer]:
    """Return what can be done about each moment; nothing when the recording is not hers."""
    if not can(actor, Action.RECORDING_BLUR, feedback.observation.recording.as_thing()):
        return []
    found = []
    for moment in page.moments:
        if moment.start_ms is None or moment.end_ms is None:
            continue
        row = blurring_of(session, feedback, moment.kind)
        span = Span(moment.start_ms, moment.end_ms)
        state = state_of(session, row) if row else None
        found.append(Offer(moment, span, row.id if row else None, state))
    return found
