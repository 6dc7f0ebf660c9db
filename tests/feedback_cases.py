"""Lessons to give feedback on: coded and submitted, with a real film where it is played."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from observe import jobs
from observe.coding.changes import Change
from observe.coding.models import Observation
from observe.coding.operations import apply, start, submit
from observe.db import Database, files_come, now
from observe.feedback import followup, publishing
from observe.feedback import operations as feedbacks
from observe.feedback.checks import FocusInput
from observe.feedback.models import Feedback, FeedbackState, FocusKind, Outcome
from observe.ids import new_id
from observe.people.access import Actor
from observe.rubric.operations import rubric_of, version_for
from observe.settings import Settings
from observe.video.models import DerivedFile, FileKind, Recording
from observe.video.store import Store
from tests import kept
from tests.factories import Cast, recording

DUE = date(2026, 6, 10)
TODAY = date(2026, 5, 12)


def filmed(session: Session, store: Store, cast: Cast, film: Path) -> Recording:
    """Add a lesson of 30 s with its film in the store."""
    files_come(session)
    made = store.temporary(".mp4")
    shutil.copy(film, made)
    blob = store.put(made)
    row = recording(session, cast, duration_ms=30_000)
    row.sha256, row.size_bytes = blob.sha256, blob.size_bytes
    session.flush()
    store.settle(blob.sha256)
    return row


def submitted(
    session: Session, cast: Cast, lesson: Recording, *, notes: int = 3, actor: Actor | None = None
) -> Observation:
    """Code `lesson` in two cycles with the deep-learning pauta, note three dimensions, submit."""
    observer = actor or cast.observer
    version = version_for(session, "aprendizaje-profundo")
    observation = start(session, lesson.id, version.id, actor=observer)
    dimensions = [dimension.id for dimension in rubric_of(version).dimensions]
    duration = lesson.duration_ms or 0
    half = duration // 2
    changes = [Change(new_id(), "plan", {"cycles": [
        _cycle(0, half, dimensions, shift=0), _cycle(half, duration, dimensions, shift=1),
    ]})]  # fmt: skip
    changes += [
        Change(new_id(), "note.put", {
            "note": str(new_id()), "at_ms": 6_000 * (number + 1), "dimension": dimension,
            "text": f"=Una niña explica cómo lo sabe ({number + 1}).", "polarity": 1,
        })
        for number, dimension in enumerate(dimensions[:notes])
    ]  # fmt: skip
    applied = apply(
        session,
        observation.id,
        changes,
        window="test",
        base_version=observation.version,
        actor=observer,
    )
    assert len(applied.acknowledged) == len(changes), applied
    if followup.unanswered(session, observation):
        followup.answer(session, observation.id, Outcome.NOT_YET, actor=observer)
    submit(session, observation.id, actor=observer)
    return observation


def _cycle(start_ms: int, end_ms: int, dimensions: list[str], *, shift: int) -> dict[str, object]:
    scores = [
        {"dimension": dimension, "value": 2 + (number + shift) % 3}
        for number, dimension in enumerate(dimensions)
    ]
    return {"cycle": str(new_id()), "start_ms": start_ms, "end_ms": end_ms, "scores": scores}


def focuses(observation: Observation) -> dict[FocusKind, FocusInput]:
    """Return a complete strength and priority for `observation`."""
    first, second, *_ = rubric_of(observation.rubric_version).dimensions
    return {
        FocusKind.STRENGTH: FocusInput(first.id, 0, 15_000, "Escuchas la respuesta completa."),
        FocusKind.PRIORITY: FocusInput(
            second.id, 15_000, 30_000, "Aquí cabe otra pregunta.", "Pregunta «¿por qué?».", DUE
        ),
    }


def drafted(session: Session, cast: Cast, observation: Observation) -> UUID:
    """Begin the feedback of `observation` and fill it in."""
    draft = feedbacks.open_draft(session, observation.id, actor=cast.observer)
    feedbacks.save_focuses(session, draft.id, focuses(observation), actor=cast.observer)
    return draft.id


def given(session: Session, cast: Cast, on: date, step: str) -> Feedback:
    """Publish feedback with the next step `step` on a lesson of the day `on` that has no film."""
    lesson = recording(session, cast)
    lesson.recorded_on = on
    return given_for(session, cast, submitted(session, cast, lesson), step)


def given_for(
    session: Session, cast: Cast, observation: Observation, step: str = "Pregunta «¿por qué?»."
) -> Feedback:
    """Publish feedback on a submitted observation, its clips pretended."""
    draft = feedbacks.open_draft(session, observation.id, actor=cast.observer)
    chosen = focuses(observation)
    chosen[FocusKind.PRIORITY] = replace(chosen[FocusKind.PRIORITY], next_step=step)
    feedback = feedbacks.save_focuses(session, draft.id, chosen, actor=cast.observer)
    return published_without_film(session, feedback)


def published_without_film(session: Session, feedback: Feedback) -> Feedback:
    """Publish a complete draft of a lesson that has no film, its clips pretended."""
    for state in (FeedbackState.PUBLISHING, FeedbackState.PUBLISHED):
        feedback.state, feedback.published_at = state, now()
        session.flush()
        if state is FeedbackState.PUBLISHING:
            _pretend_clips(session, feedback, feedback.observation.recording)
    return feedback


def _pretend_clips(session: Session, feedback: Feedback, lesson: Recording) -> None:
    for focus in feedback.focuses:
        focus.clip = DerivedFile(
            recording_id=lesson.id,
            kind=FileKind.CLIP,
            recipe=focus.kind.value,
            sha256="0" * 64,
            media_type="video/mp4",
            size_bytes=1,
        )
    session.flush()


def published(database: Database, home: Settings, store: Store, cast: Cast, film: Path) -> UUID:
    """Publish the feedback of a filmed lesson as the worker does, its clips cut for real (once)."""
    with database.write() as session:
        observation = submitted(session, cast, filmed(session, store, cast, film))
        feedback_id = drafted(session, cast, observation)
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
    with kept.as_before(database, store):
        cut_and_open(database, home, feedback_id)
    return feedback_id


def cut_and_open(database: Database, home: Settings, feedback_id: UUID) -> None:
    """Do what the job does, without its engine."""
    with database.read() as session:
        job = jobs.latest(session, publishing.KIND, feedback_id)
    work = jobs.Work(job.id if job else "", home, database)
    for kind in FocusKind:
        publishing.cut(work, feedback_id, kind)
    publishing.open_page(database, feedback_id)
