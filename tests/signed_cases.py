"""Moments of a feedback with their faces covered and signed, as an observer does it."""

from __future__ import annotations

from uuid import UUID

from observe.db import Database
from observe.feedback.models import Feedback, FocusKind
from observe.jobs import Work
from observe.settings import Settings
from observe.video.blur import making
from observe.video.blur import operations as blurs
from observe.video.models import Blurring
from observe.video.store import open_store
from observe.video.timecode import Span
from tests import kept
from tests.factories import Cast


def blurred(
    database: Database, home: Settings, cast: Cast, feedback_id: UUID, kind: FocusKind
) -> UUID:
    """Blur the moment of a focus as the worker does; nobody has looked at it yet."""
    with database.write() as session:
        focus = session.get_one(Feedback, feedback_id).focus(kind)
        assert focus is not None
        assert focus.start_ms is not None
        assert focus.end_ms is not None
        recording_id = focus.feedback.observation.recording_id
        span = Span(focus.start_ms, focus.end_ms)
        row = blurs.ask(session, recording_id, span, actor=cast.observer)
        job = blurs.job_of(session, row)
    work = Work(job.id if job else "", home, database)
    with kept.as_before(database, open_store(home)):
        for step in (making.find, making.draw, making.picture, making.finish, making.clear):
            step(work, row.asked_id)
    return row.id


def sign(database: Database, cast: Cast, blurring_id: UUID) -> None:
    """Look at a blurred clip and sign it."""
    with database.write() as session:
        row = session.get_one(Blurring, blurring_id)
        blurs.watched(session, row, actor=cast.observer)
        blurs.sign(session, blurring_id, version=row.version, actor=cast.observer)


def both_signed(database: Database, home: Settings, cast: Cast, feedback_id: UUID) -> None:
    """Blur and sign both moments."""
    for kind in FocusKind:
        sign(database, cast, blurred(database, home, cast, feedback_id, kind))
