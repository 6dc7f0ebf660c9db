"""`observe serve`: one command that runs the pages and the worker; `observe work`: the worker."""

from __future__ import annotations

import os
import platform
import signal
import socket
import threading
import time
import webbrowser
from collections.abc import Sequence
from typing import Final

import click
import waitress
from sqlalchemy.orm import Session

from observe import daily, schema
from observe.cli.children import Child, Family, on_signals, when_parent_ends
from observe.cli.home import furnish, furnish_demo, with_demo
from observe.cli.people import roles
from observe.cli.program import main
from observe.cli.progress import learn_handlers
from observe.cli.shell import Shell, verb
from observe.cli.words import option
from observe.demo import home as demo
from observe.errors import BadInputError
from observe.log import configure_log
from observe.people.models import User
from observe.people.owner import owner
from observe.people.signin import create_link
from observe.text import message
from observe.web import create_app

HOST: Final = "127.0.0.1"  # this laptop only
THREADS: Final = 16
SECONDS_TO_START: Final = 30.0

_port = option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=5000,
    show_default=True,
    about=message("The port of the pages on this laptop."),
)


@verb(main, "serve", message("Runs the pages and the worker until Ctrl-C."))
@_port
@with_demo
@option("--no-browser", is_flag=True, about=message("Opens no browser."))
def serve(shell: Shell, *, port: int, demo_too: bool, no_browser: bool) -> None:
    """Bring the home up to date, start web and worker, and look after them until told to stop."""
    configure_log()
    _require_free(port)
    furnish(shell)
    if demo_too:
        furnish_demo(shell)
    family = Family([Child("web", ["web", "--port", str(port)]), Child("worker", ["work"])])
    on_signals(family.stopped.set)
    threading.Thread(
        target=_greet, args=(shell, port, family), kwargs={"browser": not no_browser}, daemon=True
    ).start()
    family.live()
    shell.say(message("Stopped. Everything is saved."))


def _require_free(port: int) -> None:
    """Return when nobody listens on `port`.

    Raises:
        BadInputError: somebody does; another observe, perhaps.
    """
    with socket.socket() as probe:
        if os.name == "posix":  # as the server will: a port closed a moment ago is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BadInputError(
                message(
                    "Port %(port)s is in use: observe may be running already at %(address)s, "
                    "or choose another port with --port.",
                    port=port,
                    address=_address(port),
                )
            ) from error


def _address(port: int) -> str:
    return f"http://{HOST}:{port}"


# --- the greeting -------------------------------------------------------------------------------


def _greet(shell: Shell, port: int, family: Family, *, browser: bool) -> None:
    """Once the pages answer, tell the sign-in links and open the first where there is a screen."""
    if not _answers(port, family):
        return
    shell.say(message("observe runs at %(address)s. Stop it with Ctrl-C.", address=_address(port)))
    minutes = shell.settings.link_minutes
    shell.say(message("One-time sign-in links, good for %(minutes)s minutes:", minutes=minutes))
    with shell.database.write() as session:
        links = {
            _known_as(shell, user): _link(session, shell, port, user)
            for user in _who_may_enter(session)
        }
    for person, link in links.items():
        shell.say(f"  {person}\n    {link}")
    if browser and links and _has_screen():
        webbrowser.open(next(iter(links.values())))


def _known_as(shell: Shell, user: User) -> str:
    return f"{user.name} · {roles(shell, user)}"


def _link(session: Session, shell: Shell, port: int, user: User) -> str:
    minutes = shell.settings.link_minutes
    secret = create_link(session, user.id, minutes=minutes, actor=shell.actor)
    return f"{_address(port)}/entrar/enlace/{secret}"


def _who_may_enter(session: Session) -> Sequence[User]:
    """Return the demo's people, one a role, or the owner where there is no demo."""
    made_by_init = owner(session)
    return demo.people(session) or ([made_by_init] if made_by_init else [])


def _answers(port: int, family: Family) -> bool:
    """Wait until the pages answer; tell whether they did before the family was stopped."""
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and not family.stopped.wait(0.2):
        try:
            socket.create_connection((HOST, port), timeout=2).close()
        except OSError:
            continue
        return True
    return False


def _has_screen() -> bool:
    if platform.system() in ("Windows", "Darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


# --- the children -------------------------------------------------------------------------------


@verb(main, "web", message("Runs the pages alone."), hidden=True)
@_port
def web(shell: Shell, *, port: int) -> None:
    """Serve the pages on this laptop only, until told to stop."""
    configure_log()
    schema.check(shell.settings)
    server = waitress.create_server(
        create_app(shell.settings), host=HOST, port=port, threads=THREADS, ident=None
    )
    on_signals(_interrupt)
    when_parent_ends(lambda: signal.raise_signal(signal.SIGINT))
    server.run()


def _interrupt() -> None:
    raise KeyboardInterrupt


@verb(main, "work", message("Runs the worker alone: it prepares videos and cuts clips."))
def work(shell: Shell) -> None:
    """Do this home's jobs until told to stop."""
    configure_log()
    schema.check(shell.settings)
    learn_handlers()
    stopped = threading.Event()
    on_signals(stopped.set)
    when_parent_ends(stopped.set)
    daily.run_worker(shell.settings, stopped)
