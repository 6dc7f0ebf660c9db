"""Lessons on video in a test's home: added, prepared by the real worker, and looked at."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from observe import jobs
from observe.db import Database
from observe.settings import Settings
from observe.video import check, operations
from observe.video.media.tools import ffmpeg_path
from observe.video.models import DerivedFile, FileKind, Recording
from observe.video.operations import LessonDetails
from observe.video.preparing.preparation import Preparation
from observe.video.store import Store
from tests.factories import Cast


class Alone(jobs.Work):
    """A step's work without a worker around it."""

    def progress(self, step: str, percent: int, *, seconds_left: int | None = None) -> None:
        """Tell nobody."""

    def check_cancelled(self) -> None:
        """Ask nobody."""


@dataclass(frozen=True)
class Lessons:
    """The home of a test, its cast, and the verbs of nearly every test of preparation."""

    home: Settings
    database: Database
    store: Store
    cast: Cast
    details: LessonDetails

    def add(self, path: Path, *more: Path) -> Recording:
        """Add the lesson in these files."""
        actor = self.cast.observer
        if not more:
            with self.database.write() as session:
                return operations.add_file(session, self.store, path, self.details, actor=actor)
        received = [operations.receive(self.store, each) for each in (path, *more)]
        with self.database.write() as session:
            return operations.add_received(
                session,
                self.store,
                received[0],
                self.details,
                actor=actor,
                more=received[1:],
            )

    def prepared(self, recording: Recording) -> tuple[Recording, jobs.Job]:
        """Return the recording and its job once the real worker has ended it."""
        with self.database.read() as session:
            job = operations.preparation_of(session, recording)
        assert job is not None
        done = jobs.wait_for(self.home, job.id, lambda _job: None)
        return self.now(recording), done

    def now(self, recording: Recording) -> Recording:
        """Return the recording as it is now."""
        with self.database.read() as session:
            return session.get_one(Recording, recording.id)

    def made(self, recording: Recording) -> dict[FileKind, DerivedFile]:
        """Return what was made from it."""
        with self.database.read() as session:
            rows = session.scalars(
                sa.select(DerivedFile).where(DerivedFile.recording_id == recording.id)
            )
            return {row.kind: row for row in rows}

    def playable(self, recording: Recording) -> operations.PlayableFile:
        """Return what the player plays."""
        with self.database.read() as session:
            row = session.get_one(Recording, recording.id)
            return operations.playable_file(session, self.store, row)

    def task(self, recording: Recording) -> Preparation:
        """Return the preparation of it, in this process."""
        return Preparation.of(Alone("none", self.home, self.database), recording.id)

    def problems(self) -> list[str]:
        """Return in what database and files disagree."""
        with self.database.read() as session:
            return [str(problem) for problem in check.problems(session, self.store)]

    def assert_agree(self) -> None:
        """Fail when database and files disagree."""
        problems = self.problems()
        assert problems == [], problems

    def assert_clean(self) -> None:
        """Fail when database and files disagree or work was left lying."""
        self.assert_agree()
        left = list(self.store.leftovers())
        assert left == [], left


def encoded(target: Path, *options: str, seconds: float = 6) -> Path:
    """Write a small video with ffmpeg, with these options."""
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i"]
    command += [f"testsrc2=size=320x180:rate=25:duration={seconds}", *options, str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target
