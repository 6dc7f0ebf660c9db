"""Background work that is never lost: enqueued with the change that asks for it, run until done.

DBOS keeps the jobs in the application's own database and runs a killed one again, from its last
finished step; nothing outside this module knows of it. A handler is a short list of idempotent
steps. What a person sees (state, step, percent, reason) is in the table `job`.
"""

from __future__ import annotations

import enum
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSClient
from filelock import FileLock, Timeout
from sqlalchemy.orm import Mapped, Session, mapped_column

from observe.db import Base, Database, choice, now, open_database
from observe.errors import ObserveError
from observe.settings import Settings
from observe.text import Message, message

APPLICATION = "observe"
PROTOCOL = "observe-jobs-1"  # not the source's hash: an upgrade must not orphan waiting jobs
AT_ONCE = 2  # so that cutting two clips does not wait behind an hour of film
POLL_SECONDS = 0.5
INTERRUPTIONS = 5  # a job whose worker dies this often without a step done is told as failed
RECOVERIES = 10_000  # DBOS counts every recovery, also of the innocent, so our own count decides
ATTEMPTS = 4  # of a step that a disk or a busy database refuses
PROGRESS_SECONDS = 0.5

log = structlog.get_logger(__name__)


class Queue(enum.StrEnum):
    """Where a job waits; each queue has workers of its own, so the second never waits for hours."""

    USUAL = "observe"
    AT_ONCE = "observe-at-once"  # short work on which the safety of what was given depends


class JobState(enum.StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


class Job(Base):
    """What a person sees of a job. `step` is a stable code, `reason` the source of a sentence."""

    __tablename__ = "job"
    __table_args__ = (sa.UniqueConstraint("kind", "subject_id", "attempt"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    attempt: Mapped[int]
    state: Mapped[JobState] = mapped_column(choice(JobState), default=JobState.WAITING)
    step: Mapped[str] = mapped_column(default="")
    percent: Mapped[int] = mapped_column(default=0)
    seconds_left: Mapped[int | None]
    interruptions: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None]
    reason_values: Mapped[str] = mapped_column(default="{}")
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to this job by itself."""
        return self.state in ENDED

    @property
    def why(self) -> Message | None:
        """Return why the job failed, as a sentence."""
        return Message(self.reason, json.loads(self.reason_values)) if self.reason else None


class CancelledError(Exception):
    """The person asked for this job to stop."""


class StoppingError(BaseException):
    """The worker stops: the job is left as it is, for the next one.

    No Exception, so that neither a handler nor DBOS takes it for the end of the job.
    """


# --- asking for work ----------------------------------------------------------------------------


def enqueue(
    session: Session,
    kind: str,
    subject_id: UUID,
    *,
    again: bool = False,
    queue: Queue = Queue.USUAL,
) -> str:
    """Ask for the job `kind` on `subject_id` in the caller's transaction; return its id.

    While an earlier one is waiting, running or done, that one is meant and nothing is added;
    except with `again`, when what it works from has changed: then it is cancelled and done anew.
    """
    last = latest(session, kind, subject_id)
    if last is not None and last.state not in (JobState.FAILED, JobState.CANCELLED):
        if not again:
            return last.id
        cancel(session, last.id)
    attempt = last.attempt + 1 if last else 1
    job = Job(
        id=f"{kind}:{subject_id}:{attempt}", kind=kind, subject_id=subject_id, attempt=attempt
    )
    session.add(job)
    session.flush()
    _client(session.get_bind().engine).enqueue_in_transaction(
        session,
        {
            "queue_name": queue.value,
            "workflow_name": _run.__qualname__,
            "workflow_id": job.id,
            "app_version": PROTOCOL,
        },
        job.id,
    )
    return job.id


def retry(session: Session, job_id: str) -> str:
    """Ask again for a job that failed or was cancelled; return the id of the new attempt."""
    job = session.get_one(Job, job_id)
    return enqueue(session, job.kind, job.subject_id)


def cancel(session: Session, job_id: str) -> None:
    """Ask a job to stop: one that waits never starts, one that runs ends at its next check."""
    _change(session, job_id, state=JobState.CANCELLED)


def stop(session: Session, kind: str, subject_id: UUID) -> None:
    """Ask the last attempt of the job `kind` on `subject_id` to stop, if it has not ended."""
    job = latest(session, kind, subject_id)
    if job is not None and not job.ended:
        cancel(session, job.id)


def latest(session: Session, kind: str, subject_id: UUID) -> Job | None:
    """Return the last attempt of the job `kind` on `subject_id`."""
    return session.scalars(
        sa.select(Job)
        .where(Job.kind == kind, Job.subject_id == subject_id)
        .order_by(Job.attempt.desc())
        .limit(1)
    ).first()


def _change(session: Session, job_id: str, **values: object) -> None:
    """Change a job that has not ended; an ended one stays as it is."""
    session.execute(
        sa.update(Job)
        .where(Job.id == job_id, Job.state.in_([JobState.WAITING, JobState.RUNNING]))
        .values(updated_at=now(), **values)
    )


_clients: WeakKeyDictionary[sa.Engine, DBOSClient] = WeakKeyDictionary()


def _client(engine: sa.Engine) -> DBOSClient:
    if engine not in _clients:
        _clients[engine] = DBOSClient(system_database_engine=engine, lazy=True)
    return _clients[engine]


# --- doing it -----------------------------------------------------------------------------------

T = TypeVar("T")
# A disk that is full, or a database that another one writes to for longer than we wait.
_PASSING: Final = (OSError, sa.exc.OperationalError)


def _is_full(error: OSError | sa.exc.OperationalError) -> bool:
    """Tell whether the disk did not take something, also where the database met that."""
    if isinstance(error, OSError):
        return True
    return any(words in str(error.orig) for words in ("is full", "disk I/O", "No space left"))


Handler = Callable[["Work", UUID], None]
_handlers: dict[str, Handler] = {}


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Mark a function as what the worker does for jobs of `kind`."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        return function

    return register


Beginning = Callable[[Settings, Database], None]
_beginnings: list[Beginning] = []


def before_work(function: Beginning) -> Beginning:
    """Mark a function to be run when a worker starts: alone in its home, before any job."""
    _beginnings.append(function)
    return function


@dataclass
class Work:
    """A running job, as its handler sees it."""

    job_id: str
    settings: Settings
    database: Database
    _told_at: float = field(default=0.0, init=False)
    _told: tuple[str, int] = field(default=("", -1), init=False)

    def step(
        self, name: str, function: Callable[..., T], *arguments: object, at_percent: int = 0
    ) -> T:
        """Run `function` once and keep its result; after a kill, finished steps are not repeated.

        `function` is idempotent and returns what JSON can hold; a disk or a database that refuses
        is tried again, later each time. `at_percent` is how far the job is when the step begins.

        Raises:
            ObserveError, CancelledError: as `function` raised them.
        """
        self.check_cancelled()
        self.progress(name, at_percent)
        outcome: _Outcome = DBOS.run_step(
            {
                "name": name,
                "retries_allowed": True,
                "max_attempts": ATTEMPTS,
                "interval_seconds": 1.0,
                "backoff_rate": 3.0,
                "should_retry": lambda error: isinstance(error, _PASSING),
            },
            self._outcome,
            function,
            *arguments,
        )
        value: T = outcome.result()
        return value

    def _outcome(self, function: Callable[..., object], *arguments: object) -> _Outcome:
        """Run on the first time only: what is kept is returned again after a kill."""
        try:
            outcome = _Outcome(value=function(*arguments))
        except ObserveError as error:
            outcome = _Outcome(refused=ObserveError(error.message))
        except CancelledError:
            outcome = _Outcome(cancelled=True)
        except _PASSING as error:
            if not _last_attempt():
                raise
            log.exception("step failed for the last time")
            outcome = _Outcome(refused=ObserveError(_NO_ROOM if _is_full(error) else _BUSY))
        with self.database.write() as session:
            _change(session, self.job_id, interruptions=0)
        return outcome

    def progress(self, step: str, percent: int, *, seconds_left: int | None = None) -> None:
        """Tell how far `step` is; written at most twice a second, a change of step at once."""
        if step == self._told[0] and time.monotonic() - self._told_at < PROGRESS_SECONDS:
            return
        self._told, self._told_at = (step, percent), time.monotonic()
        _check_stopping()
        try:
            with self.database.write() as session:
                _change(session, self.job_id, step=step, percent=percent, seconds_left=seconds_left)
        except sa.exc.OperationalError:  # a busy database is no reason to lose an hour's work
            log.warning("progress not written", step=step, percent=percent)

    def check_cancelled(self) -> None:
        """Raise CancelledError when the person asked this job to stop."""
        _check_stopping()
        with self.database.read() as session:
            if session.scalar(sa.select(Job.state).where(Job.id == self.job_id)) in ENDED:
                raise CancelledError


def _last_attempt() -> bool:
    status = DBOS.step_status
    if status is None or status.current_attempt is None or status.max_attempts is None:
        return True
    return status.current_attempt + 1 >= status.max_attempts


@dataclass(frozen=True)
class _Outcome:
    """How a step ended, in a form that DBOS can keep: a refusal is an answer, not a crash."""

    value: Any = None
    refused: ObserveError | None = None
    cancelled: bool = False

    def result(self) -> Any:  # noqa: ANN401  # whatever the step's function returned
        if self.cancelled:
            raise CancelledError
        if self.refused is not None:
            raise self.refused
        return self.value


@dataclass
class _Workplace:
    """What the one worker of this process works with; DBOS itself is one a process."""

    settings: Settings
    database: Database
    stopping: threading.Event = field(default_factory=threading.Event)
    at_work: set[str] = field(default_factory=set)


_workplace: _Workplace | None = None


def _check_stopping() -> None:
    if _workplace is not None and _workplace.stopping.is_set():
        raise StoppingError


@DBOS.workflow(max_recovery_attempts=RECOVERIES)
def _run(job_id: str) -> None:
    _check_stopping()
    place = _workplace
    if place is None:
        raise StoppingError
    place.at_work.add(job_id)
    try:
        with structlog.contextvars.bound_contextvars(job=job_id):
            _do_or_tell(Work(job_id, place.settings, place.database))
    finally:
        place.at_work.discard(job_id)


def _do_or_tell(work: Work) -> None:
    try:
        _do(work)
    except CancelledError:
        # also where the job itself found it not wanted
        _note(work.database, work.job_id, state=JobState.CANCELLED)
        log.info("job cancelled")
    except ObserveError as error:
        _fail(work.database, work.job_id, error.message)
    except Exception as error:  # the job boundary: told, logged, and over
        _check_stopping()
        log.exception("job failed")
        _fail(work.database, work.job_id, _unexpected(error))


_NO_ROOM = message(
    "The disk did not take or give a file, several times. Make room on it, then try again."
)
_BUSY = message("The database was busy for too long, several times. Try again in a while.")
_INTERRUPTED = message(
    "This was interrupted too many times. Try again; see the log for the reason."
)


def _do(work: Work) -> None:
    while not _began(work):
        time.sleep(POLL_SECONDS)
    with work.database.read() as session:
        job = session.get_one(Job, work.job_id)
    _handlers[job.kind](work, job.subject_id)
    _note(work.database, work.job_id, state=JobState.DONE, percent=100, seconds_left=0)


def _began(work: Work) -> bool:
    """Begin the job and tell whether it was its turn.

    Interrupted jobs go on one by one, the least suspected first: one of them may have killed the
    worker, and alone it cannot take the innocent with it again. Only those at work here are waited
    for: one that is still queued may need the place of those that would wait for it.
    """
    work.check_cancelled()
    try:
        return _turn(work)
    except sa.exc.OperationalError:  # a busy database: its turn comes later
        log.warning("not begun yet: the database is busy")
        return False


def _turn(work: Work) -> bool:
    at_work = _workplace.at_work if _workplace is not None else set()
    with work.database.write() as session:
        if session.get_one(Job, work.job_id).interruptions > 0:
            first = session.scalars(
                sa.select(Job.id)
                .where(Job.state.not_in(ENDED), Job.interruptions > 0, Job.id.in_(tuple(at_work)))
                .order_by(Job.state != JobState.RUNNING, Job.interruptions, Job.id)
                .limit(1)
            ).first()
            if first != work.job_id:
                return False
        _change(session, work.job_id, state=JobState.RUNNING)
    return True


def _unexpected(error: Exception) -> Message:
    return message(
        "Something unexpected happened (%(error)s). Try again; if it fails again, send the log.",
        error=type(error).__name__,
    )


def _fail(database: Database, job_id: str, why: Message) -> None:
    values = json.dumps(dict(why.values), default=str)
    _note(database, job_id, state=JobState.FAILED, reason=why.source, reason_values=values)


def _note(database: Database, job_id: str, **values: object) -> None:
    """Write how a job ended; a busy database is asked again, so that no end is lost to it."""
    for left in reversed(range(ATTEMPTS)):
        try:
            with database.write() as session:
                _change(session, job_id, **values)
        except sa.exc.OperationalError:
            if not left:
                raise
            log.warning("the end of a job not written", job=job_id, attempts_left=left)
        else:
            return


# --- the worker process ---------------------------------------------------------------------------


class WorkerBusyError(ObserveError):
    """Another worker already serves this home."""


@contextmanager
def worker(settings: Settings) -> Iterator[Database]:
    """Be this home's one worker while the block runs; killed jobs of the last one go on at once.

    Raises:
        WorkerBusyError: another process is the worker (two ran a job twice).
    """
    global _workplace  # DBOS is one a process, and so is what it works with
    lock = FileLock(settings.home / "worker.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise WorkerBusyError(message("Another worker already serves this home.")) from error
    database, engine = open_database(settings.url), open_database(settings.url).engine
    _workplace = _Workplace(settings, database)
    try:
        _count_interrupted(database)
        for begin in _beginnings:
            begin(settings, database)
        _launch(engine)
        yield database
    finally:
        # A job stops at its next sign of progress; before that the lock is not given away.
        _workplace.stopping.set()
        while _workplace.at_work:
            time.sleep(POLL_SECONDS / 5)
        DBOS.destroy(workflow_completion_timeout_sec=0)
        _put_back(database)
        _workplace = None
        engine.dispose()
        database.engine.dispose()
        lock.release()


def _count_interrupted(database: Database) -> None:
    """Note which jobs the last worker was doing when it died, and give up those that kill it."""
    with database.write() as session:
        waiting = session.scalars(sa.select(Job).where(Job.state.not_in(ENDED))).all()
        for job in waiting:
            if job.state is JobState.RUNNING:
                job.state, job.interruptions = JobState.WAITING, job.interruptions + 1
        suspects = {job.id for job in waiting if job.interruptions >= INTERRUPTIONS}
    if not waiting:
        return
    alive = _client(database.engine).list_workflows(
        workflow_ids=[job.id for job in waiting], status=["PENDING", "ENQUEUED", "DELAYED"]
    )
    # One that DBOS has closed, though its own last word could not be written, would wait for ever.
    closed = {job.id for job in waiting} - {workflow.workflow_id for workflow in alive}
    for job_id in suspects | closed:
        _fail(database, job_id, _INTERRUPTED)


def _put_back(database: Database) -> None:
    """On a clean stop, what was running waits for the next worker and is under no suspicion."""
    with database.write() as session:
        session.execute(
            sa.update(Job).where(Job.state == JobState.RUNNING).values(state=JobState.WAITING)
        )


def _launch(engine: sa.Engine) -> None:
    logging.getLogger("dbos").setLevel(logging.WARNING)
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_engine": engine,
            "application_version": PROTOCOL,
            "executor_id": "worker",
            "log_level": "WARNING",
            "run_migrations": False,
            "notification_listener_polling_interval_sec": POLL_SECONDS,
        }
    )
    # Before the launch, which else looks for new queues a second later.
    for queue, at_once in ((Queue.USUAL, AT_ONCE), (Queue.AT_ONCE, 1)):
        _client(engine).register_queue(
            queue.value,
            worker_concurrency=at_once,
            polling_interval_sec=POLL_SECONDS,
            application_name=APPLICATION,
        )
    DBOS.launch()


def wait_for(settings: Settings, job_id: str, tell: Callable[[Job], None]) -> Job:
    """Return the job when it has ended, calling `tell` on the way.

    Where no worker serves this home, this process is the worker until then.
    """
    database = open_database(settings.url)
    try:
        with worker(settings):
            return _watch(database, job_id, tell)
    except WorkerBusyError:
        return _watch(database, job_id, tell)
    finally:
        database.engine.dispose()


def _watch(database: Database, job_id: str, tell: Callable[[Job], None]) -> Job:
    while True:
        with database.read() as session:
            job = session.get_one(Job, job_id)
        tell(job)
        if job.ended:
            return job
        time.sleep(POLL_SECONDS / 2)
