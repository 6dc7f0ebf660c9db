"""Daily work: what a worker does once a day beside the jobs that people ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from observe.db import Database, now
from observe.jobs import Handler, JobState, enqueue, handler, latest, worker
from observe.settings import SCHOOL_TIME, Settings

LOOK_SECONDS: Final = 600.0
FAILED_FOR: Final = timedelta(hours=1)  # before one that failed is asked for again

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Daily:
    """A job that is done once a day, from `hour` on, in a home that wants it."""

    kind: str
    hour: int
    wanted: Callable[[Settings], bool]
    needed: Callable[[Session], bool]


_dailies: list[Daily] = []


def _always(_asked: object) -> bool:
    return True


def daily(
    kind: str,
    *,
    hour: int,
    wanted: Callable[[Settings], bool] = _always,
    needed: Callable[[Session], bool] = _always,
) -> Callable[[Handler], Handler]:
    """Mark a function as what the worker does once a day, at the first look from `hour` on.

    A laptop is off at most hours, so no moment is named: what was missed in the morning is done
    when it is opened. One that failed is tried again an hour later. A home asks for it where its
    settings (`wanted`) and its database (`needed`) say so.
    """

    def register(function: Handler) -> Handler:
        _dailies.append(Daily(kind, hour, wanted, needed))
        return handler(kind)(function)

    return register


def ask_for_daily(settings: Settings, database: Database, at: datetime) -> list[str]:
    """Ask for the day's jobs that are due at `at`, by the clock it tells; return their ids."""
    due = [each for each in _dailies if at.hour >= each.hour and each.wanted(settings)]
    if not due:
        return []
    with database.write() as session:
        return [
            enqueue(session, each.kind, day_id(at.date()))
            for each in due
            if each.needed(session) and _may(session, each.kind, at)
        ]


def _may(session: Session, kind: str, at: datetime) -> bool:
    last = latest(session, kind, day_id(at.date()))
    return last is None or last.state is not JobState.FAILED or last.updated_at <= at - FAILED_FOR


def day_id(day: date) -> UUID:
    """Return the subject of a daily job on `day`."""
    return uuid5(NAMESPACE_URL, f"observe:day:{day.isoformat()}")


def run_worker(settings: Settings, stopped: threading.Event) -> None:
    """Do this home's jobs until `stopped` is set."""
    with worker(settings) as database:
        _look(settings, database)
        while not stopped.wait(LOOK_SECONDS):
            _look(settings, database)


def _look(settings: Settings, database: Database) -> None:
    try:
        ask_for_daily(settings, database, now().astimezone(SCHOOL_TIME))
    except (sa.exc.OperationalError, OSError) as error:  # a busy database or disk: again soon
        log.warning("daily jobs not looked for", error=type(error).__name__)
