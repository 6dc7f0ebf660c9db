"""Measure what a user waits for, and print the rows of docs/measurements.md."""

from __future__ import annotations

import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import media
from observe import schema
from observe.db import open_database
from observe.demo.lesson import make_lesson
from observe.people.models import School
from observe.settings import Settings
from observe.video.hashing import CHUNK_BYTES, sha256_of
from observe.video.kept import KeptFile
from observe.video.media.probe import probe
from observe.video.store import open_store

COMMITS = 200


def demo_lesson(folder: Path) -> str:
    """Draw and encode the demo lesson."""
    return _seconds(lambda: make_lesson(folder / "lesson.mp4"))


def probing(folder: Path) -> str:
    """Measure the demo lesson, as when a video is added."""
    return _seconds(lambda: probe(folder / "lesson.mp4"))


def hashing(folder: Path) -> str:
    """Read and hash 256 MB."""
    big = folder / "big"
    big.write_bytes(bytes(256 * 1024**2))
    return _seconds(lambda: sha256_of(big))


def opening(folder: Path) -> str:
    """Read 256 MB that lie sealed; how many times the reading of the same that lie plain."""
    home = Settings(home=folder / "films", key_file=folder / "vault.key", seal_films=True)
    home.home.mkdir()
    store = open_store(home)
    store.append("film", 0, bytes(256 * 1024**2))
    store.adopt("film", sha256 := sha256_of(store.arriving("film")))
    plain, kept = store.arriving("film"), store.kept(sha256)
    seconds = [min(_read_through(each) for _time in range(3)) for each in (plain, kept)]
    return f"× {seconds[1] / seconds[0]:.1f}"


def _read_through(file: KeptFile) -> float:
    started = time.perf_counter()
    with file.open() as content:
        while content.read(CHUNK_BYTES):
            pass
    return time.perf_counter() - started


def migrating(folder: Path) -> str:
    """Bring an empty database to the newest schema."""
    return _seconds(lambda: schema.upgrade(Settings(home=folder / "home")))


def committing(folder: Path) -> str:
    """Commit small changes one by one, each synced; per commit."""
    database = open_database(Settings(home=folder / "home").url)

    def commit() -> None:
        for number in range(COMMITS):
            with database.write() as session:
                session.add(School(rbd=f"{number}-0", name="x"))

    started = time.perf_counter()
    commit()
    database.engine.dispose()
    return f"{(time.perf_counter() - started) / COMMITS * 1000:.1f} ms"


MEASURED: tuple[tuple[str, Callable[[Path], str], str], ...] = (
    ("demo lesson drawn and encoded", demo_lesson, "25 s"),
    ("probe of a lesson", probing, "2 s"),
    ("hash of 256 MB", hashing, "–"),
    ("256 MB read sealed, against plain", opening, "–"),
    ("empty database to newest schema", migrating, "–"),
    ("one synced commit", committing, "100 ms"),
)


def _seconds(work: Callable[[], object]) -> str:
    started = time.perf_counter()
    work()
    return f"{time.perf_counter() - started:.2f} s"


if __name__ == "__main__":
    machine = f"{platform.system()} {platform.machine()}, SQLite {sqlite3.sqlite_version}"
    day = datetime.now(UTC).date().isoformat()
    with tempfile.TemporaryDirectory() as made:
        for what, measure, budget in MEASURED:
            print(f"| {what} | {measure(Path(made))} | {budget} | {machine} | {day} |", flush=True)
    with tempfile.TemporaryDirectory() as made:
        for row in media.rows(Path(made)):
            print(f"| {row.what} | {row.figure} | {row.budget} | {machine} | {day} |", flush=True)
