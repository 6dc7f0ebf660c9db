"""Preparation ended at any moment, between two lines or by `kill -9`: done once, nothing lost."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from observe import daily
from observe.db import Database
from observe.jobs import CancelledError, JobState
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.video import operations
from observe.video import store as store_module
from observe.video.models import DerivedFile, FileKind, Recording, RecordingState
from observe.video.preparing import copies, prepare
from observe.video.preparing.copies import make_playable
from observe.video.preparing.originals import keep_originals
from observe.video.store import Store
from observe.video.sweep import sweep
from tests.kept import killed_copy
from tests.lessons import Alone, Lessons, encoded
from tests.program import PROCESSES

T = TypeVar("T")

# --- killed between two lines --------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the end of the process at this line."""


def kill(*_arguments: object) -> None:
    raise Killed


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("killed_at", ["adopt", "delete_incoming"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_original_is_found_wherever_keeping_it_is_killed(
    lessons: Lessons,
    small_video: Path,
    monkeypatch: pytest.MonkeyPatch,
    killed_at: str,
    when: str,
    *,
    links: bool,
) -> None:
    def no_links(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EPERM, "this file system has no links")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    added = lessons.add(small_video)
    tag = lessons.playable(added).tag
    task, whole = lessons.task(added), getattr(Store, killed_at)

    def kill_there(*arguments: object) -> None:
        if when == "after":
            whole(*arguments)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Store, killed_at, kill_there)
        keep_originals(task)
    assert lessons.playable(added).file.plain.read_bytes() == small_video.read_bytes()
    lessons.assert_clean()
    sweep(lessons.database, lessons.store)
    sha256 = keep_originals(task)
    assert sha256 == hashlib.sha256(small_video.read_bytes()).hexdigest()
    assert keep_originals(task) == sha256
    assert list(lessons.store.incomings()) == []
    found = lessons.playable(added)
    assert (found.file.plain, found.tag) == (lessons.store.blob(sha256), tag)
    lessons.assert_clean()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("killed_at", ["_copy", "_place_incoming", "adopt"])
def test_a_borrowed_original_is_copied_in_wherever_that_is_killed(
    lessons: Lessons, small_video: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str, when: str
) -> None:
    monkeypatch.setattr(store_module, "cloned", lambda *_: False)
    monkeypatch.setattr(store_module, "BORROWED_ABOVE", 0)
    added = lessons.add(small_video)
    assert lessons.playable(added).file.plain == small_video
    task, whole = lessons.task(added), getattr(Store, killed_at)

    def kill_there(*arguments: object) -> None:
        if when == "after":
            whole(*arguments)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Store, killed_at, kill_there)
        keep_originals(task)
    assert lessons.playable(added).file.plain.read_bytes() == small_video.read_bytes()
    lessons.assert_clean()
    sweep(lessons.database, lessons.store)
    keep_originals(task)
    assert list(lessons.store.incomings()) == []
    assert lessons.playable(added).file.plain.read_bytes() == small_video.read_bytes()
    assert small_video.exists()
    lessons.assert_clean()


@pytest.mark.parametrize("killed_at", ["adopt", "delete_incoming"])
def test_every_part_is_found_wherever_keeping_it_is_killed(
    lessons: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    paths = [encoded(tmp_path / f"{seconds}.mp4", seconds=seconds) for seconds in (1, 2, 3)]
    added = lessons.add(*paths)
    task = lessons.task(added)
    for _path in paths:
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(Store, killed_at, kill)
            keep_originals(task)
        lessons.assert_clean()
        sweep(lessons.database, lessons.store)
        kept = [lessons.store.blob(given.sha256).exists() for given in task.given() if given.sha256]
        assert all(kept) or killed_at == "adopt"
    keep_originals(task)
    assert list(lessons.store.incomings()) == []
    named = [given.sha256 for given in task.given()]
    assert named == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    lessons.assert_clean()


def test_a_copy_kept_before_a_kill_still_gives_its_own_length(
    lessons: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encoded(tmp_path / "a.avi", "-c:v", "mpeg4")
    added = lessons.add(path)
    with lessons.database.write() as session:
        session.get_one(Recording, added.id).duration_ms = 60_000  # as its index declares
    task = lessons.task(added)
    keep_originals(task)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(copies, "_ready", kill)
        make_playable(task)
    assert make_playable(task) is None
    recording = lessons.now(added)
    assert (recording.state, recording.duration_ms) == (RecordingState.READY, 6_000)


def test_side_files_stay_while_their_job_lives_and_go_with_it(
    lessons: Lessons, tmp_path: Path
) -> None:
    added = lessons.add(encoded(tmp_path / "a.avi", "-c:v", "mpeg4"))
    make_playable(lessons.task(added))
    left = {side.name.split(".")[1]: side.size_bytes for side in lessons.store.sides()}
    assert set(left) == {"grey", "strip6"}
    assert left["grey"] == 30 * 160 * 90
    sweep(lessons.database, lessons.store)
    assert len(list(lessons.store.sides())) == 2
    lessons.assert_agree()
    with lessons.database.write() as session:
        operations.cancel_preparation(session, added.id, actor=lessons.cast.observer)
    assert ["left behind" in problem for problem in lessons.problems()] == [True, True]
    sweep(lessons.database, lessons.store)
    lessons.assert_clean()


class AtOnce(Alone):
    """A job without a worker: its steps are only called."""

    def step(
        self, name: str, function: Callable[..., T], *arguments: object, at_percent: int = 0
    ) -> T:
        """Run the step."""
        return function(*arguments)


@pytest.mark.parametrize("error", [KeyError("unforeseen"), CancelledError(), Killed()])
@pytest.mark.parametrize("overtaken", [False, True])
def test_side_files_go_with_their_job_however_it_ends_but_not_under_its_successor(
    lessons: Lessons,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    *,
    overtaken: bool,
) -> None:
    def fail(_task: object) -> None:
        raise error

    added = lessons.add(encoded(tmp_path / "a.avi", "-c:v", "mpeg4", seconds=1))
    with lessons.database.read() as session:
        job = operations.preparation_of(session, added)
    assert job is not None
    monkeypatch.setattr(prepare, "make_poster", fail)
    job_id = "an earlier one" if overtaken else job.id
    with pytest.raises(type(error)):
        prepare.prepare(AtOnce(job_id, lessons.home, lessons.database), added.id)
    stay = overtaken or isinstance(error, Killed)
    assert len(list(lessons.store.sides())) == 2 * int(stay)


# --- kill -9 --------------------------------------------------------------------------------------

Start = Callable[[], BaseProcess]


def work(home: Path) -> None:
    """Be the worker of `home`."""
    daily.run_worker(Settings(home=home), threading.Event())


@pytest.fixture
def worker(home: Settings) -> Iterator[Start]:
    running: list[BaseProcess] = []

    def start() -> BaseProcess:
        process = PROCESSES.Process(target=work, args=(home.home,))
        process.start()
        running.append(process)
        return process

    yield start
    for process in running:
        end(process)


def end(process: BaseProcess) -> None:
    """End it as a power cut would."""
    process.kill()
    process.join(60)


SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=20", "-shortest"]
MP4 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"]
CAMERAS = {
    "played as it is": [("a.mp4", [*SOUND, *MP4], 20)],
    "damaged": [("a.mp4", [*SOUND, *MP4], 20)],
    "remuxed": [("a.mkv", [*SOUND, *MP4], 20)],
    "encoded": [("a.avi", [*SOUND, "-c:v", "mpeg4"], 20)],
    "joined": [("a.mp4", [*SOUND, *MP4], 8), ("b.mp4", [*SOUND, *MP4], 12)],
    "joined encoded": [("a.avi", [*SOUND, "-c:v", "mpeg4"], 8), ("b.mp4", [*SOUND, *MP4], 12)],
}
AS_IT_IS = ("played as it is", "damaged")
COPIED = ("damaged", "remuxed", "encoded", "joined", "joined encoded")
ONCE = {FileKind.POSTER, FileKind.STRIP, FileKind.WAVEFORM, FileKind.VOICES, FileKind.ACTIVITY}


def filmed(folder: Path, camera: str) -> list[Path]:
    films = [
        encoded(folder / name, *options, seconds=seconds)
        for name, options, seconds in CAMERAS[camera]
    ]
    if camera == "damaged":
        content = bytearray(films[0].read_bytes())
        middle = len(content) // 2
        content[middle : middle + 20_000] = bytes(20_000)
        films[0].write_bytes(content)
    return films


HERE = {
    "encoded": ["proxy", "poster", "captions"],
    "joined": ["proxy", "hash", "survey", "activity"],
    "damaged": ["mend"],
}


@pytest.mark.parametrize("camera", HERE)
def test_killed_in_every_step_it_is_done_once(
    lessons: Lessons, worker: Start, tmp_path: Path, camera: str
) -> None:
    """Each step here is killed with one camera at least; under `torture` with each of them."""
    assert set(prepare.STEPS) == {step for steps in HERE.values() for step in steps}
    added = lessons.add(*filmed(tmp_path, camera))
    for step in HERE[camera]:
        kill_in(lessons, worker, added, step, wait_s=0)
    assert_done_once(lessons, added, camera)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("step", prepare.STEPS)
@pytest.mark.parametrize("camera", CAMERAS)
def test_killed_anywhere_in_a_step_it_is_done_once(
    lessons: Lessons, worker: Start, tmp_path: Path, camera: str, step: str, seed: int
) -> None:
    chance = random.Random(f"{camera} {step} {seed}")
    added = lessons.add(*filmed(tmp_path, camera))
    for _time in range(3):
        kill_in(lessons, worker, added, step, wait_s=chance.expovariate(4))
        lessons.assert_agree()
    assert_done_once(lessons, added, camera)


def kill_in(
    lessons: Lessons, worker: Start, recording: Recording, step: str, *, wait_s: float
) -> None:
    """Kill the worker once it has come as far as `step`, and a moment later."""
    process = worker()
    wait_until_step(lessons, recording, step)
    time.sleep(wait_s)
    end(process)


def wait_until_step(lessons: Lessons, recording: Recording, step: str) -> None:
    order, deadline = list(prepare.STEPS), time.monotonic() + 60
    while time.monotonic() < deadline:
        with lessons.database.read() as session:
            job = operations.preparation_of(session, recording)
        assert job is not None
        if job.ended or (job.step and order.index(job.step) >= order.index(step)):
            return
        time.sleep(0.02)
    pytest.fail(f"the worker did not come to {step}")


def assert_done_once(lessons: Lessons, added: Recording, camera: str) -> None:
    recording, job = lessons.prepared(added)
    assert (job.state, job.reason, recording.state) == (JobState.DONE, None, RecordingState.READY)
    assert recording.duration_ms == pytest.approx(20_000, abs=100)
    with lessons.database.read() as session:
        made = session.scalars(sa.select(DerivedFile)).all()
        trail = session.scalars(
            sa.select(AuditEntry.action).where(AuditEntry.thing_id == recording.id)
        ).all()
    assert sorted(row.kind for row in made) == sorted(
        ONCE | ({FileKind.PROXY} if camera in COPIED else set())
    )
    files = len(CAMERAS[camera])
    assert len(list(lessons.store.blobs())) == files + len(made)
    ready = [] if camera in AS_IT_IS else ["recording.ready"]
    assert sorted(trail) == ["recording.added", *["recording.kept"] * files, *ready]
    lessons.assert_clean()


def test_a_worker_that_starts_removes_the_plain_copy_that_a_killed_backup_left(
    database: Database, home: Settings
) -> None:
    copy = killed_copy(home.home)
    (copy / "observe.sqlite").touch()
    prepare.tidy(home, database)
    assert not copy.parent.exists()
