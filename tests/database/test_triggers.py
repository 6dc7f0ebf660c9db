"""What the database refuses by itself, whoever writes to it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe.coding.models import Cycle, Note, Observation, ObservationState, Revision, Score
from observe.db import Database, now
from observe.feedback.models import Answer, Feedback, FeedbackState, Focus, FocusKind
from observe.ids import new_id
from observe.people import audit
from observe.rubric.models import RubricVersion
from observe.video.models import Blurring, BlurState, DerivedFile, FileKind, Recording
from tests import factories


@pytest.fixture
def feedback_id(both: Database) -> UUID:
    """A draft with a complete strength and a complete priority, and a submitted revision."""
    with both.write() as session:
        cast = factories.cast(session)
        recording = factories.recording(session, cast)
        rubric = RubricVersion(rubric_id="r", version="1.0", document="{}", content_hash="a" * 64)
        session.add(rubric)
        session.flush()
        observation = Observation(
            recording_id=recording.id,
            observer_id=cast.observer.user_id,
            begun_by_id=cast.observer.user_id,
            rubric_version_id=rubric.id,
        )
        session.add(observation)
        session.flush()
        session.add(
            Revision(observation_id=observation.id, number=1, document="{}", sha256="b" * 64)
        )
        feedback = Feedback(observation_id=observation.id, revision_number=1)
        session.add(feedback)
        session.flush()
        session.add_all(
            [
                _focus(feedback, FocusKind.STRENGTH, "uno"),
                _focus(feedback, FocusKind.PRIORITY, "dos"),
            ]
        )
        return feedback.id


def _focus(feedback: Feedback, kind: FocusKind, dimension: str) -> Focus:
    return Focus(
        feedback_id=feedback.id,
        kind=kind,
        dimension=dimension,
        start_ms=0,
        end_ms=15_000,
        note="Escuchó la respuesta completa.",
        next_step="Preguntar por qué." if kind is FocusKind.PRIORITY else "",
        due_on=date(2026, 6, 1) if kind is FocusKind.PRIORITY else None,
    )


def _run(database: Database, sql: str, **values: object) -> None:
    with database.write() as session:
        session.execute(sa.text(sql), values)


PUBLISHING = "UPDATE feedback SET state = 'publishing'"
PUBLISHED = "UPDATE feedback SET state = 'published', published_at = '2026-05-12 10:00:00+00:00'"


def _with_clips(database: Database) -> None:
    with database.write() as session:
        recording_id = session.execute(sa.text("SELECT id FROM recording")).scalar_one()
        clip = DerivedFile(
            recording_id=UUID(str(recording_id)),
            kind=FileKind.CLIP,
            recipe="clip",
            sha256="c" * 64,
            media_type="video/mp4",
            size_bytes=1,
        )
        session.add(clip)
        session.flush()
        session.execute(sa.update(Focus).values(clip_id=clip.id))


def test_a_complete_feedback_is_published(both: Database, feedback_id: UUID) -> None:
    _run(both, PUBLISHING)
    _with_clips(both)
    _run(both, PUBLISHED)
    with both.read() as session:
        assert session.get_one(Feedback, feedback_id).state is FeedbackState.PUBLISHED


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM focus WHERE kind = 'priority'",
        "DELETE FROM focus WHERE kind = 'strength'",
        "UPDATE focus SET note = '  ' WHERE kind = 'strength'",
        "UPDATE focus SET end_ms = 14999 WHERE kind = 'strength'",
        "UPDATE focus SET end_ms = 120001 WHERE kind = 'priority'",
        "UPDATE focus SET start_ms = NULL, end_ms = NULL WHERE kind = 'priority'",
        "UPDATE focus SET dimension = NULL WHERE kind = 'priority'",
        "UPDATE focus SET next_step = '' WHERE kind = 'priority'",
        "UPDATE focus SET due_on = NULL WHERE kind = 'priority'",
    ],
)
def test_without_its_evidence_nothing_is_published(
    both: Database, feedback_id: UUID, damage: str
) -> None:
    _run(both, damage)
    with pytest.raises(sa.exc.DBAPIError, match="one strength and one priority"):
        _run(both, PUBLISHING)


def test_without_clips_nothing_is_published(both: Database, feedback_id: UUID) -> None:
    _run(both, PUBLISHING)
    with pytest.raises(sa.exc.DBAPIError, match="two clips"):
        _run(both, PUBLISHED)


def test_a_clip_of_another_lesson_is_no_evidence(both: Database, feedback_id: UUID) -> None:
    _run(both, PUBLISHING)
    _with_clips(both)
    with both.write() as session:
        mine = session.scalars(sa.select(Recording)).one()
        told = {each.name: getattr(mine, each.name) for each in Recording.__table__.columns}
        other = Recording(**told | {"id": new_id()})
        session.add(other)
        session.flush()
        session.execute(sa.update(DerivedFile).values(recording_id=other.id))
    with pytest.raises(sa.exc.DBAPIError, match="two clips"):
        _run(both, PUBLISHED)


@pytest.mark.parametrize(
    "revoked",
    [
        "UPDATE recording SET consent_at = NULL, consent_by_id = NULL",
        "UPDATE recording SET lock = 'child'",  # the papers are on file; one family said no
    ],
)
def test_without_consents_nothing_is_published(
    both: Database, feedback_id: UUID, revoked: str
) -> None:
    _run(both, PUBLISHING)
    _with_clips(both)
    _run(both, revoked)
    with pytest.raises(sa.exc.DBAPIError, match="without its consents"):
        _run(both, PUBLISHED)
    _run(both, "UPDATE feedback SET state = 'draft'")
    with pytest.raises(sa.exc.DBAPIError, match="without its consents"):
        _run(both, PUBLISHING)


@pytest.mark.parametrize("reason", ["NULL", "'  '"])
def test_nothing_is_withdrawn_without_a_reason(
    both: Database, feedback_id: UUID, reason: str
) -> None:
    _run(both, PUBLISHING)
    _with_clips(both)
    _run(both, PUBLISHED)
    day = "withdrawn_at = '2026-05-13 10:00:00+00:00'"
    with pytest.raises(sa.exc.DBAPIError, match="for a reason"):
        _run(both, f"UPDATE feedback SET state = 'withdrawn', {day}, withdrawal_reason = {reason}")


@pytest.mark.parametrize(
    ("kind", "dimension"), [("strength", "tres"), ("priority", "tres"), ("strength", "dos")]
)
def test_there_is_no_second_focus(
    both: Database, feedback_id: UUID, kind: str, dimension: str
) -> None:
    with pytest.raises(sa.exc.IntegrityError), both.write() as session:
        feedback = session.get_one(Feedback, feedback_id)
        session.add(_focus(feedback, FocusKind(kind), dimension))


def test_two_focuses_cannot_share_a_dimension(both: Database, feedback_id: UUID) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        _run(both, "UPDATE focus SET dimension = 'uno'")


def test_there_is_no_second_open_feedback(both: Database, feedback_id: UUID) -> None:
    with pytest.raises(sa.exc.IntegrityError), both.write() as session:
        observation_id = session.get_one(Feedback, feedback_id).observation_id
        session.add(Feedback(observation_id=observation_id, revision_number=1))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE focus SET note = 'otra'",
        "UPDATE focus SET due_on = NULL WHERE kind = 'priority'",
        "DELETE FROM focus",
        "UPDATE feedback SET state = 'draft'",
        "DELETE FROM feedback",
    ],
)
def test_what_is_published_stays(both: Database, feedback_id: UUID, change: str) -> None:
    _run(both, PUBLISHING)
    _with_clips(both)
    _run(both, PUBLISHED)
    with pytest.raises(sa.exc.DBAPIError):
        _run(both, change)


@pytest.mark.parametrize("column", ["dimension", "start_ms", "end_ms", "due_on"])
def test_while_it_is_published_only_the_clip_is_added(
    both: Database, feedback_id: UUID, column: str
) -> None:
    _run(both, PUBLISHING)
    with pytest.raises(sa.exc.DBAPIError, match="being published"):
        _run(both, f"UPDATE focus SET {column} = NULL WHERE kind = 'priority'")


def test_a_feedback_cannot_be_born_published(both: Database, feedback_id: UUID) -> None:
    with both.read() as session:
        observation_id = session.get_one(Feedback, feedback_id).observation_id
    _run(both, "DELETE FROM focus")
    _run(both, "DELETE FROM feedback")
    with pytest.raises(sa.exc.DBAPIError, match="begins as a draft"), both.write() as session:
        session.add(
            Feedback(
                id=new_id(),
                observation_id=observation_id,
                revision_number=1,
                state=FeedbackState.PUBLISHED,
                published_at=now(),
            )
        )


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM cycle",
        "UPDATE cycle SET end_ms = end_ms + 1",
        "UPDATE score SET value = 4",
        "DELETE FROM score",
        "DELETE FROM note",
    ],
)
def test_what_is_submitted_stays(both: Database, feedback_id: UUID, change: str) -> None:
    with both.write() as session:
        observation = session.scalars(sa.select(Observation)).one()
        cycle = Cycle(observation_id=observation.id, start_ms=0, end_ms=1_000)
        cycle.scores = [Score(dimension="uno", value=3)]
        session.add(cycle)
        session.add(Note(observation_id=observation.id, at_ms=1, text="Explica", polarity=1))
        session.flush()
        observation.state = ObservationState.SUBMITTED
    with pytest.raises(sa.exc.DBAPIError, match="does not change"):
        _run(both, change)


def test_an_answer_that_was_sent_stays(both: Database, feedback_id: UUID) -> None:
    with both.write() as session:
        user_id = session.get_one(Feedback, feedback_id).observation.recording.educator_id
        session.add(Answer(feedback_id=feedback_id, user_id=user_id, text="Voy a"))
    _run(both, "UPDATE answer SET text = 'Voy a probar.', sent_at = '2026-05-12 10:00:00+00:00'")
    for change in ("text = 'Otra cosa'", "sent_at = NULL", "own_step = 'Otro paso'"):
        with pytest.raises(sa.exc.DBAPIError, match="stays as it is"):
            _run(both, f"UPDATE answer SET {change}")


def test_a_published_feedback_keeps_its_day(both: Database, feedback_id: UUID) -> None:
    _run(both, PUBLISHING)
    _with_clips(both)
    _run(both, PUBLISHED)
    with pytest.raises(sa.exc.DBAPIError, match="dated act"):
        _run(both, "UPDATE feedback SET published_at = '2001-01-01 10:00:00+00:00'")


@pytest.mark.parametrize(
    "change", ["made = '" + "d" * 64 + "'", "corrections = '[1]'", "version = 1, made = 'e'"]
)
def test_what_is_signed_stays_while_the_signature_stands(both: Database, change: str) -> None:
    with both.write() as session:
        cast = factories.cast(session)
        row = Blurring(
            recording_id=factories.recording(session, cast).id,
            start_ms=0,
            end_ms=1_000,
            asked_id=new_id(),
            created_by_id=cast.observer.user_id,
            made="c" * 64,
            state=BlurState.CHECKED,
            checked_by_id=cast.observer.user_id,
            checked_at=now(),
        )
        session.add(row)
    with pytest.raises(sa.exc.DBAPIError, match="while its signature stands"):
        _run(both, f"UPDATE blurring SET {change}")
    unsigned = "state = 'asked', checked_by_id = NULL, checked_at = NULL"
    _run(both, f"UPDATE blurring SET {change}, {unsigned}")


@pytest.mark.parametrize("table", ["revision", "rubric_version", "audit_entry"])
def test_what_is_frozen_stays(both: Database, feedback_id: UUID, table: str) -> None:
    with both.write() as session:
        audit.record(session, "test", actor_id=None, thing_kind="home", thing_id=None)
    column = {"revision": "document", "rubric_version": "document", "audit_entry": "action"}[table]
    for sql in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            _run(both, sql)


def test_a_changed_audit_entry_is_found(both: Database) -> None:
    with both.write() as session:
        for number in range(3):
            audit.record(session, f"act{number}", actor_id=None, thing_kind="home", thing_id=None)
    with both.write() as session:
        assert audit.first_broken(session) is None
        drop = "DROP TRIGGER audit_entry_not_changed"
        on = " ON audit_entry" if session.get_bind().dialect.name == "postgresql" else ""
        session.execute(sa.text(drop + on))
        session.execute(sa.text("UPDATE audit_entry SET action = 'x' WHERE number = 2"))
    with both.read() as session:
        assert audit.first_broken(session) == 2
