"""Media: what preparing a lesson costs, each beside what it is compared with, in one run.

Only ratios count, on a machine where other things run too: the two sides of a pair take turns, and
the medians are compared. The lesson is made once (1080p, 25 frames and one key frame a second as
phones write, noise like a camera's in poor light, things that come back to where they were after a
minute) and looped by stream copy to the lengths wanted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa

from observe import schema
from observe.db import open_database
from observe.jobs import JobState
from observe.settings import Settings
from observe.video.media import graphs, pictures, shapes
from observe.video.media.probe import probe
from observe.video.media.tools import ffmpeg_path
from observe.video.models import DerivedFile, Recording, RecordingState
from observe.video.operations import LessonDetails, preparation_of
from observe.video.preparing import prepare
from observe.video.preparing.copies import make_playable
from observe.video.preparing.preparation import Preparation
from observe.video.store import Store
from tests import factories
from tests.lessons import Lessons

REPEATS = 3
LENGTHS = (1, 10, 90)  # minutes of lesson for what must not grow with it
REMUXED = 10
DRAWN = 60  # minutes of lesson for what is drawn
ENCODED = 10
MIB = 1024**2
LOOK_SECONDS = 0.05
SETTLED = 2  # seconds after which an encoder's bitrate is even, as it is in a lesson


@dataclass(frozen=True)
class Row:
    """A line of the table: what is compared with what, the figure, the budget."""

    what: str
    figure: str
    budget: str


def rows(folder: Path) -> Iterator[Row]:
    """Measure everything, one row after the other; `folder` needs 12 GB."""
    film = Film(folder)
    with a_home(folder / "lessons") as lessons:
        for minutes in LENGTHS:
            yield plays_at_once(lessons, film.plain(minutes), minutes)
        yield remuxed(lessons, film)
        for minutes in LENGTHS:
            yield memory(lessons, film.plain(minutes), minutes)
        yield drawn(lessons, film)
        yield watched(lessons, film)
        yield with_proxy(lessons, film)


# --- the lesson ----------------------------------------------------------------------------------


def ffmpeg(*options: str) -> None:
    """Run plain ffmpeg, as anybody would on a command line."""
    subprocess.run([ffmpeg_path(), "-nostdin", "-v", "error", "-y", *options], check=True)


@dataclass(frozen=True)
class Film:
    """Lessons of any length, made in `folder` when they are asked for first."""

    folder: Path

    def camera(self, minutes: int) -> Path:
        """Return a lesson at a camera's bitrate, about 12 Mbit/s."""
        return self._looped("camera.mp4", minutes, "-b:v", "12M", noise=12)

    def plain(self, minutes: int, suffix: str = ".mp4") -> Path:
        """Return a lesson of few bytes: for times in which size has no part."""
        return self._looped(f"plain{suffix}", minutes, "-crf", "32", noise=0)

    def old(self, minutes: int) -> Path:
        """Return a lesson that no browser plays: MPEG-4 part 2, as old cameras write it."""
        options = ("-c:v", "mpeg4", "-q:v", "5", "-g", "25")
        return self._looped("old.mov", minutes, *options, noise=0)

    def _looped(self, name: str, minutes: int, *options: str, noise: int) -> Path:
        first, whole = self.folder / f"1-{name}", self.folder / f"{minutes}-{name}"
        if not first.exists():
            begun = self.folder / f"begun-{name}"
            _film(begun, options, noise)
            settled = ("-ss", str(SETTLED), "-i", str(begun), "-map", "0", "-c", "copy")
            ffmpeg(*settled, "-t", "60", str(first))
        if not whole.exists():
            loops = ("-stream_loop", str(minutes - 1))
            ffmpeg(*loops, "-i", str(first), "-map", "0", "-c", "copy", str(whole))
        return whole


def _film(target: Path, options: Sequence[str], noise: int) -> None:
    seconds = 60 + SETTLED
    gradient = f"gradients=size=1920x1080:rate=25:duration={seconds}:c0=gray:c1=white:speed=0.00001"
    # Period: a minute, so that a loop makes no cut.
    moving = "'960+700*sin(2*PI*t/20)':'480+300*cos(2*PI*t/30)'"
    picture = f"{gradient},noise=alls={noise}:allf=t[back];color=navy:size=240x360:rate=25[figure]"
    picture += f";[back][figure]overlay={moving}:shortest=1"
    sound = f"anoisesrc=color=pink:duration={seconds}:amplitude=0.4,tremolo=f=4:d=0.9"
    ffmpeg(
        *("-f", "lavfi", "-i", sound, "-filter_complex", picture, "-pix_fmt", "yuv420p"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac"),
        *options,
        str(target),
    )


@contextmanager
def a_home(folder: Path) -> Iterator[Lessons]:
    """Yield a new home with one observer, who adds lessons."""
    settings = Settings(home=folder)
    schema.upgrade(settings)
    database = open_database(settings.url)
    with database.write() as session:
        cast = factories.cast(session)
    details = LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]
    yield Lessons(settings, database, Store(settings.store_path), cast, details)
    database.engine.dispose()


# --- comparing -----------------------------------------------------------------------------------


def medians(*works: Callable[[], object]) -> list[float]:
    """Return the median seconds of each work; they take turns, so that noise hits all alike."""
    taken: list[list[float]] = [[] for _ in works]
    for _repeat in range(REPEATS):
        for work, times in zip(works, taken, strict=True):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
    return [statistics.median(times) for times in taken]


def compared(what: str, ours: float, theirs: float, budget: str) -> Row:
    """Return the row of a ratio, with both its sides in seconds."""
    return Row(what, f"{ours / theirs:.2f} × ({ours:.1f} s / {theirs:.1f} s)", budget)


# --- codable -------------------------------------------------------------------------------------


def plays_at_once(lessons: Lessons, path: Path, minutes: int) -> Row:
    """Measure file → codable where the browser plays the file as it is."""
    (taken,) = medians(lambda: _added(lessons, path, RecordingState.READY))
    what = f"file → codable, as it is, {minutes} min"
    return Row(what, f"{taken:.2f} s", "3 s for any length")


def _added(lessons: Lessons, path: Path, state: RecordingState) -> None:
    if lessons.add(path).state is not state:
        raise RuntimeError(f"not {state}")


def remuxed(lessons: Lessons, film: Film) -> Row:
    """Measure file → codable for another container, beside plain ffmpeg that copies the packets."""
    source, target = film.plain(REMUXED, ".mkv"), film.folder / "copied.mp4"
    ours, theirs = medians(
        lambda: make_playable(lessons.task(lessons.add(source))),
        lambda: ffmpeg("-i", str(source), "-c", "copy", str(target)),
    )
    figure = f"+ {ours - theirs:.2f} s ({ours:.2f} s / {theirs:.2f} s)"
    return Row(f"file → codable, remuxed, beside the remux alone, {REMUXED} min", figure, "+ 3 s")


# --- memory --------------------------------------------------------------------------------------


# As `observe work` runs it; this process holds more than a worker does.
_WORKER = """
import sys, threading
from pathlib import Path
from observe import daily
from observe.settings import Settings
from observe.video.preparing import prepare
daily.run_worker(Settings(home=Path(sys.argv[1])), threading.Event())
"""


def memory(lessons: Lessons, path: Path, minutes: int) -> Row:
    """Measure the largest memory of the worker, and of any of its children, in a preparation."""
    added = lessons.add(path)
    worker = subprocess.Popen([sys.executable, "-c", _WORKER, str(lessons.home.home)])
    try:
        peaks = _largest(worker, lambda: _ended(lessons, added))
    finally:
        worker.kill()
        worker.wait()
    own, child = (peaks.get(part, 0) / MIB for part in ("worker", "child"))
    figure = f"{own:.0f} MB, {child:.0f} MB"
    return Row(f"largest memory of worker, of a child, {minutes} min", figure, "300 MB, flat")


def _ended(lessons: Lessons, recording: Recording) -> bool:
    with lessons.database.read() as session:
        job = preparation_of(session, recording)
    if job is not None and job.ended and job.state is not JobState.DONE:
        raise RuntimeError(str(job.reason))
    return job is not None and job.ended


def _largest(worker: subprocess.Popen[bytes], ended: Callable[[], bool]) -> dict[str, int]:
    """Return the largest resident memory of the worker and of any child, until `ended`."""
    peaks: dict[str, int] = {}
    me = psutil.Process(worker.pid)
    own = me.cmdline()
    while not ended():
        for process in (me, *me.children(recursive=True)):
            with suppress(psutil.Error):
                # Between fork and exec a child has its parent's memory, and its command line.
                part = "worker" if process.cmdline() == own else "child"
                peaks[part] = max(peaks.get(part, 0), process.memory_info().rss)
        time.sleep(LOOK_SECONDS)
    return peaks


# --- drawn ---------------------------------------------------------------------------------------


def drawn(lessons: Lessons, film: Film) -> Row:
    """Measure waveform, voices and film strip beside the sound and the seek thumbnails alone."""
    source = film.camera(DRAWN)
    measured = probe(source)
    layout = shapes.plan_strip(measured.duration_ms, measured.width, measured.height)

    def theirs() -> None:
        sound, strip = film.folder / "sound", film.folder / "strip.jpg"
        ffmpeg("-i", str(source), *("-vn", "-ac", "1", "-ar", "16000", "-f", "s16le"), str(sound))
        pictures.draw_strip(source, measured, layout, strip, lambda: None)

    task = lessons.task(lessons.add(source))
    ours, alone = medians(lambda: _again(task, prepare.survey), theirs)
    what = f"waveform, voices, strip beside sound and seek thumbnails alone, {DRAWN} min"
    return compared(what, ours, alone, "1.3 ×")


def watched(lessons: Lessons, film: Film) -> Row:
    """Measure the activity timeline beside one pass of plain ffmpeg over the key frames."""
    source = film.camera(DRAWN)

    def theirs() -> None:
        keys = ("-discard:v", "nokey", "-skip_frame", "nokey", "-i", str(source))
        ffmpeg(*keys, *("-an", "-vf", "scale=160:90,format=gray", "-f", "null", "-"))

    task = lessons.task(lessons.add(source))
    ours, alone = medians(lambda: _again(task, prepare.watch), theirs)
    return compared(f"activity beside one key-frame pass, {DRAWN} min", ours, alone, "1.2 ×")


def _again(task: Preparation, *steps: Callable[[Preparation], None]) -> None:
    """Do these steps as if for the first time."""
    with task.work.database.write() as session:
        session.execute(sa.delete(DerivedFile))
    for step in steps:
        step(task)


def with_proxy(lessons: Lessons, film: Film) -> Row:
    """Measure a whole preparation that encodes, beside the plain proxy command alone."""
    source, target = film.old(ENCODED), film.folder / "proxy.mp4"
    measured = probe(source)
    outline = graphs.outline_of(measured)

    def theirs() -> None:
        picture = f"scale={outline.width}:{outline.height},fps={outline.rate}"
        ffmpeg(
            *("-i", str(source), "-vf", picture, "-c:v", "libx264", "-preset", "veryfast"),
            *("-crf", "23", "-pix_fmt", "yuv420p", "-force_key_frames", "expr:gte(t,n_forced)"),
            *("-c:a", "aac", "-b:a", "96k", "-ac", "2", str(target)),
        )

    ours, alone = medians(lambda: _all_steps(lessons, source), theirs)
    what = f"everything with a proxy beside the plain proxy command alone, {ENCODED} min"
    return compared(what, ours, alone, "1.15 ×")


def _all_steps(lessons: Lessons, source: Path) -> None:
    _recording, job = lessons.prepared(lessons.add(source))
    if job.state is not JobState.DONE:
        raise RuntimeError(str(job.reason))
