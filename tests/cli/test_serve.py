"""`observe serve` as a person starts it: real processes, killed and stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from observe.settings import Settings
from tests.cli.conftest import Run
from tests.served import SECONDS, Served, until


@pytest.fixture
def served(run: Run, home: Settings, tmp_path: Path) -> Iterator[Served]:
    """A home being served."""
    run("init")
    served = Served(home.home, tmp_path / "said.txt")
    try:
        until(lambda: "/entrar/enlace/" in served.said)
        yield served
    finally:
        served.stop()


def test_it_greets_restarts_its_children_and_stops_cleanly(served: Served) -> None:
    link = re.search(r"http://127.0.0.1:\d+(/entrar/enlace/\S+)", served.said)
    assert link is not None
    assert 'method="post"' in (served.fetch(link[1]) or "")
    second = subprocess.run(
        served.command, env=served.environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert (second.returncode, second.stdout) == (2, "")
    assert "--port" in second.stderr

    until(lambda: served.child("web") and served.child("work"))
    for name in ("web", "work"):
        before = served.child(name)
        assert before is not None
        before.kill()
        until(lambda: served.has_other(name, before.pid))  # noqa: B023  # called in this turn
    until(lambda: served.answers)

    children = psutil.Process(served.process.pid).children(recursive=True)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(20) == 0
    assert "Stopped. Everything is saved." in served.said
    assert psutil.wait_procs(children, timeout=5)[1] == []


@pytest.mark.skipif(os.name != "posix", reason="signals are named differently")
def test_its_children_end_with_it_however_it_ends(served: Served) -> None:
    until(lambda: served.child("web") and served.child("work"))
    children = psutil.Process(served.process.pid).children(recursive=True)
    served.process.kill()
    served.process.wait(10)
    assert psutil.wait_procs(children, timeout=15)[1] == []
