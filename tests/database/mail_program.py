"""A worker that sends reminders as on a given day: `… -m tests.database.mail_program DAY`."""

from __future__ import annotations

import os
import sys
import threading
from datetime import date

from observe.daily import run_worker
from observe.feedback import reminding
from observe.settings import settings_from


def _until_the_pipe_ends(stopped: threading.Event) -> None:
    sys.stdin.read()
    stopped.set()


if __name__ == "__main__":
    day = date.fromisoformat(sys.argv[1])
    reminding.today = lambda: day  # type: ignore[attr-defined]
    over = threading.Event()
    threading.Thread(target=_until_the_pipe_ends, args=[over], daemon=True).start()
    run_worker(settings_from(os.environ), over)
