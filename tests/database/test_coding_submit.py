"""Starting, submitting, and what an observation is from there on."""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Observation, ObservationState, Revision
from observe.coding.operations import (
    document_of,
    latest_document,
    observation_for,
    start,
    submit,
)
from observe.errors import ConflictError, InvalidError, NotFoundError
from observe.ids import new_id
from observe.people.access import Action
from observe.people.models import AuditEntry
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.video.models import RecordingState
from tests import factories
from tests.database.coding import change, cycle, observation, send

MINUTE = 60_000


def coded(session: Session, cast: factories.Cast, rubric: RubricVersion) -> Observation:
    draft = observation(session, cast, rubric)
    one = new_id()
    scores = [
        {"dimension": row.id, "value": rubric_of(rubric).scale_of(row).min, "mark": None}
        for row in rubric_of(rubric).dimensions
    ]
    send(session, cast, draft, cycle(0, 20 * MINUTE, one, scores=scores))
    return draft


def actions(session: Session, thing_id: UUID) -> list[str]:
    rows = sa.select(AuditEntry.action).where(AuditEntry.thing_id == thing_id)
    return list(session.scalars(rows.order_by(AuditEntry.number)))


def test_starting_again_leads_to_the_same_draft(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    draft = observation(session, cast, rubric_version)
    again = start(session, draft.recording_id, rubric_version.id, actor=cast.observer)
    assert again.id == draft.id
    assert actions(session, draft.id) == ["observation.start"]


def test_without_consent_or_before_it_is_checked_nothing_is_coded(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    locked = factories.recording(session, cast, consent=False)
    early = factories.recording(session, cast)
    early.state = RecordingState.RECEIVED
    for recording in (locked, early):
        with pytest.raises(ConflictError):
            start(session, recording.id, rubric_version.id, actor=cast.observer)


def test_others_cannot_start_nor_learn_that_there_is_a_recording(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    recording = factories.recording(session, cast)
    for actor in (*cast.outsiders, cast.educator, cast.utp_head):
        with pytest.raises(NotFoundError):
            start(session, recording.id, rubric_version.id, actor=actor)
    with pytest.raises(NotFoundError):
        start(session, recording.id, new_id(), actor=cast.observer)


def test_what_is_missing_is_told_all_at_once(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    draft = observation(session, cast, rubric_version)
    send(session, cast, draft, cycle(0, 20 * MINUTE))
    with pytest.raises(InvalidError) as refusal:
        submit(session, draft.id, actor=cast.observer)
    rows = rubric_of(rubric_version).dimensions
    assert len(refusal.value.problems) == len(rows)
    assert rows[0].title.es in refusal.value.problems[0].in_language("es_CL")
    assert draft.state is ObservationState.DRAFT


def test_submitting_freezes_what_the_draft_says(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    draft = coded(session, cast, rubric_version)
    said = document_of(session, draft)
    revision = submit(session, draft.id, actor=cast.observer)
    assert (revision.number, draft.state) == (1, ObservationState.SUBMITTED)
    assert hashlib.sha256(revision.document.encode()).hexdigest() == revision.sha256
    plain = json.loads(revision.document)
    assert revision.document == json.dumps(
        plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    assert latest_document(session, draft) == said
    assert plain["rubric_hash"] == rubric_version.content_hash
    assert actions(session, draft.id) == ["observation.start", "observation.submit"]


def test_submitted_is_submitted(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    draft = coded(session, cast, rubric_version)
    kept = cycle(20 * MINUTE, 21 * MINUTE)
    send(session, cast, draft, kept)
    send(session, cast, draft, change("cycle.delete", cycle=kept.payload["cycle"]))
    submit(session, draft.id, actor=cast.observer)
    said = document_of(session, draft)
    late = cycle(21 * MINUTE, 22 * MINUTE)
    applied = send(session, cast, draft, kept, late)
    # What was accepted before is still acknowledged when its answer was lost.
    assert applied.acknowledged == (kept.id,)
    assert [told.id for told in applied.refused] == [late.id]
    assert document_of(session, draft) == said
    with pytest.raises(ConflictError):
        submit(session, draft.id, actor=cast.observer)
    assert session.scalar(sa.select(sa.func.count()).select_from(Revision)) == 1


def test_a_video_whose_content_is_not_known_yet_waits(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    draft = coded(session, cast, rubric_version)
    draft.recording.sha256 = None
    with pytest.raises(ConflictError):
        submit(session, draft.id, actor=cast.observer)
    draft.recording.sha256 = "1" * 64
    assert submit(session, draft.id, actor=cast.observer).number == 1


def test_only_its_observer_submits(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    draft = coded(session, cast, rubric_version)
    for actor in (cast.educator, cast.utp_head, cast.administrator, *cast.outsiders):
        with pytest.raises(NotFoundError):
            submit(session, draft.id, actor=actor)


def test_a_draft_is_no_record_and_a_submitted_one_is(
    session: Session, cast: factories.Cast, rubric_version: RubricVersion
) -> None:
    draft = coded(session, cast, rubric_version)
    with pytest.raises(NotFoundError):
        observation_for(session, draft.id, actor=cast.utp_head, action=Action.RECORD_SEE)
    with pytest.raises(ConflictError):
        latest_document(session, draft)
    submit(session, draft.id, actor=cast.observer)
    seen = observation_for(session, draft.id, actor=cast.utp_head, action=Action.RECORD_SEE)
    assert seen.id == draft.id
    for actor in cast.outsiders:
        with pytest.raises(NotFoundError):
            observation_for(session, draft.id, actor=actor, action=Action.RECORD_SEE)
