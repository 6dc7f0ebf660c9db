"""Starts one program under limits, in its own place: `launcher.py LIMITS PROGRAM ARGUMENT…`.

A tiny process of its own, because limits set between fork and exec in a process with threads may
hang it. LIMITS is a JSON object. The program replaces this one, so it keeps the process id, and on
Linux it dies with whoever asked for it, even when that one is killed. Standard library only.
"""

import ctypes
import json
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
LIMITS = {
    "memory_bytes": resource.RLIMIT_AS,
    "cpu_seconds": resource.RLIMIT_CPU,
    "output_bytes": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
    "core_bytes": resource.RLIMIT_CORE,
}


def _lower(kind: int, wanted: int) -> None:
    """Set a limit, never above the hard one this process already has."""
    _soft, hard = resource.getrlimit(kind)
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (value, value))


def _die_with(parent: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we could ask
        os.kill(os.getpid(), signal.SIGKILL)


def main(given: str, *command: str) -> None:
    """Take on the limits and become the program."""
    wanted = json.loads(given)
    _die_with(wanted.pop("parent"))
    os.nice(wanted.pop("niceness"))
    for name, value in wanted.items():
        try:
            _lower(LIMITS[name], value)
        except (OSError, ValueError):
            if name != "memory_bytes":  # macOS has no limit on address space
                raise
    os.execv(command[0], command)  # noqa: S606  # that is what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])
