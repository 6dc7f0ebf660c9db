"""Small films made by ffmpeg, and who watches that nobody follows where they point."""

from __future__ import annotations

import ctypes
import http.server
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from observe.video.media import tools

Film = Callable[..., Path]

X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=error"
VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"


def run_ffmpeg(*arguments: str | Path) -> None:
    command = [tools.ffmpeg_path(), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=120)


def tiny(size: str, rate: str, seconds: float) -> str:
    return f"-f lavfi -i color=size={size}:rate={rate}:duration={seconds}"


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


class Listener:
    """A web server on this machine that nobody may ask for anything."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    @contextmanager
    def open(self) -> Iterator[Listener]:
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


class Watchdog:
    """Sees whether anybody opens a file (inotify)."""

    IN_OPEN = 0x20

    def __init__(self, path: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert libc.inotify_add_watch(self.descriptor, os.fsencode(path), self.IN_OPEN) > 0

    def bitten(self) -> bool:
        try:
            return bool(os.read(self.descriptor, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self.descriptor)
