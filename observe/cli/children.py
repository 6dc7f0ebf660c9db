"""Processes that live and die together: the supervisor's children and their restarts.

A child holds one end of a pipe to its parent as standard input. When the parent is gone, however
it went, the pipe ends and so does the child; on Linux the kernel ends it at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

SUPERVISED: Final = "OBSERVE_SUPERVISED"
FIRST_WAIT: Final = 0.5  # seconds before the first restart; doubled each time
LONGEST_WAIT: Final = 30.0
STEADY: Final = 60.0  # a child that ran this long is healthy: the waiting starts anew
PATIENCE: Final = 10.0  # seconds a child gets to stop by itself
_PR_SET_PDEATHSIG: Final = 1

log = structlog.get_logger(__name__)


# --- in the parent ------------------------------------------------------------------------------


@dataclass
class Child:
    """A process of ours that is started again whenever it ends, later each time."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _wait: float = FIRST_WAIT
    _again_at: float = 0.0

    def start(self) -> None:
        """Start the process, with a pipe that tells it of our end."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "observe.cli", *self.arguments],
            stdin=subprocess.PIPE,
            env=os.environ | {SUPERVISED: str(os.getpid())},
            start_new_session=os.name == "posix",  # Ctrl-C is for the parent, who tells the rest
        )
        self._started = time.monotonic()

    def look_after(self) -> None:
        """Start the process again when it has ended and its time has come."""
        if self.process is not None:
            if self.process.poll() is None:
                return
            self._note_end(self.process.returncode)
        if time.monotonic() >= self._again_at:
            self.start()

    def _note_end(self, code: int) -> None:
        if time.monotonic() - self._started > STEADY:
            self._wait = FIRST_WAIT
        log.warning("child ended", child=self.name, code=code, again_in=self._wait)
        self._again_at = time.monotonic() + self._wait
        self._wait = min(self._wait * 2, LONGEST_WAIT)
        self._let_go()

    def stop(self, until: float) -> None:
        """Wait until `until` (monotonic) for the process to end by itself, then end it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._let_go()

    def tell_end(self) -> None:
        """Close the pipe: the process begins to stop."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()

    def _let_go(self) -> None:
        self.tell_end()
        self.process = None


@dataclass
class Family:
    """The children of one supervisor."""

    children: Sequence[Child]
    stopped: threading.Event = field(default_factory=threading.Event)

    def live(self) -> None:
        """Start the children and look after them until `stopped` is set; then stop them all."""
        try:
            while not self.stopped.is_set():
                for child in self.children:
                    child.look_after()
                self.stopped.wait(0.2)
        finally:
            for child in self.children:
                child.tell_end()
            until = time.monotonic() + PATIENCE
            for child in self.children:
                child.stop(until)


# --- in a child ---------------------------------------------------------------------------------


def when_parent_ends(stop: Callable[[], None]) -> None:
    """Call `stop` when the supervisor of this process is gone; nothing without a supervisor."""
    parent = os.environ.get(SUPERVISED)
    if parent is None:
        return
    _die_with_parent()
    threading.Thread(target=_watch, args=(int(parent), stop), daemon=True).start()


def _watch(parent: int, stop: Callable[[], None]) -> None:
    if os.name != "posix" or os.getppid() == parent:
        while sys.stdin.buffer.read(1024):
            pass
    stop()
    time.sleep(PATIENCE)
    os._exit(1)  # it did not stop by itself


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on Ctrl-C, on a polite request to end, and when the terminal is closed."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop())
