"""Jobs are never lost: killed workers, refusals, cancelling, and a job that kills its worker."""

from __future__ import annotations

import errno
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe import daily, jobs, schema
from observe.db import Database, open_database
from observe.ids import new_id
from observe.jobs import Job, JobState
from observe.settings import Settings
from tests.database.worker_program import STEPS
from tests.program import child


@contextmanager
def _worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    environ = {
        "OBSERVE_HOME": str(settings.home),
        "OBSERVE_DATABASE_URL": settings.database_url,
    }
    with child("tests.database.worker_program", **environ) as process:
        yield process


def _state(database: Database, job_id: str) -> Job:
    with database.read() as session:
        return session.get_one(Job, job_id)


def _until(check: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _enqueue(database: Database, kind: str, subject: UUID | None = None) -> str:
    with database.write() as session:
        return jobs.enqueue(session, kind, subject or new_id())


def test_a_job_is_enqueued_only_with_its_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        jobs.enqueue(session, "test.steps", new_id())
        raise ZeroDivisionError
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0
        assert session.scalar(sa.text("SELECT count(*) FROM workflow_status")) == 0


def test_asked_twice_is_one_job(database: Database) -> None:
    subject = new_id()
    first = _enqueue(database, "test.steps", subject)
    assert _enqueue(database, "test.steps", subject) == first


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.torture)])
def test_killed_workers_lose_nothing_and_do_nothing_twice(
    home: Settings, database: Database, kills: int
) -> None:
    rng = random.Random(20260512)
    subjects = [new_id() for _ in range(max(2, kills // 2))]
    ids = [_enqueue(database, "test.steps", subject) for subject in subjects]
    for _ in range(kills):
        with _worker(home):
            time.sleep(rng.uniform(0.8, 2.0))
    with _worker(home):
        _until(lambda: all(_state(database, i).ended for i in ids), 300)
    assert {_state(database, i).state for i in ids} == {JobState.DONE}
    for subject in subjects:
        assert [(home.home / f"{subject}-{step}").read_text() for step in STEPS] == ["done"] * 3


def test_finished_steps_are_not_repeated(home: Settings, database: Database) -> None:
    subject = new_id()
    job_id = _enqueue(database, "test.steps", subject)
    with _worker(home):
        _until(lambda: _state(database, job_id).step == "third")
    with _worker(home):
        _until(lambda: _state(database, job_id).ended)
    log = (home.home / "log").read_text().splitlines()
    assert log.count(f"{subject} first") == 1
    assert log.count(f"{subject} second") == 1


def test_a_refusal_is_told_and_can_be_tried_again(home: Settings, database: Database) -> None:
    job_id = _enqueue(database, "test.refused")
    with _worker(home):
        _until(lambda: _state(database, job_id).ended)
        job = _state(database, job_id)
        assert job.state is JobState.FAILED
        assert job.why is not None and "nothing here" in str(job.why)
        with database.write() as session:
            again = jobs.retry(session, job_id)
        assert again != job_id
        _until(lambda: _state(database, again).ended)


def test_a_job_that_kills_its_worker_is_told_and_blocks_no_other(
    home: Settings, database: Database
) -> None:
    deadly, good = _enqueue(database, "test.deadly"), _enqueue(database, "test.steps")
    for _ in range(jobs.INTERRUPTIONS + 4):
        with _worker(home) as process:
            _until(lambda p=process: p.poll() is not None or _state(database, deadly).ended)  # type: ignore[misc]
        if _state(database, deadly).ended:
            break
    assert _state(database, deadly).state is JobState.FAILED
    assert len((home.home / "deaths").read_text()) == jobs.INTERRUPTIONS
    with _worker(home):
        _until(lambda: _state(database, good).state is JobState.DONE)


def test_interrupted_jobs_do_not_wait_for_one_that_waits_for_their_place(
    home: Settings, database: Database
) -> None:
    """All places are taken by jobs more suspected than one that is queued behind them."""
    ids = [_enqueue(database, "test.steps") for _ in range(jobs.AT_ONCE + 1)]
    with database.write() as session:
        for place, job_id in enumerate(ids):
            session.get_one(Job, job_id).interruptions = 2 if place < jobs.AT_ONCE else 1
    with _worker(home):
        _until(lambda: all(_state(database, i).state is JobState.DONE for i in ids))


def test_a_running_job_can_be_cancelled(home: Settings, database: Database) -> None:
    job_id = _enqueue(database, "test.long")
    with _worker(home):
        _until(lambda: _state(database, job_id).percent > 3)
        assert _state(database, job_id).seconds_left is not None
        with database.write() as session:
            jobs.cancel(session, job_id)
        other = _enqueue(database, "test.steps")
        _until(lambda: _state(database, other).ended)
        percent = _state(database, job_id).percent
        time.sleep(1)
        assert _state(database, job_id).percent == percent, "it has stopped"
        assert _state(database, job_id).state is JobState.CANCELLED


def test_a_polite_stop_in_mid_step_leaves_the_job_to_the_next_worker(
    home: Settings, database: Database
) -> None:
    long, steps = _enqueue(database, "test.long"), _enqueue(database, "test.steps")
    with _worker(home) as process:
        _until(lambda: _state(database, long).percent > 3)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    job = _state(database, long)
    assert (job.state, job.interruptions, job.reason) == (JobState.WAITING, 0, None)
    with _worker(home):
        _until(lambda: _state(database, steps).state is JobState.DONE)
        _until(lambda: _state(database, long).state is JobState.DONE)


def test_a_job_that_the_engine_has_closed_is_told_and_holds_up_nobody(
    home: Settings, database: Database
) -> None:
    zombie = _enqueue(database, "test.steps")
    with database.write() as session:
        session.execute(sa.text("UPDATE workflow_status SET status = 'SUCCESS'"))
        session.execute(sa.text("UPDATE job SET state = 'running'"))
    other = _enqueue(database, "test.steps")
    with _worker(home):
        _until(lambda: _state(database, other).state is JobState.DONE)
    assert _state(database, zombie).state is JobState.FAILED


def test_a_full_disk_is_told_as_such(home: Settings, database: Database) -> None:
    job_ids = [_enqueue(database, kind) for kind in ("test.full", "test.full-database")]
    with _worker(home):
        _until(lambda: all(_state(database, job_id).ended for job_id in job_ids), 60)
    for job_id in job_ids:
        assert "Make room" in str(_state(database, job_id).why)


def test_a_passing_fault_is_tried_again(home: Settings, database: Database) -> None:
    job_ids = [_enqueue(database, f"test.{kind}") for kind in ("flaky", "busy")]
    with _worker(home):
        _until(lambda: all(_state(database, job_id).ended for job_id in job_ids))
    assert {_state(database, job_id).state for job_id in job_ids} == {JobState.DONE}


def test_a_disk_that_fails_does_not_end_the_worker(
    home: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def fail(_settings: Settings, _database: Database, at: datetime) -> list[str]:
        looked.append(at)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(daily, "ask_for_daily", fail)
    daily._look(home, database)
    assert len(looked) == 1


def test_there_is_one_worker_a_home(home: Settings, database: Database) -> None:
    job_id = _enqueue(database, "test.long")
    with _worker(home):
        _until(lambda: _state(database, job_id).state is JobState.RUNNING)
        with pytest.raises(jobs.WorkerBusyError), jobs.worker(home):
            pass


def test_jobs_run_at_a_hub(tmp_path: Path, postgres_hub: str) -> None:
    settings = replace(Settings(home=tmp_path, mode="hub"), database_url=postgres_hub)
    schema.migrate(settings.url, "head")
    database = open_database(settings.url)
    job_id = _enqueue(database, "test.steps")
    with _worker(settings):
        _until(lambda: _state(database, job_id).step == "second")
    with _worker(settings):
        _until(lambda: _state(database, job_id).state is JobState.DONE)
    database.engine.dispose()
