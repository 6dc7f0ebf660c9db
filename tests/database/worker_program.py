"""A worker process with handlers to test with: `python -m tests.database.worker_program`."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from uuid import UUID

import sqlalchemy

from observe.daily import run_worker
from observe.errors import BadInputError
from observe.jobs import Work, handler
from observe.settings import settings_from
from observe.text import message

STEPS = ("first", "second", "third")


def _leave(folder: str, subject: str, step: str) -> str:
    """Work a moment, then leave one file: what an idempotent step does."""
    time.sleep(0.15)
    place = Path(folder) / f"{subject}-{step}"
    with (Path(folder) / "log").open("a") as log:
        log.write(f"{subject} {step}\n")
    place.write_text("done")
    return str(place)


@handler("test.steps")
def steps(work: Work, subject_id: UUID) -> None:
    """Do three steps."""
    for step in STEPS:
        work.step(step, _leave, str(work.settings.home), str(subject_id), step)


@handler("test.refused")
def refused(work: Work, subject_id: UUID) -> None:
    """Refuse with a sentence."""
    work.step("refuse", _refuse)


def _refuse() -> None:
    raise BadInputError(message("There is nothing here, or it is not yours to see."))


@handler("test.deadly")
def deadly(work: Work, subject_id: UUID) -> None:
    """End the worker process, each time."""
    with (work.settings.home / "deaths").open("a") as log:
        log.write("x")
    os._exit(9)


@handler("test.long")
def long(work: Work, subject_id: UUID) -> None:
    """Work until someone cancels."""
    for percent in range(100):
        work.progress("long", percent, seconds_left=100 - percent)
        work.check_cancelled()
        time.sleep(0.1)


@handler("test.flaky")
def flaky(work: Work, subject_id: UUID) -> None:
    """Fail once as a full disk would, then work."""
    full = OSError("no space left on device")
    work.step("write", _fail_once, str(work.settings.home / f"flaky-{subject_id}"), full)


@handler("test.busy")
def busy(work: Work, subject_id: UUID) -> None:
    """Fail once as a database does that another one writes to, then work."""
    locked = sqlalchemy.exc.OperationalError("INSERT", {}, Exception("database is locked"))
    work.step("write", _fail_once, str(work.settings.home / f"busy-{subject_id}"), locked)


@handler("test.full")
def full(work: Work, subject_id: UUID) -> None:
    """Find the disk full, each time."""
    work.step("write", _no_space)


def _no_space() -> None:
    raise OSError("no space left on device")


@handler("test.full-database")
def full_database(work: Work, subject_id: UUID) -> None:
    """Find the disk full where the database would write, each time."""
    full = Exception("database or disk is full")
    work.step("write", _fail, sqlalchemy.exc.OperationalError("INSERT", {}, full))


def _fail(fault: Exception) -> None:
    raise fault


def _fail_once(mark: str, fault: Exception) -> None:
    if not Path(mark).exists():
        Path(mark).touch()
        raise fault


def _until_the_pipe_ends(stopped: threading.Event) -> None:
    sys.stdin.read()
    stopped.set()


if __name__ == "__main__":
    over = threading.Event()
    threading.Thread(target=_until_the_pipe_ends, args=[over], daemon=True).start()
    run_worker(settings_from(os.environ), over)
