"""The program as processes of its own, and a visitor who never gives up."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache

from observe import cli
from observe.cli import serve
from observe.db import open_database
from observe.people.access import Actor
from observe.people.signin import create_link
from observe.settings import Settings
from observe.web import create_app

ROOT = Path(__file__).parents[1]


@contextmanager
def child(module: str, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module as a process of its own; it is killed at the end, where it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | environ,
        stdin=subprocess.PIPE,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)
        if process.stdin:
            process.stdin.close()


PATIENCE = 60.0
TOKEN = re.compile(r'name="csrf-token"\s+content="([^"]+)"')


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# Each is a process of its own from one that has read the program's modules: that takes seconds.
if sys.platform == "win32":
    PROCESSES = multiprocessing.get_context("spawn")
else:
    PROCESSES = multiprocessing.get_context("forkserver")
    PROCESSES.set_forkserver_preload(["observe.cli", "tests.ready"])

# What one server compiled of the pages' templates the next one finds, as long as they are the same.
COMPILED = tempfile.TemporaryDirectory(prefix="compiled-")


def _run(arguments: list[str], environment: dict[str, str], log: Path, compiled: str) -> None:
    """Be `observe` with `arguments`, in a process that was made for it."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    with Path(os.devnull).open("rb") as nothing, log.open("ab") as said:
        for stream, number in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(stream.fileno(), number)
    sys.argv = ["observe", *arguments]

    def with_templates(settings: Settings) -> Flask:
        app = create_app(settings)
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(compiled)
        return app

    vars(serve)["create_app"] = with_templates
    cli.main()


@dataclass
class Program:
    """The web server and the worker of one home, each ready to be killed and started again."""

    settings: Settings
    port: int = field(default_factory=free_port)
    running: dict[str, BaseProcess] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start the `web` or the `work` process."""
        arguments = ["web", "--port", str(self.port)] if name == "web" else ["work"]
        environment = {
            **os.environ,
            "OBSERVE_HOME": str(self.settings.home),
            "OBSERVE_KEY_FILE": str(self.settings.key_path),
        }
        log = self.settings.home / f"{name}.log"
        process = PROCESSES.Process(target=_run, args=(arguments, environment, log, COMPILED.name))
        process.start()
        self.running[name] = process

    def kill(self, name: str) -> None:
        """End a process as a power cut would, and wait until the system has seen it."""
        process = self.running.pop(name)
        process.kill()
        process.join(PATIENCE)

    def wait_for_pages(self) -> None:
        """Return when the web server takes connections: only then can it be killed at work."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End whatever runs."""
        for name in list(self.running):
            self.kill(name)


@contextmanager
def pages_of(settings: Settings) -> Iterator[Program]:
    """Serve the pages of a home, without a worker, as long as they are needed."""
    running = Program(settings)
    running.start("web")
    running.wait_for_pages()
    yield running
    running.stop()


@dataclass
class Answer:
    """What came back."""

    status: int
    url: str
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)


class Visitor:
    """A browser without a screen: keeps cookies and token, and asks again until it is answered.

    Every request it sends may be sent twice, as by any browser that lost an answer.
    """

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.token = ""

    def enter(self, settings: Settings, actor: Actor, by: Actor) -> None:
        """Sign in by a one-time link."""
        database = open_database(settings.url)
        with database.write() as session:
            secret = create_link(session, actor.user_id, minutes=600, actor=by)
        database.engine.dispose()
        self.get(f"/entrar/enlace/{secret}")
        self.post(f"/entrar/enlace/{secret}", {})

    def get(self, path: str) -> Answer:
        """Fetch a page or JSON."""
        return self._ask(urllib.request.Request(self.base + path))

    def post(self, path: str, form: dict[str, str]) -> Answer:
        """Send a form."""
        body = urllib.parse.urlencode({"csrf_token": self.token, **form}).encode()
        return self._ask(urllib.request.Request(self.base + path, body))

    def send(self, path: str, body: bytes | dict[str, Any]) -> Answer:
        """Send JSON or bytes as a script of the page does."""
        raw = isinstance(body, bytes)
        headers = {
            "X-CSRFToken": self.token,
            "Accept": "application/json",
            "Content-Type": "application/octet-stream" if raw else "application/json",
        }
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._ask(urllib.request.Request(self.base + path, data, headers))

    def _ask(self, request: urllib.request.Request) -> Answer:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with self.opener.open(request, timeout=30) as answer:
                    return self._keep(answer.status, answer.url, answer.read())
            except urllib.error.HTTPError as error:
                with error:
                    return self._keep(error.code, request.full_url, error.read())
            except (urllib.error.URLError, http.client.HTTPException, OSError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _keep(self, status: int, url: str, body: bytes) -> Answer:
        text = body.decode(errors="replace")
        if found := TOKEN.search(text):
            self.token = found.group(1)
        return Answer(status, url, text)
