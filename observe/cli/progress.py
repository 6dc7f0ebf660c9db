"""Waiting for a job where people can see it: a bar on a terminal, silence in a script."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from observe import jobs
from observe.cli.shell import Shell
from observe.errors import ObserveError
from observe.text import Message, message

# The modules whose handlers a worker must know.
HANDLERS = (
    "observe.people.leaving",
    "observe.video.preparing.borrowing",
    "observe.video.preparing.prepare",
    "observe.video.blur.operations",
    "observe.feedback.publishing",
    "observe.feedback.erasure",
    "observe.feedback.rounds",
    "observe.feedback.followup",
    "observe.feedback.reminding",
    "observe.records.personal.making",
)


def learn_handlers() -> None:
    """Make every kind of job known to this process."""
    for name in HANDLERS:
        importlib.import_module(name)


def bar_for(shell: Shell) -> Progress:
    """Return a bar on standard error, unseen where nobody looks at it."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
        disable=shell.as_json or not sys.stderr.isatty(),
    )  # fmt: skip


def wait_for(shell: Shell, job_id: str, steps: Mapping[str, Message]) -> None:
    """Return when the job is done, telling its `steps` in words.

    Where no worker serves this home, this process is the worker until then.

    Raises:
        ObserveError: it failed or was cancelled; the sentence says why.
    """
    learn_handlers()
    waiting = message("Waiting for the worker")
    with bar_for(shell) as bar:
        task = bar.add_task(shell.spoken(waiting), total=100)

        def tell(job: jobs.Job) -> None:
            said = shell.spoken(steps.get(job.step, waiting))
            bar.update(task, completed=job.percent, description=said)

        ended = jobs.wait_for(shell.settings, job_id, tell)
    if ended.state is not jobs.JobState.DONE:
        raise ObserveError(ended.why or message("The work was cancelled."))
