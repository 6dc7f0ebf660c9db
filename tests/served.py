"""A home served as a person serves it: `observe serve` in processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.program import free_port

SECONDS = 40.0


class Served:
    """A running `observe serve` and what it says."""

    def __init__(self, home: Path, said: Path) -> None:
        self.port = free_port()
        self._said = said
        self.command = [sys.executable, "-m", "observe.cli", "serve", "--no-browser", "--port"]
        self.command.append(str(self.port))
        self.environment = os.environ | {"OBSERVE_HOME": str(home), "OBSERVE_LOCALE": "en"}
        with said.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=output, stderr=output
            )

    @property
    def said(self) -> str:
        """What it printed so far."""
        return self._said.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Ask it to stop, as closing its terminal does, and wait."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(30)

    @property
    def answers(self) -> bool:
        """Whether the pages answer."""
        return self.fetch("/entrar") is not None

    def fetch(self, path: str) -> str | None:
        """Return a page, or None while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as page:
                return str(page.read().decode())
        except OSError:
            return None

    def child(self, name: str) -> psutil.Process | None:
        """Return the running child `web` or `work`."""
        for child in psutil.Process(self.process.pid).children():
            if child.status() != psutil.STATUS_ZOMBIE and name in child.cmdline():
                return child
        return None

    def has_other(self, name: str, pid: int) -> bool:
        """Whether `name` runs as another process than `pid`."""
        child = self.child(name)
        return child is not None and child.pid != pid


def until(true: Callable[[], object]) -> None:
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.1)
