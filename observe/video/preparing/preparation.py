"""What the steps of preparing a recording share: its rows, its files, and how far all of it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from observe.jobs import Work
from observe.people import access
from observe.video import derived
from observe.video.derived import Given, Made
from observe.video.desk import Desk
from observe.video.media.graphs import Watch
from observe.video.media.probe import Probe, probe
from observe.video.models import FileKind, Recording
from observe.video.preparing.pace import Pace, pace_of
from observe.video.store import Store, open_store

T = TypeVar("T")
KEYED = "720p"  # in the recipe of a copy that has a key frame each second


@dataclass(frozen=True)
class Playing:
    """The file that plays, measured with the sound that is chosen; `keyed`: quick to jump in."""

    path: Path
    probe: Probe
    keyed: bool


@dataclass(frozen=True)
class Preparation:
    """The preparation of one recording at work."""

    work: Work
    recording_id: UUID
    pace: Pace
    desk: Desk  # what is opened on it is shared by all steps, and goes when the job has ended

    @classmethod
    def of(cls, work: Work, recording_id: UUID) -> Preparation:
        """Return the preparation of this recording.

        Raises:
            NotFoundError: the recording was removed.
        """
        given = _given(work, recording_id)
        recording = given[0]
        plays = bool(recording.playable) and recording.audio_track is None
        pace = pace_of(
            recording.duration_ms or 0,
            sum(each.size_bytes for each in given),
            plays=plays,
            copies=bool(recording.playable) or recording.video_codec == "h264",
        )
        desk = Desk(open_store(work.settings), work.check_cancelled)
        return cls(work, recording_id, pace, desk)

    @property
    def store(self) -> Store:
        """The home's files."""
        return open_store(self.work.settings)

    def recording(self) -> Recording:
        """Return the row as it is now.

        Raises:
            NotFoundError: it was removed meanwhile.
        """
        return self.given()[0]

    def given(self) -> tuple[Recording, *tuple[Given, ...]]:
        """Return the rows of all files of the lesson, in order: the recording, and its parts.

        Raises:
            NotFoundError: the recording was removed meanwhile.
        """
        return _given(self.work, self.recording_id)

    def step(self, name: str, function: Callable[[Preparation], T]) -> T:
        """Run a step once; see `Work.step`."""
        return self.work.step(name, function, self, at_percent=self.pace.percent(name))

    def progress(self, step: str, whole: int | None = None) -> Progress:
        """Return what tells how far `step` is; `whole` is what there is to do in it."""
        return Progress(self.work, self.pace, step, whole)

    def playing(self) -> Playing:
        """Return the file that plays: the copy made for it, else the original."""
        track = self.recording().audio_track
        with self.work.database.read() as session:
            proxy = derived.newest(session, self.recording_id, FileKind.PROXY)
            original = derived.original(session, self.store, self.recording_id)
        if proxy is None:
            path = self.desk.path(original)
            return Playing(path, probe(path, audio_track=track), keyed=False)
        path = self.desk.path(self.store.kept(proxy.sha256))
        return Playing(path, probe(path), keyed=KEYED in proxy.recipe)

    def has(self, kind: FileKind, recipe: str) -> bool:
        """Tell whether a file was made and is whole; a row without its file is forgotten."""
        with self.work.database.read() as session:
            row = derived.find(session, self.recording_id, kind, recipe)
        if row is None or derived.is_whole(self.store, row):
            return row is not None
        with self.work.database.write() as session:
            derived.forget(session, self.store, row.id)
        return False

    def make(self, what: Made, write: Callable[[Path], object], suffix: str = "") -> None:
        """Keep what `write` puts at a temporary path, unless it was made before."""
        if self.has(what.kind, what.recipe):
            return
        made = self.store.temporary(suffix)
        try:
            write(made)
            derived.keep(self.work.database, self.store, made, what, tick=self.work.check_cancelled)
        finally:
            made.unlink(missing_ok=True)


def _given(work: Work, recording_id: UUID) -> tuple[Recording, *tuple[Given, ...]]:
    with work.database.read() as session:
        recording = session.get(Recording, recording_id)
        if recording is None:
            raise access.not_found()
        return (recording, *derived.parts_of(session, recording_id))


@dataclass
class Progress:
    """Tells how far the whole is, and notices a cancel, at a bearable rate."""

    work: Work
    pace: Pace
    step: str
    whole: int | None
    started: float = field(default_factory=time.monotonic)
    checked: float = 0.0

    def tell(self, done: int) -> None:
        """Say that `done` of the step's whole is done."""
        self._tell(min(1.0, done / max(1, self.whole or 1)))

    def _tell(self, share: float) -> None:
        spent = time.monotonic() - self.started
        left = self.pace.seconds_left(self.step, share, spent)
        self.work.progress(self.step, self.pace.percent(self.step, share), seconds_left=left)
        self.notice()

    def notice(self) -> None:
        """Notice a cancel.

        Raises:
            CancelledError: the person asked to stop.
        """
        if time.monotonic() - self.checked > 1:
            self.checked = time.monotonic()
            self.work.check_cancelled()

    def tick(self) -> None:
        """Say how far a step is that does not tell: by the time that it was expected to take."""
        expected = self.pace.seconds[self.step]
        spent = time.monotonic() - self.started
        self._tell(spent / (spent + expected))

    def watch(self, done_before: int = 0) -> Watch:
        """Return what listens to a program that tells milliseconds of the lesson."""
        return Watch(on_time=lambda ms: self.tell(done_before + ms), tick=self.notice)
