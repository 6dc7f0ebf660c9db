"""The one place that starts media programs on files from outside.

No standard input, no network, only known containers, and limits on memory, processor, output and
time. A program never outlives the process that asked for it (on Linux even when that is killed).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

import ffmpeg
import imageio_ffmpeg
import structlog

from observe.errors import BadInputError, ObserveError
from observe.text import Message, message

PROTOCOLS: Final = "file,pipe"
FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,asf,flv,ogg,"
    "wav,mp3,aac,dv"
)
MAX_PIXELS: Final = 40_000_000
GIB: Final = 1024**3
STDERR_LINES: Final = 200
LINE_CHARACTERS: Final = 2_000
STDOUT_BYTES: Final = 1024**2
POLL_SECONDS: Final = 0.25
FFMPEG_SIGNALLED: Final = 255  # ffmpeg catches signals and ends with this
_LIMITS_TOLD: Final = ("Cannot allocate memory", "File too large", "Traceback (most recent call")
_LAUNCHER: Final = Path(__file__).with_name("launcher.py")

log = structlog.get_logger(__name__)

Tick = Callable[[], None]  # called several times a second; may raise to end the program


@dataclass(frozen=True)
class Limits:
    """What a program may use before it is ended."""

    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int = 4 * GIB
    output_bytes: int = 64 * GIB
    niceness: int = 5  # pages and saving come first


class ToolError(Exception):
    """The program ended badly: by itself, by a limit, or by a signal (a negative code)."""

    def __init__(self, code: int, told: str, *, too_long: bool = False) -> None:
        super().__init__(f"ended with {code}: {told[-500:]}")
        self.code = code
        self.told = told
        self.too_long = too_long

    @property
    def by_force(self) -> bool:
        """Whether a signal or a limit ended it: that says nothing of the file it read."""
        signalled = self.code < 0 or self.code == FFMPEG_SIGNALLED
        return self.too_long or signalled or any(limit in self.told for limit in _LIMITS_TOLD)


def refusal(error: ToolError, damaged: Message) -> ObserveError:
    """Return what a person is told of `error`, and log what the program told.

    `damaged` is the sentence for a file that cannot be read. An end by force says nothing of it.
    """
    log.warning("program failed", code=error.code, told=error.told[-500:])
    forced = error.by_force and _UNREADABLE not in error.told
    return ObserveError(_INTERRUPTED) if forced else BadInputError(damaged)


_UNREADABLE: Final = "av.error.InvalidDataError"  # a reader broke, but because of the file


_INTERRUPTED: Final = message(
    "The work on this video was interrupted or took too long; nothing says that it is damaged. "
    "Try again."
)


def run(
    command: Sequence[str],
    limits: Limits,
    *,
    on_line: Callable[[str], None] | None = None,
    tick: Tick | None = None,
) -> str:
    """Run `command` under `limits`; return its standard output (the last lines).

    Raises:
        ToolError: it did not end with 0, or took longer than allowed.
        OSError: the disk is full.
        Exception: whatever `tick` raised; the program is gone by then.
    """
    with (
        tempfile.TemporaryDirectory(prefix="observe-") as folder,
        subprocess.Popen(
            [*_launched(limits), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=_environment(folder),
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the worker, which ends its programs itself
        ) as process,
    ):
        return _attend(process, limits, on_line, tick)


def _attend(
    process: subprocess.Popen[str],
    limits: Limits,
    on_line: Callable[[str], None] | None,
    tick: Tick | None,
) -> str:
    out, errors = _Reader(process.stdout, on_line), _Reader(process.stderr, None)
    deadline = time.monotonic() + limits.wall_seconds
    too_long = False
    try:
        while not _ended(process):
            if time.monotonic() > deadline:
                too_long = True
                process.kill()
            elif tick is not None:
                tick()
    finally:
        process.kill()
        process.wait()
        told = errors.text()
    if process.returncode != 0 or too_long:
        raise _failure(process.returncode, told, too_long=too_long)
    return out.text()


def _ended(process: subprocess.Popen[str]) -> bool:
    try:
        process.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _failure(code: int, told: str, *, too_long: bool) -> Exception:
    if "No space left on device" in told:
        return OSError("no space left on device")
    return ToolError(code, told, too_long=too_long)


class _Reader:
    """Reads a pipe to its end, so that the program never waits; keeps the last lines."""

    def __init__(self, pipe: IO[str] | None, on_line: Callable[[str], None] | None) -> None:
        self._pipe = pipe
        self._on_line = on_line
        self._lines: deque[str] = deque(maxlen=STDERR_LINES)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        if self._pipe is None:
            return
        while line := self._pipe.readline(STDOUT_BYTES):
            self._lines.append(line if self._on_line is None else line[:LINE_CHARACTERS])
            if self._on_line is not None:
                self._on_line(line)

    def text(self) -> str:
        self._thread.join(timeout=5)
        return "".join(self._lines)


def _launched(limits: Limits) -> list[str]:
    if os.name == "nt":
        return []
    wanted = {
        "parent": os.getpid(),
        "niceness": limits.niceness,
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": limits.cpu_seconds,
        "output_bytes": limits.output_bytes,
        "open_files": 128,
        "core_bytes": 0,
    }
    return [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(wanted)]


def _environment(folder: str) -> dict[str, str]:
    """Return what a program needs to start, and nothing of ours (no proxies, no secrets)."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "HOME": folder,
        "TMPDIR": folder,
        "LC_ALL": "C",
        "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime would keep a device id and report home
    }


# --- our own short-lived readers -----------------------------------------------------------------


def run_reader(
    script: Path, question: dict[str, Any], limits: Limits, *, tick: Tick | None = None
) -> dict[str, Any]:
    """Ask one of our readers (PyAV in its own process) and return its answer.

    Raises:
        ToolError: it was ended or broke.
    """
    command = [sys.executable, "-I", str(script), json.dumps(question)]
    answer: dict[str, Any] = json.loads(run(command, limits, tick=tick))
    return answer


def reading_options() -> dict[str, str]:
    """Return the options with which a reader may open a file, and its decoder what is in it.

    A reader that decodes hands them on (`codec_context.options = container.options`): a picture
    may grow in the middle of a file, and not every system limits a reader's memory.
    """
    return {
        "protocol_whitelist": PROTOCOLS,
        "format_whitelist": FORMATS,
        "max_pixels": str(MAX_PIXELS),
    }


# --- ffmpeg --------------------------------------------------------------------------------------


@cache
def ffmpeg_path() -> str:
    """Return the ffmpeg program that came with the installation."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def source(path: Path, **options: object) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return `path` as an input of a graph, to be read under the safe set of options."""
    return ffmpeg.input(f"file:{path}", **reading_options(), **options)


def target(streams: Sequence[Any], path: Path, **options: object) -> Any:  # noqa: ANN401
    """Return a graph that writes `streams` to `path`, with nothing of the original's metadata."""
    bare = {
        "map_metadata": -1,
        "map_chapters": -1,
        "fflags": "+bitexact",
        "threads": min(os.cpu_count() or 1, 8),
    }
    return ffmpeg.output(*streams, f"file:{path}", **(bare | options))


def run_ffmpeg(
    graph: Any,  # noqa: ANN401
    limits: Limits,
    *,
    on_time: Callable[[int], None] | None = None,
    tick: Tick | None = None,
) -> None:
    """Run a graph; `on_time` is told how many milliseconds of output are written.

    Raises:
        ToolError: it did not end well (an exit code of 0 alone proves nothing).
        OSError: the disk is full.
    """
    command = graph.global_args(
        *("-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning"),
        *("-stats_period", "0.2", "-progress", "pipe:1"),
        "-copyts",  # the container's own clock reaches the graph: we move it, ffmpeg does not guess
    ).compile(cmd=ffmpeg_path(), overwrite_output=True)

    written_ms = 0

    def read(line: str) -> None:
        nonlocal written_ms
        name, _, value = line.strip().partition("=")
        if name == "out_time_us" and value.isdigit():
            written_ms = int(value) // 1000

    def look() -> None:
        if on_time is not None:
            on_time(written_ms)
        if tick is not None:
            tick()

    run(command, limits, on_line=read, tick=look)
