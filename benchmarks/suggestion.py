"""A suggestion among ten thousand educators, and how much of that is the number of educators.

`python -m benchmarks.suggestion [EDUCATORS]` prints both figures and their ratio.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import schema
from observe.coding.models import Observation
from observe.db import Database, now, open_database
from observe.feedback import cohort
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, LessonMean
from observe.ids import new_id
from observe.people.access import Actor
from observe.people.models import User
from observe.rubric.operations import load_shipped, rubric_of
from observe.settings import Settings
from observe.video.models import Recording
from tests import factories
from tests.feedback_cases import submitted

EDUCATORS = 10_000
FEW = 20
EACH = 50  # educators of one observer: she knows their numbers, and others are told of the rest
TIMES = 31


def filled(folder: Path, educators: int) -> tuple[Database, UUID, Actor]:
    """Return a database with so many other educators, and a lesson of one more."""
    settings = Settings(home=folder / str(educators))
    schema.upgrade(settings)
    database = open_database(settings.url)
    with database.write() as session:
        load_shipped(session)
        cast = factories.cast(session)
        observation = submitted(session, cast, factories.recording(session, cast))
        _others(session, observation, educators)
        cohort._count(session, observation.rubric_version, "basica-1-4")
        session.execute(sa.text("ANALYZE"))
        return database, observation.id, cast.observer


def _others(session: Session, like: Observation, count: int) -> None:
    """Add educators with a lesson each, coded, with its means and its published feedback."""
    users, recordings, observations, feedback, means = [], [], [], [], []
    row = {each.name: getattr(like.recording, each.name) for each in Recording.__table__.columns}
    seen = {each.name: getattr(like, each.name) for each in Observation.__table__.columns}
    dimensions = [each.id for each in rubric_of(like.rubric_version).dimensions]
    observers = [like.observer_id, *(new_id() for _more in range(max(1, count // EACH)))]
    users += [{"id": each, "name": f"Asesora {each}"} for each in observers[1:]]
    for number in range(count):
        user, recording, observation = new_id(), new_id(), new_id()
        users.append({"id": user, "name": f"Educadora {number}"})
        recordings.append(row | {"id": recording, "educator_id": user})
        observations.append(
            seen
            | {
                "id": observation,
                "recording_id": recording,
                "observer_id": observers[number % len(observers)],
            }
        )
        feedback.append({"id": new_id(), "observation_id": observation, "revision_number": 1})
        means += [
            {
                "observation_id": observation,
                "dimension": name,
                "rubric_version_id": like.rubric_version_id,
                "level": "basica-1-4",
                "educator_id": user,
                "mean": 1 + (number + at) % 7 / 2,
            }
            for at, name in enumerate(dimensions)
        ]
    for table, rows in (
        (User, users),
        (Recording, recordings),
        (Observation, observations),
        (Feedback, feedback),
        (LessonMean, means),
    ):
        session.execute(sa.insert(table), rows)


def milliseconds(database: Database, observation_id: UUID, actor: Actor) -> float:
    """Return the median time of a suggestion, in a session of its own each."""
    taken = []
    for _time in range(TIMES):
        started = time.perf_counter()
        with database.read() as session:
            found = feedbacks.suggestion_for(session, observation_id, actor=actor)
        taken.append((time.perf_counter() - started) * 1000)
        if found.basis != "cohort":
            raise RuntimeError(f"compared with {found.basis}, not with the cohort")
    return statistics.median(taken)


def main(educators: int) -> None:
    """Measure a few and many, one after the other, and print a row."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (milliseconds(*filled(Path(folder), count)) for count in (FEW, educators))
    day = now().date().isoformat()
    print(f"| {day} | suggestion among {educators} educators | {many:.1f} ms |", end=" ")
    print(f"{many / few:.2f} × that among {FEW} ({few:.1f} ms) | 50 ms |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EDUCATORS)
