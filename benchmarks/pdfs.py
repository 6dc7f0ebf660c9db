"""How long the PDFs of a whole round take, with two pictures each, from the database to the zip.

500 lessons that were coded, submitted and published, and one film's two blurred and signed clips
for each of them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import cv2
import numpy as np
from sqlalchemy.orm import Session

from observe import schema
from observe.db import Database, now, open_database
from observe.feedback import rounds
from observe.feedback.models import Feedback
from observe.ids import new_id
from observe.rubric.operations import load_shipped
from observe.settings import Settings
from observe.video import derived
from observe.video.derived import Made
from observe.video.models import Blurring, BlurState, DerivedFile, FileKind
from observe.video.store import Store
from observe.video.timecode import Span
from tests import factories
from tests.factories import Cast
from tests.feedback_cases import given

LESSONS: Final = 500


def printing(folder: Path, lessons: int = LESSONS) -> str:
    """Write the zip of a round as the worker does; the time and the size it takes."""
    settings = Settings(home=folder / "home")
    schema.upgrade(settings)
    database, store = open_database(settings.url), Store(settings.store_path)
    with database.write() as session:
        load_shipped(session)
        cast = factories.cast(session)
    ids = [_lesson(database, store, cast, number) for number in range(lessons)]
    target, started, spent = folder / "round.zip", time.perf_counter(), time.process_time()
    made = rounds.files(database, store, ids, actor=cast.observer, locale="es_CL")
    written = rounds.write_zip(target, made)
    took, cpu = time.perf_counter() - started, time.process_time() - spent
    database.engine.dispose()
    if len(written) != lessons:
        raise RuntimeError("not all were written")
    size = target.stat().st_size / lessons / 1000
    each = f"{took / lessons * 1000:.0f} ms and {size:.0f} kB each"
    return f"{took:.1f} s ({cpu:.1f} s of one core; {each})"


def _lesson(database: Database, store: Store, cast: Cast, number: int) -> UUID:
    """Publish the feedback of one lesson and sign both of its clips."""
    with database.write() as session:
        day = factories.TODAY + timedelta(days=number % 60)
        feedback = given(session, cast, day, f"Pregunta «¿por qué?» una vez. {number}")
        for focus in feedback.focuses:
            focus_span = Span(focus.start_ms or 0, focus.end_ms or 0)
            _sign(session, cast, feedback, focus_span, recipe=f"{number} {focus.kind}")
        recording_id = feedback.observation.recording_id
        kinds = [focus.kind for focus in feedback.focuses]
    for kind in kinds:
        made = store.temporary(".jpg")
        made.write_bytes(_picture(number, len(kind)))
        what = Made(recording_id, FileKind.BLURRED_POSTER, f"{number} {kind}", "image/jpeg")
        derived.keep(database, store, made, what)
    return feedback.id


def _sign(session: Session, cast: Cast, feedback: Feedback, span: Span, recipe: str) -> None:
    recording_id, who = feedback.observation.recording_id, cast.observer.user_id
    made = f"{abs(hash(recipe)):064x}"[:64]
    clip = DerivedFile(
        recording_id=recording_id,
        kind=FileKind.BLURRED,
        recipe=recipe,
        sha256=made,
        media_type="video/mp4",
        size_bytes=1,
    )
    row = Blurring(
        recording_id=recording_id,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        asked_id=new_id(),
        made=made,
        state=BlurState.CHECKED,
        created_by_id=who,
        checked_by_id=who,
        checked_at=now(),
    )
    session.add_all([clip, row])
    session.flush()


def _picture(number: int, more: int) -> bytes:
    """Return a picture as large as the poster of a clip, different for each."""
    random = np.random.default_rng(number * 16 + more)
    rough = random.integers(0, 255, (45, 80, 3), np.uint8)
    drawn = cv2.resize(rough, (1280, 720), interpolation=cv2.INTER_CUBIC)
    done, written = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise RuntimeError("no picture")
    return written.tobytes()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sys.stdout.write(
            f"PDFs of {LESSONS} educators, two pictures each (budget 60 s on two cores)\n"
        )
        sys.stdout.write(f"  {printing(Path(made))}\n")
