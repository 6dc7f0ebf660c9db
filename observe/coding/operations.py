"""Verbs of coding: start, change, submit. Each checks its actor and never commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from observe.coding import assigning, beside, rules, watching
from observe.coding.batch import Applied, Batch
from observe.coding.changes import Change
from observe.coding.edits import Desk
from observe.coding.history import Kept
from observe.coding.models import (
    ClipMark,
    Correction,
    CorrectionState,
    Cycle,
    Note,
    Observation,
    ObservationState,
    Operation,
    PlayedStretch,
    Revision,
    UncodableStretch,
)
from observe.coding.steps import Logged, Steps, replay
from observe.db import locked, now
from observe.errors import ConflictError, InvalidError, NotAllowedError
from observe.ids import new_id
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.people.models import User
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.rubric.versions import require_usable
from observe.text import message
from observe.video.models import Recording, RecordingState

SHEET_WINDOW = "sheet"  # the window that changes of an imported sheet say they come from
ASKED_WINDOW = "asked"  # that of the cycles with which an observation asked for begins
_OF_RECORDS = frozenset(
    {
        Action.RECORD_SEE,
        Action.RECORD_COMMENT,
        Action.RECORD_EXPORT,
        Action.RECORD_REVIEW,
        Action.RECORD_ANSWER,
    }
)


def start(
    session: Session,
    recording_id: UUID,
    rubric_version_id: UUID,
    *,
    actor: Actor,
    observer: Actor | None = None,
    action: Action = Action.OBSERVATION_START,
) -> Observation:
    """Return the observer's draft of this recording with this rubric, begun now if there is none.

    The observer is the actor, unless `action` is to import a colleague's sheet. What she was asked
    to code begins with its cycles planned.

    Raises:
        NotFoundError: no such recording or rubric for this actor.
        NotAllowedError: the colleague does not observe in this school, or was asked to code it
            with another rubric.
        ConflictError: the recording is not ready, or no consent was stated; or this version of the
            rubric is retired, or only tried elsewhere.
    """
    recording = locked(session, Recording, recording_id)
    if recording is None:
        raise access.not_found()
    access.require(actor, action, recording.as_thing())
    version = session.get(RubricVersion, rubric_version_id)
    if version is None:
        raise access.not_found()
    check_codable(recording)
    coder = observer or actor
    if not access.can(coder, Action.RECORDING_ADD, recording.as_thing()):
        raise NotAllowedError(
            message("%(name)s does not observe in the school of this lesson.", name=coder.name)
        )
    found = _draft(session, recording, version, coder)
    if found is not None:
        return found
    if assigning.assignment_of(recording, coder.user_id, version.id) is None:  # asked is asked
        require_usable(session, version, recording.class_group.school_id, recording.recorded_on)
    observation = _begin(session, recording, version, coder, actor=actor)
    if action is Action.OBSERVATION_START:
        _begin_as_asked(session, observation, actor)
    return observation


def _begin_as_asked(session: Session, observation: Observation, actor: Actor) -> None:
    """Plan the cycles of what a colleague asked for, as a change that can be undone."""
    if observation.assignment_id is not None:
        cycles = [
            {"cycle": str(new_id()), "start_ms": span.start_ms, "end_ms": span.end_ms}
            for span in assigning.first_spans(session, observation)
        ]
        plan = Change(new_id(), "plan", {"cycles": cycles})
        apply(session, observation.id, [plan], window=ASKED_WINDOW, base_version=0, actor=actor)
    elif observation.recording.observer_id != actor.user_id:
        raise NotAllowedError(message("You were asked to code this lesson with another rubric."))


def check_codable(recording: Recording) -> None:
    """Return when the recording may be coded; raises `ConflictError` with what to do."""
    if recording.state is RecordingState.LIVE:
        return  # nobody is filmed
    if recording.state is not RecordingState.READY:
        raise ConflictError(message("This video cannot be coded yet: it is still being checked."))
    if why := recording.why_unusable:
        raise ConflictError(why)


def _draft(
    session: Session, recording: Recording, version: RubricVersion, coder: Actor
) -> Observation | None:
    drafts = sa.select(Observation).where(
        Observation.recording_id == recording.id,
        Observation.observer_id == coder.user_id,
        Observation.rubric_version_id == version.id,
        Observation.state == ObservationState.DRAFT,
    )
    return session.scalars(drafts.order_by(Observation.id)).first()


def _begin(
    session: Session, recording: Recording, version: RubricVersion, coder: Actor, *, actor: Actor
) -> Observation:
    assignment = assigning.assignment_of(recording, coder.user_id, version.id)
    observation = Observation(
        recording_id=recording.id,
        observer_id=coder.user_id,
        begun_by_id=actor.user_id,
        rubric_version_id=version.id,
        assignment_id=assignment.id if assignment else None,
    )
    session.add(observation)
    session.flush()
    audit.record(
        session,
        "observation.start",
        actor_id=actor.user_id,
        thing_kind="observation",
        thing_id=observation.id,
        recording=recording.id,
        observer=coder.user_id,
        rubric=version.id,
    )
    return observation


def observation_for(
    session: Session, observation_id: UUID, *, actor: Actor, action: Action
) -> Observation:
    """Return the observation when `actor` may do `action` to it.

    As a record (`record.…` actions) it exists once it was submitted, also while it is put right.
    Who codes blind finds nothing submitted that would tell her scores.

    Raises:
        NotFoundError: there is none, or the actor may not know of it (yet).
        NotAllowedError: she may see it, but not do this.
    """
    observation = session.get(Observation, observation_id)
    if observation is None:
        raise access.not_found()
    if action in _OF_RECORDS:
        if observation.submitted_at is None:
            raise access.not_found()
        access.require(actor, action, observation.as_record())
    else:
        access.require(actor, action, observation.as_thing())
    check_visible(session, observation, actor=actor)
    return observation


def check_visible(session: Session, observation: Observation, *, actor: Actor) -> None:
    """Return when a submitted observation is not hidden from `actor` because she codes blind.

    Raises:
        NotFoundError: it is.
    """
    submitted = observation.submitted_at is not None  # also while it is open again to be corrected
    if submitted and assigning.hidden_from(session, actor).hides(observation):
        raise access.not_found()


def apply(
    session: Session,
    observation_id: UUID,
    changes: Sequence[Change],
    *,
    window: str,
    base_version: int,
    actor: Actor,
    observer: Actor | None = None,
) -> Applied:
    """Apply `changes` in their order, each at most once however often it is sent.

    The draft is the actor's, unless she brings in the sheet of a colleague, its `observer`.
    A change whose target another window changed after `base_version` is a conflict: told, not
    applied. One that cannot stand (outside the scale, overlapping, already submitted, …) is
    refused with its sentence; the others go through.

    Raises:
        NotFoundError: no such observation for its observer.
    """
    observation = _locked(session, observation_id)
    access.require(observer or actor, Action.OBSERVATION_CODE, observation.as_thing())
    desk = Desk(session, observation, rubric_of(observation.rubric_version))
    batch = Batch(
        desk, window, _elsewhere(session, observation, window, base_version), actor.user_id
    )
    known = _known(session, changes)
    for change in changes:
        if change.id not in known:
            batch.take(change)
            known[change.id] = observation.id
        else:
            batch.repeat(change, own=known[change.id] == observation.id)
    return batch.applied()


def _locked(session: Session, observation_id: UUID) -> Observation:
    observation = locked(session, Observation, observation_id)
    if observation is None:
        raise access.not_found()
    return observation


def _elsewhere(
    session: Session, observation: Observation, window: str, base_version: int
) -> tuple[str, ...]:
    targets = sa.select(Operation.target).where(
        Operation.observation_id == observation.id,
        Operation.number > base_version,
        Operation.window != window,
    )
    return tuple(session.scalars(targets))


def _known(session: Session, changes: Sequence[Change]) -> dict[UUID, UUID]:
    ids = [change.id for change in changes]
    rows = sa.select(Operation.id, Operation.observation_id).where(Operation.id.in_(ids))
    return {row[0]: row[1] for row in session.execute(rows)}


def log_fact(
    session: Session,
    observation: Observation,
    kind: str,
    payload: dict[str, Any],
    *,
    target: str,
    actor: Actor,
) -> None:
    """Log what happened to a locked observation without a change sent by any window."""
    observation.version += 1
    session.add(
        Operation(
            id=new_id(),
            observation_id=observation.id,
            number=observation.version,
            window=kind,
            kind=kind,
            target=target,
            payload=payload,
            before=None,
            actor_id=actor.user_id,
        )
    )
    session.flush()


def steps_of(session: Session, observation: Observation, version: int) -> Steps:
    """Return the steps done and undone up to `version`, which a window knew when it was opened."""
    rows = sa.select(Operation).where(
        Operation.observation_id == observation.id, Operation.number <= version
    )
    return replay(
        Logged(row.id, row.kind, row.target, row.payload, row.before, row.step, row.role)
        for row in session.scalars(rows.order_by(Operation.number))
    )


def log_of(session: Session, observation: Observation) -> list[Kept]:
    """Return every change of the observation, the first first, with who made it and when."""
    columns = (Operation.id, Operation.kind, Operation.target, Operation.payload)
    rows = (
        sa.select(*columns, Operation.before, Operation.step, Operation.role, Operation.at)
        .add_columns(User.name)
        .outerjoin(User, User.id == Operation.actor_id)
        .where(Operation.observation_id == observation.id)
    )
    author = observation.observer.name  # of changes from before their author was kept
    return [
        Kept(at, name or author, Logged(*change))
        for *change, at, name in session.execute(rows.order_by(Operation.number))
    ]


def document_of(session: Session, observation: Observation) -> rules.Document:
    """Return what the observation says now, whether it is a draft or submitted."""
    recording, version = observation.recording, observation.rubric_version
    return rules.Document(
        observation=observation.id,
        recording=recording.id,
        recording_sha256=recording.sha256,
        duration_ms=recording.length_ms(),
        recorded_on=recording.recorded_on,
        selection=recording.selection.value,
        rubric_id=version.rubric_id,
        rubric_version=version.version,
        rubric_hash=version.content_hash,
        observer=observation.observer_id,
        educator=recording.educator_id,
        cycles=_document_cycles(session, observation.id),
        stretches=_document_stretches(session, observation.id),
        notes=_document_notes(session, observation.id),
        clips=_document_clips(session, observation.id),
        watching=_watching(session, observation.id),
        live=recording.state is RecordingState.LIVE,
    )


def _document_cycles(session: Session, observation_id: UUID) -> tuple[rules.DocumentCycle, ...]:
    rows = sa.select(Cycle).where(Cycle.observation_id == observation_id)
    ordered = rows.order_by(Cycle.start_ms).options(
        selectinload(Cycle.scores), selectinload(Cycle.snapshots)
    )
    return tuple(
        rules.DocumentCycle(
            id=cycle.id,
            number=number,
            start_ms=cycle.start_ms,
            end_ms=cycle.end_ms,
            scores=tuple(
                rules.CellScore(
                    dimension=score.dimension,
                    value=score.value,
                    mark=score.mark.value if score.mark else None,
                )
                for score in sorted(cycle.scores, key=lambda score: score.dimension)
            ),
            snapshots=tuple(
                rules.CycleSnapshot(number=each.number, answers=each.answers)
                for each in cycle.snapshots
            ),
        )
        for number, cycle in enumerate(session.scalars(ordered), start=1)
    )


def _document_stretches(
    session: Session, observation_id: UUID
) -> tuple[rules.DocumentStretch, ...]:
    rows = sa.select(UncodableStretch).where(UncodableStretch.observation_id == observation_id)
    return tuple(
        rules.DocumentStretch(
            id=row.id, start_ms=row.start_ms, end_ms=row.end_ms, reason=row.reason
        )
        for row in session.scalars(rows.order_by(UncodableStretch.start_ms))
    )


def _document_notes(session: Session, observation_id: UUID) -> tuple[rules.DocumentNote, ...]:
    rows = sa.select(Note).where(Note.observation_id == observation_id)
    return tuple(
        rules.DocumentNote(
            id=row.id,
            at_ms=row.at_ms,
            text=row.text,
            dimension=row.dimension,
            polarity=row.polarity,
        )
        for row in session.scalars(rows.order_by(Note.at_ms, Note.id))
    )


def _document_clips(session: Session, observation_id: UUID) -> tuple[rules.DocumentClip, ...]:
    rows = sa.select(ClipMark).where(ClipMark.observation_id == observation_id)
    return tuple(
        rules.DocumentClip(
            id=row.id,
            start_ms=row.start_ms,
            end_ms=row.end_ms,
            words=row.words,
            dimension=row.dimension,
            purpose=cast("rules.ClipPurpose | None", row.purpose),
        )
        for row in session.scalars(rows.order_by(ClipMark.start_ms, ClipMark.id))
    )


def _watching(session: Session, observation_id: UUID) -> watching.Watching | None:
    """Return how the lesson was watched; None: nothing was played."""
    played = played_in(session, observation_id)
    return watching.summary(played) if played else None


def played_in(session: Session, observation_id: UUID) -> list[watching.Played]:
    """Return what was played while coding, in the order in which it was."""
    rows = sa.select(PlayedStretch).where(PlayedStretch.observation_id == observation_id)
    return [
        watching.Played(row.start_ms, row.end_ms, row.rate)
        for row in session.scalars(rows.order_by(PlayedStretch.at, PlayedStretch.id))
    ]


def submit(
    session: Session, observation_id: UUID, *, actor: Actor, seen: int | None = None
) -> Revision:
    """Freeze the observation into a revision (canonical JSON and its sha256) that never changes.

    `seen`: the version that was looked at before; None: whichever it is by now.

    Raises:
        NotFoundError: no such observation for this actor; a colleague's draft only when it is an
            imported sheet and nothing else.
        ConflictError: already submitted, changed since it was seen, no consent, or the video's
            fingerprint is still unknown.
        InvalidError: something is missing; all of it is listed.
        NotLoadedError: a room that has its say in this was not loaded by this way in.
    """
    observation = _locked(session, observation_id)
    access.require(actor, Action.OBSERVATION_SUBMIT, observation.as_thing())
    if actor.user_id != observation.observer_id and not only_sheet(session, observation):
        raise access.not_found()
    _check_submittable(observation, seen)
    document = document_of(session, observation)
    _check_complete(session, document, observation)
    revision = _freeze(session, observation, document)
    _answer_correction(session, revision)
    beside.submitted(session, observation, document)
    audit.record(
        session,
        "observation.submit",
        actor_id=actor.user_id,
        thing_kind="observation",
        thing_id=observation.id,
        revision=revision.number,
        sha256=revision.sha256,
    )
    return revision


def _answer_correction(session: Session, revision: Revision) -> None:
    """Let a new revision be the answer to the correction that was asked for."""
    rows = sa.select(Correction).filter_by(observation_id=revision.observation_id, answered_at=None)
    asked = session.scalar(rows)
    if asked is not None:
        asked.state, asked.answered_at = CorrectionState.CORRECTED, now()
        asked.new_revision = revision.number
        session.flush()


def only_sheet(session: Session, observation: Observation) -> bool:
    """Tell whether everything in the draft came from imported sheets."""
    windows = sa.select(Operation.window).where(Operation.observation_id == observation.id)
    return set(session.scalars(windows.distinct())) == {SHEET_WINDOW}


def _check_submittable(observation: Observation, seen: int | None) -> None:
    if observation.state is not ObservationState.DRAFT:
        raise ConflictError(message("This observation was already submitted."))
    if seen not in (None, observation.version):
        raise ConflictError(
            message("The observation changed after this page was opened: look at it once more.")
        )
    check_codable(observation.recording)
    if observation.recording.live_runs:
        raise ConflictError(message("The clock still runs: end the lesson first."))
    if observation.recording.sha256 is None and not observation.recording.is_live:
        raise ConflictError(
            message("The video is still being prepared: it can be submitted in a moment.")
        )


def _check_complete(session: Session, document: rules.Document, observation: Observation) -> None:
    absent = [
        each.message for each in rules.missing(document, rubric_of(observation.rubric_version))
    ]
    absent += beside.missing(session, observation)
    if absent:
        raise InvalidError(
            message("Something is still missing before it can be submitted."), absent
        )


def _freeze(session: Session, observation: Observation, document: rules.Document) -> Revision:
    text = canonical(document.model_dump(mode="json"))
    last = sa.select(sa.func.max(Revision.number)).where(Revision.observation_id == observation.id)
    revision = Revision(
        observation_id=observation.id,
        number=(session.scalar(last) or 0) + 1,
        document=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    session.add(revision)
    observation.state = ObservationState.SUBMITTED
    observation.submitted_at = now()
    session.flush()
    return revision


def canonical(document: Mapping[str, object]) -> str:
    """Return `document` as JSON that is byte for byte the same for the same content."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def latest_document(session: Session, observation: Observation) -> rules.Document:
    """Return what was submitted last; raises `ConflictError` when nothing was submitted yet."""
    rows = sa.select(Revision).where(Revision.observation_id == observation.id)
    revision = session.scalars(rows.order_by(Revision.number.desc()).limit(1)).first()
    if revision is None:
        raise ConflictError(message("This observation was not submitted yet."))
    return rules.Document.model_validate_json(revision.document)
